"""The examples of the OpenAPI document about events."""

from __future__ import annotations

from typing import Any

from coalition.api.examples import OPERATION

__all__ = ["EVENT", "EVENT_PAGE"]

EVENT: dict[str, Any] = {
    "id": "evt_1_1204_3_5f1c0a9be2",
    "type": "earn.accepted",
    "version": 1,
    "timestamp": "2026-03-01T12:00:02Z",
    "data": {"operation": {name: value for name, value in OPERATION.items() if name != "replayed"}},
}
EVENT_PAGE: dict[str, Any] = {
    "events": [EVENT],
    "more": False,
    "next": "/v1/events?limit=100&after=evt_1_1204_3_5f1c0a9be2",
}
