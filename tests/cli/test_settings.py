"""What the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from coalition.bootstrap.home import access_of
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


@pytest.mark.parametrize("value", ["foo", "postgresql:/one.slash", "postgresql://host:port/name"])
def test_a_database_that_is_no_address(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_DATABASE_URL", value)
    with pytest.raises(SetupError) as raised:
        Settings.from_environment()
    assert raised.value.code == "setting_invalid" and value not in raised.value.message


def test_postgresql_by_its_usual_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_DATABASE_URL", "postgres://one@host/name")
    settings = Settings.from_environment()
    assert settings.outbox_url == settings.index_url == "postgresql+psycopg://one@host/name"
    assert not settings.has_files
    monkeypatch.delenv("COALITION_DATABASE_URL")
    assert Settings.from_environment(Path("home")).has_files


def test_a_rate_limit_that_is_none_names_its_variable(tmp_path: Path) -> None:
    engine = create_engine("sqlite://")
    with pytest.raises(SetupError, match=r"^COALITION_RATE_LIMIT: ") as raised:
        access_of(Settings(tmp_path, rate_limit="lots"), engine)
    assert raised.value.code == "setting_invalid"
