"""Till tokens: what a member shows at a till in place of its account, for minutes.

A token has two forms that stand for the same: a text for a QR code, and a number to read out. Only hashes of both are kept. Which
token a receipt came with is kept for good, so that a retry is the same request also when the token has expired, and so that nobody
is told the account afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, or_, select, text

from coalition.errors import AccessDenied, InputError, Unavailable
from coalition.submit.storage import Storage
from coalition.submit.tables import till_tokens, token_guesses, token_receipts

__all__ = ["TOKEN_SECONDS", "IssuedToken", "TillTokens", "TokenRequest"]

TOKEN_SECONDS = 300
TOKENS_OF_MEMBER_MAX = 20
GUESSES_A_MINUTE_MAX = 30
RANDOM_DIGITS = 10
CHECK = 97
QR = re.compile(r"LT-[A-Z2-7]{26}", re.ASCII)
NUMBER = re.compile(r"\d{12}", re.ASCII)
ROWS_A_QUERY = 400
MINUTE = 60
_ISSUE = text(
    f"INSERT INTO {till_tokens.name} (qr_hash, number_hash, proof_hash, member, expires_at) "
    "VALUES (:qr_hash, :number_hash, :proof_hash, :member, :expires_at) ON CONFLICT DO NOTHING"
)
_BIND = text(
    f"INSERT INTO {token_receipts.name} (partner, receipt, token_hash, request, member) "
    "VALUES (:partner, :receipt, :token_hash, :request, :member) ON CONFLICT (partner, receipt) DO UPDATE SET "
    "token_hash = excluded.token_hash, request = excluded.request, member = excluded.member"
)
_COUNT = text(
    f"INSERT INTO {token_guesses.name} (partner, minute, failures) VALUES (:partner, :minute, 1) "
    f"ON CONFLICT (partner, minute) DO UPDATE SET failures = {token_guesses.name}.failures + 1"
)
t, r, g = till_tokens.c, token_receipts.c, token_guesses.c


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as its member gets it, this once. `expires_at` in Unix seconds of this machine."""

    qr: str
    number: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request that comes with a token: the number of its receipt, and SHA-256 of what it asks for."""

    receipt: int
    content: bytes


class TillTokens:
    """Tokens beside the outbox, shared by the nodes of one database. `clock` tells Unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._storage = Storage(engine)
        self.clock = clock

    def issue(self, member: str, proof: bytes | None = None) -> IssuedToken:
        """Make a token for an account. `proof` is the signature that asked for it, good for one token.

        Raises:
            AccessDenied: `token_proof_used`.
            Unavailable: `tokens_too_many`, if the member has 20 that count.
        """
        now = int(self.clock())
        proof_hash = None if proof is None else _hash(proof)
        with self._storage.transaction() as connection:
            connection.execute(delete(till_tokens).where(t.expires_at <= now))
            if (
                proof_hash is not None
                and connection.execute(select(t.qr_hash).where(t.proof_hash == proof_hash)).first()
            ):
                raise AccessDenied("This signature got its token before. Sign again.", code="token_proof_used")
            if len(connection.execute(select(t.qr_hash).where(t.member == member)).all()) >= TOKENS_OF_MEMBER_MAX:
                raise Unavailable("The member has many tokens already. They expire in minutes.", code="tokens_too_many")
            while True:
                made = IssuedToken(_new_qr(), _new_number(), now + TOKEN_SECONDS)
                row: dict[str, Any] = {"proof_hash": proof_hash, "member": member, "expires_at": made.expires_at}
                row |= {"qr_hash": _hash(made.qr.encode()), "number_hash": _hash(made.number.encode())}
                if connection.execute(_ISSUE, row).rowcount == 1:
                    return made

    def account(self, partner: int, token: str, request: TokenRequest | None = None) -> str:
        """Return the account for which a token stands, at a partner's till.

        A `request` that came with it while it counted may come again, unchanged, also after it expired.

        Raises:
            InputError: `token_malformed`: it is none, or has a typing error; `token_invalid`: it is not known, or has expired.
            Unavailable: `token_guesses_too_many`: the partner has tried too many numbers within a minute.
        """
        shown = _form(token)
        hashed, now = _hash(shown.encode()), int(self.clock())
        with self._storage.transaction() as connection:
            if request is not None:
                before = select(r.member).where(
                    r.partner == partner,
                    r.receipt == request.receipt.to_bytes(32),
                    r.token_hash == hashed,
                    r.request == request.content,
                )
                known = connection.execute(before).scalar()
                if known is not None:
                    return str(known)
            if shown.isdecimal():
                self._check_guesses(connection, partner, now)
            counting = select(t.member).where(or_(t.qr_hash == hashed, t.number_hash == hashed), t.expires_at > now)
            member = connection.execute(counting).scalar()
            if member is None and shown.isdecimal():
                connection.execute(_COUNT, {"partner": partner, "minute": now // MINUTE})
            if member is not None and request is not None:
                bound = {"partner": partner, "receipt": request.receipt.to_bytes(32), "token_hash": hashed}
                connection.execute(_BIND, bound | {"request": request.content, "member": member})
        if member is None:
            raise InputError(
                "This token is not known, or has expired. Ask the member for a new one.", code="token_invalid"
            )
        return str(member)

    def hidden(self, partner: int, receipts: Iterable[int]) -> set[int]:
        """Return those of a partner's receipts that came with a token."""
        keys = sorted({receipt.to_bytes(32) for receipt in receipts})
        found: set[int] = set()
        for start in range(0, len(keys), ROWS_A_QUERY):
            question = select(r.receipt).where(r.partner == partner, r.receipt.in_(keys[start : start + ROWS_A_QUERY]))
            with self._storage.transaction() as connection:
                found |= {int.from_bytes(key) for key in connection.execute(question).scalars()}
        return found

    def close(self) -> None:
        """Close the database."""
        self._storage.close()

    def _check_guesses(self, connection: Connection, partner: int, now: int) -> None:
        connection.execute(delete(token_guesses).where(g.minute < now // MINUTE))
        question = select(g.failures).where(g.partner == partner, g.minute == now // MINUTE)
        if (connection.execute(question).scalar() or 0) >= GUESSES_A_MINUTE_MAX:
            raise Unavailable(
                "Too many wrong numbers within a minute. Scan the code, or try again later.",
                code="token_guesses_too_many",
            )


def _form(token: str) -> str:
    """The token as it was made: a number may be written in groups, and a QR text in small letters."""
    written = re.sub(r"[ -]", "", token)
    if NUMBER.fullmatch(written):
        if int(written) % CHECK != 1:
            raise InputError("The number has a typing error: its check digits do not match.", code="token_malformed")
        return written
    qr = token.strip().upper()
    if not QR.fullmatch(qr):
        raise InputError("A till token is 12 digits, or the text of its QR code.", code="token_malformed")
    return qr


def _new_qr() -> str:
    return "LT-" + base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=")


def _new_number() -> str:
    """Ten random digits and two that check them (ISO 7064, MOD 97-10)."""
    digits = secrets.randbelow(10**RANDOM_DIGITS)
    return f"{digits:0{RANDOM_DIGITS}}{CHECK + 1 - digits * 100 % CHECK:02}"


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
