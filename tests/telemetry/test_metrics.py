"""Metrics: what they say, that their number is bounded, and that documents and dashboard name those that there are."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from coalition.errors import ChainUnavailable, SetupError
from coalition.index.follower import FollowerStatus
from coalition.ledger.operations import Earn, Kind
from coalition.service.deliveries import DeliveryFigures
from coalition.service.webhook_course import DELIVERED, FAILED
from coalition.submit.figures import Distribution, Figures
from coalition.submit.submission import Entry, Submission
from coalition.submit.submitter import Status
from coalition.telemetry import Seen, Telemetry
from coalition.telemetry.collector import LedgerCollector
from coalition.telemetry.exposition import exposed

ROOT = Path(__file__).resolve().parents[2]
MEMBER = "0x" + "00" * 19 + "01"


def entry(number: int, taken_at: float | None) -> Entry:
    return Entry(number, Kind.EARN, Submission(1, Earn(MEMBER, number, 100, False)), [], taken_at)


@pytest.fixture
def telemetry() -> Telemetry:
    figures, now = Figures(), time.monotonic()
    figures.settled([entry(1, now - 0.3), entry(2, now - 0.3), entry(3, None)], None)
    figures.rejected([entry(4, now)], "key_revoked")
    figures.batch_operations.add(3)
    figures.gaps_filled += 1
    status = Status(7, 4, 50_000, False, 2, 1, 12.0, False, {"chain": "The node at http://user:secret@x is gone."})
    following = FollowerStatus(True, 90, 95, current_at=now - 4, error=ChainUnavailable("gone"))
    delivering = DeliveryFigures(2, {DELIVERED: 9, FAILED: 3})
    found = Telemetry()
    found.registry.register(LedgerCollector(lambda: status, figures.copy, lambda: following, lambda: delivering))
    return found


def values(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_write_path_and_read_path(telemetry: Telemetry) -> None:
    found = values(telemetry.registry)

    assert found["coalition_outbox_pending_operations",] == 7
    assert found["coalition_outbox_unsigned_operations",] == 4
    assert found["coalition_transactions_in_flight",] == 2
    assert found["coalition_nonce_gaps",] == 1 and found["coalition_nonce_gaps_filled_total",] == 1
    assert found["coalition_trouble", "chain"] == 1 and found["coalition_trouble", "outbox"] == 0
    assert found["coalition_operations_total", "earn", "key_revoked"] == 1
    assert found["coalition_batch_operations_bucket", "2"] == 0 and found["coalition_batch_operations_bucket", "5"] == 1
    assert found["coalition_confirm_seconds_bucket", "0.25"] == 0
    assert found["coalition_confirm_seconds_bucket", "0.5"] == found["coalition_confirm_seconds_count",] == 2
    assert found["coalition_index_lag_blocks",] == 5
    assert 4 <= found["coalition_index_lag_seconds",] < 30
    assert found["coalition_index_failing",] == 1
    assert found["coalition_webhooks",] == 2
    assert found["coalition_webhook_attempts_total", "delivered"] == 9
    assert found["coalition_webhook_attempts_total", "failed"] == 3
    assert found["coalition_webhook_attempts_total", "given_up"] == 0


def test_requests_are_counted_by_route_class_of_status_and_code(telemetry: Telemetry) -> None:
    with telemetry.serving([]) as seen:
        seen.codes["balance_too_low"] += 2
        assert values(telemetry.registry)["coalition_http_requests_in_progress",] == 1
        telemetry.answered(seen, "redeem", 422, 0.004)
    telemetry.answered(Seen(), None, 404, 0.001)

    found = values(telemetry.registry)
    assert found["coalition_http_request_seconds_count", "redeem", "4xx"] == 1
    assert found["coalition_http_request_seconds_count", "none", "4xx"] == 1
    assert found["coalition_problems_total", "balance_too_low"] == 2
    assert found["coalition_http_requests_in_progress",] == 0


def test_two_services_in_one_process_count_apart() -> None:
    one, two = Telemetry(), Telemetry()
    one.answered(Seen(), "earn", 201, 0.1)

    assert ("coalition_http_request_seconds_count", "earn", "2xx") not in values(two.registry)


def test_no_words_of_nodes_in_any_label(telemetry: Telemetry) -> None:
    assert "secret" not in generate_latest(telemetry.registry).decode()


def test_a_distribution_adds_up() -> None:
    found = Distribution((1, 5))
    for value in (0.5, 1, 2, 5, 6):
        found.add(value)
    found.add(9, 10)

    assert found.up_to() == [(1, 2), (5, 4), (float("inf"), 15)]
    assert (found.count, found.total) == (15, 104.5)


def names(text: str) -> set[str]:
    return set(re.findall(r"\bcoalition_[a-z_]+", text))


def test_dashboard_and_alerts_ask_for_metrics_that_there_are(telemetry: Telemetry) -> None:
    telemetry.answered(Seen(), "earn", 201, 0.1)
    with_code = Seen()
    with_code.codes["receipt_conflict"] += 1
    telemetry.answered(with_code, "earn", 409, 0.1)
    exposed_names = {key[0] for key in values(telemetry.registry)}
    dashboard = json.loads((ROOT / "examples/operations/grafana-dashboard.json").read_text())
    alerts = yaml.safe_load((ROOT / "examples/operations/prometheus-alerts.yml").read_text())

    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    asked.append(dashboard["templating"]["list"][1]["query"])
    assert names(" ".join(asked)) <= exposed_names
    assert len(asked) > 20


def test_every_metric_is_in_the_documents_and_every_documented_one_is_there(telemetry: Telemetry) -> None:
    families = text_string_to_metric_families(generate_latest(telemetry.registry).decode())
    ours = {family.name for family in families if family.name.startswith("coalition_")}
    page = (ROOT / "docs/operations.md").read_text()

    documented = {name.removesuffix("_total") for name in re.findall(r"^\| `(coalition_[a-z_]+)`", page, re.MULTILINE)}
    assert documented == ours


def test_metrics_over_http(telemetry: Telemetry) -> None:
    with exposed(telemetry.registry, "127.0.0.1", 0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        with pytest.raises(SetupError) as taken, exposed(telemetry.registry, "127.0.0.1", port):
            pass
    assert "coalition_outbox_pending_operations 7.0" in text
    assert taken.value.code == "address_unusable"
