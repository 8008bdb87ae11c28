"""Random life of campaigns: proposals, approvals, purchases, reversals and all else, in the contracts and in the twin."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from coalition.ledger.campaign_events import CampaignProposed, OccasionRefused
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.decide_occasions import leaf_of
from coalition.ledger.campaigns.state import CLAIM_SECONDS, NOBODY, REVEAL_SECONDS, Campaign
from coalition.ledger.campaigns.terms import NO_HASH, Terms, joined
from coalition.ledger.events import Event
from coalition.ledger.machine import Revert
from tests.fuzz import test_remembering_rules as remembering
from tests.fuzz.campaign_encoding import address
from tests.fuzz.campaign_getters import (
    compare_all,
    compare_badges,
    compare_campaign,
    compare_member,
    compare_partner,
)
from tests.fuzz.campaign_terms import ATTESTOR, MEMBERS, STRANGER, Author, pair
from tests.fuzz.campaign_world import DEPLOYER, PARTNERS, Counted, World
from tests.fuzz.encoding import keccak
from tests.fuzz.world import DAY, GENESIS, Divergence

STEPS = 250
WHOLE_EVERY = 50
CAMPAIGNS_AT_FIRST = 9
NEW_MEMBERS = [address(0xA000 + number) for number in range(8)]


@dataclass
class Report:
    """What a run exercised."""

    steps: int = 0
    worlds: int = 0
    getters: int = 0
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Count another run in."""
        self.steps += other.steps
        self.worlds += other.worlds
        self.getters += other.getters
        self.seconds = max(self.seconds, other.seconds)
        self.seen += other.seen

    def __str__(self) -> str:
        rate = self.steps / self.seconds if self.seconds else 0
        head = f"{self.steps} steps in {self.worlds} worlds, {self.getters} getters, {rate:.0f} steps/s"
        return "\n".join([head, *(f"  {count:>9} {what}" for what, count in sorted(self.seen.items()))])


