"""The sheet the site prints of itself: read from the program, wrong when the program is."""

from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import re

import pytest
from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from community.core import scheduler
from community.core.config import BadSettings, Settings
from community.core.db import Base
from community.core.scheduler import Job
from community.home import compliance
from community.people import consents
from community.points import proposals
from tests.architecture.sources import name_of, programs

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def test_every_promise_is_kept_and_says_what_it_was_read_from(client_page) -> None:
    page = client_page.get("/compliance")
    assert "没做到" not in page.text
    for said in (
        "不保存任何人的坐标",
        "没有第三方脚本",
        "不排名次",
        "没有例外",
        "自动清理",
        "24 小时",
        "30 天",
        "3 年",
    ):
        assert said in page.text
    for scope in consents.scopes():
        assert str(consents.current(scope).title) in page.text
    assert len(compliance.sheet().facts) >= 10
    assert all(str(fact.found) for fact in compliance.sheet().facts)


def broken() -> list[str]:
    return [str(fact.promise) for fact in compliance.sheet().facts if not fact.kept]


def test_every_refusal_of_the_product_is_read_and_not_written_by_hand() -> None:
    promised = " ".join(str(fact.promise) for fact in compliance.sheet().facts)
    for refused in ("点赞、投票、转发", "举报人", "法定权利", "不买卖、不转让", "不向下级要照片和轨迹", "一次录入"):
        assert refused in promised


@pytest.mark.parametrize("word", ["点赞", "转发", "入学", "言论"])
def test_a_word_that_rules_would_take_shows(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    denied = [(code, re.compile(one.pattern.replace(word, "#")), why) for code, one, why in proposals._DENIED]
    monkeypatch.setattr(proposals, "_DENIED", denied)
    assert len(broken()) == 1


def test_a_rule_for_applause_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(proposals.TRIGGERS, "PostLike", proposals.TRIGGERS["Manual"])
    assert ["点赞" in promise for promise in broken()] == [True]


def test_a_ledger_that_could_pass_points_on_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compliance, "_choices", lambda _table, _column: {"award", "gift"})
    assert ["不转让" in promise for promise in broken()] == [True]


def test_a_check_in_that_takes_files_or_a_second_table_of_numbers_shows(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.view_functions["patrols.make"], "__linli_takes__", 1000, raising=False)
    assert ["打卡不要照片" in promise for promise in broken()] == [True]
    monkeypatch.undo()
    metadata = MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    Table("roster", metadata, Column("id", Integer), Column("phone_hash", String(64)))
    monkeypatch.setattr(compliance.Base, "metadata", metadata)
    assert ["一次录入" in promise for promise in broken()] == [True]


@pytest.mark.browser
def test_it_prints_on_one_page_in_both_languages(demo_server, browser) -> None:
    for look in ("std.auto.zh", "std.auto.en"):
        context = browser.new_context(base_url=demo_server.url)
        context.add_cookies([{"name": "linli_look", "value": look, "url": demo_server.url}])
        page = context.new_page()
        page.goto("/compliance/sheet")
        paper = page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        context.close()


def test_help_and_the_accessibility_statement_lead_to_it(client_page) -> None:
    assert "/compliance" in client_page.get("/help").links
    assert "/compliance" in client_page.get("/accessibility").links


@pytest.mark.parametrize("column", ["lat", "risk_score", "online_minutes", "religion"])
def test_a_table_that_breaks_a_promise_shows(monkeypatch, column: str) -> None:
    metadata = MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    Table("walk", metadata, Column("member_id", ForeignKey("member.id")), Column(column, Integer))
    monkeypatch.setattr(compliance.Base, "metadata", metadata)
    assert [fact for fact in compliance.sheet().facts if not fact.kept]


def test_a_page_that_loads_from_elsewhere_shows(monkeypatch) -> None:
    monkeypatch.setattr(compliance, "_foreign_addresses", lambda: (3, ("page.html",)))
    broken = [fact for fact in compliance.sheet().facts if not fact.kept]
    assert ["第三方" in str(fact.promise) for fact in broken] == [True]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js">',
        "<img src='//track.example/p.gif'>",
        "background:url(http://x.example/a)",
    ],
)
def test_foreign_addresses_are_recognised(text: str) -> None:
    assert compliance._FOREIGN.search(text)
    assert not compliance._FOREIGN.search('<svg xmlns="http://www.w3.org/2000/svg"><a href="/help">')


def test_every_cookie_has_a_reason_and_one_without_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {str(fact.found): fact.kept for fact in compliance.sheet().facts if "linli_css" in str(fact.found)}
    assert list(named.values()) == [True]
    monkeypatch.setattr(compliance, "COOKIE", "linli_seen_everywhere", raising=False)
    assert not all(fact.kept for fact in compliance.sheet().facts)


def test_every_cookie_is_set_by_the_name_the_sheet_reads() -> None:
    set_by = [
        (source.path, ast.unparse(call.args[0]))
        for source in programs("community")
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and name_of(call).endswith(".set_cookie")
    ]
    assert len(set_by) >= 7
    assert {name for _path, name in set_by} == {"COOKIE"}


def test_a_job_that_failed_is_named(app: Flask) -> None:
    job = scheduler.registered()["forget_read"]
    scheduler.run_job(app, Job(job.name, "community.core.jobs:nothing_there", job.every))
    assert compliance.sheet().late == ["forget_read"]


def test_exceptions_carry_their_last_day_and_say_when_they_are_over(app: Flask, client_page) -> None:
    settings = app.extensions["linli_settings"]
    app.extensions["linli_settings"] = dataclasses.replace(
        settings, exceptions=((dt.date(2026, 12, 31), "防汛值守"), (dt.date(2026, 10, 1), "国庆安保"))
    )
    page = client_page.get("/compliance")
    assert "防汛值守到 12月31日 为止" in page.text
    assert "国庆安保到 10月1日 为止 · 已结束" in page.text


def test_exceptions_are_read_from_the_environment() -> None:
    read = Settings.from_env("test", {"COMPLIANCE_EXCEPTIONS": "2027-06-30 防汛值守 ; 2027-01-01 安保"}).exceptions
    assert read == ((dt.date(2027, 6, 30), "防汛值守"), (dt.date(2027, 1, 1), "安保"))
    for wrong in ("防汛值守", "2027-13-01 x", "2027-06-30"):
        with pytest.raises(BadSettings):
            Settings.from_env("test", {"COMPLIANCE_EXCEPTIONS": wrong})


def test_the_sheet_is_open_to_everybody_and_writes_nothing(client_page, statements) -> None:
    client_page.get("/compliance")
    assert not [one for one in statements if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
