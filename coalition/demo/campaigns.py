"""The demo's campaigns on the chain: agreed by their sponsors, joined by their members, and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from coalition.bootstrap import OpenLedger
from coalition.demo import independent_awards, journey
from coalition.demo.promotions import Promotion, write_file
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Kind
from coalition.ledger.rules import levels, quest

__all__ = ["CampaignResult", "agrees_with_data", "progress_counts", "results", "start"]

NOTICE_SECONDS = 3_600
"""Time before a late campaign's opening for all of its sponsors to agree, and for its members to join."""


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """What became of a campaign: `members` got `awards` of `points` in all. `joined` is 0 where nobody has to join."""

    campaign: int
    promotion: Promotion
    status: str
    joined: int
    members: int
    awards: int
    points: int


def start(ledger: OpenLedger, wanted: Iterable[Promotion]) -> None:
    """Have the sponsors agree on campaigns, and the members of their lists join; what was done before stays as it is.

    A campaign is to be started before it opens. Where the chain's clock has passed that, as after a long stop of the demo, it
    opens an hour later instead; one that is over by then is left out.
    """
    known = {shown.latest.name: shown for shown in ledger.campaigns.all()}
    for promotion in wanted:
        shown = known.get(promotion.name)
        if shown is None:
            opens_at = max(promotion.opens_at, ledger.now() + NOTICE_SECONDS)
            if opens_at >= promotion.closes_at:
                continue
            shown = ledger.campaigns.propose(
                _file(ledger, replace(promotion, opens_at=opens_at)), promotion.shares[0][0]
            )
        if not shown.live.version:
            if ledger.now() >= shown.latest.terms.opens_at:
                continue  # a run ended between proposal and start, and the next one came too late
            for sponsor, _ in promotion.shares:
                ledger.campaigns.approve(shown.campaign, sponsor)
        if promotion.members is not None and ledger.now() < shown.latest.terms.closes_at:
            ledger.enrol(_strangers(ledger, promotion))
            ledger.campaign_members.join_all(shown.campaign)
    ledger.follower.catch_up()
    ledger.submitter.look_for_nonces()


def results(ledger: OpenLedger, promotions: Iterable[Promotion]) -> list[CampaignResult]:
    """Return what became of the campaigns that were started, in the order of their numbers; windows are those agreed on."""
    by_name = {promotion.name: promotion for promotion in promotions}
    found = []
    for shown in ledger.campaigns.all():
        if not shown.live.version:
            continue
        totals = ledger.queries.campaign_totals(shown.campaign)
        terms = shown.counting.terms
        promotion = replace(by_name[shown.counting.name], opens_at=terms.opens_at, closes_at=terms.closes_at)
        found.append(
            CampaignResult(
                shown.campaign,
                promotion,
                shown.status,
                totals.members_joined,
                totals.members_reached,
                totals.awards,
                totals.points,
            )
        )
    return found


def progress_counts(ledger: OpenLedger, campaign: int, kind: str) -> Counter[int]:
    """Return how many members have passed so many levels, or visited so many partners of a quest."""
    reached: Callable[[int], int] = {
        "levels": lambda word: levels.Progress.from_word(word).stage,
        "quest": lambda word: len(quest.Progress.from_word(word).visited),
    }[kind]
    with ledger.queries.snapshot() as snapshot:
        return Counter(reached(row.progress) for row in snapshot.progress() if row.campaign == campaign)


def agrees_with_data(ledger: OpenLedger, found: Iterable[CampaignResult], days: int) -> tuple[bool, int, int]:
    """Compare what each member was paid with what other code makes of the data.

    Return whether all are equal, and the campaigns and points compared.
    """
    compared = [one for one in found if one.promotion.kind in independent_awards.KINDS]
    keys = {one.campaign: one.promotion.key for one in compared}
    paid: dict[str, dict[str, int]] = {key: {} for key in keys.values()}
    with ledger.queries.snapshot() as snapshot:
        for row in snapshot.progress():
            if row.campaign in keys and row.paid_points:
                paid[keys[row.campaign]][row.member] = row.paid_points
        times = {
            (record.partner, record.receipt): record.timestamp
            for record in snapshot.records()
            if record.kind == Kind.EARN and record.code is None
        }
    due = independent_awards.awards_by_member(
        [one.promotion for one in compared], _by_receipt(ledger, times, days), days, journey.PARTNERS
    )
    by_account = {
        key: {ledger.custody.account(member): points for member, points in members.items()}
        for key, members in due.items()
    }
    return by_account == paid, len(compared), sum(sum(members.values()) for members in due.values())


def _by_receipt(ledger: OpenLedger, times: Mapping[tuple[int, int], int], days: int) -> dict[str, int]:
    """Block times by the receipt's text, of the purchases of the data that counted, in the order of the chain."""
    numbers = {row.name: row.partner for row in ledger.service.partners.all()}
    texts = {(numbers[slug], receipt_number(receipt)): receipt for slug, receipt in journey.receipts(days)}
    return {texts[key]: time for key, time in times.items() if key in texts}


def _file(ledger: OpenLedger, promotion: Promotion) -> Path:
    accounts = None
    if promotion.members is not None:
        accounts = [ledger.custody.account(member) for member in promotion.members]
    return write_file(promotion, ledger.settings.home / "demo" / "campaigns", accounts)


def _strangers(ledger: OpenLedger, promotion: Promotion) -> list[str]:
    accounts = [ledger.custody.account(member) for member in promotion.members or ()]
    known = ledger.queries.members(accounts)
    return [account for account in accounts if account not in known]
