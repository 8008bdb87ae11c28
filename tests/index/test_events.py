"""Events of a partner: every operation of its own and every award with it, in order, under ids that stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from coalition.errors import InputError, Unavailable
from coalition.index.events import LAST_LOG
from coalition.index.queries import Place, Queries
from coalition.index.rebuild import rebuild
from coalition.service.events import EVENT_TYPES, START, EventFeed, PartnerEvent, end_id
from tests.index.support import Books, followed, opened

EVERY = 100_000


def all_of(feed: EventFeed, partner: int, page: int = EVERY) -> list[PartnerEvent]:
    found, place = [], START
    while some := feed.after(partner, place, page):
        found += some
        place = some[-1].place
    return found


def test_every_operation_of_a_partner_is_told_once_and_in_order(books: Books, read_model: Engine) -> None:
    queries = Queries(read_model)
    feed = EventFeed(queries)
    for partner in (1, 2):
        told = [event.record for event in all_of(feed, partner, 7)]
        assert told == list(reversed(queries.history(partner=partner, limit=1_000).items))
    types = {event.type for partner in (1, 2) for event in all_of(feed, partner)}
    assert {"earn.accepted", "redeem.accepted", "hold.accepted", "capture.accepted", "release.accepted"} <= types
    assert {"reverse.accepted", "refund.accepted", "earn.refused", "redeem.refused"} <= types <= set(EVENT_TYPES)


def test_an_id_leads_to_what_comes_after_it(read_model: Engine) -> None:
    feed = EventFeed(Queries(read_model))
    events = all_of(feed, 1)
    assert len({event.id for event in events}) == len(events) > 10
    for number, event in enumerate(events):
        assert feed.place_of(1, event.id) == event.place
        assert feed.after(1, event.place, EVERY) == events[number + 1 :]
    assert feed.at(1, [event.place[:2] for event in events[3:6]]) == events[3:6]
    assert feed.at(2, [event.place[:2] for event in events[3:6]]) == []


def test_ids_are_the_same_after_the_read_model_was_made_anew(books: Books, tmp_path: Path) -> None:
    engine = opened(tmp_path / "index.db")
    followed(engine, books)
    before = [all_of(EventFeed(Queries(engine)), partner) for partner in (1, 2)]
    rebuild(engine, books.rpc, books.deployment)
    assert [all_of(EventFeed(Queries(engine)), partner) for partner in (1, 2)] == before
    engine.dispose()


@pytest.mark.parametrize(
    "text", ["", "evt", "evt_1_2", "evt_2_1_0_0123456789", "evt_1_1_x_0123456789", "evt_٣_1_0_0123456789"]
)
def test_an_id_that_this_partner_was_never_told(read_model: Engine, text: str) -> None:
    with pytest.raises(InputError) as raised:
        EventFeed(Queries(read_model)).place_of(1, text)
    assert raised.value.code == "event_id_invalid"


def test_an_id_that_the_read_model_has_not_got_to(read_model: Engine) -> None:
    with pytest.raises(Unavailable) as raised:
        EventFeed(Queries(read_model)).place_of(1, "evt_1_99999999_0_0123456789")
    assert raised.value.code == "events_behind"


def test_the_end_of_a_block_is_a_place_too(fresh: Books, engine: Engine) -> None:
    fresh.earn(1, 0, 1)
    follower = followed(engine, fresh)
    feed = EventFeed(Queries(engine))
    newest = feed.newest()
    assert feed.place_of(1, end_id(1, newest)) == newest
    assert feed.after(1, newest, EVERY) == []
    fresh.earn(1, 0, 2)
    follower.catch_up()
    assert [event.record.receipt for event in feed.after(1, newest, EVERY)] == [2]


def test_since_a_time(fresh: Books, engine: Engine) -> None:
    fresh.earn(1, 0, 1)
    fresh.wait(100)
    fresh.earn(1, 0, 2)
    followed(engine, fresh)
    feed = EventFeed(Queries(engine))
    at = all_of(feed, 1)[1].record.timestamp
    for timestamp, receipts in ((0, [1, 2]), (at - 1, [2]), (at, [2]), (at + 1, [])):
        assert [event.record.receipt for event in feed.after(1, feed.since(timestamp), EVERY)] == receipts


def test_blocks_that_others_must_follow_are_told_later(fresh: Books, engine: Engine) -> None:
    fresh.earn(1, 0, 1)
    follower = followed(engine, fresh)
    feed = EventFeed(Queries(engine), depth=2)
    newest = feed.newest()
    assert all_of(feed, 1) == []
    for expected in (0, 1):
        fresh.wait(1)
        follower.catch_up()
        assert len(feed.after(1, newest, EVERY)) == expected


def test_a_reader_in_a_replaced_block_goes_back_and_misses_nothing(fresh: Books, engine: Engine) -> None:
    fresh.earn(1, 0, 1)
    follower = followed(engine, fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.earn(1, 0, 2)
    follower.catch_up()
    feed = EventFeed(Queries(engine))
    first, lost = all_of(feed, 1)
    assert fresh.rpc.call("evm_revert", [snapshot])
    follower.catch_up()
    assert feed.after(1, lost.place, EVERY) == [first], "the chain is shorter now, and that is no reason to wait"

    fresh.wait(50)  # so that the blocks differ
    fresh.earn(1, 1, 3)
    follower.catch_up()
    assert feed.after(1, lost.place, EVERY) == all_of(feed, 1) != [first]
    again = feed.after(1, feed.place_of(1, lost.id), EVERY)
    assert [event.record.receipt for event in again] == [1, 3]
    assert again[0].id == first.id
    assert lost.id not in {event.id for event in again}
    assert feed.after(1, Place(lost.place.block, LAST_LOG, lost.place.block_hash), EVERY) == again
