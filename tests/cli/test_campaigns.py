"""Campaigns, kinds, tiers and badges as people lead them from the command line."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from coalition.chain.rpc import HttpRpc
from coalition.cli.common import time_text
from tests.cli.process import coalition

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def test_a_campaign_is_written_checked_compared_and_tried(home: Path, run: Any, tmp_path: Path) -> None:
    file, other, purchases = tmp_path / "card.yaml", tmp_path / "other.yaml", tmp_path / "purchases.csv"
    assert run("campaign", "new", "stamps", file) == {"kind": "stamps", "file": str(file)}
    assert run("campaign", "new", "stamps", file, status=1)["error"]["code"] == "file_exists"
    assert run("campaign", "check", file)["fields"]["terms.stamps"] == "10"

    other.write_text(file.read_text().replace("stamps: 10 ", "stamps: 3 "))
    found = run("campaign", "diff", file, other)
    assert found["changes"] == [{"field": "terms.stamps", "before": "10", "after": "3", "is_fixed": False}]
    assert found["is_amendable"] is True

    rows = [f"m{number},grocery,P-{number}-{day},700,2016-03-0{day}" for number in (1, 2) for day in (1, 2, 3)]
    purchases.write_text("\n".join(["member,partner,receipt,spend_minor,occurred_at", *rows, "m3,market,P-3,oops,"]))
    preview = run("campaign", "simulate", other, "--against", purchases, "--svg", tmp_path / "other.svg")
    assert (preview["points_total"], preview["members_reached"], preview["awards"]) == (1_000, 2, 2)
    assert (tmp_path / "other.svg").read_text().startswith("<svg ")
    printed = coalition(home, "campaign", "simulate", other, "--against", purchases)
    assert "This would have cost 1,000 points" in printed.out and "amount_invalid: 1" in printed.err

    other.write_text(file.read_text().replace("60 %", "50 %").replace("kind: stamps", "kind: stamp"))
    error = run("campaign", "check", other, status=1)["error"]
    assert error["code"] == "campaign_invalid"
    assert [(one["line"], one["code"]) for one in error["findings"]] == [(3, "choice_unknown"), (7, "shares_wrong")]


QUEST = """\
campaign: Bread and fuel
says: Visit both shops and get 300 points.
kind: quest
opens: {opens}
closes: 2040-01-01
partners: [grocery, market]
sponsors: {{grocery: 60 %, market: 40 %}}
budget: 10000 points
terms: {{visits: 2, award: 300 points}}
early end: 1 day
"""


def go_to(home: Path, timestamp: int) -> None:
    """Move the clock of the embedded chain."""
    url = json.loads((home / "chain" / "process.json").read_text())["url"]
    with closing(HttpRpc(url)) as rpc:
        rpc.call("evm_setNextBlockTimestamp", [timestamp])
        rpc.call("evm_mine", [])


def test_a_campaign_from_its_file_to_its_end(home: Path, run: Any, tmp_path: Path) -> None:
    file, opens = tmp_path / "quest.yaml", int(time.time()) + 3_600
    file.write_text(QUEST.format(opens=time_text(opens)))
    run("partner", "add", "stranger")
    assert run("campaign", "propose", file, "--partner", "stranger", status=1)["error"]["code"] == "sponsor_only"
    proposed = run("campaign", "propose", file, "--partner", "grocery")
    number = proposed["campaign"]
    assert proposed["status"] == "proposed"
    assert run("campaign", "approve", number, "--partner", "grocery")["status"] == "proposed"
    assert run("campaign", "approve", number, "--partner", "market")["status"] == "scheduled"
    assert run("campaign", "pause", number, "--partner", "market", status=1)["error"]["code"] == "campaign_not_pausable"
    assert run("campaign", "show", 99, status=1)["error"]["code"] == "campaign_unknown"
    assert run("campaign", "diff", number, file)["changes"] == []
    assert coalition(home, "campaign", "show", number, "--file").out == file.read_text()
    assert run("campaign", "join", number, status=1)["error"]["code"] == "segment_none"
    assert run("campaign", "draw", number, status=1)["error"]["code"] == "draw_none"
    attest = ("campaign", "attest", number, "quin", "--action", 1, "--id", 1)
    assert run(*attest, status=1)["error"]["code"] == "attestor_none"
    run("member", "add", "quin")
    assert run("campaign", "claim", number, "quin")["points"] == 0
    assert run("tiers", "show", "quin")["missing"] == 0 and len(run("tiers", "show")["tiers"]) == 1
    go_to(home, opens)

    earn = ("earn", "--member", "quin", "--spend-minor", 1_000)
    assert run(*earn, "--partner", "grocery", "--receipt", "Q-1")["awarded"] == 0
    (standing,) = run("campaign", "progress", "--member", "quin")["campaigns"]
    assert (standing["done"], standing["needed"], standing["next_award_points"]) == (1, 2, 300)
    assert run(*earn, "--partner", "market", "--receipt", "Q-2")["awarded"] == 300
    assert run("campaign", "show", number)["paid_points"] == 300
    assert run("campaign", "progress", number)["members_reached"] == 1
    assert run("reverse", "--partner", "market", "--receipt", "Q-3", "--original", "Q-2")["awarded"] == 300
    (standing,) = run("campaign", "progress", number, "--member", "quin")["campaigns"]
    assert (standing["done"], standing["paid_points"]) == (1, 0)
    preview = run("campaign", "simulate", file, "--no-shift")
    assert preview["points_total"] >= 300, "the ledger's own history"

    file.write_text(QUEST.format(opens=time_text(int(time.time()) + 200_000)).replace("10000", "20000"))
    changed = run("campaign", "propose", file, "--partner", "market", "--amend", number)["changes"]
    assert [one["field"] for one in changed] == ["opens", "budget"]
    assert run("campaign", "end", number, "--partner", "market")["status"] == "running"
    assert run("campaign", "close", number, status=1)["error"]["code"] == "campaign_not_over"
    (listed,) = run("campaign", "list")["campaigns"]
    assert (listed["name"], len(listed["versions"])) == ("Bread and fuel", 2)
    for words in (
        ("list",),
        ("show", number),
        ("progress", number),
        ("progress", "--member", "quin"),
        ("diff", 1, file),
    ):
        shown = coalition(home, "campaign", *words).out
        assert shown.strip() and "Traceback" not in shown


def test_tiers_are_announced(home: Path, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "tiers.yaml"
    file.write_text(coalition(home, "campaign", "new", "tiers").out)
    announced = run("tiers", "set", file)
    assert announced["tiers"] == ["member", "silver", "gold"]
    run("member", "add", "vip")
    early = ("tiers", "floor", "vip", "gold", "--until", "2039-01-01")
    assert run(*early, status=1)["error"]["code"] == "tier_unknown", "the programme does not count yet"
    go_to(home, int(datetime.fromisoformat(announced["counts_from"]).timestamp()))
    paid = run("tiers", "floor", "vip", "gold", "--until", "2039-01-01T00:00:01Z")
    assert (paid["name"], paid["paid_until"]) == ("gold", "2039-01-01T01:00:00Z")
    assert run("tiers", "show", "vip")["tier"] == 2
    for words, code in (
        (("nobody", "gold", "--until", "2039-01-01"), "member_unknown"),
        (("vip", "diamond", "--until", "2039-01-01"), "tier_unknown"),
        (("vip", 3, "--until", "2039-01-01"), "tier_unknown"),
        (("vip", "gold", "--until", "2001-01-01"), "floor_until_invalid"),
        (("vip", "gold", "--until", "soon"), "input_invalid"),
        (("vip", "gold"), "input_invalid"),
        (("vip", "member", "--until", "2039-01-01"), "input_invalid"),
    ):
        assert run("tiers", "floor", *words, status=1)["error"]["code"] == code
    assert run("tiers", "show", "vip")["name"] == "gold", "what was refused changed nothing"
    ended = run("tiers", "floor", "vip", 0)
    assert (ended["name"], ended["paid_until"]) == ("member", None)

    file.write_text(file.read_text().replace("from: 350.00", "from: 2000.00"))
    error = run("tiers", "set", file, status=1)["error"]
    assert error["code"] == "campaign_invalid" and error["findings"][0]["field"] == "tiers[3].from"


def test_kinds_are_allowed_and_removed(run: Any, home: Path, tmp_path: Path) -> None:
    kinds = {one["kind"]: one["rule"] for one in run("rule", "list")["rules"]}
    assert len(kinds) == 11 and None not in kinds
    foreign = json.loads((home / "deployment.json").read_text())["ledger"]
    assert run("rule", "add", foreign) == {"rule": foreign, "kind": None, "listed": True}
    assert [one["rule"] for one in run("rule", "list")["rules"]] == [*kinds.values(), foreign]
    assert run("rule", "remove", foreign)["listed"] is False
    assert run("rule", "remove", foreign, status=1)["error"]["code"] == "rule_not_listed"
    assert run("rule", "add", ADDRESS, status=1)["error"]["code"] == "contract_missing"
    assert run("rule", "add", "quest", status=1)["error"]["code"] == "address_invalid"

    file = tmp_path / "quest.yaml"
    file.write_text(QUEST.format(opens="2039-01-01"))
    run("rule", "remove", kinds["quest"])
    refused = run("campaign", "propose", file, "--partner", "grocery", status=1)["error"]
    assert refused["code"] == "rule_not_listed"
    run("rule", "add", kinds["quest"])
    assert "quest" in coalition(home, "rule", "list").out


def test_badges_are_defined(run: Any, home: Path) -> None:
    uri = "https://example.com/badges/7"
    assert run("badge", "define", 7, uri) == {"badge": 7, "uri": uri}
    assert run("badge", "define", 7, "", status=1)["error"]["code"] == "badge_invalid"
    for number in (0, 1 << 32, "seven"):
        assert coalition(home, "badge", "define", number, uri, status=2).err


ACTION = """\
campaign: Reviews
says: Write a review and get 50 points.
kind: action
opens: {opens}
closes: 2040-01-01
partners: [grocery]
sponsors: {{grocery: 100 %}}
budget: 10000 points
attestor: '{attestor}'
terms: {{action: 7, award: 50 points}}
"""


def test_many_members_are_attested(run: Any, home: Path, tmp_path: Path) -> None:
    file, said, opens = tmp_path / "action.yaml", tmp_path / "said.csv", int(time.time()) + 400_000
    operator = next(one for one in coalition(home, "campaign", "new", "action").out.split() if one.startswith("'0x"))
    file.write_text(ACTION.format(opens=time_text(opens), attestor=operator.strip("'")))
    number = run("campaign", "propose", file, "--partner", "grocery")["campaign"]
    assert run("campaign", "start", number, status=1)["error"]["code"] == "approval_missing"
    assert run("campaign", "start", 999, status=1)["error"]["code"] == "campaign_unknown"
    run("campaign", "approve", number, "--partner", "grocery")
    assert (
        run("campaign", "start", number)["version"] == run("campaign", "start", number, "--version", 1)["version"] == 1
    )
    assert run("campaign", "start", number, "--version", 2, status=1)["error"]["code"] == "terms_unknown"
    attest = ("campaign", "attest", number)
    run("member", "add", "rea", "rob")
    (early,) = run(*attest, "rea", "--action", 7, "--id", 1)["outcomes"]
    assert (early["points"], early["refused"]) == (0, "not_open")
    go_to(home, opens)

    by_name = run(*attest, "rea", "rob", "nobody", "--action", 7, "--id", 5)
    assert [(one["id"], one["points"], one["refused"]) for one in by_name["outcomes"]] == [
        ("5", 50, None),
        ("6", 50, None),
        ("7", 0, "member_unknown"),
    ]
    said.write_text("id,member,note,action\n6,rea,twice,7\n8,rea,good,7\n9,rob,other,3\n")
    by_file = run(*attest, "--file", said)
    assert by_file["points"] == 50
    assert [one["refused"] for one in by_file["outcomes"]] == ["id_used", None, "not_eligible"]
    printed = coalition(home, *attest, "--file", said).out
    assert "0 points; 3 of 3 refused" in printed and "not eligible" in printed
    assert run("balance", "rea")["points"] == 100

    said.write_text("id,member,action\n10,rea,7\n10,rob,7\n-1,rob,7\n12,rob\n13,,x\n")
    refused = run(*attest, "--file", said, status=1)["error"]
    assert refused["code"] == "rows_invalid" and [one["line"] for one in refused["findings"]] == [3, 4, 5, 6]
    said.write_text("member,action\nrea,7\n")
    assert run(*attest, "--file", said, status=1)["error"]["code"] == "columns_missing"
    assert run(*attest, "--file", tmp_path / "none.csv", status=1)["error"]["code"] == "file_unreadable"
    for words in ((), ("rea",), ("rea", "--action", 7), ("rea", "--action", 7, "--id", 1, "--file", said)):
        assert run(*attest, *words, status=1)["error"]["code"] == "input_invalid"
    assert run("balance", "rea")["points"] == 100, "nothing of a file that is wrong was taken"


@pytest.mark.parametrize("kind", ["action", "multiplier", "surprise"])
def test_files_are_begun_and_checked_without_a_ledger(tmp_path: Path, kind: str) -> None:
    home, file = tmp_path / "none", tmp_path / "new.yaml"
    file.write_text(coalition(home, "campaign", "new", kind).out)
    checked = coalition(home, "campaign", "check", file, "--json")
    assert checked.json["fields"]["kind"] == kind and "no ledger here" in checked.err
    shown = coalition(home, "campaign", "simulate", file, "--json", status=1)
    assert shown.json["error"]["code"] == "purchases_none" and not home.exists()
    said = tmp_path / "said.csv"
    said.write_text("member,action,id,occurred_at\nann,1,1,2026-03-01\nann,1,2,2026-03-02\n")
    preview = coalition(home, "campaign", "simulate", file, "--attested", said, "--json").json
    assert preview["actions"] == (2 if kind == "action" else 0)
    assert any("left out" in note for note in preview["notes"]) == (kind != "action")
    file.write_text(file.read_text().replace("budget: 50000", "budget: 50,000"))
    shown = coalition(home, "campaign", "check", file, "--json", status=1)
    assert [(one["line"], one["field"]) for one in shown.json["error"]["findings"]] == [(8, "budget")]


def test_the_audit_proves_the_campaigns(run: Any) -> None:
    assert run("audit")["verdict"] == "match"
