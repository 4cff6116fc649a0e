"""Bringing a table at the desk, step by step, as a browser without scripts does it."""

import io

import pytest
from sqlalchemy import func, select

from community.audit.models import AuditEntry
from community.core.db import in_transaction, session, transaction
from community.places import jobs
from community.places.imports import reading, runs
from community.places.imports.reading import MOST_BYTES
from community.places.models import Area, ImportRun, Post
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_village
from tests.harness.client import Visitor
from tests.harness.pages import Page
from tests.places.imports.sheets import as_csv, as_xlsx

pytestmark = [pytest.mark.usefixtures("app", "frozen_clock")]

HEAD = ["编号", "名称", "区域编码", "纬度", "经度"]


@pytest.fixture
def grid() -> Area:
    with transaction():
        return make_area("grid", "第一网格", make_village(), code="0100")


@pytest.fixture
def admin(grid: Area, client_page: Visitor) -> Visitor:
    with transaction():
        village = session().get_one(Area, grid.parent_id)
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    return client_page


def rows(n: int) -> list[list[str]]:
    return [HEAD, *([f"P-{i:04d}", f"岗{i}", "0100", f"30.{2000 + i}", f"120.{3000 + i}"] for i in range(n))]


def send(visitor: Visitor, data: bytes, *, kind: str = "posts", name: str = "岗点.csv", status: int = 303) -> Page:
    form = visitor.get(f"/desk/imports?kind={kind}").form("/desk/imports")
    return visitor.submit(form, status=status, file=(io.BytesIO(data), name))


