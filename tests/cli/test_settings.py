"""What the environment says."""

from __future__ import annotations

import pytest

from coalition.errors import SetupError
from coalition.settings import Settings


def test_confirmations(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment().confirmations == 0
    monkeypatch.setenv("COALITION_CONFIRMATIONS", "12")
    assert Settings.from_environment().confirmations == 12


@pytest.mark.parametrize("value", ["-1", "some", "1.5"])
def test_confirmations_that_are_no_number(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_CONFIRMATIONS", value)
    with pytest.raises(SetupError) as raised:
        Settings.from_environment()
    assert raised.value.code == "setting_invalid"
