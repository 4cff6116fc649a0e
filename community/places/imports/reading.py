"""From a file's bytes to rows of cells: CSV in the encodings that Chinese offices use, and XLSX; hostile ones refused.

A cell is text; one that a spreadsheet keeps as a number is a `Number`, because such a cell has lost its leading zeros.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers import expat

from openpyxl import load_workbook

from community.core.errors import DomainError
from community.core.i18n import Text, _
from community.core.spreadsheets import bare

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_ROWS: Final = 10_000
MOST_COLUMNS: Final = 60
LONGEST_CELL: Final = 1000
# What a workbook may unpack to; ours have a few megabytes.
_MOST_UNPACKED: Final = 40 * 1024 * 1024
_MOST_PARTS: Final = 500
# Elements in all of it, and inside one of them; only rows and texts may be many. A row of Excel has 16,384 cells.
_MOST_ELEMENTS: Final = 2_500_000
_MOST_INSIDE: Final = 70_000
_MANY: Final = {"sheetData", "sst"}
_PIECE: Final = 1 << 18
# The last row of any spreadsheet. A number beyond it is no row's, and all the rows before it are made up while reading.
_LAST_ROW: Final = 1 << 20
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DELIMITERS: Final = (",", "\t", ";")
# Excel's way to keep text as it is in a CSV.
_QUOTED_FORMULA: Final = re.compile(r'="(.*)"')
_SAMPLE: Final = 1 << 16


class Number(str):
    """A cell that the spreadsheet keeps as a number."""

    __slots__ = ()


class BadFile(DomainError):
    """The file as a whole cannot be read; nothing was looked at row by row."""

    def __init__(self, code: str, message: Text, next_step: Text) -> None:
        super().__init__(code, message, next_step=next_step, field="file")


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the line (CSV) or row (XLSX) it stands in, for people who look for it there."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows, its first one included; `encoding` says how its text was read, "xlsx" for a workbook."""

    encoding: str
    rows: Iterable[Row]


def read(data: bytes, *, most_rows: int = MOST_ROWS) -> Table:
    """Return the table in `data`. Raises BadFile for what is no table, too large, or meant to do harm.

    The rows are read as they are asked for and may raise BadFile too: a broken workbook, more than `most_rows`.
    """
    if not data.strip(b"\0 \r\n\t"):
        raise BadFile("file_empty", _("文件是空的"), _("请打开文件看看，第一行是列名，下面每行一条。"))
    if data.startswith(_OLD_EXCEL):
        raise BadFile(
            "file_old_excel",
            _("这是旧版 Excel（.xls）或带密码的文件"),
            _("请在 Excel 里另存为 .xlsx 或 CSV，去掉密码。"),
        )
    if data.startswith(_ZIP):
        return Table("xlsx", _limited(_workbook(data), most_rows))
    encoding = detect(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise no_encoding() from None
    if _CONTROL.search(text):
        raise BadFile("file_binary", _("这不是表格文件"), _("请选择 CSV 或 XLSX 文件。"))
    return Table(encoding, _limited(lines(io.StringIO(text, newline=""), text[:_SAMPLE]), most_rows))


def detect(sample: bytes) -> str:
    """Return how the text in `sample` (the beginning, or all of a file) is written: by its mark, else by trying."""
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    nuls = sample[:_SAMPLE].count(b"\0")
    if nuls > len(sample[:_SAMPLE]) // 8:
        return "utf-16-be" if sample[:1] == b"\0" else "utf-16-le"
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)
        except UnicodeDecodeError:
            continue
        return encoding
    raise no_encoding()


def no_encoding() -> BadFile:
    """Return the refusal of text in no known encoding."""
    return BadFile(
        "file_encoding", _("文字编码认不出来"), _("请在 Excel 或 WPS 里另存为“CSV UTF-8（逗号分隔）”再上传。")
    )


def lines(file: Any, head: str) -> Iterator[Row]:
    """Yield the rows of a text file opened with newline=""; `head` is its beginning, which tells commas from tabs."""
    for line, cells in raw_lines(file, head):
        yield Row(line, [clean(cell) for cell in cells])


