"""The twin of `MilestoneRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.milestone import YEAR_SECONDS, Milestone, MilestoneTerms, MilestoneType, describe
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import MONDAY, all_of, purchase, wholly

RULE = Milestone()
BIRTHDAY_ACTION = 9
ENROLMENT = MilestoneTerms(type=MilestoneType.ENROLMENT, points=250, since=MONDAY, action=0, badge=7)
ANNIVERSARY = replace(ENROLMENT, type=MilestoneType.ANNIVERSARY, since=0)
BIRTHDAY = replace(ENROLMENT, type=MilestoneType.BIRTHDAY, action=BIRTHDAY_ACTION)
PAID = Award(250, badge=7)


def at(time: int, occasion: Occasion = Occasion.CLAIM, since: int = MONDAY, subject: int = 0) -> Happening:
    return Happening(occasion, time=time, member_since=since, subject=subject)


def birthday(time: int) -> Happening:
    return at(time, Occasion.ATTESTATION, subject=BIRTHDAY_ACTION)


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"type": 0}, 0),
        ({"type": 4}, 0),
        ({"points": 0, "badge": 0}, 1),
        ({"since": 1 << 40}, 2),
        ({"action": 1}, 3),
        ({"type": 3}, 3),
        ({"badge": 1 << 32}, 4),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(ENROLMENT, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(ENROLMENT.to_words()[:4])
    for terms in (ENROLMENT, ANNIVERSARY, BIRTHDAY):
        RULE.check(terms.to_words())
        assert MilestoneTerms.from_words(terms.to_words()) == terms


@pytest.mark.parametrize("occasion", [Occasion.PURCHASE, Occasion.CLAIM])
def test_enrolment_is_paid_once(occasion: Occasion) -> None:
    happenings = [at(MONDAY + day, occasion) for day in range(3)]

    assert all_of(RULE, ENROLMENT.to_words(), happenings)[1] == [PAID, NO_AWARD, NO_AWARD]


@pytest.mark.parametrize("terms", [ENROLMENT, ANNIVERSARY])
def test_members_and_occasions_that_do_not_count(terms: MilestoneTerms) -> None:
    later = MONDAY + 2 * YEAR_SECONDS
    refused = [at(later, Occasion.ATTESTATION), at(later, Occasion.DRAW), at(later, since=0), at(MONDAY - 1)]

    assert all_of(RULE, terms.to_words(), refused) == (0, [NO_AWARD] * 4)


def test_only_who_enrolled_since_then() -> None:
    assert RULE.apply(ENROLMENT.to_words(), 0, at(MONDAY, since=MONDAY - 1)) == (0, NO_AWARD)


def test_each_anniversary_is_paid_once_and_one_that_was_missed_is_not() -> None:
    days = [0, YEAR_SECONDS - 1, YEAR_SECONDS, YEAR_SECONDS + 5, 2 * YEAR_SECONDS - 1, 4 * YEAR_SECONDS]
    awards = all_of(RULE, ANNIVERSARY.to_words(), [at(MONDAY + passed) for passed in days])[1]

    assert awards == [NO_AWARD, NO_AWARD, PAID, NO_AWARD, NO_AWARD, PAID]


def test_an_anniversary_before_the_campaign_does_not_count() -> None:
    terms = replace(ANNIVERSARY, since=MONDAY + YEAR_SECONDS + 1)
    asked = [at(MONDAY + passed * YEAR_SECONDS + 2) for passed in (1, 2)]

    assert all_of(RULE, terms.to_words(), asked)[1] == [NO_AWARD, PAID]


def test_a_birthday_is_attested_and_paid_once_in_a_membership_year() -> None:
    other = at(MONDAY + 1, Occasion.ATTESTATION, subject=BIRTHDAY_ACTION + 1)
    asked = [other, at(MONDAY + 1), birthday(MONDAY + 2), birthday(MONDAY + 3), birthday(MONDAY + YEAR_SECONDS)]

    assert all_of(RULE, BIRTHDAY.to_words(), asked)[1] == [NO_AWARD, NO_AWARD, PAID, NO_AWARD, PAID]


def test_a_birthday_before_the_campaign_does_not_count() -> None:
    terms = replace(BIRTHDAY, since=MONDAY + 3)

    assert all_of(RULE, terms.to_words(), [birthday(MONDAY + 2), birthday(MONDAY + 3)])[1] == [NO_AWARD, PAID]


def test_a_reversal_takes_nothing_back() -> None:
    bought = replace(purchase(), member_since=MONDAY)
    progress, award = RULE.apply(ENROLMENT.to_words(), 0, bought)

    assert award == PAID
    assert RULE.take_back(ENROLMENT.to_words(), progress, bought, wholly(bought, 250)) == (progress, NO_AWARD)


def test_standing() -> None:
    assert describe(ENROLMENT, 0, MONDAY) == Standing(0, 1, "milestones", 250, 0, 0)
    assert describe(ENROLMENT, 1, MONDAY) == Standing(1, 1, "milestones", 0, 0, 1)
    assert describe(ANNIVERSARY, 3, MONDAY) == Standing(0, 1, "milestones", 250, 0, 1)
