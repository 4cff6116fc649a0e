"""One line for each request: what operators need, and nothing that tells where somebody was."""

from typing import Any

import pytest
from flask import Flask

from community.core.web import requests
from tests.harness.client import Client


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []

    class Log:
        def info(self, event: str, **values: Any) -> None:
            seen.append({"event": event, **values})

    monkeypatch.setattr(requests, "log", Log())
    return seen


def test_a_request_is_logged_by_its_pattern_and_never_by_its_path(client: Client, lines: list[dict[str, Any]]) -> None:
    answer = client.get("/p/very-secret-token?lat=30.12345", headers={"Cookie": "linli=x"})
    (line,) = lines
    assert line["route"] == "/p/<token>"
    assert line["status"] == answer.status_code
    assert line["id"] == answer.headers["X-Request-Id"]
    assert line["ms"] >= 0
    assert "secret" not in str(lines)
    assert "30.12345" not in str(lines)


def test_an_unknown_address_has_no_pattern(client: Client, lines: list[dict[str, Any]]) -> None:
    client.get("/no/such/secret")
    assert [line["route"] for line in lines] == ["-"]


@pytest.mark.usefixtures("app")
def test_probes_and_files_are_not_logged(client: Client, lines: list[dict[str, Any]]) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/static/js/core.js"):
        client.get(path, buffered=True)
    assert lines == []


def test_every_request_has_a_number_of_its_own(app: Flask, client: Client) -> None:
    assert app
    assert len({client.get("/healthz").headers["X-Request-Id"] for _time in range(20)}) == 20
