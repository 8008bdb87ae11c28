"""`coalition webhook …`, over webhooks in a database of the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from coalition.access import Access
from coalition.access.admin_log import AdminLog
from coalition.cli import main
from coalition.submit.webhook_leases import Progress, WebhookLeases
from coalition.submit.webhooks import Checkpoint, Kept
from tests.webhooks.world import World

Run = Callable[..., Any]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.close()


@pytest.fixture
def log(world: World) -> Iterator[AdminLog]:
    access = Access(world.engine)
    yield access.log
    access.close()


@pytest.fixture
def run(world: World, log: AdminLog, monkeypatch: pytest.MonkeyPatch) -> Run:
    @contextmanager
    def opened(settings: Any) -> Iterator[Any]:
        yield SimpleNamespace(webhooks=world.webhooks, service=world.ledger)

    @contextmanager
    def access(settings: Any) -> Iterator[Any]:
        yield SimpleNamespace(log=log)

    monkeypatch.setattr("coalition.cli.webhooks.open_ledger", opened)
    monkeypatch.setattr("coalition.cli.administrative.open_access", access)
    monkeypatch.setattr("coalition.cli.administrative._of_name", lambda settings, name: 1)

    def one(*arguments: str, status: int = 0) -> Any:
        ended = CliRunner().invoke(main, ["webhook", *arguments, "--json"])
        assert ended.exit_code == status, ended.output
        lines = [line for line in ended.output.splitlines() if line.startswith(("{", "["))]
        return json.loads(lines[-1])

    return one


def test_from_its_beginning_to_its_end(run: Run, log: AdminLog) -> None:
    url = "https://shop.example/hook"
    made = run("add", "Corner Grocery", url, "--type", "earn.accepted", "--type", "refund.accepted")
    assert (made["partner"], made["types"], made["status"]) == (1, "earn.accepted refund.accepted", "active")
    assert made["secret"].startswith("whsec_")
    (listed,) = run("list", "1")
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert run("rotate", "1", made["webhook"], "--overlap-hours", "1")["secret"] != made["secret"]
    assert run("list", "Green Market") == []
    assert run("remove", "2", made["webhook"], status=1)["error"]["code"] == "webhook_unknown"
    assert run("remove", "1", made["webhook"]) == {"webhook": made["webhook"], "removed": True}
    assert run("list", "1") == []
    assert run("add", "1", "http://shop.example/", status=1)["error"]["code"] == "webhook_url_forbidden"
    logged = log.page()[::-1]
    assert [(call.action, call.outcome) for call in logged] == [
        ("webhook add", "done"),
        ("webhook rotate", "done"),
        ("webhook remove", "webhook_unknown"),
        ("webhook remove", "done"),
        ("webhook add", "webhook_url_forbidden"),
    ]
    assert "whsec_" not in str(logged) and "shop.example" not in str(logged)
    assert logged[0].target == made["webhook"]


def test_replay_and_dead_letters(run: Run, world: World) -> None:
    for receipt in range(1, 4):
        world.earn(1, receipt)
    webhook = run("add", "1", "https://shop.example/hook")["webhook"]
    leases = WebhookLeases(world.engine, "node")
    ((row, *_), _) = leases.renew(0, 30)
    letter = Kept(2, 0, "evt_2", "earn.accepted", "x", 8, 0, True, "status 500")
    assert leases.checkpoint(row, Progress(Checkpoint("evt_3", 3, 0, ""), [letter], [], None, None))
    leases.close()
    wanted = {"event_id": "evt_2", "type": "earn.accepted", "attempts": 8, "reason": "status 500"}
    assert run("dead-letters", "1", webhook) == [wanted]
    assert run("dead-letters", "1", webhook, "--redrive") == [wanted]
    assert run("dead-letters", "1", webhook) == []
    (listed,) = run("list", "1")
    assert (listed["checkpoint"], listed["waiting"], listed["dead_letters"]) == ("evt_3", 1, 0)
    assert run("replay", "1", webhook)["checkpoint"] == "evt_3"
    assert run("replay", "1", webhook, "--since", "2026-03-01T12:00:02Z")["checkpoint"].startswith("evt_1_1_")
    assert run("replay", "1", webhook, "--after", "start")["checkpoint"].startswith("evt_1_0_end_")
    assert run("replay", "1", webhook, "--after", "x", status=1)["error"]["code"] == "event_id_invalid"
