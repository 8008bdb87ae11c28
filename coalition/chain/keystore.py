"""Keys in files: Web3 Secret Storage, version 3, as other tools write and read it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import threading
from contextlib import suppress
from pathlib import Path

import orjson
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from coalition.chain.addresses import checksummed
from coalition.chain.signer import KeySigner, random_key
from coalition.errors import SetupError, StorageFull

__all__ = ["Keystore"]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SCRYPT_ROUNDS = 1 << 14
FULL = (errno.ENOSPC, errno.EDQUOT)


class Keystore:
    """A folder of encrypted keys, one file a name, all under one passphrase. Safe for use from several threads."""

    def __init__(self, folder: Path, passphrase: str) -> None:
        if not passphrase:
            raise SetupError("The keystore needs a passphrase that is not empty.", code="passphrase_missing")
        self._folder = folder
        self._passphrase = passphrase
        self._open: dict[str, KeySigner] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Keystore({str(self._folder)!r})"

    def names(self) -> list[str]:
        """The names of the keys, in order."""
        return sorted(file.stem for file in self._folder.glob("*.json") if NAME.fullmatch(file.stem))

    def address(self, name: str) -> str:
        """The address that a key's file gives, without opening the key. Raises as `signer`."""
        digits = str(_content(self._file(name), name).get("address", "")).removeprefix("0x").lower()
        if not re.fullmatch(r"[0-9a-f]{40}", digits):
            raise _damaged(self._file(name), name)
        return checksummed(digits)

    def create(self, name: str) -> KeySigner:
        """Make a new key, store it, and return its signer. It is on the disk when this returns.

        Raises:
            SetupError: `key_name_invalid`, or `key_exists`: a key is never overwritten.
            StorageFull: there is no room for it; nothing is left behind.
        """
        file = self._file(name)
        if file.exists():
            raise _exists(name)
        private_key = random_key()
        content = create_keyfile_json(private_key, self._passphrase, kdf="scrypt", iterations=SCRYPT_ROUNDS)
        self._write(file, name, orjson.dumps(content))
        with self._lock:
            return self._open.setdefault(name, KeySigner(private_key))

    def signer(self, name: str) -> KeySigner:
        """Open a key.

        Raises:
            SetupError: `key_name_invalid`, `key_missing`, `key_damaged`, or `passphrase_wrong`.
        """
        file = self._file(name)
        with self._lock:
            if name not in self._open:
                self._open[name] = KeySigner(self._decrypted(file, name))
            return self._open[name]

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise SetupError(
                f"{name!r} cannot name a key. Use 1 to 63 small letters, digits, - and _.", code="key_name_invalid"
            )
        return self._folder / f"{name}.json"

    def _decrypted(self, file: Path, name: str) -> bytes:
        content = _content(file, name)
        try:
            private_key: bytes = decode_keyfile_json(content, self._passphrase)
        except ValueError as error:
            if "MAC" not in str(error):  # eth-keyfile has one type for a wrong passphrase and for damage
                raise _damaged(file, name) from None
            raise SetupError(
                f"The passphrase does not open the key {name!r}. Give the one with which the ledger was set up.",
                code="passphrase_wrong",
                name=name,
            ) from None
        except (KeyError, TypeError, NotImplementedError):  # what eth-keyfile raises for a file of another shape
            raise _damaged(file, name) from None
        return private_key

    def _write(self, file: Path, name: str, content: bytes) -> None:
        draft = file.with_name(f".{name}.{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_new(draft, content)
            os.link(draft, file)  # unlike a rename, never replaces
            _sync_folder(self._folder)
        except FileExistsError:
            raise _exists(name) from None
        except OSError as error:
            if error.errno not in FULL:
                raise SetupError(
                    f"The key {name!r} cannot be written to {self._folder} ({error.strerror}). Check its rights.",
                    code="keystore_unwritable",
                ) from None
            raise StorageFull(
                f"There is no room for the key {name!r} in {self._folder}. Make room, then try again."
            ) from None
        finally:
            with suppress(OSError):
                draft.unlink()


def _write_new(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _content(file: Path, name: str) -> dict[str, object]:
    try:
        content = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        raise SetupError(
            f"There is no key {name!r} in {file.parent}. Restore it from a backup, or create it.",
            code="key_missing",
            name=name,
        ) from None
    except (OSError, orjson.JSONDecodeError):
        raise _damaged(file, name) from None
    if not isinstance(content, dict):
        raise _damaged(file, name)
    return content


def _exists(name: str) -> SetupError:
    return SetupError(f"There is a key {name!r} already; it is not overwritten.", code="key_exists", name=name)


def _damaged(file: Path, name: str) -> SetupError:
    return SetupError(
        f"The file {file} of the key {name!r} cannot be read. Restore it from a backup.", code="key_damaged", name=name
    )
