"""A month as files: every format says the same, the journals balance and end where the ledger does."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import exporting, subscribers
from community.points.exporting import Month
from community.points.models import Account, Txn
from community.points.services import expiring, reversing, spending
from community.points.services.posting import By
from tests.factories.ledger import give
from tests.factories.points import accepted, town_of

NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture
def month(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> Month:
    """October gave the member 30 points and 90 minutes; November has something of every kind but redeeming."""
    town = town_of(village)
    with transaction():
        subscribers.award_checkin(accepted(leader, village))  # November, at once
    with transaction():
        award = session().scalars(select(Txn.id).where(Txn.subject_id == leader.id)).one()
        give(member, town, 30, days=2)
        give(member, town, 90, days=None, asset="minutes")
        spending.spend(town.id, member.id, 4, kind="donate", by=By(member.id), evidence_ref="order:1", explain={})
        reversing.reverse(award, 2, by=By(0), evidence_ref="case:1", reason_code="wrong", explain={})
    frozen_clock.tick(days=4)
    with transaction():
        expiring.expire_town(town.id, dt.date(2026, 11, 27))
    return Month(town.id, town.code, town.name, NOVEMBER)


def held() -> dict[str, int]:
    """What each resident's account of points or minutes holds, as the journals name and sign it."""
    rows = session().execute(select(Account.id, Account.asset, Account.posted).where(Account.kind == "resident"))
    return {f"Liabilities:Residents:{row.id} {row.asset.upper()}": -row.posted for row in rows}


# --- readers of our own: nothing of the writers in them ---

HEAD = re.compile(r'^(\d{4}-\d\d-\d\d) \* "?(\w+)"?$')
POSTING = re.compile(r"^ {2,4}([A-Z][\w:]*)  (-?\d+) (POINTS|MINUTES)(?: = (-?\d+) (POINTS|MINUTES))?$")
TAG = re.compile(r"^ {2,4}(?:; )?([a-z]+): \S.*$")
DIRECTIVE = re.compile(
    r'^(?:; .*|commodity 1000\. \w+|option "title" ".*"|\d{4}-\d\d-\d\d (?:commodity [A-Z]+|open [A-Z][\w:]*))$'
)
CHECK = re.compile(r"^(\d{4}-\d\d-\d\d) balance ([\w:]+)  (-?\d+) (POINTS|MINUTES)$")


def read(text: str) -> tuple[Counter[str], dict[str, int], list[str]]:
    """Return what a journal adds up to by account, the balances that it asserts, and its transactions' words.

    Fails for a line that is nothing known and for a transaction that does not balance.
    """
    sums: Counter[str] = Counter()
    asserted: dict[str, int] = {}
    words: list[str] = []
    open_now: Counter[str] = Counter()
    dates: list[str] = []
    for line in text.splitlines():
        if found := HEAD.match(line):
            assert not any(open_now.values()), f"unbalanced before {line}"
            dates.append(found[1])
            words.append(found[2])
            open_now.clear()
        elif found := POSTING.match(line):
            open_now[found[3]] += int(found[2])
            sums[f"{found[1]} {found[3]}"] += int(found[2])
            if found[4]:
                asserted[f"{found[1]} {found[5]}"] = int(found[4])
                assert sums[f"{found[1]} {found[3]}"] == int(found[4])
        elif found := CHECK.match(line):
            asserted[f"{found[2]} {found[4]}"] = int(found[3])
            assert sums[f"{found[2]} {found[4]}"] == int(found[3])
        else:
            assert not line or TAG.match(line) or DIRECTIVE.match(line), line
    assert not any(open_now.values())
    assert dates == sorted(dates)
    return sums, asserted, words


def journals(month: Month, folder: Path) -> Iterator[tuple[str, str]]:
    for form in ("hledger", "beancount"):
        yield form, exporting.write(month, form, folder).read_text("utf-8")


@pytest.mark.engine
def test_the_journals_balance_and_end_with_what_residents_have(month: Month, tmp_path: Path) -> None:
    for _form, text in journals(month, tmp_path):
        sums, asserted, words = read(text)
        assert asserted == held()
        assert {name: amount for name, amount in sums.items() if name.startswith("Liab")} == held()
        assert [word for word in words if word not in {"open", "close"}] == [
            "award", "adjust", "adjust", "donate", "reverse", "expire",
        ]  # fmt: skip
        assert sums["Expenses:Issued POINTS"] == 5
        assert sums["Income:Expired POINTS"] == -26
        assert sums["Expenses:Adjusted MINUTES"] == 90


@pytest.mark.engine
def test_the_next_month_opens_with_what_this_one_closed(month: Month, tmp_path: Path) -> None:
    december = Month(month.town_id, month.town_code, month.town, dt.date(2026, 12, 1))
    for _form, text in journals(december, tmp_path):
        sums, asserted, words = read(text)
        assert words[0] == "open"
        assert {name: amount for name, amount in sums.items() if amount} == {
            **{name: amount for name, amount in held().items() if amount},
            "Equity:Opening POINTS": 3,
            "Equity:Opening MINUTES": 90,
        }
        assert asserted == {name: amount for name, amount in held().items() if amount}


