"""The campaign contracts in an EVM beside their twin: the same calls go to both, and every getter is compared."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from pyrevm import EVM, AccountInfo, BlockEnv

from coalition.ledger import calls as ledger_calls
from coalition.ledger.campaigns import calls, fold
from coalition.ledger.campaigns.award_words import AwardWord, with_tier
from coalition.ledger.campaigns.engine import Engine
from coalition.ledger.campaigns.invariants import (
    award_names_approved_terms,
    campaign_within_budget,
    progress_replays,
)
from coalition.ledger.campaigns.seams import Others, SimpleCoalition, SimpleTiers
from coalition.ledger.campaigns.state import NOBODY, CampaignState
from coalition.ledger.chain_word import awards_hash
from coalition.ledger.events import Earned, Event, MemberEnrolled, Position, Reversed
from coalition.ledger.lots import Lots
from coalition.ledger.machine import Revert
from coalition.ledger.rules.action import Action
from coalition.ledger.rules.dividend import Dividend
from coalition.ledger.rules.levels import Levels
from coalition.ledger.rules.milestone import Milestone
from coalition.ledger.rules.multiplier import Multiplier
from coalition.ledger.rules.quest import Quest
from coalition.ledger.rules.referral import Referral
from coalition.ledger.rules.rule import Rule
from coalition.ledger.rules.stamps import Stamps
from coalition.ledger.rules.streak import Streak
from coalition.ledger.rules.surprise import Surprise
from coalition.ledger.rules.threshold import Threshold
from coalition.ledger.tiers import Programme, announced
from tests.fuzz.campaign_encoding import (
    AGREEMENTS_CALLS,
    BODIES,
    LEDGER_TOPICS,
    SELECTORS,
    TEST_ARTIFACTS,
    Hostile,
    address,
    calldata,
    event_of,
    revert_of,
)
from tests.fuzz.encoding import artifact, checksummed, keccak, words
from tests.fuzz.encoding import calldata as registry_calldata
from tests.fuzz.tiers import packed
from tests.fuzz.world import GENESIS, Divergence

DEPLOYER = "0x" + 40 * "1"
PARTNERS = 6
GAS = 100_000_000
HOSTILE_RULES = 3


@dataclass
class Coalition(SimpleCoalition):
    """The registry's and the ledger's part, with partners that can be suspended."""

    suspended: set[int] = field(default_factory=set)
    credited: list[tuple[str, int]] = field(default_factory=list)

    def posting(self, key: str, timestamp: int) -> int | Revert:
        partner = super().posting(key, timestamp)
        return Revert("PartnerNotActive", (partner,)) if partner in self.suspended else partner

    def award(self, others: Others) -> None:
        self.credited = list(others)


@dataclass
class Counted:
    """A purchase that was accepted: what a reversal must bring back, and what is left of its spend."""

    partner: int
    member: str
    receipt: int
    spend_minor: int
    points: int
    words: list[int]
    left: int


class World:
    """The contracts, and the twin."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.block, self.timestamp = 0, GENESIS
        self.evm = EVM(spec_id="LONDON")
        self.go_to(GENESIS)
        self.seen: Counter[str] = Counter()
        self.hostile: dict[str, Hostile] = {}
        self.told: list[Event] = []
        self.history: list[tuple[Position, Event]] = []
        self._deploy()

    def go_to(self, timestamp: int) -> None:
        """Begin the next block."""
        self.timestamp, self.block = timestamp, self.block + 1
        self.evm.set_block_env(BlockEnv(timestamp=timestamp, number=self.block))

    def _deploy(self) -> None:
        notice = self.random.choice([0, 3_600, 86_400])
        manager = self._create("AccessManager", words(DEPLOYER))
        self.registry = self._create("PartnerRegistry", words(manager, notice))
        self.ledger = self._create("CampaignLedger", b"")
        opened: list[Event] = []
        self.agreements = self._create("CampaignAgreements", words(manager, self.registry))
        opened += self._events()
        self.tier_book = self._create("TierBook", words(manager, 0)) if self.random.random() < 0.6 else NOBODY
        self.badge_book = self._create("BadgeBook", words(manager)) if self.random.random() < 0.7 else NOBODY
        fields = self.registry, self.agreements, self.ledger, self.tier_book, self.badge_book
        self.book = self._create("CampaignBook", words(*fields))
        opened += self._events()
        self._send(DEPLOYER, self.ledger, SELECTORS["CampaignLedger", "setBook"] + words(self.book))
        for name, target in (("TierBook", self.tier_book), ("BadgeBook", self.badge_book)):
            if target != NOBODY:
                self._send(DEPLOYER, target, SELECTORS[name, "setCampaignBook"] + words(self.book))
        self._on_board(notice)
        self.tiers = None if self.tier_book == NOBODY else SimpleTiers()
        operators = frozenset({DEPLOYER})
        self.engine = Engine(
            CampaignState(), self._rules(), self.coalition, keccak, operators=operators, tiers=self.tiers
        )
        self.state, self.folded = self.engine.state, CampaignState()
        self._fold(opened)
        fold.apply_all(self.state, [(self.start, event) for event in opened])

    def _on_board(self, notice: int) -> None:
        self.coalition = Coalition(notice_seconds=notice)
        for number in range(1, PARTNERS + 1):
            key = address(0x2000 + number)
            call = ledger_calls.AddPartner(
                account=address(0x1000 + number), key=key, name="Shop", currency="EUR", earn_rate_bps=10_000
            )
            self._send(DEPLOYER, self.registry, registry_calldata(call))
            self.coalition.keys[key] = number

    def _rules(self) -> dict[str, Rule]:
        kinds: list[Rule] = [
            Multiplier(), Threshold(), Stamps(), Streak(), Dividend(), Quest(), Levels(), Milestone(), Referral(),
            Action(), Surprise(keccak),
        ]  # fmt: skip
        rules: dict[str, Rule] = {self._create(kind.contract, b""): kind for kind in kinds}
        for _ in range(HOSTILE_RULES):
            rule = Hostile(*self.random.choices(list(BODIES), k=2))
            where = checksummed(bytes.fromhex(self.evm.deploy(DEPLOYER, rule.creation())[2:]))
            rules[where] = self.hostile[where] = rule
        return rules

    def _create(self, name: str, arguments: bytes) -> str:
        folder = {"folder": TEST_ARTIFACTS} if name == "CampaignLedger" else {}
        code = bytes.fromhex(artifact(name, **folder)["bytecode"].removeprefix("0x"))
        return checksummed(bytes.fromhex(self.evm.deploy(DEPLOYER, code + arguments)[2:]))

    @property
    def start(self) -> Position:
        """Where the next events stand."""
        return Position(self.block, 0, self.timestamp)

    def _send(self, sender: str, target: str, data: bytes) -> Revert | None:
        try:
            self.evm.message_call(sender, target, data, gas=GAS)
        except RuntimeError as error:
            text = str(error)
            if "output: 0x" not in text:
                return Revert("Halt", (text,))
            return revert_of(bytes.fromhex(text.partition("output: 0x")[2].partition(" ")[0]))
        return None

    def _events(self) -> list[Event]:
        decoded = [event_of(*log.data) for log in self.evm.result.logs]
        return [event for event in decoded if event is not None]

    def _said_by_ledger(self) -> list[list[int]]:
        """What the ledger says it was told: the words of its events."""
        logs = [log.data for log in self.evm.result.logs]
        return [
            [int.from_bytes(data[at : at + 32]) for at in range(0, len(data), 32)]
            for topics, data in logs
            if topics[0] in LEDGER_TOPICS
        ]

    def _fold(self, events: list[Event]) -> None:
        fold.apply_all(self.folded, [(self.start, event) for event in events])
        self.history += [(self.start, event) for event in events]
        self.told = events

    # ---- what happens in both

    def send(self, sender: str, call: calls.Call) -> list[Event] | Revert:
        """Send a call to the contracts and to the twin.

        Raises:
            Divergence: they do not answer the same.
        """
        self.coalition.credited = []
        decided = self.engine.execute(sender, call, self.start)
        target = self.agreements if isinstance(call, AGREEMENTS_CALLS) else self.book
        reverted = self._send(sender, target, calldata(call))
        told: list[Event] | Revert = self._events() if reverted is None else reverted
        self.same(f"{call}", told, decided)
        if isinstance(told, list):
            self._fold(told)
            credited = [account_points(self.coalition.credited)] if self.coalition.credited else []
            self.same("credited", [said[2:] for said in self._said_by_ledger()], credited)
        return told

    def earn(self, partner: int, member: str, receipt: int, spend_minor: int, points: int) -> Counted:
        """A purchase."""
        run = self.engine.run(self.timestamp, start=self.start)
        since = self.coalition.member_since_of(member)
        paid = self.engine.earned(run, partner, member, receipt, spend_minor, points, since)
        data = words(partner, member, receipt, spend_minor, points)
        reverted = self._send(DEPLOYER, self.ledger, SELECTORS["CampaignLedger", "earn"] + data)
        self.same("earn", reverted or self._events(), run.events)
        ((awarded, awards, _, count, *others),) = self._said_by_ledger()
        self.same("awarded", (awarded, others[:count]), (paid.awarded, account_points(paid.others)))
        self.same("awards", awards.to_bytes(32), awards_hash(paid.words, keccak))
        self._fold(run.events)
        self._same_words(paid.words)
        self.history.append((self.start, Earned(partner, member, receipt, spend_minor, points, paid.awarded)))
        return Counted(partner, member, receipt, spend_minor, points, paid.words, spend_minor)

    def take_back(self, purchase: Counted, amount: int) -> None:
        """A purchase is taken back, or a part of it."""
        run = self.engine.run(self.timestamp, start=self.start)
        since, after = self.coalition.member_since_of(purchase.member), purchase.left - amount
        of = purchase.partner, purchase.member, purchase.receipt, purchase.spend_minor, purchase.points
        back = self.engine.taken_back(run, *of, since, purchase.words, purchase.left, after)
        data = words(*of, 256, purchase.left, after, len(purchase.words), *purchase.words)
        reverted = self._send(DEPLOYER, self.ledger, SELECTORS["CampaignLedger", "takeBack"] + data)
        self.same("take back", reverted or self._events(), run.events)
        ((taken, _, count, *others),) = self._said_by_ledger()
        self.same("taken", (taken, others[:count]), (back.awarded, account_points(back.others)))
        self._fold(run.events)
        purchase.left = after
        fields = purchase.partner, purchase.member, 0, purchase.receipt, amount, 0, Lots.of(0, {})
        self.history.append((self.start, Reversed(*fields, back.awarded)))

    def enrol(self, member: str, since: int) -> None:
        """A member from then on."""
        self.coalition.members[member] = since
        self.history.append((Position(self.block, 0, since), MemberEnrolled(member)))
        self._send(DEPLOYER, self.ledger, SELECTORS["CampaignLedger", "setMemberSince"] + words(member, since))

    def suspend(self, partner: int, is_suspended: bool) -> None:
        """A partner may not post, or may again."""
        call = ledger_calls.SuspendPartner(partner) if is_suspended else ledger_calls.ReinstatePartner(partner)
        (self.coalition.suspended.add if is_suspended else self.coalition.suspended.discard)(partner)
        assert self._send(DEPLOYER, self.registry, registry_calldata(call)) is None

    def limit(self, partner: int, points: int) -> None:
        """The credit of a partner."""
        self.coalition.credit_limits[partner] = points
        call = ledger_calls.SetTerms(partner, 0, 0, points)
        assert self._send(DEPLOYER, self.registry, registry_calldata(call)) is None

    def announce(self, programme: Programme) -> None:
        """A programme of tiers counts from the next second on, so that a replay knows which purchases it met."""
        if self.tiers is not None and all(since < self.timestamp for since, _ in self.tiers.schedule):
            self.tiers.schedule = announced(self.tiers.schedule, programme, self.timestamp + 1, self.timestamp)
            data = SELECTORS["TierBook", "announceProgramme"] + words(64, self.timestamp + 1) + packed(programme)
            assert self._send(DEPLOYER, self.tier_book, data) is None

    def change(self, rule: str) -> None:
        """A hostile rule gets other code, which answers the same."""
        self.hostile[rule].changed = True
        self.evm.insert_account_info(rule, AccountInfo(nonce=1, code=self.hostile[rule].code()))

    # ---- comparing

    def same(self, what: str, contract: object, twin: object) -> None:
        """
        Raises:
            Divergence: they differ.
        """
        if contract != twin:
            if isinstance(contract, list) and isinstance(twin, list):
                for at, pair in enumerate(zip(contract, twin, strict=False)):
                    if pair[0] != pair[1]:
                        contract, twin = (f"at {at}: {one}" for one in pair)
                        break
            raise Divergence(f"{what}:\n  contract {contract}\n  twin     {twin}")

    def check_invariants(self) -> None:
        """What must hold of campaigns, from the events alone."""
        broken = campaign_within_budget(self.folded) + award_names_approved_terms(self.folded, 1, keccak)
        if not self.seen["words without a trace"]:
            rules = {rule: twin for rule, twin in self.engine.rules.items() if rule not in self.hostile}
            tiers = SimpleTiers(self.tiers.schedule) if self.tiers is not None else None
            broken += progress_replays(self.history, rules, keccak, tiers, is_hooked=True)
            self.seen["replays"] += 1
        self.same("state", self.folded.campaigns, self.state.campaigns)
        if broken:
            raise Divergence(f"{broken[0].invariant}: {broken[0].sentence} at {broken[0].position}")

    def _same_words(self, decided: list[int]) -> None:
        """The fold alone knows the words, but for tiers and for awards that came to nothing without a trace."""
        told, words_ = list(self.folded.take_awards(self.start)), list(decided)
        if words_ and not words_[0] & 0xFFFFFFFF:
            own = AwardWord.from_word(words_[0])
            told = with_tier(told, own.tier, own.points, own.time)
        traceless = [word for word in words_ if word not in told and not _is_something(word)]
        self.seen["words without a trace"] += len(traceless)
        self.same("words", told, [word for word in words_ if word not in traceless])

    def read(self, contract: str, name: str, *arguments: int | str | bytes) -> bytes:
        """What a getter answers."""
        targets = {"CampaignAgreements": self.agreements, "CampaignBook": self.book, "BadgeBook": self.badge_book}
        data = SELECTORS[contract, name] + words(*arguments)
        return self.evm.message_call(DEPLOYER, targets[contract], data, is_static=True)


def account_points(others: Others) -> list[int]:
    """Others as the chain packs them."""
    return [int(account, 16) | points << 160 for account, points in others]


def _is_something(word: int) -> bool:
    known = AwardWord.from_word(word)
    return bool(known.points or known.companion_points or known.badge)
