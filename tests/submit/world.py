"""What the tests of the write path stand on: a deployed ledger, and a follower of a few lines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine

from coalition.chain import history
from coalition.chain.abi import encode_call
from coalition.chain.admin import Admin, reinstate_partner
from coalition.chain.deploy import Deployment, Parameters, RoleSigners, deploy
from coalition.chain.rpc import Rpc
from coalition.chain.signer import KeySigner
from coalition.errors import ChainUnavailable
from coalition.ledger.events import OperationRejected
from coalition.ledger.operations import Earn
from coalition.ledger.records import OperationRecord, record_of
from coalition.submit import Submission, Submitter

RATE_BPS = 10_000
NOTICE = 60


def member(number: int) -> str:
    return f"0x{0xABC000 + number:040x}"


def earn(receipt: int, *, partner: int = 1, spend_minor: int = 100, of: int = 1, **more: Any) -> Submission:
    return Submission(partner, Earn(member(of), receipt, spend_minor, True), str(receipt), **more)


class World:
    """A ledger with two partners; `keys[partner]` are their signing keys."""

    def __init__(self, rpc: Rpc, deployment: Deployment | None = None) -> None:
        self.rpc = rpc
        self.roles = {name: KeySigner(bytes(31) + bytes([at])) for at, name in enumerate(ROLES, 1)}
        parameters = Parameters(notice_seconds=NOTICE)
        self.deployment = deployment or deploy(rpc, RoleSigners(**self.roles), parameters)
        self.operator = Admin(rpc, self.deployment, self.roles["operator"])
        self.governor = Admin(rpc, self.deployment, self.roles["governor"])
        self.keys = {1: [KeySigner(bytes(31) + b"\x21")], 2: [KeySigner(bytes(31) + b"\x22")]}
        if deployment is not None:
            return
        for partner, (key,) in self.keys.items():
            account = f"0x{0xDEF000 + partner:040x}"
            assert self.operator.add_partner(f"Partner {partner}", account, key.address, "EUR", RATE_BPS) == partner

    @classmethod
    def found(cls, rpc: Rpc, text: str) -> World:
        """The world that another process made, from the text of its deployment."""
        return cls(rpc, Deployment.from_json(text))

    def records(self) -> list[OperationRecord]:
        """Everything that was decided, in order."""
        last = history.head(self.rpc).number
        told = history.events(self.rpc, self.deployment, 0, last)
        return [record for position, event in told if (record := record_of(position, event)) is not None]

    def counted(self) -> dict[tuple[int, int], int]:
        """How often each receipt was counted."""
        found: dict[tuple[int, int], int] = {}
        for record in self.records():
            if record.accepted:
                found[record.partner, record.receipt] = found.get((record.partner, record.receipt), 0) + 1
        return found

    def rejected(self) -> int:
        last = history.head(self.rpc).number
        told = history.events(self.rpc, self.deployment, 0, last)
        return sum(isinstance(event, OperationRejected) for _, event in told)

    def nonce(self, partner: int = 1) -> int:
        return int(self.rpc.call("eth_getTransactionCount", [self.keys[partner][0].address, "latest"]), 16)

    def balance(self, number: int) -> int:
        data = encode_call("PointLedger", "balanceOf", (member(number),))
        return int(self.rpc.call("eth_call", [{"to": self.deployment.ledger, "data": "0x" + data.hex()}, "latest"]), 16)

    def reinstate(self, partner: int) -> None:
        action = reinstate_partner(partner)
        at = self.governor.schedule(action)
        self.rpc.call("evm_setNextBlockTimestamp", [at + 1])
        self.governor.execute(action)


ROLES = ("deployer", "operator", "governor", "recovery")


class Desk:
    """A submitter, and a thread that tells it what the chain tells. `starts` False: neither runs yet."""

    def __init__(
        self, world: World, engine: Engine, *, starts: bool = True, follows: bool = True, **options: Any
    ) -> None:
        self.world = world
        options.setdefault("lanes", world.keys)
        options.setdefault("rpc", world.rpc)
        self.submitter = Submitter(engine, deployment=world.deployment, **options)
        self.next_block = history.head(world.rpc).number + 1
        self.follows = follows
        self.on_events: Callable[[], None] = lambda: None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        if starts:
            self.start()

    def start(self) -> None:
        self.submitter.start()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.submitter.close()

    def post(self, *submissions: Submission) -> Sequence[Any]:
        return self.submitter.post(submissions)

    def poll(self) -> None:
        """Tell what blocks brought that were not told yet; blocks that went away are told first."""
        head = history.head(self.world.rpc).number
        if head + 1 < self.next_block:
            self.next_block = head + 1
            self.submitter.unsettle(head + 1)
        if head >= self.next_block:
            told = history.events(self.world.rpc, self.world.deployment, self.next_block, head)
            self.next_block = head + 1
            if told:
                self.on_events()
            self.submitter.settle(told)

    def _follow(self) -> None:
        while not self._stop.wait(0.01):
            if self.follows:
                try:
                    self.poll()
                except ChainUnavailable:
                    continue


class Faulty:
    """A node that can be cut off: while `is_down`, nothing gets through; `loses` answers of so many batches after them."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self.is_down = False
        self.loses = 0
        self.refuses: Any = None
        self.sent: list[str] = []

    def call(self, method: str, params: list[Any]) -> Any:
        self._check()
        return self._rpc.call(method, params)

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        self._check()
        self.sent += [params[0] for method, params in calls if method == "eth_sendRawTransaction"]
        found = self._rpc.batch(calls)
        if self.loses and calls[0][0] == "eth_sendRawTransaction":
            self.loses -= 1
            raise ChainUnavailable("The answer was lost.")
        return found

    def _check(self) -> None:
        if self.is_down:
            raise ChainUnavailable("The node is gone.")
