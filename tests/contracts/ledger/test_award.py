"""`PointLedger.award`."""

import pytest
from support import LOT_MAX, ZERO, Kind, Partner, correction, outcome, packed, reverts, told, word


@pytest.fixture
def award(book, ledger, relayer):
    """Let the book credit points to accounts."""

    def awarded(*given):
        words = [packed(account, points) for account, points in given]
        return book.relay(ledger, ledger.award.encode_input(words), {"from": relayer})

    return awarded


def test_only_the_campaign_book_may(ledger, operator, governor, stranger, member, earning_partner, book):
    for sender in (operator, governor, stranger, member, earning_partner.key):
        with reverts("CallerNotCampaignBook", sender):
            ledger.award([packed(member, 1)], {"from": sender})


def test_nobody_may_without_a_book(ledger, member, award, as_governor, book):
    as_governor(ledger.setCampaignBook, ZERO)
    with reverts("CallerNotCampaignBook", book):
        award((member, 1))


def test_a_paused_ledger_awards_nothing(ledger, operator, award, member):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        award((member, 1))


def test_a_lot_of_the_coalition_never_overflows(ledger, registry, operator, accounts, award, member, stranger, supply):
    mint = Partner(id=3, key=accounts[8], account=accounts[8], rate_bps=10_000)
    registry.addPartner("Mint", mint.account, mint.key, b"EUR", mint.rate_bps, {"from": operator})
    ledger.earn([(member, 1, LOT_MAX - 5)], [], {"from": mint.key})
    for given in ([(member, 6)], [(member, 5), (stranger, 1)], [(member, 2**96 - 1)] * 3):
        points = sum(one for _, one in given)
        with reverts("AwardsTooLarge", points, 5):
            award(*given)
    award((member, 5))

    assert supply() == (LOT_MAX, 0, 0, 0)


def test_credits_members(award, member, other_member, lots, supply, go_to_epoch):
    go_to_epoch(1)
    tx = award((member, 30), (other_member, 7), (member, 2))

    assert told(tx) == [
        ("Transfer", ZERO, member, 30),
        ("BonusIssued", member, 30),
        ("Transfer", ZERO, other_member, 7),
        ("BonusIssued", other_member, 7),
        ("Transfer", ZERO, member, 2),
        ("BonusIssued", member, 2),
    ]
    assert lots(member) == (32, 0, 0, 0)
    assert lots(other_member) == (7, 0, 0, 0)
    assert supply() == (39, 0, 0, 0)


def test_passes_over_nobody_and_nothing(award, ledger, member, stranger, lots, supply):
    tx = award((stranger, 30), (ledger, 7), (ZERO, 2), (member, 0))

    assert told(tx) == []
    assert supply() == lots(ledger) == (0, 0, 0, 0)
    assert told(award()) == []


def test_pays_a_debt_before_anything_else(ledger, earning_partner, award, issue, member, other_member, lots, supply):
    ledger.earn([(member, 1, 5_000)], [], {"from": earning_partner.key})
    ledger.transfer(other_member, 500, {"from": member})
    original = outcome(Kind.EARN, member, 1, 5_000, 500, word(0, 500))
    ledger.reverse([correction(2, 5_000, original)], {"from": earning_partner.key})
    tx = award((member, 600))

    assert told(tx)[-2:] == [("Transfer", member, ZERO, 500), ("DebtRepaid", member, 500)]
    assert lots(member) == (100, 0, 0, 0)
    assert supply() == (600, 0, 0, 0)
    assert ledger.debtOf(member) == 0
