"""What an operation would do if it were posted now: asked of the contracts, and changing nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from coalition.chain import history, views
from coalition.chain.abi import encode_call
from coalition.chain.codec import encode_batch
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.chain.simulation import SimulatedCall, simulate
from coalition.errors import AccessDenied, CoalitionError, NotFound, ReceiptConflict, Refused
from coalition.index.queries import Queries
from coalition.ledger.operations import Hold, Kind, Operation, Redeem, Rejection
from coalition.ledger.records import OperationRecord, record_of
from coalition.service.answers import first_answer, in_words, refusal
from coalition.service.asked import Asked, prove
from coalition.service.partners import PartnerDirectory
from coalition.submit.receipt_texts import ReceiptTexts

__all__ = ["Authorized", "OperationPreview", "OperationPreviews"]

UNAUTHORIZED = frozenset({Rejection.SIGNATURE_INVALID, Rejection.ALLOWANCE_TOO_LOW})


class Authorized(StrEnum):
    """What would let points leave the account."""

    SIGNATURE = "signature"
    ALLOWANCE = "allowance"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class OperationPreview:
    """What would become of an operation, as of the block after `block`, at `timestamp` (Unix seconds).

    `record` is what the ledger would tell, None if it would refuse; where only the member's authorization is missing, it tells
    what the ledger would do with one. `problem` is what a post would raise. `replayed`: it was counted before, and `record` is
    what it was counted as. Of redemptions and holds, `spendable_points` is what the member has, and `allowance_points` what it
    lets this partner take without a signature.
    """

    block: int
    timestamp: int
    record: OperationRecord | None
    problem: CoalitionError | None = None
    replayed: bool = False
    authorized: Authorized | None = None
    spendable_points: int | None = None
    allowance_points: int | None = None


class OperationPreviews:
    """Previews of all kinds of operations. `clock` tells the ledger's time in Unix seconds."""

    def __init__(
        self,
        rpc: Rpc,
        deployment: Deployment,
        queries: Queries,
        partners: PartnerDirectory,
        texts: ReceiptTexts,
        clock: Callable[[], int],
    ) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._queries = queries
        self._partners = partners
        self._texts = texts
        self._clock = clock

    def preview(self, asked: Asked) -> OperationPreview:
        """Return what would become of what was asked for. Nothing is written, signed or sent.

        Raises:
            Unavailable: the node does not answer, or cannot simulate (`preview_unsupported`).
        """
        head, now = history.head(self._rpc), self._clock()
        nothing = OperationPreview(head.number, max(now, head.timestamp + 1), None)
        try:
            known = first_answer(self._queries.operations_of(asked.partner, asked.number), asked)
            if known is not None:
                return replace(nothing, record=known.record, replayed=True)
            operation = prove(self._queries, asked)
            sender = self._key(asked.partner, nothing.timestamp)
            record = self._decided(asked, [SimulatedCall(sender, *self._data(asked.kind, operation))], head, now)
        except ReceiptConflict as conflict:
            return replace(nothing, problem=in_words(conflict, self._texts, asked.partner))
        except (AccessDenied, NotFound, Refused) as error:
            return replace(nothing, problem=error)
        found = replace(nothing, record=record if record.accepted else None)
        if not record.accepted:
            found = replace(found, problem=refusal(record))
        if isinstance(operation, Redeem | Hold):
            return self._with_authorization(found, asked, operation, sender, record.code, head)
        return found

    def _with_authorization(
        self,
        found: OperationPreview,
        asked: Asked,
        operation: Redeem | Hold,
        sender: str,
        code: Rejection | None,
        head: history.BlockHeader,
    ) -> OperationPreview:
        account = self._partners.find(asked.partner).account
        spendable, allowance = views.read_all(
            self._rpc,
            [
                views.balance_of(self._deployment, operation.member),
                views.allowance(self._deployment, operation.member, account),
            ],
            head.number,
        )
        found = replace(found, spendable_points=spendable, allowance_points=allowance)
        if code is None:
            used = Authorized.SIGNATURE if operation.signature else Authorized.ALLOWANCE
            return replace(found, authorized=used)
        if code not in UNAUTHORIZED:
            return found
        approval = encode_call("PointLedger", "approve", (account, operation.points))
        calls = [
            SimulatedCall(operation.member, self._deployment.ledger, approval),
            SimulatedCall(sender, *self._data(asked.kind, replace(operation, signature=b""))),
        ]
        record = self._decided(asked, calls, head, found.timestamp)
        return replace(found, authorized=Authorized.MISSING, record=record if record.accepted else None)

    def _decided(
        self, asked: Asked, calls: list[SimulatedCall], head: history.BlockHeader, now: int
    ) -> OperationRecord:
        for position, event in simulate(self._rpc, self._deployment, calls, head, now):
            record = record_of(position, event)
            if record is not None and (record.receipt, record.kind) == (asked.number, asked.kind):
                return record
        raise AssertionError("the ledger told nothing of the operation")

    def _key(self, partner: int, timestamp: int) -> str:
        """A key that may post for the partner; one that may not, if there is no other, so that the contract says why."""
        self._partners.all()  # keys change
        keys = self._partners.find(partner).keys
        counting = (key.key for key in keys if key.active_from <= timestamp and not key.revoked_at)
        found = next(counting, keys[0].key if keys else None)
        if found is None:
            raise AccessDenied("The partner has no key that may post.", code="partner_key_missing", partner=partner)
        return found

    def _data(self, kind: Kind, operation: Operation) -> tuple[str, bytes]:
        return self._deployment.ledger, encode_batch(kind, [operation])
