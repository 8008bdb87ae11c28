"""`TierBook.setCampaignBook`."""

from support import reverts, told


def test_only_who_has_the_role_may(tier_book, stranger):
    with reverts("AccessManagedUnauthorized", stranger):
        tier_book.setCampaignBook(stranger, {"from": stranger})


def test_it_counts_at_once_and_leaves_the_programme(tier_book, enrolled, deployer, relayer, campaign_book):
    tx = tier_book.setCampaignBook(relayer, {"from": deployer})

    assert told(tx) == [("TierKeeperSet", relayer)]
    assert tier_book.campaignBook() == relayer
    assert tier_book.programmeNow() == tier_book.programmeCount() == 1
    tier_book.qualify(enrolled.account, enrolled.since, 1, 1, {"from": relayer})
    with reverts("NotTierKeeper", campaign_book):
        tier_book.qualify(enrolled.account, enrolled.since, 1, 1, {"from": campaign_book})
