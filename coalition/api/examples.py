"""The examples of the OpenAPI document. `tests/api/test_openapi.py` runs them."""

from __future__ import annotations

from typing import Any

__all__ = [
    "BALANCE",
    "BATCH",
    "BATCH_ANSWER",
    "BULK",
    "BULK_ANSWER",
    "CAPTURE",
    "EARN",
    "HOLD",
    "KEY",
    "KEYS",
    "MEMBER",
    "OPERATION",
    "OPERATIONS",
    "PAGE",
    "PARTNER",
    "PROBLEM",
    "REDEEM",
    "REDEEM_VOUCHER",
    "REFUND",
    "RELEASE",
    "REVERSE",
    "STATEMENT",
    "TILLS",
    "TILL_KEY",
    "TILL_TOKEN",
    "TILL_TOKEN_REQUEST",
    "TILL_VOUCHERS",
    "TOKEN_BALANCE_REQUEST",
    "TOTALS",
    "VOUCHER",
    "VOUCHERS",
    "problem_example",
]

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
DEADLINE = "2026-03-01T12:15:00Z"

EARN = {"member": MEMBER, "receipt": "till-7-000041", "spend_minor": 1999, "currency": "USD"}
REDEEM = {"member": MEMBER, "receipt": "till-7-000042", "points": 5, "deadline": DEADLINE}
HOLD = {"member": MEMBER, "receipt": "order-20260301-1", "points": 4, "deadline": "2026-03-08T12:00:00Z"}
CAPTURE = {"receipt": "order-20260301-1", "points": 3}
RELEASE = {"receipt": "order-20260301-2"}
REVERSE = {"receipt": "till-7-000043", "original_receipt": "till-7-000041", "spend_minor": 500}
REFUND = {"receipt": "till-7-000044", "original_receipt": "till-7-000042", "points": 2}

TILL_TOKEN_REQUEST = {"deadline": "2026-03-01T12:04:00Z", "signature": "0x" + "1f" * 64 + "1b"}
TILL_TOKEN = {"qr": "LT-MFZWIZLBON2HEYLZNBSWY3DPEB", "number": "482913077593", "expires_at": "2026-03-01T12:05:00Z"}
TOKEN_BALANCE_REQUEST = {"token": "4829 1307 7593"}

OPERATION: dict[str, Any] = {
    "receipt": "till-7-000041",
    "kind": "earn",
    "status": "accepted",
    "member": MEMBER,
    "spend_minor": 1999,
    "currency": "USD",
    "points": 19,
    "awarded": 0,
    "confirmed_at": "2026-03-01T12:00:02Z",
    "block": 1204,
    "transaction": "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060",
    "replayed": False,
}
OPERATIONS: dict[str, Any] = {
    "receipt": "till-7-000041",
    "pending": False,
    "operations": [{name: value for name, value in OPERATION.items() if name != "replayed"}],
}
PAGE: dict[str, Any] = {
    "operations": OPERATIONS["operations"],
    "next": "/v1/operations?limit=1&cursor=1204.17",
}
BALANCE: dict[str, Any] = {
    "member": MEMBER,
    "points": 42,
    "held": 4,
    "debt": 0,
    "lots": [
        {"points": 12, "epoch": 7, "expires_at": "2026-09-28T00:00:00Z"},
        {"points": 30, "epoch": 8, "expires_at": "2026-12-28T00:00:00Z"},
    ],
    "pending": 15,
}
PARTNER: dict[str, Any] = {
    "partner": 1,
    "name": "Corner Grocery",
    "currency": "USD",
    "earn_rate_bps": 100,
    "status": "active",
}
TOTALS: dict[str, Any] = {
    "partner": 1,
    "members": 2469,
    "purchases": 155848,
    "redemptions": 2102,
    "points_issued": 4312345,
    "points_awarded": 150000,
    "points_redeemed": 210200,
    "points_refunded": 1200,
    "points_reversed": 5310,
    "points_awarded_reversed": 300,
    "points_outstanding": 4247735,
    "rejected": {"balance_too_low": 12},
}

_NOTHING: dict[str, Any] = dict.fromkeys(TOTALS, 0) | {"partner": 1, "rejected": {}}
_MARCH: dict[str, Any] = _NOTHING | {
    "members": 812,
    "purchases": 13004,
    "redemptions": 170,
    "points_issued": 359000,
    "points_awarded": 12500,
    "points_redeemed": 17600,
    "points_reversed": 440,
    "points_outstanding": 353460,
    "rejected": {"balance_too_low": 1},
}
STATEMENT: dict[str, Any] = {
    "partner": 1,
    "currency": "USD",
    "since": "2026-03-01T00:00:00Z",
    "until": "2026-04-01T00:00:00Z",
    "final": True,
    "block": 91204,
    "opening": _NOTHING,
    "period": _MARCH,
    "closing": _MARCH,
    "operations": {"earn": 13004, "redeem": 170, "reverse": 12},
    "awards": [{"campaign": 1, "name": "Bread and greens", "points_awarded": 12000, "points_awarded_reversed": 0}],
    "points_awarded_by_tiers": 500,
    "points_awarded_reversed_by_tiers": 0,
}


