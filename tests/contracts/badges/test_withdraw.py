"""`BadgeBook.withdraw`."""

from support import ZERO, reverts, told


def test_only_the_campaign_book_may(badge_book, member, operator):
    with reverts("NotBadgeGranter", operator):
        badge_book.withdraw(member, 1, {"from": operator})


def test_the_token_is_gone(badge_book, member, campaign_book, token_id):
    badge_book.grant(member, 7, {"from": campaign_book})
    badge_book.grant(member, 300, {"from": campaign_book})
    tx = badge_book.withdraw(member, 300, {"from": campaign_book})

    token = token_id(member, 300)
    assert told(tx) == [("Transfer", member, ZERO, token)]
    assert not badge_book.hasBadge(member, 300) and badge_book.hasBadge(member, 7)
    assert badge_book.balanceOf(member) == 1
    with reverts("BadgeNotHeld", token):
        badge_book.ownerOf(token)


def test_nothing_happens_where_there_is_none(badge_book, member, campaign_book):
    for badge in (0, 7, 2**32, 2**200):
        assert told(badge_book.withdraw(member, badge, {"from": campaign_book})) == []
    assert badge_book.balanceOf(member) == 0
