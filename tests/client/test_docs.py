"""The examples of `docs/client.md`, run in order against a real service."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from coalition.chain.keccak import keccak
from coalition.chain.tills import set_till
from coalition.client import Client
from tests.api.stack import Stack, signer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "client.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE, re.DOTALL)
METHODS = {name for name, value in vars(Client).items() if callable(value) and not name.startswith("_")}


def test_the_examples_print_what_the_page_shows(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_URL", stack.url)
    monkeypatch.setenv("COALITION_API_KEY", stack.keys[1])
    till = signer("till 7")
    set_till(stack.rpc, stack.deployment, signer("Corner Grocery"), 7, till.address)
    monkeypatch.setenv("TILL_SIGNING_KEY", keccak(b"till 7").hex())
    monkeypatch.setenv("KIOSK_API_KEY", stack.keys[3])
    monkeypatch.setenv("KIOSK_SIGNING_KEY", keccak(b"kiosk").hex())
    names: dict[str, Any] = {}
    for program, shown in EXAMPLES:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(program, "docs/client.md", "exec"), names)
        assert printed.getvalue() == shown
    assert len(EXAMPLES) == PAGE.count("```python")


def test_every_method_is_on_the_page() -> None:
    assert METHODS - set(re.findall(r"`(\w+)`", PAGE)) == {"close", "send"}
