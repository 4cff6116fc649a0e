"""What is kept how long: the sheet, the operators' table and the scheduler say the same."""

import datetime as dt
import re
from pathlib import Path

from flask import Flask

from community.core import scheduler
from community.home.retention import TERMS

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(?P<key>\w+)` \| (?P<what>[^|]+) \| (?P<long>[^|]+) \| (?P<job>[^|]+) \|$", re.MULTILINE)
SPANS = {1095 * 24: "3 years", 730 * 24: "2 years", 365 * 24: "1 year"}


def table() -> dict[str, re.Match[str]]:
    text = OPERATIONS.read_text("utf-8").partition("## What is kept how long")[2].partition("\n## ")[0]
    return {row["key"]: row for row in ROW.finditer(text)}


def spelled(span: dt.timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours in SPANS:
        return SPANS[int(hours)]
    if hours > 48:
        return f"{span.days} days"
    return f"{int(hours)} hours" if hours >= 1 else f"{int(hours * 60)} minutes"


def test_the_operators_table_has_each_line_of_the_sheet_with_its_span_and_job() -> None:
    rows = table()
    assert set(rows) == {term.key for term in TERMS}
    for term in TERMS:
        row = rows[term.key]
        if term.span:
            assert row["long"].startswith(spelled(term.span)), term.key
        assert row["job"].strip() == (f"`{term.job}`" if term.job else "none"), term.key


def test_every_job_that_lets_something_go_is_scheduled(app: Flask) -> None:
    assert app
    assert {term.job for term in TERMS if term.job} <= set(scheduler.registered())


def test_every_scheduled_job_that_forgets_or_erases_has_its_line(app: Flask) -> None:
    assert app
    forgets = {name for name in scheduler.registered() if name.startswith(("forget_", "erase_"))}
    assert forgets <= {term.job for term in TERMS}
