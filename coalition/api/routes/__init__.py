"""The routes of `/v1`, by what they are about."""

from coalition.api.routes import members, operations, partner, posting, status

__all__ = ["members", "operations", "partner", "posting", "status"]
