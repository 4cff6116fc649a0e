"""The application as a whole, before anything is asked of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from community.core.config import Settings
from community.factory import create_app
from tests.conftest import settings_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "instance", f"sqlite:///{tmp_path / 'x.sqlite3'}")


def test_an_app_is_made_without_touching_a_database(settings: Settings, tmp_path: Path) -> None:
    app = create_app(settings)
    assert isinstance(app, Flask)
    assert not (tmp_path / "x.sqlite3").exists()


def test_bodies_and_sessions_have_their_bounds(make_app: Callable[..., Flask]) -> None:
    config = make_app(public_url="https://linli.test").config
    assert config["MAX_CONTENT_LENGTH"] <= 1 << 20
    assert config["SESSION_COOKIE_SECURE"]
    assert config["SESSION_COOKIE_HTTPONLY"]
    assert config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_a_host_header_of_somebody_else_never_gets_into_a_link(make_app: Callable[..., Flask]) -> None:
    page = make_app().test_client().get("/", headers={"Host": "evil.example"})
    assert "evil.example" not in page.text
