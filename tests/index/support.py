"""Books to index: a real chain in this process, on which everything happens that the ledger can tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from coalition.chain import admin, history
from coalition.chain.abi import encode_call
from coalition.chain.admin import Admin
from coalition.chain.codec import encode_batch, kind_of
from coalition.chain.deploy import Parameters, RoleSigners, deploy
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc
from coalition.chain.signer import KeySigner
from coalition.chain.transactions import gas_limit, send
from coalition.chain.typed_data import (
    Domain,
    authorization_digest,
    cancel_authorization_digest,
    key_cancellation_digest,
    transfer_with_authorization_digest,
)
from coalition.index import tables
from coalition.index.database import migrate, open_database, reading
from coalition.index.follower import Follower
from coalition.ledger.chain_word import proof_for
from coalition.ledger.events import Captured, Earned, Event, Position, Redeemed
from coalition.ledger.lots import Lots
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Purpose,
    Redeem,
    Refund,
    Release,
    Reverse,
)

START = 1_700_000_000
DAY = 86_400
EPOCH = 20 * DAY
NOTICE = 3_600
STRANGE = b"\x01" * 65
DERIVED_OR_KEPT = [table for table in tables.metadata.sorted_tables if table.name not in ("blocks", "book")]


def signer(name: str) -> KeySigner:
    return KeySigner(keccak(name.encode()))


@dataclass
class Books:
    """A deployed ledger with two partners and three members' keys. Every call is one block."""

    rpc: Rpc
    validity: int = 2
    members: list[KeySigner] = field(default_factory=lambda: [signer(f"member {i}") for i in range(4)])

    def __post_init__(self) -> None:
        self.operator, self.governor, self.recovery = (signer(role) for role in ("operator", "governor", "recovery"))
        roles = RoleSigners(signer("deployer"), self.operator, self.governor, self.recovery)
        parameters = Parameters(NOTICE, None, EPOCH, self.validity, 60, 120)
        self.deployment: Deployment = deploy(self.rpc, roles, parameters)
        self.domain = Domain(self.deployment.chain_id, self.deployment.ledger)
        self.admin = Admin(self.rpc, self.deployment, self.operator)
        self.keys = {
            self.admin.add_partner(
                name, signer(f"{name} account").address, signer(name).address, currency, rate
            ): signer(name)
            for name, currency, rate in (("florist", "EUR", 1_000), ("grocer", "USD", 500))
        }

    @property
    def now(self) -> int:
        return history.head(self.rpc).timestamp

    def wait(self, seconds: int) -> None:
        """Let time pass until the next block."""
        self.rpc.call("evm_setNextBlockTimestamp", [hex(self.now + seconds)])
        self.rpc.call("evm_mine", [])

    def post(self, partner: int, *operations: Operation) -> dict[str, Any]:
        kind = kind_of(operations[0])
        gas = 3 * gas_limit(kind, len(operations))  # several campaigns look at each
        return send(self.rpc, self.keys[partner], self.deployment.ledger, encode_batch(kind, operations), gas)

    def call(self, key: KeySigner, function: str, *arguments: Any) -> dict[str, Any]:
        return send(self.rpc, key, self.deployment.ledger, encode_call("PointLedger", function, arguments))

    def earn(self, partner: int, member: int, receipt: int, spend_minor: int = 10_000) -> None:
        self.post(partner, Earn(self.members[member].address, receipt, spend_minor, enrols=True))

    def signed(self, partner: int, member: int, receipt: int, points: int, purpose: Purpose, deadline: int) -> bytes:
        key = self.members[member]
        digest = authorization_digest(self.domain, key.address, partner, points, receipt, purpose, deadline)
        return key.sign(digest)

    def redeem(self, partner: int, member: int, receipt: int, points: int) -> None:
        deadline = self.now + DAY
        signature = self.signed(partner, member, receipt, points, Purpose.REDEEM, deadline)
        self.post(partner, Redeem(self.members[member].address, receipt, points, deadline, signature))

    def hold(self, partner: int, member: int, receipt: int, points: int, seconds: int = DAY) -> None:
        deadline = self.now + seconds
        signature = self.signed(partner, member, receipt, points, Purpose.HOLD, deadline)
        self.post(partner, Hold(self.members[member].address, receipt, points, deadline, signature))

    def post_end_of_holds(self) -> None:
        """End the holds 10 and 11 of partner 1."""
        self.post(1, Capture(10, 120))
        self.post(1, Release(11))

    def post_many(self, thousand: int) -> None:
        """Post 500 purchases of partner 2."""
        member = self.members[0].address
        self.post(2, *(Earn(member, 10_000 + 1_000 * thousand + i, 500, enrols=True) for i in range(500)))

    def correction(self, partner: int, receipt: int, amount: int, original: int) -> Reverse | Refund:
        outcomes = self.outcomes(partner, original // 32)
        place = [outcome.receipt for outcome in outcomes].index(original)
        before, later = proof_for(outcomes, place, keccak)
        kind = Reverse if outcomes[place].kind == Kind.EARN else Refund
        return kind(receipt, amount, outcomes[place], before, later)

    def correct(self, partner: int, receipt: int, amount: int, original: int) -> None:
        self.post(partner, self.correction(partner, receipt, amount, original))

    def events(self, domain_only: bool = True) -> list[tuple[Position, Event]]:
        head = history.head(self.rpc).number
        return history.events(self.rpc, self.deployment, self.deployment.block, head, domain_only=domain_only)

    def outcomes(self, partner: int, word: int) -> list[Outcome]:
        found = []
        for at, event in self.events():
            if not isinstance(event, Earned | Redeemed | Captured):
                continue
            if (event.partner, event.receipt // 32) != (partner, word):
                continue
            kind = {Earned: Kind.EARN, Redeemed: Kind.REDEEM, Captured: Kind.CAPTURE}[type(event)]
            spend = getattr(event, "spend_minor", 0)
            epoch = self.deployment.epoch_at(at.timestamp)
            lots = getattr(event, "lots", Lots.single(epoch, event.points))
            found.append(Outcome(kind, event.member, event.receipt, spend, event.points, lots))
        return found


def everything(books: Books) -> None:
    """Let everything happen that the ledger has an event for."""
    opened_and_earned(books)
    spent_and_corrected(books)
    moved_and_administered(books)
    expired(books)


def opened_and_earned(books: Books) -> None:
    members = books.members
    books.admin.enrol([members[0].address])
    books.post(
        1,
        *(Earn(members[i % 3].address, i, 10_000 + i, enrols=True) for i in range(1, 7)),
        Earn(members[0].address, 1, 500),
        Earn(members[0].address, 99, 0),
        Earn(members[3].address, 98, 500),
    )
    books.post(2, Earn(members[1].address, 7, 40_001), Earn(members[1].address, 2**255 + 5, 3))
    books.earn(1, 0, 8, 5)


def spent_and_corrected(books: Books) -> None:
    members = books.members
    books.redeem(2, 0, 100, 700)
    books.post(2, Redeem(members[0].address, 101, 5, books.now + DAY, STRANGE))
    books.call(members[1], "approve", signer("grocer account").address, 400)
    books.post(2, Redeem(members[1].address, 102, 150, books.now + DAY))
    books.post(2, Redeem(members[1].address, 103, 900, books.now + DAY))
    books.hold(1, 1, 200, 300)
    books.hold(1, 1, 201, 50)
    books.hold(1, 2, 202, 400, 15 * DAY)
    books.hold(2, 2, 203, 90, 15 * DAY)
    books.post(1, Capture(200, 120), Capture(777, 1))
    books.post(1, Release(201))
    books.correct(1, 300, 4_000, 4)
    books.redeem(2, 2, 104, 1_000)
    books.correct(1, 301, 10_005, 5)
    books.correct(1, 302, 10_002, 2)
    books.correct(1, 303, 50_000, 1)
    books.earn(2, 2, 9, 3_000)
    books.correct(2, 304, 250, 100)


def moved_and_administered(books: Books) -> None:
    members = books.members
    books.call(members[0], "transfer", members[1].address, 30)
    books.call(members[1], "transfer", members[1].address, 20)
    books.call(signer("stranger"), "transfer", members[1].address, 0)
    epoch = books.deployment.epoch_at(books.now)
    books.call(members[1], "transferAtEpoch", epoch, members[0].address, 10)
    nonce, other = b"\x07" * 32, b"\x08" * 32
    terms = (members[1].address, members[2].address, 15, 0, books.now + DAY, nonce)
    signature = members[1].sign(transfer_with_authorization_digest(books.domain, *terms))
    books.call(members[0], "transferWithAuthorization", *terms, signature)
    signature = members[1].sign(cancel_authorization_digest(books.domain, members[1].address, other))
    books.call(members[0], "cancelAuthorization", members[1].address, other, signature)
    Admin(books.rpc, books.deployment, books.recovery).announce_key_recovery(members[2].address, signer("new").address)
    deadline = books.now + DAY
    digest = key_cancellation_digest(books.domain, members[2].address, 0, deadline)
    books.call(members[2], "cancelKeyChange", members[2].address, deadline, members[2].sign(digest))
    Admin(books.rpc, books.deployment, books.recovery).announce_key_recovery(members[0].address, signer("new").address)

    governor = Admin(books.rpc, books.deployment, books.governor)
    actions = (admin.set_terms(1, 1_000_000, 900_000, 5_000), admin.reinstate_partner(2), admin.unpause())
    for action in actions:
        governor.schedule(action)
    books.admin.suspend_partner(2)
    books.admin.add_key(1, signer("florist 2").address)
    books.admin.announce_earn_rate(1, 2_000, books.now + 2 * NOTICE)
    books.admin.pause()
    books.wait(NOTICE + 60)
    for action in actions:
        governor.execute(action)
    books.admin.revoke_key(signer("florist 2").address)


def expired(books: Books) -> None:
    books.wait(EPOCH)
    books.earn(1, 0, 400, 7_000)
    books.hold(2, 0, 401, 10, 25 * DAY)
    books.wait(EPOCH)
    books.earn(1, 1, 402, 9_000)
    books.call(signer("anyone"), "releaseLapsed", 1, 202)
    books.correct(1, 403, 60, 200)
    books.post(2, Release(203))
    books.wait(EPOCH)
    books.earn(1, 1, 404, 100)


def opened(path: Path, url: str | None = None) -> Engine:
    engine = open_database(url or f"sqlite:///{path}")
    migrate(engine)
    return engine


def followed(engine: Engine, books: Books) -> Follower:
    follower = Follower(engine, books.rpc, books.deployment)
    follower.catch_up()
    return follower


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, without headers of blocks in which nothing happened."""
    with reading(engine) as connection:
        rows = {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in DERIVED_OR_KEPT
        }
        question = select(tables.blocks).where(tables.blocks.c.has_events == 1).order_by(tables.blocks.c.number)
        rows["blocks"] = [tuple(row) for row in connection.execute(question)]
        rows["book"] = [tuple(row) for row in connection.execute(select(tables.book))]
    return rows
