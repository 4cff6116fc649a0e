"""Tables out: what an import reads back without a change, safe to open in a spreadsheet; templates; bad rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from sqlalchemy import select

from community.core.authz import Actor, Perm, under, visible
from community.core.db import session
from community.core.errors import Conflict
from community.core.i18n import Text, _, plain
from community.core.spreadsheets import safe
from community.places import geo
from community.places.imports import columns
from community.places.imports.columns import Column
from community.places.imports.problems import words
from community.places.models import Area, Post, Unit

BOM = "\ufeff"
_PAGE = 2000
# A page is answered whole; a village has a tenth of this.
MOST_ROWS = 100_000
_AREA, _POST, _UNIT = Area.__table__.c, Post.__table__.c, Unit.__table__.c


def line(cells: Iterable[Any]) -> str:
    """Return one line of a CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return written.getvalue()


def template(kind: str, language: str) -> bytes:
    """Return an empty workbook with the first row of a table of `kind`: text columns, so that zeros stay."""
    book = Workbook(write_only=False)
    book.remove(book.worksheets[0])
    sheet, help_sheet = (book.create_sheet(plain(name)) for name in (_("填这里"), _("说明")))
    for number, column in enumerate(_read_columns(kind), start=1):
        head = sheet.cell(1, number, column.header(language))
        head.font = Font(bold=True)
        sheet.column_dimensions[head.column_letter].width = 22
        for row in range(2, 202):
            sheet.cell(row, number).number_format = "@"
        told = (column.header(language), "*" if column.needed else "", column.example, _choices(column))
        for place, text in enumerate(told, start=1):
            help_sheet.cell(number, place, text).number_format = "@"
    sheet.freeze_panes = "A2"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _choices(column: Column) -> str:
    return columns.choices(column.words) if column.words else ""


def template_csv(kind: str, language: str) -> str:
    """Return the first row of a table of `kind` as a CSV."""
    return BOM + line(column.header(language) for column in _read_columns(kind))


def _read_columns(kind: str) -> list[Column]:
    return [column for column in columns.columns(kind) if column.reads]


def bad_rows(kind: str, problems: Iterable[dict[str, Any]], heads: Sequence[Text], language: str) -> Iterator[str]:
    """Yield a CSV of what is wrong: line, column, what stands there, what it is, how to mend it (`heads` name them)."""
    names = {column.key: column.header(language) for column in columns.columns(kind)}
    yield BOM + line(plain(head) for head in heads)
    for problem in problems:
        what, mend = words(problem["code"], problem["more"])
        name = names.get(problem["column"], "")
        yield line((problem["line"], name, problem["value"], plain(what), plain(mend)))


# --- what is stored ---


def export(actor: Actor, kind: str, path: str, language: str, *, bom: bool = True) -> Iterator[str]:
    """Yield the lines of a CSV of the areas, buildings, units or posts below `path` that the actor may read.

    Closed and retired ones are left out: an import would refuse them. Raises Conflict beyond MOST_ROWS.
    """
    yield (BOM if bom else "") + line(column.header(language) for column in columns.columns(kind))
    rows = {"areas": _areas, "buildings": _areas, "units": _units, "posts": _posts}[kind]
    for count, values in enumerate(rows(actor, kind, path, language)):
        if count >= MOST_ROWS:
            raise Conflict(
                "export_rows",
                _("超过 %(count)s 行，一次导不出来", count=MOST_ROWS),
                next_step=_("请到下一级区域分别导出。"),
            )
        yield line(values.get(column.key) for column in columns.columns(kind))


def _areas(actor: Actor, kind: str, path: str, language: str) -> Iterator[dict[str, Any]]:
    levels = ("building",) if kind == "buildings" else ("town", "village", "grid")
    wanted = (
        select(_AREA.path, _AREA.code, _AREA.kind, _AREA.name, _AREA.title, _AREA.population, _AREA.phone)
        .where(visible(actor, Perm.AREA_READ, Area), under(_AREA.path, (path,)), _AREA.path != path)
        .where(_AREA.kind.in_(levels), _AREA.closed_at.is_(None))
        .order_by(_AREA.path)
        .limit(_PAGE)
    )
    after = ""
    while rows := session().execute(wanted.where(_AREA.path > after)).all():
        for row in rows:
            parent = row.path.strip("/").split("/")[-2]
            level = columns.spoken("area_kind", row.kind, language)
            yield row._asdict() | {"parent": parent, "kind": level}
        after = rows[-1].path


def _posts(actor: Actor, _kind: str, path: str, language: str) -> Iterator[dict[str, Any]]:
    keys = ("id", "number", "name", "lat", "lon", "kind", "open_to", "radius_m", "spot", "state", "scope_path")
    wanted = (
        select(*(_POST[key] for key in keys))
        .where(visible(actor, Perm.POST_READ, Post), under(_POST.scope_path, (path,)), _POST.state != "retired")
        .order_by(_POST.id)
        .limit(_PAGE)
    )
    after = 0
    while rows := session().execute(wanted.where(_POST.id > after)).all():
        for row in rows:
            spoken = {
                key: columns.spoken(words, value, language)
                for key, words, value in (
                    ("kind", "post_kind", row.kind),
                    ("open_to", "open_to", row.open_to),
                    ("state", "post_state", row.state),
                    ("crs", "crs", geo.CRS[0]),
                )
            }
            area = row.scope_path.strip("/").split("/")[-1]
            yield row._asdict() | spoken | {"area": area, "lat": _degrees(row.lat), "lon": _degrees(row.lon)}
        after = rows[-1].id


def _units(actor: Actor, _kind: str, path: str, _language: str) -> Iterator[dict[str, Any]]:
    wanted = (
        select(_UNIT.id, _UNIT.label, _UNIT.area_m2, _UNIT.address_code, _UNIT.scope_path)
        .where(visible(actor, Perm.AREA_READ, Unit), under(_UNIT.scope_path, (path,)), _UNIT.closed_at.is_(None))
        .order_by(_UNIT.id)
        .limit(_PAGE)
    )
    after = 0
    while rows := session().execute(wanted.where(_UNIT.id > after)).all():
        for row in rows:
            yield row._asdict() | {"building": row.scope_path.strip("/").split("/")[-1]}
        after = rows[-1].id


def _degrees(value: float) -> str:
    return f"{value:.7f}".rstrip("0").rstrip(".")
