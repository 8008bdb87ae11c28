"""Keys of earlier versions: taken over once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coalition.access import Access
from coalition.access.scopes import ALL_SCOPES
from coalition.access.secret_text import digest, id_of, new_id, new_key
from coalition.errors import SetupError
from tests.access.calls import granted, refused

Make = Callable[[], Access]


def row(key: str, revoked_at: int | None = None) -> dict[str, Any]:
    return {
        "id": id_of(key),
        "partner": 4,
        "label": "old till",
        "sha256": digest(key).hex(),
        "created_at": 1_700_000_000,
        "revoked_at": revoked_at,
    }


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"credentials": rows}))
    return path


def test_keys_go_on_as_before(node: Make, tmp_path: Path) -> None:
    good, gone = new_key(new_id()), new_key(new_id())
    file = written(tmp_path / "credentials.json", row(good), row(gone, 1_700_000_001))
    access, other = node(), node()
    assert access.import_file(file) == 2

    assert not file.exists() and (tmp_path / "credentials.json.imported").exists()
    for each in (access, other):
        grant = granted(each, good)
        assert (grant.credential.partner, grant.credential.label, grant.scopes) == (4, "old till", ALL_SCOPES)
        assert refused(each, gone) == "credential_revoked"
    assert access.import_file(file) == 0


def test_a_second_machine_brings_its_copy(node: Make, tmp_path: Path) -> None:
    first, second, third = (new_key(new_id()) for _ in range(3))
    access = node()
    access.import_file(written(tmp_path / "a.json", row(first), row(second)))
    rotated = access.credentials.rotate(id_of(first), 0)
    copy = written(tmp_path / "b.json", row(first), row(second, 1_700_000_002), row(third))
    assert access.import_file(copy) == 1

    access.credentials.look()
    assert granted(access, rotated) and granted(access, third)
    assert refused(access, first) == "credential_expired", "what is known already stays as it is"
    assert refused(access, second) == "credential_revoked"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"credentials": [{}]}', '{"credentials": 5}', "\udcff"])
def test_a_broken_file_is_left_alone(access: Access, tmp_path: Path, content: str) -> None:
    file = tmp_path / "credentials.json"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(SetupError):
        access.import_file(file)
    assert file.exists() and access.credentials.all() == []
