"""Health and readiness, for whoever runs the service. They need no key and tell no secret."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Ctx
from coalition.api.documents import readiness_problem
from coalition.api.errors import problem
from coalition.api.health import Check, Readiness
from coalition.api.render import json_response
from coalition.api.responses import CheckBody, HealthBody, ReadinessBody

__all__ = ["router"]

logger = logging.getLogger("coalition.api")
router = APIRouter(tags=["status"], route_class=StrictRoute)
READY: dict[int | str, dict[str, Any]] = {
    200: {"model": ReadinessBody, "description": "Operations can be taken."},
    **readiness_problem(),
}


@router.get("/health", summary="Does the process live?", response_model=None, responses={200: {"model": HealthBody}})
async def health() -> Response:
    """Answers as long as the process does. Restart it if this does not answer."""
    return json_response(HealthBody(status="ok"))


@router.get("/ready", summary="Can it do its work?", response_model=None, responses=READY)
async def ready(context: Ctx) -> Response:
    """Whether the chain answers, the read model keeps up, and operations can be written down. If not: no traffic."""
    found = await context.read(lambda: _checked(context))
    checks = [CheckBody(name=check.name, ok=check.ok, detail=check.detail) for check in found.checks]
    if found.ready:
        return json_response(ReadinessBody(status="ready", checks=checks))
    missing = ", ".join(check.name for check in found.checks if not check.ok)
    details = {"checks": [check.model_dump() for check in checks]}
    return problem(503, "not_ready", f"Not ready: {missing}.", details, {"Retry-After": "5"})


def _checked(context: Ctx) -> Readiness:
    try:
        return context.readiness()
    except Exception:
        logger.exception("the readiness check failed")
        return Readiness((Check("readiness", False, "the check itself failed; the log says why"),))
