"""Campaigns that run without a chain: agreed and started at once, then told what happens, by the twin of the contracts."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.campaigns.compile import compile_terms
from coalition.campaigns.document import Campaign
from coalition.campaigns.segment import Keccak, checksum_address
from coalition.campaigns.tier_file import TierFile
from coalition.errors import InputError
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.engine import Engine
from coalition.ledger.campaigns.seams import SimpleCoalition, SimpleTiers
from coalition.ledger.campaigns.state import REVEAL_SECONDS, CampaignState
from coalition.ledger.events import Event, Position
from coalition.ledger.rules.twins import rules
from coalition.ledger.run import Revert

__all__ = ["Trial"]

OPERATOR = "operator"
SEED = b"\1" * 32


class Trial:
    """Campaigns of a coalition on trial. Campaigns are numbered from 1, in their order; times are Unix seconds.

    Whatever happens is answered by the events that the contracts would tell.

    Args:
        campaigns: run from their own `opens`; all are agreed one second before the first opens.
        keccak: Keccak-256.
        tiers: a programme that counts from the beginning; None for none.

    Raises:
        InputError: `campaign_invalid`, if the contracts would refuse one.
    """

    def __init__(self, campaigns: Sequence[Campaign], keccak: Keccak, tiers: TierFile | None = None) -> None:
        self.campaigns = tuple(campaigns)
        numbers = {number for one in campaigns for number in (*one.partners, *(who.partner for who in one.sponsors))}
        self.coalition = SimpleCoalition(keys={self._key(number): number for number in numbers})
        kinds = rules(keccak)
        self._rules = {rule.kind: checksum_address(f"0x{place:040x}", keccak) for place, rule in enumerate(kinds, 1)}
        self._keccak = keccak
        book = checksum_address(f"0x{255:040x}", keccak)
        self.engine = Engine(
            CampaignState(agreements=book),
            rules={self._rules[rule.kind]: rule for rule in kinds},
            coalition=self.coalition,
            keccak=keccak,
            operators=frozenset({OPERATOR}),
            tiers=SimpleTiers([(0, tiers.programme)]) if tiers else None,
        )
        self.engine.state.badge_book = book
        start = min(one.opens_at for one in campaigns) - 1
        for number, campaign in enumerate(self.campaigns, 1):
            self._start(number, campaign, start)

    def enrol(self, member: str, time: int) -> None:
        """A member comes to be."""
        self.coalition.members.setdefault(member, time)

    def purchase(
        self, time: int, partner: int, member: str, receipt: int, spend_minor: int, points: int
    ) -> list[Event]:
        """A purchase with `points` of the base rate; its member is enrolled by it, if it is new."""
        self.enrol(member, time)
        run = self.engine.run(time)
        since = self.coalition.members[member]
        self.engine.earned(run, partner, member, receipt, spend_minor, points, since)
        return run.events

    def join(self, time: int, number: int, member: str) -> list[Event]:
        """A member takes part, with its own key, and its proof where there is a list."""
        segment = self.campaigns[number - 1].segment
        proof = tuple(segment.proof_of(member)) if segment else ()
        return self.call(time, member, calls.Join(number, (calls.Joining(member, proof),)))

    def refer(self, time: int, number: int, member: str, referrer: str) -> list[Event]:
        """A new member was brought by another; its partner says so."""
        return self.call(time, self._key(self.campaigns[number - 1].partners[0]), calls.Refer(number, member, referrer))

    def attest(self, time: int, number: int, member: str, action: int, id_: int) -> list[Event]:
        """The attestor says what a member did; `id_` is its own number for it."""
        attestor = checksum_address(self.campaigns[number - 1].attestor, self._keccak)
        return self.call(time, attestor, calls.Attest(number, (calls.Attestation(member, action, id_),)))

    def claim(self, time: int, number: int, member: str) -> list[Event]:
        """Somebody asks whether a member's time has come."""
        return self.call(time, member, calls.Claim(number, (member,)))

    def draw_blind(self, number: int, members: Sequence[str]) -> list[Event]:
        """The draw when no seed was shown: each entry is paid what it wins on average."""
        time = self.campaigns[number - 1].closes_at + REVEAL_SECONDS
        return self.call(time, OPERATOR, calls.Draw(number, tuple(members)))

    def call(self, time: int, sender: str, call: calls.Call) -> list[Event]:
        """Do what a function of the contracts does.

        Raises:
            InputError: `campaign_invalid`, where they would revert; with the name of their error.
        """
        told = self.engine.execute(sender, call, Position(0, 0, time))
        if isinstance(told, Revert):
            values = ", ".join(str(value) for value in told.values)
            raise InputError(f"The contracts would refuse it: {told.name}({values}).", code="campaign_invalid")
        return told

    def _start(self, number: int, campaign: Campaign, time: int) -> None:
        terms = compile_terms(campaign, self._rules[campaign.kind], self._keccak)
        sponsors = [self._key(sponsor.partner) for sponsor in terms.sponsors]
        if terms.rule not in self.engine.state.rules:
            self.call(time, OPERATOR, calls.ListRule(terms.rule, b"\1" * 32))
        self.call(time, sponsors[0], calls.Propose(terms))
        (proposed,) = self.engine.state.campaigns[number].proposed
        for sponsor in sponsors:
            if terms.draws:
                self.call(time, sponsor, calls.CommitSeed(number, SEED))
            self.call(time, sponsor, calls.Approve(number, proposed.version, proposed.terms_hash, time))
        self.call(time, sponsors[0], calls.Start(number, proposed.version, terms))

    def _key(self, partner: int) -> str:
        return f"key of partner {partner}"
