"""Access tokens: opaque, kept as hashes, no better and no longer than the secret that they were got with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from coalition.access import Access, Scope
from coalition.access.credentials import LOOK_SECONDS
from coalition.access.secret_text import digest, id_of
from coalition.access.tokens import TOKEN_SECONDS
from coalition.submit.tables import access_tokens
from tests.access.calls import granted, refused
from tests.access.conftest import START, Clock

Make = Callable[[], Access]
READ = frozenset({Scope.READ})


@pytest.fixture
def key(access: Access) -> str:
    return access.credentials.issue(1, "till")


def test_a_token_is_kept_as_a_hash_and_counts_on_every_node(
    access: Access, node: Make, engine: Engine, key: str
) -> None:
    token, seconds = access.tokens.issue(key, READ)

    assert token.startswith("ct_") and seconds == TOKEN_SECONDS
    with engine.connect() as connection:
        row = connection.execute(select(access_tokens)).one()
    assert bytes(row.sha256) == digest(token) and token[3:46] not in str(tuple(row))
    for each in (access, node()):
        grant = granted(each, token)
        assert (grant.credential.partner, grant.scopes) == (1, READ)


def test_a_token_ends_after_its_time(access: Access, clock: Clock, key: str) -> None:
    token, seconds = access.tokens.issue(key, READ)
    clock.now = START + seconds - 1
    assert granted(access, token)
    clock.now = START + seconds
    assert refused(access, token) == "credential_expired"


def test_a_token_ends_with_its_key(access: Access, node: Make, clock: Clock, key: str) -> None:
    other = node()
    token, _ = access.tokens.issue(key, READ)
    granted(other, token)
    access.credentials.revoke(id_of(key))

    assert refused(access, token) == "credential_revoked"
    clock.now += LOOK_SECONDS
    assert refused(other, token) == "credential_revoked"


def test_a_token_ends_with_the_secret_behind_it(access: Access, clock: Clock, key: str) -> None:
    before, _ = access.tokens.issue(key, READ)
    access.credentials.rotate(id_of(key), 60)
    late, seconds = access.tokens.issue(key, READ)

    assert seconds == 60 and granted(access, before) and granted(access, late)
    clock.now = START + 60
    assert refused(access, before) == refused(access, late) == "credential_expired"
    access.credentials.rotate(id_of(key), 0)
    assert refused(access, before) == "credential_expired"


def test_a_token_of_a_secret_before_the_last_two_is_not_revived(access: Access, key: str) -> None:
    token, _ = access.tokens.issue(key, READ)
    access.credentials.rotate(id_of(key), 0)
    access.credentials.rotate(id_of(key), 3_600)
    assert refused(access, token) == "credential_expired"


def test_forged_tokens(access: Access, key: str) -> None:
    token, _ = access.tokens.issue(key, READ)
    for place in range(len(token)):
        other = "x" if token[place] != "x" else "y"
        assert refused(access, token[:place] + other + token[place + 1 :]) == "credential_invalid"


def test_tokens_that_ended_long_ago_are_forgotten(access: Access, clock: Clock, engine: Engine, key: str) -> None:
    for _ in range(3):
        access.tokens.issue(key, READ)
    clock.now = START + TOKEN_SECONDS + 86_400
    access.tokens.issue(key, READ)
    with engine.connect() as connection:
        assert len(connection.execute(select(access_tokens)).all()) == 1


def test_memory_is_bounded(access: Access, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coalition.access.tokens.IN_MEMORY_MAX", 3)
    tokens = [access.tokens.issue(key, READ)[0] for _ in range(10)]
    for token in tokens * 2:
        assert granted(access, token)
    assert len(access.tokens._seen) <= 3
