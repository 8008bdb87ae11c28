"""The service over a real chain: the first answer again, conflicts, corrections, timeouts, custody, early refusals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from coalition.chain import history
from coalition.errors import AccessDenied, InputError, NotFound, OutcomePending, ReceiptConflict, Refused
from coalition.ledger.operations import Kind, Purpose
from coalition.service import Answer
from coalition.service import ledger as ledger_module
from coalition.service.checks import check_address, check_points, check_signature, check_spend_minor
from coalition.service.custody import Custody
from tests.service.conftest import Chain, Stack, stack_on

numbers = count(1)
HOUR = 3_600
ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def receipt() -> str:
    # 100 apart: no two tests share a word of 32 receipts
    return f"ledger-{next(numbers) * 100}"


def earned(stack: Stack, member: str, points: int) -> Answer:
    return stack.service.earn("Market", stack.account(member), receipt(), points)


def redeemed(stack: Stack, member: str, name: str, points: int, **changes: Any) -> Answer:
    deadline = changes.pop("deadline", None) or history.head(stack.chain.rpc).timestamp + HOUR
    signature = stack.sign(member, 2, name, points, deadline, Purpose.REDEEM)
    options = {"deadline": deadline, "signature": signature} | changes
    return stack.service.redeem("Market", stack.account(member), name, points, **options)


def held(stack: Stack, member: str, name: str, points: int, deadline: int) -> Answer:
    signature = stack.sign(member, 2, name, points, deadline, Purpose.HOLD)
    return stack.service.hold("Market", stack.account(member), name, points, deadline=deadline, signature=signature)


# ---- the first answer again


def test_the_same_earn_again_is_the_first_answer(stack: Stack) -> None:
    account, name = stack.account("ann"), receipt()
    first = stack.service.earn("Market", account, name, 250)
    again = stack.service.earn(2, account.lower(), name, 250)
    assert not first.replayed and again.replayed
    assert again.record == first.record and first.record.points == 250
    assert stack.service.operation("Market", name) == [Answer(first.record, name)]


def test_other_content_is_a_conflict_that_names_the_differences(stack: Stack) -> None:
    ann, bob, name = stack.account("ann"), stack.account("bob"), receipt()
    stack.service.earn("Market", ann, name, 250)
    with pytest.raises(ReceiptConflict) as error:
        stack.service.earn("Market", bob, name, 251)
    assert error.value.details["differences"] == {
        "member": {"recorded": "withheld", "requested": "withheld"},
        "spend_minor": {"recorded": 250, "requested": 251},
    }
    with pytest.raises(ReceiptConflict) as error:
        redeemed(stack, "ann", name, 250)
    assert error.value.details["differences"] == {"kind": {"recorded": "earn", "requested": "redeem"}}


def test_the_same_receipt_of_two_partners_is_two_purchases(stack: Stack) -> None:
    account, name = stack.account("ann"), receipt()
    assert not stack.service.earn("Market", account, name, 100).replayed
    assert not stack.service.earn("Grocery", account, name, 100).replayed


def test_two_at_once_share_one_outcome(stack: Stack) -> None:
    account, name = stack.account("ann"), receipt()
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(stack.service.earn("Market", account, name, 70)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.record for answer in answers}) == 1 and len(answers) == 6


def test_answers_survive_the_databases(fresh: Chain, tmp_path: Path) -> None:
    first: list[Answer] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with stack_on(fresh, tmp_path / name) as stack:
            account = stack.account("ann")
            answer = stack.service.earn("Market", account, "till 5/17", 99, enrols=True)
            first.append(answer)
            assert stack.service.receipt_of(answer.record) == "till 5/17" or name == "two"
    assert first[0].record == first[1].record
    assert [answer.replayed for answer in first] == [False, True]


def test_two_processes_with_one_key_count_once(fresh: Chain, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with stack_on(fresh, tmp_path / "one") as one, stack_on(fresh, tmp_path / "two") as two:
        account = one.custody.account("ann")
        answers: list[Answer] = []

        def work(stack: Stack) -> None:
            answers.extend(
                stack.service.earn("Market", account, f"r-{at}", 10 + at, enrols=True, timeout=60) for at in range(25)
            )

        threads = [threading.Thread(target=work, args=(stack,)) for stack in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 50 and len({answer.record for answer in answers}) == 25
        two.follower.catch_up()
        assert two.queries.balance(account, history.head(fresh.rpc).timestamp).points == sum(range(10, 35))


# ---- redemptions and holds


def test_a_redemption_and_its_refusals(stack: Stack) -> None:
    earned(stack, "red", 100)
    name = receipt()
    assert redeemed(stack, "red", name, 60).record.points == 60
    assert redeemed(stack, "red", name, 60, signature=b"\1" * 65).replayed, "how it was allowed may differ"
    with pytest.raises(Refused) as error:
        redeemed(stack, "red", receipt(), 60)
    assert error.value.code == "balance_too_low" and error.value.details["kind"] == "redeem"
    with pytest.raises(Refused) as error:
        redeemed(stack, "red", receipt(), 10, signature=b"\1" * 65)
    assert error.value.code == "signature_invalid"
    with pytest.raises(Refused) as error:
        redeemed(stack, "red", receipt(), 10, signature=b"")
    assert error.value.code == "allowance_too_low"
    with pytest.raises(Refused) as error:
        redeemed(stack, "red", receipt(), 10, deadline=1_000)
    assert error.value.code == "deadline_passed"


def test_a_refused_receipt_may_be_used_again(stack: Stack) -> None:
    name = receipt()
    with pytest.raises(Refused):
        stack.service.earn("Market", stack.custody.account("a stranger"), name, 10)
    assert not stack.service.earn("Market", stack.account("ann"), name, 20).replayed


def test_captures_and_releases_again(stack: Stack) -> None:
    earned(stack, "hold", 300)
    deadline = history.head(stack.chain.rpc).timestamp + HOUR
    one, two = receipt(), receipt()
    assert not held(stack, "hold", one, 100, deadline).replayed
    assert held(stack, "hold", one, 100, deadline).replayed
    with pytest.raises(ReceiptConflict) as error:
        held(stack, "hold", one, 100, deadline + 1)
    assert set(error.value.details["differences"]) == {"deadline"}
    assert not held(stack, "hold", two, 50, deadline).replayed

    assert stack.service.capture("Market", one, 80).record.points == 80
    assert stack.service.capture("Market", one, 80).replayed
    with pytest.raises(ReceiptConflict):
        stack.service.capture("Market", one, 81)
    with pytest.raises(Refused) as over:
        stack.service.release("Market", one)
    assert over.value.code == "hold_unknown"
    assert held(stack, "hold", one, 100, deadline).replayed, "also when it is over"

    assert not stack.service.release("Market", two).replayed
    assert stack.service.release("Market", two).replayed
    with pytest.raises(Refused) as over:
        stack.service.capture("Market", two, 50)
    assert over.value.code == "hold_unknown"
    assert [answer.record.kind for answer in stack.service.operation("Market", one)] == [Kind.HOLD, Kind.CAPTURE]
    with pytest.raises(Refused) as refused:
        stack.service.release("Market", receipt())
    assert refused.value.code == "hold_unknown"


# ---- corrections


def test_partial_reversals_add_up_to_the_whole(stack: Stack) -> None:
    original = earned(stack, "rev", 1_000).receipt
    one, rest = receipt(), receipt()
    assert stack.service.reverse("Market", one, original, 300).record.points == 300
    assert stack.service.reverse("Market", one, original, 300).replayed
    assert stack.service.reverse("Market", one, original).replayed, "no amount asks for nothing else"
    with pytest.raises(ReceiptConflict) as conflict:
        stack.service.reverse("Market", one, original, 301)
    assert set(conflict.value.details["differences"]) == {"spend_minor"}
    with pytest.raises(Refused) as refused:
        stack.service.reverse("Market", receipt(), original, 701)
    assert refused.value.code == "original_exceeded"
    assert stack.service.reverse("Market", rest, original).record.spend_minor == 700
    assert stack.service.reverse("Market", rest, original).replayed
    with pytest.raises(Refused) as refused:
        stack.service.reverse("Market", receipt(), original)
    assert refused.value.code == "original_exceeded"


def test_refunds_of_redemptions_and_captures(stack: Stack) -> None:
    earned(stack, "ref", 500)
    deadline = history.head(stack.chain.rpc).timestamp + HOUR
    redemption, hold = receipt(), receipt()
    redeemed(stack, "ref", redemption, 200)
    held(stack, "ref", hold, 100, deadline)
    stack.service.capture("Market", hold, 90)
    assert stack.service.refund("Market", receipt(), redemption, 50).record.points == 50
    assert stack.service.refund("Market", receipt(), redemption).record.points == 150
    assert stack.service.refund("Market", receipt(), hold).record.points == 90


def test_what_cannot_be_corrected(stack: Stack) -> None:
    original = earned(stack, "cor", 100).receipt
    for wrong in (
        lambda: stack.service.reverse("Market", receipt(), "never seen"),
        lambda: stack.service.refund("Market", receipt(), original),
        lambda: stack.service.reverse("Grocery", receipt(), original),
    ):
        with pytest.raises(NotFound) as error:
            wrong()
        assert error.value.code == "original_unknown"
    with pytest.raises(ReceiptConflict):
        stack.service.reverse("Market", original, original)


def test_a_proof_that_went_stale_is_made_anew(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    account = stack.account("stale")
    base = next(numbers) * 3_200
    stack.service.earn("Market", account, str(base), 100)
    stack.service.earn("Market", account, str(base + 1), 100)
    true, calls = stack.queries.original(2, base), []
    assert true is not None and len(true[1]) == 2

    def original(partner: int, number: int, real: Callable = stack.queries.original) -> Any:
        calls.append(number)
        found = real(partner, number)
        return found._replace(outcomes=found[1][:1]) if len(calls) < 3 else found  # the neighbour is not there yet

    monkeypatch.setattr(stack.queries, "original", original)
    answer = stack.service.reverse("Market", receipt(), str(base), 40)
    assert answer.record.accepted and len(calls) == 3


def test_a_proof_that_stays_wrong_is_refused_in_the_end(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    account = stack.account("stale")
    base = next(numbers) * 3_200
    stack.service.earn("Market", account, str(base), 100)
    stack.service.earn("Market", account, str(base + 1), 100)
    found = stack.queries.original(2, base)
    assert found is not None
    monkeypatch.setattr(stack.queries, "original", lambda *_: found._replace(outcomes=found[1][:1]))
    with pytest.raises(Refused) as error:
        stack.service.reverse("Market", receipt(), str(base), 40)
    assert error.value.code == "proof_invalid"
    assert ledger_module.PROOF_ATTEMPTS == 5


# ---- waiting and access


def test_an_outcome_that_is_late_is_pending_and_counted_once(fresh: Chain, tmp_path: Path) -> None:
    with stack_on(fresh, tmp_path, follows=False) as stack:
        account = stack.custody.account("ann")
        for _ in range(2):
            with pytest.raises(OutcomePending, match=r"0\.2 s"):
                stack.service.earn("Market", account, "r-1", 100, enrols=True, timeout=0.2)
        stack.follower.start()
        answer = stack.service.earn("Market", account, "r-1", 100, enrols=True)
        assert answer.record.points == 100
        stack.follower.catch_up()
        assert stack.queries.balance(account, history.head(fresh.rpc).timestamp).points == 100


def test_a_suspended_partner_is_denied(fresh: Chain, tmp_path: Path) -> None:
    with stack_on(fresh, tmp_path) as stack:
        account = stack.account("ann")
        stack.service.earn("Market", account, "r-1", 100)
        fresh.admin.suspend_partner(2)
        with pytest.raises(AccessDenied) as error:
            stack.service.earn("Market", account, "r-2", 100)
        assert error.value.code == "partner_not_active"
        assert stack.service.earn("Market", account, "r-1", 100).replayed


def test_an_unknown_partner_and_a_wrong_currency(stack: Stack) -> None:
    account = stack.account("ann")
    with pytest.raises(NotFound, match="Grocery, Market") as error:
        stack.service.earn("Nobody", account, receipt(), 1)
    assert error.value.code == "partner_unknown"
    with pytest.raises(InputError) as wrong:
        stack.service.earn("Market", account, receipt(), 1, currency="USD")
    assert (wrong.value.code, wrong.value.details["expected"]) == ("currency_wrong", "EUR")
    with pytest.raises(NotFound) as unknown:
        stack.service.operation("Market", "never seen")
    assert unknown.value.code == "operation_unknown"


# ---- early refusals


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "5", None, float("nan")])
def test_amounts_that_are_none(value: Any) -> None:
    for check in (check_spend_minor, check_points):
        with pytest.raises(InputError) as error:
            check(value)
        assert error.value.code == "amount_invalid"


@pytest.mark.parametrize("value", [1 << 48, 1 << 64, 1 << 256])
def test_amounts_that_are_too_large(value: int) -> None:
    with pytest.raises(InputError) as error:
        check_points(value)
    assert error.value.code == "amount_too_large"
    assert check_points((1 << 48) - 1) == (1 << 48) - 1


@pytest.mark.parametrize("form", [str, str.lower, lambda text: "0x" + text[2:].upper()])
def test_addresses_get_their_checksum(form: Callable[[str], str]) -> None:
    assert check_address(form(ADDRESS)) == ADDRESS


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0x",
        ADDRESS[2:],
        ADDRESS + "0",
        ADDRESS[:-1],
        ADDRESS[:-1] + "g",
        "0x52908400098527886e0F7030069857D2E4169EE7",
        ADDRESS + "\n",
    ],
)
def test_addresses_with_errors(value: str) -> None:
    with pytest.raises(InputError) as error:
        check_address(value)
    assert error.value.code == "address_invalid"


@pytest.mark.parametrize(
    ("length", "fits"), [(0, True), (1, False), (64, False), (65, True), (4096, True), (4097, False)]
)
def test_lengths_of_signatures(length: int, fits: bool) -> None:
    if fits:
        assert len(check_signature(bytes(length))) == length
        return
    with pytest.raises(InputError) as error:
        check_signature(bytes(length))
    assert error.value.code == "signature_malformed"


# ---- custody


def test_the_account_of_a_reference_is_the_same_for_ever() -> None:
    # Fixed for ever: another address here would be another account for every member in custody.
    assert Custody(b"\7" * 32).account("household-900") == Custody(b"\7" * 32).account("household-900") == PINNED
    assert Custody(b"\1" * 32).account("household-900") != PINNED
    assert len({Custody(b"\7" * 32).account(name) for name in ("a", "A", "a ".strip() + "b", "ä", "a\u0308")}) == 5


def test_addresses_pass_through_and_have_no_key_here() -> None:
    custody = Custody(bytes(32))
    assert custody.account(ADDRESS.lower()) == ADDRESS
    with pytest.raises(InputError) as error:
        custody.signer(ADDRESS)
    assert error.value.code == "key_not_in_custody"
    assert custody.signer("ann").address == custody.account("ann")


@pytest.mark.parametrize("member", ["", " ann", "ann ", "a\nb", "a\0b", "x" * 201, "ä" * 101, "\udcff", "a\u200bb"])
def test_references_with_errors(member: str) -> None:
    custody = Custody(bytes(32))
    for use in (custody.account, custody.signer):
        with pytest.raises(InputError) as error:
            use(member)
        assert error.value.code == "member_invalid"


@pytest.mark.parametrize(
    "member", [ADDRESS[:-1], ADDRESS + "00", "0X" + ADDRESS[2:], "0x52908400098527886e0F7030069857D2E4169EE7"]
)
def test_an_address_with_an_error_is_no_reference(member: str) -> None:
    with pytest.raises(InputError) as error:
        Custody(bytes(32)).account(member)
    assert error.value.code == "address_invalid"


PINNED = "0xC47448ad9Cc4D1d92E2200f4BE8EEB48aA3ED4d7"
