"""The yardstick: a double-entry ledger in PostgreSQL behind the same routes, as a good engineer would write it.

The same FastAPI, the same strict reading of bodies, the same API keys, the same answers. A purchase is one statement, hence one
transaction and one round trip: a unique receipt, the member's balance with its check, two entries. Of a bulk request one
statement takes 500; it takes hold of its accounts in one order, so that no two of them wait for each other. The partner's side is
entries only, without a balance of its own, so that purchases of one partner do not queue for one row. What it lacks is what this
project is for: campaigns, expiry, several owners, proof.

`postgres_app.py DSN KEYS` (both are addresses of databases); its own address is written to standard output.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import psycopg
import sqlalchemy as sa
import uvicorn
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response, StreamingResponse

from coalition.access import Access
from coalition.api.asking import OperationRequest, asked_of
from coalition.api.bodies import DirectRoute, StrictRoute, parse
from coalition.api.bulk_bodies import BulkEndBody, BulkLineBody, BulkSummaryBody, read_line
from coalition.api.context import bearer
from coalition.api.errors import document_of, handle_errors
from coalition.api.render import json_response
from coalition.api.requests import EarnRequest
from coalition.api.responses import OperationBody, ProblemBody
from coalition.api.times import rfc3339
from coalition.errors import AccessDenied, CoalitionError, NotFound, ReceiptConflict, Refused
from coalition.index.partners import PartnerRow
from coalition.service.asked import Asked, Asking
from coalition.service.partners import PartnerDirectory

CONNECTIONS = 16
STATEMENT_ROWS = 500
RATE_BPS = 100
SCHEMA = """
CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address text NOT NULL UNIQUE,
  balance bigint NOT NULL DEFAULT 0 CHECK (balance >= 0)
);
CREATE TABLE purchases (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partner integer NOT NULL,
  receipt text NOT NULL,
  account bigint NOT NULL REFERENCES accounts,
  spend_minor bigint NOT NULL,
  points bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (partner, receipt)
);
CREATE TABLE entries (
  purchase bigint NOT NULL REFERENCES purchases,
  account bigint REFERENCES accounts,
  partner integer,
  points bigint NOT NULL
);
CREATE INDEX entries_of_account ON entries (account);
"""
EARN = """
WITH held AS MATERIALIZED (
  SELECT id, address FROM accounts WHERE address = ANY (%(addresses)s) ORDER BY id FOR NO KEY UPDATE
), wanted AS (
  SELECT * FROM unnest(%(receipts)s::text[], %(addresses)s::text[], %(spends)s::bigint[]) AS w (receipt, address, spend_minor)
), new AS (
  INSERT INTO purchases (partner, receipt, account, spend_minor, points)
  SELECT %(partner)s, w.receipt, held.id, w.spend_minor, w.spend_minor * %(rate)s / 10000
  FROM wanted w JOIN held ON held.address = w.address
  ON CONFLICT (partner, receipt) DO NOTHING
  RETURNING id, receipt, account, spend_minor, points, at
), moved AS (
  UPDATE accounts SET balance = balance + gain.points
  FROM (SELECT account, sum(points) AS points FROM new GROUP BY account) AS gain WHERE accounts.id = gain.account
), written AS (
  INSERT INTO entries (purchase, account, partner, points)
  SELECT id, account, NULL, points FROM new UNION ALL SELECT id, NULL, %(partner)s, -points FROM new
)
SELECT receipt, id, points, extract(epoch FROM at)::bigint FROM new
"""
BEFORE = """
SELECT p.receipt, p.id, p.points, extract(epoch FROM p.at)::bigint, a.address, p.spend_minor
FROM purchases p JOIN accounts a ON a.id = p.account WHERE p.partner = %s AND p.receipt = ANY (%s)
"""
Row = tuple[str, int, int, int]


class Ledger:
    """The tables, and some connections to them."""

    def __init__(self) -> None:
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()

    async def open(self, dsn: str) -> None:
        """Connect."""
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await psycopg.AsyncConnection.connect(dsn, autocommit=True))

    async def earn(self, partner: int, wanted: Sequence[Asked]) -> list[OperationBody | CoalitionError]:
        """Count purchases, each once and each alone."""
        values = {
            "partner": partner,
            "rate": RATE_BPS,
            "receipts": [one.receipt for one in wanted],
            "addresses": [one.content["member"] for one in wanted],
            "spends": [one.content["spend_minor"] for one in wanted],
        }
        connection = await self._free.get()
        try:
            rows = await (await connection.execute(EARN, values)).fetchall()
            new = {row[0]: row for row in rows}
            missing = [one.receipt for one in wanted if one.receipt not in new]
            known = (await (await connection.execute(BEFORE, (partner, missing))).fetchall()) if missing else []
            before = {row[0]: row for row in known}
        finally:
            self._free.put_nowait(connection)
        return [_answer(one, new.get(one.receipt), before.get(one.receipt)) for one in wanted]


def _answer(asked: Asked, new: Row | None, before: tuple[Any, ...] | None) -> OperationBody | CoalitionError:
    if new is None and before is None:
        return Refused("The account is not a member's. Enrol it first.", code="member_unknown")
    if before is not None and before[4:] != (asked.content["member"], asked.content["spend_minor"]):
        return ReceiptConflict("This receipt was used before with other content.")
    row = new or before
    assert row is not None
    _, number, points, at = row[:4]
    return OperationBody(
        receipt=asked.receipt,
        kind="earn",
        status="accepted",
        member=asked.content["member"],
        spend_minor=asked.content["spend_minor"],
        currency="USD",
        points=points,
        confirmed_at=rfc3339(at),
        block=number,
        transaction=str(number),
        replayed=before is not None,
    )


class Partners(PartnerDirectory):
    """Every number is a partner here."""

    def __init__(self) -> None:
        self._row = PartnerRow(1, "", "partner", "USD", RATE_BPS)

    def find(self, partner: str | int) -> PartnerRow:
        """See the base class."""
        if not isinstance(partner, int):
            raise NotFound("There is no such partner.", code="partner_unknown")
        return self._row


ASKING = Asking(Partners())


def _asked(partner: int, body: OperationRequest) -> Asked:
    return asked_of(ASKING, partner, body, lambda: 0, _no_tokens)


def _no_tokens(*_: Any) -> str:
    raise NotFound("There are no till tokens here.", code="token_invalid")


@dataclass(frozen=True)
class Call:
    """Whose purchase, and where it is counted."""

    partner: int
    ledger: Ledger


class EarnRoute(DirectRoute):
    """The way by which the ledger's own route gets to its handler."""

    async def called(self, request: Request) -> Call:
        """As in the base class."""
        return await _call(request)


