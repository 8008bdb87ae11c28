"""A coalition of three partners and five members, and a campaign that can be changed term by term."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_hash.auto import keccak

from coalition.ledger.campaign_events import CampaignProposed
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.engine import CampaignRun, Engine, Payment
from coalition.ledger.campaigns.seams import SimpleCoalition, SimpleTiers
from coalition.ledger.campaigns.state import CampaignState
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.events import Event, Position
from coalition.ledger.rules.action import Action
from coalition.ledger.rules.dividend import Dividend
from coalition.ledger.rules.multiplier import Multiplier, MultiplierTerms
from coalition.ledger.rules.referral import Referral
from coalition.ledger.rules.rule import Rule
from coalition.ledger.rules.stamps import Stamps, StampTerms
from coalition.ledger.rules.surprise import Surprise
from coalition.ledger.run import Revert

NOW = 1_700_000_000
DAY = 86_400
OPERATOR, ATTESTOR, STRANGER, BOOK = ("0x" + digit * 40 for digit in "1234")
KEYS = ["0x" + f"{0xA0 + number:040x}" for number in range(3)]
MEMBERS = ["0x" + f"{0xB0 + number:040x}" for number in range(5)]
RULES: dict[str, Rule] = {
    "0x" + f"{0xC0 + number:040x}": rule
    for number, rule in enumerate((Stamps(), Multiplier(), Dividend(), Referral(), Action(), Surprise(keccak)))
}
STAMPS, MULTIPLIER, DIVIDEND, REFERRAL, ACTION, SURPRISE = RULES
EVERY_SECOND = StampTerms(stamps_needed=2, min_spend_minor=0, points=100, max_cards=0, badge=0).to_words()
TERMS = Terms(
    rule=STAMPS,
    rule_terms=EVERY_SECOND,
    sponsors=(Sponsor(1, 3_333), Sponsor(2, 6_667)),
    partners=(1, 3),
    budget_points=1_000,
    opens_at=NOW,
    closes_at=NOW + 30 * DAY,
    attestor=ATTESTOR,
)
DOUBLED = MultiplierTerms(0, 10_000, 127, 0, 1_440, 0, 0).to_words()


class World:
    """The twin with a clock, and what happened."""

    def __init__(self, tiers: SimpleTiers | None = None, badge_book: str = BOOK) -> None:
        members = {member: NOW - 1_000 + at for at, member in enumerate(MEMBERS)}
        self.coalition = SimpleCoalition(keys={key: at + 1 for at, key in enumerate(KEYS)}, members=members)
        state = CampaignState(agreements=BOOK, badge_book=badge_book)
        self.engine = Engine(state, RULES, self.coalition, keccak, operators=frozenset({OPERATOR}), tiers=tiers)
        self.state = state
        self.now, self.block, self.receipt = NOW, 0, 0
        self.history: list[tuple[Position, Event]] = []
        for rule in RULES:
            self.call(OPERATOR, calls.ListRule(rule, b"\1" * 32))

    @property
    def position(self) -> Position:
        self.block += 1
        return Position(self.block, 0, self.now)

    def call(self, sender: str, call: calls.Call) -> Any:
        """The events, or the revert."""
        at = self.position
        told = self.engine.execute(sender, call, at)
        if not isinstance(told, Revert):
            self.history += [(at, event) for event in told]
        return told

    def run(self) -> CampaignRun:
        at = self.position
        return self.engine.run(self.now, start=at)

    def buy(self, member: str = MEMBERS[0], partner: int = 1, spend: int = 1_000, points: int = 1_000) -> Payment:
        self.receipt += 1
        self.last = self.run()
        since = self.coalition.members[member]
        paid = self.engine.earned(self.last, partner, member, self.receipt, spend, points, since)
        self.history += [(self.last.start, event) for event in self.last.events]
        return paid

    def reverse(self, paid: Payment, before: int, after: int, spend: int = 1_000, member: str = MEMBERS[0]) -> Payment:
        self.last = self.run()
        since = self.coalition.members[member]
        back = self.engine.taken_back(
            self.last, 1, member, paid.receipt, spend, spend, since, paid.words, before, after
        )
        self.history += [(self.last.start, event) for event in self.last.events]
        return back

    def propose(self, **changes: Any) -> CampaignProposed:
        terms = replace(TERMS, **changes)
        (proposed,) = self.call(KEYS[terms.sponsors[0].partner - 1], calls.Propose(terms))
        return proposed

    def approve(self, proposed: CampaignProposed, until: int | None = None) -> None:
        until = self.now + DAY if until is None else until
        for sponsor in proposed.terms.sponsors:
            key = KEYS[sponsor.partner - 1]
            self.call(key, calls.Approve(proposed.campaign, proposed.version, proposed.terms_hash, until))

    def start(self, proposed: CampaignProposed) -> Any:
        return self.call(STRANGER, calls.Start(proposed.campaign, proposed.version, proposed.terms))

    def open(self, **changes: Any) -> int:
        """A campaign that runs."""
        proposed = self.propose(**changes)
        self.approve(proposed)
        told = self.start(proposed)
        assert not isinstance(told, Revert), told
        return proposed.campaign
