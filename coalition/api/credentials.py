"""API keys of partners: shown once, kept as hashes.

A key is `ck_<id>_<secret><checksum>`: 12 letters and digits that name it, 43 that carry 256 random bits, and six of a
CRC-32 over all that stands before, so that a scanner for leaked secrets can tell a key from a look-alike and a typing
error is seen at once. A fast hash (SHA-256) is enough: slow ones protect secrets that people choose, and 256 random
bits cannot be guessed at any speed.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from coalition.errors import AccessDenied, InputError, NotFound, SetupError, StorageFull

__all__ = ["Credential", "CredentialStore"]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY = re.compile(r"ck_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})", re.ASCII)
LABEL_MAX = 80


@dataclass(frozen=True, slots=True)
class Credential:
    """What is kept of a key. `sha256` in hexadecimal; times in Unix seconds of this machine."""

    id: str
    partner: int
    label: str
    sha256: str
    created_at: int
    revoked_at: int | None = None


class CredentialStore:
    """Credentials in one JSON file (mode 0600), shared by the processes of one machine.

    `path` is that file. Writers take turns by a lock beside it and replace it whole; readers see a change at their next
    look.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._by_id: dict[str, Credential] = {}

    def issue(self, partner: int, label: str) -> str:
        """Make a key for a partner and return it. It is not kept: this is the only time it is seen.

        Raises:
            InputError: `label_invalid` if the label is not 1 to 80 printable characters.
            StorageFull: it could not be written down.
        """
        if not 0 < len(label) <= LABEL_MAX or not label.isprintable():
            raise InputError(f"A label has 1 to {LABEL_MAX} printable characters.", code="label_invalid")
        name = "".join(secrets.choice(ALPHABET) for _ in range(12))
        start = f"ck_{name}_{_base62(secrets.randbits(256), 43)}"
        key = start + _checksum(start)
        credential = Credential(name, partner, label, _hash(key), int(time.time()))
        with self._changing() as by_id:
            by_id[name] = credential
        return key

    def revoke(self, credential_id: str) -> Credential:
        """Make a key useless from now on; once revoked, it stays so from the first time.

        Raises:
            NotFound: `credential_unknown`.
            StorageFull: it could not be written down.
        """
        with self._changing() as by_id:
            found = by_id.get(credential_id)
            if found is None:
                raise NotFound("There is no key of that id.", code="credential_unknown")
            if found.revoked_at is None:
                by_id[credential_id] = replace(found, revoked_at=int(time.time()))
            return by_id[credential_id]

    def all(self, partner: int | None = None) -> list[Credential]:
        """Return the credentials of one partner, or all, the oldest first."""
        found = [one for one in self._current().values() if partner in (None, one.partner)]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    def partner_of(self, key: str) -> int:
        """Return the number of the partner that a key speaks for.

        Raises:
            AccessDenied: `credential_invalid` or `credential_revoked`.
        """
        shape = KEY.fullmatch(key)
        if shape is None or not hmac.compare_digest(_checksum(key[:-6]), shape[2]):
            raise AccessDenied("This is not an API key, or it has a typing error.", code="credential_invalid")
        found = self._current().get(shape[1])
        known = found.sha256 if found is not None else "0" * 64
        if not hmac.compare_digest(_hash(key), known) or found is None:
            raise AccessDenied("This API key is not known here.", code="credential_invalid")
        if found.revoked_at is not None:
            raise AccessDenied("This API key was revoked. Ask for a new one.", code="credential_revoked")
        return found.partner

    def _current(self) -> dict[str, Credential]:
        seen = self._look()
        if seen != self._seen:
            with self._lock:
                self._by_id, self._seen = self._read(), seen
        return self._by_id

    def _look(self) -> tuple[int, ...]:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> dict[str, Credential]:
        try:
            rows: list[dict[str, Any]] = json.loads(self.path.read_bytes())["credentials"]
            return {row["id"]: Credential(**row) for row in rows}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(f"{self.path} cannot be read as the list of API keys: {error}") from error

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Credential]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(_beside(self.path, ".lock"), "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                by_id = self._read()
                yield by_id
                self._write(by_id)
        except OSError as error:
            raise StorageFull(f"The list of API keys could not be written: {error.strerror}.") from error

    def _write(self, by_id: dict[str, Credential]) -> None:
        fresh = _beside(self.path, ".new")
        content = json.dumps({"credentials": [asdict(one) for one in by_id.values()]}, indent=1)
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(start: str) -> str:
    return _base62(zlib.crc32(start.encode()), 6)


def _base62(number: int, digits: int) -> str:
    text = ""
    while len(text) < digits:
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return text
