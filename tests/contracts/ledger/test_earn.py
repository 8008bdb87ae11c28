"""`PointLedger.earn`."""

import pytest
from eth_utils import keccak
from support import (
    AWARDS_MAX,
    BATCH_MAX,
    DAY,
    LOT_MAX,
    ZERO,
    Code,
    Kind,
    Partner,
    chain_of,
    correction,
    now,
    outcome,
    packed,
    refused,
    reverts,
    told,
    travel,
    word,
)


@pytest.fixture
def earn(ledger, earning_partner):
    """Post purchases of the earning partner."""
    return lambda *purchases, enrolling=(): ledger.earn(purchases, enrolling, {"from": earning_partner.key})


@pytest.fixture
def minting_partner(registry, operator, accounts):
    """A point for every minor unit, to reach the largest lot."""
    partner = Partner(id=3, key=accounts[8], account=accounts[8], rate_bps=10_000)
    registry.addPartner("Mint", partner.account, partner.key, b"EUR", partner.rate_bps, {"from": operator})
    return partner


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(ledger, member, size, stranger):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.earn([(member, n, 10) for n in range(size)], [], {"from": stranger})


def test_a_paused_ledger_takes_nothing(ledger, operator, member, stranger):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.earn([(member, 1, 10)], [], {"from": stranger})


def test_the_sender_must_be_a_partners_key(ledger, member, stranger, earning_partner):
    for sender in (stranger, earning_partner.account):
        with reverts("KeyUnknown", sender):
            ledger.earn([(member, 1, 10)], [], {"from": sender})


def test_a_receipt_counts_once_in_a_batch(earn, member, earning_partner, lots):
    tx = earn((member, 1, 1_000), (member, 1, 1_000), (member, 2, 1_000))

    assert refused(earning_partner, 1, Kind.EARN, Code.RECEIPT_USED) in told(tx)
    assert len(told(tx)) == 5
    assert lots(member) == (200, 0, 0, 0)


def test_a_receipt_counts_once_for_ever(earn, member, other_member, earning_partner, lots, go_to_epoch):
    earn((member, 2**256 - 1, 1_000))
    go_to_epoch(9)
    tx = earn((other_member, 2**256 - 1, 7_000), (member, 2**256 - 2, 1_000))

    assert told(tx)[0] == refused(earning_partner, 2**256 - 1, Kind.EARN, Code.RECEIPT_USED)
    assert lots(other_member) == (0, 0, 0, 0)
    assert lots(member) == (100, 0, 0, 0)


def test_partners_number_their_receipts_independently(ledger, earn, redeeming_partner, member, lots):
    earn((member, 1, 1_000))
    ledger.earn([(member, 1, 1_000)], [], {"from": redeeming_partner.key})

    assert lots(member) == (110, 0, 0, 0)


@pytest.mark.parametrize(
    ("spend_minor", "code"),
    [
        (0, Code.AMOUNT_ZERO),
        (2**48, Code.AMOUNT_TOO_LARGE),
        (2**64, Code.AMOUNT_TOO_LARGE),
        (2**256 - 1, Code.AMOUNT_TOO_LARGE),
    ],
)
def test_an_amount_out_of_bounds_is_refused(earn, ledger, earning_partner, member, lots, spend_minor, code):
    tx = earn((member, 1, 1_000), (member, 2, spend_minor), (member, 3, 1_000))

    assert told(tx)[2] == refused(earning_partner, 2, Kind.EARN, code)
    assert lots(member) == (200, 0, 0, 0)
    assert not ledger.isReceiptUsed(earning_partner.id, 2)


def test_only_members_earn(earn, ledger, earning_partner, member, stranger, lots):
    tx = earn((member, 1, 1_000), (stranger, 2, 1_000), (ZERO, 3, 1_000), (ledger, 4, 1_000), (member, 5, 1_000))

    assert told(tx)[2:5] == [refused(earning_partner, receipt, Kind.EARN, Code.MEMBER_UNKNOWN) for receipt in (2, 3, 4)]
    assert lots(member) == (200, 0, 0, 0)


def test_neither_nobody_nor_the_ledger_is_enrolled(earn, ledger, earning_partner, member):
    tx = earn((ZERO, 1, 1_000), (ledger, 2, 1_000), (member, 3, 1_000), enrolling=[0b111])

    assert told(tx)[:2] == [refused(earning_partner, receipt, Kind.EARN, Code.MEMBER_UNKNOWN) for receipt in (1, 2)]
    assert not ledger.isMember(ZERO)
    assert not ledger.isMember(ledger)


