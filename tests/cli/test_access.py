"""Commands about API keys and the log of administration that need no chain: only a ledger's folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from coalition.access import Access
from coalition.access.secret_text import digest, id_of, new_id, new_key
from coalition.access.sources import networks_of
from coalition.bootstrap import open_access
from coalition.chain.deployment import Deployment
from coalition.cli import main
from coalition.cli.administrative import MARK
from coalition.settings import Settings

FIELDS: Any = dict.fromkeys(("manager", "registry", "ledger", "agreements", "campaign_book"), "0x" + "11" * 20)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a deployment, as `coalition deploy` writes it, whose chain is not there."""
    monkeypatch.delenv("COALITION_DATABASE_URL", raising=False)
    books = dict.fromkeys(("tier_book", "badge_book"), "0x" + "22" * 20)
    numbers = dict.fromkeys(("epoch_origin", "epoch_length", "validity_duration", "notice_seconds"), 1)
    delays = dict.fromkeys(("rotation_delay", "recovery_delay"), 1)
    deployment = Deployment(chain_id=1, block=1, block_hash="0x", **FIELDS, **books, **numbers, **delays, rules={})
    (tmp_path / "deployment.json").write_text(deployment.to_json())
    return tmp_path


@contextmanager
def keys(home: Path) -> Iterator[Access]:
    with open_access(Settings(home)) as access:
        yield access


def run(home: Path, *words: str, status: int = 0) -> Any:
    shown = CliRunner().invoke(main, [*words, "--home", str(home), "--json"], prog_name="coalition")
    assert shown.exit_code == status, shown.output
    return json.loads(shown.stdout.splitlines()[-1])


def log(home: Path) -> list[tuple[str, int | None, str, str]]:
    with keys(home) as access:
        return [(row.action, row.partner, row.target, row.outcome) for row in access.log.page()]


def test_rotate_and_revoke_are_done_and_written_down(home: Path) -> None:
    with keys(home) as access:
        key = access.credentials.issue(3, "till")
    key_id = id_of(key)
    rotated = run(home, "api-key", "rotate", key_id, "--overlap", "2d")["api_key"]
    with keys(home) as access:
        (found,) = access.credentials.all()
        assert access.looked_up(rotated).credential == access.looked_up(key).credential == found
        assert found.previous_until is not None and found.previous_until > found.created_at + 86_400
    assert run(home, "api-key", "rotate", key_id, status=1)["error"]["code"] == "rotation_unfinished"
    assert run(home, "api-key", "rotate", key_id, "--overlap", "0s")["api_key"] not in (key, rotated)
    assert run(home, "api-key", "revoke", key_id) == {"key_id": key_id, "revoked": True}
    assert run(home, "api-key", "revoke", "nothing", status=1)["error"]["code"] == "credential_unknown"
    for wrong in ("1", "h", "1w", "-1h", "９h"):
        assert (
            run(home, "api-key", "rotate", key_id, "--overlap", wrong, status=1)["error"]["code"] == "overlap_invalid"
        )
    assert log(home)[5:] == [
        ("api-key revoke", None, "nothing", "credential_unknown"),
        ("api-key revoke", 3, key_id, "done"),
        ("api-key rotate", 3, key_id, "done"),
        ("api-key rotate", 3, key_id, "rotation_unfinished"),
        ("api-key rotate", 3, key_id, "done"),
    ]
    with keys(home) as access:
        assert {row.actor.partition(":")[0] for row in access.log.page()} == {"cli"}
        assert not [row for row in access.log.page() if rotated in str(row)]


def test_a_key_is_changed(home: Path) -> None:
    with keys(home) as access:
        key = access.credentials.issue(3, "till", rate_limit="5/minute", sources=networks_of(["192.0.2.0/24"]))
    change = ("api-key", "change", id_of(key))
    shown = {"key_id": id_of(key), "scopes": "earn read", "sources": "192.0.2.0/24", "rate_limit": "5/minute"}
    assert run(home, *change, "--scope", "read", "--scope", "earn") == shown
    assert run(home, *change, "--anywhere", "--rate-limit", "service") == shown | {"sources": "–", "rate_limit": "–"}
    assert run(home, *change, "--source", "198.51.100.7") == shown | {"sources": "198.51.100.7/32", "rate_limit": "–"}
    assert run(home, *change) == shown | {"sources": "198.51.100.7/32", "rate_limit": "–"}
    wrong = {
        ("--source", "here"): "source_invalid",
        ("--anywhere", "--source", "192.0.2.1"): "source_invalid",
        ("--rate-limit", "lots"): "rate_limit_invalid",
    }
    for words, code in wrong.items():
        assert run(home, *change, *words, status=1)["error"]["code"] == code
    run(home, "api-key", "revoke", id_of(key))
    assert run(home, *change, "--scope", "earn", status=1)["error"]["code"] == "credential_unknown"
    assert log(home)[-1] == ("api-key change", 3, id_of(key), "done")


