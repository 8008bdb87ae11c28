"""The write path and the read path as metrics, read when somebody asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from coalition.index.follower import FollowerStatus
from coalition.service.deliveries import DeliveryFigures
from coalition.service.webhook_course import DELIVERED, FAILED, GIVEN_UP
from coalition.submit.figures import Distribution, Figures
from coalition.submit.submitter import Status

__all__ = ["LedgerCollector"]

PARTS = ("chain", "outbox", "signing", "sending")
ACCEPTED = "accepted"


class LedgerCollector(Collector):
    """Metrics of one submitter, one follower, and the deliveries of one node."""

    def __init__(
        self,
        status: Callable[[], Status],
        figures: Callable[[], Figures],
        following: Callable[[], FollowerStatus],
        delivering: Callable[[], DeliveryFigures],
    ) -> None:
        self._status = status
        self._figures = figures
        self._following = following
        self._delivering = delivering

    def collect(self) -> Iterable[Metric]:
        """As in the base class."""
        yield from _of_queue(self._status())
        yield from _of_operations(self._figures())
        yield from _of_index(self._following())
        yield from _of_webhooks(self._delivering())


def _of_queue(status: Status) -> Iterable[Metric]:
    yield _gauge("outbox_pending_operations", "Operations whose outcome is not known yet.", status.pending)
    yield _gauge("outbox_unsigned_operations", "Those of them that are in no transaction yet.", status.unsigned)
    yield _gauge("outbox_pending_operations_max", "Where posting waits or is put off.", status.pending_max)
    yield _gauge("outbox_oldest_seconds", "Age of the oldest operation without an outcome.", status.waits_seconds)
    yield _gauge("transactions_in_flight", "Transactions that are signed and not decided.", status.in_flight)
    yield _gauge("nonce_gaps", "Nonces without a transaction below one of ours.", status.nonce_gaps)
    trouble = GaugeMetricFamily("coalition_trouble", "1 while a part of the write path does not work.", labels=["part"])
    for part in PARTS:
        trouble.add_metric([part], float(part in status.trouble))
    yield trouble


def _of_operations(figures: Figures) -> Iterable[Metric]:
    outcomes = CounterMetricFamily(
        "coalition_operations", "Operations by kind and by what the ledger decided.", labels=["kind", "outcome"]
    )
    for (kind, code), times in figures.outcomes.items():
        outcomes.add_metric([kind.name.lower(), code or ACCEPTED], times)
    yield outcomes
    filled = CounterMetricFamily("coalition_nonce_gaps_filled", "Nonces that empty transactions used up.")
    filled.add_metric([], figures.gaps_filled)
    yield filled
    yield _histogram("batch_operations", "Operations a transaction.", figures.batch_operations)
    yield _histogram(
        "confirm_seconds", "From an operation's arrival to its outcome read from the chain.", figures.confirm_seconds
    )


def _of_index(status: FollowerStatus) -> Iterable[Metric]:
    yield _gauge("index_block", "The last block in the read model.", status.block)
    yield _gauge("index_lag_blocks", "Blocks that are on the chain and not in the read model.", status.blocks_behind)
    lag = float("nan") if status.current_at is None else time.monotonic() - status.current_at
    yield _gauge("index_lag_seconds", "Time since the read model was last known to be at the chain's head.", lag)
    yield _gauge(
        "index_failing", "1 while the last attempt to follow the chain failed.", float(status.error is not None)
    )


def _of_webhooks(figures: DeliveryFigures) -> Iterable[Metric]:
    yield _gauge("webhooks", "Webhooks that this node delivers to.", figures.webhooks)
    attempts = CounterMetricFamily(
        "coalition_webhook_attempts", "Attempts to deliver an event, by what came of them.", labels=["outcome"]
    )
    for outcome in (DELIVERED, FAILED, GIVEN_UP):
        attempts.add_metric([outcome], figures.attempts.get(outcome, 0))
    yield attempts


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"coalition_{name}", about, value)


def _histogram(name: str, about: str, found: Distribution) -> Metric:
    buckets = [("+Inf" if bound == float("inf") else str(bound), float(count)) for bound, count in found.up_to()]
    return HistogramMetricFamily(f"coalition_{name}", about, buckets, found.total)