def problem_example(status: int, code: str, detail: str, **details: Any) -> dict[str, Any]:
    """Return a problem document."""
    return {
        "type": f"/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    } | details


PROBLEM = problem_example(422, "balance_too_low", "The member has too few points.", kind="redeem")
BULK: list[Any] = [
    {"kind": "earn"} | EARN,
    {"kind": "redeem", "member": MEMBER, "receipt": "till-7-000045", "points": 9_000_000, "deadline": DEADLINE},
]
BULK_ANSWER: dict[str, Any] = {
    "lines": [
        {"line": 1, "receipt": "till-7-000041", "operation": OPERATION},
        {
            "line": 2,
            "receipt": "till-7-000045",
            "problem": problem_example(
                422,
                "balance_too_low",
                "The member has too few points (for a hold, points that expire before its deadline do not count).",
                kind="redeem",
            ),
        },
    ],
    "summary": {
        "lines": 2,
        "accepted": 1,
        "replayed": 0,
        "refused": 1,
        "unfinished": 0,
        "by_code": {"balance_too_low": 1},
        "points_issued": 19,
        "points_awarded": 0,
    },
}
KEY = "0xd41c057fd1c78805AAC12B0A94a405c0461A6FBb"
BATCH_RAW = (
    "0xf90147808083041eb0945fbdb2315678afecb367f032d93f642f64180aa380b8e4cad04a1f000000000000000000000000"
    "0000000000000000000000000000000000000040000000000000000000000000000000000000000000000000000000000000"
    "00c000000000000000000000000000000000000000000000000000000000000000010000000000000000000000007e5f4552"
    "091a69125d5dfcb7b8c2659029395bdfc81442114f5eb91e06ac89972d18f104af265c33feb0fc1921360000000000010000"
    "0000000000000000000000000000000000000000000000000000000007cf0000000000000000000000000000000000000000"
    "00000000000000000000000082f4f6a0aa40fed0875f93975f4c868a728e5ee044d62387d100abf7d7fbe2eafa3e0bd3a067"
    "c48570c37c90bb4fdbf8778afa9f74c45ed5aeeadfd95d4065ed42661e0f1d"
)
BATCH: dict[str, Any] = {"transaction": BATCH_RAW, "receipts": ["kiosk-1-000001"]}
BATCH_ANSWER: dict[str, Any] = {
    "transaction": "0x324d0b1385146cc4291163e45e0981909c188044953b9c9d5837eb60e1d82ff0",
    "key": KEY,
    "nonce": 0,
    "pending": False,
    "operations": [OPERATIONS["operations"][0] | {"receipt": "kiosk-1-000001"}],
    "replayed": False,
}
KEYS: dict[str, Any] = {
    "chain_id": 31337,
    "ledger": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "keys": [
        {"key": KEY, "active_from": "2026-03-01T12:00:00Z", "revoked": False, "signs": "partner", "next_nonce": 1},
    ],
}

TILL_KEY = "0xF7Edc8FA1eCc32967F827C9043FcAe6ba73afA5c"
VOUCHER: dict[str, Any] = {
    "kind": "earn",
    "till": 7,
    "number": 1,
    "member": MEMBER,
    "spend_minor": 1999,
    "currency": "USD",
    "issued_at": "2026-03-01T11:55:00Z",
    "signature": (
        "0x7a2bb24966cabebe805e76f4d56d2934398c366b1132bf2ace1e1a950885af79263d777a5188ae714f05bb2cd518c3ab04"
        "0378dc74ac9bf5b38d9a5f02105c641b"
    ),
}
REDEEM_VOUCHER: dict[str, Any] = {
    "kind": "redeem",
    "till": 7,
    "number": 3,
    "member": MEMBER,
    "points": 5,
    "issued_at": "2026-03-01T11:56:00Z",
    "signature": (
        "0xf2786aaf7e3eaae1a8bafa2fb8c6052519ea63bc4cc59bea4498689a102250d70bcc076d6c7cd660545f0dd8a52a5adc9e"
        "26e73471d500d42025b15ae3c547a51c"
    ),
}
VOUCHERS: dict[str, Any] = {
    "vouchers": [
        {"till": 7, "number": 1, "operation": OPERATION | {"receipt": "voucher:7:1"}},
        {
            "till": 7,
            "number": 2,
            "problem": problem_example(
                422,
                "voucher_signature_invalid",
                "No key of this till signed exactly this voucher, for this partner and this ledger.",
            ),
        },
    ]
}
TILLS: dict[str, Any] = {
    "chain_id": 31337,
    "till_registry": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "tills": [{"till": 7, "key": TILL_KEY, "active_from": "2026-03-01T09:00:00Z"}],
}
TILL_VOUCHERS: dict[str, Any] = {
    "till": 7,
    "highest": 80,
    "accepted": [{"first": 1, "last": 1}, {"first": 3, "last": 41}],
    "gaps": [{"first": 2, "last": 2}],
    "next": "/v1/tills/7/gaps?start=42&limit=1",
}
