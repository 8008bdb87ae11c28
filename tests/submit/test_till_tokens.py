"""Till tokens at rest: forms, time, guessing, two nodes on one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from coalition.errors import CoalitionError
from coalition.submit.till_tokens import (
    GUESSES_A_MINUTE_MAX,
    TOKEN_SECONDS,
    TOKENS_OF_MEMBER_MAX,
    IssuedToken,
    TillTokens,
    TokenRequest,
)

ANN, BEN = "0x" + "a" * 40, "0x" + "b" * 40
REQUEST = TokenRequest(77, b"\7" * 32)


class Nodes:
    """Two nodes on one database, with one clock."""

    def __init__(self, engine: sa.Engine) -> None:
        self.now = 1_000_000.0
        self.engine = engine
        self.one, self.two = TillTokens(engine, lambda: self.now), TillTokens(engine, lambda: self.now)


@pytest.fixture
def nodes(either_engine: sa.Engine) -> Iterator[Nodes]:
    found = Nodes(either_engine)
    yield found
    found.one.close()
    found.two.close()


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(CoalitionError) as raised:
        work()
    return raised.value.code


def forms(issued: IssuedToken) -> list[str]:
    number = issued.number
    groups = [f"{number[:4]} {number[4:8]} {number[8:]}", f"{number[:6]}-{number[6:]}"]
    return [issued.qr, issued.qr.lower(), f" {issued.qr}", number, *groups]


def test_both_forms_stand_for_the_member_at_any_node_for_minutes(nodes: Nodes) -> None:
    issued, other = nodes.one.issue(ANN), nodes.two.issue(BEN)
    assert issued.expires_at == nodes.now + TOKEN_SECONDS
    assert {nodes.two.account(1, form) for form in forms(issued)} == {ANN}
    assert {nodes.one.account(2, form) for form in forms(other)} == {BEN}
    nodes.now += TOKEN_SECONDS
    for form in forms(issued):
        assert code_of(lambda form=form: nodes.two.account(1, form)) == "token_invalid"  # type: ignore[misc]


def test_a_typing_error_is_seen_at_once_and_is_no_guess(nodes: Nodes) -> None:
    number = nodes.one.issue(ANN).number
    wrong = {
        number[:at] + digit + number[at + 1 :] for at in range(12) for digit in "0123456789" if digit != number[at]
    }
    wrong |= {number[:at] + number[at + 1] + number[at] + number[at + 2 :] for at in range(11)} - {number}
    assert {code_of(lambda one=one: nodes.one.account(1, one)) for one in wrong} == {"token_malformed"}  # type: ignore[misc]
    for text in ("", "LT-", "12345678901", "1234567890123", "LT-" + "1" * 26, number + "\n9", "٤" * 12):
        assert code_of(lambda text=text: nodes.one.account(1, text)) == "token_malformed"  # type: ignore[misc]
    assert nodes.one.account(1, number) == ANN


def test_numbers_cannot_be_tried_out(nodes: Nodes) -> None:
    issued = nodes.one.issue(ANN)
    guesses = (f"{digits:010}{98 - digits * 100 % 97:02}" for digits in range(1, 1_000))
    for node in (nodes.one, nodes.two) * (GUESSES_A_MINUTE_MAX // 2):
        assert code_of(lambda node=node: node.account(1, next(guesses))) == "token_invalid"  # type: ignore[misc]
    for node in (nodes.one, nodes.two):
        assert code_of(lambda node=node: node.account(1, next(guesses))) == "token_guesses_too_many"  # type: ignore[misc]
        assert code_of(lambda node=node: node.account(1, issued.number)) == "token_guesses_too_many"  # type: ignore[misc]
    assert nodes.one.account(1, issued.qr) == ANN, "128 random bits cannot be guessed"
    assert nodes.one.account(2, issued.number) == ANN, "another partner is not stopped"
    nodes.now += 60
    assert nodes.one.account(1, issued.number) == ANN


def test_the_same_request_may_come_again_after_the_token_expired_and_no_other(nodes: Nodes) -> None:
    issued = nodes.one.issue(ANN)
    assert nodes.one.account(1, issued.number, REQUEST) == ANN
    nodes.now += 400 * 86_400
    nodes.one.issue(BEN)  # which takes out what has expired
    assert nodes.two.account(1, issued.number, REQUEST) == ANN
    assert nodes.two.hidden(1, [77, 78]) == {77} and nodes.two.hidden(2, [77]) == set()
    others = (
        (2, issued.number, REQUEST),
        (1, issued.number, TokenRequest(78, REQUEST.content)),
        (1, issued.number, TokenRequest(77, b"\1" * 32)),
        (1, issued.qr, REQUEST),
        (1, issued.number, None),
    )
    for other in others:
        assert code_of(lambda other=other: nodes.two.account(*other)) == "token_invalid"  # type: ignore[misc]


def test_another_token_for_the_same_receipt_takes_its_place(nodes: Nodes) -> None:
    """The first attempt was refused, say; the member comes again."""
    first, second = nodes.one.issue(ANN), nodes.one.issue(ANN)
    for issued in (first, second):
        assert nodes.one.account(1, issued.qr, REQUEST) == ANN
    nodes.now += TOKEN_SECONDS
    assert nodes.one.account(1, second.qr, REQUEST) == ANN
    assert code_of(lambda: nodes.one.account(1, first.qr, REQUEST)) == "token_invalid"


def test_a_signature_gets_one_token_and_a_member_not_too_many(nodes: Nodes) -> None:
    nodes.one.issue(ANN, b"signature")
    assert code_of(lambda: nodes.two.issue(ANN, b"signature")) == "token_proof_used"
    for _ in range(TOKENS_OF_MEMBER_MAX - 1):
        nodes.two.issue(ANN)
    assert code_of(lambda: nodes.one.issue(ANN, b"another")) == "tokens_too_many"
    nodes.one.issue(BEN)
    nodes.now += TOKEN_SECONDS
    nodes.one.issue(ANN, b"another")


def test_a_look_at_the_database_gives_no_token(nodes: Nodes) -> None:
    issued = nodes.one.issue(ANN, b"signature")
    nodes.one.account(1, issued.number, REQUEST)
    with nodes.engine.connect() as connection:
        tables = ("submit_till_tokens", "submit_token_receipts")
        content = repr([connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in tables])
    assert ANN in content
    assert not any(secret in content for secret in (issued.qr, issued.qr[3:], issued.number, "signature"))
