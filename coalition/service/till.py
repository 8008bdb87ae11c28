"""Till tokens for members who prove that the account is theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from coalition.chain import views
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.chain.signed import signer_of
from coalition.chain.typed_data import Domain, till_token_digest
from coalition.errors import AccessDenied, InputError, NotFound, ReceiptConflict
from coalition.index.queries import Queries
from coalition.ledger.records import OperationRecord
from coalition.service.answers import WITHHELD
from coalition.service.asked import Asked
from coalition.service.checks import check_address
from coalition.service.ledger import Hidden
from coalition.submit.till_tokens import TOKEN_SECONDS, IssuedToken, TillTokens

__all__ = ["TillDesk", "came_by_token", "is_told_by_token"]


class TillDesk:
    """Gives out till tokens, and takes them."""

    def __init__(self, rpc: Rpc, deployment: Deployment, queries: Queries, tokens: TillTokens) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._queries = queries
        self.tokens = tokens

    def issue(self, account: str, deadline: int, signature: bytes) -> IssuedToken:
        """Give a token to whoever has the account's key: it signed `TillToken(address member,uint256 deadline)` (EIP-712).

        `deadline` is in Unix seconds, at most five minutes ahead. Each signature gets one token.

        Raises:
            InputError: `address_invalid`; `token_deadline_invalid` if it has passed, or is too far.
            NotFound: `member_unknown`.
            AccessDenied: `token_proof_invalid`, `token_proof_used`.
        """
        member = check_address(account)
        now = int(self.tokens.clock())
        if not now < deadline <= now + TOKEN_SECONDS:
            raise InputError(
                f"deadline: a request for a token counts for {TOKEN_SECONDS} s at most. Sign again.",
                code="token_deadline_invalid",
            )
        domain = Domain(self._deployment.chain_id, self._deployment.ledger)
        signed_by = signer_of(till_token_digest(domain, member, deadline), signature)
        key = views.read(self._rpc, views.signer_of(self._deployment, member))
        if signed_by != key:
            raise AccessDenied("The account's key did not sign this request.", code="token_proof_invalid")
        self._check_member(member)
        return self.tokens.issue(member, signature)

    def issue_for(self, account: str) -> IssuedToken:
        """Give a token for an account in custody, whose member the caller knows. Raises as `issue`."""
        member = check_address(account)
        self._check_member(member)
        return self.tokens.issue(member)

    def _check_member(self, member: str) -> None:
        if not self._queries.is_member(member):
            raise NotFound("There is no member with this account.", code="member_unknown")


def came_by_token(hidden: Hidden, records: Iterable[OperationRecord]) -> set[tuple[int, int]]:
    """Return the places (block, log) of those operations of one partner whose member showed a token: with the operation, or with
    the one that it ends, takes back or gives back.
    """
    known = list(records)
    if not known:
        return set()
    named = {one.receipt for one in known} | {one.original_receipt for one in known if one.original_receipt is not None}
    came = hidden(known[0].partner, named)
    return {(one.block, one.log) for one in known if one.receipt in came or one.original_receipt in came}


def is_told_by_token(asked: Asked, hidden: Collection[int], *, replayed: bool) -> bool:
    """True if the answer to what was asked must not tell the account. `hidden` are receipts that came with a token.

    Raises:
        ReceiptConflict: the partner gave an account for a receipt that came with a token, to learn whether they belong together.
    """
    came = any(receipt in hidden for receipt in asked.receipts)
    if came and replayed and not (asked.by_token or asked.names_receipt):
        raise ReceiptConflict(
            "This receipt came with a till token. Send it again with a token, or use another one.",
            differences={"member": WITHHELD},
        )
    return asked.by_token or (came and asked.names_receipt)
