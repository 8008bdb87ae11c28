"""The partners' webhooks in a soak: made through the API, sent again when their owners say so, judged by what came."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from coalition.client import ApiError, Client, Patience
from soaking.judge import SHOWN_MAX, Check
from soaking.nodes import Node, Receiver, wait_until
from soaking.receiver import JOURNAL
from soaking.tills import Partner

__all__ = ["Webhooks"]

DRAIN_SECONDS = 900.0
REDRIVE_SECONDS = 15.0
PAGE_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Webhook:
    """A partner's webhook, and the path at the receiver."""

    partner: Partner
    id: str
    path: str


@dataclass
class Arrivals:
    """What is in a receiver's journal of one webhook: when each event came first, in the order of lines, and what it said."""

    lines: int = 0
    first: dict[str, int] = field(default_factory=dict)
    said: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    receipts: dict[str, tuple[str, str]] = field(default_factory=dict)


class Webhooks:
    """One webhook for each partner."""

    def __init__(self, nodes: Sequence[Node], receiver: Receiver) -> None:
        self._nodes = nodes
        self._receiver = receiver
        self._all: list[Webhook] = []

    def add(self, partner: Partner) -> None:
        """Have the partner's events sent to the receiver from now on."""
        path = f"/{partner.number}"
        with _client(self._nodes[0], partner) as client:
            made = client.add_webhook(self._receiver.url + path)
        self._receiver.expect(path, made.secret)
        self._all.append(Webhook(partner, made.webhook.id, path))

    # ---- what their owners do meanwhile, at some node, which may be down

    def redrive(self, chance: random.Random) -> None:
        """Have what failed sent again now."""
        for one in self._all:
            with suppress(ApiError, httpx.HTTPError), _client(chance.choice(self._nodes), one.partner, 3.0) as client:
                client.redrive_webhook(one.id)

    def replay(self, chance: random.Random, seconds: float) -> None:
        """Have everything of the last seconds sent again."""
        since = datetime.now(UTC) - timedelta(seconds=seconds)
        for one in self._all:
            with suppress(ApiError, httpx.HTTPError), _client(chance.choice(self._nodes), one.partner, 3.0) as client:
                client.replay_webhook(one.id, since=since)

    # ---- the end

    def drained(self) -> Check:
        """Wait until nothing is on its way. What would be tried again in minutes or hours, its owner has sent now."""
        wrong = []
        for one in self._all:
            try:
                wait_until(self._drained(one), DRAIN_SECONDS, f"webhook {one.path} is drained")
            except TimeoutError as error:
                with _client(self._nodes[0], one.partner) as client:
                    wrong.append(f"{error}: {client.webhook(one.id)}")
        return Check("webhooks come to rest", f"{len(self._all)} webhooks", tuple(wrong))

    def _drained(self, one: Webhook) -> Callable[[], bool]:
        newest, redriven_at = self._newest(one), 0.0

        def drained() -> bool:
            nonlocal redriven_at
            with _client(self._nodes[0], one.partner) as client:
                shown = client.webhook(one.id)
                left = shown.waiting + shown.dead_letters
                if left and time.monotonic() - redriven_at > REDRIVE_SECONDS:
                    client.redrive_webhook(one.id)
                    redriven_at = time.monotonic()
            return shown.checkpoint == newest and not left

        return drained

    def judged(self, chain_was_killed: bool) -> Iterator[Check]:
        """Compare what came with what the feed of events lists."""
        arrived, wrong = self._journal()
        missing, late, strange, listed, lost = [], [], list(wrong), 0, 0
        for one in self._all:
            came = arrived[one.path]
            known, decided, lanes = set(), set(), defaultdict(list)
            for event in self._listed(one):
                listed += 1
                known.add(event["id"])
                decided.add(_named(event))
                if came.said.get(event["id"], set()) != {_digest(event)}:
                    missing.append(f"{one.path}: {event['id']} came {len(came.said.get(event['id'], ()))} ways")
                else:
                    lanes[_lane(event)].append(event["id"])
            for lane, ids in lanes.items():
                places = [came.first[id_] for id_ in ids]
                if places != sorted(places):
                    late.append(f"{one.path}: events of {lane} came in another order")
            gone = [id_ for id_ in came.first if id_ not in known]
            lost += len(gone)
            strange += [
                f"{one.path}: {id_}" for id_ in gone if not chain_was_killed or came.receipts[id_] not in decided
            ]
        lines = sum(one.lines for one in arrived.values())
        yield Check("no webhook missing", f"{listed:,} events, {lines:,} deliveries", tuple(missing[:SHOWN_MAX]))
        yield Check("each member's events came in order", f"{listed:,} events", tuple(late[:SHOWN_MAX]))
        found = f"{lost:,} of blocks that the chain lost, decided anew"
        yield Check("nothing came that is no event", found, tuple(strange[:SHOWN_MAX]))

    def _newest(self, one: Webhook) -> str:
        (newest,) = deque((event["id"] for event in self._listed(one)), maxlen=1)
        return str(newest)

    def _listed(self, one: Webhook) -> Iterator[dict[str, Any]]:
        """The partner's events, oldest first, as the service lists them."""
        path, more = f"/v1/events?limit={PAGE_EVENTS}", True
        headers = {"Authorization": f"Bearer {one.partner.key}"}
        with httpx.Client(base_url=self._nodes[0].url, headers=headers, timeout=60) as http:
            while more:
                page = http.get(path).raise_for_status().json()
                yield from page["events"]
                path, more = page["next"], page["more"]

    def _journal(self) -> tuple[dict[str, Arrivals], list[str]]:
        """What came, by path, and what was no webhook of the service."""
        found: dict[str, Arrivals] = {one.path: Arrivals() for one in self._all}
        wrong = []
        with (self._receiver.folder / JOURNAL).open() as journal:
            for number, line in enumerate(journal):
                record = json.loads(line)
                if "wrong" in record:
                    wrong.append(line[:500])
                    continue
                here, id_, event = found[record["path"]], record["id"], record["event"]
                here.lines += 1
                here.first.setdefault(id_, number)
                here.said[id_].add(_digest(event))
                here.receipts[id_] = _named(event)
        return found, wrong


def _client(node: Node, partner: Partner, seconds: float = 60.0) -> Client:
    return Client(node.url, partner.key, patience=Patience(deadline_seconds=seconds, attempt_seconds=seconds))


def _digest(event: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).digest()


def _named(event: dict[str, Any]) -> tuple[str, str]:
    """Kind and receipt of an operation."""
    operation = event["data"]["operation"]
    return operation["kind"], operation["receipt"]


def _lane(event: dict[str, Any]) -> str:
    """What must stay in order: a member's events; of a refusal, which names none, those of the receipt."""
    operation = event["data"]["operation"]
    return str(operation.get("member", f"receipt {operation['receipt']}"))
