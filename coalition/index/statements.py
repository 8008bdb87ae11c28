"""What a partner did in a period, and what it came to before and after: sums over its operations."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, and_, func, select

from coalition.index import tables
from coalition.index.past import blocks_between
from coalition.index.totals import PartnerTotals, Tally, tallied, totals_of
from coalition.ledger.award_records import AwardKind
from coalition.ledger.operations import Kind

__all__ = ["CampaignAwards", "Statement", "statement_of"]

o = tables.operations.c


@dataclass(frozen=True, slots=True)
class CampaignAwards:
    """What one campaign gave with a partner's purchases in a period, and what of awards went back with its reversals."""

    campaign: int
    points_awarded: int
    points_awarded_reversed: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A period of one partner. `opening` and `closing` are all that was before it, and with it; `period` is what came between.

    Members are counted in each apart: who bought before and again is in all three. `operations` counts what was accepted, by
    kind. `awards` are by campaign; what they leave of `points_awarded` was given by tiers.
    """

    opening: PartnerTotals
    period: PartnerTotals
    closing: PartnerTotals
    operations: dict[Kind, int]
    awards: tuple[CampaignAwards, ...] = field(default=())


def statement_of(connection: Connection, partner: int, since: int | None, until: int | None) -> Statement:
    """Return the statement of a partner from `since` (included) to `until` (not included), in Unix seconds; None is no bound."""
    first, last = blocks_between(connection, since, until)
    before, inside = o.block < first, o.block >= first
    if last is not None:
        inside = and_(inside, o.block <= last)
    with_it = o.block <= last if last is not None else o.block >= 0
    period, accepted = _totals(connection, partner, inside)
    return Statement(
        opening=_totals(connection, partner, before)[0],
        period=period,
        closing=_totals(connection, partner, with_it)[0],
        operations={kind: accepted[kind][0] for kind in sorted(accepted)},
        awards=_awards(connection, partner, first, last),
    )


def _totals(connection: Connection, partner: int, blocks: ColumnElement[bool]) -> tuple[PartnerTotals, Tally]:
    sums = func.count(), func.sum(o.points), func.sum(o.awarded)
    question = select(o.kind, o.code, *sums).where(o.partner == partner, blocks).group_by(o.kind, o.code)
    tally, rejected = tallied((kind, code, *map(int, amounts)) for kind, code, *amounts in connection.execute(question))
    bought = o.kind == int(Kind.EARN), o.code == 0
    members = select(func.count(o.account.distinct())).where(o.partner == partner, blocks, *bought)
    return totals_of(partner, connection.execute(members).scalar_one(), tally, rejected), tally


def _awards(connection: Connection, partner: int, first: int, last: int | None) -> tuple[CampaignAwards, ...]:
    a = tables.awards.c
    given, back = (
        func.coalesce(func.sum(a.points).filter(a.kind == int(kind)), 0)
        for kind in (AwardKind.AWARD, AwardKind.TAKEN_BACK)
    )
    question = (
        select(a.campaign, given, back)
        .where(a.partner == partner, a.block >= first, a.kind.in_([int(AwardKind.AWARD), int(AwardKind.TAKEN_BACK)]))
        .group_by(a.campaign)
        .order_by(a.campaign)
    )
    if last is not None:
        question = question.where(a.block <= last)
    return tuple(CampaignAwards(number, int(came), int(went)) for number, came, went in connection.execute(question))
