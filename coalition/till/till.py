"""The till itself: it signs numbered vouchers, keeps them, and hands them in when there is a line.

A number is used up before its voucher is shown: the journal has the signed voucher by then. So whatever happens, a voucher that
somebody saw is handed in, and no number is given twice. Handing in is safe at any time and any number of times.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coalition.client import ApiError, Client, VoucherLine
from coalition.client import SignedVoucher as Voucher
from coalition.client.signing import KeySigner, sign_earn_voucher, sign_redeem_voucher
from coalition.client.signing import Till as Place
from coalition.till.journal import Journal

__all__ = ["Slip", "Standing", "Till"]

HANDED_IN_AT_ONCE = 100
LEDGER_SAYS = range(400, 500)
NOT_ABOUT_THE_VOUCHER = frozenset({401, 403, 408, 413, 415, 429})
"""Statuses that may be another tomorrow, without anything said of the voucher."""


@dataclass(frozen=True, slots=True)
class Slip:
    """One voucher and what is known of it: `open`, `accepted` with `points`, or `refused` with `code`."""

    voucher: Voucher
    state: str = "open"
    points: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in the journal. `last` is the highest number given, 0 if none was."""

    till: int
    key: str
    last: int
    open: int
    accepted: int
    refused: tuple[Slip, ...]


class Till:
    """A till whose journal and key are in a folder. `clock` tells the time."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Open a till that was set up.

        Raises:
            FileNotFoundError: it was not.
            JournalDamaged: the journal is not what was written.
        """
        self._clock = clock
        self._signer = KeySigner(bytes.fromhex((folder / "key").read_text().strip()))
        self._journal = Journal(folder / "journal")
        with self._journal.open():
            first = self._journal.records[0]["till"]
        self.currency: str = first["currency"]
        self.place = Place(first["partner"], first["till"], first["chain_id"], first["till_registry"])

    @classmethod
    def set_up(cls, folder: Path, client: Client, till: int) -> Till:
        """Make a till in a folder: a key, and whose till it is. This needs the line.

        Raises:
            FileExistsError: there is one.
            ApiError: the service cannot be asked.
        """
        me, known = client.me(), client.tills()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(32).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        place = {"partner": me.partner, "till": till, "chain_id": known.chain_id, "till_registry": known.till_registry}
        with Journal(folder / "journal").open() as journal:
            journal.append({"till": place | {"currency": me.currency}})
        return cls(folder)

    @property
    def key(self) -> str:
        """The address that the partner registers for this till."""
        return self._signer.address

    # ---- at the counter

    def earn(self, member: str, spend_minor: int) -> Slip:
        """Sign a voucher for a purchase of `spend_minor` minor units; it is on the disk when this returns."""
        return self._signed(
            lambda number, now: sign_earn_voucher(
                self._signer, self.place, number, member, spend_minor, self.currency, now
            )
        )

    def redeem(self, member: str, points: int) -> Slip:
        """Sign a voucher for points that the member allows; it is on the disk when this returns."""
        return self._signed(
            lambda number, now: sign_redeem_voucher(self._signer, self.place, number, member, points, now)
        )

    def _signed(self, sign: Callable[[int, datetime], Voucher]) -> Slip:
        with self._journal.open() as journal:
            voucher = sign(self._last() + 1, self._clock())
            journal.append({"voucher": _content(voucher)})
        return Slip(voucher)

    # ---- with a line

    def sync(self, client: Client, *, again: bool = False) -> Iterator[Slip]:
        """Hand in what is open, in portions, and give each outcome when it is in the journal.

        With `again`, also what was refused: the member may have more points by now.

        Raises:
            ApiError: the service cannot be reached, or does not take anything of this partner. What is open stays open.
        """
        waiting = [slip.voucher for slip in self.slips() if slip.state == "open" or (again and slip.state == "refused")]
        for start in range(0, len(waiting), HANDED_IN_AT_ONCE):
            portion = waiting[start : start + HANDED_IN_AT_ONCE]
            answer = client.hand_in(portion)
            yield from self._told(zip(portion, answer.vouchers, strict=True))

    def _told(self, lines: Iterable[tuple[Voucher, VoucherLine]]) -> Iterator[Slip]:
        for voucher, line in lines:
            slip = _outcome(voucher, line)
            if slip.state != "open":
                with self._journal.open() as journal:
                    outcome = {"state": slip.state, "points": slip.points, "code": slip.code}
                    journal.append({"outcome": {"number": voucher.number} | outcome})
            yield slip

    # ---- the journal

    def slips(self) -> list[Slip]:
        """Every voucher that was signed, and what is known of it."""
        with self._journal.open():
            records = list(self._journal.records)
        found: dict[int, Slip] = {}
        for record in records:
            if "voucher" in record:
                voucher = _voucher(record["voucher"])
                found[voucher.number] = Slip(voucher)
            elif "outcome" in record:
                told = record["outcome"]
                before = found[told["number"]]
                if before.state != "accepted":  # two that hand in at once may be told in any order
                    found[told["number"]] = Slip(before.voucher, told["state"], told["points"], told["code"])
        return list(found.values())

    def standing(self) -> Standing:
        """How things stand."""
        slips = self.slips()
        states = [slip.state for slip in slips]
        refused = tuple(slip for slip in slips if slip.state == "refused")
        last = max((slip.voucher.number for slip in slips), default=0)
        return Standing(self.place.till, self.key, last, states.count("open"), states.count("accepted"), refused)

    def _last(self) -> int:
        """The highest number given; the journal is held."""
        numbers = (record["voucher"]["number"] for record in reversed(self._journal.records) if "voucher" in record)
        return next(numbers, 0)


def _outcome(voucher: Voucher, line: VoucherLine) -> Slip:
    if line.operation is not None:
        return Slip(voucher, "accepted", points=line.operation.points)
    assert isinstance(line.problem, ApiError)
    status = line.problem.status
    if status in LEDGER_SAYS and status not in NOT_ABOUT_THE_VOUCHER:
        return Slip(voucher, "refused", code=line.problem.code)
    return Slip(voucher, code=line.problem.code)


def _content(voucher: Voucher) -> Mapping[str, Any]:
    shown = {"issued_at": voucher.issued_at.isoformat(), "signature": voucher.signature.hex()}
    return dict(voucher.members()) | shown


def _voucher(content: Mapping[str, Any]) -> Voucher:
    read = {
        "issued_at": datetime.fromisoformat(content["issued_at"]),
        "signature": bytes.fromhex(content["signature"]),
    }
    return Voucher(**dict(content) | read)
