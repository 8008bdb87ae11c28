"""Campaigns written over HTTP: templates, checks, trials on the past, and the files that were agreed."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from coalition.api import create_app
from coalition.api.authoring_examples import CHECK_REQUEST, SIMULATION_REQUEST, TEXT
from coalition.campaigns.check import check
from coalition.campaigns.simulate import PastPurchase, Preview
from coalition.chain.keccak import keccak
from coalition.service.campaign_authoring import TEMPLATE_KINDS
from coalition.service.past import history_of, tried
from tests.api.conftest import World, code_of
from tests.api.fake_campaigns import FakeCampaigns
from tests.api.street import FILE, Street, hash_of
from tests.service.coalition import DAY, START, day, quest

WRONG = """\
campaign: Two of three
says: Visit two of our three shops.
kind: quest
opens: 2020-01-01
closes: 2026-05-01
partners: [bakery, caffe]
sponsors: {bakery: 60 %, cafe: 50 %}
bugdet: 10000 points
terms: {visits: 2, award: 300.5 points}
"""


def test_every_template_checks_as_it_is(street: Street) -> None:
    kinds = [kind for kind in TEMPLATE_KINDS if kind != "tiers"]
    for kind in kinds:
        answer = street.cafe.get(f"/campaigns/templates/{kind}").json()
        found = street.cafe.post("/campaigns/check", {"file": answer["text"]}).json()
        assert (answer["kind"], found["valid"], found["findings"]) == (kind, True, [])
        assert (found["fields"]["kind"], found["fields"]["partners"]) == (kind, "[bakery, cafe]")
    assert len(kinds) == 11
    assert "partners: [cafe, bakery]" in street.cafe.get("/campaigns/templates/quest").json()["text"]
    assert street.cafe.get("/campaigns/templates/tiers").json()["text"].startswith("programme:")
    assert code_of(street.cafe.get("/campaigns/templates/quests"), 404) == "kind_unknown"


def test_a_check_tells_all_that_is_wrong_with_line_and_field(street: Street, tmp_path: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(WRONG)
    expected = check(path, street.coalition.campaigns.reader.context(street.coalition.now())).findings

    found = street.bakery.post("/campaigns/check", {"file": WRONG}).json()

    assert found["findings"] == [one.to_json() for one in expected]
    assert [(one["line"], one["field"], one["code"]) for one in found["findings"]] == [
        (1, "", "field_missing"),
        (4, "opens", "window_past"),
        (6, "partners[2]", "partner_unknown"),
        (7, "sponsors", "shares_wrong"),
        (8, "bugdet", "field_unknown"),
        (9, "terms.award", "points_not_whole"),
    ]
    unread = {"valid": False, "fields": {}, "compiled": None, "changes": None, "is_amendable": None}
    assert {name: found[name] for name in unread} == unread


def test_lines_of_fields_sent_as_an_object_are_those_of_an_indent_of_two(street: Street) -> None:
    found = street.bakery.post("/campaigns/check", {"file": FILE | {"kind": "quests"}}).json()
    (finding,) = found["findings"]
    assert (finding["line"], finding["field"], finding["file"]) == (4, "kind", "campaign.json")


def test_a_check_gives_the_hash_that_sponsors_will_approve(street: Street) -> None:
    text = quest(cap_per_member="300 points")
    compiled = street.cafe.post("/campaigns/check", {"file": text}).json()["compiled"]
    assert compiled["terms"]["document"] == "0x" + keccak(text.encode()).hex()

    proposed = street.bakery.post("/campaigns", {"file": text}).json()

    (version,) = proposed["versions"]
    assert (compiled["campaign"], compiled["version"]) == (proposed["campaign"], version["version"])
    assert (compiled["terms_hash"], compiled["terms"]) == (version["terms_hash"], version["terms"])
    assert street.cafe.post("/campaigns/check", {"file": text}).json()["compiled"]["terms_hash"] != hash_of(proposed)
    kept = street.cafe.get("/campaigns/1/versions/1/file").json()
    assert kept == {"campaign": 1, "version": 1, "terms_hash": hash_of(proposed), "text": text, "changes": None}


def test_a_check_compares_with_the_version_before(street: Street) -> None:
    number = street.running()
    later = quest(opens=day(10), budget="20000 points", partners="[bakery, cafe]")
    found = street.cafe.post("/campaigns/check", {"file": later, "amends": number}).json()
    assert [(one["field"], one["before"], one["after"]) for one in found["changes"]] == [
        ("opens", day(7), day(10)),
        ("budget", "10000 points", "20000 points"),
    ]
    assert (found["is_amendable"], found["compiled"]["version"]) == (True, 2)

    body = street.cafe.post("/campaigns", {"file": later, "amends": number}).json()
    assert hash_of(body) == found["compiled"]["terms_hash"]
    kept = street.bakery.get(f"/campaigns/{number}/versions/2/file").json()
    assert (kept["text"], kept["changes"]) == (later, found["changes"])

    other = later.replace("[bakery, cafe]", "[bakery, florist]")
    found = street.cafe.post("/campaigns/check", {"file": other, "amends": number}).json()
    assert found["is_amendable"] is False
    assert [(one["field"], one["is_fixed"]) for one in found["changes"]] == [("partners", True)]
    assert code_of(street.cafe.get(f"/campaigns/{number}/versions/3/file"), 404) == "terms_unknown"
    for path in (f"/campaigns/{number}/versions/1/file", "/campaigns/9/versions/1/file"):
        assert code_of(street.florist.get(path), 404) == "campaign_unknown"
    amended = {"file": later, "amends": number}
    assert code_of(street.florist.post("/campaigns/check", amended), 404) == "campaign_unknown"


def shopped(street: Street) -> list[PastPurchase]:
    """Ann and Bob at two of the shops; return what the ledger counted."""
    ann, bob = street.coalition.member("ann"), street.coalition.member("bob")
    for number in range(4):
        for who in (ann, bob)[: 2 - number // 3]:
            body = {"member": who, "receipt": f"{number}-{who}", "spend_minor": 700}
            assert street.bakery.post("/earn", body).status_code == 201
    for who in (ann, bob):
        assert street.cafe.post("/earn", {"member": who, "receipt": who, "spend_minor": 900}).status_code == 201
    street.coalition.follower.catch_up()
    return history_of(street.coalition.queries)


ONCE, TWICE = ({"lowest": points, "highest": points, "members": 1} for points in (50, 100))
STAMPS: dict[str, Any] = {"kind": "stamps", "terms": "{stamps: 2, award: 50 points}", "sponsors": "{bakery: 100 %}"}


def test_a_trial_counts_the_callers_own_purchases_alone(street: Street) -> None:
    past = shopped(street)
    text = quest(**STAMPS)
    path = street.coalition.file(**STAMPS)
    campaign = street.coalition.campaigns.check(path)
    assert tried(campaign, past).points_total == 200, "with the purchases of all shops"

    mine = street.bakery.post("/campaigns/simulate", {"file": text}).json()
    theirs = street.cafe.post("/campaigns/simulate", {"file": text}).json()

    expected = tried(campaign, [one for one in past if one.partner == 1])
    shown = {name: value for name, value in mine.items() if name not in ("svg", "notes", "points_by_sponsor")}
    plain = expected.to_json() | {"points_per_member": [ONCE, TWICE]}
    assert shown == {name: plain[name] for name in shown} | {"short_by": [{"lowest": 1, "highest": 1, "members": 1}]}
    assert (mine["purchases"], mine["points_total"], mine["points_by_sponsor"]) == (7, 150, {"1": 150})
    assert mine["svg"].startswith("<svg ") and "150 points" in mine["svg"]
    assert any("your own purchases" in note for note in mine["notes"])
    assert (theirs["purchases"], theirs["members_seen"], theirs["points_total"]) == (2, 2, 0)
    assert code_of(street.florist.post("/campaigns/simulate", {"file": text}), 422) == "purchases_none"


@pytest.mark.parametrize("partners", ["[cafe]", "[cafe, florist]"])
def test_a_trial_made_for_another_shop_shows_nothing_of_it(street: Street, partners: str) -> None:
    shopped(street)
    terms = {"kind": "threshold", "terms": "{spend: 1.00, award: 1 points, every time: yes}"}
    spying = quest(partners=partners, sponsors="{bakery: 100 %}", **terms)
    found = street.bakery.post("/campaigns/simulate", {"file": spying}).json()
    assert (found["purchases"], found["members_seen"], found["points_total"]) == (0, 0, 0)
    assert found["points_per_member"] == found["short_by"] == []


def test_a_trial_moves_the_past_into_the_window_unless_told_not_to(street: Street) -> None:
    shopped(street)
    body = {"file": quest(**STAMPS)}
    moved = street.bakery.post("/campaigns/simulate", body).json()
    still = street.bakery.post("/campaigns/simulate", body | {"shift": False}).json()
    assert moved["shift_seconds"] % (7 * DAY) == 0 < moved["shift_seconds"] and moved["purchases"] == 7
    assert (still["shift_seconds"], still["purchases"], still["points_total"]) == (0, 0, 0)


def test_a_trial_takes_what_is_attested_and_who_was_brought(street: Street) -> None:
    ann, bob = street.coalition.custody.account("ann"), street.coalition.custody.account("bob")
    lesson = {"kind": "action", "terms": "{action: 7, award: 5 points}", "attestor": f"'{ann}'"}
    said = [{"member": who, "action": code, "occurred_at": day(8)} for who, code in ((ann, 7), (bob, 7), (bob, 8))]
    found = street.bakery.post("/campaigns/simulate", {"file": quest(**lesson), "actions": said}).json()
    assert (found["actions"], found["actions_refused"], found["points_total"]) == (3, 1, 10)

    shopped(street)
    street.coalition.go_to(START + 8 * DAY)
    friend = {"kind": "referral", "terms": "{new member: 20 points, referrer: 30 points}"}
    carol = street.coalition.member("carol")
    assert street.bakery.post("/earn", {"member": carol, "receipt": "c", "spend_minor": 700}).status_code == 201
    street.coalition.follower.catch_up()
    brought = [{"member": carol, "referrer": ann, "occurred_at": day(7)}]
    body = {"file": quest(**friend, opens=day(0), closes=day(20)), "invitations": brought}
    found = street.bakery.post("/campaigns/simulate", body).json()
    assert (found["invitations"], found["invitations_refused"], found["points_total"]) == (1, 0, 50)


def test_the_examples_run(street: Street) -> None:
    street.coalition.member("ann")
    shopped(street)
    earlier = TEXT.replace("50000", "40000")
    assert street.bakery.post("/campaigns", {"file": earlier}).json()["campaign"] == CHECK_REQUEST["amends"]
    found = street.bakery.post("/campaigns/check", CHECK_REQUEST).json()
    assert found["valid"] and found["changes"] == [
        {"field": "budget", "before": "40000 points", "after": "50000 points", "is_fixed": False}
    ]
    assert street.bakery.post("/campaigns/simulate", SIMULATION_REQUEST).json()["points_total"] == 0


def test_wrong_files_are_told_and_never_a_fault(street: Street) -> None:
    ann = street.coalition.member("ann")
    listed = FILE | {"segment": "regulars.csv"}
    (finding,) = street.bakery.post("/campaigns/check", {"file": listed}).json()["findings"]
    assert (finding["field"], finding["code"]) == ("segment", "segment_missing")
    assert street.bakery.post("/campaigns/check", {"file": listed, "accounts": [ann]}).json()["valid"]
    for name in ("x" * 300, "a\0b", "campaign.json", "..", "regulars.csv\n"):
        body = {"file": FILE | {"segment": name}, "accounts": [ann]}
        assert street.bakery.post("/campaigns/check", body).status_code == 200, name
    for file in (FILE | {"budget": 1 << 70}, FILE | {"budget": 1e308}, "", "\t{", "[" * 20, "- &a x", "{" * 9_000):
        found = street.bakery.post("/campaigns/check", {"file": file}).json()
        assert not found["valid"] and found["findings"], file
        assert code_of(street.bakery.post("/campaigns", {"file": file}), 422) == "campaign_invalid"
    half = json.dumps({"file": FILE | {"says": "half a letter: \ud800"}})
    headers = {"Authorization": f"Bearer {street.bakery.key}", "Content-Type": "application/json"}
    found = street.bakery.http.post("/v1/campaigns/check", content=half, headers=headers).json()
    assert found["fields"]["says"] == "half a letter: ?"

    assert code_of(street.bakery.post("/campaigns/check", {"file": FILE, "accounts": [ann]}), 422) == "campaign_invalid"
    money = {"file": quest(terms="{visits: 2, award: 300 points, least spend: 5.00}")}
    assert street.bakery.post("/campaigns/check", money).json()["valid"]
    (finding,) = street.bakery.post("/campaigns/check", money | {"decimals": 0}).json()["findings"]
    assert finding["code"] == "amount_too_fine"
    for wrong in ({"decimals": 5}, {"file": 7}, {"partner": 2}):
        assert code_of(street.bakery.post("/campaigns/check", money | wrong), 422) == "input_invalid"
    assert code_of(street.bakery.post("/campaigns/simulate", {"file": WRONG}), 422) == "campaign_invalid"
    said = {"member": "0x12", "action": 7, "occurred_at": day(1)}
    assert code_of(street.bakery.post("/campaigns/simulate", money | {"actions": [said]}), 422) == "address_invalid"
    many = [said] * 501
    assert code_of(street.bakery.post("/campaigns/simulate", money | {"actions": many}), 422) == "input_invalid"


class SlowTrials(FakeCampaigns):
    """Trials that end when they are let go."""

    def __init__(self) -> None:
        self.partners: list[int] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def simulate(self, path: Path, partner: int, **some: Any) -> Preview:
        self.partners.append(partner)
        self.begun.set()
        assert self.go.wait(60)
        return super().simulate(path, partner, **some)


def test_long_trials_are_computed_one_at_a_time_while_others_are_served(world: World) -> None:
    slow: Any = SlowTrials()
    context = replace(world.http.app.state.context, authoring=slow)  # type: ignore[attr-defined]
    keys = [world.access.credentials.issue(number, "desk") for number in (1, 1, 2)]

    served = asyncio.run(_served_meanwhile(context, slow, keys))

    assert served == (200, [1], [200, 200, 200])
    assert slow.partners == [1, 2, 1], "of one partner, one waits for all"


async def _served_meanwhile(context: Any, slow: SlowTrials, keys: list[str]) -> tuple[int, list[int], list[int]]:
    """The status of a read during a trial, whose trials were computed then, and how the trials were answered."""
    async with AsyncClient(transport=ASGITransport(create_app(context)), base_url="http://x") as http:

        def trial(key: str) -> asyncio.Task[Any]:
            headers = {"Authorization": f"Bearer {key}"}
            return asyncio.create_task(http.post("/v1/campaigns/simulate", json={"file": FILE}, headers=headers))

        def waiting() -> tuple[int, int]:
            return context._trials[1].statistics().tasks_waiting, context.trying.statistics().tasks_waiting

        trials = [trial(keys[0])]
        await asyncio.to_thread(slow.begun.wait, 60)
        trials += [trial(key) for key in keys[1:]]
        async with asyncio.timeout(60):
            while waiting() != (1, 1):
                await asyncio.sleep(0.01)
        read = await http.get("/v1/partner", headers={"Authorization": f"Bearer {keys[0]}"})
        begun = list(slow.partners)
        slow.go.set()
        return read.status_code, begun, [(await one).status_code for one in trials]
