"""Limits counted in one Redis for all hosts, and by each process alone while it is away."""

from __future__ import annotations

import importlib.util
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from structlog.testing import capture_logs

from community.core.config import BadSettings, Settings, new_secrets, problems
from community.core.serving.doctor import examine
from community.core.web import counting
from community.core.web.counting import SharedStorage
from tests.harness.redis import Redis, running
from tests.harness.server import Server, free_port

PASSWORD = "hush-hush-9f83kd"


@pytest.fixture
def redis() -> Redis:
    return Redis(PASSWORD)


@pytest.fixture
def url(redis: Redis) -> Iterator[str]:
    with running(redis) as address:
        yield address


def shared(url: str) -> SharedStorage:
    return SharedStorage(f"{counting.SCHEME}{url}")


def test_two_hosts_count_together_and_each_key_for_its_time(redis: Redis, url: str) -> None:
    one, other = shared(url), shared(url)
    assert [one.incr("k", 60), other.incr("k", 60), one.incr("k", 60, amount=3)] == [1, 2, 5]
    assert (other.get("k"), other.get("other")) == (5, 0)
    assert 58 <= one.get_expiry("k") - time.time() <= 61
    redis.ends["linli:k"] = 0
    assert other.incr("k", 60) == 1
    one.clear("k")
    assert other.get("k") == 0


def test_keys_say_whose_they_are(redis: Redis, url: str) -> None:
    shared(url).incr("LIMITER/127.0.0.1/home.search/60/1/minute", 60)
    assert list(redis.counts) == ["linli:LIMITER/127.0.0.1/home.search/60/1/minute"]


def test_while_redis_is_away_a_process_counts_alone_and_comes_back_when_it_answers(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PAUSE", 0.2)
    port = free_port()
    with running(redis, port) as url:
        storage = shared(url)
        assert storage.incr("k", 60) == 1
    with capture_logs() as logs:
        assert [storage.incr("k", 60) for _ in range(3)] == [1, 2, 3]
    # Told once for the pause, and without the password.
    assert [(log["event"], log["error"]) for log in logs] == [("rate_limits_alone", "ConnectionError")]
    assert not storage.check()
    with running(redis, port):
        time.sleep(0.25)
        assert storage.incr("k", 60) == 2
        assert storage.check()


def test_a_redis_that_says_nothing_costs_one_request_a_moment_and_the_next_ones_nothing(redis: Redis, url: str) -> None:
    storage = shared(url)
    assert storage.incr("k", 60) == 1
    redis.silent = True
    began = time.monotonic()
    storage.incr("k", 60)
    first = time.monotonic() - began
    for _ in range(100):
        storage.incr("k", 60)
    # Two tries of a quarter second at most; a hundred more of either would be a minute.
    assert first < 5
    assert time.monotonic() - began - first < 2


def test_a_wrong_password_is_no_reason_to_refuse_a_page(url: str) -> None:
    storage = shared(url.replace(PASSWORD, "wrong"))
    assert [storage.incr("k", 60), storage.incr("k", 60)] == [1, 2]
    assert not storage.check()


def test_a_connection_that_redis_closed_is_opened_anew_at_once(redis: Redis) -> None:
    port = free_port()
    with running(redis, port) as url:
        storage = shared(url)
        storage.incr("k", 60)
    with running(redis, port):
        assert storage.incr("k", 60) == 2


# --- the setting ---


@pytest.mark.parametrize("wrong", ["127.0.0.1:6379", "http://redis", "redis://", "redis://host:port", "memory://"])
def test_an_address_that_is_none_is_refused_without_repeating_it(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(BadSettings, match="REDIS_URL must be") as refused:
        Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path), "REDIS_URL": wrong})
    assert wrong not in str(refused.value).replace("redis://:PASSWORD@127.0.0.1:6379/0", "")


def test_the_address_is_not_shown_where_settings_are(tmp_path: Path) -> None:
    given = f"rediss://:{PASSWORD}@redis.internal:6380/1"
    settings = Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path), "REDIS_URL": given})
    assert settings.redis_url == given
    assert PASSWORD not in repr(settings)


def test_without_the_package_nothing_starts_and_the_doctor_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "redis" else found(name, *more)
    )
    env = {"INSTANCE_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1"}
    with pytest.raises(BadSettings, match=r"pip install '\.\[redis\]'"):
        Settings.from_env("demo", env)
    assert [text for text in problems("demo", env) if "pip install '.[redis]'" in text]
    assert problems("demo", env | {"REDIS_URL": ""}) == []


def test_the_doctor_says_where_limits_are_counted(make_app: Callable[..., Flask], redis: Redis) -> None:
    port = free_port()
    env = {"PUBLIC_URL": "https://linli.example.org"} | new_secrets()

    def told(app: Flask) -> list[tuple[str, str]]:
        with app.app_context():
            return [(one.state, one.text) for one in examine("production", env=env) if one.subject == "rate limits"]

    assert told(make_app()) == [("note", "each process counts for itself")]
    with running(redis, port) as url:
        app = make_app(redis_url=url)
        assert told(app) == [("ok", f"redis 127.0.0.1:{port}")]
    ((state, text),) = told(app)
    assert (state, text) == ("mend", f"redis 127.0.0.1:{port} does not answer: each process counts for itself")
    make_app()  # the limits of later tests are counted in memory again


# --- real hosts ---


def asks(server: Server) -> int:
    try:
        with urllib.request.urlopen(f"{server.url}/search?q=%E7%A7%AF%E5%88%86", timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.slow
@pytest.mark.faults
def test_two_servers_share_a_limit_and_go_on_when_redis_dies(
    start_server: Callable[..., Server], redis: Redis, race_database: str
) -> None:
    """Sixty searches a minute from one address: of both servers together, until each is alone again."""
    with running(redis) as url:
        production = new_secrets() | {"REDIS_URL": url, "DATABASE_URL": race_database, "SERVE_WORKERS": "1"}
        production["PUBLIC_URL"] = "https://linli.example.org"
        flask = str(Path(sys.executable).with_name("flask"))
        hosts = [
            start_server(command=[flask, "serve"], ready="/healthz", HOST="127.0.0.1", **production) for _ in range(2)
        ]
        said = [asks(hosts[turn % 2]) for turn in range(64)]
        minute = [count for key, count in redis.counts.items() if "search" in key]
    # A minute may have begun anew in between: whatever both counted, they counted together.
    assert said[:60].count(200) >= 59
    assert sum(minute) >= 60 or 429 in said
    assert said.count(429) >= 3 or len(minute) > 1
    assert [asks(host) for host in hosts] == [200, 200]
    assert all("rate_limits_alone" in host.printed() for host in hosts)
    assert all(PASSWORD not in host.printed() for host in hosts)
