"""The smallest Flask application: what Flask and Granian cost before the program does anything."""

from __future__ import annotations

from flask import Flask, Response

app = Flask(__name__)


@app.post("/<path:anything>")
def constant(anything: str) -> Response:  # noqa: ARG001 - the same requests are posted to it
    """Answer a constant redirect, as a check-in does."""
    return Response(b"", 303, {"Location": "/checkins/0"})


@app.get("/healthz")
def healthz() -> str:
    """Say that it is up."""
    return "ok"
