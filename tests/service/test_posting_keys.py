"""Which keys operations are signed with, as the book tells of new ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from coalition.bootstrap.opening import _PostingKeys
from coalition.errors import Unavailable
from coalition.ledger.events import PartnerKeyAdded, Position

KEY = f"0x{7:040x}"


def test_a_key_that_could_not_be_taken_up_is_taken_up_at_the_next_block() -> None:
    taken: list[Any] = []
    answers: list[Any] = [Unavailable("The read model is locked."), [SimpleNamespace(partner=1, keys=[key()])]]

    def partners() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    keystore: Any = SimpleNamespace(names=lambda: ["one"], address=lambda name: KEY, signer=lambda name: name)
    submitter: Any = SimpleNamespace(add_lane=lambda *lane: taken.append(lane))
    queries: Any = SimpleNamespace(partners=partners)
    keys = _PostingKeys(keystore, submitter, queries)

    with pytest.raises(Unavailable):
        keys.applied([(Position(7, 0, 0), PartnerKeyAdded(1, KEY, 0))], 7)
    assert taken == []
    keys.applied([], 8)
    assert taken == [(1, "one")]
    keys.applied([], 9)  # asks nobody
    assert answers == []


def key() -> Any:
    return SimpleNamespace(key=KEY, revoked_at=None)
