"""From where a key may be used."""

from __future__ import annotations

import pytest

from coalition.access.sources import is_from, networks_of
from coalition.errors import InputError

OFFICE = networks_of(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"])


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("192.0.2.1", True),
        ("192.0.3.1", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("::ffff:192.0.2.9", True),
        ("::ffff:192.0.3.9", False),
        ("testclient", False),
        ("", False),
        (None, False),
    ],
)
def test_addresses(address: str | None, is_allowed: bool) -> None:
    assert is_from(address, OFFICE) is is_allowed


@pytest.mark.parametrize("wrong", [["192.0.2.1/24"], ["192.0.2.0/33"], ["office"], [""], ["10.0.0.0/8"] * 101])
def test_networks_that_are_none(wrong: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        networks_of(wrong)
    assert caught.value.code == "source_invalid"
