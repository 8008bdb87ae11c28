"""HTTP for partners: thin handlers over `service`, strict bodies, RFC 9457 errors."""

from coalition.api.app import create_app
from coalition.api.context import Context
from coalition.api.health import Check, Readiness

__all__ = ["Check", "Context", "Readiness", "create_app"]