class Steps:
    """One world, and what happens in it."""

    def __init__(self, seed: int, report: Report) -> None:
        self.seed, self.report = seed, report
        self.random = random.Random(seed)
        self.world = World(self.random)
        self.state = self.world.state
        self.pace = self.random.choice([600, 7_200, DAY // 2, DAY])
        self.kept: list[Counted] = []
        self.author = Author(self.random, self.world)
        self.seeds: dict[tuple[int, int], bytes] = {}
        self.receipt = 0
        self.story: list[str] = []
        self.keys = list(self.world.coalition.keys)
        for rule in self.world.engine.rules:
            self.world.send(DEPLOYER, calls.ListRule(rule, self.code_hash(rule)))
        self.new, self.known = list(NEW_MEMBERS), list(MEMBERS)
        for at, member in enumerate(MEMBERS[:-1]):
            self.world.enrol(member, GENESIS - self.random.choice([0, 1, at, 400 * DAY]))
        if self.random.random() < 0.6:
            self.world.announce(self.author.programme())

    def code_hash(self, rule: str) -> bytes:
        if not self.world.evm.get_code(rule):
            return b""
        return bytes(self.world.evm.basic(rule).code_hash)

    def go(self, steps: int) -> None:
        """Do so many steps, comparing after each.

        Raises:
            Divergence: contracts and twin differ; the message tells the last steps.
        """
        kinds, weights = zip(*self.kinds().items(), strict=True)
        try:
            for _ in range(CAMPAIGNS_AT_FIRST):
                self.introduce()
            for number in range(steps):
                self.world.go_to(self.next_time())
                self.random.choices(kinds, weights)[0]()
                self.report.steps += 1
                if number % WHOLE_EVERY == WHOLE_EVERY - 1:
                    self.report.getters += compare_all(self.world, self.known)
            self.world.check_invariants()
        except Divergence as divergence:
            story = "\n".join(self.story[-12:])
            raise Divergence(f"seed {self.seed}\n{story}\n{divergence}") from None
        self.report.seen += self.world.seen
        self.report.worlds += 1

    def kinds(self) -> dict[Callable[[], None], float]:
        """What can happen, and how often."""
        return {
            self.purchase: 40,
            self.reversal: 14,
            self.introduce: 4,
            self.propose: 2,
            self.amend: 2,
            self.approve: 5,
            self.start: 4,
            self.pause: 1,
            self.resume: 2,
            self.end: 1.2,
            self.close: 2,
            self.join: 4,
            self.refer: 1.5,
            self.newcomer: 2,
            self.attest: 4,
            self.claim: 4,
            self.commit: 1.5,
            self.reveal: 4,
            self.draw: 4,
            self.surroundings: 2,
        }

    # ---- time and chance

    def next_time(self) -> int:
        """Mostly soon; sometimes where something begins or ends; rarely much later."""
        now, chance = self.world.timestamp, self.random.random()
        if chance < 0.05:
            return self.notable_time()
        if chance < 0.997:
            return now + self.random.choice([0, 1, self.random.randrange(self.pace)])
        return now + self.random.randrange(40 * DAY)

    def notable_time(self) -> int:
        now = self.world.timestamp
        times = [now]
        for campaign in self.state.campaigns.values():
            for version in (campaign.live, campaign.next):
                if version is not None:
                    end = version.closes_at
                    times += [version.terms.opens_at, end, end + REVEAL_SECONDS, end + CLAIM_SECONDS]
        coming = [time_ + self.random.choice([-1, 0, 0, 1]) for time_ in times if time_ > now]
        return max(now, min(coming or [now + 1]))

    def campaign(self) -> int:
        """Mostly one that was started; sometimes none at all."""
        started = [one.number for one in self.state.campaigns.values() if one.live is not None and not one.closed]
        if started and self.random.random() < 0.9:
            return self.random.choice(started)
        return self.random.randrange(len(self.state.campaigns) + 2)

    def wanting(self, fits: Callable[[Campaign], bool]) -> int:
        """Mostly a campaign to which it applies."""
        fitting = [one.number for one in self.state.campaigns.values() if one.live is not None and fits(one)]
        return self.random.choice(fitting) if fitting and self.random.random() < 0.9 else self.campaign()

    def kind(self, campaign: Campaign) -> str:
        """The kind of its rule; empty if it is hostile."""
        return getattr(self.world.engine.rules[campaign.proposed[0].terms.rule], "kind", "")

    def member(self) -> str:
        return self.random.choice(self.known)

    def members(self) -> tuple[str, ...]:
        return tuple(self.random.choices(self.known, k=self.random.choice([1, 2, 3, 8])))

    def sponsor(self, campaign: int) -> str:
        """Mostly the key of one of its sponsors."""
        known = self.state.campaigns.get(campaign)
        if known is None or self.random.random() < 0.05:
            return self.random.choice([*self.keys, STRANGER])
        return self.keys[self.random.choice(known.proposed[0].terms.sponsors).partner - 1]

    def send(self, sender: str, call: calls.Call) -> list[Event] | Revert:
        """Send a call, and compare what it may have touched."""
        self.story.append(f"{self.world.timestamp} {sender} {call}")
        told = self.world.send(sender, call)
        name = type(call).__name__
        if isinstance(told, Revert):
            self.report.seen[f"revert {told.name}"] += 1
        else:
            self.report.seen[f"call {name}"] += 1
        self.count(name, [] if isinstance(told, Revert) else told)
        campaign = getattr(call, "campaign", len(self.state.campaigns))
        self.report.getters += compare_campaign(self.world, campaign)
        self.compare([] if isinstance(told, Revert) else told)
        return told

    def count(self, what: str, told: list[Event]) -> None:
        for event in told:
            name = type(event).__name__
            reason = f" {event.reason.name}" if isinstance(event, OccasionRefused) else ""
            self.report.seen[f"event {name}{reason}"] += 1
            if name in ("Awarded", "AwardTakenBack", "BadgeAwarded", "CompanionTakenBack"):
                campaign = self.state.campaigns[event.campaign]  # type: ignore[attr-defined]
                rule = self.world.engine.rules[campaign.proposed[0].terms.rule]
                self.report.seen[f"{getattr(rule, 'kind', 'hostile')} {name} in {what}"] += 1

    def compare(self, told: list[Event]) -> None:
        """Compare campaigns, members and partners that events name, and one of each at random."""
        touched = {(getattr(event, "campaign", 0), getattr(event, "member", NOBODY)) for event in told}
        touched |= {(getattr(event, "campaign", 0), getattr(event, "companion", NOBODY)) for event in told}
        touched.add((self.random.randrange(len(self.state.campaigns) + 1), self.member()))
        for campaign, member in touched:
            self.report.getters += compare_member(self.world, campaign, member)
            self.report.getters += compare_badges(self.world, member)
        for campaign in {campaign for campaign, _ in touched}:
            self.report.getters += compare_campaign(self.world, campaign)
        self.report.getters += compare_partner(self.world, self.random.randint(1, PARTNERS))

    # ---- purchases

    def purchase(self) -> None:
        partner, member = self.random.randint(1, PARTNERS), self.random.choice(self.known[:6] + self.known[7:])
        spend = self.random.choice([1, 100, self.random.randint(1, 20_000), self.random.randint(500, 5_000)])
        self.receipt += 1
        self.story.append(f"{self.world.timestamp} purchase {partner} {member} {self.receipt} {spend}")
        points = self.random.choice([0, spend, spend * 7 // 10])
        counted = self.world.earn(partner, member, self.receipt, spend, points)
        self.count("purchase", self.world.told)
        if counted.words:
            self.kept.append(counted)
        self.compare(self.world.told)

    def reversal(self) -> None:
        if not self.kept:
            return
        purchase = self.random.choice(self.kept[-8:] if self.random.random() < 0.6 else self.kept)
        amount = purchase.left if self.random.random() < 0.5 else self.random.randint(1, purchase.left)
        self.story.append(f"{self.world.timestamp} take back {amount} of {purchase}")
        self.world.take_back(purchase, amount)
        self.count("reversal", self.world.told)
        if not purchase.left:
            self.kept.remove(purchase)
        self.compare(self.world.told)

    # ---- agreements

    def proposed(self, told: list[Event] | Revert) -> CampaignProposed | None:
        last = None if isinstance(told, Revert) else told[-1]
        return last if isinstance(last, CampaignProposed) else None

    def introduce(self) -> None:
        """A campaign that is proposed, approved and started without a break."""
        terms = self.author.terms()
        sponsor = self.keys[terms.sponsors[0].partner - 1] if terms.sponsors else STRANGER
        proposed = self.proposed(self.send(sponsor, calls.Propose(terms)))
        if proposed is not None:
            self.carry(proposed)

    def carry(self, proposed: CampaignProposed) -> None:
        for one in proposed.terms.sponsors:
            key = self.keys[one.partner - 1]
            if proposed.terms.draws:
                self.commit_for(proposed.campaign, one.partner)
            fields = proposed.campaign, proposed.version, proposed.terms_hash
            self.send(key, calls.Approve(*fields, self.world.timestamp + DAY))
        self.send(STRANGER, calls.Start(proposed.campaign, proposed.version, proposed.terms))

    def propose(self) -> None:
        self.send(self.random.choice(self.keys), calls.Propose(self.author.terms()))

    def amend(self) -> None:
        number = self.campaign()
        known, now = self.state.campaigns.get(number), self.world.timestamp
        if known is None:
            self.send(self.random.choice(self.keys), calls.Amend(number, self.author.terms()))
            return
        before, other = known.proposed[-1].terms, self.author.terms()
        opens_at = now + self.world.coalition.notice_seconds + self.random.choice([0, 0, DAY, -1])
        terms = replace(
            other,
            rule=before.rule,
            rule_terms=before.rule_terms if self.random.random() < 0.5 else self.author.like(before),
            sponsors=before.sponsors,
            partners=before.partners,
            draws=before.draws,
            opens_at=max(0, opens_at),
            closes_at=max(1, opens_at) + self.random.choice([DAY, 20 * DAY]),
            budget_points=max(before.budget_points, other.budget_points) if self.random.random() < 0.9 else 1,
        )
        if self.random.random() < 0.05:
            terms = replace(terms, draws=not terms.draws)
        proposed = self.proposed(self.send(self.sponsor(number), calls.Amend(number, terms)))
        if proposed is not None and self.random.random() < 0.8:
            self.carry(proposed)

    def approve(self) -> None:
        number = self.random.randrange(len(self.state.campaigns) + 1)
        known, now = self.state.campaigns.get(number), self.world.timestamp
        version = self.random.randint(0, len(known.proposed)) if known else 1
        terms_hash = known.proposed[version - 1].terms_hash if known and version else b"\1" * 32
        until = now + self.random.choice([0, 1, self.pace, 50 * DAY, -1])
        self.send(self.sponsor(number), calls.Approve(number, version, terms_hash, until))

    def start(self) -> None:
        number = self.random.randrange(len(self.state.campaigns) + 1)
        known = self.state.campaigns.get(number)
        version = self.random.randint(1, len(known.proposed)) if known else 1
        terms = known.proposed[version - 1].terms if known else self.author.terms()
        if self.random.random() < 0.05:
            terms = replace(terms, budget_points=terms.budget_points ^ 1)
        self.send(STRANGER, calls.Start(number, version, terms))

    # ---- life

    def pause(self) -> None:
        number = self.wanting(lambda one: one.live is not None and one.live.terms.pausable and not one.paused)
        self.send(self.sponsor(number), calls.PauseCampaign(number))

    def resume(self) -> None:
        number = self.wanting(lambda one: one.paused)
        self.send(self.sponsor(number), calls.ResumeCampaign(number))

    def end(self) -> None:
        is_claimed = self.random.random() < 0.5
        number = self.wanting(lambda one: not is_claimed or self.kind(one) == "dividend")
        self.send(self.sponsor(number), calls.EndCampaign(number))

    def close(self) -> None:
        now = self.world.timestamp
        number = self.wanting(
            lambda one: one.live is not None and one.live.closes_at + CLAIM_SECONDS <= now and not one.closed
        )
        self.send(STRANGER, calls.Close(number))

    # ---- members

    def join(self) -> None:
        number = self.wanting(lambda one: one.live is not None and one.live.terms.needs_joining)
        known = self.state.campaigns.get(number)
        terms = known.proposed[-1].terms if known else None
        inside = self.author.segments.get(terms.segment, MEMBERS) if terms else MEMBERS
        members = self.random.choices(
            inside if self.random.random() < 0.9 else MEMBERS, k=self.random.choice([1, 2, 3])
        )
        members = members[:1] if terms and terms.opt_in and self.random.random() < 0.9 else members
        joinings = tuple(calls.Joining(member, self.proof(terms, member)) for member in members)
        if self.random.random() < 0.03:
            joinings = ()
        sender = members[0] if self.random.random() < 0.9 else STRANGER
        self.send(sender, calls.Join(number, joinings))

    def proof(self, terms: Terms | None, member: str) -> tuple[bytes, ...]:
        inside = self.author.segments.get(terms.segment) if terms else None
        if inside is None or member not in inside:
            return () if self.random.random() < 0.9 else (b"\5" * 32,)
        leaves, at = [leaf_of(one, keccak) for one in inside], inside.index(member)
        other = at // 2 ^ 1
        return leaves[at ^ 1], pair(leaves[2 * other], leaves[2 * other + 1])

    def refer(self) -> None:
        number = self.wanting(lambda one: self.kind(one) in ("referral", ""))
        sender = self.random.choice(self.keys) if self.random.random() < 0.95 else STRANGER
        newest = self.known[-1] if self.random.random() < 0.5 else self.member()
        self.send(sender, calls.Refer(number, newest, self.member()))

    def newcomer(self) -> None:
        """A new member, whom mostly somebody brought."""
        if not self.new:
            return
        member, referrer = self.new.pop(), self.member()
        self.world.enrol(member, self.world.timestamp)
        self.known.append(member)
        for one in list(self.state.campaigns.values()):
            if one.live is not None and self.kind(one) in ("referral", ""):
                self.send(self.random.choice(self.keys), calls.Refer(one.number, member, referrer))

    def attest(self) -> None:
        number = self.wanting(lambda one: self.kind(one) in ("action", "levels", "milestone", ""))
        said = tuple(
            calls.Attestation(member, self.random.choice([*remembering.ACTIONS, 5]), self.random.randrange(300))
            for member in (*self.members(), self.member())
        )
        sender = ATTESTOR if self.random.random() < 0.95 else STRANGER
        self.send(sender, calls.Attest(number, said if self.random.random() < 0.97 else ()))

    def claim(self) -> None:
        kinds = self.random.choice([("dividend",), ("milestone", "")])
        number = self.wanting(lambda one: self.kind(one) in kinds)
        self.send(STRANGER, calls.Claim(number, self.members() if self.random.random() < 0.97 else ()))

    def commit(self) -> None:
        number = self.random.randrange(len(self.state.campaigns) + 1)
        self.commit_for(number, self.random.randint(1, PARTNERS))

    def commit_for(self, number: int, partner: int) -> None:
        seed = self.random.getrandbits(256).to_bytes(32)
        commitment = keccak(joined((number, partner, int.from_bytes(seed))))
        told = self.send(
            self.keys[partner - 1],
            calls.CommitSeed(number, commitment if self.random.random() < 0.97 else NO_HASH),
        )
        if not isinstance(told, Revert):
            self.seeds[number, partner] = seed

    def reveal(self) -> None:
        now = self.world.timestamp
        places = [
            place
            for place in self.seeds
            if (live := self.state.campaigns[place[0]].live) is not None
            and live.closes_at <= now < live.closes_at + REVEAL_SECONDS
        ]
        number, partner = self.random.choice(places or list(self.seeds) or [(1, 1)])
        seed = self.seeds.get((number, partner), b"\3" * 32)
        if self.random.random() < 0.05:
            seed = b"\4" * 32
        self.send(self.keys[partner - 1], calls.RevealSeed(number, seed))

    def draw(self) -> None:
        number = self.wanting(
            lambda one: one.live is not None and one.live.terms.draws and one.live.closes_at <= self.world.timestamp
        )
        self.send(STRANGER, calls.Draw(number, self.members()))

    # ---- what is around

    def surroundings(self) -> None:
        """Partners, credit, members, tiers, and rules that are listed, delisted or changed."""
        choose, world = self.random, self.world
        happened = choose.randrange(7)
        if happened == 0:
            partner = choose.randint(1, PARTNERS)
            world.suspend(partner, partner not in world.coalition.suspended)
        elif happened == 1:
            world.limit(choose.randint(1, PARTNERS), choose.choice([0, 0, 5_000, 1_000_000, 1 << 41]))
        elif happened == 2:
            self.newcomer()
        elif happened == 3:
            world.announce(self.author.programme())
        elif happened == 4:
            rule = choose.choice(list(world.engine.rules))
            if rule in self.state.rules and choose.random() < 0.5:
                self.send(choose.choice([DEPLOYER, DEPLOYER, STRANGER]), calls.DelistRule(rule))
        elif happened == 5:
            rule = choose.choice([*world.engine.rules, STRANGER])
            if rule in world.hostile and world.hostile[rule].changed:
                return  # listed again, it would answer in some campaigns and not in others, which the twin cannot tell apart
            code = self.code_hash(rule)
            self.send(choose.choice([DEPLOYER, DEPLOYER, STRANGER]), calls.ListRule(rule, code))
        elif choose.random() < 0.3:
            world.change(choose.choice(list(world.hostile)))
