"""`PointLedger.reverse`."""

from itertools import pairwise

import pytest
from eth_utils import keccak
from support import (
    BATCH_MAX,
    LOT_MAX,
    ZERO,
    Code,
    Kind,
    Purpose,
    correction,
    outcome,
    packed,
    plain,
    refused,
    reverts,
    told,
    word,
)


@pytest.fixture(autouse=True)
def earned(ledger, earning_partner, member, other_member):
    """Receipts 1, 2 and 40 earned 500, 33 and 100 points in epoch 0; 40 lies in another word."""
    ledger.earn([(member, 1, 5_000), (other_member, 2, 333), (member, 40, 1_000)], [], {"from": earning_partner.key})


@pytest.fixture
def first(member):
    return outcome(Kind.EARN, member, 1, 5_000, 500, word(0, 500))


@pytest.fixture
def second(other_member):
    return outcome(Kind.EARN, other_member, 2, 333, 33, word(0, 33))


@pytest.fixture
def distant(member):
    return outcome(Kind.EARN, member, 40, 1_000, 100, word(0, 100))


@pytest.fixture
def take_back_first(first, second):
    """A correction of receipt 1 under a receipt of its own."""
    return lambda receipt, spend_minor: correction(receipt, spend_minor, first, (), (second,))


@pytest.fixture
def reverse(ledger, earning_partner):
    return lambda *reversals: ledger.reverse(reversals, {"from": earning_partner.key})


@pytest.fixture
def code_alone(reverse, ledger, distant, earning_partner, member):
    """Post a reversal before a good one, check that it alone is refused, and return the code."""

    def checked(wrong):
        before = ledger.balanceOf(member)
        tx = reverse(wrong, correction(150, 10, distant))

        code = told(tx)[0][-1]
        assert told(tx) == [
            refused(earning_partner, wrong[0], Kind.REVERSE, code),
            ("Transfer", member, ZERO, 1),
            ("Reversed", earning_partner.id, member, 150, 40, 10, 1, word(0, 1), 0),
        ]
        assert ledger.balanceOf(member) == before - 1
        return code

    return checked


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(ledger, earning_partner, take_back_first, size):
    one = take_back_first(0, 1)
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.reverse([one] * size, {"from": earning_partner.key})


def test_a_paused_ledger_takes_nothing(ledger, operator, reverse, take_back_first):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        reverse(take_back_first(50, 5_000))


def test_the_sender_must_be_a_partners_key(ledger, member, take_back_first):
    with reverts("KeyUnknown", member):
        ledger.reverse([take_back_first(50, 5_000)], {"from": member})


def test_nothing_is_not_taken_back(code_alone, take_back_first):
    assert code_alone(take_back_first(50, 0)) == Code.AMOUNT_ZERO


def test_a_receipt_counts_once(reverse, code_alone, take_back_first, member, lots):
    reverse(take_back_first(50, 1_000))
    assert code_alone(take_back_first(50, 1_000)) == Code.RECEIPT_USED
    assert lots(member) == (499, 0, 0, 0)


def test_a_receipt_counts_once_in_a_batch(reverse, earning_partner, take_back_first, member, lots):
    tx = reverse(take_back_first(50, 1_000), take_back_first(50, 1_000))

    assert told(tx)[-1] == refused(earning_partner, 50, Kind.REVERSE, Code.RECEIPT_USED)
    assert lots(member) == (500, 0, 0, 0)


@pytest.mark.parametrize("receipt", [1, 2])
def test_the_receipt_of_an_earn_is_used(code_alone, take_back_first, receipt):
    assert code_alone(take_back_first(receipt, 1_000)) == Code.RECEIPT_USED


