"""A partner sees its own, on every route that the OpenAPI document names."""

from __future__ import annotations

from typing import Any

from coalition.api.campaign_examples import CLAIM_REQUEST, REFERRAL_REQUEST
from coalition.api.examples import BATCH, BATCH_ANSWER, KEY, TILL_KEY, VOUCHER
from tests.api.conftest import DEADLINE, MEMBER, Till, code_of
from tests.api.fakes import FakeBook
from tests.api.openapi import Contract

SECRET = "alpha-secret"
EARNED, REDEEMED, HELD, DONE = (f"{SECRET}-{number}" for number in range(4))
OWN = {"member": MEMBER, "spend_minor": 700}
PAYS = {"member": MEMBER, "points": 2, "deadline": DEADLINE}

BATCH_HASH = BATCH_ANSWER["transaction"]

PROPOSAL = {"file": {"campaign": "theirs"}}

# What the other partner asks for, by route: what the first one has. Answered is the status and the code.
ATTEMPTS: dict[tuple[str, str], list[tuple[str, Any, int, str | None]]] = {
    # Another partner's receipt is a receipt like any other: it counts anew.
    ("post", "/v1/earn"): [("/v1/earn", OWN | {"receipt": EARNED}, 201, None)],
    ("post", "/v1/redeem"): [("/v1/redeem", PAYS | {"receipt": REDEEMED}, 201, None)],
    ("post", "/v1/hold"): [("/v1/hold", PAYS | {"receipt": DONE}, 201, None)],
    ("post", "/v1/capture"): [("/v1/capture", {"receipt": HELD, "points": 1}, 422, "hold_unknown")],
    ("post", "/v1/release"): [("/v1/release", {"receipt": HELD}, 422, "hold_unknown")],
    ("post", "/v1/reverse"): [("/v1/reverse", {"receipt": "b", "original_receipt": EARNED}, 404, "original_unknown")],
    ("post", "/v1/refund"): [("/v1/refund", {"receipt": "b", "original_receipt": REDEEMED}, 404, "original_unknown")],
    ("post", "/v1/operations"): [("/v1/operations", [{"kind": "release", "receipt": HELD}], 200, None)],
    ("get", "/v1/operations"): [
        ("/v1/operations?limit=200", None, 200, None),
        (f"/v1/operations?member={MEMBER}", None, 200, None),
        ("/v1/operations?kind=hold", None, 200, None),
    ],
    ("get", "/v1/operations/{receipt}"): [
        (f"/v1/operations/{receipt}", None, 404, "operation_unknown") for receipt in (EARNED, REDEEMED, HELD, DONE)
    ],
    ("get", "/v1/members/{member}/balance"): [(f"/v1/members/{MEMBER}/balance", None, 200, None)],
    ("get", "/v1/campaigns"): [("/v1/campaigns", None, 200, None)],
    ("post", "/v1/campaigns"): [("/v1/campaigns", PROPOSAL | {"amends": 1}, 404, "campaign_unknown")],
    ("get", "/v1/campaigns/{campaign}"): [("/v1/campaigns/1", None, 404, "campaign_unknown")],
    ("get", "/v1/campaigns/{campaign}/progress"): [("/v1/campaigns/1/progress", None, 404, "campaign_unknown")],
    ("post", "/v1/campaigns/{campaign}/approvals"): [
        ("/v1/campaigns/1/approvals", {"terms_hash": "0x" + "01" * 32}, 404, "campaign_unknown")
    ],
    ("post", "/v1/campaigns/{campaign}/start"): [("/v1/campaigns/1/start", {}, 404, "campaign_unknown")],
    ("post", "/v1/campaigns/{campaign}/pause"): [("/v1/campaigns/1/pause", {}, 404, "campaign_unknown")],
    ("post", "/v1/campaigns/{campaign}/resume"): [("/v1/campaigns/1/resume", {}, 404, "campaign_unknown")],
    ("post", "/v1/campaigns/{campaign}/referrals"): [
        ("/v1/campaigns/1/referrals", REFERRAL_REQUEST, 404, "campaign_unknown")
    ],
    ("post", "/v1/campaigns/{campaign}/claims"): [("/v1/campaigns/1/claims", CLAIM_REQUEST, 404, "campaign_unknown")],
    ("post", "/v1/campaigns/{campaign}/close"): [("/v1/campaigns/1/close", {}, 404, "campaign_unknown")],
    ("get", "/v1/campaigns/{campaign}/versions/{version}/file"): [
        ("/v1/campaigns/1/versions/1/file", None, 404, "campaign_unknown")
    ],
    ("get", "/v1/campaigns/templates/{kind}"): [("/v1/campaigns/templates/quest", None, 200, None)],
    ("post", "/v1/campaigns/check"): [("/v1/campaigns/check", PROPOSAL | {"amends": 1}, 404, "campaign_unknown")],
    # Its own purchases alone: tests/api/test_authoring.py asks the same with purchases that are there.
    ("post", "/v1/campaigns/simulate"): [("/v1/campaigns/simulate", PROPOSAL, 200, None)],
    ("post", "/v1/campaigns/{campaign}/end"): [("/v1/campaigns/1/end", {}, 404, "campaign_unknown")],
    ("get", "/v1/members/{member}/campaigns"): [(f"/v1/members/{MEMBER}/campaigns", None, 200, None)],
    ("get", "/v1/members/{member}/tier"): [(f"/v1/members/{MEMBER}/tier", None, 200, None)],
    ("get", "/v1/members/{member}/badges"): [(f"/v1/members/{MEMBER}/badges", None, 200, None)],
    # The campaigns at the other's own counter, not the first one's.
    ("post", "/v1/preview"): [
        ("/v1/preview", {"kind": "earn", "receipt": "new"} | OWN, 200, None),
    ],
    # Members ask for tokens, with their keys.
    ("post", "/v1/members/{member}/till-tokens"): [
        (f"/v1/members/{MEMBER}/till-tokens", {"deadline": DEADLINE, "signature": "0x"}, 422, "token_deadline_invalid")
    ],
    ("post", "/v1/till-tokens/balance"): [("/v1/till-tokens/balance", {"token": "000000000001"}, 422, "token_invalid")],
    ("get", "/v1/partner/statement"): [("/v1/partner/statement", None, 200, None)],
    ("get", "/v1/export"): [("/v1/export", None, 200, None), (f"/v1/export?member={MEMBER}", None, 200, None)],
    ("post", "/v1/batches"): [("/v1/batches", BATCH, 403, "key_unknown")],
    ("get", "/v1/batches/{transaction}"): [(f"/v1/batches/{BATCH_HASH}", None, 404, "batch_unknown")],
    ("post", "/v1/vouchers"): [("/v1/vouchers", {"vouchers": [VOUCHER]}, 200, None)],
    ("get", "/v1/tills"): [("/v1/tills", None, 200, None)],
    ("get", "/v1/tills/{till}/gaps"): [("/v1/tills/7/gaps", None, 404, "till_unknown")],
    ("get", "/v1/partner/keys"): [("/v1/partner/keys", None, 200, None)],
    # No key of the other partner has this id.
    ("get", "/v1/api-keys"): [("/v1/api-keys", None, 200, None)],
    ("post", "/v1/api-keys"): [("/v1/api-keys", {"label": "theirs"}, 201, None)],
    ("post", "/v1/api-keys/{key_id}/change"): [("/v1/api-keys/{key_id}/change", {}, 404, "credential_unknown")],
    ("post", "/v1/api-keys/{key_id}/rotate"): [("/v1/api-keys/{key_id}/rotate", {}, 404, "credential_unknown")],
    ("post", "/v1/api-keys/{key_id}/revoke"): [("/v1/api-keys/{key_id}/revoke", {}, 404, "credential_unknown")],
    ("get", "/v1/admin/log"): [("/v1/admin/log", None, 200, None)],
    ("get", "/v1/events"): [
        ("/v1/events", None, 200, None),
        ("/v1/events?after=evt_1_1_0_0123456789", None, 422, "event_id_invalid"),
    ],
    # The first one's webhook, whose id the other got to know.
    ("get", "/v1/webhooks"): [("/v1/webhooks", None, 200, None)],
    ("post", "/v1/webhooks"): [("/v1/webhooks", {"url": "https://other.example/hook"}, 201, None)],
    ("get", "/v1/webhooks/{webhook}"): [("/v1/webhooks/{webhook}", None, 404, "webhook_unknown")],
    ("delete", "/v1/webhooks/{webhook}"): [("/v1/webhooks/{webhook}", None, 404, "webhook_unknown")],
    ("post", "/v1/webhooks/{webhook}/rotate"): [("/v1/webhooks/{webhook}/rotate", {}, 404, "webhook_unknown")],
    ("post", "/v1/webhooks/{webhook}/replay"): [("/v1/webhooks/{webhook}/replay", {}, 404, "webhook_unknown")],
    ("post", "/v1/webhooks/{webhook}/test"): [("/v1/webhooks/{webhook}/test", {}, 404, "webhook_unknown")],
    ("get", "/v1/webhooks/{webhook}/dead-letters"): [
        ("/v1/webhooks/{webhook}/dead-letters", None, 404, "webhook_unknown")
    ],
    ("post", "/v1/webhooks/{webhook}/redrive"): [("/v1/webhooks/{webhook}/redrive", {}, 404, "webhook_unknown")],
    ("get", "/v1/events/stream"): [("/v1/events/stream?after=start", None, 200, None)],
    ("get", "/v1/partner"): [("/v1/partner", None, 200, None)],
    ("get", "/v1/partner/totals"): [("/v1/partner/totals", None, 200, None)],
}
COUNTING_LAST = sorted(ATTEMPTS, key=lambda route: (ATTEMPTS[route][0][2] == 201, route))


