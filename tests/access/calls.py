"""What a call does with what it presents, without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from coalition.access import Access, Grant
from coalition.errors import AccessDenied


def granted(node: Access, text: str) -> Grant:
    """What a node grants, as the API asks it: from memory, unless it is time to look, or memory does not settle it."""
    node.credentials.look_if_stale()
    return node.known(text) or node.looked_up(text)


def refused(node: Access, text: str) -> str:
    """The code with which a node refuses."""
    with pytest.raises(AccessDenied) as caught:
        granted(node, text)
    assert not text or text not in str(caught.value)
    return caught.value.code


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of databases inside."""
    found: list[str] = []

    def note(*told: object) -> None:
        found.append(str(told[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
