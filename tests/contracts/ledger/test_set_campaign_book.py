"""`PointLedger.setCampaignBook`. What the book then does is in the files of `earn`, `reverse` and `award`."""

from support import ZERO, reverts, told


def test_only_the_governor_may(ledger, operator, recovery, stranger, earning_partner, relayer):
    for sender in (operator, recovery, stranger, earning_partner.key):
        with reverts("AccessManagedUnauthorized", sender):
            ledger.setCampaignBook(relayer, {"from": sender})


def test_the_governor_may_not_at_once(ledger, governor, manager, relayer):
    operation = manager.hashOperation(governor, ledger, ledger.setCampaignBook.encode_input(relayer))
    with reverts("AccessManagerNotScheduled", operation):
        ledger.setCampaignBook(relayer, {"from": governor})


def test_it_is_the_deployments_at_first(ledger, deployment):
    assert ledger.campaignBook() == deployment.book


def test_sets_and_takes_out_the_book(ledger, as_governor, book):
    assert ledger.campaignBook() == book
    tx = as_governor(ledger.setCampaignBook, ZERO)

    assert told(tx)[-1] == ("CampaignBookSet", ZERO)
    assert ledger.campaignBook() == ZERO
    tx = as_governor(ledger.setCampaignBook, book)
    assert told(tx)[-1] == ("CampaignBookSet", book)
    assert ledger.campaignBook() == book


def test_a_paused_ledger_takes_a_book(ledger, operator, as_governor, deployment, book):
    ledger.pause({"from": operator})
    as_governor(ledger.setCampaignBook, deployment.book)

    assert ledger.campaignBook() == deployment.book
    assert ledger.paused()
