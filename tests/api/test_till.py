"""Members by till token, on the contracts: what a till can do with one, and what it does not learn."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from coalition.chain.signer import KeySigner
from coalition.chain.typed_data import till_token_digest
from coalition.client import ApiError, Client, requests
from coalition.ledger.operations import Purpose
from tests.api.stack import MEMBER_KEY, Stack, running

MEMBER = MEMBER_KEY.address
STRANGER = KeySigner(bytes(31) + b"\2")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("till"), start=int(datetime.now(UTC).timestamp())) as found:
        found.allow(1, 1_000)
        yield found


@pytest.fixture(scope="module")
def till(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.keys[1]) as found:
        yield found


def soon(seconds: int = 120) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def signed(stack: Stack, deadline: datetime, member: str = MEMBER, key: KeySigner = MEMBER_KEY) -> bytes:
    return key.sign(till_token_digest(stack.domain, member, int(deadline.timestamp())))


def token(stack: Stack, till: Client, seconds: int = 120) -> str:
    """A fresh number; each comes with a deadline of its own."""
    issued = till.till_token(MEMBER, deadline=soon(seconds), signature=signed(stack, soon(seconds)))
    return issued.number


def test_a_till_serves_a_member_whose_account_it_does_not_learn(stack: Stack, till: Client) -> None:
    number = token(stack, till, 101)
    deadline = soon(600)
    answers: list[Any] = [
        till.earn(None, "t-1", 10_000, token=number),
        till.redeem(None, "t-2", 20, deadline=deadline, token=number),
        till.hold(None, "t-3", 10, deadline=deadline, token=number),
        till.capture("t-3", 4),
        till.reverse("t-4", "t-1", spend_minor=1_000),
        till.refund("t-5", "t-2"),
        till.preview(requests.redeem(None, "t-6", 5, deadline=deadline, token=number)),
        till.preview(requests.reverse("t-7", "t-1")),
        *(till.operation(receipt).operations[0] for receipt in ("t-1", "t-2", "t-3", "t-4", "t-5")),
        *till.history(),
        *(
            line.operation
            for line in till.bulk(
                [
                    requests.earn(None, "t-1", 10_000, token=number),
                    requests.earn(None, "t-8", 100, token=number),
                    requests.reverse("t-9", "t-8"),
                    requests.capture("t-3", 4),
                ]
            )
        ),
    ]
    assert [one.points for one in answers[:6]] == [100, 20, 10, 4, 10, 20]
    assert all(one.by_token and one.member is None for one in answers)
    headers = {"Authorization": f"Bearer {stack.keys[1]}"}
    events = httpx.get(f"{stack.url}/v1/events", headers=headers, timeout=60).json()["events"]
    assert len(events) >= 6
    assert all(event["data"]["operation"]["by_token"] for event in events) and MEMBER not in str(events)
    balance = till.token_balance(number)
    assert (balance.points, balance.member) == (till.balance(MEMBER).points, None)
    for file in ("csv", "parquet"):
        content = httpx.get(f"{stack.url}/v1/export?format={file}", headers=headers, timeout=60).content
        assert MEMBER.encode() not in content
        if file == "parquet":
            assert set(pq.read_table(io.BytesIO(content)).column("member").to_pylist()) == {None}


def test_a_retry_after_the_token_expired_finds_the_first_answer(
    stack: Stack, till: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, clock = token(stack, till, 102), stack.tokens.clock
    first = till.earn(None, "late-1", 500, token=number)
    deadline = soon(86_400)
    spent = till.redeem(None, "late-2", 2, deadline=deadline, token=number)
    monkeypatch.setattr(stack.tokens, "clock", lambda: clock() + 3_600)
    again = till.earn(None, "late-1", 500, token=number)
    assert (again.replayed, again.transaction, again.by_token) == (True, first.transaction, True)
    assert till.redeem(None, "late-2", 2, deadline=deadline, token=number).transaction == spent.transaction
    (line,) = till.bulk([requests.earn(None, "late-1", 500, token=number)])
    assert line.operation is not None and line.operation.replayed
    for other in (
        requests.earn(None, "late-1", 501, token=number),
        requests.earn(None, "late-3", 500, token=number),
        requests.hold(None, "late-2", 2, deadline=deadline, token=number),
        requests.preview(requests.earn(None, "late-1", 500, token=number)),
    ):
        with pytest.raises(ApiError) as raised:
            till.send(other)
        assert raised.value.code == "token_invalid"


def test_a_member_is_not_found_out_by_trying_accounts(stack: Stack, till: Client) -> None:
    """Who knows accounts cannot learn from an answer which of them came with a token."""
    number = token(stack, till, 103)
    till.earn(None, "whose-1", 700, token=number)
    stack.admin.enrol([STRANGER.address])
    told = []
    for account in (MEMBER, STRANGER.address):
        with pytest.raises(ApiError) as raised:
            till.earn(account, "whose-1", 700)
        (line,) = till.bulk([requests.earn(account, "whose-1", 700)])
        preview = till.preview(requests.earn(account, "whose-1", 700))
        for error in (raised.value, line.problem, preview.problem):
            assert error is not None
            told.append((error.code, error.why))
    withheld = {"differences": {"member": {"recorded": "withheld", "requested": "withheld"}}}
    assert told == [("receipt_conflict", withheld)] * 6
    assert "whose-1" not in [one.receipt for one in till.history(member=MEMBER)]
    assert "whose-1" in [one.receipt for one in till.history()]
    other = token(stack, till, 104)
    assert till.earn(None, "whose-1", 700, token=other).replayed, "another token of the same member is the same content"


def test_a_signature_of_the_member_goes_with_a_token(stack: Stack, till: Client) -> None:
    number = token(stack, till, 105)
    till.earn(None, "signed-1", 5_000, token=number)
    deadline = soon(900)
    signature = stack.sign(1, "signed-2", 30, int(deadline.timestamp()), Purpose.REDEEM)
    answer = till.redeem(None, "signed-2", 30, deadline=deadline, token=number, signature=bytes.fromhex(signature[2:]))
    assert (answer.points, answer.by_token) == (30, True)


def test_only_the_accounts_key_gets_a_token(stack: Stack, till: Client) -> None:
    deadline = soon(106)
    wrong = [
        (MEMBER, deadline, signed(stack, deadline, key=STRANGER), "token_proof_invalid"),
        (MEMBER, deadline, signed(stack, soon(107)), "token_proof_invalid"),
        (MEMBER, deadline, b"\0" * 65, "token_proof_invalid"),
        (MEMBER, deadline, signed(stack, deadline)[:64], "token_proof_invalid"),
        (MEMBER, soon(-1), signed(stack, soon(-1)), "token_deadline_invalid"),
        (MEMBER, soon(400), signed(stack, soon(400)), "token_deadline_invalid"),
        ("0x12", deadline, signed(stack, deadline), "address_invalid"),
    ]
    nobody = KeySigner(bytes(31) + b"\3")
    wrong.append((nobody.address, deadline, signed(stack, deadline, nobody.address, nobody), "member_unknown"))
    for account, until, signature, code in wrong:
        with pytest.raises(ApiError) as raised:
            till.till_token(account, deadline=until, signature=signature)
        assert raised.value.code == code
    issued = till.till_token(MEMBER, deadline=deadline, signature=signed(stack, deadline))
    assert "not shown" in repr(issued) and issued.expires_at > datetime.now(UTC)
    with pytest.raises(ApiError) as raised:
        till.till_token(MEMBER, deadline=deadline, signature=signed(stack, deadline))
    assert (raised.value.status, raised.value.code) == (409, "token_proof_used")


def test_a_wallet_needs_no_api_key_and_nothing_is_cached(stack: Stack) -> None:
    deadline = soon(108)
    body = {"deadline": deadline.strftime("%Y-%m-%dT%H:%M:%SZ"), "signature": "0x" + signed(stack, deadline).hex()}
    answer = httpx.post(f"{stack.url}/v1/members/{MEMBER}/till-tokens", json=body, timeout=60)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")


def test_member_or_token_not_both_and_not_none(stack: Stack, till: Client) -> None:
    number = token(stack, till, 109)
    for request in (requests.earn(None, "x", 100), requests.earn(MEMBER, "x", 100, token=number)):
        with pytest.raises(ApiError) as raised:
            till.send(request)
        assert (raised.value.code, raised.value.why["errors"][0]["field"]) == ("input_invalid", "member")


def test_a_till_that_guesses_is_told_when_to_come_back(stack: Stack) -> None:
    """With the other partner's key: its tills wait a minute."""
    headers = {"Authorization": f"Bearer {stack.keys[2]}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as other:
        for digits in range(31):
            guess = f"{digits:010}{98 - digits * 100 % 97:02}"
            answer = other.post("/v1/till-tokens/balance", json={"token": guess})
        assert (answer.status_code, answer.json()["code"]) == (429, "token_guesses_too_many")
        assert int(answer.headers["retry-after"]) == 60
        lines = json.dumps([{"kind": "earn", "token": guess, "receipt": "g-1", "spend_minor": 100}])
        bulk = other.post("/v1/operations", content=lines, headers={"Content-Type": "application/json"}).json()
        assert bulk["summary"]["unfinished"] == 1
