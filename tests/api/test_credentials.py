"""API keys: seen once, kept as hashes, known to every process, useless once revoked."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from pathlib import Path

import pytest

from coalition.api import CredentialStore
from coalition.errors import AccessDenied, InputError, NotFound, SetupError, StorageFull
from tests.api.conftest import Till, code_of


def test_key_is_kept_as_a_hash_only(credentials: CredentialStore) -> None:
    key = credentials.issue(7, "till")
    assert re.fullmatch(r"ck_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", key)
    path = credentials.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_text()
    assert key not in content and key.split("_")[2] not in content
    (row,) = json.loads(content)["credentials"]
    assert (row["id"], row["partner"], row["label"], row["revoked_at"]) == (key[3:15], 7, "till", None)
    assert credentials.partner_of(key) == 7


def test_keys_differ(credentials: CredentialStore) -> None:
    keys = {credentials.issue(1, "till") for _ in range(20)}
    assert len(keys) == 20
    assert [one.partner for one in credentials.all(1)] == [1] * 20
    assert credentials.all(2) == []


def test_typing_errors_and_forgeries(credentials: CredentialStore) -> None:
    key = credentials.issue(1, "till")
    for place in range(len(key)):
        other = "x" if key[place] != "x" else "y"
        with pytest.raises(AccessDenied, match="not an API key") as caught:
            credentials.partner_of(key[:place] + other + key[place + 1 :])
        assert caught.value.code == "credential_invalid"
    elsewhere = CredentialStore(Path(os.devnull).parent / "nowhere" / "credentials.json")
    with pytest.raises(AccessDenied, match="not known"):
        elsewhere.partner_of(key)
    for text in ("", "ck_", key + "\n", key.replace("_", "-"), "ключ" * 20):
        with pytest.raises(AccessDenied):
            credentials.partner_of(text)


def test_right_id_with_another_secret(credentials: CredentialStore) -> None:
    key = credentials.issue(1, "till")
    path = credentials.path
    path.write_text(path.read_text().replace(json.loads(path.read_text())["credentials"][0]["sha256"], "0" * 64))
    with pytest.raises(AccessDenied, match="not known"):
        credentials.partner_of(key)


def test_revoked(credentials: CredentialStore, till: Till) -> None:
    assert till.get("/v1/partner").status_code == 200
    first = credentials.revoke(till.key[3:15])
    answer = till.get("/v1/partner")
    assert code_of(answer, 401) == "credential_revoked"
    assert answer.headers["www-authenticate"] == 'Bearer realm="coalition", error="invalid_token"'
    assert code_of(till.earn(), 401) == "credential_revoked"
    assert credentials.revoke(till.key[3:15]) == first
    with pytest.raises(NotFound):
        credentials.revoke("nothing")


def test_other_processes_see_changes(credentials: CredentialStore) -> None:
    other = CredentialStore(credentials.path)
    key = credentials.issue(1, "till")
    assert other.partner_of(key) == 1
    second = other.issue(2, "stall")
    assert credentials.partner_of(second) == 2
    other.revoke(key[3:15])
    with pytest.raises(AccessDenied, match="revoked"):
        credentials.partner_of(key)


def test_writers_take_turns(credentials: CredentialStore) -> None:
    path = credentials.path
    writers = [
        threading.Thread(target=lambda: [CredentialStore(path).issue(1, "till") for _ in range(5)]) for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(CredentialStore(path).all()) == 20


@pytest.mark.parametrize("label", ["", "x" * 81, "a\nb"])
def test_labels(credentials: CredentialStore, label: str) -> None:
    with pytest.raises(InputError) as caught:
        credentials.issue(1, label)
    assert caught.value.code == "label_invalid"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"credentials": [{}]}', '{"credentials": 5}', "\udcff"])
def test_broken_file(credentials: CredentialStore, content: str) -> None:
    credentials.path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(SetupError):
        credentials.all()
    with pytest.raises(SetupError):
        credentials.issue(1, "till")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFull):
        CredentialStore(tmp_path / "file" / "credentials.json").issue(1, "till")


def test_key_of_a_partner_that_is_not_in_the_ledger(credentials: CredentialStore, till: Till) -> None:
    lost = Till(till.http, credentials.issue(99, "old book"))
    for answer in (
        lost.earn(),
        lost.get("/v1/partner"),
        lost.get("/v1/partner/totals"),
        lost.get("/v1/operations/R-1"),
    ):
        assert code_of(answer, 403) == "partner_unknown"
        assert "Green Market" not in answer.text
    assert lost.get("/v1/operations").json()["operations"] == []
