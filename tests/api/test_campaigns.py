"""Campaigns over HTTP, on the contracts: proposed, approved, earned in, previewed, ended; and what each wrong request gets."""

from __future__ import annotations

from typing import Any

from coalition.campaigns.written import time_of
from coalition.chain.campaigns import terms_tuple
from coalition.chain.keccak import keccak
from tests.api.conftest import code_of
from tests.api.street import FILE, Counter, Street, hash_of
from tests.service.coalition import DAY, START, day

HASH = "0x" + "01" * 32


def previewed(counter: Counter, member: str, spend_minor: int) -> Any:
    """What a purchase would bring, and what tier and campaigns add to it."""
    body = {"kind": "earn", "member": member, "receipt": "previewed", "spend_minor": spend_minor}
    found = counter.post("/preview", body).json()
    assert (found["status"], found["replayed"]) == ("accepted", False)
    return found | found["purchase"]


def test_from_a_proposal_to_the_end(street: Street) -> None:
    ann = street.coalition.member("ann")
    body = street.proposed()
    assert (body["campaign"], body["status"], body["version"], body["kind"]) == (1, "proposed", None, "quest")
    assert body["fields"]["terms.award"] == "300 points"
    terms_hash = hash_of(body)
    first = street.bakery.post("/campaigns/1/approvals", {"terms_hash": terms_hash}).json()
    approvals = {one["partner"]: one["approved_until"] for one in first["versions"][0]["approvals"]}
    assert first["status"] == "proposed" and approvals == {1: day(7), 2: None}
    assert code_of(street.bakery.post("/campaigns/1/start"), 422) == "approval_missing"
    last = street.cafe.post("/campaigns/1/approvals", {"terms_hash": terms_hash}).json()
    assert (last["status"], last["version"], last["opens_at"]) == ("scheduled", 1, day(7))
    assert street.bakery.post("/campaigns/1/start").json() == last, "started before, it stays so"
    assert code_of(street.florist.post("/campaigns/1/start"), 404) == "campaign_unknown"
    street.coalition.go_to(START + 7 * DAY)

    earn = {"member": ann, "receipt": "1", "spend_minor": 500}
    assert street.bakery.post("/earn", earn).json()["awarded"] == 0
    (standing,) = street.bakery.get(f"/members/{ann}/campaigns").json()["campaigns"]
    shown = {name: standing[name] for name in ("done", "needed", "unit", "next_award_points", "until", "paid_points")}
    assert shown == {
        "done": 1,
        "needed": 2,
        "unit": "partners",
        "next_award_points": 300,
        "until": day(14),
        "paid_points": 0,
    }
    preview = previewed(street.cafe, ann, 700)
    assert (preview["points"], preview["awarded"], preview["currency"]) == (700, 300, "USD")
    assert [(one["campaign"], one["points"], one["referrer_points"]) for one in preview["awards"]] == [(1, 300, 0)]
    assert preview["left_out"] == []
    assert street.cafe.post("/earn", earn | {"spend_minor": 700}).json()["awarded"] == 300

    street.coalition.follower.catch_up()
    totals = street.cafe.get("/campaigns/1/progress").json()
    assert (totals["paid_points"], totals["members_reached"], totals["awards"]) == (300, 1, 1)
    reversed_ = street.cafe.post("/reverse", {"receipt": "2", "original_receipt": "1"}).json()
    assert reversed_["awarded"] == 300
    assert street.cafe.get("/campaigns/1").json()["paid_points"] == 0

    ended = street.cafe.post("/campaigns/1/end").json()
    assert street.coalition.now() + DAY + 60 > START + 8 * DAY and ended["closes_at"] < day(9)
    street.coalition.go_to(START + 9 * DAY)
    assert street.cafe.get("/campaigns").json()["campaigns"][0]["status"] == "over"
    assert code_of(street.cafe.post("/campaigns/1/end"), 422) == "campaign_over"
    assert code_of(street.cafe.post("/campaigns/1/close"), 422) == "campaign_not_over"
    street.coalition.go_to(START + 40 * DAY)
    assert code_of(street.florist.post("/campaigns/1/close"), 404) == "campaign_unknown"
    assert street.cafe.post("/campaigns/1/close").json()["status"] == "closed"
    assert code_of(street.bakery.post("/campaigns/1/close"), 422) == "campaign_closed"


