"""Taking a piece of the log away as a file: limited, watermarked in every row, and itself an entry of the log.

The entry keeps the file's number and the SHA-256 of its bytes: of a file that turns up somewhere it can be told who
took it, when, with which conditions, and whether a single byte was changed since (`flask audit check`).
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from community.audit import queries, services
from community.audit.queries import Filter, Line, Origin
from community.core import clock, spreadsheets
from community.core.authz import Actor, Perm
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.ids import new_code
from community.core.web.display import mask_name

# More rows are no piece to look into, but a copy of the log.
LIMIT = 5000
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way to who asked for it."""

    number: str
    name: str
    mimetype: str
    content: bytes
    digest: str
    rows: int


def export(actor: Actor, wanted: Filter, *, form: str, conditions: Sequence[tuple[Text, str]] = ()) -> File:
    """Return the newest entries that match as a file of `form` ("csv" or "xlsx"), and write who took it.

    `conditions` say in words what was asked for. Raises Forbidden without the right, DomainError for another form or
    when nothing matches.
    """
    if form not in FORMATS:
        raise DomainError("form", _("请选择 CSV 或 XLSX"), field="form")
    lines, total = queries.for_file(actor, wanted, LIMIT)
    if not lines:
        raise DomainError("nothing", _("这些条件下没有可以导出的记录"), next_step=_("请放宽条件再试。"))
    number, asked = new_code(8), [(plain(word), value) for word, value in conditions]
    table = [*_head(actor, number, asked, len(lines), total), *_rows(lines, number)]
    content = _csv(table) if form == "csv" else _xlsx(table)
    digest = hashlib.sha256(content).hexdigest()
    services.record(
        actor,
        "audit.export",
        "export",
        number,
        scope_path=wanted.area or _widest(actor),
        details={
            "number": number,
            "rows": len(lines),
            "form": form,
            "filters": plain(_("；")).join(f"{word} {_nameless(value, wanted)}" for word, value in asked),
            "digest": digest,
        },
    )
    return File(number, _file_name(actor, number, form), FORMATS[form], content, digest, len(lines))


def origin(content: bytes) -> Origin | None:
    """Return which export a file is, byte for byte; None for a changed or foreign one."""
    digest = hashlib.sha256(content).hexdigest()
    for entry in queries.exports():
        if entry.details.get("digest") == digest:
            return Origin(entry.details["number"], entry.actor_id, entry.at, entry.details["rows"])
    return None


def safe(text: str) -> str:
    """Return `text` so that no spreadsheet runs it, nor breaks on a character that none can hold."""
    return spreadsheets.safe(ILLEGAL_CHARACTERS_RE.sub("", text))


def _nameless(value: str, wanted: Filter) -> str:
    """The log outlives people's names: who was asked for is written as a number."""
    ids = queries.actor_ids(value) if value and value == wanted.actor else []
    return " ".join(str(one) for one in ids) or value


def _head(actor: Actor, number: str, asked: Sequence[tuple[str, str]], rows: int, total: int) -> list[list[str]]:
    much = (
        _("%(rows)s 条", rows=rows)
        if rows == total
        else _("最新 %(rows)s 条，符合条件的共 %(total)s 条", rows=rows, total=total)
    )
    facts: list[tuple[Text, Text]] = [
        (_("审计记录，导出号"), number),
        (_("谁导出"), actor.name),
        (_("导出时间"), _moment(clock.now())),
        *asked,
        (_("条数"), much),
        (_("提醒"), _("只用于工作，不得转发。凭导出号能查到是谁、何时导出，文件改动过也能查出。")),
    ]
    return [[plain(word), plain(value)] for word, value in facts] + [[]]


def _rows(lines: Sequence[Line], number: str) -> list[list[str]]:
    heads = (_("时间"), _("谁"), _("做了什么"), _("对象"), _("名称"), _("原因"), _("说明"), _("导出号"))
    rows = [[plain(head) for head in heads]]
    for line in lines:
        notes = plain(_("；")).join(f"{plain(word)} {plain(value)}" for word, value in line.notes)
        name = mask_name(line.name) if line.hidden and line.name else line.name
        cells = (line.actor, line.what, line.thing, name, line.reason or "", notes)
        rows.append([_moment(line.at), *(plain(cell) for cell in cells), number])
    return rows


def _csv(table: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([safe(cell) for cell in row] for row in table)
    # With the mark that tells spreadsheets which encoding it is.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(table: list[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table[0][1])
    for row in table:
        sheet.append([safe(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _file_name(actor: Actor, number: str, form: str) -> str:
    who = re.sub(r"[^\w]", "", actor.name)[:20]
    return f"{plain(_('审计记录'))}-{number}-{who}-{clock.local(clock.now()):%Y%m%d-%H%M}.{form}"


def _moment(at: dt.datetime) -> str:
    return f"{clock.local(at):%Y-%m-%d %H:%M:%S}"


def _widest(actor: Actor) -> str:
    paths = [held.area_path for held in actor.held if held.area_path and Perm.AUDIT_EXPORT in held.perms]
    return min(paths, key=len, default="")
