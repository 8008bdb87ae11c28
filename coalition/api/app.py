"""The HTTP application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from coalition import __version__
from coalition.api import docs
from coalition.api.bulk_bodies import SCHEMAS
from coalition.api.context import Context
from coalition.api.errors import handle_errors
from coalition.api.gate import Gated
from coalition.api.observing import Observing
from coalition.api.quotas import describe_quotas
from coalition.api.responses import ProblemBody
from coalition.api.routes import (
    access,
    authoring,
    batches,
    bulk,
    members,
    oauth,
    occasions,
    operations,
    partner,
    posting,
    previews,
    statements,
    status,
    till,
    tills,
)
from coalition.api.routes import campaigns as campaign_routes
from coalition.api.routes import events as event_routes
from coalition.api.routes import webhooks as webhook_routes
from coalition.api.security import describe_security
from coalition.api.turns import Turns

__all__ = ["create_app"]

DESCRIPTION = """
One loyalty ledger for many merchants. Every operation names the partner's own **receipt**, which counts once for ever:
send the same request again after any doubt, and the first answer comes back.

Answers are confirmed outcomes. Amounts are whole numbers, money in minor units, times RFC 3339. Errors are
`application/problem+json` with a stable `code`.
"""


def create_app(context: Context) -> FastAPI:
    """Return the ASGI application over the parts of `context`."""
    app = FastAPI(
        title="Coalition ledger",
        version=__version__,
        description=DESCRIPTION.strip(),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.context = context
    app.add_middleware(Turns)
    handle_errors(app)
    for part in (
        posting,
        bulk,
        batches,
        tills,
        previews,
        operations,
        members,
        till,
        partner,
        statements,
        authoring,
        occasions,
        campaign_routes,
        access,
        event_routes,
        webhook_routes,
    ):
        app.include_router(part.router, prefix="/v1")
    app.include_router(oauth.router)
    app.include_router(status.router)
    app.include_router(docs.router)
    _describe(app)
    app.add_middleware(Gated, gate=context.gate)
    app.add_middleware(Observing, telemetry=context.telemetry)
    return app


def _describe(app: FastAPI) -> None:
    """Add to the OpenAPI document what routes only refer to, and leave out what FastAPI assumes of errors."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            for body in (ProblemBody, *SCHEMAS, *oauth.SCHEMAS):
                definition = body.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas |= definition.pop("$defs", {})
                schemas[body.__name__] = definition
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            describe_security(document)
            describe_quotas(document)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI has it extended
