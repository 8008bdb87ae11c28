"""Each invariant of campaigns holds for what the twin does, and names what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_hash.auto import keccak

from coalition.ledger.campaign_events import AwardCut, Awarded, CampaignProposed, Progressed, TermsApproved
from coalition.ledger.campaigns import calls, fold
from coalition.ledger.campaigns.invariants import (
    award_names_approved_terms,
    campaign_within_budget,
    progress_replays,
)
from coalition.ledger.campaigns.state import CampaignState
from coalition.ledger.events import Earned, Event, MemberEnrolled, Position, Reversed
from coalition.ledger.lots import Lots
from coalition.ledger.rules.dividend import DividendTerms
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from tests.ledger.campaigns.support import (
    BOOK,
    DIVIDEND,
    DOUBLED,
    KEYS,
    MEMBERS,
    MULTIPLIER,
    NOW,
    OPERATOR,
    RULES,
    STAMPS,
    STRANGER,
    World,
)

MEMBER = MEMBERS[0]
History = list[tuple[Position, Event]]


def history() -> History:
    """Purchases, a reversal and a claim in three campaigns."""
    world = World()
    since = world.coalition.members[MEMBER]
    world.history.insert(0, (Position(0, 0, since), MemberEnrolled(MEMBER)))
    world.open()
    world.open(rule=MULTIPLIER, rule_terms=DOUBLED, member_cap_points=50)
    dividend = world.open(rule=DIVIDEND, rule_terms=DividendTerms(1_000, NOW + 9).to_words())
    purchases = []
    for _ in range(3):
        paid = world.buy(points=40)
        purchases.append(paid)
        earned = Earned(1, MEMBER, paid.receipt, 1_000, 40, paid.awarded)
        world.history.append((world.last.start, earned))
    back = world.engine.taken_back(run := world.run(), 1, MEMBER, 1, 1_000, 40, since, purchases[0].words, 1_000, 0)
    world.history += [(run.start, event) for event in run.events]
    world.history.append((run.start, Reversed(1, MEMBER, 99, 1, 1_000, 40, Lots.of(0, {}), back.awarded)))
    world.now += 9
    world.call(STRANGER, calls.Claim(dividend, (MEMBER,)))
    return world.history


def folded(events: History) -> CampaignState:
    return fold.apply_all(CampaignState(agreements=BOOK), events)


def changed(events: History, kind: type[Event], **changes: Any) -> History:
    """The history with one event told differently: the last of its kind."""
    at = max(at for at, (_, event) in enumerate(events) if type(event) is kind)
    position, event = events[at]
    return [*events[:at], (position, replace(event, **changes)), *events[at + 1 :]]


def without(events: History, kind: type[Event]) -> History:
    at = max(at for at, (_, event) in enumerate(events) if type(event) is kind)
    return events[:at] + events[at + 1 :]


def test_what_the_twin_does_holds() -> None:
    events = history()
    state = folded(events)

    assert campaign_within_budget(state) == []
    assert award_names_approved_terms(state, 1, keccak) == []
    assert progress_replays(events, RULES, keccak, is_hooked=True) == []


def test_a_rule_without_a_twin_is_believed_but_not_its_limits() -> None:
    events = history()
    known = {rule: twin for rule, twin in RULES.items() if rule not in (STAMPS, MULTIPLIER)}

    assert progress_replays(events, known, keccak, is_hooked=True) == []
    at = next(at for at, (_, one) in enumerate(events) if isinstance(one, Awarded) and one.campaign == 2)
    position, event = events[at]
    assert isinstance(event, Awarded)
    beyond = [*events[:at], (position, replace(event, points=60)), *events[at + 1 :]]
    (found,) = progress_replays(beyond, known, keccak, is_hooked=True)
    assert "purchase 1 at partner 1" in found.sentence


class OnlyForTheReferrer:
    """A kind that gives nothing to the member who claims."""

    kind, contract = "only-for-the-referrer", ""

    def check(self, terms: Sequence[int]) -> None:
        pass

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        return progress, Award(0, 600, 0) if happening.occasion is Occasion.CLAIM else NO_AWARD

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        return progress, NO_AWARD


def test_a_claim_that_tells_only_of_who_referred() -> None:
    world, foreign, new = World(), "0x" + "5" * 40, "0x" + "6" * 40
    world.engine.rules = {**RULES, foreign: OnlyForTheReferrer()}
    world.call(OPERATOR, calls.ListRule(foreign, b"\1" * 32))
    number = world.open(rule=foreign, rule_terms=(), opt_in=True)
    for member, since in world.coalition.members.items():
        world.history.insert(0, (Position(0, 0, since), MemberEnrolled(member)))
    world.now += 1
    world.coalition.members[new] = world.now
    world.history.append((world.position, MemberEnrolled(new)))
    world.call(KEYS[0], calls.Refer(number, new, MEMBER))
    world.call(new, calls.Join(number, (calls.Joining(new, ()),)))
    for _ in range(3):
        told = world.call(STRANGER, calls.Claim(number, (new,)))

    assert told == [AwardCut(number, MEMBER, 600, 0)]
    assert progress_replays(world.history, RULES, keccak, is_hooked=True) == []
    (found,) = progress_replays(changed(world.history, AwardCut, member=STRANGER), RULES, keccak, is_hooked=True)
    assert "explains" in found.sentence


def test_more_than_the_budget() -> None:
    state = folded(changed(history(), Awarded, points=5_000))

    assert [one.invariant for one in campaign_within_budget(state)] == ["campaign_within_budget"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.campaigns[1].words[MEMBER].__setattr__("paid", -1),
        lambda state: state.campaigns[2].__setattr__("paid", state.campaigns[2].paid + 1),
        lambda state: state.reserved.__setitem__(1, 5),
        lambda state: state.campaigns[3].__setattr__("closed", True),
    ],
)
def test_points_that_nobody_has_and_reserves_that_do_not_fit(spoil: Callable[[CampaignState], None]) -> None:
    state = folded(history())
    spoil(state)

    assert campaign_within_budget(state) != []


@pytest.mark.parametrize(
    "events",
    [
        changed(history(), Awarded, terms_hash=b"\7" * 32),
        without(history(), TermsApproved),
        changed(history(), TermsApproved, approved_until=NOW - 1),
        changed(history(), CampaignProposed, terms_hash=b"\7" * 32),
    ],
    ids=["award names other terms", "approval missing", "approval expired", "hash of other terms"],
)
def test_terms_that_nobody_approved(events: History) -> None:
    assert award_names_approved_terms(folded(events), 1, keccak) != []


@pytest.mark.parametrize(
    ("events", "named"),
    [
        (changed(history(), Awarded, points=1), "explains"),
        (changed(history(), Progressed, progress=7), "99"),
        (without(history(), Progressed), "99"),
        (changed(history(), Earned, awarded=1), "purchase 3"),
        (changed(history(), Earned, spend_minor=1), "purchase 3"),
        (changed(history(), Reversed, awarded=1), "reversal 99"),
        (without(history(), Earned), ""),
    ],
    ids=["award", "progress", "nothing told", "awarded", "spend", "taken back", "no purchase"],
)
def test_what_does_not_follow_is_named(events: History, named: str) -> None:
    (found,) = progress_replays(events, RULES, keccak, is_hooked=True)

    assert found.invariant == "progress_replays"
    assert named in found.sentence
    assert found.position is not None
