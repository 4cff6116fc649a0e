"""Signs of life for operators: `/healthz` (process), `/readyz` (database, migrations, scheduler), `/metrics`."""

from __future__ import annotations

import hmac
import os
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text

from community.core import scheduler
from community.core.config import settings
from community.core.db import session
from community.core.web.rights import public

bp = Blueprint("health", __name__)

REQUESTS = Counter("linli_requests_total", "Answered requests", ["route", "method", "status"])
SECONDS = Histogram("linli_request_seconds", "Time to answer", ["route"], buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 5))
# Of several workers the last one asked knows best: what a dead one said must not stay.
HEARTBEAT_AGE = Gauge(
    "linli_scheduler_heartbeat_age_seconds", "Since a scheduler was alive", multiprocess_mode="mostrecent"
)

HEARTBEAT_LIMIT = 180


@bp.get("/healthz")
@public("probes ask whether the process answers")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@bp.get("/readyz")
@public("probes ask whether this host can serve")
def readyz() -> Any:
    checks = readiness()
    answer = current_app.json.response({"ready": all(value == "ok" for value in checks.values()), **checks})
    answer.status_code = 200 if all(value == "ok" for value in checks.values()) else 503
    return answer


@bp.get("/metrics")
@public("loopback or METRICS_TOKEN only, checked in the view")
def metrics() -> Response:
    if not _may_read_metrics():
        abort(404)
    age = scheduler.heartbeat_age()
    HEARTBEAT_AGE.set(-1 if age is None else age)
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def readiness() -> dict[str, str]:
    """Return check → "ok" or what is wrong, for the database, the schema's revision and the scheduler's heartbeat."""
    try:
        session().execute(text("SELECT 1"))
    except Exception as error:
        session().rollback()
        return {"database": type(error).__name__}
    migrations = _migrations()
    # Without its tables there is no scheduler to ask for.
    return {"database": "ok", "migrations": migrations, "scheduler": _scheduler() if migrations == "ok" else "unknown"}


def _migrations() -> str:
    head = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    at = MigrationContext.configure(session().connection()).get_current_revision()
    return "ok" if at == head else f"at {at}, head is {head}"


def _scheduler() -> str:
    age = scheduler.heartbeat_age()
    if age is None:
        return "no scheduler has run yet"
    return "ok" if age < HEARTBEAT_LIMIT else f"no heartbeat for {int(age)} s"


def _may_read_metrics() -> bool:
    token = settings().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return hmac.compare_digest(given.encode(), token.encode())
    forwarded = request.headers.get("X-Forwarded-For")
    return request.remote_addr in {"127.0.0.1", "::1"} and not forwarded
