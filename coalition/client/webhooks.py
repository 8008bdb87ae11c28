"""Whether a webhook is the service's (https://www.standardwebhooks.com).

    event = verify(body, headers, secret)

`body` is what came, byte for byte: not JSON that was read and written again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError

from coalition.client.errors import WebhookInvalid
from coalition.client.event_answers import Event
from coalition.client.reading import read

__all__ = ["WebhookInvalid", "verify"]


def verify(body: bytes | str, headers: Mapping[str, str], *secrets: str) -> Event:
    """Return the event, if one of the secrets (`whsec_…`) signed it less than five minutes ago.

    Answer 2xx only when the event is dealt with: what is not taken comes again. Drop one whose `id` was dealt with before.

    Raises:
        WebhookInvalid: it is not the service's, or too old: answer 400, and do nothing else.
        ValueError: there is no secret, or one is none.
    """
    if not secrets:
        raise ValueError("Give the webhook's secret.")
    for verifier in [Webhook(secret) for secret in secrets]:
        try:
            verifier.verify(body, dict(headers), json_parse=False)
            return read(Event, json.loads(body))
        except (WebhookVerificationError, ValueError):
            continue
    raise WebhookInvalid("No secret signed this, or it is too old.")