def test_a_lot_of_the_coalition_never_overflows(ledger, minting_partner, member, other_member, lots, supply):
    post = {"from": minting_partner.key}
    ledger.earn([(member, 1, LOT_MAX - 5)], [], post)
    tx = ledger.earn([(member, 2, 6), (other_member, 3, 5), (other_member, 4, 1)], [], post)

    assert told(tx)[0] == refused(minting_partner, 2, Kind.EARN, Code.AMOUNT_TOO_LARGE)
    assert told(tx)[-1] == refused(minting_partner, 4, Kind.EARN, Code.AMOUNT_TOO_LARGE)
    assert lots(member) == (LOT_MAX - 5, 0, 0, 0)
    assert supply() == (LOT_MAX, 0, 0, 0)


def test_each_epoch_has_its_own_bound(ledger, minting_partner, member, go_to_epoch, supply):
    for epoch in range(4):
        go_to_epoch(epoch)
        ledger.earn([(member, epoch, LOT_MAX)], [], {"from": minting_partner.key})

    assert supply() == (LOT_MAX,) * 4
    assert ledger.totalSupply() == ledger.balanceOf(member) == 4 * LOT_MAX


def test_points_are_rounded_down(earn, member, earning_partner, lots, supply):
    tx = earn((member, 7, 5_009))

    assert told(tx) == [
        ("Transfer", ZERO, member, 500),
        ("Earned", earning_partner.id, member, 7, 5_009, 500, 0),
    ]
    assert lots(member) == supply() == (500, 0, 0, 0)


def test_a_purchase_too_small_for_a_point_counts(earn, ledger, member, earning_partner):
    tx = earn((member, 7, 9))

    assert told(tx)[-1] == ("Earned", earning_partner.id, member, 7, 9, 0, 0)
    assert ledger.isReceiptUsed(earning_partner.id, 7)
    assert ledger.balanceOf(member) == 0


def test_500_purchases_fit_into_a_batch(earn, member, lots):
    earn(*((member, n, 10) for n in range(BATCH_MAX)))

    assert lots(member) == (BATCH_MAX, 0, 0, 0)


def test_enrols_where_its_bit_is_set(earn, ledger, stranger, member, lots, known_accounts):
    known_accounts.append(stranger)
    tx = earn((member, 1, 10), (stranger, 2, 1_000), (stranger, 3, 1_000), enrolling=[0b110])

    assert told(tx)[2] == ("MemberEnrolled", stranger)
    assert [event[0] for event in told(tx)].count("MemberEnrolled") == 1
    assert ledger.isMember(stranger)
    assert lots(stranger) == (200, 0, 0, 0)


def test_the_257th_purchase_has_its_bit_in_the_second_word(earn, ledger, stranger, member, known_accounts):
    known_accounts.append(stranger)
    others = [(member, n, 10) for n in range(256)]
    earn(*others, (stranger, 256, 10), enrolling=[2**256 - 1])
    assert not ledger.isMember(stranger)

    earn(*((member, 1_000 + n, 10) for n in range(256)), (stranger, 1_256, 10), enrolling=[0, 1])
    assert ledger.isMember(stranger)


def test_older_lots_move_on_and_expire(earn, ledger, member, lots, supply, go_to_epoch):
    earn((member, 1, 1_000))
    go_to_epoch(1)
    earn((member, 2, 2_000))
    go_to_epoch(3)
    earn((member, 3, 3_000))
    assert lots(member) == supply() == (300, 0, 200, 100)

    go_to_epoch(4)
    assert lots(member) == supply() == (0, 300, 0, 200)
    tx = earn((member, 4, 4_000))
    assert told(tx)[:3] == [
        ("PointsExpired", member, word(3, 0, 0, 0, 100)),
        ("Transfer", member, ZERO, 100),
        ("Transfer", ZERO, member, 400),
    ]
    assert lots(member) == supply() == (400, 300, 0, 200)


def test_a_long_absence_expires_everything(earn, member, lots, supply, go_to_epoch):
    earn((member, 1, 1_000))
    go_to_epoch(40)
    tx = earn((member, 2, 10))

    assert told(tx)[0] == ("PointsExpired", member, word(0, 100))
    assert lots(member) == supply() == (1, 0, 0, 0)


