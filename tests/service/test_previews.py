"""Previews on the contracts: what they tell is what then happens, and telling it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from coalition.chain import history, tester
from coalition.chain.abi import encode_call
from coalition.chain.transactions import send
from coalition.errors import Unavailable
from coalition.ledger.operations import Kind, Purpose
from coalition.service.asked import Asked
from coalition.service.previews import Authorized, OperationPreview, OperationPreviews
from tests.service.conftest import Chain, Stack, signer, stack_on

HOUR, MONTH = 3_600, 30 * 86_400
MARKET = 2
numbers = count(1)


def receipt() -> str:
    return f"preview-{next(numbers) * 100}"


def now(stack: Stack) -> int:
    return history.head(stack.chain.rpc).timestamp


def previews(stack: Stack) -> OperationPreviews:
    chain = stack.chain
    return OperationPreviews(
        chain.rpc, chain.deployment, stack.queries, stack.service.partners, stack.texts, lambda: now(stack)
    )


def previewed(stack: Stack, asked: Asked) -> OperationPreview:
    """The preview, of which nothing stays."""
    stack.follower.catch_up()
    before = state(stack)
    found = previews(stack).preview(asked)
    assert state(stack) == before
    assert not stack.submitter.is_pending(asked.partner, asked.number)
    return found


def state(stack: Stack) -> Any:
    head = history.head(stack.chain.rpc)
    with stack.queries.snapshot() as snapshot:
        return head, snapshot.block, snapshot.lots(), snapshot.supply(), len(list(snapshot.records()))


def same_then(stack: Stack, asked: Asked) -> OperationPreview:
    """The preview, which tells what the post then does."""
    found = previewed(stack, asked)
    assert found.problem is None and found.record is not None
    record = stack.service.post(asked).record
    told = replace(
        found.record, block=record.block, log=record.log, timestamp=record.timestamp, transaction=record.transaction
    )
    assert told == record
    return found


def spend(stack: Stack, kind: Kind, member: str, points: int, *, signs: bool = True, name: str | None = None) -> Asked:
    name, deadline = name or receipt(), now(stack) + HOUR
    purpose = Purpose.REDEEM if kind == Kind.REDEEM else Purpose.HOLD
    signature = stack.sign(member, MARKET, name, points, deadline, purpose) if signs else b""
    ask = stack.service.asking.redeem if kind == Kind.REDEEM else stack.service.asking.hold
    return ask(MARKET, stack.account(member), name, points, deadline=deadline, signature=signature)


def code(found: OperationPreview) -> str:
    assert found.problem is not None
    return found.problem.code


def test_each_kind_does_what_its_preview_told(stack: Stack) -> None:
    asking, ann = stack.service.asking, stack.account("ann")
    bought, held, other = receipt(), receipt(), receipt()
    earn = asking.earn(MARKET, ann, bought, 1_000)
    assert same_then(stack, earn).record.points == 1_000  # type: ignore[union-attr]
    redeem = spend(stack, Kind.REDEEM, "ann", 300)
    assert same_then(stack, redeem).authorized is Authorized.SIGNATURE
    found = same_then(stack, spend(stack, Kind.HOLD, "ann", 200, name=held))
    assert (found.authorized, found.spendable_points) == (Authorized.SIGNATURE, 700)
    stack.service.post(spend(stack, Kind.HOLD, "ann", 100, name=other))
    same_then(stack, asking.capture(MARKET, held, 150))
    same_then(stack, asking.release(MARKET, other))
    same_then(stack, asking.refund(MARKET, receipt(), redeem.receipt, 100))
    same_then(stack, asking.refund(MARKET, receipt(), held))
    reversed_ = same_then(stack, asking.reverse(MARKET, receipt(), bought))
    assert reversed_.record is not None and reversed_.record.lots is not None
    assert (reversed_.record.points, reversed_.record.lots.total) == (1_000, 800), "200 become a debt"


def test_an_account_that_the_purchase_would_enrol(stack: Stack) -> None:
    nobody = stack.account("nobody yet", enrols=False)
    earn = stack.service.asking.earn
    assert code(previewed(stack, earn(MARKET, nobody, "nobody-1", 100))) == "member_unknown"
    found = previewed(stack, earn(MARKET, nobody, "nobody-1", 100, enrols=True))
    assert found.record is not None and found.record.points == 100
    assert not stack.queries.is_member(nobody)


@pytest.mark.parametrize("kind", [Kind.REDEEM, Kind.HOLD])
def test_a_missing_authorization_is_told_with_what_would_be(stack: Stack, kind: Kind) -> None:
    member = f"ben {kind}"
    ben = stack.account(member)
    stack.service.earn(MARKET, ben, receipt(), 500)
    unsigned = previewed(stack, spend(stack, kind, member, 400, signs=False))
    assert code(unsigned) == "allowance_too_low"
    assert (unsigned.authorized, unsigned.spendable_points, unsigned.allowance_points) == (Authorized.MISSING, 500, 0)
    assert unsigned.record is not None and unsigned.record.lots is not None
    assert unsigned.record.lots.total == unsigned.record.points == 400

    asked = spend(stack, kind, member, 400)
    wrong = replace(asked, operation=replace(asked.operation, signature=b"\1" * 64 + b"\x1b"))  # type: ignore[type-var]
    assert (code(previewed(stack, wrong)), previewed(stack, wrong).authorized) == (
        "signature_invalid",
        Authorized.MISSING,
    )
    too_much = previewed(stack, spend(stack, kind, member, 501, signs=False))
    assert (code(too_much), too_much.authorized, too_much.record) == ("balance_too_low", None, None)
    assert too_much.spendable_points == 500

    approval = encode_call("PointLedger", "approve", (signer("Market account").address, 450))
    send(stack.chain.rpc, stack.custody.signer(member), stack.chain.deployment.ledger, approval)
    allowed = same_then(stack, spend(stack, kind, member, 400, signs=False))
    assert (allowed.authorized, allowed.allowance_points) == (Authorized.ALLOWANCE, 450)


def test_what_would_be_refused(stack: Stack) -> None:
    asking, cleo = stack.service.asking, stack.account("cleo")
    bought = receipt()
    stack.service.earn(MARKET, cleo, bought, 100)
    stack.service.reverse(MARKET, receipt(), bought, 60)
    stranger = stack.account("stranger", enrols=False)
    far = now(stack) + MONTH + HOUR
    refused = [
        (asking.earn(MARKET, cleo, bought, 200), "receipt_conflict"),
        (asking.capture(MARKET, "never held", 1), "hold_unknown"),
        (asking.release(MARKET, "never held"), "hold_unknown"),
        (asking.reverse(MARKET, receipt(), "never bought"), "original_unknown"),
        (asking.refund(MARKET, receipt(), bought), "original_unknown"),
        (asking.reverse(MARKET, receipt(), bought, 41), "original_exceeded"),
        (asking.redeem(MARKET, cleo, receipt(), 1, deadline=now(stack) - 1), "deadline_passed"),
        (asking.hold(MARKET, cleo, receipt(), 1, deadline=far), "deadline_too_far"),
        (asking.redeem(MARKET, stranger, receipt(), 1, deadline=now(stack) + HOUR), "member_unknown"),
    ]
    for asked, expected in refused:
        found = previewed(stack, asked)
        assert (code(found), found.record) == (expected, None)


def test_what_counted_before_is_the_first_answer(stack: Stack) -> None:
    dora, name = stack.account("dora"), receipt()
    first = stack.service.earn(MARKET, dora, name, 70)
    found = previewed(stack, stack.service.asking.earn(MARKET, dora, name, 70))
    assert (found.replayed, found.record, found.problem) == (True, first.record, None)


def test_a_node_that_cannot_simulate(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stack.service.asking.earn(MARKET, stack.account("eve"), receipt(), 70)
    monkeypatch.delitem(tester.METHODS, "eth_simulateV1")
    with pytest.raises(Unavailable) as raised:
        previews(stack).preview(asked)
    assert raised.value.code == "preview_unsupported"


def test_a_partner_that_may_not_post(stack: Stack) -> None:
    """The last test of this module."""
    asked = stack.service.asking.earn(MARKET, stack.account("fay"), receipt(), 70)
    stack.chain.admin.suspend_partner(MARKET)
    stack.follower.catch_up()
    assert code(previewed(stack, asked)) == "partner_not_active"


def test_a_receipt_of_which_this_node_has_not_heard(fresh: Chain, tmp_path: Path) -> None:
    for name in ("one", "behind"):
        (tmp_path / name).mkdir()
    with stack_on(fresh, tmp_path / "one") as one, stack_on(fresh, tmp_path / "behind", follows=False) as behind:
        account = one.account("ann")
        one.service.earn(MARKET, account, "p-1", 70)

        same, other = (behind.service.asking.earn(MARKET, account, "p-1", spend) for spend in (70, 80))
        assert [code(previews(behind).preview(asked)) for asked in (same, other)] == ["receipt_used"] * 2
        behind.follower.catch_up()
        assert previews(behind).preview(same).replayed
        assert code(previews(behind).preview(other)) == "receipt_conflict"
