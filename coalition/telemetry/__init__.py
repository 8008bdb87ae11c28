"""What the service tells about itself: log lines, metrics, traces. Never bodies, keys, signatures or who a member is."""

from coalition.telemetry.seen import Seen, seen
from coalition.telemetry.telemetry import Telemetry

__all__ = ["Seen", "Telemetry", "seen"]