def test_commits_to_the_outcomes_of_a_word_in_order(earn, ledger, earning_partner, member, other_member):
    earn((member, 3, 1_000), (member, 40, 10), (other_member, 1, 2_000))
    earn((member, 31, 5))

    decided = (
        outcome(Kind.EARN, member, 3, 1_000, 100, word(0, 100)),
        outcome(Kind.EARN, other_member, 1, 2_000, 200, word(0, 200)),
        outcome(Kind.EARN, member, 31, 5, 0, word(0, 0)),
    )
    chain, used = ledger.receiptWordOf(earning_partner.id, 0)
    assert bytes(chain) == chain_of(*decided)
    assert used == 1 << 3 | 1 << 1 | 1 << 31
    assert ledger.receiptWordOf(earning_partner.id, 31) == ledger.receiptWordOf(earning_partner.id, 0)
    chain, used = ledger.receiptWordOf(earning_partner.id, 32)
    assert bytes(chain) == chain_of(outcome(Kind.EARN, member, 40, 10, 1, word(0, 1)))
    assert used == 1 << 8


def test_pays_a_debt_before_anything_else(earn, ledger, earning_partner, member, other_member, lots, supply):
    earn((member, 1, 5_000))
    ledger.transfer(other_member, 500, {"from": member})
    earned = outcome(Kind.EARN, member, 1, 5_000, 500, word(0, 500))
    ledger.reverse([correction(2, 5_000, earned)], {"from": earning_partner.key})
    assert ledger.debtOf(member) == 500

    tx = earn((member, 3, 3_000))
    assert told(tx) == [
        ("Transfer", ZERO, member, 300),
        ("Earned", earning_partner.id, member, 3, 3_000, 300, 0),
        ("Transfer", member, ZERO, 300),
        ("DebtRepaid", member, 300),
    ]
    assert ledger.debtOf(member) == 200
    assert lots(member) == (0, 0, 0, 0)

    assert len(told(earn((member, 4, 9)))) == 2
    assert told(earn((member, 5, 5_000)))[-1] == ("DebtRepaid", member, 200)
    assert ledger.debtOf(member) == 0
    assert lots(member) == (300, 0, 0, 0)
    assert supply() == (800, 0, 0, 0)

    assert len(told(earn((member, 6, 1_000)))) == 2
    assert lots(member) == (400, 0, 0, 0)


# ---- with a campaign book


def test_a_book_that_is_not_open_there_hears_nothing(ledger, book, script, redeeming_partner, member, lots):
    script(50, (7,))
    tx = ledger.earn([(member, 1, 1_000)], [], {"from": redeeming_partner.key})

    assert [event[0] for event in told(tx)] == ["Transfer", "Earned"]
    assert lots(member) == (10, 0, 0, 0)


def test_the_book_hears_of_accepted_purchases_only(earn, ledger, book, earning_partner, member, stranger):
    earn((member, 1, 1_000))
    tx = earn((member, 1, 1_000), (stranger, 2, 10), (member, 3, 0), (member, 4, 5_009))

    heard = [event for event in told(tx) if event[0] == "Heard"]
    since = ledger.memberSinceOf(member)
    assert heard == [("Heard", earning_partner.id, member, 4, 5_009, 500, since)]


def test_awards_are_in_the_balance_with_the_purchase(earn, ledger, script, earning_partner, member, lots, supply):
    words = (1 | 70 << 48, 2**256 - 1)
    script(70, words)
    tx = earn((member, 7, 5_009))

    assert told(tx)[1:] == [
        ("Transfer", ZERO, member, 570),
        ("Earned", earning_partner.id, member, 7, 5_009, 500, 70),
    ]
    assert lots(member) == supply() == (570, 0, 0, 0)
    chain, _ = ledger.receiptWordOf(earning_partner.id, 7)
    assert bytes(chain) == chain_of(outcome(Kind.EARN, member, 7, 5_009, 500, word(0, 570), words))


def test_a_purchase_can_count_without_an_award(earn, ledger, script, earning_partner, member):
    script(0, (5,))
    earn((member, 7, 5_009))
    script(0)
    earn((member, 8, 10))

    chain, _ = ledger.receiptWordOf(earning_partner.id, 7)
    counted = outcome(Kind.EARN, member, 7, 5_009, 500, word(0, 500), (5,))
    assert bytes(chain) == chain_of(counted, outcome(Kind.EARN, member, 8, 10, 1, word(0, 1)))


