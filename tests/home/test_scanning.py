"""The page that reads codes: what it allows itself, what it says, and that it works without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from flask import Flask

from tests.harness.client import Visitor
from tests.harness.server import ROOT

WECHAT = "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/86.0 Mobile Safari/537.36 MicroMessenger/8.0.30"


def policy(visitor: Visitor) -> str:
    assert visitor.last is not None
    return visitor.last.headers["Content-Security-Policy"]


def test_only_this_page_may_make_a_worker_of_its_own_text(client_page: Visitor) -> None:
    client_page.get("/scan")
    assert "worker-src blob:" in policy(client_page)
    client_page.get("/p")
    assert "worker-src" not in policy(client_page)


def test_it_follows_codes_of_the_public_host_alone(client_page: Visitor) -> None:
    client_page.get("/scan", base_url="http://linli.test")
    assert client_page.last is not None
    assert 'data-hosts="linli.test"' in client_page.last.text
    client_page.get("/scan", base_url="http://other.test")
    assert 'data-hosts="linli.test"' in client_page.last.text


def test_in_the_demo_it_follows_the_host_it_was_opened_at_too(make_app: Callable[..., Flask]) -> None:
    client = make_app(mode="demo", public_url="http://linli.test").test_client()
    assert 'data-hosts="linli.test 192.0.2.7:8000"' in client.get("/scan", base_url="http://192.0.2.7:8000").text


def test_in_wechat_it_names_wechats_own_scanner(client_page: Visitor) -> None:
    assert "微信首页" not in client_page.get("/scan").text
    page = client_page.get("/scan", headers={"User-Agent": WECHAT})
    assert "微信首页" in page.text
    assert client_page.last is not None
    assert "微信不让网页直接用相机" in client_page.last.text


def test_without_a_script_the_typed_code_leads_on(client_page: Visitor) -> None:
    page = client_page.get("/scan")
    assert client_page.last is not None
    # What needs a script is hidden until there is one.
    assert re.search(r"<div class=\"scan\"[^>]* hidden", client_page.last.text)
    page = client_page.get("/p", query_string={"code": "abc"}, status=422)
    assert "这不是 8 位码" in page.text


def test_every_word_the_script_says_is_on_the_page(client_page: Visitor) -> None:
    script = (ROOT / "static/js/scan.js").read_text("utf-8")
    said = set(re.findall(r'tell\("(\w+)"', script)) | set(
        re.findall(r': "(\w+)"[,\n ]', script.partition("REFUSED")[2][:500])
    )
    client_page.get("/scan")
    assert client_page.last is not None
    there = set(re.findall(r'<template id="say-(\w+)"', unescape(client_page.last.text)))
    assert {"denied", "nocamera", "busy", "foreign", "insecure"} <= said
    assert said == there


def test_the_script_is_loaded_on_this_page_alone(client_page: Visitor) -> None:
    client_page.get("/scan")
    assert client_page.last is not None
    assert "js/scan.js" in client_page.last.text
    client_page.get("/p")
    assert "scan.js" not in client_page.last.text


def test_the_reader_is_told_with_its_version_and_not_loaded_with_the_page(client_page: Visitor) -> None:
    client_page.get("/scan")
    assert client_page.last is not None
    assert re.search(
        r'data-reader="/static/vendor/qr-scanner-[\d.]+/qr-scanner\.min\.js\?v=\w{8}"', client_page.last.text
    )
