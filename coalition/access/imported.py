"""Keys of earlier versions, which kept them in a file of each machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from coalition.access.credentials import changed
from coalition.access.scopes import ALL_SCOPES, text_of
from coalition.errors import SetupError
from coalition.submit.storage import Storage
from coalition.submit.tables import access_keys

__all__ = ["import_file"]

DONE = ".imported"
k = access_keys.c


def import_file(storage: Storage, path: Path) -> int:
    """Take over the keys of a file, if there is one, and rename it to `….imported`; return how many were new.

    They keep what they could do before there were scopes: everything. A key that is known already stays as it is, except that
    it is revoked if it is in the file.

    Raises:
        SetupError: the file cannot be read; nothing was taken over.
        StorageFull, Unavailable: nothing was taken over.
    """
    if not path.exists():
        return 0
    new = 0
    with storage.transaction() as connection:
        for row in _rows(path):
            if connection.execute(select(k.id).where(k.id == row["id"])).first() is None:
                connection.execute(insert(access_keys).values(row))
                new += 1
            elif row["revoked_at"] is not None:
                missed = update(access_keys).where(k.id == row["id"], k.revoked_at.is_(None))
                connection.execute(missed.values(revoked_at=row["revoked_at"]))
        changed(connection)
    path.rename(path.with_name(path.name + DONE))
    return new


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [
            {
                "id": str(one["id"]),
                "partner": int(one["partner"]),
                "label": str(one["label"]),
                "sha256": bytes.fromhex(one["sha256"]),
                "scopes": text_of(ALL_SCOPES),
                "sources": "",
                "created_at": int(one["created_at"]),
                "revoked_at": None if one["revoked_at"] is None else int(one["revoked_at"]),
            }
            for one in json.loads(path.read_bytes())["credentials"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(f"{path} cannot be read as the list of API keys: {error}") from error
