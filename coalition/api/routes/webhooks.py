"""Webhooks: where a partner's events go."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Ctx, Partner
from coalition.api.documents import POSTING, READING
from coalition.api.idempotency import REPLAYED, REPLAYED_HEADER, IdempotencyKey, held
from coalition.api.render import json_response
from coalition.api.webhook_bodies import (
    DeadLetterPage,
    ReplayRequest,
    RotationRequest,
    WebhookBody,
    WebhookRequest,
    WebhooksBody,
    WebhookSecretBody,
    WebhookTrialBody,
    dead_letter_page,
    trial_body,
    trial_event,
    webhook_body,
    webhook_secret_body,
)
from coalition.errors import InputError
from coalition.service.webhooks import WebhookShown

__all__ = ["router"]

HOUR = 3_600
PAGE_DEFAULT = 50
PAGE_MAX = 500

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)
Id = Annotated[str, Path(max_length=40, description="The webhook's id.")]


def _answers(model: type[Any], description: str, errors: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": model, "description": description}, **errors}


AGAIN = _answers(WebhookSecretBody, "Made before: the first answer again.", {})
MADE = _answers(WebhookSecretBody, "The webhook, and its secret this once.", POSTING, 201) | AGAIN
ROTATED = _answers(WebhookSecretBody, "The webhook, and its new secret this once.", POSTING)
AGAIN[200]["headers"] = ROTATED[200]["headers"] = REPLAYED_HEADER
CHANGED = _answers(WebhookBody, "The webhook, as it is now.", POSTING)
ALL = _answers(WebhooksBody, "The webhooks.", READING)
ONE = _answers(WebhookBody, "The webhook.", READING)
REMOVED = _answers(WebhookBody, "The webhook, as it was.", READING)
TRIED = _answers(WebhookTrialBody, "What the receiver did.", READING)
LETTERS = _answers(DeadLetterPage, "A page.", READING)


def _with_secret(found: WebhookShown, now: int, status: int) -> Response:
    body = webhook_secret_body(found, now)
    return json_response(body, 200, REPLAYED) if found.replayed else json_response(body, status)


@router.post("", summary="Send events somewhere", response_model=None, status_code=201, responses=MADE)
async def add_webhook(
    request: Request, context: Ctx, partner: Partner, body: WebhookRequest, idempotency_key: IdempotencyKey = None
) -> Response:
    """From now on the partner's events are sent to an address, signed as Standard Webhooks says, each at least once, those of a
    member in order. With an `Idempotency-Key`, a repetition finds the webhook that was made, and its secret."""
    async with held(context, partner, idempotency_key, request.url.path, body):
        found = await context.read(lambda: context.webhooks.add(partner, body.url, body.types, idempotency_key))
    request.state.target = found.row.id
    return _with_secret(found, context.webhooks.now(), 201)


@router.get("", summary="Where do events go?", response_model=None, responses=ALL)
async def webhooks(context: Ctx, partner: Partner) -> Response:
    """The partner's webhooks, and how they stand."""
    found = await context.read(lambda: context.webhooks.of(partner))
    now = context.webhooks.now()
    return json_response(WebhooksBody(webhooks=[webhook_body(one, now) for one in found]))


@router.get("/{webhook}", summary="How does a webhook stand?", response_model=None, responses=ONE)
async def webhook(context: Ctx, partner: Partner, webhook: Id) -> Response:
    """How far it is, what waits, and what was given up."""
    found = await context.read(lambda: context.webhooks.find(partner, webhook))
    return json_response(webhook_body(found, context.webhooks.now()))


@router.delete("/{webhook}", summary="Send nothing more", response_model=None, responses=REMOVED)
async def remove_webhook(context: Ctx, partner: Partner, webhook: Id) -> Response:
    """The webhook is forgotten, and what waited for it. An attempt that is on its way may still arrive."""
    found = await context.read(lambda: context.webhooks.remove(partner, webhook))
    return json_response(webhook_body(found, context.webhooks.now()))


@router.post("/{webhook}/rotate", summary="Another secret", response_model=None, responses=ROTATED)
async def rotate_webhook(
    request: Request,
    context: Ctx,
    partner: Partner,
    webhook: Id,
    body: RotationRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """From now on a new secret signs. For the overlap, the one before signs beside it, so that a receiver can change over at any
    moment in between. With an `Idempotency-Key`, a repetition finds the secret that was made, and changes nothing."""
    overlap = body.overlap_hours * HOUR
    async with held(context, partner, idempotency_key, request.url.path, body):
        found = await context.read(lambda: context.webhooks.rotate(partner, webhook, overlap, idempotency_key))
    return _with_secret(found, context.webhooks.now(), 200)


@router.post("/{webhook}/replay", summary="Send again", response_model=None, responses=CHANGED)
async def replay_webhook(context: Ctx, partner: Partner, webhook: Id, body: ReplayRequest) -> Response:
    """Events are sent again from an event or a time on, under the ids that they had. A place that lies ahead changes nothing. A
    webhook that was disabled is active again; with an empty body, `{}`, it goes on where it stopped."""
    if body.after is not None and body.since is not None:
        raise InputError("Give after or since, not both.", code="input_invalid")
    found = await context.read(lambda: context.webhooks.replay(partner, webhook, body.after, body.since))
    return json_response(webhook_body(found, context.webhooks.now()))


@router.post("/{webhook}/test", summary="Try a webhook", response_model=None, responses=TRIED)
async def test_webhook(context: Ctx, partner: Partner, webhook: Id) -> Response:
    """One event of type `webhook.test` is sent now, once, also to a webhook that is disabled. The answer says what the receiver
    did."""
    found = await context.read(lambda: context.webhooks.find(partner, webhook))
    event_id = f"test_{secrets.token_hex(8)}"
    reply = await context.webhooks.test(found.row, event_id, trial_event(event_id, context.webhooks.now()))
    return json_response(trial_body(event_id, reply))


@router.get("/{webhook}/dead-letters", summary="What was given up?", response_model=None, responses=LETTERS)
async def dead_letters(
    context: Ctx,
    partner: Partner,
    webhook: Id,
    after: Annotated[str | None, Query(max_length=100, description="The last event_id of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="Events a page.")] = PAGE_DEFAULT,
) -> Response:
    """Events that the receiver did not take for more than a day."""
    found = await context.read(lambda: context.webhooks.dead_letters(partner, webhook, after, limit + 1))
    return json_response(dead_letter_page(found, limit))


@router.post("/{webhook}/redrive", summary="Try again what was given up", response_model=None, responses=CHANGED)
async def redrive_webhook(context: Ctx, partner: Partner, webhook: Id) -> Response:
    """Dead letters, and what waits for its next attempt, are tried again now; those of a member in their order."""
    found = await context.read(lambda: context.webhooks.redrive(partner, webhook))
    return json_response(webhook_body(found, context.webhooks.now()))
