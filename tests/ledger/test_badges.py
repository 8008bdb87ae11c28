"""Badges' ids."""

from __future__ import annotations

from coalition.ledger.badges import badge_of, held, token_id

ACCOUNT = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF"


def test_an_id_has_the_badge_above_the_account() -> None:
    token = token_id(7, ACCOUNT)

    assert token == (8 << 160) - 1
    assert badge_of(token) == 7


def test_bits_are_the_badges_of_their_group() -> None:
    assert held(0, 0b110) == [1, 2]
    assert held(2, 1 << 20 | 1 << 239) == [500, 719]
    assert held(0, 1 << 240) == []
