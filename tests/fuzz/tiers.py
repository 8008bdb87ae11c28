"""Members' tiers in an EVM beside their twin: random programmes, purchases, reversals and paid tiers, over many years.

python -m tests.fuzz.tiers --steps 100000
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from pyrevm import EVM, BlockEnv

from coalition.ledger import tiers
from coalition.ledger.tiers import Downgrade, Programme, QualifyBy, Tier, TierState
from tests.fuzz.encoding import artifact, canonical, checksummed, keccak, word, words
from tests.fuzz.world import GENESIS, Divergence

DAY = 86_400
YEAR = 365 * DAY
STEPS_PER_WORLD = 400
DEPLOYER, BOOK = ("0x" + digit * 40 for digit in "12")
SELECTORS = {
    entry["name"]: keccak(canonical(entry).encode())[:4]
    for name in ("AccessManager", "TierBook")
    for entry in artifact(name)["abi"]
    if entry["type"] == "function"
}
TIER_CHANGED = keccak(b"TierChanged(address,uint256,uint256)")
FLOOR_SET = keccak(b"FloorSet(address,uint256,uint256)")


@dataclass
class Purchase:
    """A purchase that can be taken back, and what is left of it."""

    time: int
    spend_minor: int
    points: int


@dataclass
class Member:
    """An account in both worlds."""

    address: str
    since: int
    state: TierState = field(default_factory=TierState)
    purchases: list[Purchase] = field(default_factory=list)


@dataclass
class World:
    """One tier book in an EVM, its members, and what was seen."""

    seed: int
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.notice = self.random.choice([0, DAY, 30 * DAY, YEAR])
        self.pace = self.random.choice([1, 5, 30])
        self.time = GENESIS
        self.schedule: list[tuple[int, Programme]] = []
        self.evm = EVM(spec_id="LONDON")
        self._go_to(GENESIS)
        manager = self._create("AccessManager", words(DEPLOYER))
        self.book = self._create("TierBook", words(manager, self.notice))
        self._call(DEPLOYER, "setCampaignBook", words(BOOK))
        now = self.time
        self.members = [Member("0x" + f"{n + 16:040x}", now + self.random.choice([0, -YEAR, -9])) for n in range(3)]

    def _create(self, name: str, arguments: bytes) -> str:
        code = bytes.fromhex(artifact(name)["bytecode"].removeprefix("0x"))
        return checksummed(bytes.fromhex(self.evm.deploy(DEPLOYER, code + arguments)[2:]))

    def _go_to(self, time: int) -> None:
        self.time = time
        self.evm.set_block_env(BlockEnv(timestamp=time, number=1))

    def _call(self, sender: str, function: str, arguments: bytes, static: bool = False) -> bytes:
        return self.evm.message_call(sender, self.book, SELECTORS[function] + arguments, is_static=static)

    def _told(self) -> list[tuple[bytes, ...]]:
        """Topics and data of the logs of the latest call."""
        decoded = []
        for log in self.evm.result.logs:
            topics, data = log.data
            decoded.append((*(bytes(topic) for topic in topics), bytes(data)))
        return decoded

    def same(self, what: str, contract: bytes, twin: bytes) -> None:
        """
        Raises:
            Divergence: contract and twin differ.
        """
        if contract != twin:
            raise Divergence(f"seed {self.seed}: {what}:\n  contract {contract.hex()}\n  twin     {twin.hex()}")

    def step(self) -> None:
        """Let time pass, do one thing in both, and compare everything."""
        self._go_to(self._next_time())
        member = self.random.choice(self.members)
        action = self.random.choices(
            [self._purchase, self._reversal, self._floor, self._announcement], [12, 5, 1, 0.6]
        )[0]
        action(member)
        self.compare(member)
        self.compare(self.random.choice(self.members))

    def _next_time(self) -> int:
        """Mostly soon; sometimes at the end of a year or where a programme begins to count; sometimes years later."""
        chance = self.random.random()
        if chance < 0.8:
            return self.time + self.random.choice([0, 1, self.random.randrange(2 * self.pace * DAY)])
        if chance < 0.86:
            return self.time + self.random.randrange(10 * self.pace * DAY)
        if chance < 0.99:
            member = self.random.choice(self.members)
            year = max(0, self.time - member.since) // YEAR + self.random.choice([1, 1, 1, 2])
            coming = [member.since + year * YEAR, *(time for time, _ in self.schedule), member.state.floor_until]
            coming = [time + self.random.choice([-1, 0, 0, 1]) for time in coming]
            return self.random.choice([time for time in coming if time >= self.time] or [self.time])
        return self.time + self.random.randrange(5 * YEAR)

    def _purchase(self, member: Member) -> None:
        spend = self.random.choice([0, 1, self.random.randrange(400), self.random.randrange(4_000), 1 << 47])
        spend = spend if self.random.random() < 0.3 else self.random.randrange(500)
        points = self.random.choice([spend // 2, spend * 3 % (1 << 48), 0, 7])
        if all(time > self.time for time, _ in self.schedule):
            self.seen["without a programme"] += 1
            answer = self._call(BOOK, "qualify", words(member.address, member.since, spend, points))
            self.same("qualify", answer, words(0, 0, 0))
            return
        before = tiers.tier_at(self.schedule, member.state, member.since, self.time)
        awarded = tiers.bonus_points(self.schedule, before, points, self.time)
        after = tiers.qualified(self.schedule, member.state, member.since, self.time, points=points, spend_minor=spend)
        self.seen["purchase"] += 1
        self.seen["years missed"] += after.year > member.state.year + 1
        self.seen["inactivity"] += after.year == member.state.year and after.carried < member.state.carried
        self.seen["bonus"] += awarded > 0
        member.state = after
        member.purchases.append(Purchase(self.time, spend, points))

        answer = self._call(BOOK, "qualify", words(member.address, member.since, spend, points))
        self.same("qualify", answer, words(1, before, awarded))
        self._same_change(member, before)

    def _reversal(self, member: Member) -> None:
        if not member.purchases:
            return
        recent = member.purchases[-6:] if self.random.random() < 0.8 else member.purchases
        purchase = self.random.choice(recent)
        part = self.random.choice([1, 1, 0.3])
        spend, points = int(purchase.spend_minor * part), int(purchase.points * part)
        purchase.spend_minor -= spend
        purchase.points -= points
        before = tiers.tier_at(self.schedule, member.state, member.since, self.time)
        year = (purchase.time - member.since) // YEAR
        kind = {0: "same year", 1: "year before"}.get(member.state.year - year, "final")
        self.seen[f"reversal of {kind}"] += 1
        after = tiers.disqualified(
            self.schedule, member.state, member.since, purchase.time, points=points, spend_minor=spend
        )
        self.seen["carried anew"] += after.carried < member.state.carried
        member.state = after

        self._call(BOOK, "disqualify", words(member.address, member.since, purchase.time, spend, points))
        self._same_change(member, before)

    def _same_change(self, member: Member, before: int) -> None:
        after = tiers.tier_at(self.schedule, member.state, member.since, self.time)
        told = [] if before == after else [(TIER_CHANGED, word(member.address), words(before, after))]
        self.seen["up" if after > before else "down" if after < before else "unchanged"] += 1
        if self._told() != told:
            raise Divergence(f"seed {self.seed}: events\n  contract {self._told()}\n  twin     {told}")

    def _floor(self, member: Member) -> None:
        tier = self.random.randint(0, tiers.programme_at(self.schedule, self.time).top)
        until = self.time + self.random.choice([1, 3_600, self.random.randrange(1, 2 * YEAR)])
        member.state = tiers.with_floor(member.state, tier, until)
        self.seen["floor"] += tier > 0

        self._call(BOOK, "setFloor", words(member.address, tier, until))
        told = [(FLOOR_SET, word(member.address), words(member.state.floor, member.state.floor_until))]
        if self._told() != told:
            raise Divergence(f"seed {self.seed}: events\n  contract {self._told()}\n  twin     {told}")

    def _announcement(self, _: Member) -> None:
        programme = self._programme()
        earliest = self.time + (self.notice if self.schedule else 0)
        from_ = earliest + self.random.choice([0, 1, self.random.randrange(YEAR)])
        schedule = tiers.announced(self.schedule, programme, from_, self.time)
        self.seen["programme replaced" if len(schedule) == len(self.schedule) else "programme"] += 1
        self.schedule = schedule

        answer = self._call(DEPLOYER, "announceProgramme", words(64, from_) + packed(programme))
        self.same("announceProgramme", answer, word(len(schedule)))

    def _programme(self) -> Programme:
        choose = self.random
        count = choose.choice([1, 2, 3, 5, 6, 7, 11, 12, 16])
        unit = choose.choice([1, 100, 2_000])
        steps = sorted(choose.sample(range(1, 40), count - 1))
        multipliers = [10_000, 10_001, 12_500, 70_000]
        days = choose.choice([0, 0, 1, 90, 200, 364, 365, 500, 1_000])
        return Programme(
            tuple(Tier(step * unit, choose.choice(multipliers)) for step in [0, *steps]),
            choose.choice(list(QualifyBy)),
            choose.choice(list(Downgrade)),
            soft_landing_days=choose.choice([0, 0, 30, 90, 364]),
            inactivity_days=days,
            inactivity_tiers=choose.choice([1, 2, 15]) if days else 0,
        )

    def compare(self, member: Member) -> None:
        """
        Raises:
            Divergence: a getter says something else than the twin.
        """
        of = self.schedule, member.state, member.since, self.time
        asked = words(member.address, member.since)
        missing = tiers.missing_to_next(*of)
        self.seen["at the top"] += missing == 0
        lasting = member.state.floor_until > self.time
        for function, arguments, expected in (
            ("tierOf", asked, word(tiers.tier_at(*of))),
            ("missingToNext", asked, word(missing)),
            ("qualificationOf", asked, word(tiers.qualification_at(*of))),
            ("stateOf", words(member.address), word(member.state.to_word())),
            (
                "floorOf",
                words(member.address),
                words(member.state.floor, member.state.floor_until) if lasting else words(0, 0),
            ),
            ("programmeNow", b"", word(sum(from_ <= self.time for from_, _ in self.schedule))),
            ("programmeCount", b"", word(len(self.schedule))),
            ("campaignBook", b"", word(BOOK)),
        ):
            self.same(function, self._call(BOOK, function, arguments, static=True), expected)
        version = self.random.randint(0, len(self.schedule) + 1)
        known = 0 < version <= len(self.schedule)
        from_, programme = self.schedule[version - 1] if known else (0, tiers.NO_PROGRAMME)
        answer = self._call(BOOK, "programmeOf", word(version), static=True)
        self.same("programmeOf", answer, words(64, from_) + packed(programme))


def packed(programme: Programme) -> bytes:
    """The ABI's encoding of a programme."""
    head = (programme.qualify_by, programme.downgrade, programme.soft_landing_days)
    idle = (programme.inactivity_days, programme.inactivity_tiers)
    pairs = [number for tier in programme.tiers for number in (tier.threshold, tier.multiplier_bps)]
    return words(*head, *idle, 192, len(programme.tiers), *pairs)


def run(first_seed: int, steps: int) -> Counter[str]:
    """Take so many steps in worlds of consecutive seeds; return how often what was seen.

    Raises:
        Divergence: contract and twin differ.
    """
    seen: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + -(-steps // STEPS_PER_WORLD)):
        world = World(seed)
        for _ in range(STEPS_PER_WORLD):
            world.step()
        seen += world.seen
        seen["steps"] += STEPS_PER_WORLD
    return seen


def run_parallel(first_seed: int, steps: int, processes: int) -> Counter[str]:
    """As `run`, in several processes."""
    worlds = -(-steps // STEPS_PER_WORLD)
    share = -(-worlds // processes)
    seeds = range(first_seed, first_seed + worlds, share)
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(run, seeds, [share * STEPS_PER_WORLD] * len(seeds)), Counter())


def main() -> None:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(description="Fuzz the tier book against its twin.")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--first-seed", type=int, default=1)
    asked = parser.parse_args()
    for what, times in sorted(run(asked.first_seed, asked.steps).items()):
        print(f"{what:<28} {times:>9,}")


if __name__ == "__main__":
    main()
