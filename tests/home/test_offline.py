"""The page without a signal, the worker that shows it, and what a home screen needs to know."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask
from PIL import Image

from community.core.config import ROOT
from community.core.db import transaction
from community.people.models import Member
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def member() -> Member:
    with transaction():
        return make_member(make_village())


def told(visitor: Visitor) -> dict[str, object]:
    program = visitor.client.get("/sw.js").text
    site = json.loads(program.partition("const SITE = ")[2].partition(";\n")[0])
    assert isinstance(site, dict)
    return site


def test_the_page_without_a_signal_is_the_same_for_everybody_and_holds_no_token(
    client_page: Visitor, member: Member
) -> None:
    nobodys = client_page.get("/offline")
    client_page.sign_in(member.id)
    assert client_page.get("/offline").html == nobodys.html
    assert "csrf_token" not in nobodys.html
    assert not [form for form in nobodys.forms if form.method == "post"]


def test_it_says_what_still_works_before_any_script(client_page: Visitor) -> None:
    page = client_page.get("/offline")
    assert page.h1 == "现在没有网络"
    assert {"tel:110", "tel:119", "tel:120", "tel:12345", "/"} <= set(page.links)
    assert page.form("/p").fields == {"code": ""}
    unasked = (page.one("section", data_kept="首页"), page.one("section", data_noted="扫过的码"))
    assert all(section.get("hidden") is not None for section in unasked)


def test_asking_for_it_uses_up_no_message_and_touches_no_session(client_page: Visitor, member: Member) -> None:
    client_page.sign_in(member.id)
    form = client_page.get("/me").form("/sign-out")
    assert client_page.client.post("/sign-out", data=form.filled()).status_code == 303
    for path in ("/offline", "/sw.js", "/manifest.webmanifest"):
        assert not client_page.client.get(path).headers.getlist("Set-Cookie"), path
    assert "已退出登录" in client_page.get("/").text


def test_the_page_follows_this_phones_language_and_size(client_page: Visitor) -> None:
    client_page.client.set_cookie("linli_look", "large.dark.en", domain="linli.test")
    looks = client_page.get("/offline").all("html")[0].attrib
    assert (looks["lang"], looks["data-size"], looks["data-theme"]) == ("en", "large", "dark")


def test_the_worker_is_asked_for_anew_and_is_named_by_what_it_holds(client_page: Visitor) -> None:
    answer = client_page.client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    site = told(client_page)
    assert site["page"] == "/offline"
    assert re.fullmatch(r"[0-9a-f]{12}", str(site["shell"]))
    files = site["files"]
    assert isinstance(files, list)
    for address in files:
        assert client_page.client.get(address, buffered=True).headers["Cache-Control"].endswith("immutable"), address
    assert len(answer.text) < 8_000


def test_every_form_that_begins_or_ends_a_login_empties_what_is_kept(app: Flask) -> None:
    doors = re.search(r"^const DOORS = /(.*)/;$", (ROOT / "static/js/sw.js").read_text("utf-8"), re.MULTILINE)
    assert doors
    posts = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    # In a script's pattern a slash is written with a backslash.
    met = {rule for rule in posts if re.match(doors[1].replace(r"\/", "/"), rule)}
    assert {rule for rule in posts if "/sign-" in rule} <= met
    assert met - {rule for rule in posts if "/sign-" in rule} == {"/me/erase", "/me/erase/keep"}


def test_a_copy_can_be_told_from_the_page_itself(client_page: Visitor) -> None:
    words = re.findall(r"<template data-copy>(.*?)</template>", client_page.get("/offline").html, re.DOTALL)
    assert len(words) == 1
    assert words[0].count("#") == 1
    assert "# 打开时是这样" in words[0]
    # The worker puts them after exactly this.
    assert client_page.get("/help").html.count('<main id="main" tabindex="-1">') == 1


def test_the_manifest_names_the_site_and_pictures_that_are_there(client_page: Visitor) -> None:
    answer = client_page.client.get("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    manifest = answer.get_json(force=True)
    assert (manifest["name"], manifest["start_url"], manifest["scope"], manifest["lang"]) == ("邻里", "/", "/", "zh-CN")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        with Image.open(ROOT / icon["src"].partition("?")[0].lstrip("/")) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
    for shortcut in manifest["shortcuts"]:
        assert client_page.client.get(shortcut["url"]).status_code in {200, 303}
