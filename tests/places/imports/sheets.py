"""Files as offices send them, made in the test."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook


def as_csv(rows: Iterable[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """A CSV of `rows` in an encoding."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook whose first sheet holds `rows`."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def sparse(rows: Iterable[Sequence[Any]], number: int) -> bytes:
    """A workbook of a few kilobytes whose second row says that it is row `number`."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(rows))) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                content = re.sub(rb'(<row r="|<c r="[A-Z]+)2"', rb'\g<1>%d"' % number, content)
            new.writestr(part, content)
    return made.getvalue()