@pytest.mark.parametrize(
    ("field", "value"),
    [(2, 3), (3, 10_000), (4, 1_000), (5, word(0, 1_000)), (5, word(1, 500)), (5, 0), (6, bytes([1] * 32))],
)
def test_another_outcome_than_the_decided_one_is_not_proved(code_alone, first, second, field, value):
    forged = (*first[:field], value, *first[field + 1 :])
    assert code_alone(correction(50, 10, forged, (), (second,))) == Code.PROOF_INVALID


def test_another_member_is_not_proved(code_alone, first, second, stranger):
    assert code_alone(correction(50, 10, (first[0], stranger.address, *first[2:]), (), (second,))) == Code.PROOF_INVALID


@pytest.mark.parametrize("wrong", ["nothing later", "second earlier", "second twice", "another word", "itself earlier"])
def test_a_wrong_proof_is_refused(code_alone, first, second, distant, wrong):
    earlier, later = {
        "nothing later": ((), ()),
        "second earlier": ((second,), ()),
        "second twice": ((), (second, second)),
        "another word": ((), (distant,)),
        "itself earlier": ((first,), (second,)),
    }[wrong]
    assert code_alone(correction(50, 10, first, earlier, later)) == Code.PROOF_INVALID


def test_a_receipt_that_never_was_has_no_proof(code_alone, member):
    assert code_alone(correction(50, 10, outcome(Kind.EARN, member, 9_999, 10, 1, word(0, 1)))) == Code.PROOF_INVALID


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.EARN], ids=lambda kind: kind.name)
def test_only_earns_are_reversed(code_alone, first, second, kind):
    assert code_alone(correction(50, 10, (int(kind), *first[1:]), (), (second,))) == Code.PROOF_INVALID


def test_a_redemption_is_not_reversed(ledger, code_alone, spend, earning_partner, other_member):
    payment = spend(earning_partner, other_member, 64, 33)
    ledger.redeem([payment], {"from": earning_partner.key})
    redeemed = outcome(Kind.REDEEM, other_member, 64, 0, 33, word(0, 33))
    assert code_alone(correction(50, 1, redeemed)) == Code.PROOF_INVALID


def test_an_earn_of_another_partner_is_not_reversed(ledger, redeeming_partner, take_back_first, member, lots):
    tx = ledger.reverse([take_back_first(50, 5_000)], {"from": redeeming_partner.key})

    assert told(tx) == [refused(redeeming_partner, 50, Kind.REVERSE, Code.PROOF_INVALID)]
    assert lots(member) == (600, 0, 0, 0)


@pytest.mark.parametrize("spend_minor", [5_001, 2**48, 2**64, 2**256 - 1])
def test_no_more_than_the_original_is_taken_back(code_alone, take_back_first, spend_minor):
    assert code_alone(take_back_first(50, spend_minor)) == Code.ORIGINAL_EXCEEDED


def test_parts_together_take_back_no_more_than_the_original(
    reverse, code_alone, ledger, earning_partner, take_back_first
):
    reverse(take_back_first(50, 3_000), take_back_first(51, 1_999))
    assert code_alone(take_back_first(52, 2)) == Code.ORIGINAL_EXCEEDED
    assert ledger.correctedOf(earning_partner.id, 1) == 4_999
    reverse(take_back_first(53, 1))
    tx = reverse(take_back_first(54, 1))
    assert told(tx) == [refused(earning_partner, 54, Kind.REVERSE, Code.ORIGINAL_EXCEEDED)]
    assert ledger.correctedOf(earning_partner.id, 1) == 5_000


def test_takes_an_earn_back(reverse, ledger, earning_partner, take_back_first, member, lots, supply):
    tx = reverse(take_back_first(50, 5_000))

    assert told(tx) == [
        ("Transfer", member, ZERO, 500),
        ("Reversed", earning_partner.id, member, 50, 1, 5_000, 500, word(0, 500), 0),
    ]
    assert lots(member) == (100, 0, 0, 0)
    assert supply() == (133, 0, 0, 0)
    assert ledger.isReceiptUsed(earning_partner.id, 50)
    assert ledger.correctedOf(earning_partner.id, 1) == 5_000
    assert ledger.debtOf(member) == 0


