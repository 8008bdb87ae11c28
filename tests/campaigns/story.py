"""A programme on a chain in this process: real contracts, its files agreed on by its sponsors, and what its members do.

Whatever is asked is asked of the contracts, and must be what the fold of all events says. Times are texts in UTC.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from coalition.audit.report import MATCH
from coalition.audit.run import AuditReport, audit
from coalition.campaigns.compile import compile_terms
from coalition.campaigns.document import Campaign
from coalition.chain import campaign_views as chain
from coalition.chain import history, views
from coalition.chain.admin import Admin
from coalition.chain.campaigns import CampaignKey
from coalition.chain.codec import encode_batch, kind_of
from coalition.chain.deploy import Parameters, RoleSigners, deploy
from coalition.chain.keccak import keccak
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.chain.transactions import gas_limit, send
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.chain.views import View
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.ledger import tiers
from coalition.ledger import views as folded
from coalition.ledger.campaign_events import (
    Awarded,
    BadgeAwarded,
    BadgeTakenBack,
    CampaignClosed,
    OccasionRefused,
    Refusal,
)
from coalition.ledger.campaigns import views as folded_campaigns
from coalition.ledger.campaigns.calls import Attestation
from coalition.ledger.campaigns.terms import Terms, hash_of
from coalition.ledger.chain_word import proof_for
from coalition.ledger.events import Earned, Event, Position, Redeemed, Reversed
from coalition.ledger.operations import Earn, Operation, Purpose, Redeem, Reverse
from coalition.ledger.rules.twins import rule_of, standing_of, terms_of
from coalition.ledger.state import State, apply_all
from tests.campaigns.programmes import (
    ATTESTOR,
    PARTNERS,
    PROGRAMMES,
    WITHOUT_BASE_POINTS,
    WRITTEN_ON,
    at,
    campaign_of,
    tiers_of,
)

NOTICE = 3_600
BADGES = range(1, 13)
CAMPAIGNS = 4
"""Most campaigns and programmes of tiers that one operation of a story deals with."""

T = TypeVar("T")
E = TypeVar("E", bound=Event)


def signer(name: str) -> KeySigner:
    return KeySigner(keccak(name.encode()))


class Ground:
    """A chain with the contracts, and nobody on it."""

    def __init__(self) -> None:
        self.rpc = TesterRpc(WRITTEN_ON)
        self.operator = signer("operator")
        roles = RoleSigners(signer("deployer"), self.operator, signer("governor"), signer("recovery"))
        self.deployment = deploy(self.rpc, roles, Parameters(notice_seconds=NOTICE))


@dataclass(frozen=True)
class Told:
    """What the chain told of one step, a block of its own."""

    block: int
    events: tuple[Event, ...]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if type(event) is kind]

    @property
    def badges(self) -> list[int]:
        return [event.badge for event in self.of(BadgeAwarded)]

    @property
    def badges_lost(self) -> list[int]:
        return [event.badge for event in self.of(BadgeTakenBack)]

    @property
    def refusals(self) -> list[Refusal]:
        return [event.reason for event in self.of(OccasionRefused)]

    @property
    def awarded(self) -> int:
        """Points that campaigns and the tier gave for a purchase, or took back with one; without one, what campaigns gave."""
        done = [*self.of(Earned), *self.of(Reversed)]
        return done[0].awarded if done else sum(event.points for event in self.of(Awarded))

    @property
    def points(self) -> int:
        """Points of a purchase, return or redemption, without what campaigns and the tier gave."""
        (done,) = [*self.of(Earned), *self.of(Reversed), *self.of(Redeemed)]
        return done.points

    @cached_property
    def purchase(self) -> Earned:
        (earned,) = self.of(Earned)
        return earned


class Story:
    """The campaigns of a folder, by the names of their files. All are proposed, approved and started as the story begins."""

    def __init__(
        self, ground: Ground, queries: Queries, follower: Follower, folder: Path, files: tuple[str, ...]
    ) -> None:
        self._rpc, self._deployment, self._operator = ground.rpc, ground.deployment, ground.operator
        self._queries, self._follower = queries, follower
        self._state, self._seen = State(self._deployment.ledger), self._deployment.block - 1
        self._receipts, self._left = itertools.count(1), dict[tuple[int, int], int]()
        self._counted = 0
        self.attestor = signer("attestor")
        self._admin = Admin(self._rpc, self._deployment, self._operator)
        self.partners = {name: self._on_board(name) for name in PARTNERS[folder.name].split()}
        programme = tiers_of(folder)
        if programme is not None:
            self._rpc.call("evm_setNextBlockTimestamp", [WRITTEN_ON + NOTICE])
            self.key(self._operator).announce_programme(programme.programme, WRITTEN_ON + NOTICE)
        self.campaigns = {file: campaign_of(folder / f"{file}.yaml") for file in files}
        self.terms = {file: self._agreed(number, self.campaigns[file]) for number, file in enumerate(files, 1)}
        self.numbers = {file: number for number, file in enumerate(files, 1)}
        self._news()

    def key(self, signer_: KeySigner) -> CampaignKey:
        return CampaignKey(self._rpc, self._deployment, signer_)

    # ---- what happens

    def enrols(self, when: str, *members: KeySigner) -> None:
        self._step(when, lambda: self._admin.enrol([member.address for member in members]))

    def buys(self, member: KeySigner, when: str, partner: str, spend_minor: int) -> Told:
        receipt = next(self._receipts)
        told = self._step(when, lambda: self._post(partner, Earn(member.address, receipt, spend_minor, enrols=True)))
        assert told.purchase.receipt == receipt
        self._left[told.purchase.partner, receipt] = spend_minor
        self._counted += 1
        return told

    def returns(self, when: str, bought: Told, left_minor: int = 0) -> Told:
        """A purchase is returned, but for `left_minor` minor units of its spend."""
        of = bought.purchase
        amount = self._left[of.partner, of.receipt] - left_minor
        self._left[of.partner, of.receipt] = left_minor
        self._follower.catch_up()
        found = self._queries.original(of.partner, of.receipt)
        assert found is not None
        before, later = proof_for(found.outcomes, found.position, keccak)
        reverse = Reverse(next(self._receipts), amount, found.outcome, before, later, found.awards)
        told = self._step(when, lambda: self._post(self._name(of.partner), reverse))
        assert len(told.of(Reversed)) == 1
        self._counted += 1
        return told

    def redeems(self, member: KeySigner, when: str, partner: str, points: int) -> Told:
        """The member signs for `points`."""
        receipt, deadline, number = next(self._receipts), at(when) + 60, self.partners[partner]
        domain = Domain(self._deployment.chain_id, self._deployment.ledger)
        content = member.address, number, points, receipt, Purpose.REDEEM, deadline
        signature = member.sign(authorization_digest(domain, *content))
        redeem = Redeem(member.address, receipt, points, deadline, signature)
        told = self._step(when, lambda: self._post(partner, redeem))
        assert len(told.of(Redeemed)) == 1
        return told

    def attested(
        self,
        file: str,
        member: KeySigner,
        when: str,
        action: int,
        number: int | None = None,
        by: KeySigner | None = None,
    ) -> Told:
        said = Attestation(member.address, action, next(self._receipts) if number is None else number)
        return self._step(when, lambda: self.key(by or self.attestor).attest(self.numbers[file], [said]))

    def invites(self, file: str, referrer: KeySigner, when: str, member: KeySigner) -> Told:
        """A partner says that `referrer` brought `member`."""
        partner = signer(self._name(self.terms[file].partners[0]))
        return self._step(when, lambda: self.key(partner).refer(self.numbers[file], member.address, referrer.address))

    def claims(self, file: str, member: KeySigner, when: str) -> Told:
        """Anybody asks what the member has coming."""
        return self._step(when, lambda: self.key(signer("anybody")).claim(self.numbers[file], [member.address]))

    def pays_for_tier(self, member: KeySigner, when: str, tier: int, until: str) -> None:
        """The operator gives the tier that was paid for."""
        self._step(when, lambda: self.key(self._operator).set_floor(member.address, tier, at(until)))

    def closes(self, file: str, when: str) -> int:
        """Anybody closes a campaign; what is released of its budget."""
        told = self._step(when, lambda: self.key(signer("anybody")).close(self.numbers[file]))
        (closed,) = told.of(CampaignClosed)
        return closed.released_points

    def passes(self, until: str) -> None:
        """Time passes, and nothing happens."""
        self._step(until, lambda: self._rpc.call("evm_mine", []))

    # ---- how things stand, at the time of the last block

    def balance(self, member: KeySigner) -> int:
        told = folded.balance_of(self._state, member.address, self._now)
        return self._same(views.balance_of(self._deployment, member.address), told)

    def debt(self, member: KeySigner) -> int:
        return self._same(views.debt_of(self._deployment, member.address), folded.debt_of(self._state, member.address))

    def paid(self, file: str) -> int:
        """Points that a campaign has paid, less those taken back."""
        number = self.numbers[file]
        answered = self._read(chain.campaign_of(self._deployment, number)).paid
        assert answered == self._state.campaigns.campaigns[number].paid
        return answered

    def tier(self, member: KeySigner) -> int:
        since, state = self._since(member), self._state.tiers
        told = tiers.tier_at(state.schedule, state.state_of(member.address), since, self._now)
        return self._same(chain.tier_of(self._deployment, member.address, since), told)

    def missing(self, member: KeySigner) -> int:
        """What this membership year must still bring for the next tier."""
        since, state = self._since(member), self._state.tiers
        told = tiers.missing_to_next(state.schedule, state.state_of(member.address), since, self._now)
        return self._same(chain.missing_to_next(self._deployment, member.address, since), told)

    def badges(self, member: KeySigner) -> list[int]:
        asked = [chain.has_badge(self._deployment, member.address, badge) for badge in BADGES]
        answered = [badge for badge, has in zip(BADGES, views.read_all(self._rpc, asked), strict=True) if has]
        assert answered == sorted(badge for account, badge in self._state.campaigns.badges if account == member.address)
        return answered

    def standing(self, file: str, member: KeySigner) -> tuple[int, int, int]:
        """What is done, of what is needed for the next award, and the awards that stand."""
        number, terms = self.numbers[file], self.terms[file]
        told = folded_campaigns.progress_of(self._state.campaigns, number, member.address)
        progress = self._same(
            chain.progress_of(self._deployment, number, member.address), chain.Progress(*told)
        ).progress
        kind = self.campaigns[file].kind
        shown = standing_of(kind, terms_of(kind, terms.rule_terms), progress, self._now)
        return shown.done, shown.needed, shown.completed

    def proven(self) -> AuditReport:
        """Every award follows again from the purchases and terms; contracts, fold and read model agree on everything."""
        self._follower.catch_up()
        report = audit(self._rpc, self._deployment, self._queries)
        assert (report.verdict, report.notes) == (MATCH, ()), report.to_text()
        assert report.checked.get("purchases and reversals weighed again", 0) == self._counted
        return report

    # ---- inside

    def _on_board(self, name: str) -> int:
        rate_bps = 0 if name in WITHOUT_BASE_POINTS else 100
        return self._admin.add_partner(name, signer(f"{name} account").address, signer(name).address, "USD", rate_bps)

    def _agreed(self, number: int, campaign: Campaign) -> Terms:
        """Terms proposed by one sponsor, approved by each, and started by anybody."""
        rule = self._deployment.rules[rule_of(campaign.kind, keccak).contract]
        terms = compile_terms(campaign, rule, keccak)
        sponsors = [signer(self._name(sponsor.partner)) for sponsor in terms.sponsors]
        assert self.key(sponsors[0]).propose(terms) == number
        terms_hash = hash_of(self._deployment.chain_id, self._deployment.agreements, number, 1, terms, keccak)
        for sponsor in sponsors:
            self.key(sponsor).approve(number, 1, terms_hash, terms.opens_at)
        self.key(signer("anybody")).start(number, 1, terms)
        return terms

    def _name(self, partner: int) -> str:
        return next(name for name, number in self.partners.items() if number == partner)

    def _post(self, partner: str, operation: Operation) -> None:
        kind = kind_of(operation)
        gas = gas_limit(kind, 1, CAMPAIGNS)
        send(self._rpc, signer(partner), self._deployment.ledger, encode_batch(kind, [operation]), gas)

    def _step(self, when: str, act: Callable[[], Any]) -> Told:
        self._rpc.call("evm_setNextBlockTimestamp", [at(when)])
        act()
        told = self._news()
        assert self._now == at(when)
        return Told(self._seen, tuple(told))

    def _news(self) -> list[Event]:
        """Fold what the chain has told since."""
        head = history.head(self._rpc)
        found: list[tuple[Position, Event]] = history.events(self._rpc, self._deployment, self._seen + 1, head.number)
        apply_all(self._state, found)
        self._seen, self._now = head.number, head.timestamp
        return [event for _, event in found]

    def _since(self, member: KeySigner) -> int:
        return folded.member_since_of(self._state, member.address)

    def _read(self, view: View[T]) -> T:
        return views.read(self._rpc, view)

    def _same(self, view: View[T], told: T) -> T:
        """What the contracts answer, which the fold must say too."""
        answered = self._read(view)
        assert answered == told, f"the contracts say {answered}, the fold of their events {told}"
        return answered


def story_of(ground: Ground, queries: Queries, follower: Follower, folder: Path, name: str, *files: str) -> Story:
    """The story of a programme, with the attestor's account in a copy of its files in `folder`."""
    programme, copy = PROGRAMMES / name, folder / name
    assert {file.stem for file in programme.glob("*.yaml")} - {"tiers"} == set(files)
    copy.mkdir()
    for file in programme.glob("*.yaml"):
        (copy / file.name).write_text(file.read_text().replace(ATTESTOR, signer("attestor").address))
    return Story(ground, queries, follower, copy, files)
