"""Kinds of campaigns: the committed contract of each beside its twin, asked the same.

A run is one campaign of one member: random terms, then purchases, attestations, claims and draws in the order of time, and
reversals of earlier purchases in any order, in parts. Progress is carried on.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pyrevm import EVM

from coalition.ledger.machine import Revert
from coalition.ledger.rules.rule import (
    NO_AWARD,
    PROGRESS_BITS,
    Award,
    Happening,
    Occasion,
    Rule,
    TakenBack,
    TermCountInvalid,
    TermInvalid,
)
from tests.fuzz.encoding import artifact, canonical, keccak, words

CALLER = "0x" + "11" * 20
GAS = 5_000_000
CALL_GAS = 21_000
HOUR, DAY = 3_600, 86_400
GENESIS = 1_700_000_000
LARGEST = (1 << 48) - 1
STEPS_PER_RUN = 60

Terms = tuple[int, ...]
Answer = tuple[int, Award]


@dataclass(frozen=True)
class Sample:
    """A kind with what its runs are made of.

    `terms` makes terms that the kind accepts. `happening` changes a random happening so that it is worth asking about;
    it may be later, but not earlier where progress depends on the order.
    `is_exact` says that nothing of any award stays once every purchase is taken back.
    """

    rule: Rule
    terms: Callable[[random.Random], Terms]
    happening: Callable[[random.Random, Terms, Happening], Happening] = lambda random_, terms, happening: happening
    is_exact: bool = True


@dataclass
class Report:
    """How much was compared, and what came up."""

    steps: int = 0
    seen: Counter[str] = field(default_factory=Counter)


class Contract:
    """The committed contract of a rule in an EVM of its own."""

    def __init__(self, rule: Rule) -> None:
        compiled = artifact(rule.contract)
        functions = [entry for entry in compiled["abi"] if entry["type"] == "function"]
        errors = [entry for entry in compiled["abi"] if entry["type"] == "error"]
        self.selectors = {entry["name"]: keccak(canonical(entry).encode())[:4] for entry in functions}
        self.errors = {keccak(canonical(entry).encode())[:4]: entry["name"] for entry in errors}
        self.evm = EVM(spec_id="LONDON", gas_limit=10**9)
        self.address = self.evm.deploy(CALLER, bytes.fromhex(compiled["bytecode"][2:]))
        self.gas = 0

    def check(self, terms: Sequence[int]) -> Revert | None:
        """Return the error by which the contract refuses the terms."""
        try:
            self._call("check", words(32, len(terms), *terms))
        except RuntimeError as error:
            data = bytes.fromhex(str(error).partition("output: 0x")[2].partition(" ")[0])
            values = [int.from_bytes(data[at : at + 32]) for at in range(4, len(data), 32)]
            return Revert(self.errors[data[:4]], tuple(values))
        return None

    def apply(self, terms: Terms, progress: int, happening: Happening) -> Answer:
        """Ask `weigh`."""
        return self._answer("weigh", words(10 * 32, progress, *_words_of(happening), len(terms), *terms))

    def take_back(self, terms: Terms, progress: int, happening: Happening, taken: TakenBack) -> Answer:
        """Ask `takeBack`."""
        part = (taken.spend_before, taken.spend_after, taken.points, taken.whole)
        return self._answer("takeBack", words(14 * 32, progress, *_words_of(happening), *part, len(terms), *terms))

    def _answer(self, function: str, arguments: bytes) -> Answer:
        answer = self._call(function, arguments)
        award = int.from_bytes(answer[32:])
        assert award >> 128 == 0
        return int.from_bytes(answer[:32]), Award.from_word(award)

    def _call(self, function: str, arguments: bytes) -> bytes:
        data = self.selectors[function] + arguments
        answer = self.evm.message_call(CALLER, self.address, data, gas=GAS)
        zeros = data.count(0)
        self.gas = self.evm.result.gas_used - CALL_GAS - 4 * zeros - 16 * (len(data) - zeros)
        return bytes(answer)


def _words_of(happening: Happening) -> tuple[int, ...]:
    return (
        happening.occasion,
        happening.partner,
        happening.time,
        happening.spend_minor,
        happening.points,
        happening.tier,
        happening.member_since,
        happening.subject,
    )


@dataclass
class Purchase:
    """A purchase that counted, what it was paid, and what is left of its spend."""

    happening: Happening
    points: int
    left: int


class Run:
    """One campaign of one member, in the contract and in the twin."""

    def __init__(self, sample: Sample, contract: Contract, seed: int, report: Report) -> None:
        self.sample, self.contract, self.report = sample, contract, report
        self.random = random.Random(f"{sample.rule.kind} {seed}")
        self.terms = sample.terms(self.random)
        self.is_whole = self.random.random() < 0.4
        self.time = GENESIS + self.random.randrange(365 * DAY)
        self.member_since = self.time - self.random.randrange(3 * 365 * DAY)
        self.pace = self.random.choice([(0, HOUR), (HOUR, 8 * HOUR), (0, DAY), (DAY // 2, 3 * DAY), (DAY, 20 * DAY)])
        self.progress = 0
        self.paid = 0
        self.is_full = False  # an award met the limit of 48 bits: then what goes back cannot add up
        self.purchases: list[Purchase] = []
        self.story = [f"{sample.rule.kind}, seed {seed}, terms {self.terms}"]

    def go(self, steps: int) -> None:
        """Check the terms, do so many steps, then take everything back."""
        assert self.contract.check(self.terms) is None
        self.sample.rule.check(self.terms)
        for _ in range(steps):
            if self.purchases and self.random.random() < 0.35:
                self.reverse(self.random.choice(self.purchases))
            else:
                self.happen()
        self.random.shuffle(self.purchases)
        for purchase in list(self.purchases):
            self.reverse(purchase, purchase.left)
        if self.sample.is_exact:
            assert self.paid == 0 or self.is_full, self.told("awards stay although every purchase is taken back")

    def happen(self) -> None:
        """Let time pass, and something happen."""
        self.time += self.random.randint(*self.pace) if self.random.random() < 0.9 else 0
        happening = self.sample.happening(self.random, self.terms, self.any_happening())
        self.time = max(self.time, happening.time)
        twin = self.sample.rule.apply(self.terms, self.progress, happening)
        award = self.agreed(self.contract.apply(self.terms, self.progress, happening), twin, happening)
        if happening.occasion == Occasion.PURCHASE:
            self.purchases.append(Purchase(happening, award.points, happening.spend_minor))
        self.paid += award.points
        self.count("award", award)

    def reverse(self, purchase: Purchase, amount: int | None = None) -> None:
        """Take a purchase back, whole or in part."""
        if amount is None:
            amount = purchase.left if self.random.random() < 0.5 else self.random.randint(1, purchase.left)
        after = purchase.left - amount
        taken = TakenBack(purchase.left, after, purchase.points, self.is_whole)
        happening = purchase.happening
        twin = self.sample.rule.take_back(self.terms, self.progress, happening, taken)
        answer = self.contract.take_back(self.terms, self.progress, happening, taken)
        award = self.agreed(answer, twin, happening, taken)
        self.paid -= award.points
        assert self.paid >= 0 or self.is_full, self.told("more goes back than was paid")
        purchase.left = after
        if not after:
            self.purchases.remove(purchase)
        self.count("taken back", award)

    def any_happening(self) -> Happening:
        """Something that happens now: mostly a purchase."""
        occasion = Occasion.PURCHASE
        if self.random.random() < 0.1:
            occasion = self.random.choice([Occasion.ATTESTATION, Occasion.CLAIM, Occasion.DRAW])
        happening = Happening(occasion, time=self.time, member_since=self.member_since, tier=self.random.randrange(4))
        if occasion != Occasion.PURCHASE:
            return happening
        partner = self.random.randint(1, 6)
        spend_minor = self.random.choice([1, 99, 100, 1_000, self.random.randint(1, 20_000), LARGEST])
        if spend_minor == LARGEST and self.random.random() < 0.9:
            spend_minor = self.random.randint(500, 5_000)
        points = self.random.choice([0, spend_minor, spend_minor * 7 // 10])
        return replace(happening, partner=partner, spend_minor=spend_minor, points=points)

    def agreed(self, answer: Answer, twin: Answer, *asked: object) -> Award:
        """Go on with the progress that both give; return the award."""
        self.story.append(f"{asked} at progress {self.progress:#x}: {answer}")
        assert answer == twin, self.told(f"the twin says {twin}")
        self.progress, award = answer
        self.is_full |= award.points == LARGEST
        assert self.progress < 1 << PROGRESS_BITS, self.told("progress is too large")
        return award

    def count(self, what: str, award: Award) -> None:
        self.report.steps += 1
        kind = self.sample.rule.kind
        self.report.seen[f"{kind} {what}"] += award != NO_AWARD
        self.report.seen[f"{kind} badge {what}"] += award.badge != 0

    def told(self, why: str) -> str:
        return "\n".join([*self.story, why])


def run(samples: Sequence[Sample], first_seed: int, steps: int) -> Report:
    """Run campaigns of all kinds in turn until `steps` answers were compared."""
    report, seed = Report(), first_seed
    contracts = [Contract(sample.rule) for sample in samples]
    while report.steps < steps:
        for sample, contract in zip(samples, contracts, strict=True):
            Run(sample, contract, seed, report).go(STEPS_PER_RUN)
        seed += 1
    return report


def twins_refusal(rule: Rule, terms: Sequence[int]) -> Revert | None:
    """Return the error by which the twin refuses terms, as the contract would tell it."""
    try:
        rule.check(terms)
    except TermInvalid as error:
        return Revert("TermInvalid", (error.index, error.value))
    except TermCountInvalid as error:
        return Revert("TermCountInvalid", (error.count, error.wanted))
    return None


def spoilt(random_: random.Random, terms: Terms) -> Terms:
    """Terms with one or two words changed, mostly to the edge of what may be accepted, or with a word more or less."""
    if random_.random() < 0.05:
        return random_.choice([terms[:-1], (*terms, 0), ()])
    changed = list(terms)
    for _ in range(random_.choice([1, 1, 2])):
        edge = 1 << random_.choice([0, 1, 5, 7, 32, 40, 48, 200, 256])
        value = random_.choice(
            [edge - 1, edge, edge + 1, 0, 1_440, 720, 2_280, 2_281, 719, 1_000_001, random_.getrandbits(12)]
        )
        changed[random_.randrange(len(changed))] = min(value, (1 << 256) - 1)
    return tuple(changed)
