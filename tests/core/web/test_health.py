"""Signs of life: the process answers, this host can serve, and numbers for those who may read them."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from community.core import clock, scheduler
from community.core.db import schema_changes, session
from community.core.scheduler import Job, run_job
from tests.harness.client import Client

BEAT = Job(scheduler.HEARTBEAT, "community.core.scheduler.runner:beat", dt.timedelta(seconds=30))


@pytest.mark.engine
def test_a_host_with_database_migrations_and_scheduler_is_ready(app: Flask, client: Client) -> None:
    run_job(app, BEAT)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        200,
        {"ready": True, "database": "ok", "migrations": "ok", "scheduler": "ok"},
    )


@pytest.mark.engine
def test_without_a_scheduler_it_is_not_ready_and_says_so(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["scheduler"] == "no scheduler has run yet"
    assert answer.json["ready"] is False


@pytest.mark.parametrize(("seconds", "status"), [(179, 200), (181, 503)])
def test_a_scheduler_that_fell_silent_is_noticed_within_three_minutes(
    app: Flask, client: Client, seconds: int, status: int
) -> None:
    with clock.frozen("2026-11-23T13:07:00Z") as stopped:
        run_job(app, BEAT)
        stopped.tick(seconds=seconds)
        assert client.get("/readyz").status_code == status


@pytest.mark.engine
def test_a_database_behind_the_program_is_not_ready(app: Flask, client: Client) -> None:
    run_job(app, BEAT)
    session().commit()
    with schema_changes():
        session().execute(text("UPDATE alembic_version SET version_num = '0000'"))
        session().commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["migrations"].startswith("at 0000, head is ")


def test_a_database_that_is_away_makes_the_host_not_ready_and_the_process_still_alive(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(database_url="postgresql+psycopg://linli:hush@127.0.0.1:1/linli").test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "database": "OperationalError"})
    assert client.get("/healthz").json == {"status": "ok"}


def test_an_empty_database_makes_the_host_not_ready(make_app: Callable[..., Flask]) -> None:
    answer = make_app(database_url="sqlite:///:memory:").test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["database"] == "ok"


def read(client: Client, address: str = "127.0.0.1", **headers: str) -> int:
    return client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code


def test_without_a_token_only_this_machine_reads_the_numbers(client: Client) -> None:
    assert read(client) == 200
    assert read(client, "::1") == 200
    assert read(client, "192.0.2.7") == 404
    assert read(client, **{"X-Forwarded-For": "192.0.2.7"}) == 404, "a proxy on this machine is not this machine"


def test_with_a_token_who_has_it_reads_them_from_anywhere_and_nobody_else(make_app: Callable[..., Flask]) -> None:
    client = make_app(metrics_token="t0ken-for-prometheus").test_client()
    assert isinstance(client, Client)
    assert read(client, "192.0.2.7", Authorization="Bearer t0ken-for-prometheus") == 200
    assert read(client, "127.0.0.1") == 404
    assert read(client, "192.0.2.7", Authorization="Bearer wrong") == 404
    assert read(client, "192.0.2.7", Authorization="Bearer t0ken-for-prometheu\xe9") == 404


def test_numbers_name_routes_and_never_paths_or_invented_methods(client: Client) -> None:
    client.get("/audit-me/secret-token")
    client.open("/healthz", method="INVENTED")
    client.get("/healthz")
    text = client.get("/metrics").text
    assert 'linli_requests_total{method="GET",route="/healthz",status="200"}' in text
    assert 'method="other"' in text
    assert "secret-token" not in text
    assert "INVENTED" not in text
    assert "linli_scheduler_heartbeat_age_seconds -1.0" in text