async def _call(request: Request) -> Call:
    return Call(await _partner_of(request), request.app.state.ledger)


async def _partner_of(request: Request) -> int:
    credential = await bearer(request)
    if credential is None:
        raise AccessDenied("Send Authorization: Bearer and the partner's API key.", code="credential_missing")
    access: Access = request.app.state.access
    text = credential.credentials
    grant = access.known(text) or await to_thread.run_sync(access.looked_up, text)
    access.limits.take(grant.credential)
    return grant.credential.partner


Partner = Annotated[int, Depends(_partner_of)]
earning = APIRouter(prefix="/v1", route_class=EarnRoute)
router = APIRouter(prefix="/v1", route_class=StrictRoute)


@earning.post("/earn", response_model=None)
async def earn(call: Annotated[Call, Depends(_call)], body: EarnRequest) -> Response:
    """Count a purchase."""
    (found,) = await call.ledger.earn(call.partner, [_asked(call.partner, body)])
    if isinstance(found, CoalitionError):
        raise found
    return json_response(found, 200 if found.replayed else 201, {"Location": f"/v1/operations/{found.receipt}"})


@router.post("/operations", response_model=None)
async def bulk(request: Request, partner: Partner) -> Response:
    """Count many purchases."""
    lines = [line for line in (await request.body()).split(b"\n") if line.strip()]
    return StreamingResponse(_bulk(request.app.state.ledger, partner, lines), media_type="application/x-ndjson")


def create_app(dsn: str, access: Access) -> FastAPI:
    """Return the application."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await app.state.ledger.open(dsn)
        yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.ledger, app.state.access = Ledger(), access
    handle_errors(app)
    app.include_router(earning)
    app.include_router(router)
    return app


async def _bulk(ledger: Ledger, partner: int, lines: list[bytes]) -> AsyncIterator[bytes]:
    codes: dict[str, int] = {}
    accepted = replayed = points = 0
    for start in range(0, len(lines), STATEMENT_ROWS):
        asked: list[Asked | CoalitionError] = []
        for line in lines[start : start + STATEMENT_ROWS]:
            try:
                asked.append(_asked(partner, read_line(parse(line))))
            except CoalitionError as error:
                asked.append(error)
        decided = iter(await ledger.earn(partner, [one for one in asked if isinstance(one, Asked)]))
        bodies = []
        for number, one in enumerate(asked, start + 1):
            found = next(decided) if isinstance(one, Asked) else one
            if isinstance(found, CoalitionError):
                codes[found.code] = codes.get(found.code, 0) + 1
                bodies.append(BulkLineBody(line=number, problem=ProblemBody(**document_of(found))))
            else:
                accepted, replayed = accepted + (not found.replayed), replayed + bool(found.replayed)
                points += 0 if found.replayed else found.points or 0
                bodies.append(BulkLineBody(line=number, receipt=found.receipt, operation=found))
        yield b"".join(body.model_dump_json(exclude_unset=True).encode() + b"\n" for body in bodies)
    summary = BulkSummaryBody(
        lines=len(lines),
        accepted=accepted,
        replayed=replayed,
        refused=sum(codes.values()),
        unfinished=0,
        by_code=codes,
        points_issued=points,
        points_awarded=0,
    )
    yield BulkEndBody(summary=summary).model_dump_json(exclude_unset=True).encode() + b"\n"


def main() -> None:
    """Serve until SIGTERM."""
    dsn, access = sys.argv[1], Access(sa.create_engine(sys.argv[2]))
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        create_app(dsn, access), http="httptools", log_level="warning", access_log=False, server_header=False
    )
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
