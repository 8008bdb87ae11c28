"""Random terms of campaigns, mostly good, with the kinds' own random terms."""

from __future__ import annotations

import random
from dataclasses import replace

from coalition.ledger.campaigns.decide_occasions import leaf_of
from coalition.ledger.campaigns.state import NOBODY
from coalition.ledger.campaigns.terms import NEVER_EARLY, NO_HASH, Sponsor, Terms
from coalition.ledger.tiers import Programme, Tier
from tests.fuzz import test_remembering_rules as remembering
from tests.fuzz import test_rules as plain
from tests.fuzz.campaign_encoding import address
from tests.fuzz.campaign_world import PARTNERS, World
from tests.fuzz.encoding import keccak
from tests.fuzz.world import DAY

ATTESTOR = address(0x7777)
STRANGER = address(0x8888)
MEMBERS = [address(0x9000 + number) for number in range(7)]
TERMS = {
    "multiplier": plain.multiplier_terms,
    "threshold": plain.threshold_terms,
    "stamps": plain.stamp_terms,
    "streak": plain.streak_terms,
    "dividend": plain.dividend_terms,
    "quest": remembering.quest_terms,
    "levels": remembering.levels_terms,
    "milestone": remembering.milestone_terms,
    "referral": remembering.referral_terms,
    "action": remembering.action_terms,
    "surprise": remembering.surprise_terms,
}


class Author:
    """Makes terms for a world. `segments` has the members of each tree, by its root."""

    def __init__(self, random_: random.Random, world: World) -> None:
        self.random, self.world = random_, world
        self.segments: dict[bytes, list[str]] = {}

    def terms(self) -> Terms:
        """Terms that are mostly good."""
        choose, now = self.random, self.world.timestamp
        rules = {rule: getattr(twin, "kind", "") for rule, twin in self.world.engine.rules.items()}
        rule = choose.choice(list(rules))
        kind = rules[rule]
        rule_terms = TERMS[kind](choose) if kind else (1, 2, 3)
        sponsors = self.sponsors()
        partners = tuple(sorted(choose.sample(range(1, PARTNERS + 1), choose.choice([1, 3, PARTNERS]))))
        opens_at = now + choose.choice([0, 0, 1, 60, choose.randrange(DAY)])
        terms = Terms(
            rule=rule,
            rule_terms=rule_terms,
            sponsors=sponsors,
            partners=partners,
            budget_points=choose.choice([1, 300, 2_000, 100_000, (1 << 40) - 1]),
            opens_at=opens_at,
            closes_at=opens_at + choose.choice([1, 2 * DAY, 10 * DAY, 40 * DAY, 200 * DAY, 200 * DAY]),
            member_cap_points=choose.choice([0, 0, 50, 1_000]),
            tier_mask=choose.choice([0xFFFF, 0xFFFF, 1, 2, 6]),
            segment=self.segment() if choose.random() < 0.15 else NO_HASH,
            group=choose.choice([0, 0, 1, 2]),
            opt_in=choose.random() < 0.1,
            takes_back_whole=choose.random() < 0.4,
            draws=kind == "surprise" or choose.random() < 0.03,
            pausable=choose.random() < 0.6,
            end_notice_seconds=choose.choice([0, DAY, 5 * DAY, NEVER_EARLY]),
            attestor=choose.choice([ATTESTOR, ATTESTOR, NOBODY]),
        )
        if kind == "dividend":
            payable = choose.choice([terms.closes_at, terms.closes_at, choose.randint(opens_at, terms.closes_at)])
            notice = choose.choice([0, 0, terms.end_notice_seconds])
            terms = replace(terms, rule_terms=(rule_terms[0], payable), end_notice_seconds=notice)
        return self.spoilt(terms) if choose.random() < 0.06 else terms

    def sponsors(self) -> tuple[Sponsor, ...]:
        numbers = sorted(self.random.sample(range(1, PARTNERS + 1), self.random.choice([1, 1, 2, 3])))
        cuts = sorted(self.random.sample(range(1, 10_000), len(numbers) - 1))
        shares = [high - low for low, high in zip([0, *cuts], [*cuts, 10_000], strict=True)]
        return tuple(Sponsor(number, share) for number, share in zip(numbers, shares, strict=True))

    def spoilt(self, terms: Terms) -> Terms:
        now, first = self.world.timestamp, terms.sponsors[0]
        return self.random.choice(
            [
                replace(terms, sponsors=()),
                replace(terms, sponsors=(replace(first, share_bps=first.share_bps ^ 1), *terms.sponsors[1:])),
                replace(terms, sponsors=(first, first)),
                replace(terms, partners=()),
                replace(terms, partners=(2, 2)),
                replace(terms, partners=(PARTNERS + 1,)),
                replace(terms, closes_at=terms.opens_at),
                replace(terms, opens_at=now - 1),
                replace(terms, budget_points=self.random.choice([0, 1 << 40])),
                replace(terms, tier_mask=0),
                replace(terms, rule=STRANGER),
                replace(terms, rule_terms=terms.rule_terms[:-1]),
                replace(terms, rule_terms=(0,) * 129),
            ]
        )

    def segment(self) -> bytes:
        """Root of a tree over some members, remembered for the proofs."""
        members = self.random.sample(MEMBERS, 4)
        leaves = [leaf_of(member, keccak) for member in members]
        root = pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]))
        self.segments[root] = members
        return root

    def like(self, terms: Terms) -> tuple[int, ...]:
        """Other terms of the same kind."""
        twin = self.world.engine.rules.get(terms.rule)
        kind = getattr(twin, "kind", "")
        return TERMS[kind](self.random) if kind else (9,)

    def programme(self) -> Programme:
        """Three tiers, of which the second may be within reach of one purchase."""
        return Programme((Tier(0), Tier(self.random.choice([1, 3_000]), 15_000), Tier(20_000, 20_000)))


def pair(one: bytes, other: bytes) -> bytes:
    """A node of the tree."""
    return keccak(min(one, other) + max(one, other))
