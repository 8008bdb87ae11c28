"""Idempotency-Key: one request for each, for a day, whatever becomes of the process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from coalition.errors import ChainUnavailable, InputError
from coalition.submit.idempotency import BUSY_SECONDS_MAX, KEY_SECONDS, IdempotencyKeys
from coalition.submit.tables import idempotency_keys
from tests.api.conftest import MEMBER, Till, World, code_of
from tests.api.fakes import FakeBook

KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
EARN = {"member": MEMBER, "receipt": "R-1", "spend_minor": 500}
ONE, OTHER = bytes(32), b"\1" * 32


class Keys:
    """Two nodes on one database, and a clock."""

    def __init__(self, engine: sa.Engine) -> None:
        self.now = 1_000_000.0
        self.one = IdempotencyKeys(engine, lambda: self.now)
        self.two = IdempotencyKeys(engine, lambda: self.now)

    def code(self, node: IdempotencyKeys, request: bytes, partner: int = 1) -> str | None:
        try:
            with node.held(partner, "key", request):
                return None
        except InputError as error:
            return error.code


@pytest.fixture
def keys(world: World) -> Iterator[Keys]:
    made = Keys(world.outbox)
    yield made
    made.one.close()
    made.two.close()


def test_the_same_request_is_answered_again(till: Till, book: FakeBook) -> None:
    first = till.post("/v1/earn", EARN, **KEY)
    again = till.post("/v1/earn", dict(reversed(EARN.items())), **KEY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json() | {"replayed": True}
    assert len(book.records) == 1


def test_another_request_under_the_key_changes_nothing(till: Till, other_till: Till, book: FakeBook) -> None:
    till.post("/v1/earn", EARN, **KEY)
    for path, body in (
        ("/v1/earn", EARN | {"receipt": "R-2"}),
        ("/v1/earn", EARN | {"spend_minor": 501}),
        ("/v1/release", {"receipt": "R-1"}),
    ):
        assert code_of(till.post(path, body, **KEY), 422) == "idempotency_key_reused"
    assert len(book.records) == 1
    assert other_till.post("/v1/earn", EARN | {"receipt": "R-2"}, **KEY).status_code == 201


def test_while_it_is_being_answered(till: Till, book: FakeBook) -> None:
    book.stuck = []
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: till.post("/v1/earn", EARN, **KEY), range(2)))
    codes = {answer.json()["code"]: answer.status_code for answer in answers}
    assert codes == {"outcome_pending": 503, "idempotency_key_in_use": 409}
    book.settle()
    assert till.post("/v1/earn", EARN, **KEY).status_code == 200


def test_after_a_failure_the_key_is_free(till: Till, book: FakeBook) -> None:
    book.fault = ChainUnavailable("Gone.")
    assert code_of(till.post("/v1/earn", EARN, **KEY), 503) == "chain_unavailable"
    book.fault = None
    assert till.post("/v1/earn", EARN, **KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", '""', "a\x7f", "é", "x" * 256])
def test_no_key(till: Till, book: FakeBook, key: str) -> None:
    answer = till.http.post("/v1/earn", json=EARN, headers={**till.headers, "Idempotency-Key": key.encode("latin-1")})
    assert code_of(answer, 400) == "idempotency_key_invalid"
    assert book.records == []


def test_two_nodes_share_the_keys(keys: Keys) -> None:
    with keys.one.held(1, "key", ONE):
        assert keys.code(keys.two, ONE) == "idempotency_key_in_use"
        assert keys.code(keys.two, OTHER) == "idempotency_key_reused"
        assert keys.code(keys.two, OTHER, partner=2) is None
    assert keys.code(keys.two, ONE) is None


def test_a_process_that_died_blocks_its_keys_for_two_minutes(keys: Keys) -> None:
    died = keys.one.held(1, "key", ONE)
    died.__enter__()
    keys.now += BUSY_SECONDS_MAX - 1
    assert keys.code(keys.two, ONE) == "idempotency_key_in_use"
    keys.now += 1
    assert keys.code(keys.two, ONE) is None
    died.__exit__(None, None, None)


def test_keys_go_after_a_day(keys: Keys, world: World) -> None:
    assert keys.code(keys.one, ONE) is None
    keys.now += KEY_SECONDS - 1
    assert keys.code(keys.one, OTHER) == "idempotency_key_reused"
    keys.now += 1
    assert keys.code(keys.one, OTHER) is None
    with world.outbox.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(idempotency_keys)).scalar_one() == 1
