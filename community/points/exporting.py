"""A month of a town's books as files: CSV and XLSX for people, journals for hledger and for Beancount.

In the journals an account is debited and credited as in our ledger, so that what residents have stands as a liability.
Each begins with the opening balances and ends with a check of the closing ones, which the reading program makes anew.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook

from community.core import clock
from community.core.i18n import Text, _, plain
from community.core.spreadsheets import safe
from community.points.queries import journal, months
from community.points.queries.journal import Balance, Line, Side

FORMATS = ("csv", "xlsx", "hledger", "beancount")
_ENDINGS = {"csv": "csv", "xlsx": "xlsx", "hledger": "journal", "beancount": "beancount"}
_ACCOUNTS = {
    "issuance": "Expenses:Issued",
    "budget": "Expenses:Budget",
    "adjustment": "Expenses:Adjusted",
    "redeemed": "Income:Redeemed",
    "expired": "Income:Expired",
    "reversed": "Income:Reversed",
}
_COMMODITIES = {"points": "POINTS", "minutes": "MINUTES"}
_OPENING = "Equity:Opening"
_KINDS: Mapping[str, Text] = {
    "award": _("奖励"),
    "redeem": _("兑换"),
    "donate": _("捐赠"),
    "expire": _("到期"),
    "reverse": _("更正"),
    "adjust": _("调整"),
}
_SYSTEM: Mapping[str, Text] = {
    "issuance": _("发放"),
    "budget": _("预算"),
    "adjustment": _("调整"),
    "redeemed": _("已兑换"),
    "expired": _("已到期"),
    "reversed": _("已更正"),
}
_ASSETS: Mapping[str, Text] = {"points": _("积分"), "minutes": _("分钟")}
_SUMS: Mapping[str, Text] = {
    "opening": _("月初"),
    "issued": _("发放"),
    "redeemed": _("兑换"),
    "donated": _("捐出"),
    "expired": _("到期"),
    "reversed": _("更正"),
    "adjusted": _("调整"),
    "closing": _("月末"),
}


@dataclass(frozen=True, slots=True)
class Month:
    """What is taken out: a month of a town, and the names that the files get."""

    town_id: int
    town_code: str
    town: str
    month_on: dt.date

    def path(self, folder: Path, form: str) -> Path:
        """Return where the file of a format goes."""
        return folder / f"linli-{self.town_code}-{self.month_on:%Y-%m}.{_ENDINGS[form]}"


def write(month: Month, form: str, folder: Path, progress: Callable[[int], object] = lambda _count: None) -> Path:
    """Write the month into `folder` in one of `FORMATS` and return the file; `progress` is told of each transfer."""
    path = month.path(folder, form)
    rows = _told(journal.lines(month.town_id, month.month_on), progress)
    if form == "xlsx":
        _workbook(month, rows).save(path)
        return path
    makers = {"csv": _csv, "hledger": _hledger, "beancount": _beancount}
    # CSV opens in spreadsheets, which want the mark of its encoding and line ends of its own.
    with path.open("w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as out:
        for piece in makers[form](month, rows):
            out.write(piece)
    return path


def _told(rows: Iterator[Line], progress: Callable[[int], object]) -> Iterator[Line]:
    for row in rows:
        yield row
        progress(1)


# --- for people ---


def _heads() -> list[str]:
    heads = (
        _("流水号"), _("入账时间"), _("哪一天"), _("种类"), _("单位"), _("从"), _("到"), _("数量"), _("规则"),
        _("根据"), _("原因"), _("更正哪一笔"),
    )  # fmt: skip
    return [plain(head) for head in heads]


def _cells(line: Line) -> list[str | int]:
    return [
        # More digits than a spreadsheet can count with: text.
        str(line.txn_id),
        f"{clock.local(line.recorded_at):%Y-%m-%d %H:%M:%S}",
        line.effective_on.isoformat(),
        plain(_KINDS[line.kind]),
        plain(_ASSETS[line.asset]),
        _called(line.debit),
        _called(line.credit),
        line.amount,
        safe(line.rule),
        safe(line.evidence),
        safe(line.reason),
        str(line.reverses or ""),
    ]


def _called(side: Side) -> str:
    return str(side.account_id) if side.kind == "resident" else plain(_SYSTEM[side.kind])


def _csv(_month: Month, rows: Iterable[Line]) -> Iterator[str]:
    yield _row(_heads())
    for line in rows:
        yield _row(_cells(line))


def _row(cells: Iterable[str | int]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _workbook(month: Month, rows: Iterable[Line]) -> Workbook:
    book = Workbook(write_only=True)
    sums, sheet = book.create_sheet(plain(_("汇总"))), book.create_sheet(plain(_("流水")))
    sums.append([plain(_("镇街")), safe(month.town)])
    sums.append([plain(_("月份")), f"{month.month_on:%Y-%m}"])
    sums.append([])
    totals = months.totals(month.town_id, month.month_on)
    sums.append(["", *(plain(_ASSETS[asset]) for asset in totals)])
    for word, label in _SUMS.items():
        sums.append([plain(label), *(totals[asset][word] for asset in totals)])
    sheet.append(_heads())
    for line in rows:
        sheet.append(_cells(line))
    return book


# --- for programs ---


def _account(side: Side) -> str:
    return f"Liabilities:Residents:{side.account_id}" if side.kind == "resident" else _ACCOUNTS[side.kind]


def _amount(amount: int, asset: str) -> str:
    return f"{amount} {_COMMODITIES[asset]}"


def _tags(line: Line) -> dict[str, str]:
    tags = {
        "txn": str(line.txn_id), "effective": line.effective_on.isoformat(), "rule": line.rule,
        "evidence": line.evidence, "reason": line.reason, "reverses": str(line.reverses or ""),
    }  # fmt: skip
    return {name: value for name, value in tags.items() if value}


def _hledger(month: Month, rows: Iterable[Line]) -> Iterator[str]:
    held = journal.balances(month.town_id, month.month_on)
    yield f"; linli {month.town_code} {month.month_on:%Y-%m}\n"
    for commodity in _COMMODITIES.values():
        yield f"commodity 1000. {commodity}\n"
    yield from _opening(month, held, "open", lambda one: f"    {one[0]}  {_amount(one[1], one[2])}\n")
    for line in rows:
        yield f"\n{line.recorded_on.isoformat()} * {line.kind}\n"
        # One tag a line: a comma would end its value.
        yield from (f"    ; {name}: {value.replace(',', ' ')}\n" for name, value in _tags(line).items())
        yield f"    {_account(line.debit)}  {_amount(line.amount, line.asset)}\n"
        yield f"    {_account(line.credit)}  {_amount(-line.amount, line.asset)}\n"
    yield f"\n{journal.last_day(month.month_on).isoformat()} * close\n"
    for one in held:
        zero, closing = _amount(0, one.asset), _amount(-one.closing, one.asset)
        yield f"    {_account(one.side)}  {zero} = {closing}\n"


def _beancount(month: Month, rows: Iterable[Line]) -> Iterator[str]:
    held, first = journal.balances(month.town_id, month.month_on), month.month_on.isoformat()
    yield f'option "title" "linli {month.town_code} {month.month_on:%Y-%m}"\n'
    for commodity in _COMMODITIES.values():
        yield f"{first} commodity {commodity}\n"
    residents = {_account(one.side) for one in held}
    for account in sorted({_OPENING, *_ACCOUNTS.values(), *residents}):
        yield f"{first} open {account}\n"
    yield from _opening(month, held, '"open"', lambda one: f"  {one[0]}  {_amount(one[1], one[2])}\n")
    for line in rows:
        yield f"\n{line.recorded_on.isoformat()} * {json.dumps(line.kind)}\n"
        yield from (f"  {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in _tags(line).items())
        yield f"  {_account(line.debit)}  {_amount(line.amount, line.asset)}\n"
        yield f"  {_account(line.credit)}  {_amount(-line.amount, line.asset)}\n"
    # A balance holds at the beginning of its day.
    after = journal.last_day(month.month_on) + dt.timedelta(days=1)
    yield "\n"
    for one in held:
        yield f"{after.isoformat()} balance {_account(one.side)}  {_amount(-one.closing, one.asset)}\n"


def _opening(
    month: Month, held: Iterable[Balance], title: str, posting: Callable[[tuple[str, int, str]], str]
) -> Iterator[str]:
    """Yield the transaction of what residents held before, balanced by an account of its own."""
    before = [one for one in held if one.opening]
    if not before:
        return
    yield f"\n{month.month_on.isoformat()} * {title}\n"
    for one in before:
        yield posting((_account(one.side), -one.opening, one.asset))
    for asset in _COMMODITIES:
        total = sum(one.opening for one in before if one.asset == asset)
        if total:
            yield posting((_OPENING, total, asset))