def test_another_partner_sees_and_moves_nothing(till: Till, other_till: Till, book: FakeBook) -> None:
    contract = Contract(till.http.get("/openapi.json").json())
    routes = {(method, path) for path, method, _ in contract.operations() if path.startswith("/v1/")}
    assert routes == ATTEMPTS.keys(), "every route needs an attempt here"
    secret_key = till.post("/v1/api-keys", {"label": f"{SECRET}-key"}).json()["key_id"]
    webhook = till.post("/v1/webhooks", {"url": f"https://{SECRET}.example/hook"}).json()["webhook"]["id"]
    till.earn(receipt=EARNED)
    till.redeem(receipt=REDEEMED)
    till.hold(receipt=HELD)
    till.hold(receipt=DONE)
    till.post("/v1/capture", {"receipt": DONE, "points": 1})
    assert till.post("/v1/batches", BATCH).status_code == 201
    assert KEY in till.get("/v1/partner/keys").text
    assert "operation" in till.post("/v1/vouchers", {"vouchers": [VOUCHER]}).json()["vouchers"][0]
    assert TILL_KEY in till.get("/v1/tills").text
    mine = till.get("/v1/operations").json()
    assert SECRET in till.get("/v1/campaigns/1").text, "the first one has a campaign"
    assert SECRET in till.get(f"/v1/members/{MEMBER}/campaigns").text
    assert SECRET in till.get("/v1/api-keys").text
    assert SECRET in till.get("/v1/webhooks").text
    assert secret_key in till.get("/v1/admin/log").text
    held = book.held[MEMBER]

    for route in COUNTING_LAST:
        for path, body, status, code in ATTEMPTS[route]:
            address = path.replace("{key_id}", secret_key).replace("{webhook}", webhook)
            answer = other_till.http.request(route[0].upper(), address, json=body, headers=other_till.headers)
            if code is None:
                assert answer.status_code == status, answer.text
            else:
                assert code_of(answer, status) == code
            assert KEY not in answer.text or "batches" in route[1]
            assert TILL_KEY not in answer.text and "voucher:7:1" not in answer.text
            if (body is None and code is None) or "campaign" in route[1] or "preview" in route[1]:
                assert SECRET not in answer.text
            if route[1] == "/v1/admin/log":
                # What the other one tried is in its own log.
                assert {call["outcome"] for call in answer.json()["calls"] if call["target"] == secret_key} <= {
                    "credential_unknown"
                }

    assert till.get("/v1/operations").json() == mine
    assert book.held[MEMBER] == held + 2
    theirs = other_till.get("/v1/operations?status=accepted").json()["operations"]
    assert [one["kind"] for one in theirs] == ["redeem", "hold", "earn"]
    assert other_till.get("/v1/partner/totals").json()["purchases"] == 1


