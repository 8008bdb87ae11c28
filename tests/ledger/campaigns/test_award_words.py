"""What a purchase counted for, in words."""

from __future__ import annotations

import pytest

from coalition.ledger.campaign_events import AwardCut, Awarded, BadgeAwarded, CompanionAwarded, Progressed
from coalition.ledger.campaigns import fold
from coalition.ledger.campaigns.award_words import AwardWord, award_word, with_tier
from coalition.ledger.campaigns.state import Campaign, CampaignState
from coalition.ledger.events import Position
from tests.ledger.campaigns.support import MEMBERS

MEMBER, OTHER = MEMBERS[:2]
HASH = bytes(32)
FULL = AwardWord(0xFFFFFFFF, 0xFFFF, (1 << 48) - 1, (1 << 40) - 1, 0xFF, (1 << 48) - 1, 0xFFFFFFFF)


@pytest.mark.parametrize("word", [FULL, AwardWord(1, 2, 3, 4, 5, 6, 7), AwardWord(0, 0, 9, 8, 7)])
def test_words_read_back(word: AwardWord) -> None:
    assert AwardWord.from_word(word.to_word()) == word


def test_layout_is_that_of_the_interface() -> None:
    word = AwardWord(1, 2, 3, 4, 5, 6, 7).to_word()

    assert word == 1 | 2 << 32 | 3 << 48 | 4 << 96 | 5 << 136 | 6 << 144 | 7 << 192
    assert FULL.to_word() < 1 << 224


def test_events_of_one_campaign_lead_to_one_word() -> None:
    word = award_word(CompanionAwarded(4, OTHER, MEMBER, HASH, 30), 2, 99)
    word = award_word(BadgeAwarded(4, MEMBER, 7), 2, 99, word)
    word = award_word(AwardCut(4, MEMBER, 90, 20), 2, 99, word)
    word = award_word(Awarded(4, MEMBER, HASH, 1, 2, 20, 5), 2, 99, word)

    assert AwardWord.from_word(word) == AwardWord(4, 2, 20, 99, 0, 30, 7)


def test_tier_comes_first_and_stands_in_every_word() -> None:
    words = with_tier([AwardWord(4, 2, 20, 99).to_word()], tier=3, awarded=11, time=99)

    assert [AwardWord.from_word(word) for word in words] == [
        AwardWord(0, 0, 11, 99, 3),
        AwardWord(4, 2, 20, 99, 3),
    ]


def test_words_of_another_transaction_are_not_the_purchases() -> None:
    state = CampaignState(campaigns={1: Campaign(1)})
    fold.apply(state, Position(1, 0, 50, "0xaa"), Progressed(1, MEMBER, 3))

    assert state.take_awards(Position(1, 1, 50, "0xbb")) == ()
    fold.apply(state, Position(1, 2, 50, "0xbb"), Progressed(1, MEMBER, 4))
    assert state.take_awards(Position(1, 3, 50, "0xbb")) == (AwardWord(1, 0, 0, 50).to_word(),)
    assert state.take_awards(Position(1, 3, 50, "0xbb")) == ()
