"""Settings come from the environment, and production refuses what would protect nobody."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from community.core.config import BadSettings, Settings, new_secrets, parse_secrets, problems

PRODUCTION = {"PUBLIC_URL": "https://linli.example.org", **new_secrets()}


def read(folder: Path, **env: str) -> Settings:
    """Settings of production in `folder`."""
    return Settings.from_env("production", {**PRODUCTION, "INSTANCE_DIR": str(folder), **env})


# --- production ---


def test_secrets_of_the_environment_are_told_from_the_demos_own(tmp_path: Path) -> None:
    folder = {"INSTANCE_DIR": str(tmp_path)}
    assert not Settings.from_env("demo", folder).secrets_given
    assert not Settings.from_env("tools", {**folder, "SECRET_KEY": ""}).secrets_given
    assert Settings.from_env("tools", {**folder, "SECRET_KEY": "x" * 40}).secrets_given
    assert read(tmp_path).secrets_given


def test_strong_secrets_and_an_https_address_start(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.secure_cookies
    assert not settings.demo
    assert settings.public_host == "linli.example.org"
    assert settings.database_url == f"sqlite:///{tmp_path / 'linli.sqlite3'}"
    assert problems("production", {**PRODUCTION, "INSTANCE_DIR": str(tmp_path)}) == []


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTER_KEYS", "PHONE_CIPHER_KEYS", "PHONE_HASH_KEY"])
def test_production_without_a_secret_does_not_start_and_names_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSettings, match=name):
        read(tmp_path, **{name: ""})


@pytest.mark.parametrize("name", ["SECRET_KEY", "PHONE_HASH_KEY"])
@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "x" * 64,
        "ab" * 32,
        "0123456789" * 5,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "changeme-8f3kd92lsk39dk2lsk39dk2ls0",
        "my-very-own-password-9f83kd02lskd0",
        "linli-9f83kd02lskd0-4kfls93kdl20fk",
    ],
)
def test_production_refuses_a_weak_secret(tmp_path: Path, name: str, weak: str) -> None:
    with pytest.raises(BadSettings, match=name):
        read(tmp_path, **{name: weak})


def test_production_refuses_a_weak_key_of_a_ring(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="POSTER_KEYS b"):
        read(tmp_path, POSTER_KEYS=f"{PRODUCTION['POSTER_KEYS']};b=weak")


def test_production_refuses_one_secret_for_two_purposes(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="same"):
        read(tmp_path, PHONE_HASH_KEY=PRODUCTION["SECRET_KEY"])
    with pytest.raises(BadSettings, match="same"):
        read(tmp_path, POSTER_KEYS=f"a={PRODUCTION['SECRET_KEY']}")


def test_production_takes_no_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps(new_secrets()))
    with pytest.raises(BadSettings, match="SECRET_KEY"):
        read(tmp_path, SECRET_KEY="")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "linli.example.org",
        "ftp://linli.example.org",
        "https://",
        "https://linli.example.org/path",
        "https://linli.example.org?x=1",
        "https://admin@linli.example.org",
        "https://linli.example.org:port",
        "http://linli.example.org",
        "http://localhost.example.org",
    ],
)
def test_production_refuses_an_address_that_codes_cannot_carry(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSettings, match="PUBLIC_URL"):
        read(tmp_path, PUBLIC_URL=url)


def test_production_may_be_tried_on_this_machine_without_tls(tmp_path: Path) -> None:
    assert read(tmp_path, PUBLIC_URL="http://127.0.0.1:8000/").public_url == "http://127.0.0.1:8000"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        "production",
        {"INSTANCE_DIR": str(tmp_path), "PORT": "http", "DATABASE_URL": "mysql://x", "TIMEZONE": "Mars/Olympus"},
    )
    assert [text.split()[0] for text in found] == ["PORT", "TIMEZONE", "DATABASE_URL", "PUBLIC_URL", "missing"]


# --- everywhere ---


@pytest.mark.parametrize(
    "env",
    [
        {"PORT": "eighty"},
        {"PORT": "-1"},
        {"PORT": "70000"},
        {"PORT": "²"},
        {"TRUSTED_PROXIES": "-1"},
        {"SERVE_WORKERS": "0"},
        {"TIMEZONE": "../../etc/passwd"},
        {"DATABASE_URL": "mysql://x"},
        {"POSTER_KEYS": "nokey"},
        {"POSTER_KEYS": "a=one;a=two"},
        {"POSTER_KEYS": "a=one@sleeping"},
        {"POSTER_KEYS": "a=one@dead"},
        {"POSTER_KEYS": "ab=one"},
        {"PHONE_CIPHER_KEYS": "1=not-a-key"},
        {"STORAGE_URL": "/srv/uploads"},
        {"STORAGE_URL": "s3://a bucket"},
        {"MAP_TILE_URL": "https://host/{z}/{x}/{y}"},
    ],
)
def test_senseless_settings_are_refused_by_name(tmp_path: Path, env: Mapping[str, str]) -> None:
    (name,) = env
    with pytest.raises(BadSettings, match=name.partition("_TILE")[0]):
        Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path), **env})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_same_driver(tmp_path: Path, scheme: str) -> None:
    url = read(tmp_path, DATABASE_URL=f"{scheme}://u:p@db/linli").database_url
    assert url == "postgresql+psycopg://u:p@db/linli"


def test_the_demo_makes_its_secrets_once_and_keeps_them_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    first = Settings.from_env("demo", {"INSTANCE_DIR": str(folder)})
    second = Settings.from_env("demo", {"INSTANCE_DIR": str(folder)})
    assert first.need_secrets().secret_key == second.need_secrets().secret_key
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == ["secrets.json"]


def test_tools_work_without_secrets_until_they_need_them(tmp_path: Path) -> None:
    settings = Settings.from_env("tools", {"INSTANCE_DIR": str(tmp_path)})
    assert settings.secrets is None
    with pytest.raises(BadSettings, match="SECRET_KEY"):
        settings.need_secrets()
    assert list(tmp_path.iterdir()) == []


def test_the_demo_listens_to_phones_and_production_to_its_proxy(tmp_path: Path) -> None:
    assert Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path), "TLS": "1"}).public_url == "https://localhost:8000"
    assert Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path)}).host == "0.0.0.0"  # noqa: S104
    assert read(tmp_path).host == "127.0.0.1"
    assert not read(tmp_path, TLS="1").tls


def test_secrets_are_not_shown_by_printing_settings(tmp_path: Path) -> None:
    settings = read(tmp_path, METRICS_TOKEN="a-token-for-metrics")
    text = repr(settings) + repr(settings.secrets)
    assert not any(value.partition("=")[2] and value.partition("=")[2] in text for value in PRODUCTION.values())
    assert PRODUCTION["SECRET_KEY"] not in text
    assert "a-token-for-metrics" not in text


def test_generated_secrets_are_strong_enough_for_production() -> None:
    for _times in range(50):
        parse_secrets(new_secrets(), strict=True)
