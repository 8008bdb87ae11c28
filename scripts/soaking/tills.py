"""The load of a soak: tills that earn, redeem, hold, capture, release, reverse and refund, one by one and in bulk, now or when a
return window ends; and tills without a line, whose vouchers are handed in at two nodes at once.

Each request is sent to a node at random, sometimes late, sometimes twice at once, sometimes with an `Idempotency-Key`. What
had no answer is sent again a few times, mixed among later ones, and then given up: nobody may know what became of it but the
ledger.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from coalition.chain.signer import KeySigner
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Purpose
from coalition.till import Till
from soaking.nodes import Node

__all__ = ["Asked", "Load", "Partner"]

ATTEMPTS_MAX = 8
WAIT_SECONDS = 6
TIMEOUT_SECONDS = 12.0
BULK_SIZES = (5, 120)
DELAY_SECONDS = 1.5
UNHEARD_SECONDS = 0.3
FOLLOWED_MAX = 400
DEADLINE_SECONDS = 20 * 86_400
VOUCHERS_MAX = 6
PENDING_SECONDS = (2, 20)
PENDING_LONG_SECONDS = 86_400
MIX = {
    "earn": 40,
    "bulk": 6,
    "redeem": 12,
    "hold": 12,
    "capture": 8,
    "release": 4,
    "reverse": 8,
    "refund": 6,
    "conflict": 4,
    "pending": 4,
    "vouchers": 4,
}


@dataclass(frozen=True)
class Partner:
    """A partner, and the API key of its tills."""

    number: int
    key: str


@dataclass(eq=False)
class Asked:
    """One operation that a till wants. `answer` is the acknowledged one, `refusal` the code of a final no.

    `voucher` is how a till without a line signed it, `due_at` (Unix s) when it is to earn, if not at once.
    """

    partner: Partner
    kind: str
    body: dict[str, Any]
    idempotency_key: str | None = None
    attempts: int = 0
    answer: dict[str, Any] | None = None
    refusal: str | None = None
    voucher: dict[str, Any] | None = None
    due_at: int = 0
    first_seconds: float = field(default_factory=time.monotonic)

    @property
    def receipt(self) -> str:
        """The partner's text for it."""
        return str(self.body["receipt"])


