"""The contract and the twin of each kind of campaign say the same, whatever happens and whatever is taken back."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

pytest.importorskip("pyrevm")

from coalition.ledger.rules import local_time
from coalition.ledger.rules.dividend import Dividend, DividendTerms
from coalition.ledger.rules.multiplier import Multiplier, MultiplierTerms
from coalition.ledger.rules.rule import Happening, Occasion
from coalition.ledger.rules.stamps import Stamps, StampTerms
from coalition.ledger.rules.streak import Streak, StreakTerms
from coalition.ledger.rules.threshold import Threshold, ThresholdTerms
from tests.fuzz.rules import DAY, GENESIS, LARGEST, Contract, Sample, Terms, run, spoilt, twins_refusal

STEPS = int(os.environ.get("FUZZ_RULE_STEPS", "20000"))
STEPS_DEEP = int(os.environ.get("FUZZ_RULE_STEPS_DEEP", "1000000"))
FIRST_SEED = int(os.environ.get("FUZZ_FIRST_SEED", "1"))
FIRST_SEED_DEEP = 100_000
CHECKS = 600


def multiplier_terms(random_: random.Random) -> Terms:
    from_minute = random_.choice([0, 0, random_.randrange(1_440)])
    return MultiplierTerms(
        basis=random_.randrange(2),
        rate_bps=random_.choice([1, 5_000, 20_000, 1_000_000]),
        weekday_mask=random_.choice([127, 127, random_.randint(1, 127)]),
        from_minute=from_minute,
        to_minute=random_.choice([1_440, random_.randint(from_minute + 1, 1_440)]),
        utc_offset_minutes=random_.randint(-720, 840),
        min_spend_minor=random_.choice([0, 100, 1_000]),
    ).to_words()


def multiplier_happening(random_: random.Random, terms: Terms, happening: Happening) -> Happening:
    """Buy at the very second at which the hours begin or end, or the one before."""
    if random_.random() < 0.7:
        return happening
    meant = MultiplierTerms.from_words(terms)
    edge = random_.choice([meant.opens, meant.closes])
    time = edge(local_time.day_number(happening.time, meant.utc_offset_minutes)) - random_.randrange(2)
    return replace(happening, time=time)


def threshold_terms(random_: random.Random) -> Terms:
    badge = random_.choice([0, 7])
    points = random_.choice([1, 500, 500, LARGEST]) if not badge else random_.choice([0, 500])
    return ThresholdTerms(
        random_.choice([1, 99, 5_000, 30_000, LARGEST]), points, random_.randrange(2), badge
    ).to_words()


def stamp_terms(random_: random.Random) -> Terms:
    badge = random_.choice([0, 7])
    points = random_.choice([1, 500, 500, LARGEST]) if not badge else random_.choice([0, 500])
    stamps = random_.choice([1, 2, 3, 5, 10])
    return StampTerms(stamps, random_.choice([0, 100, 1_000]), points, random_.choice([0, 0, 1, 3]), badge).to_words()


def streak_terms(random_: random.Random) -> Terms:
    badge = random_.choice([0, 7])
    needed = random_.choice([1, 2, 3, 5, 7, 32])
    return StreakTerms(
        unit_seconds=random_.choice([DAY, DAY, 7 * DAY]),
        units_needed=needed,
        grace_units=min(random_.choice([0, 0, 1, 2, 5, 31]), 32 - needed),
        points=random_.choice([1, 500, 500, LARGEST]) if not badge else random_.choice([0, 500]),
        min_spend_minor=random_.choice([0, 100]),
        utc_offset_minutes=random_.randint(-720, 840),
        max_awards=random_.choice([0, 0, 1, 2]),
        badge=badge,
    ).to_words()


def streak_happening(random_: random.Random, terms: Terms, happening: Happening) -> Happening:
    """Buy in the first second of the next unit, or in the last of this one."""
    if random_.random() < 0.7:
        return happening
    meant = StreakTerms.from_words(terms)
    time = meant.unit_start(meant.unit_of(happening.time) + 1) - random_.randrange(2)
    return replace(happening, time=time)


def dividend_terms(random_: random.Random) -> Terms:
    return DividendTerms(random_.choice([1, 1_000, 33, 1_000_000]), GENESIS + random_.randrange(500 * DAY)).to_words()


def dividend_happening(random_: random.Random, terms: Terms, happening: Happening) -> Happening:
    """Claim more often once there is something to claim."""
    if happening.time < terms[1] or random_.random() < 0.7:
        return happening
    return replace(happening, occasion=Occasion.CLAIM, partner=0, spend_minor=0, points=0)


SAMPLES = [
    Sample(Multiplier(), multiplier_terms, multiplier_happening),
    Sample(Threshold(), threshold_terms),
    Sample(Stamps(), stamp_terms),
    Sample(Streak(), streak_terms, streak_happening, is_exact=False),
    Sample(Dividend(), dividend_terms, dividend_happening),
]

MUST_BE_SEEN = [
    *(f"{sample.rule.kind} {what}" for sample in SAMPLES for what in ("award", "taken back")),
    *(f"{kind} badge {what}" for kind in ("threshold", "stamps", "streak") for what in ("award", "taken back")),
]


def test_contracts_and_twins_agree() -> None:
    report = run(SAMPLES, FIRST_SEED, STEPS)
    print(report)

    assert [what for what in MUST_BE_SEEN if not report.seen[what]] == []


@pytest.mark.deep
def test_contracts_and_twins_agree_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """`FUZZ_RULE_STEPS_DEEP` says how many answers to compare, `FUZZ_FIRST_SEED` where to begin."""
    with capsys.disabled():
        report = run(SAMPLES, FIRST_SEED_DEEP + FIRST_SEED, STEPS_DEEP)
        print(f"\n{report}")

    assert report.steps >= STEPS_DEEP


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.rule.kind)
def test_contract_and_twin_refuse_the_same_terms(sample: Sample) -> None:
    random_, contract = random.Random(FIRST_SEED), Contract(sample.rule)
    refusals = 0
    for _ in range(CHECKS):
        terms = spoilt(random_, sample.terms(random_))
        refusal = twins_refusal(sample.rule, terms)
        assert contract.check(terms) == refusal, terms
        refusals += refusal is not None

    assert CHECKS // 10 < refusals < CHECKS