def test_a_new_member_is_enrolled_before_the_book_hears(
    earn, ledger, script, earning_partner, stranger, known_accounts, lots
):
    known_accounts.append(stranger)
    script(3, (1,))
    tx = earn((stranger, 7, 100), enrolling=[1])

    assert told(tx)[:2] == [
        ("MemberEnrolled", stranger),
        ("Heard", earning_partner.id, stranger, 7, 100, 10, tx.timestamp),
    ]
    assert ledger.memberSinceOf(stranger) == tx.timestamp
    assert lots(stranger) == (13, 0, 0, 0)


def test_others_get_theirs_after_the_purchase(
    earn, script, earning_partner, member, other_member, stranger, ledger, lots, supply
):
    given = [(other_member, 30), (member, 40), (stranger, 50), (ledger, 60), (ZERO, 70), (other_member, 0)]
    script(5, (1,), [packed(account, points) for account, points in [*given, (other_member, 8)]])
    tx = earn((member, 7, 1_000))

    assert told(tx)[1:] == [
        ("Transfer", ZERO, member, 105),
        ("Earned", earning_partner.id, member, 7, 1_000, 100, 5),
        ("Transfer", ZERO, other_member, 30),
        ("BonusIssued", other_member, 30),
        ("Transfer", ZERO, other_member, 8),
        ("BonusIssued", other_member, 8),
    ]
    assert lots(member) == (105, 0, 0, 0)
    assert lots(other_member) == (38, 0, 0, 0)
    assert supply() == (143, 0, 0, 0)


def test_what_expired_of_others_is_taken_out_first(earn, issue, script, member, other_member, go_to_epoch, lots):
    issue(other_member, 100)
    go_to_epoch(4)
    script(0, (1,), [packed(other_member, 9)])
    tx = earn((member, 7, 10))

    assert ("PointsExpired", other_member, word(0, 100)) in told(tx)
    assert lots(other_member) == (9, 0, 0, 0)


@pytest.mark.parametrize("through", ["purchase", "other's purchase"])
def test_awards_pay_debts_too(earn, ledger, earning_partner, book, script, member, other_member, lots, supply, through):
    earn((member, 1, 5_000))
    ledger.transfer(other_member, 500, {"from": member})
    ledger.reverse(
        [correction(2, 5_000, outcome(Kind.EARN, member, 1, 5_000, 500, word(0, 500)))], {"from": earning_partner.key}
    )
    if through == "purchase":
        script(250, (1,))
        tx = earn((member, 3, 3_000))
        assert told(tx)[-2:] == [("Transfer", member, ZERO, 500), ("DebtRepaid", member, 500)]
        assert lots(member) == (50, 0, 0, 0)
        assert ledger.debtOf(member) == 0
    else:
        script(0, (1,), [packed(member, 300)])
        tx = earn((other_member, 3, 10))
        assert told(tx)[-3:] == [
            ("BonusIssued", member, 300),
            ("Transfer", member, ZERO, 300),
            ("DebtRepaid", member, 300),
        ]
        assert lots(member) == (0, 0, 0, 0)
        assert ledger.debtOf(member) == 200
    assert ledger.totalSupply() == sum(map(ledger.balanceOf, (member, other_member)))


def test_room_for_awards_is_reckoned_with(
    ledger, registry, operator, minting_partner, book, script, member, relayer, supply
):
    post = {"from": minting_partner.key}
    book.open(minting_partner.id, True, {"from": relayer})
    ledger.earn([(member, 1, LOT_MAX - AWARDS_MAX)], [], post)
    tx = ledger.earn([(member, 2, 1)], [], post)
    assert told(tx) == [refused(minting_partner, 2, Kind.EARN, Code.AMOUNT_TOO_LARGE)]

    book.open(minting_partner.id, False, {"from": relayer})
    ledger.earn([(member, 2, AWARDS_MAX)], [], post)
    assert supply() == (LOT_MAX, 0, 0, 0)


def test_the_largest_awards_fit(ledger, minting_partner, book, script, member, other_member, relayer, supply):
    book.open(minting_partner.id, True, {"from": relayer})
    script(AWARDS_MAX - 1, (1,), [packed(other_member, 1)])
    ledger.earn([(member, 1, LOT_MAX - AWARDS_MAX)], [], {"from": minting_partner.key})

    assert supply() == (LOT_MAX, 0, 0, 0)


