"""What ERC-721, ERC-5192 and ERC-165 say of tokens that stay where they are."""

import pytest
from brownie import web3
from support import ZERO, reverts

HELD = 7


@pytest.fixture
def token(badge_book, member, campaign_book, token_id):
    badge_book.grant(member, HELD, {"from": campaign_book})
    return token_id(member, HELD)


def test_no_function_moves_or_lends_a_badge(badge_book, member, other_member, token):
    sender = {"from": member}
    three, four = "address,address,uint256", "address,address,uint256,bytes"
    calls = [
        lambda: badge_book.transferFrom(member, other_member, token, sender),
        lambda: badge_book.safeTransferFrom[three](member, other_member, token, sender),
        lambda: badge_book.safeTransferFrom[four](member, other_member, token, b"", sender),
        lambda: badge_book.approve(other_member, token, sender),
        lambda: badge_book.setApprovalForAll(other_member, True, sender),
    ]
    for call in calls:
        with reverts("BadgeLocked"):
            call()

    assert badge_book.ownerOf(token) == member


def test_nobody_is_approved(badge_book, member, other_member, token):
    assert badge_book.getApproved(token) == ZERO
    assert badge_book.isApprovedForAll(member, other_member) is False


def test_a_token_that_nobody_has_is_refused(badge_book, other_member, token_id):
    unknown = token_id(other_member, HELD)
    for question in (badge_book.ownerOf, badge_book.locked, badge_book.getApproved):
        with reverts("BadgeNotHeld", unknown):
            question(unknown)


def test_an_id_beyond_the_numbers_of_badges_is_nobodys(badge_book, member, token):
    beyond = token | 1 << 192
    with reverts("BadgeNotHeld", beyond):
        badge_book.ownerOf(beyond)


def test_nobody_has_no_balance(badge_book):
    with reverts("BadgeHolderZero"):
        badge_book.balanceOf(ZERO)


def test_it_names_the_standards_that_it_keeps(badge_book):
    def identifier(*signatures):
        value = 0
        for signature in signatures:
            value ^= int.from_bytes(web3.keccak(text=signature)[:4], "big")
        return "0x" + value.to_bytes(4, "big").hex()

    assert identifier("locked(uint256)") == "0xb45a3c0e"
    for known in ("0x01ffc9a7", "0x80ac58cd", "0x5b5e139f", "0xb45a3c0e"):
        assert badge_book.supportsInterface(known)
    for unknown in ("0xffffffff", "0x780e9d63"):
        assert not badge_book.supportsInterface(unknown)
    assert (badge_book.name(), badge_book.symbol()) == ("Coalition Badges", "BADGE")
