"""Events reach a receiver: each at least once, those of a member in order, whatever it does."""

from __future__ import annotations

import itertools

import pytest

from coalition.client import webhooks as client
from coalition.errors import InputError, Unavailable
from coalition.ledger.operations import Rejection
from coalition.service import webhook_course
from coalition.service.deliveries import DeliveryFigures
from coalition.service.events import EventFeed, PartnerEvent
from coalition.service.webhook_course import (
    FAILING_SECONDS_MAX,
    JITTER,
    PAUSES_SECONDS,
)
from coalition.service.webhooks import WebhookShown
from tests.webhooks.receiver import Receiver
from tests.webhooks.world import World, account

LONGEST = 1 + JITTER


def settled(world: World, shown: WebhookShown, waiting: int = 0, dead: int = 0) -> bool:
    """True if everything is delivered, or put aside as expected."""
    now = world.standing(shown)
    last = world.feed.after(1, world.feed.newest(), 1)
    newest = [one for one in world.book.records if one.partner == 1][-1:]
    reached = not newest or now.row.checkpoint.block == newest[0].block
    return reached and not last and (now.standing.waiting, now.standing.dead) == (waiting, dead)


def attempts(world: World) -> list[int]:
    """How often each event was tried that is put aside."""
    with world.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT attempts FROM submit_webhook_events ORDER BY block")
        return [row[0] for row in found]


def refuses(receipt: int, status: int = 500) -> object:
    """A receiver that does not take one receipt."""
    return lambda came: status if came.receipt == str(receipt) else 204


