"""Tills without a line in a soak: set up, allowed to redeem, and at the end, when there is a line again, emptied by two routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coalition.chain.codec import encode_call
from coalition.chain.rpc import HttpRpc
from coalition.chain.signer import KeySigner
from coalition.chain.transactions import send
from coalition.client import Client, NumberRange, VoucherLine
from coalition.till import Slip, Till
from soaking.nodes import Ledger, Node
from soaking.tills import Partner

__all__ = ["HandedIn", "allow", "hand_in", "set_up"]

NUMBER = 7
ALLOWED_POINTS = 1_000_000
HANDED_IN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A till's voucher, what the till wrote down when it handed it in, and what another route was answered afterwards."""

    partner: Partner
    slip: Slip
    again: VoucherLine
    counted: bool
    """Whether the service lists its number."""

    @property
    def is_same(self) -> bool:
        """True if what counted by the first route is answered again by the other, and each of them had an outcome."""
        operation = self.again.operation
        if self.slip.state == "accepted":
            return operation is not None and operation.replayed is True and operation.points == self.slip.points
        return self.slip.state == "refused" and (operation is not None or self.again.problem is not None)


def set_up(ledger: Ledger, node: Node, partner: Partner, name: str) -> Till:
    """Make a partner's till, and let it sign."""
    with Client(node.url, partner.key) as client:
        till = Till.set_up(ledger.folder / f"till of {name}", client, NUMBER)
    ledger.run("till", "add", name, NUMBER, "--key", till.key)
    return till


def allow(ledger: Ledger, point_ledger: str, account: str, members: Sequence[KeySigner]) -> None:
    """Let members allow a partner to redeem their points."""
    rpc = HttpRpc(ledger.chain_url())
    for member in members:
        send(rpc, member, point_ledger, encode_call("PointLedger", "approve", (account, ALLOWED_POINTS)))


def hand_in(tills: Sequence[tuple[Partner, Till]], one: Node, other: Node) -> Iterator[HandedIn]:
    """Let each till hand in what its journal says is open, which is all that it ever signed; then all of it at another node."""
    for partner, till in tills:
        with Client(one.url, partner.key) as client:
            for _ in till.sync(client):
                pass
        slips = till.slips()
        again: list[VoucherLine] = []
        with Client(other.url, partner.key) as client:
            for start in range(0, len(slips), HANDED_IN_AT_ONCE):
                portion = [slip.voucher for slip in slips[start : start + HANDED_IN_AT_ONCE]]
                again += client.hand_in(portion).vouchers
            counted = {number for part in _accepted(client, till) for number in range(part.first, part.last + 1)}
        for slip, line in zip(slips, again, strict=True):
            yield HandedIn(partner, slip, line, slip.voucher.number in counted)


def _accepted(client: Client, till: Till) -> Iterator[NumberRange]:
    start: int | None = 1
    while start is not None:
        page = client.till_gaps(till.place.till, start=start)
        yield from page.accepted
        start = page.start
