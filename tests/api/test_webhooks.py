"""Webhooks over HTTP: what their owner asks for. How events reach them is in tests/webhooks."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from coalition.client import webhooks as client
from coalition.submit.tables import idempotency_keys, webhook_events, webhooks
from tests.api.conftest import Till, World, code_of
from tests.api.openapi import Contract
from tests.webhooks.receiver import Receiver

URL = "https://shop.example/hook"


def added(till: Till, url: str = URL, **more: Any) -> dict[str, Any]:
    answer = till.post("/v1/webhooks", {"url": url} | more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def removed(till: Till, webhook: str) -> Any:
    return till.http.delete(f"/v1/webhooks/{webhook}", headers=till.headers)


def test_the_examples(till: Till) -> None:
    schemas = Contract(till.http.get("/openapi.json").json()).document["components"]["schemas"]

    def example(name: str) -> dict[str, Any]:
        (found,) = schemas[name]["examples"]
        return dict(found)

    made = till.post("/v1/webhooks", example("WebhookRequest"))
    assert made.status_code == 201
    assert made.json().keys() == example("WebhookSecretBody").keys()
    webhook = made.json()["webhook"]
    assert webhook.keys() == example("WebhookBody").keys()
    path = f"/v1/webhooks/{webhook['id']}"
    assert till.get(path).json() == webhook
    assert till.get("/v1/webhooks").json() == {"webhooks": [webhook]}
    for action, request in (("rotate", "RotationRequest"), ("replay", "ReplayRequest")):
        assert till.post(f"{path}/{action}", example(request)).status_code == 200
    assert till.get(f"{path}/dead-letters").json() == {"dead_letters": [], "more": False}


def test_a_webhook_from_its_beginning_to_its_end(till: Till) -> None:
    made = added(till)
    webhook, path = made["webhook"], f"/v1/webhooks/{made['webhook']['id']}"
    assert made["secret"].startswith("whsec_")
    assert (webhook["status"], webhook["types"], webhook["waiting"]) == ("active", [], 0)
    rotated = till.post(f"{path}/rotate", {}).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook"]["previous_secret_until"]
    assert "previous_secret_until" not in till.post(f"{path}/rotate", {"overlap_hours": 0}).json()["webhook"]
    for text in (till.get(path).text, till.get("/v1/webhooks").text):
        assert "whsec_" not in text
    assert removed(till, webhook["id"]).json()["id"] == webhook["id"]
    assert code_of(till.get(path), 404) == "webhook_unknown"
    assert code_of(removed(till, webhook["id"]), 404) == "webhook_unknown"
    assert till.get("/v1/webhooks").json() == {"webhooks": []}


def test_a_repetition_by_its_key_finds_the_webhook(till: Till, other_till: Till) -> None:
    key, wanted = (
        {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'},
        {"url": URL, "types": ["earn.accepted"]},
    )
    first, again = (till.post("/v1/webhooks", wanted, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    other = other_till.post("/v1/webhooks", wanted, **key)
    assert other.status_code == 201
    assert other.json()["secret"] != first.json()["secret"]
    assert code_of(till.post("/v1/webhooks", {"url": URL}, **key), 422) == "idempotency_key_reused"
    assert code_of(till.post("/v1/webhooks", wanted, **{"Idempotency-Key": '""'}), 400) == "idempotency_key_invalid"
    assert till.get("/v1/webhooks").json() == {"webhooks": [first.json()["webhook"]]}


def test_a_key_stands_for_its_webhook_when_its_day_is_over(till: Till, world: World) -> None:
    key = {"Idempotency-Key": "one"}
    made = till.post("/v1/webhooks", {"url": URL}, **key).json()
    with world.outbox.begin() as connection:
        connection.execute(sa.delete(idempotency_keys))
    assert till.post("/v1/webhooks", {"url": URL}, **key).json() == made
    with world.outbox.begin() as connection:
        connection.execute(sa.delete(idempotency_keys))
    assert code_of(till.post("/v1/webhooks", {"url": URL + "2"}, **key), 422) == "idempotency_key_reused"


def test_a_repetition_by_its_key_rotates_once(till: Till, world: World) -> None:
    """So that the secret that the receiver has goes on signing for the overlap."""
    made = added(till)
    path, key = f"/v1/webhooks/{made['webhook']['id']}/rotate", {"Idempotency-Key": "one"}
    first, again = (till.post(path, {"overlap_hours": 2}, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json() != made
    service = world.http.app.state.context.webhooks  # type: ignore[attr-defined]
    target = service.target_of(service.find(1, made["webhook"]["id"]).row)
    assert target.previous == client.Webhook(made["secret"])._whsecret
    assert (
        till.post(path, {"overlap_hours": 2}, **{"Idempotency-Key": "two"}).json()["secret"] != first.json()["secret"]
    )


def test_secrets_are_sealed_where_they_are_kept(till: Till, world: World) -> None:
    secret = client.Webhook(added(till)["secret"])._whsecret
    with world.outbox.connect() as connection:
        (kept,) = connection.execute(sa.select(webhooks.c.secret)).scalars()
    assert len(secret) == 32
    assert secret not in kept


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("shop.example/hook", "webhook_url_invalid"),
        ("ftp://shop.example/hook", "webhook_url_invalid"),
        ("https://", "webhook_url_invalid"),
        ("https://user:secret@shop.example/", "webhook_url_invalid"),
        ("https://shop.example/#part", "webhook_url_invalid"),
        ("https://shöp.example/", "webhook_url_invalid"),
        ("https://shop.example/" + "x" * 2_048, "webhook_url_invalid"),
        ("https://shop.example:99999/", "webhook_url_invalid"),
        ("http://shop.example/hook", "webhook_url_forbidden"),
        ("https://10.1.2.3/", "webhook_url_forbidden"),
        ("https://169.254.169.254/latest/meta-data", "webhook_url_forbidden"),
        ("https://[fd00::1]/", "webhook_url_forbidden"),
    ],
)
def test_addresses_that_are_not_taken(till: Till, url: str, code: str) -> None:
    answer = till.post("/v1/webhooks", {"url": url})
    assert code_of(answer, 422) == code
    assert "secret" not in answer.text
    assert till.get("/v1/webhooks").json() == {"webhooks": []}


def test_other_wrong_requests(till: Till) -> None:
    assert code_of(till.post("/v1/webhooks", {"url": URL, "types": ["earn"]}), 422) == "event_type_unknown"
    path = f"/v1/webhooks/{added(till)['webhook']['id']}"
    both = {"after": "start", "since": "2026-03-01T00:00:00Z"}
    assert code_of(till.post(f"{path}/replay", both), 422) == "input_invalid"
    assert code_of(till.post(f"{path}/replay", {"after": "x"}), 422) == "event_id_invalid"
    assert code_of(till.post(f"{path}/rotate", {"overlap_hours": 169}), 422) == "input_invalid"
    assert code_of(till.get(f"{path}/dead-letters?after=x"), 422) == "event_id_invalid"


def test_a_partner_has_twenty(till: Till, other_till: Till) -> None:
    for _ in range(20):
        added(till)
    assert code_of(till.post("/v1/webhooks", {"url": URL}), 422) == "webhooks_too_many"
    added(other_till)


def test_a_test_says_what_the_receiver_did(till: Till, receiver: Receiver) -> None:
    made = added(till, receiver.url)
    path = f"/v1/webhooks/{made['webhook']['id']}/test"
    answer = till.post(path, None).json()
    (came,) = receiver.came
    assert answer == {"event_id": came.id, "delivered": True, "status": 204}
    event = client.verify(came.body, came.headers, made["secret"])
    assert (event.type, event.id, event.data.operation) == ("webhook.test", came.id, None)
    receiver.behaves = lambda came: 503
    assert till.post(path, None).json()["reason"] == "status 503"
    nobody = added(till, "http://127.0.0.1:9/hook")["webhook"]["id"]
    failed = till.post(f"/v1/webhooks/{nobody}/test", None).json()
    assert (failed["delivered"], failed["reason"], "status" in failed) == (False, "no connection", False)


def test_dead_letters_in_pages_and_back_again(till: Till, world: World) -> None:
    for number in range(3):
        till.earn(receipt=f"R-{number}")
    events = till.get("/v1/events").json()["events"]
    webhook = added(till)["webhook"]["id"]
    row = {
        "webhook": webhook,
        "lane": "x",
        "type": "earn.accepted",
        "attempts": 8,
        "next_at": 0,
        "reason": "status 500",
    }
    with world.outbox.begin() as connection:
        for number, event in enumerate(events, 1):
            values = row | {"block": number, "log": 0, "event_id": event["id"], "dead": int(number < 3)}
            connection.execute(sa.insert(webhook_events), values)
    path = f"/v1/webhooks/{webhook}"
    assert [till.get(path).json()[name] for name in ("waiting", "dead_letters")] == [1, 2]
    first = till.get(f"{path}/dead-letters?limit=1").json()
    wanted = {"event_id": events[0]["id"], "type": "earn.accepted", "attempts": 8, "reason": "status 500"}
    assert first == {"dead_letters": [wanted], "more": True}
    second = till.get(f"{path}/dead-letters?limit=1&after={events[0]['id']}").json()
    assert ([one["event_id"] for one in second["dead_letters"]], second["more"]) == ([events[1]["id"]], False)
    again = till.post(f"{path}/redrive", None).json()
    assert (again["waiting"], again["dead_letters"]) == (3, 0)
    back = till.post(f"{path}/replay", {"after": events[0]["id"]}).json()
    assert (back["checkpoint"], back["waiting"]) == (events[0]["id"], 1)
