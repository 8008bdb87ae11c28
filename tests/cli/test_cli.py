"""The command as people run it: in processes of its own, on an embedded chain."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner

from coalition.cli import main
from tests.cli.process import ROOT, TIMEOUT, Served, coalition, left_running, spawn, up, wait_until

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def commands(group: click.Group = main, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


ALL = dict(commands())


# ---- help and documents


@pytest.mark.parametrize(
    "words", [(), ("partner",), ("partner", "key"), ("till",), ("member",), ("api-key",), *ALL], ids=" ".join
)
def test_help(words: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        shown = CliRunner().invoke(main, [*words, flag])
        assert shown.exit_code == 0 and shown.output.startswith("Usage: ")
    if words in ALL:
        assert ALL[words].help and "--home" in shown.output and "--json" in shown.output


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    for parameter in ALL[words].params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_the_document_names_every_command_and_no_other() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    rows = re.findall(r"^\| `coalition ([a-z -]+)` \| .+ \| `(coalition [^`]+)` \|$", text, re.MULTILINE)
    assert [words for words, _ in rows] == [" ".join(words) for words in _in_order(rows)]
    assert {tuple(words.split()) for words, _ in rows} == set(ALL)


def _in_order(rows: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    return [tuple(words.split()) for words, _ in rows]


def test_the_examples_of_the_document_have_options_that_exist() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    for words, example in re.findall(
        r"^\| `coalition ([a-z -]+)` \| .+ \| `coalition ([^`]+)` \|$", text, re.MULTILINE
    ):
        assert example.startswith(words)
        command = ALL[tuple(words.split())]
        command.make_context(words, example.removeprefix(words).split())


def test_the_version() -> None:
    assert re.fullmatch(r"coalition, version \d+\.\d+.*\n", coalition(None, "--version").out)


# ---- one ledger for the rest


def test_partners_and_keys(run: Any) -> None:
    added = run("partner", "add", "fuel", "--currency", "EUR")
    listed = {one["name"]: one for one in run("partner", "list")["partners"]}
    assert (listed["fuel"]["currency"], listed["fuel"]["status"], len(listed["fuel"]["keys"])) == ("EUR", "active", 1)
    key = run("partner", "key", "add", "fuel")["key"]
    assert run("partner", "key", "revoke", "fuel", key)["revoked"] is True
    assert run("partner", "suspend", "fuel")["status"] == "suspended"
    fuel = next(one for one in run("partner", "list")["partners"] if one["name"] == "fuel")
    assert fuel["status"] == "suspended" and fuel["partner"] == added["partner"]
    assert [one["revoked"] for one in fuel["keys"] if one["key"] == key] == [True]
    earn = ("earn", "--partner", "fuel", "--member", "ann", "--receipt", "F-1", "--spend-minor", 1, "--enrol")
    assert run(*earn, status=1)["error"]["code"] == "partner_not_active"
    assert run("partner", "add", "fuel", status=1)["error"]["code"] == "partner_known"
    assert run("partner", "add", "7", status=1)["error"]["code"] == "partner_invalid", "it would be taken for a number"


def test_a_partner_keeps_its_keys(run: Any) -> None:
    account, key, further = (f"0x{number:040x}" for number in (0xACC, 0xBEE, 0xBEF))
    added = run("partner", "add", "kiosk", "--key", key, "--account", account)
    assert added["account"].lower() == account
    assert run("partner", "key", "add", "kiosk", "--key", further)["key"].lower() == further
    kiosk = next(one for one in run("partner", "list")["partners"] if one["name"] == "kiosk")
    assert [one["key"].lower() for one in kiosk["keys"]] == [key, further]
    earn = ("earn", "--partner", "kiosk", "--member", "ann", "--receipt", "K-1", "--spend-minor", 1, "--enrol")
    assert run(*earn, status=1)["error"]["code"] == "partner_key_missing"
    assert run("partner", "add", "stand", "--key", key, status=1)["error"]["code"] == "input_invalid"
    assert (
        run("partner", "add", "stand", "--key", "0x1", "--account", account, status=1)["error"]["code"]
        == "address_invalid"
    )


def test_tills(run: Any) -> None:
    first, second = (f"0x{number:040x}" for number in (0x7111, 0x7112))
    added = run("till", "add", "grocery", 7, "--key", first)
    assert (added["till"], added["key"].lower(), added["revoked_at"]) == (7, first, None)
    assert run("till", "add", "grocery", 7, "--key", second)["key"].lower() == second
    assert run("till", "revoke", "grocery", 7)["revoked_at"] is not None
    listed = run("till", "list", "grocery")
    assert [(one["till"], one["revoked_at"] is None) for one in listed["tills"]] == [(7, False), (7, False)]
    empty = {"till": 7, "highest": 0, "accepted": [], "gaps": [], "next": None}
    assert run("till", "gaps", "grocery", 7) == empty
    for words, code in (
        (("add", "grocery", 8, "--key", first), "key_known"),
        (("revoke", "grocery", 7), "till_unknown"),
        (("gaps", "market", 7), "till_unknown"),
        (("setup",), "till_registry_known"),
    ):
        assert run("till", *words, status=1)["error"]["code"] == code


def test_a_day_at_the_till(home: Path, run: Any) -> None:
    assert run("member", "add", "ann", ADDRESS)["members"][1] == {"member": ADDRESS, "account": ADDRESS}
    shown = run("member", "show", "ann")
    assert shown["enrolled"] is True and shown["points"] == 0

    till = ("--partner", "grocery")
    earn = ("earn", *till, "--member", "ann", "--receipt", "A-1", "--spend-minor", 1_000)
    first = run(*earn)
    assert [first[name] for name in ("points", "balance", "replayed", "receipt")] == [1_000, 1_000, False, "A-1"]
    assert run(*earn)["replayed"] is True
    assert run("redeem", *till, "--member", "ann", "--receipt", "A-2", "--points", 100)["balance"] == 900
    for name in ("A-3", "A-4"):
        assert run("hold", *till, "--member", "ann", "--receipt", name, "--points", 50)["kind"] == "hold"
    assert run("balance", "ann")["held"] == 100
    assert run("capture", *till, "--receipt", "A-3", "--points", 40)["balance"] == 810
    assert run("release", *till, "--receipt", "A-4")["balance"] == 860
    assert run("reverse", *till, "--receipt", "A-5", "--original", "A-1", "--spend-minor", 300)["points"] == 300
    assert run("refund", *till, "--receipt", "A-6", "--original", "A-2")["points"] == 100
    balance = run("balance", "ann")
    assert (balance["points"], balance["held"], balance["debt"]) == (660, 0, 0)
    assert sum(lot["points"] for lot in balance["lots"]) == 660

    page = run("history", "--member", "ann", "--limit", 3)
    assert len(page["operations"]) == 3 and page["next"]
    rest = run("history", "--member", "ann", "--cursor", page["next"], "--limit", 200)
    kinds = [one["kind"] for one in page["operations"] + rest["operations"]]
    assert kinds == ["refund", "reverse", "release", "capture", "hold", "hold", "redeem", "earn"]

    for words in (("balance", "ann"), ("history",), ("member", "show", "ann"), ("partner", "list"), earn):
        shown = coalition(home, *words).out
        assert shown.strip() and "{" not in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("earn", "--member", "ann", "--receipt", "A-1", "--spend-minor", "7"), "receipt_conflict"),
        (("earn", "--member", "a stranger", "--receipt", "E-1", "--spend-minor", "7"), "member_unknown"),
        (("earn", "--member", "ann", "--receipt", "E-1", "--spend-minor", "0"), "amount_invalid"),
        (("earn", "--member", "ann", "--receipt", "E-1", "--spend-minor", str(1 << 64)), "amount_too_large"),
        (("earn", "--member", "ann", "--receipt", " E-1", "--spend-minor", "5"), "receipt_invalid"),
        (("earn", "--member", " ann", "--receipt", "E-1", "--spend-minor", "5"), "member_invalid"),
        (("earn", "--member", ADDRESS[:-2], "--receipt", "E-1", "--spend-minor", "5"), "address_invalid"),
        (("earn", "--member", "ann", "--receipt", "E-1", "--spend-minor", "5", "--currency", "GBP"), "currency_wrong"),
        (("redeem", "--member", "ann", "--receipt", "E-1", "--points", "100000"), "balance_too_low"),
        (("redeem", "--member", ADDRESS, "--receipt", "E-1", "--points", "1"), "key_not_in_custody"),
        (("redeem", "--member", ADDRESS, "--receipt", "E-1", "--points", "1", "--allowance"), "balance_too_low"),
        (("redeem", "--member", "ann", "--receipt", "E-1", "--points", "1", "--allowance"), "allowance_too_low"),
        (
            ("redeem", "--member", "ann", "--receipt", "E-1", "--points", "1", "--signature", "0x12"),
            "signature_malformed",
        ),
        (("redeem", "--member", "ann", "--receipt", "E-1", "--points", "1", "--signature", "zz"), "input_invalid"),
        (("hold", "--member", "ann", "--receipt", "E-1", "--points", "1", "--deadline", "soon"), "input_invalid"),
        (
            ("hold", "--member", "ann", "--receipt", "E-1", "--points", "1", "--deadline", "2099-01-01"),
            "deadline_too_far",
        ),
        (("capture", "--receipt", "never", "--points", "1"), "hold_unknown"),
        (("reverse", "--receipt", "E-1", "--original", "never"), "original_unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_what_is_wrong_is_said_in_a_sentence(home: Path, run: Any, words: tuple[str, ...], code: str) -> None:
    arguments = [words[0], "--home", str(home), "--partner", "grocery", *words[1:], "--json"]
    shown = CliRunner().invoke(main, arguments)
    assert shown.exit_code == 1, shown.output
    assert json.loads(shown.stdout)["error"]["code"] == code
    assert re.fullmatch(rf"error: [^\n]+ \({code}\)\n", shown.stderr)


def test_loading(home: Path, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "purchases.csv"
    file.write_text("who,partner,receipt,spend_minor\nbob,market,L-1,1000\nbob,market,L-2,0\nbob,market,L-3,2000\n")
    loaded = run("load", file, "--map", "member=who")
    assert loaded == {
        "rows": 3,
        "accepted": 2,
        "replayed": 0,
        "refused": 1,
        "points_issued": 45,
        "points_awarded": 0,
        "refused_by_code": {"amount_zero": 1},
    }
    assert (tmp_path / "purchases.csv.refused.csv").read_text().startswith("line,code,reason\n3,amount_zero,")
    assert "replayed" in coalition(home, "load", file, "--map", "member=who").out
    assert run("load", file, status=1)["error"]["code"] == "columns_missing"
    assert run("load", file, "--map", "nobody=who", status=1)["error"]["code"] == "map_invalid"
    assert run("load", tmp_path / "none.csv", status=1)["error"]["code"] == "file_unreadable"
    file.write_text("who,partner,receipt,spend_minor\nnew,market,L-4,1000\n")
    assert run("load", file, "--map", "member=who", "--no-enrol")["refused_by_code"] == {"member_unknown": 1}


def test_keys_of_the_api_and_partners_that_came_after_it_started(served: Served, run: Any) -> None:
    issued = run("api-key", "issue", "grocery", "--label", "till 7")["api_key"]
    with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {issued}"}, timeout=60) as client:
        assert client.get("/v1/partner/totals").status_code == 200
        body = {"member": ADDRESS, "spend_minor": 5, "receipt": "H-1"}
        posted = client.post("/v1/earn", json=body)
        assert posted.status_code in (200, 201), posted.text
        key_id = issued.split("_")[1]
        rotated = run("api-key", "rotate", key_id, "--overlap", "1h")["api_key"]
        for key in (issued, rotated):
            assert client.get("/v1/partner", headers={"Authorization": f"Bearer {key}"}).status_code == 200
        assert run("api-key", "revoke", key_id)["revoked"] is True
        wait_until(lambda: client.get("/v1/partner/totals").status_code == 401)
    (listed,) = run("api-key", "list", "grocery")["keys"]
    assert (listed["key_id"], listed["label"], listed["scopes"]) == (key_id, "till 7", ["earn", "redeem", "read"])
    assert listed["status"] == "revoked" and listed["last_used"] and listed["previous_until"]
    calls = run("admin-log", "--partner", "grocery")["calls"]
    assert [call["action"] for call in calls if call["target"] == key_id] == [
        "api-key revoke",
        "api-key rotate",
        "api-key issue",
    ]
    assert calls[-1]["action"] == "partner add" and {call["partner"] for call in calls} == {"grocery"}


def test_the_audit_and_the_end(home: Path, served: Served, run: Any) -> None:
    assert run("audit")["verdict"] == "match"
    assert "match" in coalition(home, "audit").out.lower()


def test_up_ends_with_ctrl_c_and_leaves_nothing_running(home: Path, served: Served, run: Any) -> None:
    assert httpx.get(served.url + "/docs", follow_redirects=True, timeout=60).status_code == 200
    said = served.stop()
    assert served.process.returncode == 0 and "Stopped." in said
    assert left_running(home) == []
    assert coalition(home, "balance", "ann", "--json").json["points"] == 660
    assert coalition(home, "balance", "nobody").out.rstrip().endswith("which is no member")
    assert left_running(home) == []


# ---- other homes


@pytest.mark.parametrize(
    "words", [("balance", "ann"), ("audit",), ("up",), ("partner", "list"), ("api-key", "revoke", "x")]
)
def test_no_ledger(tmp_path: Path, words: tuple[str, ...]) -> None:
    shown = coalition(tmp_path / "none", *words, "--json", status=1)
    assert shown.json["error"]["code"] == "ledger_missing" and "coalition deploy" in shown.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("nothing",),
        ("earn",),
        ("earn", "--spend-minor", "1.5"),
        ("history", "--limit", "0"),
        ("load",),
        ("up", "--port", "65536"),
        ("demo", "--port", "-1"),
    ],
)
def test_wrong_usage_is_status_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*words])
    assert shown.exit_code == 2 and "Usage:" in shown.output


def test_two_homes_side_by_side(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    coalition(one, "deploy")
    assert coalition(one, "deploy", "--json", status=1).json["error"]["code"] == "ledger_exists"
    with up(one) as first:
        # --home counts before the environment
        assert coalition(one, "deploy", "--home", two, "--json").json["home"] == str(two)
        with up(two) as second:
            assert first.url != second.url
            assert coalition(two, "partner", "add", "shop", "--json").json["partner"] == 1
            assert coalition(one, "partner", "list", "--json").json["partners"] == []
            taken = first.url.rsplit(":", 1)[1]
            third = spawn(two, "up", "--port", taken)
            assert third.stderr is not None
            said = next(line for line in third.stderr if line.startswith("API: "))
            assert f":{taken}/" not in said, "a port that is taken is left to whoever has it"
            assert said.rstrip().endswith(f"(port {taken} is taken)")
            third.send_signal(signal.SIGTERM)
            third.communicate(timeout=TIMEOUT)
        assert left_running(two) == []
    assert left_running(one) == []


def test_an_address_that_this_machine_has_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    coalition(home, "deploy")
    shown = coalition(home, "up", "--host", "192.0.2.1", "--json", status=1)
    assert shown.json["error"]["code"] == "address_unusable"
    file = home / "deployment.json"
    file.write_text("{}")
    assert coalition(home, "balance", "ann", "--json", status=1).json["error"]["code"] == "deployment_invalid"
    assert left_running(home) == []
