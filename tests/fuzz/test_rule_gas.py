"""What a purchase or action costs in gas in the kinds whose progress remembers what was paid. `pytest -s` prints the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("pyrevm")

from coalition.ledger.rules.action import Action, ActionTerms
from coalition.ledger.rules.levels import Condition, Levels, LevelsTerms, Stage
from coalition.ledger.rules.milestone import Milestone, MilestoneTerms, MilestoneType
from coalition.ledger.rules.quest import Quest, QuestTerms
from coalition.ledger.rules.referral import Referral, ReferralTerms
from coalition.ledger.rules.rule import Happening, Occasion, Rule
from coalition.ledger.rules.surprise import Surprise, SurpriseTerms
from tests.fuzz.encoding import keccak
from tests.fuzz.rules import DAY, GENESIS, Contract, Terms

APPLY_GAS_MAX = 2_000
DRAW_GAS_MAX = 25_000
FIVE = (1, 2, 3, 4, 5)
REVIEW = 3
STAGES = tuple(Stage(condition, 2, 0, 500, 7, 0) for condition in Condition)
VISIT = Happening(Occasion.PURCHASE, 1, GENESIS, 1_000, 100, 0, GENESIS - 400 * DAY, 77)
VISITS = [replace(VISIT, partner=partner, time=GENESIS + partner) for partner in (1, 3, 5)]
ATTESTED = replace(VISIT, occasion=Occasion.ATTESTATION, partner=0, spend_minor=0, points=0, subject=REVIEW)
DRAW = replace(ATTESTED, occasion=Occasion.DRAW, subject=99)

USUAL: list[tuple[Rule, Terms, list[Happening]]] = [
    (Quest(), QuestTerms(3, 500, 7 * DAY, 100, 7, 0, FIVE).to_words(), VISITS),
    (Levels(), LevelsTerms(STAGES, FIVE).to_words(), [*VISITS, *VISITS, ATTESTED, ATTESTED]),
    (Milestone(), MilestoneTerms(MilestoneType.ENROLMENT, 500, 0, 0, 0).to_words(), VISITS),
    (Milestone(), MilestoneTerms(MilestoneType.ANNIVERSARY, 500, 0, 0, 0).to_words(), VISITS),
    (Milestone(), MilestoneTerms(MilestoneType.BIRTHDAY, 500, 0, REVIEW, 0).to_words(), [ATTESTED, ATTESTED]),
    (Referral(), ReferralTerms(500, 500, 100).to_words(), VISITS),
    (Action(), ActionTerms(REVIEW, 50, 2, DAY, 7, 10).to_words(), [ATTESTED] * 3),
    (Surprise(keccak), SurpriseTerms(2_500, 100, 128, 100).to_words(), VISITS),
]


def gas_of(rule: Rule, terms: Terms, happenings: list[Happening], progress: int = 0) -> list[int]:
    """Gas of one answer after the other."""
    contract, gas = Contract(rule), []
    for happening in happenings:
        progress, _ = contract.apply(terms, progress, happening)
        gas.append(contract.gas)
    print(f"{rule.kind}: {gas}")
    return gas


@pytest.mark.parametrize(("rule", "terms", "happenings"), USUAL)
def test_what_usually_happens_is_cheap(rule: Rule, terms: Terms, happenings: list[Happening]) -> None:
    assert max(gas_of(rule, terms, happenings)) <= APPLY_GAS_MAX


def test_the_largest_draw_fits_easily_into_what_a_rule_may_use() -> None:
    terms = SurpriseTerms(2_500, 100, 128, 100).to_words()

    assert gas_of(Surprise(keccak), terms, [DRAW], progress=128)[0] <= DRAW_GAS_MAX