def test_a_correction_may_share_the_word_of_its_original(
    reverse, take_back_first, member, lots, ledger, earning_partner
):
    before = ledger.receiptWordOf(earning_partner.id, 1)
    reverse(take_back_first(3, 5_000))

    after = ledger.receiptWordOf(earning_partner.id, 1)
    assert lots(member) == (100, 0, 0, 0)
    assert after[0] == before[0]
    assert after[1] == before[1] | 1 << 3


def test_an_outcome_between_others_is_proved(
    reverse, ledger, earning_partner, first, second, member, other_member, lots
):
    ledger.earn([(member, 0, 10), (member, 31, 20)], [], {"from": earning_partner.key})
    later = (outcome(Kind.EARN, member, 0, 10, 1, word(0, 1)), outcome(Kind.EARN, member, 31, 20, 2, word(0, 2)))
    reverse(correction(50, 333, second, (first,), later))

    assert lots(other_member) == (0, 0, 0, 0)


def test_parts_add_up_to_the_whole_whatever_the_rounding(reverse, earning_partner, first, second, other_member, lots):
    parts = [correction(50 + n, part, second, (first,)) for n, part in enumerate((1, 9, 10, 300, 5, 5, 3))]
    tx = reverse(*parts)

    points = [event[-3] for event in told(tx) if event[0] == "Reversed"]
    left = [33 * count // 333 for count in (333, 332, 323, 313, 13, 8, 3, 0)]
    assert points == [before - after for before, after in pairwise(left)]
    assert sum(points) == 33
    assert lots(other_member) == (0, 0, 0, 0)


def test_an_earn_of_no_points_is_taken_back(ledger, reverse, earning_partner, member):
    ledger.earn([(member, 64, 9)], [], {"from": earning_partner.key})
    tx = reverse(correction(50, 9, outcome(Kind.EARN, member, 64, 9, 0, word(0, 0))))

    assert told(tx)[-1] == ("Reversed", earning_partner.id, member, 50, 64, 9, 0, word(0), 0)


def test_takes_the_lot_of_the_earn_first_then_the_nearest_to_expiry(
    ledger, reverse, issue, spend, redeeming_partner, member, lots, supply, go_to_epoch, earning_partner
):
    go_to_epoch(1)
    ledger.earn([(member, 64, 4_000)], [], {"from": earning_partner.key})
    earned = outcome(Kind.EARN, member, 64, 4_000, 400, word(1, 400))
    go_to_epoch(2)
    issue(member, 50)
    ledger.redeem([spend(redeeming_partner, member, 1, 800)], {"from": redeeming_partner.key})
    assert lots(member) == (50, 200, 0, 0)
    issue(member, 300)
    go_to_epoch(3)
    issue(member, 70)
    tx = reverse(correction(50, 2_500, earned))

    assert told(tx)[-1] == ("Reversed", earning_partner.id, member, 50, 64, 2_500, 250, word(3, 0, 50, 200), 0)
    assert lots(member) == (70, 300, 0, 0)
    assert supply() == (70, 300, 0, 33)


def test_the_lot_of_the_earn_comes_before_an_older_one(ledger, reverse, earning_partner, member, lots, go_to_epoch):
    go_to_epoch(1)
    ledger.earn([(member, 64, 4_000)], [], {"from": earning_partner.key})
    reverse(correction(50, 4_000, outcome(Kind.EARN, member, 64, 4_000, 400, word(1, 400))))

    assert lots(member) == (0, 600, 0, 0)


def test_after_its_lot_expired_others_pay(reverse, issue, earning_partner, take_back_first, member, lots, go_to_epoch):
    go_to_epoch(3)
    issue(member, 510)
    go_to_epoch(4)
    tx = reverse(take_back_first(50, 5_000))

    assert told(tx)[-1] == ("Reversed", earning_partner.id, member, 50, 1, 5_000, 500, word(4, 0, 500), 0)
    assert lots(member) == (0, 10, 0, 0)


def test_what_is_missing_becomes_a_debt(
    reverse, ledger, earning_partner, take_back_first, member, other_member, distant, lots, supply
):
    ledger.transfer(other_member, 550, {"from": member})
    tx = reverse(take_back_first(50, 5_000), correction(51, 1_000, distant))

    assert told(tx) == [
        ("Transfer", member, ZERO, 50),
        ("Reversed", earning_partner.id, member, 50, 1, 5_000, 500, word(0, 50), 0),
        ("Transfer", member, ZERO, 0),
        ("Reversed", earning_partner.id, member, 51, 40, 1_000, 100, word(0, 0), 0),
    ]
    assert ledger.debtOf(member) == 550
    assert ledger.debtOf(other_member) == 0
    assert lots(member) == (0, 0, 0, 0)
    assert supply() == (583, 0, 0, 0)


def test_held_points_are_not_taken_back(reverse, ledger, spend, redeeming_partner, take_back_first, member, lots):
    payment = spend(redeeming_partner, member, 1, 600, purpose=Purpose.HOLD)
    ledger.hold([payment], {"from": redeeming_partner.key})
    reverse(take_back_first(50, 5_000))

    assert ledger.debtOf(member) == 500
    assert lots(ledger) == (600, 0, 0, 0)


# ---- with a campaign book

WORDS = (1 | 70 << 48, 2 | 5 << 48)


@pytest.fixture
def awarded(ledger, earning_partner, script, member):
    """Receipt 64 earned 200 points and was awarded 80 more; the book then takes nothing back."""
    script(80, WORDS)
    ledger.earn([(member, 64, 2_000)], [], {"from": earning_partner.key})
    script()
    return outcome(Kind.EARN, member, 64, 2_000, 200, word(0, 280), WORDS)


@pytest.mark.parametrize(
    "words", [(), WORDS[:1], WORDS[::-1], (*WORDS, 0), (WORDS[0], WORDS[1] + 1)], ids=lambda words: str(len(words))
)
def test_wrong_award_words_are_not_proved(reverse, earning_partner, awarded, words):
    tx = reverse(correction(50, 10, awarded, words=words))
    assert told(tx) == [refused(earning_partner, 50, Kind.REVERSE, Code.PROOF_INVALID)]


def test_words_of_a_purchase_without_awards_are_not_proved(reverse, earning_partner, first, second):
    tx = reverse(correction(50, 10, first, (), (second,), words=(1,)))
    assert told(tx) == [refused(earning_partner, 50, Kind.REVERSE, Code.PROOF_INVALID)]


def test_awards_cannot_be_denied(reverse, earning_partner, awarded):
    denied = (*awarded[:6], bytes(32))
    assert told(reverse(correction(50, 10, denied))) == [refused(earning_partner, 50, Kind.REVERSE, Code.PROOF_INVALID)]


def test_the_book_does_not_hear_of_a_purchase_without_awards(reverse, book, take_back_first):
    tx = reverse(take_back_first(50, 5_000))
    assert [event[0] for event in told(tx)] == ["Transfer", "Reversed"]


def test_the_book_says_what_goes_back_of_awards(
    reverse, ledger, script, earning_partner, member, awarded, lots, supply
):
    script(50)
    tx = reverse(correction(50, 500, awarded, words=WORDS), correction(51, 1_500, awarded, words=WORDS))

    since = ledger.memberSinceOf(member)
    asked = ("HeardBack", earning_partner.id, member, 64, 2_000, 200, since)
    told_ = told(tx)
    assert plain(told_[0][7]) == plain(told_[3][7]) == WORDS
    assert [event[:7] + event[8:] if event[0] == "HeardBack" else event for event in told_] == [
        (*asked, 2_000, 1_500),
        ("Transfer", member, ZERO, 100),
        ("Reversed", earning_partner.id, member, 50, 64, 500, 50, word(0, 100), 50),
        (*asked, 1_500, 0),
        ("Transfer", member, ZERO, 200),
        ("Reversed", earning_partner.id, member, 51, 64, 1_500, 150, word(0, 200), 50),
    ]
    assert lots(member) == (580, 0, 0, 0)
    assert supply() == (613, 0, 0, 0)


def test_awards_that_were_spent_become_a_debt(reverse, ledger, script, earning_partner, member, other_member, awarded):
    ledger.transfer(other_member, 800, {"from": member})
    script(80)
    tx = reverse(correction(50, 2_000, awarded, words=WORDS))

    assert told(tx)[-1] == ("Reversed", earning_partner.id, member, 50, 64, 2_000, 200, word(0, 80), 80)
    assert ledger.debtOf(member) == 200


def test_others_give_back_too(
    reverse, ledger, script, earning_partner, member, other_member, stranger, awarded, supply
):
    ledger.transfer(member, 3, {"from": other_member})
    taken = [(stranger, 4), (other_member, 20), (member, 9), (other_member, 0), (other_member, 25)]
    script(80, (), [packed(account, points) for account, points in taken])
    tx = reverse(correction(50, 2_000, awarded, words=WORDS))

    assert told(tx)[1:] == [
        ("Transfer", member, ZERO, 280),
        ("Reversed", earning_partner.id, member, 50, 64, 2_000, 200, word(0, 280), 80),
        ("Transfer", other_member, ZERO, 20),
        ("BonusTaken", other_member, 20, word(0, 20)),
        ("Transfer", other_member, ZERO, 10),
        ("BonusTaken", other_member, 25, word(0, 10)),
    ]
    assert ledger.debtOf(other_member) == 15
    assert ledger.debtOf(stranger) == 0
    assert supply() == (603, 0, 0, 0)


def test_others_pay_from_the_lot_of_the_purchase_first(
    reverse, ledger, issue, script, member, other_member, awarded, go_to_epoch, lots
):
    go_to_epoch(1)
    issue(other_member, 100)
    script(0, (), [packed(other_member, 40)])
    tx = reverse(correction(50, 10, awarded, words=WORDS))

    assert told(tx)[-1] == ("BonusTaken", other_member, 40, word(1, 7, 33))
    assert lots(other_member) == (93, 0, 0, 0)


def test_without_a_book_awards_stay(reverse, ledger, as_governor, earning_partner, member, awarded, lots):
    as_governor(ledger.setCampaignBook, ZERO)
    tx = reverse(correction(50, 2_000, awarded, words=WORDS))

    assert told(tx)[-1] == ("Reversed", earning_partner.id, member, 50, 64, 2_000, 200, word(0, 200), 0)
    assert lots(member) == (680, 0, 0, 0)


def test_a_book_that_takes_more_than_a_lot_stops_the_batch(reverse, script, stranger, awarded):
    script(LOT_MAX, (), [packed(stranger, 1)])
    with reverts("AwardsTooLarge", LOT_MAX + 1, LOT_MAX):
        reverse(correction(50, 2_000, awarded, words=WORDS))


def test_nobody_sees_a_reversal_half_done(reverse, ledger, book, relayer, member, awarded, lots, supply):
    book.attack(ledger, ledger.award.encode_input([packed(member, 5)]), {"from": relayer})
    tx = reverse(correction(50, 1_000, awarded, words=WORDS), correction(51, 1_000, awarded, words=WORDS))

    busy = "0x" + keccak(text="LedgerBusy()")[:4].hex()
    assert [event[1:] for event in told(tx) if event[0] == "Answered"] == [(False, busy)] * 2
    assert lots(member) == (680, 0, 0, 0)
    assert supply() == (713, 0, 0, 0)
    ledger.transfer(member, 0, {"from": member})