def test_a_book_that_awards_more_stops_the_batch(earn, script, member, other_member, stranger, lots):
    script(AWARDS_MAX + 1, (1,))
    with reverts("AwardsTooLarge", AWARDS_MAX + 1, AWARDS_MAX):
        earn((member, 1, 10))
    script(AWARDS_MAX, (1,), [packed(stranger, 2)])
    with reverts("AwardsTooLarge", AWARDS_MAX + 2, AWARDS_MAX):
        earn((member, 1, 10))
    assert lots(member) == (0, 0, 0, 0)


def test_a_book_that_reverts_stops_the_batch_until_it_is_taken_out(
    earn, ledger, book, as_governor, relayer, member, lots
):
    book.refuse({"from": relayer})
    with reverts("Refused"):
        earn((member, 1, 10))
    as_governor(ledger.setCampaignBook, ZERO)
    earn((member, 1, 10))

    assert lots(member) == (1, 0, 0, 0)


BUSY = "0x" + keccak(text="LedgerBusy()")[:4].hex()


@pytest.fixture
def nested(ledger, member, other_member, earning_partner, next_key):
    """Calls that would see, or spoil, a batch that is half done."""
    return {
        "award": ledger.award.encode_input([packed(member, 5)]),
        "enrol": ledger.enrol.encode_input([next_key]),
        "earn": ledger.earn.encode_input([(other_member, 9, 10)], []),
        "pause": ledger.pause.encode_input(),
        "transfer": ledger.transferWithAuthorization.encode_input(member, other_member, 0, 0, 2**255, bytes(32), b""),
        "transferFrom": ledger.transferFrom.encode_input(member, other_member, 0),
        "announceKeyRecovery": ledger.announceKeyRecovery.encode_input(member, next_key),
    }


@pytest.mark.parametrize("call", ["award", "transferFrom"])
def test_nobody_sees_a_batch_half_done(earn, ledger, book, script, relayer, nested, member, lots, supply, call):
    script(5, (1,))
    book.attack(ledger, nested[call], {"from": relayer})
    tx = earn((member, 1, 1_000), (member, 2, 1_000))

    assert [event[1:] for event in told(tx) if event[0] == "Answered"] == [(False, BUSY)] * 2
    assert lots(member) == supply() == (210, 0, 0, 0)
    book.attack(ZERO, b"", {"from": relayer})
    book.relay(ledger, ledger.award.encode_input([packed(member, 5)]), {"from": relayer})
    assert lots(member) == supply() == (215, 0, 0, 0)


@pytest.mark.parametrize(
    ("call", "role"), [("enrol", "operator"), ("pause", "operator"), ("announceKeyRecovery", "recovery")]
)
def test_not_even_with_a_role(earn, ledger, manager, governor, book, relayer, nested, member, lots, call, role):
    number = {"operator": 1, "recovery": 3}[role]
    granted = manager.grantRole.encode_input(number, book, 0)
    manager.schedule(manager, granted, 0, {"from": governor})
    travel(now() + DAY)
    manager.execute(manager, granted, {"from": governor})
    book.attack(ledger, nested[call], {"from": relayer})
    tx = earn((member, 1, 1_000))

    assert [event[1:] for event in told(tx) if event[0] == "Answered"] == [(False, BUSY)]
    assert not ledger.paused()


def test_a_partners_key_cannot_post_inside_a_batch(
    earn, ledger, registry, operator, book, relayer, nested, member, other_member, earning_partner, lots
):
    registry.addKey(earning_partner.id, book, {"from": operator})
    travel(now() + DAY)
    book.attack(ledger, nested["earn"], {"from": relayer})
    tx = earn((member, 1, 1_000))

    assert [event[1:] for event in told(tx) if event[0] == "Answered"] == [(False, BUSY)]
    assert lots(other_member) == (0, 0, 0, 0)


def test_while_the_book_is_asked_the_supply_is_as_before(earn, ledger, book, relayer, member):
    earn((member, 1, 1_000))
    book.attack(ledger, ledger.supplyLots.encode_input(), {"from": relayer})
    tx = earn((member, 2, 1_000), (member, 3, 1_000))

    answers = [event[1:] for event in told(tx) if event[0] == "Answered"]
    assert answers == [(True, "0x" + word(0, 100).to_bytes(32, "big").hex())] * 2
