"""The examples of the OpenAPI document about events."""

from __future__ import annotations

from typing import Any

from coalition.api.examples import OPERATION

__all__ = [
    "DEAD_LETTERS",
    "EVENT",
    "EVENT_PAGE",
    "REPLAY_REQUEST",
    "ROTATION_REQUEST",
    "WEBHOOK",
    "WEBHOOKS",
    "WEBHOOK_REQUEST",
    "WEBHOOK_SECRET",
    "WEBHOOK_TRIAL",
]

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

WEBHOOK_REQUEST: dict[str, Any] = {"url": "https://shop.example/points", "types": ["earn.accepted", "reverse.accepted"]}
ROTATION_REQUEST: dict[str, Any] = {"overlap_hours": 24}
REPLAY_REQUEST: dict[str, Any] = {"since": "2026-03-01T00:00:00Z"}
WEBHOOK: dict[str, Any] = {
    "id": "wh_5b1f0c9ad2e34f6a7b8c9d0e",
    "url": "https://shop.example/points",
    "types": ["earn.accepted", "reverse.accepted"],
    "status": "active",
    "created_at": "2026-03-01T11:00:00Z",
    "checkpoint": "evt_1_1204_3_5f1c0a9be2",
    "waiting": 0,
    "dead_letters": 0,
}
WEBHOOKS: dict[str, Any] = {"webhooks": [WEBHOOK]}
WEBHOOK_SECRET: dict[str, Any] = {
    "webhook": WEBHOOK,
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwK0n1cX5mY2E=",
}
WEBHOOK_TRIAL: dict[str, Any] = {"event_id": "test_9f1c2ab34de56f70", "delivered": True, "status": 204}
DEAD_LETTERS: dict[str, Any] = {
    "dead_letters": [
        {"event_id": "evt_1_1190_0_0b7e4d2c1f", "type": "earn.accepted", "attempts": 8, "reason": "status 500"}
    ],
    "more": False,
}
