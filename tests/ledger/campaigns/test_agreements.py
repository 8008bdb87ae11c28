"""Terms that are put to the sponsors, approved, changed and started; nothing half."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coalition.ledger.campaign_events import CampaignStarted, CampaignTurnedOver
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.state import CLAIM_SECONDS
from coalition.ledger.campaigns.terms import Sponsor
from coalition.ledger.run import Revert
from tests.ledger.campaigns.support import DAY, KEYS, NOW, OPERATOR, STAMPS, STRANGER, TERMS, World

UNKNOWN = "0x" + "e" * 40


@pytest.mark.parametrize(
    ("changes", "revert"),
    [
        ({"sponsors": ()}, Revert("SponsorsInvalid", (0,))),
        ({"sponsors": (Sponsor(2, 5_000), Sponsor(2, 5_000))}, Revert("SponsorsNotRising", (2,))),
        ({"sponsors": (Sponsor(1, 9_999),)}, Revert("SharesInvalid", (9_999,))),
        ({"rule": UNKNOWN}, Revert("RuleNotListed", (UNKNOWN,))),
        ({"rule_terms": (0,) * 129}, Revert("RuleTermsTooMany", (129, 128))),
        ({"partners": ()}, Revert("PartnersInvalid", (0,))),
        ({"partners": (3, 3)}, Revert("PartnersNotRising", (3,))),
        ({"partners": (4,)}, Revert("PartnerNotKnown", (4,))),
        ({"closes_at": NOW}, Revert("WindowInvalid", (NOW, NOW))),
        ({"opens_at": NOW - 1}, Revert("WindowTooSoon", (NOW - 1, NOW))),
        ({"budget_points": 0}, Revert("BudgetInvalid", (0, 1, (1 << 40) - 1))),
        ({"tier_mask": 0}, Revert("TiersNone")),
        ({"sponsors": (Sponsor(2, 10_000),)}, Revert("NotSponsor", (1, 1))),
        ({"rule_terms": (1, 2)}, Revert("TermCountInvalid", (2, 5))),
        ({"rule_terms": (0, 0, 1, 0, 0)}, Revert("TermInvalid", (0, 0))),
    ],
)
def test_terms_that_are_wrong(changes: dict[str, Any], revert: Revert) -> None:
    world = World()

    assert world.call(KEYS[0], calls.Propose(replace(TERMS, **changes))) == revert
    assert world.state.campaigns == {}


def test_only_the_operator_lists_rules() -> None:
    world = World()

    assert world.call(STRANGER, calls.ListRule(UNKNOWN, b"\1")) == Revert("AccessManagedUnauthorized", (STRANGER,))
    assert world.call(OPERATOR, calls.ListRule(UNKNOWN, b"")) == Revert("RuleWithoutCode", (UNKNOWN,))
    assert world.call(OPERATOR, calls.DelistRule(UNKNOWN)) == Revert("RuleNotListed", (UNKNOWN,))


def test_half_of_the_sponsors_is_nobody() -> None:
    world = World()
    proposed = world.propose()
    world.call(KEYS[0], calls.Approve(1, 1, proposed.terms_hash, NOW))

    assert world.start(proposed) == Revert("ApprovalMissing", (2,))
    assert world.state.campaigns[1].live is None
    assert world.state.reserved == {}


def test_an_approval_ends() -> None:
    world = World()
    proposed = world.propose(opens_at=NOW + 10)
    world.approve(proposed, NOW + 3)
    world.now += 4

    assert world.start(proposed) == Revert("ApprovalExpired", (1, NOW + 3))
    short = calls.Approve(1, 1, proposed.terms_hash, NOW)
    assert world.call(KEYS[0], short) == Revert("ApprovalTooShort", (NOW,))


def test_other_terms_than_approved_do_not_start() -> None:
    world = World()
    proposed = world.propose()
    world.approve(proposed)

    started = world.call(STRANGER, calls.Start(1, 1, replace(proposed.terms, budget_points=999)))
    assert isinstance(started, Revert) and started.name == "TermsUnknown"


def test_starting_reserves_each_part_and_opens_at_each_partner() -> None:
    world = World()
    number = world.open()

    assert world.state.reserved == {1: 334, 2: 667}
    assert world.state.open_at == {1: [number], 3: [number]}
    assert world.engine.is_open_at(1, NOW) and not world.engine.is_open_at(2, NOW)


def test_credit_of_a_sponsor() -> None:
    world = World()
    world.coalition.credit_limits[2] = 666
    proposed = world.propose()
    world.approve(proposed)

    assert world.start(proposed) == Revert("CreditExceeded", (2, 667, 666))
    assert world.state.reserved == {}


def test_a_partner_has_32_places_and_what_is_over_makes_room() -> None:
    world = World()
    for _ in range(31):
        world.open(closes_at=NOW + 100 * DAY)
    world.open(closes_at=NOW + 1)
    proposed = world.propose()
    world.approve(proposed)
    assert world.start(proposed) == Revert("PartnerFull", (1, 32))

    world.now += 1
    number = world.open(opens_at=world.now)
    assert world.state.open_at[1][31] == number


def test_a_version_takes_over_after_the_notice() -> None:
    world = World()
    world.coalition.notice_seconds = DAY
    number = world.open()
    world.buy()
    terms = replace(TERMS, opens_at=NOW + DAY, budget_points=2_000, rule_terms=(2, 0, 7, 0, 0))
    (proposed,) = world.call(KEYS[1], calls.Amend(number, terms))
    world.approve(proposed, NOW + 2 * DAY)
    assert world.start(proposed) == [CampaignStarted(number, 2, proposed.terms_hash, NOW + DAY)]
    assert world.start(proposed) == Revert("VersionPending", (number, 2))
    assert world.buy().awarded == 100
    assert world.state.reserved == {1: 667, 2: 1_334}

    world.now += DAY
    assert world.buy().awarded == 0
    assert world.last.events[0] == CampaignTurnedOver(number, 2, proposed.terms_hash)
    assert world.buy().awarded == 7
    assert world.state.campaigns[number].paid == 107
    assert world.start(proposed) == Revert("VersionNotNext", (number, 2))


def test_an_amendment_needs_notice_and_at_least_the_budget() -> None:
    world = World()
    world.coalition.notice_seconds = DAY
    number = world.open()
    for terms, revert in (
        (replace(TERMS, opens_at=NOW + DAY - 1), Revert("StartTooLate", (NOW + DAY - 1, NOW + DAY))),
        (replace(TERMS, opens_at=NOW + DAY, budget_points=999), Revert("BudgetTooSmall", (999, 1_000))),
    ):
        (proposed,) = world.call(KEYS[0], calls.Amend(number, terms))
        world.approve(proposed)
        assert world.start(proposed) == revert
    fixed = calls.Amend(number, replace(TERMS, partners=(1,)))
    assert world.call(KEYS[0], fixed) == Revert("TermsFixed", (number,))


def test_pause_and_resume() -> None:
    world = World()
    fixed, number = world.open(), world.open(pausable=True, rule=STAMPS)
    assert world.call(KEYS[0], calls.PauseCampaign(fixed)) == Revert("CampaignNotPausable", (fixed,))
    assert world.call(KEYS[2], calls.PauseCampaign(number)) == Revert("NotSponsor", (number, 3))
    world.call(KEYS[0], calls.PauseCampaign(number))
    assert world.call(KEYS[0], calls.PauseCampaign(number)) == Revert("CampaignPauseUnchanged", (number, True))
    assert len(world.buy().words) == 1

    world.call(KEYS[1], calls.ResumeCampaign(number))
    assert world.call(KEYS[0], calls.ResumeCampaign(number)) == Revert("CampaignPauseUnchanged", (number, False))
    assert len(world.buy().words) == 2


def test_early_end_and_close() -> None:
    world = World()
    fixed, number = world.open(), world.open(end_notice_seconds=DAY)
    assert world.call(KEYS[0], calls.EndCampaign(fixed)) == Revert("CampaignNeverEndsEarly", (fixed,))
    world.call(KEYS[0], calls.EndCampaign(number))
    assert world.call(KEYS[0], calls.EndCampaign(number)) == Revert("CampaignOver", (number, NOW + DAY))
    world.now += DAY
    assert [word & 0xFFFFFFFF for word in world.buy().words] == [fixed]

    until = NOW + DAY + CLAIM_SECONDS
    assert world.call(STRANGER, calls.Close(number)) == Revert("CampaignNotOver", (number, until))
    world.now = until
    world.call(STRANGER, calls.Close(number))
    assert world.call(STRANGER, calls.Close(number)) == Revert("CampaignAlreadyClosed", (number,))
    assert world.state.reserved == {1: 334, 2: 667}
    assert world.state.open_at == {1: [fixed], 3: [fixed]}
