"""Keys in files."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest
from eth_account import Account

from coalition.chain.keystore import Keystore
from coalition.errors import SetupError, StorageFull

PASSPHRASE = "correct horse"


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "keys", PASSPHRASE)


def code_of(work: Any) -> str:
    with pytest.raises(SetupError) as refused:
        work()
    assert PASSPHRASE not in refused.value.message
    return refused.value.code


def test_a_key_comes_back(keystore: Keystore, tmp_path: Path) -> None:
    made = keystore.create("operator")

    again = Keystore(tmp_path / "keys", PASSPHRASE)

    assert again.signer("operator").address == made.address == again.address("operator")
    assert again.signer("operator").sign(b"1" * 32) == made.sign(b"1" * 32)
    assert again.signer("operator") is again.signer("operator")
    assert again.names() == ["operator"]


def test_other_tools_read_the_file(keystore: Keystore, tmp_path: Path) -> None:
    made = keystore.create("operator")
    file = tmp_path / "keys" / "operator.json"

    key = Account.decrypt(file.read_text(), PASSPHRASE)

    assert Account.from_key(key).address == made.address
    assert orjson.loads(file.read_bytes())["crypto"]["kdfparams"]["n"] == 1 << 14


def test_only_the_owner_reads_the_files(keystore: Keystore, tmp_path: Path) -> None:
    keystore.create("operator")
    folder = tmp_path / "keys"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


def test_a_key_is_never_overwritten(keystore: Keystore, tmp_path: Path) -> None:
    made = keystore.create("operator")

    assert code_of(lambda: keystore.create("operator")) == "key_exists"
    assert Keystore(tmp_path / "keys", PASSPHRASE).signer("operator").address == made.address


def test_two_that_create_at_once_do_not_overwrite(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keystore.create("operator")
    before = (tmp_path / "keys" / "operator.json").read_bytes()
    monkeypatch.setattr(Path, "exists", lambda _: False)

    assert code_of(lambda: keystore.create("operator")) == "key_exists"
    assert [file.read_bytes() for file in (tmp_path / "keys").iterdir()] == [before]


def test_the_wrong_passphrase(keystore: Keystore, tmp_path: Path) -> None:
    keystore.create("operator")

    assert code_of(lambda: Keystore(tmp_path / "keys", "wrong").signer("operator")) == "passphrase_wrong"
    assert code_of(lambda: Keystore(tmp_path / "keys", "")) == "passphrase_missing"


@pytest.mark.parametrize("name", ["", "Operator", "../operator", "a/b", ".hidden", "a b", "a" * 64, "é", "a.json"])
def test_names_are_checked(keystore: Keystore, name: str) -> None:
    for work in (keystore.create, keystore.signer, keystore.address):
        assert code_of(lambda work=work: work(name)) == "key_name_invalid"


def test_a_missing_key(keystore: Keystore) -> None:
    assert keystore.names() == []
    assert code_of(lambda: keystore.signer("operator")) == "key_missing"
    assert code_of(lambda: keystore.address("operator")) == "key_missing"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"version": 3}', b'{"version": 9, "crypto": {}}'])
def test_a_damaged_file(keystore: Keystore, tmp_path: Path, content: bytes) -> None:
    keystore.create("operator")
    (tmp_path / "keys" / "operator.json").write_bytes(content)
    opened_anew = Keystore(tmp_path / "keys", PASSPHRASE)

    assert code_of(lambda: opened_anew.signer("operator")) == "key_damaged"
    assert code_of(lambda: opened_anew.address("operator")) == "key_damaged"


@pytest.mark.parametrize("failing", ["fsync", "link"])
def test_a_full_disk_leaves_nothing(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(StorageFull):
        keystore.create("operator")
    monkeypatch.undo()

    assert list((tmp_path / "keys").iterdir()) == []
    assert keystore.names() == []
    assert keystore.create("operator").address == keystore.address("operator")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert code_of(lambda: Keystore(tmp_path / "file" / "keys", PASSPHRASE).create("a")) == "keystore_unwritable"


def test_nothing_secret_shows(keystore: Keystore) -> None:
    signer = keystore.create("operator")

    assert PASSPHRASE not in repr(keystore) and "KeySigner(address=" in repr(signer)
