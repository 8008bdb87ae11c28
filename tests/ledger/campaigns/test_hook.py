"""The engine as the ledger's machine asks it, and how long a year takes."""

from __future__ import annotations

from coalition.ledger.campaigns.engine import Hook
from coalition.ledger.run import EarnHook, Purchase
from tests.ledger.campaigns.support import DOUBLED, MEMBERS, MULTIPLIER, NOW, REFERRAL, World


def test_the_hook_answers_as_the_engine() -> None:
    world = World()
    world.open(rule=MULTIPLIER, rule_terms=DOUBLED)
    hook: EarnHook = Hook(world.engine)  # type: ignore[assignment]
    run = world.run()
    purchase = Purchase(1, MEMBERS[0], 5, 1_000, 70, NOW - 1_000)

    assert hook.is_open_at(run, 1) and not hook.is_open_at(run, 2)  # type: ignore[arg-type]
    assert hook.earned(run, purchase) == (70, [])  # type: ignore[arg-type]
    words = world.state.take_awards(run.start)
    assert len(words) == 1
    assert hook.taken_back(world.run(), purchase, words, 1_000, 500) == (35, [])  # type: ignore[arg-type]


def test_the_hook_names_who_else_is_paid() -> None:
    world = World()
    number = world.open(rule=REFERRAL, rule_terms=(10, 20, 0))
    campaign = world.state.campaigns[number]
    campaign.referrers[MEMBERS[1]] = MEMBERS[0]
    campaign.word(MEMBERS[1]).flags = 2
    purchase = Purchase(1, MEMBERS[1], 5, 1_000, 70, NOW)

    assert Hook(world.engine).earned(world.run(), purchase) == (10, [(MEMBERS[0], 20)])
