"""Health says what is wrong, and nothing that is not for everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.bootstrap.health import Look, judged
from coalition.errors import ChainUnavailable, IntegrityError
from coalition.index.follower import FollowerStatus
from coalition.submit.submitter import Status

GOOD = Look(
    chain="",
    following=FollowerStatus(True, 100, 100, current_at=50.0),
    posting=Status(3, 1, 1_000, False, 1, 0, 2.0, False, {}),
    now=51.0,
)
URL = "http://user:secret@node"


def following(**changes: object) -> Look:
    return replace(GOOD, following=replace(GOOD.following, **changes))  # type: ignore[arg-type]


def posting(**changes: object) -> Look:
    return replace(GOOD, posting=replace(GOOD.posting, **changes))  # type: ignore[arg-type]


def test_in_order() -> None:
    found = judged(GOOD)
    assert found.ready
    assert [check.name for check in found.checks] == ["chain", "index", "outbox", "queue"]


@pytest.mark.parametrize(
    ("look", "part", "words"),
    [
        (replace(GOOD, chain="the node does not answer"), "chain", "the node does not answer"),
        (following(block=79), "index", "21 blocks behind"),
        (following(running=False), "index", "does not run"),
        (following(error=ChainUnavailable(URL)), "index", "chain_unavailable"),
        (following(error=RuntimeError(URL)), "index", "a fault of the program"),
        (following(current_at=10.0), "index", "not at the head for 41 s"),
        (following(listener_error=IntegrityError(URL)), "index", "audit"),
        (posting(trouble={"chain": URL, "outbox": URL}), "outbox", "trouble with the chain; trouble with the outbox"),
        (posting(waits_seconds=61.0), "outbox", "61 s"),
        (posting(waits_seconds=61.0, nonce_gaps=2), "outbox", "2 nonces"),
        (posting(pending=900, is_full=True), "queue", "900 of 1000"),
    ],
)
def test_what_is_wrong(look: Look, part: str, words: str) -> None:
    found = judged(look)
    (wrong,) = [check for check in found.checks if not check.ok]
    assert wrong.name == part and words in wrong.detail
    assert not any("secret" in check.detail for check in found.checks)


@pytest.mark.parametrize(
    "look", [following(block=80), following(current_at=21.0), posting(waits_seconds=60.0), posting(pending=899)]
)
def test_what_is_still_in_order(look: Look) -> None:
    assert judged(look).ready