def test_beancount_finds_every_account_opened(month: Month, tmp_path: Path) -> None:
    text = exporting.write(month, "beancount", tmp_path).read_text("utf-8")
    opened = set(re.findall(r"^2026-11-01 open (\S+)$", text, re.MULTILINE))
    used = {found[1] for line in text.splitlines() if (found := POSTING.match(line))}
    assert used <= opened
    assert re.search(r"^2026-12-01 balance ", text, re.MULTILINE), "a balance holds at the beginning of its day"


def test_beancount_itself_reads_the_journals_without_a_complaint(month: Month, tmp_path: Path) -> None:
    for of_month in (month, Month(month.town_id, month.town_code, month.town, dt.date(2026, 12, 1))):
        entries, errors, _options = loader.load_file(str(exporting.write(of_month, "beancount", tmp_path)))
        assert [error.message for error in errors] == []
        ends: Counter[str] = Counter()
        for posting in (
            posting for entry in entries if isinstance(entry, data.Transaction) for posting in entry.postings
        ):
            ends[f"{posting.account} {posting.units.currency}"] += int(posting.units.number)
        residents = {name: amount for name, amount in ends.items() if name.startswith("Liab") and amount}
        assert residents == {name: amount for name, amount in held().items() if amount}
    wrong = exporting.write(month, "beancount", tmp_path).read_text("utf-8").replace("  -5 POINTS", "  -4 POINTS", 1)
    assert loader.load_string(wrong)[1], "a reader that finds every journal right proves nothing"


@pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not here: apt-get install hledger")
def test_hledger_itself_reads_the_journals_without_a_complaint(month: Month, tmp_path: Path) -> None:
    def reads(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(shutil.which("hledger")), "-f", str(file), *words]
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    for of_month in (month, Month(month.town_id, month.town_code, month.town, dt.date(2026, 12, 1))):
        file = exporting.write(of_month, "hledger", tmp_path)
        checked = reads(file, "check")
        assert (checked.returncode, checked.stderr) == (0, "")
        told = reads(file, "balance", "Liabilities", "--flat", "--no-total", "-O", "csv").stdout
        rows = list(csv.DictReader(told.splitlines()))
        said = {f"{row['account']} {row['balance'].split()[1]}": int(row["balance"].split()[0]) for row in rows}
        assert said == {name: amount for name, amount in held().items() if amount}
    wrong = tmp_path / "wrong.journal"
    wrong.write_text(
        exporting.write(month, "hledger", tmp_path).read_text("utf-8").replace("  -5 POINTS", "  -4 POINTS", 1)
    )
    assert reads(wrong, "check").returncode == 1, "a reader that finds every journal right proves nothing"


def test_a_reader_that_finds_an_unbalanced_transaction_says_so() -> None:
    with pytest.raises(AssertionError):
        read('2026-11-01 * "award"\n  Expenses:Issued  5 POINTS\n  Income:Expired  -4 POINTS\n')


@pytest.mark.engine
def test_the_tables_hold_each_transfer_with_its_sides_and_no_name(
    month: Month, member: Member, leader: Member, tmp_path: Path
) -> None:
    file = exporting.write(month, "csv", tmp_path)
    text = file.read_text("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert [len(row) for row in rows] == [12] * 7
    accounts = {str(row.id) for row in session().execute(select(Account.id).where(Account.kind == "resident"))}
    assert {row[6] for row in rows[1:] if row[3] == "奖励"} <= accounts
    assert [row[7] for row in rows[1:]] == ["5", "30", "90", "4", "2", "26"]
    assert rows[1][8] == "P01/1"
    for name in (member.display_name, leader.display_name):
        assert name not in text
    book = load_workbook(exporting.write(month, "xlsx", tmp_path))
    sums, lines = book.worksheets
    assert [[str(cell or "") for cell in row] for row in lines.iter_rows(values_only=True)] == rows
    told = {row[0]: row[1:3] for row in sums.iter_rows(min_row=5, values_only=True)}
    assert told["月末"] == (3, 90)
    assert told["捐出"] == (4, 0)


def test_the_command_writes_all_formats_and_leaves_its_trace(app: Flask, month: Month, tmp_path: Path) -> None:
    run = app.test_cli_runner()
    said = run.invoke(args=["points", "export", "--month", "2026-11", "--to", str(tmp_path / "out")])
    assert said.exit_code == 0, said.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    stem = f"linli-{month.town_code}-2026-11"
    assert names == {f"{stem}.csv", f"{stem}.xlsx", f"{stem}.journal", f"{stem}.beancount"}
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.export")).one()
    assert (entry.details["rows"], entry.details["month"]) == (6, "2026-11")
    only = ["points", "export", "--month", "2026-11", "--to", str(tmp_path / "one"), "--form", "csv"]
    assert run.invoke(args=[*only, "--town", month.town_code]).exit_code == 0
    assert [path.suffix for path in (tmp_path / "one").iterdir()] == [".csv"]
    assert run.invoke(args=[*only, "--town", "nowhere"]).exit_code == 1
