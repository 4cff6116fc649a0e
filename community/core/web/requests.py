"""The line that is logged for each request: an id, the route's pattern, never the path, a token or a position."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from community.core.ids import new_code
from community.core.web.health import REQUESTS, SECONDS
from community.core.web.session import claimed_member

log = structlog.get_logger("linli.request")

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_QUIET = {"health.healthz", "health.readyz", "health.metrics", "static"}


def init_app(app: Flask) -> None:
    """Give each request an id and log one line when it is answered."""

    @app.before_request
    def begin() -> None:
        g.request_id = new_code(10)
        g.request_began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("request_began", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "-"
        # Anybody may invent methods; each new label would stay in memory.
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(route, method, response.status_code).inc()
        SECONDS.labels(route).observe(seconds)
        response.headers["X-Request-Id"] = g.get("request_id", "-")
        if request.endpoint not in _QUIET:
            log.info(
                "request",
                id=g.get("request_id"),
                method=method,
                route=route,
                status=response.status_code,
                ms=round(seconds * 1000, 1),
                member=claimed_member(),
            )
        return response