def test_the_log_is_verified(home: Path) -> None:
    head = run(home, "admin-log", "--verify")
    assert head == {"intact": True, "rows": 0, "head": "0:" + "00" * 32}
    for _ in range(3):
        run(home, "api-key", "revoke", "nothing", status=1)
    head = run(home, "admin-log", "--verify", "--known", head["head"])
    assert head["rows"] == 6, "of each call its beginning and its end"
    for wrong in ("3", "x:" + "00" * 32, "3:00", "3:zz"):
        assert run(home, "admin-log", "--verify", "--known", wrong, status=1)["error"]["code"] == "head_invalid"
    engine = create_engine(Settings(home).outbox_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER access_log_no_delete"))
        connection.execute(text("DELETE FROM access_log WHERE number = 2"))
    engine.dispose()
    broken = run(home, "admin-log", "--verify", status=1)["error"]
    assert (broken["code"], broken["number"]) == ("admin_log_broken", 2)


def test_keys_of_earlier_versions_are_taken_over_at_the_first_look(home: Path) -> None:
    key = new_key(new_id())
    old = {
        "id": id_of(key),
        "partner": 1,
        "label": "old",
        "sha256": digest(key).hex(),
        "created_at": 1,
        "revoked_at": None,
    }
    (home / "credentials.json").write_text(json.dumps({"credentials": [old]}))
    with keys(home) as access:
        assert access.looked_up(key).credential.label == "old"
    assert not (home / "credentials.json").exists()
    with keys(home) as access:
        access.credentials.revoke(id_of(key))
    with keys(home) as access:
        assert access.credentials.all()[0].revoked_at is not None


NOT_ADMINISTRATIVE = """
    demo deploy up audit admin-log load export balance history
    earn redeem hold capture release reverse refund
    partner-list api-key-list till-list till-gaps rule-list webhook-list tiers-show
    member-add member-show member-token
    campaign-new campaign-check campaign-simulate campaign-show campaign-list campaign-diff campaign-progress
    campaign-join campaign-refer campaign-attest campaign-claim campaign-draw
"""
"""Commands that only ask, that post, or that say what members did; and those before there is a log."""


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


def test_every_command_administers_or_is_known_not_to() -> None:
    found = {"-".join(path) for path, one in commands() if not getattr(one.callback, MARK, False)}
    assert found == set(NOT_ADMINISTRATIVE.split())


def test_every_command_that_administers_is_written_down(home: Path) -> None:
    """Run without a chain, each of them fails; that it was tried is in the log."""
    words = {
        ("partner", "add"): ["florist"],
        ("partner", "suspend"): ["florist"],
        ("partner", "key", "add"): ["florist"],
        ("partner", "key", "revoke"): ["florist", "0x1"],
        ("api-key", "issue"): ["florist"],
        ("rule", "add"): ["0x1"],
        ("rule", "remove"): ["0x1"],
        ("tiers", "set"): ["none.yaml"],
        ("tiers", "floor"): ["ann", "gold"],
        ("badge", "define"): ["1", "x:y"],
        ("campaign", "propose"): ["none.yaml", "--partner", "florist"],
        ("campaign", "approve"): ["1", "--partner", "florist"],
        ("campaign", "start"): ["1"],
        ("campaign", "pause"): ["1", "--partner", "florist"],
        ("campaign", "resume"): ["1", "--partner", "florist"],
        ("campaign", "end"): ["1", "--partner", "florist"],
        ("campaign", "close"): ["1"],
        ("till", "setup"): [],
        ("till", "add"): ["florist", "7", "--key", "0x1"],
        ("till", "revoke"): ["florist", "7"],
        ("webhook", "add"): ["florist", "https://shop.example/"],
        ("webhook", "remove"): ["florist", "wh_1"],
        ("webhook", "rotate"): ["florist", "wh_1"],
        ("webhook", "replay"): ["florist", "wh_1", "--after", "start"],
        ("webhook", "dead-letters"): ["florist", "wh_1"],
    }
    without_chain = {("api-key", "change"), ("api-key", "rotate"), ("api-key", "revoke")}
    assert words.keys() | without_chain == {path for path, one in commands() if getattr(one.callback, MARK, False)}
    settings = {"COALITION_RPC_URL": "http://127.0.0.1:9", "COALITION_PASSPHRASE": "x"}
    for path, arguments in words.items():
        shown = CliRunner().invoke(
            main, [*path, *arguments, "--home", str(home), "--json"], prog_name="coalition", env=settings
        )
        assert shown.exit_code == 1, (path, shown.output)
    found = log(home)
    assert [action for action, _, _, _ in reversed(found)] == [" ".join(path) for path in words]
    assert {outcome for *_, outcome in found} == {"chain_unavailable", "key_missing"}
    assert "ann" not in str(found), "a member's reference may be a name"
