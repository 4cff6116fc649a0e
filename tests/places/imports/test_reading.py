"""Files become rows of cells in every usual encoding; hostile and broken ones are refused with a way out."""

import codecs
import io
import time
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from community.places.imports.exporting import line
from community.places.imports.reading import MOST_BYTES, MOST_ROWS, BadFile, Number, clean, detect, read
from tests.places.imports.sheets import as_csv, as_xlsx, sparse

ROWS = [["编号", "名称"], ["007", "晚潮苑南门岗"], ["", ""], ["008", "橹声里（北）"]]
WANTED = [(1, ["编号", "名称"]), (2, ["007", "晚潮苑南门岗"]), (4, ["008", "橹声里（北）"])]


def rows_of(data: bytes) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in read(data).rows]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_every_usual_encoding_is_read(encoding: str, told: str) -> None:
    data = as_csv(ROWS, encoding)
    assert read(data).encoding == told
    assert rows_of(data) == WANTED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_known_by_its_zeros(encoding: str) -> None:
    rows = [["number", "name"], ["007", "gate"]]
    assert rows_of(as_csv(rows, encoding)) == [(1, ["number", "name"]), (2, ["007", "gate"])]


def test_big_endian_with_its_mark_is_read() -> None:
    assert rows_of(codecs.BOM_UTF16_BE + as_csv(ROWS, "utf-16-be")) == WANTED


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_tabs_and_semicolons_are_guessed(delimiter: str) -> None:
    assert rows_of(as_csv(ROWS, delimiter=delimiter)) == WANTED


def test_a_workbook_keeps_its_row_numbers_and_tells_numbers_from_text() -> None:
    [_head, (line_two, cells), last] = rows_of(as_xlsx([["编号", "名称"], [7, "南门"], [None, None], [1.5, "北门"]]))
    assert (line_two, cells, last) == (2, ["7", "南门"], (4, ["1.5", "北门"]))
    assert isinstance(cells[0], Number)
    assert not isinstance(cells[1], Number)


def test_the_rows_that_a_workbook_leaves_out_cost_next_to_nothing() -> None:
    began = time.process_time()
    assert rows_of(sparse(ROWS[:2], 1 << 20)) == [(1, ROWS[0]), (1 << 20, ROWS[1])]
    assert time.process_time() - began < 2


def test_lines_count_what_stands_inside_quotes() -> None:
    assert rows_of(b'a,b\r\n1,"two\r\nlines"\r\n3,4\r\n')[-1] == (4, ["3", "4"])


def test_what_excel_wraps_around_text_is_taken_off() -> None:
    assert [clean(cell) for cell in ('="007"', "'=1+1", "'+86 571", "'007", "=SUM(A1)")] == [
        "007", "=1+1", "+86 571", "'007", "=SUM(A1)",
    ]  # fmt: skip


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


def bomb() -> bytes:
    return zipped(xl__workbook_dot_xml=b"<workbook/>", xl__worksheets__sheet1_dot_xml=b" " * 70_000_000)