def test_a_file_is_read_before_the_transaction_so_that_others_may_write(
    admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def watched(data: bytes) -> reading.Table:
        held.append(in_transaction())
        return reading.read(data)

    monkeypatch.setattr(runs, "read", watched)
    send(admin, as_csv(rows(2)))
    assert held == [False]


def posts() -> int:
    return session().scalar(select(func.count()).select_from(Post)) or 0


def test_a_table_is_mended_confirmed_watched_and_there(admin: Visitor) -> None:
    """The journey: 500 posts, some rows wrong; the list of them; the mended file; the progress; the result."""
    bad = rows(500)
    bad[3][1], bad[7][2], bad[9][0] = "", "100", bad[8][0]
    page = send(admin, as_csv(bad, "gbk"))
    assert page.h1 == "岗点.csv"
    assert "GBK" in page.text, "named as people name it"
    assert "gb18030" not in page.text
    assert all(word in page.text for word in ("3 行要改", "这一格要填", "开头的 0 丢了，应该是 0100", "和第 9 行重复"))
    assert posts() == 0
    assert "confirm" not in str(page.forms)
    admin.client.get(next(href for href, text in page.links.items() if text == "下载清单"))
    listed = admin.client.get(next(href for href, text in page.links.items() if text == "下载清单"))
    assert listed.headers["Content-Disposition"].endswith('.csv"')
    assert listed.text.startswith("\ufeff行,列,填的是,哪里不对,怎么改\r\n4,名称,,这一格要填,")

    page = send(admin, as_xlsx(rows(500)), name="改好.xlsx")
    assert "检查通过" in page.text
    assert posts() == 0
    page = admin.submit(page.form("confirm"))
    assert "正在导入：0 / 500 行" in page.text
    assert admin.get(page.url).one("progress").get("max") == "500"
    assert admin.last
    assert admin.last.headers["Refresh"] == "3"
    jobs.import_tables()
    page = admin.get(page.url)
    assert "导入完成" in page.text
    assert "Refresh" not in admin.last.headers
    assert posts() == 500
    assert "500" in admin.get("/desk/imports").text


def test_every_bad_row_of_a_large_table_is_in_the_list_and_the_page_says_how_many(admin: Visitor) -> None:
    table = rows(1400)
    for row in table[1:]:
        row[1] = ""
    page = send(admin, as_csv(table))
    assert "1,400 行要改" in page.text
    assert "这里只列了前 100 条，清单里有 1,400 条。" in page.text
    listed = admin.client.get(next(href for href, text in page.links.items() if text == "下载清单")).text
    assert [line.partition(",")[0] for line in listed.splitlines()[1:]] == [str(line) for line in range(2, 1402)]
    run = session().scalars(select(ImportRun)).one()
    assert len(run.problems) == 100


def test_the_list_of_a_run_from_before_all_was_kept_names_what_is_there(admin: Visitor) -> None:
    table = rows(3)
    table[2][1] = ""
    page = send(admin, as_csv(table))
    with transaction() as current:
        run = current.scalars(select(ImportRun)).one()
        run.faults, run.counts = None, {}
    listed = admin.client.get(next(href for href, text in page.links.items() if text == "下载清单")).text
    assert listed.splitlines()[1].startswith("3,名称,,这一格要填,")
    assert "前 1 条" not in admin.get(page.url).text


def test_rows_in_doubt_are_listed_and_wait_for_a_tick(admin: Visitor) -> None:
    table = [*rows(6), ["P-1", "远岗", "0100", "30.2", "121.3"]]
    page = send(admin, as_csv(table))
    assert all(word in page.text for word in ("1 行有疑问", "离别的岗点约 96 公里", "是不是 P-0001？"))
    form = page.form("confirm")
    refused = admin.submit(form, status=422)
    assert "请先核对有疑问的行" in refused.text
    assert refused.one("input", id="sure").get("aria-invalid") == "true"
    listed = admin.client.get(next(href for href, text in page.links.items() if text == "下载清单"))
    assert "8,纬度,30.2,离别的岗点约 96 公里" in listed.text
    page = admin.submit(refused.form("confirm"), sure="1")
    assert "正在导入" in page.text
    jobs.import_tables()
    assert "导入完成" in admin.get(page.url).text
    assert posts() == 7


def test_a_formula_and_a_table_of_another_kind_or_town_come_to_nothing(admin: Visitor) -> None:
    with transaction():
        foreign = make_area("grid", "别处的网格", make_village(), code="0900")
    formulas = as_xlsx([HEAD, ['="P-"&1', "岗", "0100", "30.2", "120.3"], ["P-2", "=1+1", "0100", "30.2", "120.3"]])
    page = send(admin, formulas, name="公式.xlsx")
    assert "2 行要改" in page.text
    page = send(admin, as_csv([HEAD, ["P-1", "=HYPERLINK(1)", "0100", "=1+1", "120.3"]]))
    assert "这不是一个坐标" in page.text
    page = send(admin, as_csv([HEAD, ["P-1", "岗", foreign.code, "30.2", "120.3"]]))
    assert "没有这个编码的区域，或者不在您的范围里" in page.text
    assert "别处的网格" not in page.text
    assert "第一行要有这些列" in send(admin, as_csv(rows(2)), kind="units", status=422).text
    assert posts() == 0


def test_what_is_shown_of_a_bad_cell_is_text_and_no_markup(admin: Visitor) -> None:
    page = send(admin, as_csv([HEAD, ["<script>alert(1)</script>", "岗\u202e", "0100", "30.2", "120.3"]]))
    assert "<script>alert" not in page.html
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.html


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "文件是空的"),
        (b"PK\x03\x04broken", "文件打不开"),
        ("编号,名称\n".encode(), "第一行要有这些列"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_its_field(admin: Visitor, data: bytes, said: str) -> None:
    page = send(admin, data, status=422)
    assert said in page.text
    assert page.one("input", id="file").get("aria-invalid") == "true"
    assert not session().scalars(select(ImportRun.id)).all()


def test_no_file_at_all_is_told_too(admin: Visitor) -> None:
    page = admin.submit(admin.get("/desk/imports").form("/desk/imports"), status=422)
    assert "文件是空的" in page.text


def test_a_file_that_is_too_large_is_refused_before_it_is_read(admin: Visitor) -> None:
    body = b"x" * (MOST_BYTES + 100_000)
    answer = admin.client.post("/desk/imports", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_the_same_form_sent_twice_makes_one_run(admin: Visitor) -> None:
    form = admin.get("/desk/imports?kind=posts").form("/desk/imports")
    first = admin.submit(form, file=(io.BytesIO(as_csv(rows(2))), "a.csv"))
    again = admin.submit(form, file=(io.BytesIO(as_csv(rows(2))), "a.csv"))
    assert first.url == again.url
    assert len(session().scalars(select(ImportRun.id)).all()) == 1


def test_a_check_can_be_given_up(admin: Visitor) -> None:
    page = send(admin, as_csv(rows(2)))
    page = admin.submit(page.form("stop"))
    assert "什么都没有写入" in page.text


def test_templates_and_exports_are_files_to_keep(admin: Visitor, grid: Area) -> None:
    with transaction():
        make_post(grid, number="001", name="=坏心岗")
    sheet = admin.client.get("/desk/imports/template?kind=units&form=xlsx")
    assert sheet.data.startswith(b"PK")
    assert admin.client.get("/desk/imports/template?kind=units").text.startswith("\ufeff楼幢编码,")
    village = session().get_one(Area, grid.parent_id)
    table = admin.client.get(f"/desk/areas/{village.id}/export/posts.csv")
    assert "001,'=坏心岗,0100,30.2,120.3" in table.text
    assert table.headers["Content-Disposition"] == f'attachment; filename="posts-{village.code}.csv"'
    assert not admin.client.get(f"/desk/areas/{village.id}/export/posts.csv?bom=0").text.startswith("\ufeff")
    assert admin.client.get("/desk/areas/77/export/posts.csv").status_code == 404
    assert admin.client.get("/desk/imports/template?kind=people").status_code == 404
    taken = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.export")).all()
    assert [(one.object_id, one.scope_path, one.details) for one in taken] == [
        (str(village.id), village.path, {"kind": "posts", "rows": 1})
    ] * 2
    back = send(admin, table.data)
    assert "没有变化" in back.text
    assert session().scalars(select(ImportRun)).one().counts == {"new": 0, "changed": 0, "same": 1}


def test_whoever_may_bring_posts_alone_is_offered_posts_alone(grid: Area, client_page: Visitor) -> None:
    with transaction():
        member = make_member(grid)
        make_grant(member, "association_admin", grid)
    client_page.sign_in(member.id)
    page = client_page.get("/desk/imports?kind=units")
    assert page.form("/desk/imports").fields["kind"] == "posts"
    aimed = page.form("/desk/imports")
    answer = client_page.post(aimed.action, aimed.filled() | {"kind": "units"}, status=403)
    assert answer.status == 403
