"""The examples of the OpenAPI document about campaigns that are being written. `tests/api/test_authoring.py` runs them."""

from __future__ import annotations

from typing import Any

from coalition.api.campaign_examples import CAMPAIGN, CLOSES, FRIEND, OPENS
from coalition.api.examples import MEMBER

__all__ = [
    "ATTESTED",
    "CHECK",
    "CHECK_REQUEST",
    "FILE",
    "INVITATION",
    "SIMULATION",
    "SIMULATION_REQUEST",
    "TEMPLATE",
]

TEXT = """\
campaign: Bread and greens
says: Visit both shops in April and get 300 points.
kind: quest
opens: 2026-04-01
closes: 2026-05-01
partners: [1, 2]
sponsors: {1: 60 %, 2: 40 %}
budget: 50000 points
cap per member: 300 points
terms: {visits: 2, award: 300 points}
"""

BUDGET: dict[str, Any] = {"field": "budget", "before": "40000 points", "after": "50000 points", "is_fixed": False}
TEMPLATE: dict[str, Any] = {"kind": "quest", "text": TEXT}
CHECK_REQUEST: dict[str, Any] = {"file": TEXT, "amends": 1}
CHECK: dict[str, Any] = {
    "valid": True,
    "findings": [],
    "fields": CAMPAIGN["fields"],
    "compiled": {
        "campaign": 1,
        "version": 2,
        "terms_hash": CAMPAIGN["versions"][0]["terms_hash"],
        "terms": CAMPAIGN["versions"][0]["terms"],
    },
    "changes": [BUDGET],
    "is_amendable": True,
}
FILE: dict[str, Any] = {
    "campaign": 1,
    "version": 2,
    "terms_hash": CAMPAIGN["versions"][0]["terms_hash"],
    "text": TEXT,
    "changes": [BUDGET],
}
ATTESTED: dict[str, Any] = {"member": MEMBER, "action": 7, "occurred_at": "2026-02-03T17:05:00Z"}
INVITATION: dict[str, Any] = {"member": MEMBER, "referrer": FRIEND, "occurred_at": "2026-02-03T17:05:00Z"}
SIMULATION_REQUEST: dict[str, Any] = {
    "file": {
        "campaign": "A card of five",
        "says": "Every fifth purchase of 5.00 or more brings 100 points.",
        "kind": "stamps",
        "opens": OPENS,
        "closes": CLOSES,
        "partners": [1],
        "sponsors": {"1": "100 %"},
        "budget": 12000,
        "terms": {"stamps": 5, "award": "100 points", "least spend": "5.00"},
    }
}
SIMULATION: dict[str, Any] = {
    "name": "A card of five",
    "kind": "stamps",
    "purchases": 1480,
    "actions": 0,
    "actions_refused": 0,
    "invitations": 0,
    "invitations_refused": 0,
    "members_seen": 412,
    "members_reached": 105,
    "members_with_progress": 398,
    "awards": 120,
    "awards_cut": 6,
    "points_total": 12000,
    "budget_points": 12000,
    "budget_used_bps": 10000,
    "ran_out_at": "2026-04-29T17:40:09Z",
    "shift_seconds": 4838400,
    "points_by_sponsor": {"1": 12000},
    "points_by_month": {"2026-04": 12000},
    "points_per_member": [
        {"lowest": 100, "highest": 100, "members": 91},
        {"lowest": 200, "highest": 200, "members": 13},
        {"lowest": 300, "highest": 300, "members": 1},
    ],
    "short_by": [
        {"lowest": 1, "highest": 1, "members": 41},
        {"lowest": 2, "highest": 2, "members": 66},
        {"lowest": 3, "highest": 3, "members": 91},
        {"lowest": 4, "highest": 4, "members": 118},
    ],
    "short_unit": "purchases",
    "notes": ["Only your own purchases were tried: what members bought at other partners is not in the figures."],
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="200" viewBox="0 0 720 200"></svg>',
}
