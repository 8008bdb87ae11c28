"""Contract and twin of the kinds whose progress remembers what was paid: they agree, and never pay twice for one thing.

A purchase that changed neither progress nor balance is never taken back here: the campaign book keeps no word of it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

pytest.importorskip("pyrevm")

from coalition.ledger.rules import levels, quest, surprise
from coalition.ledger.rules.action import Action, ActionTerms
from coalition.ledger.rules.action import Progress as ActionProgress
from coalition.ledger.rules.levels import Condition, Levels, LevelsTerms, Stage
from coalition.ledger.rules.milestone import Milestone, MilestoneTerms, MilestoneType
from coalition.ledger.rules.quest import Quest, QuestTerms
from coalition.ledger.rules.referral import Referral, ReferralTerms
from coalition.ledger.rules.rule import Happening, Occasion, TakenBack
from coalition.ledger.rules.surprise import Draw, Surprise, SurpriseTerms
from tests.fuzz.encoding import keccak
from tests.fuzz.rules import DAY, GENESIS, STEPS_PER_RUN, Contract, Report, Run, Sample, Terms, spoilt, twins_refusal

STEPS = int(os.environ.get("FUZZ_RULE_STEPS", "20000"))
STEPS_DEEP = int(os.environ.get("FUZZ_RULE_STEPS_DEEP", "1000000"))
FIRST_SEED = int(os.environ.get("FUZZ_FIRST_SEED", "1"))
FIRST_SEED_DEEP = 100_000
CHECKS = 600
ACTIONS = (3, 4)


def quest_terms(random_: random.Random) -> Terms:
    partners = tuple(sorted(random_.sample(range(1, 8), random_.randint(1, 6))))
    badge = random_.choice([0, 7])
    return QuestTerms(
        partners_needed=random_.randint(1, len(partners)),
        points=random_.choice([0 if badge else 1, 500]),
        window_seconds=random_.choice([0, 0, DAY, 7 * DAY, 60 * DAY]),
        min_spend_minor=random_.choice([0, 100]),
        badge=badge,
        repeats_max=random_.choice([0, 0, 1, 3, 65_534]),
        partners=partners,
    ).to_words()


def stage(random_: random.Random, partner_count: int) -> Stage:
    condition = random_.choice([one for one in Condition if partner_count or one != Condition.PARTNERS])
    thresholds = {Condition.PARTNERS: random_.randint(1, max(1, partner_count)), Condition.SPEND: 5_000}
    return Stage(
        condition=condition,
        threshold=thresholds.get(condition, random_.choice([1, 2, 3, 5])),
        min_spend_minor=0 if condition == Condition.ACTIONS else random_.choice([0, 100]),
        points=random_.choice([0, 100, 300]),
        badge=random_.choice([0, 7]),
        action=random_.choice([0, *ACTIONS]) if condition == Condition.ACTIONS else 0,
    )


def levels_terms(random_: random.Random) -> Terms:
    partners = tuple(sorted(random_.sample(range(1, 8), random_.randint(0, 6))))
    stages = tuple(stage(random_, len(partners)) for _ in range(random_.choice([1, 2, 3, 6, 32])))
    return LevelsTerms(stages, partners).to_words()


def milestone_terms(random_: random.Random) -> Terms:
    type_, badge = random_.choice(list(MilestoneType)), random_.choice([0, 7])
    return MilestoneTerms(
        type=type_,
        points=random_.choice([0 if badge else 1, 500]),
        since=random_.choice([0, GENESIS - 300 * DAY, GENESIS + 300 * DAY]),
        action=random_.choice(ACTIONS) if type_ == MilestoneType.BIRTHDAY else 0,
        badge=badge,
    ).to_words()


def referral_terms(random_: random.Random) -> Terms:
    points = random_.choice([0, 1, 500])
    return ReferralTerms(points, random_.choice([1, 333]), random_.choice([0, 100])).to_words()


def action_terms(random_: random.Random) -> Terms:
    most, badge = random_.choice([0, 1, 3]), random_.choice([0, 7])
    return ActionTerms(
        action=random_.choice([0, *ACTIONS]),
        points=random_.choice([0 if badge else 1, 50]),
        max_per_period=most,
        period_seconds=random_.choice([0, DAY, 7 * DAY]) if most else 0,
        badge=badge,
        badge_after=random_.randint(1, 4) if badge else 0,
    ).to_words()


def surprise_terms(random_: random.Random) -> Terms:
    chance_bps, prize_points = random_.choice([1, 2_500, 5_000, 10_000]), random_.choice([1, 33, 1_000])
    return SurpriseTerms(chance_bps, prize_points, random_.choice([1, 5, 128]), random_.choice([0, 100])).to_words()


def attested(random_: random.Random, terms: Terms, happening: Happening) -> Happening:
    """Attest an action now and then, and give attestations a code."""
    if random_.random() < 0.3:
        happening = Happening(Occasion.ATTESTATION, time=happening.time, member_since=happening.member_since)
    if happening.occasion != Occasion.ATTESTATION:
        return happening
    return replace(happening, subject=random_.choice([*ACTIONS, 5]))


def referred(random_: random.Random, terms: Terms, happening: Happening) -> Happening:
    return replace(happening, subject=random_.choice([0, 1 << 159]))


def drawn(random_: random.Random, terms: Terms, happening: Happening) -> Happening:
    """Draw after some twenty purchases, without a seed as often as with."""
    if happening.occasion == Occasion.DRAW or random_.random() < 0.05:
        happening = Happening(Occasion.DRAW, time=happening.time, member_since=happening.member_since)
    return replace(happening, subject=random_.choice([0, random_.getrandbits(256)]))


@dataclass(frozen=True)
class Remembering:
    """A kind, and what `terms` and `progress` say about the points `paid` so far, less what went back."""

    sample: Sample
    is_right: Callable[[Terms, int, int], bool]
    takes_at_most_what_was_paid: bool = True


def quest_is_right(terms: Terms, progress: int, paid: int) -> bool:
    rounds = quest.Progress.from_word(progress).rounds
    return paid == rounds * terms[1] and rounds <= terms[5] + 1


def levels_is_right(terms: Terms, progress: int, paid: int) -> bool:
    standing = levels.Progress.from_word(progress).stage
    return paid <= sum(one.points for one in LevelsTerms.from_words(terms).stages[:standing])


def milestone_is_right(terms: Terms, progress: int, paid: int) -> bool:
    return paid <= progress * terms[1] if terms[0] != MilestoneType.ENROLMENT else paid == progress * terms[1]


def referral_is_right(terms: Terms, progress: int, paid: int) -> bool:
    return paid <= terms[0] if progress else paid == 0


def action_is_right(terms: Terms, progress: int, paid: int) -> bool:
    return paid == ActionProgress.from_word(progress).total * terms[1]


def surprise_is_right(terms: Terms, progress: int, paid: int) -> bool:
    known = surprise.Progress.from_word(progress)
    if known.draw == Draw.DRAWN_BLIND:
        return paid == SurpriseTerms.from_words(terms).expected_points(known.entries)
    return paid == len(known.winners) * terms[1] and all(entry < known.entries for entry in known.winners)


KINDS = [
    Remembering(Sample(Quest(), quest_terms), quest_is_right),
    Remembering(Sample(Levels(), levels_terms, attested, is_exact=False), levels_is_right, False),
    Remembering(Sample(Milestone(), milestone_terms, attested, is_exact=False), milestone_is_right),
    Remembering(Sample(Referral(), referral_terms, referred), referral_is_right),
    Remembering(Sample(Action(), action_terms, attested, is_exact=False), action_is_right),
    Remembering(Sample(Surprise(keccak), surprise_terms, drawn), surprise_is_right),
]

TAKEN_BACK = ("quest", "levels", "referral", "surprise")
MUST_BE_SEEN = [
    *(f"{kind.sample.rule.kind} award" for kind in KINDS),
    *(f"{kind} taken back" for kind in TAKEN_BACK),
    *(f"{kind} badge award" for kind in ("quest", "levels", "milestone", "action")),
    *(f"{kind} badge taken back" for kind in ("quest", "levels")),
]


class RememberingRun(Run):
    """A run that checks what is paid after every step."""

    def __init__(self, kind: Remembering, contract: Contract, seed: int, report: Report) -> None:
        super().__init__(kind.sample, contract, seed, report)
        self.kind = kind
        # Where a stage further back was made up anew, more than was paid can go back: the book stops at what it paid.
        self.is_full = not kind.takes_at_most_what_was_paid

    def happen(self) -> None:
        before = self.progress, self.paid, len(self.purchases)
        super().happen()
        if (self.progress, self.paid) == before[:2]:
            del self.purchases[before[2] :]

    def count(self, what: str, award: object) -> None:
        super().count(what, award)
        assert self.kind.is_right(self.terms, self.progress, self.paid), self.told(f"{self.paid} points are paid")


def run(first_seed: int, steps: int) -> Report:
    """Run campaigns of all kinds in turn until `steps` answers were compared."""
    report, seed = Report(), first_seed
    contracts = [Contract(kind.sample.rule) for kind in KINDS]
    while report.steps < steps:
        for kind, contract in zip(KINDS, contracts, strict=True):
            RememberingRun(kind, contract, seed, report).go(STEPS_PER_RUN)
        seed += 1
    return report


def test_contracts_and_twins_agree() -> None:
    report = run(FIRST_SEED, STEPS)
    print(report)

    assert [what for what in MUST_BE_SEEN if not report.seen[what]] == []


@pytest.mark.deep
def test_contracts_and_twins_agree_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """`FUZZ_RULE_STEPS_DEEP` says how many answers to compare, `FUZZ_FIRST_SEED` where to begin."""
    with capsys.disabled():
        report = run(FIRST_SEED_DEEP + FIRST_SEED, STEPS_DEEP)
        print(f"\n{report}")

    assert report.steps >= STEPS_DEEP


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.sample.rule.kind)
def test_contract_and_twin_refuse_the_same_terms(kind: Remembering) -> None:
    random_, contract = random.Random(FIRST_SEED), Contract(kind.sample.rule)
    refusals = 0
    for _ in range(CHECKS):
        terms = spoilt(random_, kind.sample.terms(random_))
        refusal = twins_refusal(kind.sample.rule, terms)
        assert contract.check(terms) == refusal, terms
        refusals += refusal is not None

    assert CHECKS // 10 < refusals < CHECKS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.sample.rule.kind)
def test_contract_and_twin_agree_on_progress_of_other_terms(kind: Remembering) -> None:
    """Sponsors may amend terms while members have progress."""
    random_, contract = random.Random(FIRST_SEED), Contract(kind.sample.rule)
    compared = 0
    for seed in range(30):
        run_ = RememberingRun(kind, contract, seed, Report())
        for _ in range(STEPS_PER_RUN // 2):
            run_.happen()
        run_.terms = kind.sample.terms(random_)
        for purchase in run_.purchases:
            happening, spend = purchase.happening, purchase.happening.spend_minor
            taken = TakenBack(spend, 0, purchase.points, run_.is_whole)
            twin = kind.sample.rule.take_back(run_.terms, run_.progress, happening, taken)
            run_.agreed(contract.take_back(run_.terms, run_.progress, happening, taken), twin, happening, taken)
        for _ in range(STEPS_PER_RUN // 2):
            happening = kind.sample.happening(random_, run_.terms, run_.any_happening())
            twin = kind.sample.rule.apply(run_.terms, run_.progress, happening)
            run_.agreed(contract.apply(run_.terms, run_.progress, happening), twin, happening)
        compared += len(run_.story)

    assert compared >= 30 * STEPS_PER_RUN, "`agreed` asserts each of them"
