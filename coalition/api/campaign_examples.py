"""The examples of the OpenAPI document about campaigns, tiers and previews."""

from __future__ import annotations

from typing import Any

from coalition.api.examples import MEMBER

__all__ = [
    "APPROVAL",
    "BADGES",
    "CAMPAIGN",
    "CLAIMS",
    "CLAIM_REQUEST",
    "CLOSES",
    "FRIEND",
    "MEMBER_CAMPAIGNS",
    "OPENS",
    "PREVIEW",
    "PROPOSAL",
    "REFERRAL",
    "REFERRAL_REQUEST",
    "TIER",
    "TOTALS",
]

OPENS, CLOSES = "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"
HASH = "0x8d3b7bb64c08c98bb1d1d6eb0a4ac0f8d6a6dca1d6d9d6ed2cb7c34a2a1b5e11"

PROPOSAL: dict[str, Any] = {
    "file": {
        "campaign": "Bread and greens",
        "says": "Visit both shops in April and get 300 points.",
        "kind": "quest",
        "opens": OPENS,
        "closes": CLOSES,
        "partners": [1, 2],
        "sponsors": {"1": "60 %", "2": "40 %"},
        "budget": 50000,
        "cap per member": "300 points",
        "terms": {"visits": 2, "award": "300 points"},
    }
}
APPROVAL = {"terms_hash": HASH}

CAMPAIGN: dict[str, Any] = {
    "campaign": 1,
    "name": "Bread and greens",
    "says": "Visit both shops in April and get 300 points.",
    "kind": "quest",
    "status": "running",
    "version": 1,
    "opens_at": OPENS,
    "closes_at": CLOSES,
    "budget_points": 50000,
    "paid_points": 1200,
    "fields": {"campaign": "Bread and greens", "terms.visits": "2", "terms.award": "300 points"},
    "versions": [
        {
            "version": 1,
            "terms_hash": HASH,
            "proposed_by": 1,
            "approvals": [
                {"partner": 1, "share_bps": 6000, "approved_until": OPENS},
                {"partner": 2, "share_bps": 4000, "approved_until": OPENS},
            ],
            "terms": {
                "rule": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
                "rule_terms": ["0x2", "0x12c", "0x0", "0x0", "0x0", "0x0", "0x1", "0x2"],
                "sponsors": [{"partner": 1, "share_bps": 6000}, {"partner": 2, "share_bps": 4000}],
                "partners": [1, 2],
                "budget_points": 50000,
                "member_cap_points": 300,
                "opens_at": OPENS,
                "closes_at": CLOSES,
                "tier_mask": 65535,
                "segment": "0x" + "0" * 64,
                "group": 0,
                "opt_in": False,
                "takes_back_whole": False,
                "draws": False,
                "pausable": False,
                "end_notice_seconds": 604800,
                "attestor": "0x" + "0" * 40,
                "document": HASH,
            },
        }
    ],
}
TOTALS: dict[str, Any] = {
    "campaign": 1,
    "status": "running",
    "budget_points": 50000,
    "paid_points": 1200,
    "members_reached": 4,
    "members_joined": 0,
    "awards": 4,
}
MEMBER_CAMPAIGNS: dict[str, Any] = {
    "member": MEMBER,
    "campaigns": [
        {
            "campaign": 1,
            "name": "Bread and greens",
            "kind": "quest",
            "status": "running",
            "done": 1,
            "needed": 2,
            "unit": "partners",
            "next_award_points": 300,
            "completed": 0,
            "until": CLOSES,
            "paid_points": 0,
            "joined": True,
            "in_tier": True,
        }
    ],
}
TIER: dict[str, Any] = {
    "member": MEMBER,
    "tier": 1,
    "name": "silver",
    "multiplier_bps": 12500,
    "qualification": 41000,
    "unit": "minor",
    "next": "gold",
    "missing": 59000,
    "paid_until": "2027-04-01T00:00:00Z",
}
BADGES: dict[str, Any] = {
    "member": MEMBER,
    "badges": [{"badge": 7, "uri": "https://example.com/badges/7", "campaign": 1, "since": "2026-04-09T15:02:11Z"}],
}
PREVIEW: dict[str, Any] = {
    "receipt": "till-7-000041",
    "kind": "earn",
    "status": "accepted",
    "replayed": False,
    "block": 1203,
    "at": "2026-03-01T12:00:00Z",
    "member": MEMBER,
    "spend_minor": 1999,
    "currency": "USD",
    "points": 19,
    "awarded": 304,
    "purchase": {
        "tier": 1,
        "tier_name": "silver",
        "tier_points": 4,
        "awards": [
            {
                "campaign": 1,
                "name": "Bread and greens",
                "points": 300,
                "due_points": 300,
                "badge": 7,
                "referrer_points": 0,
            }
        ],
        "left_out": [{"campaign": 2, "name": "Bring a friend", "reason": "not_referred"}],
    },
}
FRIEND = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
REFERRAL_REQUEST: dict[str, Any] = {"member": MEMBER, "referrer": FRIEND}
REFERRAL: dict[str, Any] = {"campaign": 1} | REFERRAL_REQUEST
CLAIM_REQUEST: dict[str, Any] = {"members": [MEMBER, FRIEND]}
CLAIMS: dict[str, Any] = {"campaign": 1, "points": 200, "awarded": {MEMBER: 200}, "refused": {FRIEND: "not_eligible"}}
