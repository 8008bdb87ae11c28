"""Campaigns and tiers in the read model: the real contracts, held against what they themselves say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from coalition.chain import campaign_views as chain
from coalition.chain import views
from coalition.chain.keccak import keccak
from coalition.chain.tester import TesterRpc
from coalition.errors import InputError
from coalition.index.campaign_rows import AWARD_KINDS
from coalition.index.database import writing
from coalition.index.epochs import Epochs
from coalition.index.follower import Follower
from coalition.index.projection import project, roll_back
from coalition.index.queries import CampaignStatus, Queries
from coalition.index.records import all_awards
from coalition.ledger.award_records import AwardKind, AwardRecord, award_record_of
from coalition.ledger.campaign_events import Awarded, Progressed
from coalition.ledger.campaigns.award_words import AwardWord
from coalition.ledger.campaigns.state import Campaign, CampaignState
from coalition.ledger.campaigns.terms import hash_of
from coalition.ledger.chain_word import awards_hash
from coalition.ledger.events import Earned, MemberEnrolled, Position, Reversed
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Earn
from coalition.ledger.state import State, apply_all
from coalition.ledger.tiers import TierState
from coalition.service.events import START as PLACE_BEFORE_ALL
from coalition.service.events import EventFeed
from tests.index.campaigns import (
    ACTION,
    ALWAYS,
    BADGE,
    DOUBLE,
    PROGRAMME,
    REFERRAL,
    SMALL,
    STAMPS,
    SURPRISE,
    TRIPLE,
    announce_tiers,
    key_of,
    launch,
    propose,
    reversal,
    story,
    terms_of,
)
from tests.index.conftest import kept
from tests.index.support import DAY, START, Books, contents, followed, opened
from tests.index.witnesses import rebuilt


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Books, Engine]]:
    """Books in which all of the story happened, and their read model, in a file and then in PostgreSQL. Not to be changed: tests
    share them.
    """
    books = Books(TesterRpc(START))
    engine = kept(request, tmp_path_factory, "story")
    story(books, engine)
    yield books, engine
    engine.dispose()


@pytest.fixture
def books(told: tuple[Books, Engine]) -> Books:
    return told[0]


@pytest.fixture
def queries(told: tuple[Books, Engine]) -> Queries:
    return Queries(told[1])


def test_campaigns_are_those_of_the_contract(books: Books, queries: Queries) -> None:
    found = queries.campaigns()
    standings = [views.read(books.rpc, chain.campaign_of(books.deployment, row.campaign)) for row in found[:-1]]

    assert [row.campaign for row in found] == list(range(1, SMALL + 2))
    assert found[-1].status is CampaignStatus.PROPOSED
    for row, standing in zip(found, standings, strict=False):
        assert (row.version, row.terms_hash, row.paid_points) == (standing.version, standing.terms_hash, standing.paid)
        assert (row.closes_at, row.terms.opens_at) == (standing.closes_at, standing.opens_at)
        assert row.points_left == standing.budget - standing.paid
        assert queries.campaign(row.campaign) == row
    assert found[REFERRAL - 1].status is CampaignStatus.CLOSED
    assert found[DOUBLE - 1].status is CampaignStatus.OVER
    assert queries.campaign(99) is None


def test_versions_have_their_terms_and_approvals(books: Books, queries: Queries) -> None:
    first, second = queries.versions(STAMPS)

    assert (first.version, first.by, first.missing) == (1, 1, ())
    assert [approval.partner for approval in second.approvals] == [1, 2]
    assert second.started_at > first.started_at >= first.proposed_at > START
    for row in (first, second):
        place = books.deployment.chain_id, books.deployment.agreements, STAMPS, row.version
        assert hash_of(*place, row.terms, keccak) == row.terms_hash
        for approval in row.approvals:
            until = views.read(books.rpc, chain.approved_until(books.deployment, row.terms_hash, approval.partner))
            assert approval.approved_until == until
    (proposed,) = queries.versions(SMALL + 1)
    assert (proposed.started_at, proposed.approvals, proposed.missing) == (0, (), (1, 2))
    assert queries.versions(99) == []


def test_progress_is_that_of_the_contract(books: Books, queries: Queries) -> None:
    seen = 0
    for key in books.members:
        standings = {row.campaign: row for row in queries.progress_of(key.address)}
        for campaign in range(1, SMALL + 1):
            said = views.read(books.rpc, chain.progress_of(books.deployment, campaign, key.address))
            row = standings.get(campaign)
            assert said == ((row.progress, row.paid_points, row.flags) if row else (0, 0, 0)), (campaign, key.address)
            seen += said != (0, 0, 0)
    assert seen > 12
    (referred,) = [row for row in queries.progress_of(books.members[1].address) if row.campaign == REFERRAL]
    assert referred.referrer == books.members[0].address
    assert [row.joined for row in queries.progress_of(books.members[0].address) if row.campaign == TRIPLE] == [True]


def test_awards_are_the_events_newest_first_page_by_page(books: Books, queries: Queries) -> None:
    records = [record for at, event in books.events() if (record := award_record_of(at, event)) is not None]
    told = [record for record in records if record.kind is not AwardKind.PROGRESS]
    member = books.members[0].address

    assert {record.kind for record in told} >= set(AWARD_KINDS) - {
        AwardKind.FAILED, AwardKind.COMPANION_TAKEN_BACK,
    }  # fmt: skip
    of_member, pages = [record for record in told if record.member == member], []
    cursor: str | None = None
    while True:
        page = queries.awards_of(member, 5, cursor)
        pages += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert pages == of_member[::-1]
    for campaign in range(1, SMALL + 1):
        items = queries.awards_in(campaign, limit=1_000).items
        assert items == [record for record in told if record.campaign == campaign][::-1]
    assert queries.awards_in(STAMPS, member).items == [one for one in of_member[::-1] if one.campaign == STAMPS]
    with pytest.raises(InputError, match="1 to 1000"):
        queries.awards_of(member, 0)
    with pytest.raises(InputError, match="cursor"):
        queries.awards_of(member, 5, "x")


def test_totals_count_members_awards_and_points(books: Books, queries: Queries) -> None:
    for campaign in range(1, SMALL + 1):
        items = queries.awards_in(campaign, limit=1_000).items
        paid = [one for one in items if one.kind in (AwardKind.AWARD, AwardKind.COMPANION)]
        totals = queries.campaign_totals(campaign)
        assert totals.awards == len(paid)
        assert totals.members_reached == len({one.member for one in paid})
        assert totals.points == views.read(books.rpc, chain.campaign_of(books.deployment, campaign)).paid
    assert queries.campaign_totals(TRIPLE).members_joined == 1
    assert queries.campaign_totals(SMALL).points == 150
    assert queries.campaign_totals(99).awards == 0


def test_badges_are_held_or_gone_as_the_book_of_badges_says(books: Books, queries: Queries) -> None:
    held = {key.address: [row.badge for row in queries.badges_of(key.address)] for key in books.members}

    for member, badges in held.items():
        assert views.read(books.rpc, chain.has_badge(books.deployment, member, BADGE)) == (badges == [BADGE])
    assert [BADGE] in held.values()


def test_tiers_are_those_of_the_book_of_tiers(books: Books, queries: Queries) -> None:
    assert [(row.version, row.programme) for row in queries.programmes()] == [(1, PROGRAMME)]
    for key in books.members[:3]:
        since = views.read(books.rpc, views.member_since_of(books.deployment, key.address))
        row = queries.tier(key.address, books.now)
        assert row is not None
        asked = (chain.tier_of, chain.qualification_of, chain.missing_to_next)
        said = [views.read(books.rpc, ask(books.deployment, key.address, since)) for ask in asked]
        assert [row.tier, row.qualification, row.missing] == said
    with_floor = queries.tier(books.members[2].address, _floor_time(books))
    assert with_floor is not None and with_floor.floor == 2
    assert queries.tier(books.members[3].address, books.now) is None
    assert queries.tier(books.members[0].address, START) is None


def _floor_time(books: Books) -> int:
    (at,) = (at for at, event in books.events() if type(event).__name__ == "FloorSet")
    return at.timestamp


def test_words_prove_every_purchase(books: Books, queries: Queries) -> None:
    """Their hash is in the outcome, and outcomes lead to the chain of the contract: see the reversals of the story."""
    words_with_tier = 0
    for _, event in books.events():
        if isinstance(event, Earned):
            found = queries.original(event.partner, event.receipt)
            assert found is not None
            assert found.outcome.awards == awards_hash(found.awards, keccak)
            words = [AwardWord.from_word(word) for word in found.awards]
            assert sum(word.points for word in words) == event.awarded
            words_with_tier += words[0].campaign == 0 and {word.tier for word in words} == {words[0].tier}
    assert words_with_tier == Counter(type(event) for _, event in books.events())[Earned]


def test_only_the_best_of_a_group_is_paid_and_the_other_is_told(fresh: Books, engine: Engine) -> None:
    launch(fresh, 1, terms_of(fresh, "MultiplierRule", (0, 10_000, *ALWAYS, 0), group=3))
    launch(fresh, 2, terms_of(fresh, "MultiplierRule", (0, 20_000, *ALWAYS, 0), group=3))
    fresh.wait(600)
    fresh.earn(1, 0, 1)
    followed(engine, fresh)
    page = Queries(engine).awards_of(fresh.members[0].address)

    assert [(one.campaign, one.kind, one.points) for one in page.items] == [
        (2, AwardKind.AWARD, 2_000), (1, AwardKind.OUTDONE, 1_000),
    ]  # fmt: skip


def test_a_campaign_goes_through_its_life(fresh: Books, engine: Engine) -> None:
    queries = Queries(engine)
    follower = followed(engine, fresh)

    def status() -> CampaignStatus:
        follower.catch_up()
        found = queries.campaign(1)
        assert found is not None
        return found.status

    terms = terms_of(fresh, "ThresholdRule", (100, 5, 0, 0), pausable=True, end_notice_seconds=0)
    terms_hash = propose(fresh, 1, terms)
    seen = [status()]
    for partner in (1, 2):
        key_of(fresh, partner).approve(1, 1, terms_hash, fresh.now + DAY)
    key_of(fresh).start(1, 1, terms)
    seen.append(status())
    fresh.wait(700)
    seen.append(status())
    key_of(fresh, 1).pause(1)
    seen.append(status())
    key_of(fresh, 2).resume(1)
    later = replace(terms, opens_at=fresh.now + 4_000, budget_points=200_000)
    launch(fresh, 1, later, 2)
    seen.append(status())
    waiting = queries.campaign(1)
    assert waiting is not None and (waiting.version, waiting.next_version) == (1, 2)
    fresh.wait(4_100)
    seen.append(status())
    counting = queries.campaign(1)
    assert counting is not None and (counting.version, counting.next_version) == (2, 0)
    assert counting.terms == later
    key_of(fresh, 2).end(1)
    fresh.wait(10)
    seen.append(status())
    fresh.wait(31 * DAY)
    key_of(fresh).close(1)
    seen.append(status())

    assert [one.value for one in seen] == [
        "proposed", "scheduled", "running", "paused", "running", "running", "over", "closed",
    ]  # fmt: skip


# ---- the rows


def test_a_rebuild_gives_the_same_rows_however_it_is_cut(
    books: Books, told: tuple[Books, Engine], tmp_path: Path
) -> None:
    rows = contents(told[1])
    engine = opened(tmp_path / "piecewise.db")
    follower = Follower(engine, books.rpc, books.deployment)
    while True:
        follower._source._span = 2
        if not follower.poll():
            break

    assert contents(engine) == rows == rebuilt(books, tmp_path)
    assert all(rows[name] for name in ("awards", "badges", "campaign_members", "participants", "tier_states"))
    engine.dispose()


def test_forgetting_everything_leaves_nothing(books: Books, engine: Engine) -> None:
    followed(engine, books)
    last = Queries(engine).head().number
    with writing(engine) as connection:
        roll_back(connection, books.deployment.block - 1, last)

    assert [name for name, found in contents(engine).items() if found] == ["accounts", "blocks", "book"]


def test_rolling_back_to_any_block_gives_the_rows_of_then(books: Books, engine: Engine, tmp_path: Path) -> None:
    """Block by block backwards, each as the follower had written it."""
    follower = Follower(engine, books.rpc, books.deployment)
    seen: list[tuple[int, dict[str, list[tuple[Any, ...]]]]] = []
    while True:
        follower._source._span = 6
        if not follower.poll():
            break
        seen.append((Queries(engine).head().number, contents(engine)))
    last = seen[-1][0]
    for block, rows in reversed(seen[:-1]):
        with writing(engine) as connection:
            roll_back(connection, block, last)
        last = block
        now = contents(engine)
        assert {name: now[name] for name in rows if name not in ("blocks", "book")} == {
            name: rows[name] for name in rows if name not in ("blocks", "book")
        }


def test_replaced_blocks_are_followed_back(fresh: Books, engine: Engine, tmp_path: Path) -> None:
    queries = Queries(engine)
    member = fresh.members[0].address
    announce_tiers(fresh)
    launch(fresh, 1, terms_of(fresh, "StampRule", (2, 500, 250, 0, BADGE)))
    fresh.wait(600)
    fresh.earn(1, 0, 1)
    follower = followed(engine, fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.earn(1, 0, 2)
    follower.catch_up()
    fresh.post(1, reversal(queries, 1, 50, 10_000, 1))
    follower.catch_up()
    assert queries.badges_of(member) == []
    fresh.rpc.call("evm_revert", [snapshot])

    fresh.wait(30 * DAY)
    for receipt in range(3, 9):
        fresh.earn(2, 0, receipt, 50_000)
    follower.catch_up()

    assert contents(engine) == rebuilt(fresh, tmp_path)
    said = views.read(fresh.rpc, chain.tier_state_of(fresh.deployment, member))
    with queries.snapshot() as snapshot_:
        assert snapshot_.tiers() == {member: said} != {member: TierState()}


def test_the_award_of_each_event_names_its_terms(books: Books, queries: Queries) -> None:
    hashes = {row.terms_hash for campaign in range(1, SMALL + 1) for row in queries.versions(campaign)}
    named = {event.terms_hash for _, event in books.events() if isinstance(event, Awarded)}

    assert named <= hashes
    assert {field.name for field in fields(AwardWord)} >= {"campaign", "version"}
    assert {SURPRISE, ACTION} <= {one.campaign for key in books.members for one in queries.awards_of(key.address).items}


def test_what_went_back_is_no_word_of_a_later_purchase(books: Books, engine: Engine) -> None:
    """A contract's key may reverse and post in one transaction: progress of the reversal stays out of the purchase's words."""
    member = books.members[0].address
    told = [
        MemberEnrolled(member),
        Progressed(5, member, 1),
        Earned(1, member, 1, 100, 10, 0),
        Progressed(5, member, 0),
        Reversed(1, member, 2, 1, 100, 10, Lots.single(0, 10), 0),
        Progressed(6, member, 1),
        Earned(1, member, 3, 100, 10, 0),
    ]
    events = [(Position(9, log, 1, "0x" + "0" * 64), event) for log, event in enumerate(told)]
    state = State(books.deployment.ledger, campaigns=CampaignState(campaigns={5: Campaign(5), 6: Campaign(6)}))
    apply_all(state, events)
    with writing(engine) as connection:
        project(connection, Epochs(0, 1 << 40, 4), events, 9, 9)
        projected = all_awards(connection)

    counted = {place: [AwardWord.from_word(word).campaign for word in words] for place, words in projected.items()}
    assert counted == {(1, 1): [5], (1, 3): [6]}
    assert projected == state.awards


def test_earns_of_one_batch_see_each_other(fresh: Books, engine: Engine) -> None:
    """The tier is reached within a batch: the later purchase has the word of the higher tier."""
    announce_tiers(fresh)
    launch(fresh, 1, terms_of(fresh, "MultiplierRule", (0, 10_000, *ALWAYS, 0)))
    fresh.wait(600)
    member = fresh.members[0].address
    fresh.post(1, *(Earn(member, receipt, 10_000, enrols=True) for receipt in (1, 2, 3, 4)))
    followed(engine, fresh)
    tiers = [AwardWord.from_word(Queries(engine).original(1, receipt).awards[0]).tier for receipt in (1, 2, 3, 4)]  # type: ignore[union-attr]

    assert tiers == [0, 1, 1, 2]


def test_awards_with_a_partners_purchases_are_its_events(queries: Queries) -> None:
    feed = EventFeed(queries)
    kinds = set()
    for partner in (1, 2):
        records = [event.record for event in feed.after(partner, PLACE_BEFORE_ALL, 10_000)]
        awards = [one for one in records if isinstance(one, AwardRecord)]
        assert {one.partner for one in awards} == {partner}
        assert [(one.block, one.log) for one in records] == sorted((one.block, one.log) for one in records)
        for earn in (one for one in records if not isinstance(one, AwardRecord) and one.accepted):
            given = [one.points for one in awards if (one.transaction, one.receipt) == (earn.transaction, earn.receipt)]
            assert sum(given) <= earn.awarded
        kinds |= {one.kind for one in awards}
    assert kinds == {AwardKind.AWARD, AwardKind.TAKEN_BACK}
