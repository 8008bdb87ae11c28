"""Verifying webhooks: the test vector of Standard Webhooks, and what must not pass."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from coalition.api.event_examples import EVENT
from coalition.client import WebhookInvalid, webhooks
from coalition.service.webhook_sender import signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
TEXT = json.dumps(EVENT)


def headers(text: str = TEXT, *secrets: str, at: float | None = None) -> dict[str, str]:
    keys = [Webhook(secret)._whsecret for secret in secrets or (SECRET,)]
    return signed(keys, EVENT["id"], text, int(time.time() if at is None else at))


def test_the_vector_of_the_standard() -> None:
    text = '{"test": 2432232314}'
    found = signed([Webhook(SECRET)._whsecret], "msg_p5jXN8AQM9LWM0D4loKWxJek", text, 1614265330)
    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert datetime.fromtimestamp(1614265330, UTC).year == 2021


@pytest.mark.parametrize("body", [TEXT, TEXT.encode()])
def test_what_is_the_services_is_read(body: bytes | str) -> None:
    event = webhooks.verify(body, headers(), SECRET)
    assert (event.id, event.type) == (EVENT["id"], "earn.accepted")
    assert event.data.operation is not None and event.data.operation.points == 19


def test_while_secrets_change() -> None:
    both = headers(TEXT, OTHER, SECRET)
    assert webhooks.verify(TEXT, both, SECRET) == webhooks.verify(TEXT, both, OTHER)
    assert webhooks.verify(TEXT, headers(), OTHER, SECRET).id == EVENT["id"]


def test_names_of_headers_in_any_case() -> None:
    assert webhooks.verify(TEXT, {name.title(): value for name, value in headers().items()}, SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "evt_1_1_0_0123456789"},
        {"webhook-timestamp": str(int(time.time()) + 1)},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,?"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v2,AAAA"},
    ],
)
def test_headers_that_are_not_the_services(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookInvalid):
        webhooks.verify(TEXT, headers() | changed, SECRET)


def test_what_else_must_not_pass() -> None:
    for body, found, secret in (
        (TEXT.replace("19", "91"), headers(), SECRET),
        (TEXT, headers(), OTHER),
        (TEXT, {}, SECRET),
        (b"\xff", headers(), SECRET),
        (TEXT, headers(at=time.time() - 301), SECRET),
        (TEXT, headers(at=time.time() + 310), SECRET),
        ("{}", headers("{}"), SECRET),
    ):
        with pytest.raises(WebhookInvalid):
            webhooks.verify(body, found, secret)


def test_no_secret_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="secret"):
        webhooks.verify(TEXT, headers())
