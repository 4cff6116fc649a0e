"""Balances of an older book: read, checked row by row, written once."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.errors import DomainError, Forbidden
from community.people import phones
from community.people.models import Member
from community.places.models import Area
from community.points.models import NEVER, Account, BudgetSlot, Lot, Txn
from community.points.services import opening
from tests.factories.access import actor_of
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.points.invariants import assert_sound, posted

HEAD = ("手机号", "姓名", "积分", "服务分钟", "有效期到")
ONE, TWO = "19900000001", "19900000002"


def book_of(*rows: tuple[Any, ...], head: tuple[str, ...] = HEAD) -> bytes:
    """A workbook with these rows."""
    book = Workbook()
    sheet = book.active
    assert sheet
    for row in (head, *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def neighbours(village: Area) -> tuple[Member, Member]:
    """Two verified people with phones."""
    made = []
    with transaction():
        for name, number in (("钱桂英", ONE), ("李守田", TWO)):
            kept: dict[str, Any] = phones.columns(phones.parse(number))
            made.append(make_member(village, display_name=name, **kept))
    return made[0], made[1]


def problems(village: Area, *rows: tuple[Any, ...]) -> list[tuple[int, str]]:
    plan = opening.check(village.town_id or 0, "paper", book_of(*rows))
    return [(problem.line, str(problem.what)) for problem in plan.problems]


def run(app: Flask, village: Area, file: Path, *more: str) -> Any:
    town = town_of(village)
    args = ["points", "import-opening", str(file), "--town", town.code, "--reason", "第4号决议", *more]
    return app.test_cli_runner().invoke(args=args)


@pytest.mark.engine
def test_each_row_becomes_lots_with_their_own_dates_and_costs_no_budget(
    village: Area, neighbours: tuple[Member, Member]
) -> None:
    one, two = neighbours
    data = book_of(
        (int(ONE), "钱桂英", 120, 300, dt.date(2027, 12, 31)),
        (ONE, "钱桂英", "30", "", "2028-06-30"),
        (TWO, "李守田", None, 45, None),
    )
    plan = opening.check(village.town_id or 0, "paper", data)
    assert not plan.problems
    assert (len(plan.todo), plan.total("points"), plan.total("minutes")) == (4, 150, 345)
    for gift in plan.todo:
        with transaction():
            opening.write(system_actor("tests"), village.town_id or 0, "paper", gift, "第4号决议")
    lots = session().execute(
        select(Account.subject_id, Account.asset, Lot.granted, Lot.expires_on)
        .join(Lot, Lot.account_id == Account.id)
        .order_by(Lot.granted)
    )
    assert [tuple(row) for row in lots] == [
        (one.id, "points", 30, dt.date(2028, 6, 30)),
        (two.id, "minutes", 45, NEVER),
        (one.id, "points", 120, dt.date(2027, 12, 31)),
        (one.id, "minutes", 300, NEVER),
    ]
    assert sum(session().scalars(select(BudgetSlot.used))) == 0
    txn = session().scalars(select(Txn).where(Txn.subject_id == two.id)).one()
    assert (txn.kind, txn.reason_code, txn.evidence_ref) == ("adjust", "opening", "opening:paper:never")
    assert (txn.explain["words"], txn.explain["row"]) == ("第4号决议", 4)
    assert_sound()
    again = opening.check(village.town_id or 0, "paper", data)
    assert (len(again.gifts), len(again.todo)) == (4, 0)
    with transaction():
        opening.write(system_actor("tests"), village.town_id or 0, "paper", again.gifts[0], "第4号决议")
    assert posted(one) == 150, "written again it gives nothing"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("12345", "钱桂英", 5, "", "2027-12-31"), "这不像一个手机号"),
        (("19900000009", "钱桂英", 5, "", "2027-12-31"), "没有核实过的居民用这个手机号"),
        ((ONE, "钱桂花", 5, "", "2027-12-31"), "姓名和这个手机号登记的不一样"),
        ((ONE, "钱桂英", "", "", "2027-12-31"), "积分和服务分钟都没有填"),
        ((ONE, "钱桂英", 0, 0, "2027-12-31"), "积分和服务分钟都没有填"),
        ((ONE, "钱桂英", -5, "", "2027-12-31"), "“-5”不是整数"),
        ((ONE, "钱桂英", 2.5, "", "2027-12-31"), "“2.5”不是整数"),
        ((ONE, "钱桂英", 1_000_001, "", "2027-12-31"), "太大"),
        ((ONE, "钱桂英", 5, "", ""), "请写有效期到哪一天"),
        ((ONE, "钱桂英", 5, "", "2027-02-29"), "请写有效期到哪一天"),
        ((ONE, "钱桂英", 5, "", "2026-11-22"), "有效期已经过了"),
    ],
)
def test_a_bad_row_is_named_with_what_is_wrong(
    village: Area, neighbours: tuple[Member, Member], row: tuple[Any, ...], said: str
) -> None:
    good = (TWO, "李守田", 5, "", "2026-11-23")
    (found,) = problems(village, good, row)
    assert found[0] == 3
    assert said in found[1]
    assert "钱桂英" not in found[1], "whose number it is, is not told"


def test_the_same_person_twice_is_named_unless_the_dates_differ(
    village: Area, neighbours: tuple[Member, Member]
) -> None:
    same = (ONE, "钱桂英", 5, "", "2027-12-31")
    assert problems(village, same, (ONE, "钱桂英", 6, "", "2028年1月1日")) == []
    assert problems(village, same, same) == [(3, "同一个人、同一个有效期写了两行，请合成一行")]


def test_a_file_without_its_columns_and_a_book_without_a_plain_name_are_refused(village: Area) -> None:
    with pytest.raises(DomainError) as refused:
        opening.check(village.town_id or 0, "paper", book_of((ONE,), head=("电话",)))
    assert "手机号、姓名、积分" in str(refused.value.message)
    with pytest.raises(DomainError) as refused:
        opening.check(village.town_id or 0, "旧账", book_of())
    assert refused.value.field == "book"


def test_only_a_command_writes(village: Area, neighbours: tuple[Member, Member]) -> None:
    plan = opening.check(village.town_id or 0, "paper", book_of((ONE, "钱桂英", 5, "", "2027-12-31")))
    with pytest.raises(Forbidden), transaction():
        opening.write(actor_of(neighbours[1]), village.town_id or 0, "paper", plan.gifts[0], "第4号决议")


def test_the_command_checks_first_writes_when_told_and_skips_what_it_wrote(
    app: Flask, village: Area, neighbours: tuple[Member, Member], tmp_path: Path
) -> None:
    file = tmp_path / "old.xlsx"
    file.write_bytes(book_of((ONE, "钱桂英", 120, 60, "2027-12-31"), (TWO, "李守田", 7, "", "2027-12-31")))
    said = run(app, village, file)
    assert said.exit_code == 0, said.output
    assert "检查通过：3 笔，127 分，60 分钟。" in said.output
    assert posted(neighbours[0]) == 0
    said = run(app, village, file, "--write")
    assert "写好了：3 笔，127 分，60 分钟。" in said.output
    assert (posted(neighbours[0]), posted(neighbours[1])) == (120, 7)
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.import_opening")).one()
    assert (entry.reason, entry.details["points"]) == ("第4号决议", 127)
    said = run(app, village, file, "--write")
    assert "跳过的有 3 笔" in said.output
    assert posted(neighbours[0]) == 120


def test_one_bad_row_and_nothing_of_the_file_is_written(
    app: Flask, village: Area, neighbours: tuple[Member, Member], tmp_path: Path
) -> None:
    file = tmp_path / "old.xlsx"
    file.write_bytes(book_of((ONE, "钱桂英", 120, "", "2027-12-31"), (TWO, "李守田", "七", "", "2027-12-31")))
    said = run(app, village, file, "--write")
    assert said.exit_code == 1
    assert "第 3 行：“七”不是整数" in said.output
    assert posted(neighbours[0]) == 0
    file.write_bytes(b"")
    assert run(app, village, file).exit_code == 1
