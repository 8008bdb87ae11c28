"""`coalition campaign attest` that is stopped between two transactions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from coalition.chain.campaigns import AttestedAs
from coalition.cli import main
from coalition.errors import ChainUnavailable
from coalition.ledger.campaigns.calls import Attestation
from coalition.service.custody import Custody


@pytest.mark.parametrize("decided", [0, 1])
def test_what_was_decided_before_a_failure_is_told(monkeypatch: pytest.MonkeyPatch, decided: int) -> None:
    def attest(campaign: int, said: Sequence[Attestation], told: Callable[[list[AttestedAs]], None]) -> None:
        if decided:
            told([AttestedAs(said[0], 50)])
        raise ChainUnavailable("The node does not answer.")

    @contextmanager
    def opened(settings: Any) -> Iterator[Any]:
        yield SimpleNamespace(custody=Custody(b"\7" * 32), campaign_members=SimpleNamespace(attest=attest))

    monkeypatch.setattr("coalition.cli.campaign_members.open_ledger", opened)
    notes: list[str] = []
    monkeypatch.setattr("coalition.cli.common.Output.note", lambda out, text: notes.append(text))

    ended = CliRunner().invoke(main, ["campaign", "attest", "3", "ann", "ben", "--action", "7", "--id", "5", "--json"])

    (line,) = [line for line in ended.output.splitlines() if line.startswith("{")]
    error = json.loads(line)["error"]
    assert ended.exit_code == 1 and error["code"] == "chain_unavailable"
    if not decided:
        assert notes == [] and "outcomes" not in error
        return
    (outcome,) = error["outcomes"]
    assert (outcome["id"], outcome["points"], outcome["refused"]) == ("5", 50, None)
    assert notes == ["1 of 2 were decided before this. Ask again: an id counts once."]