def test_everything_comes_once_and_in_order(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    for number in range(150):
        world.earn(number % 7, number)
        world.earn(number % 7, number, partner=2)
    with world.node():
        receiver.wait(lambda: len(receiver.came) >= 150)
        world.wait(lambda: settled(world, shown))
        world.earn(1, 1_000)
        world.ring()
        receiver.wait(lambda: "1000" in receiver.receipts())
        world.wait(lambda: settled(world, shown))
    assert sorted(map(int, receiver.receipts())) == [*range(150), 1_000]
    for member in range(7):
        wanted = [number for number in range(150) if number % 7 == member]
        assert [int(one) for one in receiver.by_member()[account(member)]][: len(wanted)] == wanted
    listed = world.feed.after(1, world.feed.since(0), 1_000)
    assert {one.id for one in receiver.came} == {event.id for event in listed}
    assert world.standing(shown).row.checkpoint.event_id == listed[-1].id


def test_what_comes_is_signed_and_is_what_is_listed(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    assert shown.secret is not None
    world.earn(1, 41)
    with world.node():
        receiver.wait(lambda: bool(receiver.came))
    (came,) = receiver.came
    event = client.verify(came.body, came.headers, shown.secret)
    assert (event.id, event.type) == (came.id, "earn.accepted")
    assert event.data.operation is not None and event.data.operation.receipt == "41"
    assert came.headers["content-type"] == "application/json"
    other = world.webhooks.add(1, receiver.url).secret
    assert other is not None
    for wrong in (came.body + b" ", came.body.replace(b"41", b"42")):
        with pytest.raises(client.WebhookInvalid):
            client.verify(wrong, came.headers, shown.secret)
    with pytest.raises(client.WebhookInvalid):
        client.verify(came.body, came.headers, other)


def test_only_what_happens_later_and_only_the_types_that_were_asked_for(world: World, receiver: Receiver) -> None:
    world.earn(1, 1)
    shown = world.webhooks.add(1, receiver.url, ["earn.refused"])
    for number in range(2, 700):
        world.earn(1, number)
    world.earn(1, 700, code=Rejection.MEMBER_UNKNOWN)
    with world.node():
        receiver.wait(lambda: bool(receiver.came))
        world.wait(lambda: settled(world, shown))
    (came,) = receiver.came
    assert came.event["type"] == "earn.refused"
    with pytest.raises(InputError) as raised:
        world.webhooks.add(1, receiver.url, ["earn.*"])
    assert raised.value.code == "event_type_unknown"


def test_a_failing_event_holds_back_its_member_only(world: World, receiver: Receiver) -> None:
    receiver.behaves = refuses(10)  # type: ignore[assignment]
    shown = world.webhooks.add(1, receiver.url)
    for number in range(60):
        world.earn(number % 3, number)
    with world.node():
        world.wait(lambda: settled(world, shown, waiting=17))
        assert sorted(map(int, receiver.receipts())) == [n for n in range(60) if n % 3 != 1 or n < 10]
        assert world.standing(shown).row.failing_since is None
        receiver.behaves = lambda came: 204
        world.pass_(PAUSES_SECONDS[0] * LONGEST)
        world.wait(lambda: settled(world, shown))
    assert [int(one) for one in receiver.by_member()[account(1)]] == [n for n in range(60) if n % 3 == 1]
    assert len(receiver.taken()) == 60


def test_attempts_over_a_day_then_a_dead_letter(world: World, receiver: Receiver) -> None:
    receiver.behaves = refuses(2)  # type: ignore[assignment]
    shown = world.webhooks.add(1, receiver.url)
    for number in range(1, 5):
        world.earn(1, number)
    assert sum(PAUSES_SECONDS) > 24 * 3_600
    with world.node() as node:
        for attempt, pause in enumerate(PAUSES_SECONDS, 1):
            world.wait(lambda: attempts(world) == [attempt, 0, 0])  # noqa: B023
            assert len([one for one in receiver.came if one.receipt == "2"]) == attempt
            world.pass_(pause - 1)
            world.pass_(1 + pause * JITTER)
        world.wait(lambda: settled(world, shown, dead=1))
        assert receiver.receipts() == ["1", "3", "4"]
        assert node.figures == DeliveryFigures(1, {"delivered": 3, "failed": 7, "given_up": 1})
        (letter,) = world.webhooks.dead_letters(1, shown.row.id, None, 10)
        assert (letter.attempts, letter.reason, letter.type) == (8, "status 500", "earn.accepted")
        assert len({one.id for one in receiver.came if one.receipt == "2"}) == 1
        times = [int(one.headers["webhook-timestamp"]) for one in receiver.came if one.receipt == "2"]
        for before, after, pause in zip(times[:-1], times[1:], PAUSES_SECONDS, strict=True):
            assert pause <= after - before <= pause * LONGEST + 2
        receiver.behaves = lambda came: 204
        world.webhooks.redrive(1, shown.row.id)
        world.wait(lambda: settled(world, shown))
    assert receiver.receipts() == ["1", "3", "4", "2"]


def test_410_disables_and_a_replay_goes_on(world: World, receiver: Receiver) -> None:
    receiver.behaves = refuses(3, 410)  # type: ignore[assignment]
    shown = world.webhooks.add(1, receiver.url)
    for number in range(1, 10):
        world.earn(1, number)
    with world.node():
        world.wait(lambda: world.standing(shown).row.disabled == "gone")
        receiver.behaves = lambda came: 204
        world.earn(2, 10)
        world.pass_(100_000)
        assert receiver.receipts() == ["1", "2"]
        world.webhooks.replay(1, shown.row.id)
        world.wait(lambda: settled(world, shown))
    assert sorted(map(int, receiver.receipts())) == list(range(1, 11))
    assert [int(one) for one in receiver.by_member()[account(1)]] == list(range(1, 10))


def test_nothing_for_five_days_disables(world: World, receiver: Receiver) -> None:
    receiver.behaves = lambda came: 500
    shown = world.webhooks.add(1, receiver.url)
    world.earn(1, 1)
    with world.node():
        world.wait(lambda: world.standing(shown).row.failing_since is not None)
        world.pass_(FAILING_SECONDS_MAX)
        world.wait(lambda: world.standing(shown).row.disabled == "failing")


@pytest.mark.parametrize(
    ("status", "headers", "answer", "reason"),
    [
        (302, {"Location": "/elsewhere"}, b"", "status 302"),
        (307, {"Location": "/elsewhere"}, b"", "status 307"),
        (404, {}, b"", "status 404"),
        (-40, {}, b"", "no answer in time"),
        (-1, {}, b"", "broken answer"),
    ],
)
def test_what_is_no_success(
    world: World, receiver: Receiver, status: int, headers: dict[str, str], answer: bytes, reason: str
) -> None:
    if reason == "no answer in time":
        world.attempt_seconds = 2.0
    receiver.behaves, receiver.headers, receiver.answer = refuses(1, status), headers, answer  # type: ignore[assignment]
    shown = world.webhooks.add(1, receiver.url)
    world.earn(1, 1)
    world.earn(2, 2)
    with world.node():
        world.wait(lambda: settled(world, shown, waiting=1))
    assert {one.path for one in receiver.came} == {"/hook"}
    with world.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT attempts, reason FROM submit_webhook_events").all()
    assert [tuple(row) for row in found] == [(1, reason)]


def test_a_busy_receiver_says_when(world: World, receiver: Receiver) -> None:
    receiver.behaves, receiver.headers = refuses(1, 429), {"Retry-After": "600"}  # type: ignore[assignment]
    shown = world.webhooks.add(1, receiver.url)
    world.earn(1, 1)
    with world.node():
        world.wait(lambda: settled(world, shown, waiting=1))
        receiver.behaves = lambda came: 204
        world.pass_(599)
        world.earn(2, 2)
        world.ring()
        receiver.wait(lambda: receiver.receipts() == ["2"])
        world.pass_(1)
        receiver.wait(lambda: receiver.receipts() == ["2", "1"])


def test_a_receiver_that_is_down_is_not_read_ahead_for(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, most = 32, 40
    for name, value in (("WINDOW_EVENTS", window), ("ASIDE_EVENTS_MAX", most), ("PAGE_EVENTS_MIN", 8)):
        monkeypatch.setattr(webhook_course, name, value)
    receiver.behaves = lambda came: 500
    shown = world.webhooks.add(1, receiver.url)
    for number in range(120):
        world.earn(number % 6, number)
    with world.node():
        world.wait(lambda: world.standing(shown).standing.waiting > most - 8)
        assert world.standing(shown).standing.waiting <= most
        receiver.behaves = lambda came: 204
        world.webhooks.redrive(1, shown.row.id)
        world.wait(lambda: settled(world, shown))
    for member in range(6):
        wanted = [number for number in range(120) if number % 6 == member]
        assert [int(one) for one in receiver.by_member()[account(member)]] == wanted


def test_what_was_put_aside_is_read_again_many_at_a_time(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, sizes = EventFeed.at, []

    def reading(self: EventFeed, partner: int, places: list[tuple[int, int]]) -> list[PartnerEvent]:
        sizes.append(len(places))
        return at(self, partner, places)

    receiver.behaves = lambda came: 500
    shown = world.webhooks.add(1, receiver.url)
    for number in range(200):
        world.earn(number % 4, number)
    with world.node():
        world.wait(lambda: settled(world, shown, waiting=200))
        monkeypatch.setattr(EventFeed, "at", reading)
        receiver.behaves = lambda came: 204
        world.webhooks.redrive(1, shown.row.id)
        world.wait(lambda: settled(world, shown))
    assert sum(sizes) == 200, "none is read twice"
    assert len(sizes) <= 200 // 16 + 4
    for member in range(4):
        wanted = [number for number in range(200) if number % 4 == member]
        assert [int(one) for one in receiver.by_member()[account(member)]] == wanted


def test_an_endless_answer_is_not_read(world: World, receiver: Receiver) -> None:
    receiver.behaves = lambda came: 200  # 204 has no content: what follows would be taken for the next answer
    receiver.answer = b"x" * 10_000_000
    shown = world.webhooks.add(1, receiver.url)
    for number in range(5):
        world.earn(1, number)
    with world.node():
        world.wait(lambda: settled(world, shown))
    assert receiver.receipts() == ["0", "1", "2", "3", "4"]


def test_replays_by_id_and_by_time_under_the_same_ids(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    for number in range(1, 7):
        world.earn(1, number)
    with world.node():
        world.wait(lambda: settled(world, shown))
        ids = [one.id for one in receiver.came]
        world.webhooks.replay(1, shown.row.id, after=ids[3])
        receiver.wait(lambda: [one.id for one in receiver.came] == ids + ids[4:])
        world.wait(lambda: settled(world, shown))
        world.webhooks.replay(1, shown.row.id, since=world.book.records[4].timestamp)
        receiver.wait(lambda: [one.id for one in receiver.came] == ids + ids[4:] * 2)
        world.wait(lambda: settled(world, shown))
        world.webhooks.replay(1, shown.row.id, after="start")
        receiver.wait(lambda: [one.id for one in receiver.came] == ids + ids[4:] * 2 + ids)
        world.wait(lambda: settled(world, shown))
        world.webhooks.replay(1, shown.row.id, since=int(world.seconds) * 2)
        world.wait(lambda: settled(world, shown))
    assert len(receiver.came) == 6 + 2 + 2 + 6


def test_two_secrets_sign_for_the_overlap(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    rotated = world.webhooks.rotate(1, shown.row.id, 3_600)
    assert shown.secret != rotated.secret
    with world.node():
        world.earn(1, 1)
        world.ring()
        receiver.wait(lambda: len(receiver.came) == 1)
        for secret in (shown.secret, rotated.secret):
            assert secret is not None
            client.verify(receiver.came[0].body, receiver.came[0].headers, secret)
        world.pass_(3_600)
        world.earn(1, 2)
        world.ring()
        receiver.wait(lambda: len(receiver.came) == 2)
    assert len(receiver.came[0].headers["webhook-signature"].split()) == 2
    assert len(receiver.came[1].headers["webhook-signature"].split()) == 1


def test_a_node_that_delivers_takes_a_new_secret_up(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    receipts = itertools.count(1)

    def signed_by_both() -> bool:
        world.earn(1, next(receipts))
        world.ring()
        return any(len(one.headers["webhook-signature"].split()) == 2 for one in list(receiver.came))

    with world.node():
        world.earn(1, next(receipts))
        receiver.wait(lambda: len(receiver.came) == 1)
        world.webhooks.rotate(1, shown.row.id, 3_600)
        world.wait(signed_by_both)
    assert len(receiver.came[0].headers["webhook-signature"].split()) == 1


def test_a_removed_webhook_gets_nothing_more(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    kept = world.webhooks.add(1, receiver.url.replace("/hook", "/kept"))
    world.earn(1, 1)
    with world.node():
        world.wait(lambda: settled(world, shown) and settled(world, kept))
        world.webhooks.remove(1, shown.row.id)
        world.pass_(0)
        world.wait(lambda: _courses(world) == [kept.row.id])
        world.earn(1, 2)
        world.ring()
        world.wait(lambda: settled(world, kept))
    assert sorted(one.path for one in receiver.came) == ["/hook", "/kept", "/kept"]


def test_a_node_that_ends_in_order_repeats_nothing(world: World, receiver: Receiver) -> None:
    shown = world.webhooks.add(1, receiver.url)
    receiver.behaves = refuses(3)  # type: ignore[assignment]
    for number in range(1, 80):
        world.earn(number % 5, number)
    for _ in range(3):
        with world.node():
            world.wait(lambda: len(receiver.came) > 20)
    receiver.behaves = lambda came: 204
    with world.node():
        world.pass_(PAUSES_SECONDS[0] * LONGEST)
        world.wait(lambda: settled(world, shown))
    taken = [int(one) for one in receiver.receipts()]
    assert set(taken) == set(range(1, 80))
    assert len(taken) - 79 <= 3 * 16, "at most what was on its way when a node ended"
    for member in range(5):
        first = list(dict.fromkeys(int(one) for one in receiver.by_member()[account(member)]))
        assert first == sorted(first)


def _courses(world: World) -> list[str]:
    return sorted(world.nodes[0]._courses)


def test_a_database_that_goes_away_for_a_moment_loses_nothing(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.behaves = refuses(2)  # type: ignore[assignment]
    shown = world.webhooks.add(1, receiver.url)
    for number in range(1, 6):
        world.earn(1, number)
    at, away = EventFeed.at, [True]

    def reading(self: EventFeed, partner: int, places: list[tuple[int, int]]) -> list[PartnerEvent]:
        if away:
            away.clear()
            raise Unavailable("Not now.", code="database_unavailable")
        return at(self, partner, places)

    monkeypatch.setattr(EventFeed, "at", reading)
    with world.node():
        world.wait(lambda: settled(world, shown, waiting=4))
        receiver.behaves = lambda came: 204
        world.pass_(PAUSES_SECONDS[0] * LONGEST)
        world.wait(lambda: not away)
        world.wait(lambda: world.ring() is None and settled(world, shown))
    assert receiver.receipts() == ["1", "2", "3", "4", "5"]