def test_lines_of_another_partner_meet_nothing_foreign(till: Till, other_till: Till, book: FakeBook) -> None:
    till.earn(receipt=EARNED)
    till.redeem(receipt=REDEEMED)
    till.hold(receipt=HELD)
    mine = till.get("/v1/operations").json()
    lines = [
        {"kind": "reverse", "receipt": "a", "original_receipt": EARNED},
        {"kind": "refund", "receipt": "b", "original_receipt": REDEEMED},
        {"kind": "capture", "receipt": HELD, "points": 1},
        {"kind": "release", "receipt": HELD},
        {"kind": "earn", "receipt": REDEEMED} | OWN,
    ]
    answer = other_till.post("/v1/operations", lines).json()
    codes = [line.get("problem", {}).get("code") for line in answer["lines"]]
    assert codes == ["original_unknown", "original_unknown", "hold_unknown", "hold_unknown", None]
    assert "differences" not in str(answer)
    assert till.get("/v1/operations").json() == mine


def test_previews_of_another_partner_meet_nothing_foreign(till: Till, other_till: Till) -> None:
    till.earn(receipt=EARNED)
    till.hold(receipt=HELD)
    asked = [
        {"kind": "reverse", "receipt": "a", "original_receipt": EARNED},
        {"kind": "capture", "receipt": HELD, "points": 1},
        {"kind": "earn", "receipt": EARNED} | OWN,
    ]
    found = [other_till.post("/v1/preview", body).json() for body in asked]
    assert [one.get("problem", {}).get("code") for one in found] == ["original_unknown", "hold_unknown", None]
    assert "differences" not in str(found) and not found[2]["replayed"]


def test_cursors_of_another_partner_lead_to_nothing_foreign(till: Till, other_till: Till) -> None:
    for number in range(6):
        till.earn(receipt=f"{SECRET}-{number}")
    following = till.get("/v1/operations?limit=2").json()["next"]
    assert SECRET in till.get(following).text
    assert other_till.get(following).json() == {"operations": [], "next": None}


def test_another_partners_voucher_is_nobodys(till: Till, other_till: Till) -> None:
    """Handed in by the wrong partner, before and after it counted, it is the same as one that nobody signed."""
    forged = VOUCHER | {"signature": "0x" + "11" * 64 + "1b"}
    before = other_till.post("/v1/vouchers", {"vouchers": [VOUCHER, forged]}).json()
    till.post("/v1/vouchers", {"vouchers": [VOUCHER]})
    after = other_till.post("/v1/vouchers", {"vouchers": [VOUCHER, forged]}).json()
    assert before == after and before["vouchers"][0] == before["vouchers"][1]
    assert before["vouchers"][0]["problem"]["code"] == "voucher_signature_invalid"