def with_entities() -> bytes:
    book = io.BytesIO(as_xlsx(ROWS))
    made = io.BytesIO()
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = laughs + content.replace(b"<sheetData>", b"<sheetData>&b;")
            new.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"", "file_empty"),
        (lambda: b"\0" * 40, "file_empty"),
        (lambda: codecs.BOM_UTF8 + b"a\x01b,c\n", "file_binary"),
        (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "file_encoding"),
        (lambda: b"\xd0\xcf\x11\xe0" + b"x" * 500, "file_old_excel"),
        (lambda: b"PK\x03\x04 cut off", "file_broken"),
        (lambda: as_xlsx(ROWS)[:-200], "file_broken"),
        (lambda: zipped(readme_dot_txt=b"x"), "file_binary"),
        (lambda: zipped(xl__workbook_dot_xml=b"<no", xl__vbaProject_dot_bin=b"x"), "file_macros"),
        (lambda: zipped(xl__workbook_dot_xml=b"<not a book"), "file_broken"),
        (lambda: zipped(**{"xl__workbook_dot_xml": b"<x/>"} | {f"p{n}": b"" for n in range(600)}), "file_bomb"),
        (bomb, "file_bomb"),
        (with_entities, "file_broken"),
        (lambda: sparse(ROWS[:2], 10**9), "file_broken"),
        (lambda: sparse(ROWS[:2], 10**30), "file_broken"),
        (lambda: b"a,b\n" + b"1,2\n" * (MOST_ROWS + 1), "file_rows"),
        (lambda: b",".join([b"x"] * 61), "file_columns"),
        (lambda: b'a,b\n1,"' + b"x" * 200_000, "file_quotes"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_a_way_out(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(BadFile) as refused:
        list(read(make()).rows)
    assert (refused.value.code, refused.value.field) == (code, "file")
    assert str(refused.value.next_step)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"x," * 1_000_000, "file_columns"),
        (lambda: b"x" * (MOST_BYTES - 1), "file_quotes"),
        (lambda: b"\n".join([b"a,b"] * (MOST_BYTES // 4)), "file_rows"),
        (lambda: as_csv([["a"] * 30] * MOST_ROWS) + as_csv([["b"]] * 9), "file_rows"),
    ],
)
def test_a_large_file_meant_to_tire_is_refused_in_a_moment(make: Callable[[], bytes], code: str) -> None:
    data, began = make(), time.process_time()
    with pytest.raises(BadFile) as refused:
        list(read(data).rows)
    assert refused.value.code == code
    assert time.process_time() - began < 5


def stuffed(part: str, closing: bytes, stuff: bytes) -> bytes:
    """A workbook with `stuff` put before the first `closing` of a part."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(ROWS))) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                assert closing in content
                content = content.replace(closing, stuff + closing, 1)
            new.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("part", "closing", "one"),
    [
        ("xl/styles.xml", b"</cellXfs>", b"<xf/>"),
        ("xl/worksheets/sheet1.xml", b"</row>", b"<c/>"),
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b"<row/>"),
        ("xl/workbook.xml", b"</sheets>", b"<sheet/>"),
    ],
)
def test_a_small_workbook_with_millions_of_elements_is_refused_in_a_moment(
    part: str, closing: bytes, one: bytes
) -> None:
    data, began = stuffed(part, closing, one * 3_000_000), time.process_time()
    assert len(data) < 200_000
    with pytest.raises(BadFile) as refused:
        list(read(data).rows)
    assert refused.value.code == "file_bomb"
    assert time.process_time() - began < 10


def test_a_part_that_unpacks_to_more_than_it_says_is_refused() -> None:
    data = stuffed("xl/worksheets/sheet1.xml", b"</sheetData>", b"<row/>" * 100_000)
    size = zipfile.ZipFile(io.BytesIO(data)).getinfo("xl/worksheets/sheet1.xml").file_size
    lying = data.replace(size.to_bytes(4, "little"), (900).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(BadFile) as refused:
        list(read(lying).rows)
    assert refused.value.code == "file_broken"


def test_columns_far_to_the_right_of_a_workbook_are_not_even_read() -> None:
    book = zipfile.ZipFile(io.BytesIO(as_xlsx(ROWS)))
    parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    wide = b'<c r="XFD2" t="n"><v>1</v></c></row>'
    parts[sheet] = parts[sheet].replace(b"</row>", wide, 2)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        for name, content in parts.items():
            out.writestr(name, content)
    assert [cells for _line, cells in rows_of(made.getvalue())] == [cells for _line, cells in WANTED]


def test_the_largest_upload_is_smaller_than_what_a_workbook_may_unpack_to() -> None:
    assert MOST_BYTES <= 8 * 1024 * 1024


@given(st.binary(max_size=400))
def test_no_bytes_whatever_break_the_reader(data: bytes) -> None:
    try:
        rows = list(read(data).rows)
    except BadFile:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row.cells)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@given(st.lists(st.lists(TEXT, min_size=1, max_size=4).filter(any), min_size=1, max_size=6), st.data())
def test_what_an_export_writes_is_read_back_as_it_was(rows: list[list[str]], data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
    rows = [["编号", "名称", "位置"], *rows]
    written = "".join(line(row) for row in rows).encode(encoding)
    if detect(written) not in {encoding, "utf-8"}:
        return  # a handful of Chinese signs can look like another encoding; the byte mark decides in exports
    assert [[clean(cell) for cell in row] for row in rows if any(row)] == [one.cells for one in read(written).rows]