def test_the_hash_follows_from_the_terms_that_are_shown(street: Street) -> None:
    from eth_abi.abi import encode

    body = street.proposed()
    shown = body["versions"][0]["terms"]
    terms = street.coalition.campaigns.reader.version(1).terms
    assert [int(word, 16) for word in shown["rule_terms"]] == list(terms.rule_terms)
    assert shown["document"] == "0x" + keccak(street.coalition.campaigns.file_of(1).content).hex()
    assert (shown["opens_at"], shown["end_notice_seconds"]) == (time_of(terms.opens_at), DAY)
    types = (
        "(address,uint256[],(uint32,uint16)[],uint32[],uint48,uint48,uint40,uint40,uint16,bytes32,uint8,bool,bool,bool,bool,"
        "uint32,address,bytes32)"
    )
    deployment = street.coalition.campaigns.reader.deployment
    head = (deployment.chain_id, deployment.agreements, 1, 1, terms_tuple(terms))
    content = encode(["uint256", "address", "uint32", "uint256", types], head)
    assert hash_of(body) == "0x" + keccak(content).hex()


def test_pause_and_resume(street: Street) -> None:
    number = street.running()
    assert street.cafe.post(f"/campaigns/{number}/pause").json()["status"] == "paused"
    assert code_of(street.bakery.post(f"/campaigns/{number}/pause"), 422) == "campaign_pause_unchanged"
    assert street.bakery.post(f"/campaigns/{number}/resume").json()["status"] == "running"


def test_another_version_is_proposed_and_approved_by_its_own_hash(street: Street) -> None:
    number = street.running()
    later = FILE | {"opens": day(10), "budget": 20_000}
    body = street.cafe.post("/campaigns", {"file": later, "amends": number}).json()
    assert [one["version"] for one in body["versions"]] == [1, 2] and body["version"] == 1
    for shop in (street.bakery, street.cafe):
        assert shop.post(f"/campaigns/{number}/approvals", {"terms_hash": hash_of(body)}).status_code == 200
    street.coalition.go_to(START + 10 * DAY)
    now = street.bakery.get(f"/campaigns/{number}").json()
    assert (now["version"], now["budget_points"]) == (2, 20_000)
    fixed = later | {"opens": day(12), "partners": ["bakery", "florist"]}
    assert code_of(street.cafe.post("/campaigns", {"file": fixed, "amends": number}), 422) == "terms_fixed"


def test_a_list_of_accounts_comes_beside_the_file(street: Street) -> None:
    ann, bob = street.coalition.member("ann"), street.coalition.member("bob")
    file = FILE | {"segment": "regulars.csv"}
    answer = street.bakery.post("/campaigns", {"file": file, "accounts": [ann, bob]})
    assert answer.status_code == 201 and int(answer.json()["versions"][0]["terms"]["segment"], 16) > 0
    assert ann not in answer.text, "only the root is published"
    assert street.coalition.campaigns.file_of(1).segment is not None
    for wrong in ({"file": file}, {"file": FILE, "accounts": [ann]}, {"file": file, "accounts": ["ann"]}):
        assert code_of(street.bakery.post("/campaigns", wrong), 422) == "campaign_invalid"
    outside = FILE | {"segment": "../keystores/operator.json"}
    assert code_of(street.bakery.post("/campaigns", {"file": outside, "accounts": [ann]}), 422) == "campaign_invalid"