def raw_lines(file: Any, head: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) as they stand in the file, empty rows left out; millions of them pass here."""
    first = head.lstrip("\ufeff").split("\n", 1)[0]
    reader = csv.reader(file, delimiter=max(_DELIMITERS, key=first.count))
    begun = 1
    try:
        for cells in reader:
            if any(cells):
                yield begun, cells
            begun = reader.line_num + 1
    except csv.Error:
        raise BadFile(
            "file_quotes", _("第 %(line)s 行附近的引号不成对", line=begun), _("请检查这一行的双引号，或改用 XLSX。")
        ) from None


def clean(cell: str) -> str:
    """Return a cell's text without what spreadsheets and exports wrap it in."""
    text = cell.strip().removeprefix("\ufeff")
    if text.startswith("="):
        wrapped = _QUOTED_FORMULA.fullmatch(text)
        return wrapped[1].strip() if wrapped else text
    return bare(text).strip()


def _limited(rows: Iterable[Row], most: int) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count > most:
            raise BadFile(
                "file_rows",
                _("超过 %(count)s 行", count=most),
                _("请分成几个文件；整个区的地址请管理员在服务器上用 flask places import。"),
            )
        if len(row.cells) > MOST_COLUMNS:
            raise BadFile("file_columns", _("列太多了"), _("请从模板开始，只留需要的列。"))
        yield row


# --- workbooks ---


def _workbook(data: bytes) -> Iterator[Row]:
    _inspect(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # What a file says of its own size may be a lie, in both directions.
        sheet.reset_dimensions()
        blank: tuple[Any, ...] | None = None
        for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS), start=1):
            if line > _LAST_ROW:
                raise _broken()
            # A row that the file leaves out is one and the same tuple each time: a million of them are passed quickly.
            if cells is blank:
                continue
            row = [_cell(cell) for cell in cells]
            while row and not row[-1]:
                row.pop()
            if row:
                yield Row(line, row)
            else:
                blank = cells
    except BadFile:
        raise
    except Exception:  # a workbook can be broken in any way, also in ways its library did not think of
        raise _broken() from None


def _inspect(data: bytes) -> None:
    """Refuse archives that are no workbook, carry macros, are locked, or unpack to more than they say."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise _broken() from None
    names = {part.filename.lower() for part in parts}
    if any(name.endswith(("vbaproject.bin", ".xlsm")) for name in names):
        raise BadFile("file_macros", _("文件里有宏"), _("请另存为不带宏的 .xlsx 再上传。"))
    if "xl/workbook.xml" not in names:
        raise BadFile("file_binary", _("这不是表格文件"), _("请选择 CSV 或 XLSX 文件。"))
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise _bomb()
    if any(part.flag_bits & 1 for part in parts):
        raise _broken()
    counted = _Elements()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in parts:
            counted.look_through(archive, part)


class _Elements:
    """Counts the elements of a workbook before its library makes objects of them: 100 KB can hold millions."""

    def __init__(self) -> None:
        self._all = 0
        self._open: list[tuple[bool, int]] = []

    def look_through(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Raise BadFile for a part with too much in it, or entities. What is no XML, the library cannot read either."""
        self._open = [(False, 0)]
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.EntityDeclHandler = self._entity
        try:
            with archive.open(part) as file:
                while piece := file.read(_PIECE):
                    parser.Parse(piece)
        except (expat.ExpatError, ValueError):
            return
        except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError):
            raise _broken() from None

    def _begin(self, name: str, _attributes: dict[str, str]) -> None:
        many, inside = self._open[-1]
        self._open[-1] = many, inside + 1
        self._all += 1
        if self._all > _MOST_ELEMENTS or (inside >= _MOST_INSIDE and not many):
            raise _bomb()
        self._open.append((name.rpartition(":")[2] in _MANY, 0))

    def _end(self, _name: str) -> None:
        self._open.pop()

    @staticmethod
    def _entity(*_declared: object) -> None:
        raise _broken()


def _bomb() -> BadFile:
    return BadFile("file_bomb", _("文件展开后太大"), _("请只留第一张表和需要的列，或改用 CSV。"))


def _broken() -> BadFile:
    return BadFile("file_broken", _("文件打不开，可能损坏或有密码"), _("请用 Excel 或 WPS 打开后另存一份再上传。"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return Number(f"{value:.0f}" if value.is_integer() else repr(value))
    if isinstance(value, int):
        return Number(value)
    return clean(str(value))
