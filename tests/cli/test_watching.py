"""What a running service tells: a log without secrets or persons, and metrics that move with what is done."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import httpx

from tests.cli.process import coalition, up

REFERENCE, RECEIPT, LABEL = "anna.smith@example.org", "till-9-receipt", "label of the key"
SIGNATURE = "0x" + "5e" * 65


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def value(metrics: str, sample: str) -> float:
    (found,) = re.findall(rf"^{re.escape(sample)} (\S+)$", metrics, re.MULTILINE)
    return float(found)


def test_log_and_metrics_of_a_run(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    coalition(home, "deploy")
    with up(home, COALITION_METRICS=str(port)) as served:
        coalition(home, "partner", "add", "bakery", "--earn-rate-bps", 500)
        account = coalition(home, "member", "add", REFERENCE, "--json").json["members"][0]["account"]
        key = coalition(home, "api-key", "issue", "bakery", "--label", LABEL, "--json").json["api_key"]
        with httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as till:
            body = {"member": account, "receipt": RECEIPT, "spend_minor": 1_000}
            assert till.post("/v1/earn", json=body).status_code == 201
            assert till.post("/v1/earn", json=body | {"spend_minor": 7}).status_code == 409
            assert till.get(f"/v1/members/{account}/balance").json()["points"] == 50
            pays = {"member": account, "receipt": "r", "points": 1, "deadline": "2100-01-01T00:00:00Z"}
            assert till.post("/v1/redeem", json=pays | {"signature": SIGNATURE}).status_code == 422
            assert till.get(f"/v1/operations/{RECEIPT}").status_code == 200
            assert till.get(f"/{REFERENCE}").status_code == 404
            till.headers["Authorization"] = f"Bearer {key[:-1]}"
            assert till.get("/v1/partner").status_code == 401
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
        assert httpx.get(f"{served.url}/metrics", timeout=60).status_code == 404, "not where partners are"
        ready = httpx.get(f"{served.url}/ready", timeout=60).json()
        log = served.stop()
        assert served.process.returncode == 0

    assert {check["name"]: check["ok"] for check in ready["checks"]} == dict.fromkeys(
        ("chain", "index", "outbox", "queue"), True
    )
    *lines, last = log.splitlines()
    assert last == "Stopped."
    requests = [one for one in map(json.loads, lines) if one["event"] == "request"]
    assert [(one["route"], one["status"], one.get("code")) for one in requests[:7]] == [
        ("earn", 201, None),
        ("earn", 409, "receipt_conflict"),
        ("balance", 200, None),
        ("redeem", 422, "signature_invalid"),
        ("operation", 200, None),
        ("none", 404, "route_unknown"),
        ("me", 401, "credential_invalid"),
    ]
    passphrase = (home / "keystores" / "passphrase").read_text().strip()
    for secret in (
        key,
        key[3:30],
        account,
        account.lower(),
        REFERENCE,
        "anna",
        RECEIPT,
        LABEL,
        SIGNATURE[2:],
        passphrase,
    ):
        assert secret not in log and secret not in metrics

    assert value(metrics, 'coalition_operations_total{kind="earn",outcome="accepted"}') == 1
    assert value(metrics, 'coalition_operations_total{kind="redeem",outcome="signature_invalid"}') == 1
    assert value(metrics, "coalition_confirm_seconds_count") == 2
    assert value(metrics, "coalition_batch_operations_count") == 2
    assert value(metrics, "coalition_outbox_pending_operations") == 0
    assert value(metrics, "coalition_index_lag_blocks") <= 1, "a block may have come just now"
    assert value(metrics, 'coalition_problems_total{code="receipt_conflict"}') == 1
    assert value(metrics, 'coalition_http_request_seconds_count{route="earn",status="2xx"}') == 1
    assert value(metrics, "process_resident_memory_bytes") > 0