def test_a_partner_sees_and_signs_only_for_itself(street: Street) -> None:
    body = street.proposed()
    for path in ("/campaigns/1", "/campaigns/1/progress", "/campaigns/2", "/campaigns/4294967295"):
        assert code_of(street.florist.get(path), 404) == "campaign_unknown"
    assert street.florist.get("/campaigns").json() == {"campaigns": []}
    approval = {"terms_hash": hash_of(body)}
    assert code_of(street.florist.post("/campaigns/1/approvals", approval), 404) == "campaign_unknown"
    assert code_of(street.florist.post("/campaigns", {"file": FILE}), 403) == "sponsor_only"

    guest = street.proposed(partners=["bakery", "florist"], sponsors={"bakery": "100 %"})["campaign"]
    assert [one["campaign"] for one in street.florist.get("/campaigns").json()["campaigns"]] == [guest]
    for what in ("pause", "resume", "end"):
        assert code_of(street.florist.post(f"/campaigns/{guest}/{what}"), 403) == "sponsor_only"
    ann = street.coalition.member("ann")
    street.running(campaign="Another")
    assert street.florist.get(f"/members/{ann}/campaigns").json()["campaigns"] == []


def test_wrong_requests(street: Street) -> None:
    body = street.proposed()
    wrong = street.bakery.post("/campaigns", {"file": FILE | {"budget": "much", "bugdet": 7}})
    assert code_of(wrong, 422) == "campaign_invalid"
    assert {one["field"] for one in wrong.json()["findings"]} == {"budget", "bugdet"}
    assert code_of(street.bakery.post("/campaigns", {"file": []}), 422) == "input_invalid"
    assert code_of(street.bakery.post("/campaigns", {"file": FILE, "partner": 2}), 422) == "input_invalid"
    assert code_of(street.bakery.post("/campaigns/1/approvals", {"terms_hash": "0x12"}), 422) == "hash_malformed"
    assert code_of(street.bakery.post("/campaigns/1/approvals", {"terms_hash": HASH}), 404) == "terms_unknown"
    past = {"terms_hash": hash_of(body), "until": day(-1)}
    assert code_of(street.bakery.post("/campaigns/1/approvals", past), 422) == "approval_too_short"
    assert code_of(street.bakery.post("/campaigns/1/pause"), 422) == "campaign_not_started"
    for number in ("0", "-1", "x", str(1 << 32)):
        assert code_of(street.bakery.get(f"/campaigns/{number}"), 422) == "input_invalid"
    member = street.coalition.custody.account("nobody yet")
    for what in ("campaigns", "tier", "badges"):
        assert code_of(street.bakery.get(f"/members/{member}/{what}"), 404) == "member_unknown"
        assert code_of(street.bakery.get(f"/members/0x12/{what}"), 422) == "address_invalid"
    purchase = {"kind": "earn", "member": member, "receipt": "1", "spend_minor": 100, "enrols": True}
    assert code_of(street.bakery.post("/preview", purchase | {"currency": "EUR"}), 422) == "currency_wrong"
    assert code_of(street.bakery.post("/preview", purchase | {"spend_minor": 0}), 422) == "amount_invalid"
    assert street.bakery.post("/preview", purchase).json()["points"] == 100


def test_a_preview_says_what_it_leaves_out(street: Street) -> None:
    ann, operator = street.coalition.member("ann"), street.coalition.keystore.address("operator")
    number = street.running(kind="action", terms={"action": 7, "award": "5 points"}, attestor=operator)

    preview = previewed(street.bakery, ann, 70)

    assert (preview["awarded"], preview["awards"]) == (0, [])
    assert preview["left_out"] == [{"campaign": number, "name": "Two of three", "reason": "attested"}]


