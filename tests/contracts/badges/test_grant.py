"""`BadgeBook.grant`."""

import pytest
from support import ZERO, Behaviour, reverts, told


def test_only_the_campaign_book_may(badge_book, member, operator):
    with reverts("NotBadgeGranter", operator):
        badge_book.grant(member, 1, {"from": operator})


@pytest.mark.parametrize("badge", [0, 2**32, 2**200])
def test_a_badge_has_a_number_of_32_bits(badge_book, member, campaign_book, badge):
    with reverts("BadgeInvalid", badge):
        badge_book.grant(member, badge, {"from": campaign_book})


def test_nobody_has_no_badge(badge_book, campaign_book):
    with reverts("BadgeHolderZero"):
        badge_book.grant(ZERO, 1, {"from": campaign_book})


@pytest.mark.parametrize("badge", [1, 239, 240, 2**32 - 1])
def test_it_is_a_locked_token_of_the_member(badge_book, member, other_member, campaign_book, token_id, badge):
    tx = badge_book.grant(member, badge, {"from": campaign_book})

    token = token_id(member, badge)
    assert tx.return_value is True
    assert told(tx) == [("Transfer", ZERO, member, token), ("Locked", token)]
    assert badge_book.ownerOf(token) == member
    assert badge_book.locked(token)
    assert badge_book.hasBadge(member, badge) and not badge_book.hasBadge(other_member, badge)
    assert badge_book.badgesOf(member, badge // 240) == 1 << badge % 240
    assert (badge_book.balanceOf(member), badge_book.balanceOf(other_member)) == (1, 0)


def test_a_second_time_changes_nothing(badge_book, member, campaign_book):
    badge_book.grant(member, 7, {"from": campaign_book})
    tx = badge_book.grant(member, 7, {"from": campaign_book})

    assert tx.return_value is False
    assert told(tx) == []
    assert badge_book.balanceOf(member) == 1


def test_badges_of_one_member_are_counted_across_words(badge_book, member, campaign_book):
    for badge in (1, 2, 239, 500):
        badge_book.grant(member, badge, {"from": campaign_book})

    assert badge_book.balanceOf(member) == 4
    assert badge_book.badgesOf(member, 0) == 1 << 1 | 1 << 2 | 1 << 239
    assert badge_book.badgesOf(member, 2) == 1 << 20


def test_an_account_with_code_is_not_asked(badge_book, member, campaign_book, contract_account):
    account = contract_account(member, Behaviour.REVERTING)

    assert badge_book.grant(account, 7, {"from": campaign_book}).return_value is True
    assert badge_book.hasBadge(account, 7)
