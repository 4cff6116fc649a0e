"""Limits count by address, apart for each, and start anew when their time is over."""

from collections.abc import Callable

import pytest
from flask import Flask

from community.core.web.limits import limiter
from community.core.web.rights import public


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Flask:
    app = make_app()
    limited = limiter.limit("2 per minute")(lambda: "x")
    app.add_url_rule("/planted", endpoint="planted", view_func=public("x")(limited))
    return app


def asked(site: Flask, address: str, times: int) -> list[int]:
    client = site.test_client()
    return [client.get("/planted", environ_base={"REMOTE_ADDR": address}).status_code for _time in range(times)]


def test_one_address_that_asks_too_often_does_not_stop_another(site: Flask) -> None:
    assert asked(site, "192.0.2.1", 3) == [200, 200, 429]
    assert asked(site, "192.0.2.2", 1) == [200]


def test_behind_a_trusted_proxy_the_visitors_address_counts_and_without_one_nobodys_word(
    make_app: Callable[..., Flask],
) -> None:
    for proxies, statuses in ((1, [200, 200]), (0, [200, 429])):
        app = make_app(trusted_proxies=proxies)
        limited = limiter.limit("1 per minute")(lambda: "x")
        app.add_url_rule("/planted", endpoint=f"planted{proxies}", view_func=public("x")(limited))
        client = app.test_client()
        seen = [
            client.get("/planted", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
            for number in range(2)
        ]
        assert seen == statuses
