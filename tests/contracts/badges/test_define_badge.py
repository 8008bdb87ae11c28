"""`BadgeBook.defineBadge`, `badgeUri`, `tokenURI`, `setCampaignBook`."""

from support import reverts, told


def test_only_the_operator_may(badge_book, stranger):
    with reverts("AccessManagedUnauthorized", stranger):
        badge_book.defineBadge(1, "ipfs://one", {"from": stranger})


def test_badge_zero_is_none(badge_book, operator):
    with reverts("BadgeInvalid", 0):
        badge_book.defineBadge(0, "ipfs://one", {"from": operator})


def test_the_uri_is_not_empty(badge_book, operator):
    with reverts("BadgeUriEmpty", 1):
        badge_book.defineBadge(1, "", {"from": operator})


def test_tokens_have_the_uri_of_their_badge(badge_book, member, operator, campaign_book, token_id):
    token = token_id(member, 7)
    badge_book.grant(member, 7, {"from": campaign_book})
    assert badge_book.tokenURI(token) == ""

    tx = badge_book.defineBadge(7, "ipfs://seven", {"from": operator})

    assert told(tx) == [("BadgeDefined", 7, "ipfs://seven")]
    assert badge_book.tokenURI(token) == badge_book.badgeUri(7) == "ipfs://seven"
    badge_book.defineBadge(7, "ipfs://siete", {"from": operator})
    assert badge_book.tokenURI(token) == "ipfs://siete"


def test_a_token_that_nobody_has_has_no_uri(badge_book, member, operator, token_id):
    badge_book.defineBadge(7, "ipfs://seven", {"from": operator})
    with reverts("BadgeNotHeld", token_id(member, 7)):
        badge_book.tokenURI(token_id(member, 7))


def test_only_who_has_the_role_sets_the_campaign_book(badge_book, stranger):
    with reverts("AccessManagedUnauthorized", stranger):
        badge_book.setCampaignBook(stranger, {"from": stranger})


def test_another_campaign_book_counts_at_once(badge_book, member, deployer, relayer, campaign_book):
    tx = badge_book.setCampaignBook(relayer, {"from": deployer})

    assert told(tx) == [("BadgeGranterSet", relayer)]
    assert badge_book.campaignBook() == relayer
    badge_book.grant(member, 1, {"from": relayer})
    with reverts("NotBadgeGranter", campaign_book):
        badge_book.grant(member, 2, {"from": campaign_book})
