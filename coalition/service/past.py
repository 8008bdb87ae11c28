"""What happened in the past, for a campaign to be tried on before anybody approves it: from files, or the ledger's own history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from coalition.campaigns.document import Campaign
from coalition.campaigns.simulate import PastAction, PastInvitation, PastPurchase, Preview, shift_for, simulate
from coalition.campaigns.tier_file import TierFile
from coalition.chain.keccak import keccak
from coalition.errors import InputError
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import BPS, Kind
from coalition.service.files import PurchaseRow, RowError
from coalition.service.occasions import AttestedRow, ReferredRow

__all__ = ["PastRows", "actions_of", "history_of", "invitations_of", "tried"]

PAGE = 1_000
Rates = Mapping[int, int]


@dataclass
class PastRows:
    """Rows of a file as past purchases. `rates_bps` are the base rates by partner; rows that cannot be read are counted in
    `refused`, by code.

    `account` finds a member's account by its reference.
    """

    partners: Mapping[str, int]
    rates_bps: Rates
    account: Callable[[str], str]
    refused: Counter[str] = field(default_factory=Counter)

    def read(
        self, chunks: Iterable[list[PurchaseRow | RowError]], progress: Callable[[int], None] = lambda rows: None
    ) -> list[PastPurchase]:
        """Return the purchases of a file; `progress` gets the rows read.

        Raises:
            InputError: `purchases_none` if there is none that can be tried.
        """
        found: list[PastPurchase] = []
        rows = 0
        for chunk in chunks:
            found += self._purchases(chunk)
            rows += len(chunk)
            progress(rows)
        if not found:
            raise InputError(
                f"None of {rows} rows is a past purchase: each needs a partner that is known here, and `occurred_at`.",
                code="purchases_none",
                refused_by_code=dict(self.refused),
            )
        return found

    def _purchases(self, rows: Iterable[PurchaseRow | RowError]) -> Iterator[PastPurchase]:
        for row in rows:
            if isinstance(row, RowError):
                self.refused[row.code] += 1
            elif row.partner not in self.partners:
                self.refused["partner_unknown"] += 1
            elif row.occurred_at is None:
                self.refused["time_missing"] += 1
            else:
                try:
                    yield self._purchase(row, row.occurred_at)
                except InputError as error:
                    self.refused[error.code] += 1

    def _purchase(self, row: PurchaseRow, time: int) -> PastPurchase:
        partner = self.partners[row.partner]
        points = row.spend_minor * self.rates_bps.get(partner, 0) // BPS
        return PastPurchase(
            time, partner, self.account(row.member), receipt_number(row.receipt), row.spend_minor, points
        )


def actions_of(rows: Iterable[AttestedRow]) -> list[PastAction]:
    """Return what members did. Raises as `invitations_of`."""
    return [PastAction(_time(row.occurred_at), row.attestation.member, row.attestation.action) for row in rows]


def invitations_of(rows: Iterable[ReferredRow]) -> list[PastInvitation]:
    """Return who brought whom.

    Raises:
        InputError: `time_missing` if a row does not say when it was.
    """
    return [PastInvitation(_time(row.occurred_at), row.member, row.referrer) for row in rows]


def _time(occurred_at: int | None) -> int:
    if occurred_at is None:
        raise InputError("To try a campaign on the past, each row needs its time: `occurred_at`.", code="time_missing")
    return occurred_at


def history_of(
    queries: Queries,
    progress: Callable[[int], None] = lambda rows: None,
    *,
    partner: int | None = None,
    most: int | None = None,
) -> list[PastPurchase]:
    """Return the purchases that the ledger has counted, at one `partner` if it is given, newest first and `most` at most;
    `progress` gets those read."""
    found: list[PastPurchase] = []
    cursor = None
    while True:
        limit = PAGE if most is None else min(PAGE, most - len(found))
        page = queries.history(partner=partner, kind=Kind.EARN, accepted=True, cursor=cursor, limit=limit)
        found += [
            PastPurchase(one.timestamp, one.partner, one.member, one.receipt, one.spend_minor, one.points)
            for one in page.items
        ]
        progress(len(found))
        cursor = page.cursor
        if cursor is None or len(found) == most:
            return found


def tried(
    campaign: Campaign,
    purchases: Sequence[PastPurchase],
    *,
    actions: Sequence[PastAction] = (),
    invitations: Sequence[PastInvitation] = (),
    tiers: TierFile | None = None,
    shifts: bool = True,
    track: Callable[[Sequence[PastPurchase]], Iterable[PastPurchase]] = lambda purchases: purchases,
) -> Preview:
    """Return what a campaign would have done. `shifts` moves everything by whole weeks into the campaign's window, if nothing
    lies in it; `track` sees the purchases go by.

    Raises:
        InputError: `purchases_none` if there is nothing to try it on; `campaign_invalid` if the contracts would refuse it.
    """
    times = [one.time for past in (purchases, actions, invitations) for one in past]
    if not times:
        raise InputError(
            "There is nothing to try it on: no purchases were counted here. For the command, --against names a file of past ones.",
            code="purchases_none",
        )
    lies_in = any(campaign.opens_at <= time < campaign.closes_at for time in times)
    return simulate(
        campaign,
        track(purchases),
        keccak,
        actions=actions,
        invitations=invitations,
        tiers=tiers,
        shift_seconds=shift_for(campaign, min(times), max(times)) if shifts and not lies_in else 0,
    )