def test_who_brought_a_member_is_said_and_both_are_paid(street: Street) -> None:
    ann = street.coalition.member("ann")
    number = street.running(kind="referral", terms={"new member": "20 points", "referrer": "30 points"})
    bob = street.coalition.member("bob")
    body = {"member": bob, "referrer": ann}
    answer = street.cafe.post(f"/campaigns/{number}/referrals", body)
    assert (answer.status_code, answer.json()) == (201, {"campaign": number} | body)
    assert street.bakery.post("/earn", {"member": bob, "receipt": "1", "spend_minor": 100}).json()["awarded"] == 20
    assert (street.coalition.balance(bob), street.coalition.balance(ann)) == (120, 30)

    for wrong in (body, {"member": ann, "referrer": ann}):
        assert code_of(street.cafe.post(f"/campaigns/{number}/referrals", wrong), 422) == "referral_refused"
    assert code_of(street.florist.post(f"/campaigns/{number}/referrals", body), 404) == "campaign_unknown"
    for wrong in ({"referrer": "0x12"}, {"member": "ann"}):
        assert code_of(street.cafe.post(f"/campaigns/{number}/referrals", body | wrong), 422) == "address_invalid"


def test_what_is_due_is_claimed_once(street: Street) -> None:
    ann = street.coalition.member("ann")
    number = street.running(kind="milestone", terms={"of": "enrolment", "award": "20 points"})
    bob = street.coalition.member("bob")
    found = street.cafe.post(f"/campaigns/{number}/claims", {"members": [ann, bob, bob]}).json()
    assert (found["campaign"], found["points"], found["awarded"]) == (number, 20, {bob: 20})
    assert found["refused"].keys() <= {ann}
    assert street.coalition.balance(bob) == 20

    again = street.bakery.post(f"/campaigns/{number}/claims", {"members": [bob]}).json()
    assert (again["points"], street.coalition.balance(bob)) == (0, 20)
    assert code_of(street.florist.post(f"/campaigns/{number}/claims", {"members": [bob]}), 404) == "campaign_unknown"
    for wrong in ([], [bob] * 101):
        assert code_of(street.cafe.post(f"/campaigns/{number}/claims", {"members": wrong}), 422) == "input_invalid"
    assert code_of(street.cafe.post(f"/campaigns/{number}/claims", {"members": ["0x12"]}), 422) == "address_invalid"


def test_tiers_and_badges(street: Street) -> None:
    ann = street.coalition.member("ann")
    path = street.coalition.folder / "tiers.yaml"
    path.write_text(
        "programme: Shoppers\nsays: More.\ncounts: spend\ntiers:\n"
        "  - {name: member, from: 0}\n  - {name: gold, from: 10.00, times: 2}\n"
    )
    street.coalition.go_to(street.coalition.campaigns.set_tiers(path).effective_from or 0)
    tier = street.cafe.get(f"/members/{ann}/tier").json()
    assert (tier["name"], tier["next"], tier["missing"], tier["unit"]) == ("member", "gold", 1_000, "minor")
    street.bakery.post("/earn", {"member": ann, "receipt": "1", "spend_minor": 1_000})
    tier = street.cafe.get(f"/members/{ann}/tier").json()
    assert (tier["name"], tier["next"], tier["missing"], tier["paid_until"]) == ("gold", None, 0, None)
    assert previewed(street.cafe, ann, 70)["tier_points"] == 70

    street.running(terms={"visits": 1, "badge": 7})
    preview = previewed(street.bakery, ann, 70)
    assert [(one["campaign"], one["badge"]) for one in preview["awards"]] == [(1, 7)]
    assert street.bakery.get(f"/members/{ann}/badges").json() == {"member": ann, "badges": []}
    street.bakery.post("/earn", {"member": ann, "receipt": "2", "spend_minor": 70})
    street.coalition.follower.catch_up()
    (badge,) = street.bakery.get(f"/members/{ann}/badges").json()["badges"]
    assert (badge["badge"], badge["campaign"], badge["uri"]) == (7, 1, "")
    assert previewed(street.bakery, ann, 70)["awards"] == []