class Load:
    """All tills. `asked` is everything that was ever sent, `surprises` are answers that should not be."""

    def __init__(
        self,
        nodes: Sequence[Node],
        partners: Sequence[Partner],
        members: Sequence[KeySigner],
        domain: Domain,
        offline: Sequence[tuple[Partner, Till]],
        seed: int,
    ) -> None:
        self.asked: list[Asked] = []
        self.statuses: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.rivals: list[tuple[Asked, Asked]] = []
        self.seconds: list[float] = []
        self._nodes = nodes
        self._partners = partners
        self._members = members
        self._domain = domain
        self._offline = offline
        self._chance = random.Random(f"{seed} tills")
        self._numbers = 0
        self._again: deque[Asked] = deque()
        self._earned: deque[Asked] = deque(maxlen=FOLLOWED_MAX)
        self._redeemed: deque[Asked] = deque(maxlen=FOLLOWED_MAX)
        self._held: deque[Asked] = deque(maxlen=FOLLOWED_MAX)

    async def run(self, seconds: float, tills: int) -> None:
        """Let so many tills work at once for so long."""
        until = time.monotonic() + seconds
        limits = httpx.Limits(max_connections=4 * tills, max_keepalive_connections=tills)
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits) as http:
            await asyncio.gather(*(self._till(http, until) for _ in range(tills)))

    async def _till(self, http: httpx.AsyncClient, until: float) -> None:
        while time.monotonic() < until:
            if self._again and self._chance.random() < 0.5:
                await self._send([self._again.popleft()], http)
                continue
            (kind,) = self._chance.choices(list(MIX), list(MIX.values()))
            wanted = self._wanted(kind)
            if kind == "conflict":
                await self._send_rivals(wanted, http)
            elif wanted:
                if self._chance.random() < 0.1:
                    await asyncio.sleep(self._chance.uniform(0, DELAY_SECONDS))
                await self._send(wanted, http)
            await asyncio.sleep(self._chance.uniform(0, 0.02))

    # ---- what is wanted

    def _wanted(self, kind: str) -> list[Asked]:
        partner = self._chance.choice(self._partners)
        match kind:
            case "bulk":
                wanted = [self._earn(partner) for _ in range(self._chance.randint(*BULK_SIZES))]
            case "redeem" | "hold":
                wanted = [self._pays(partner, kind)]
            case "capture" | "release":
                wanted = self._ends(kind)
            case "reverse" | "refund":
                wanted = self._corrects(kind)
            case "pending":
                wanted = [self._later(self._earn(partner))]
            case "vouchers":
                wanted = self._signed(self._chance.randint(1, VOUCHERS_MAX))
            case "conflict":
                one = self._earn(partner)
                wanted = [one, Asked(partner, "earn", one.body | {"spend_minor": one.body["spend_minor"] + 1})]
            case _:
                wanted = [self._earn(partner)]
        return wanted

    def _receipt(self) -> str:
        self._numbers += 1
        return str(self._numbers) if self._numbers % 3 else f"shop/{self._numbers}"

    def _earn(self, partner: Partner) -> Asked:
        member = self._chance.choice(self._members).address
        body = {"member": member, "receipt": self._receipt(), "spend_minor": self._chance.randrange(100, 20_000)}
        return self._asked(partner, "earn", body)

    def _later(self, earn: Asked) -> Asked:
        """Let a purchase earn a little later, or a day later, which this soak does not see."""
        long = self._chance.random() < 0.1
        earn.due_at = int(time.time()) + (PENDING_LONG_SECONDS if long else self._chance.randint(*PENDING_SECONDS))
        earn.body["pending_until"] = _time(earn.due_at)
        return earn

    def _signed(self, times: int) -> list[Asked]:
        partner, till = self._chance.choice(self._offline)
        return [self._voucher(partner, till) for _ in range(times)]

    def _voucher(self, partner: Partner, till: Till) -> Asked:
        """Let a till without a line sign: mostly a purchase, sometimes points that the member allows."""
        member = self._chance.choice(self._members).address
        if self._chance.random() < 0.25:
            slip = till.redeem(member, self._chance.randrange(1, 9))
        else:
            slip = till.earn(member, self._chance.randrange(100, 20_000))
        shown = dict(slip.voucher.members())
        body = {name: shown[name] for name in ("member", "spend_minor", "points") if name in shown}
        shown["issued_at"], shown["signature"] = (
            _time(slip.voucher.issued_at.timestamp()),
            "0x" + shown["signature"].hex(),
        )
        return Asked(partner, slip.voucher.kind, body | {"receipt": slip.voucher.receipt}, voucher=shown)

    def _pays(self, partner: Partner, kind: str) -> Asked:
        member, receipt, points = self._chance.choice(self._members), self._receipt(), self._chance.randrange(1, 9)
        deadline = int(time.time()) + DEADLINE_SECONDS
        purpose = Purpose.REDEEM if kind == "redeem" else Purpose.HOLD
        digest = authorization_digest(
            self._domain, member.address, partner.number, points, receipt_number(receipt), purpose, deadline
        )
        body = {
            "member": member.address,
            "receipt": receipt,
            "points": points,
            "deadline": _time(deadline),
            "signature": "0x" + member.sign(digest).hex(),
        }
        return self._asked(partner, kind, body)

    def _ends(self, kind: str) -> list[Asked]:
        if not self._held:
            return []
        hold = self._held.popleft()
        body: dict[str, Any] = {"receipt": hold.receipt}
        if kind == "capture":
            body["points"] = self._chance.randint(1, hold.body["points"])
        return [self._asked(hold.partner, kind, body)]

    def _corrects(self, kind: str) -> list[Asked]:
        originals = self._earned if kind == "reverse" else self._redeemed
        if not originals:
            return []
        original = originals.popleft()
        name = "spend_minor" if kind == "reverse" else "points"
        body = {"receipt": self._receipt(), "original_receipt": original.receipt}
        if self._chance.random() < 0.5:
            body[name] = self._chance.randint(1, original.body[name])
        return [self._asked(original.partner, kind, body)]

    def _asked(self, partner: Partner, kind: str, body: dict[str, Any]) -> Asked:
        key = f"key-{self._chance.randrange(1 << 60):x}" if self._chance.random() < 0.3 else None
        return Asked(partner, kind, body, key)

    # ---- how it is sent

    async def _send(self, wanted: list[Asked], http: httpx.AsyncClient) -> None:
        self.asked += [one for one in wanted if not one.attempts]
        for one in wanted:
            one.attempts += 1
        if wanted[0].voucher is not None:
            await self._hand_in(wanted, http)
        else:
            times = 2 if self._chance.random() < 0.15 else 1
            await asyncio.gather(*(self._post(wanted, http) for _ in range(times)))
        for one in wanted:
            if one.answer is None and one.refusal is None and one.attempts < ATTEMPTS_MAX:
                self._again.insert(self._chance.randint(0, len(self._again)), one)

    async def _send_rivals(self, wanted: list[Asked], http: httpx.AsyncClient) -> None:
        """The same receipt with two contents, at once: one of them counts, if any."""
        one, other = wanted
        self.rivals.append((one, other))
        await asyncio.gather(self._send([one], http), self._send([other], http))

    async def _hand_in(self, wanted: list[Asked], http: httpx.AsyncClient) -> None:
        """Vouchers, at two nodes at once, in two orders: by the till, say, and by whoever scanned its receipts."""
        one, other = self._chance.sample(self._nodes, 2)
        await asyncio.gather(self._hand_in_at(one, wanted, http), self._hand_in_at(other, wanted[::-1], http))

    async def _hand_in_at(self, node: Node, wanted: list[Asked], http: httpx.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {wanted[0].partner.key}", "Prefer": f"wait={WAIT_SECONDS}"}
        vouchers = [one.voucher for one in wanted]
        try:
            answer = await http.post(f"{node.url}/v1/vouchers", json={"vouchers": vouchers}, headers=headers)
        except httpx.HTTPError as error:
            await self._unheard(error)
            return
        self.statuses[str(answer.status_code)] += 1
        if answer.status_code == httpx.codes.OK:
            for one, line in zip(wanted, answer.json()["vouchers"], strict=True):
                found = line.get("operation") or line["problem"]
                self._told(one, 201 if "operation" in line else found["status"], found)
        elif answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            self._surprise(wanted[0], answer.status_code, answer.text)

    async def _post(self, wanted: list[Asked], http: httpx.AsyncClient) -> None:
        node = self._chance.choice(self._nodes)
        first, is_bulk = wanted[0], len(wanted) > 1
        headers = {"Authorization": f"Bearer {first.partner.key}", "Prefer": f"wait={WAIT_SECONDS}"}
        if first.idempotency_key and not is_bulk:
            headers["Idempotency-Key"] = first.idempotency_key
        if is_bulk and self._chance.random() < 0.5:
            content = b"".join(json.dumps({"kind": one.kind, **one.body}).encode() + b"\n" for one in wanted)
            headers["Content-Type"] = "application/x-ndjson"
        else:
            content = json.dumps([{"kind": one.kind, **one.body} for one in wanted] if is_bulk else first.body).encode()
            headers["Content-Type"] = "application/json"
        path = "/v1/operations" if is_bulk else f"/v1/{first.kind}"
        try:
            answer = await http.post(f"{node.url}{path}", content=content, headers=headers)
        except httpx.HTTPError as error:
            await self._unheard(error)
            return
        self.statuses[str(answer.status_code)] += 1
        if not is_bulk:
            self._told(first, answer.status_code, _json(answer.text))
        elif answer.status_code == httpx.codes.OK:
            self._told_lines(wanted, answer)
        elif answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            self._surprise(first, answer.status_code, answer.text)

    async def _unheard(self, error: httpx.HTTPError) -> None:
        self.statuses[type(error).__name__] += 1
        if isinstance(error, httpx.ConnectError):
            await asyncio.sleep(UNHEARD_SECONDS)  # a till whose line is down asks no faster than people pay

    def _told_lines(self, wanted: list[Asked], answer: httpx.Response) -> None:
        if answer.headers["content-type"] == "application/x-ndjson":
            lines = [_json(line) for line in answer.text.splitlines()]
        else:
            lines = _json(answer.text).get("lines", [])
        for line in lines:
            if "line" in line:
                found = line.get("operation") or line["problem"]
                self._told(wanted[line["line"] - 1], 201 if "operation" in line else found["status"], found)

    def _told(self, one: Asked, status: int, body: dict[str, Any]) -> None:
        if status in (200, 201) and one.due_at and body.get("status") in ("pending", "accepted"):
            one.answer = body  # of those nothing follows: whoever asked is not told when it counted
        elif status in (200, 201) and body.get("status") == "accepted":
            if one.answer is None:
                self.seconds.append(time.monotonic() - one.first_seconds)
                followed = {"earn": self._earned, "redeem": self._redeemed, "hold": self._held}.get(one.kind)
                if followed is not None:
                    followed.append(one)
            one.answer = body
        elif status in (409, 422, 404) and body.get("code") != "idempotency_key_in_use":
            one.refusal = str(body.get("code"))
        elif status not in (503, 202) and body.get("code") != "idempotency_key_in_use":
            self._surprise(one, status, str(body))

    def _surprise(self, one: Asked, status: int, text: str) -> None:
        self.surprises.append(f"{one.kind} {one.receipt}: {status} {text[:300]}")


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _json(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {}  # an answer that was cut off tells nothing
    return found
