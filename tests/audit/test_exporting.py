"""Files out of the log: limited, watermarked, harmless to spreadsheets, and traced."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from community.audit import exporting, queries, words
from community.audit.models import AuditEntry
from community.audit.queries import Filter
from community.audit.services import record
from community.core.authz import Actor
from community.core.db import session, transaction
from community.core.errors import DomainError, Forbidden
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def town():
    with transaction():
        return make_town()


@pytest.fixture
def village(town):
    with transaction():
        return make_village(town)


@pytest.fixture
def auditor(town):
    with transaction():
        member = make_member(town, display_name="高培源")
        make_grant(member, "town_admin", town)
    return actor_of(member)


def note(area, act="people.verify", **more):
    with transaction():
        member = make_member(area, display_name=more.pop("name", "王桂芬"))
        record(Actor(member_id=member.id), act, "member", member.id, scope_path=area.path, **more)
    return member


def take(actor, wanted=None, form="csv", **more):
    with transaction():
        return exporting.export(actor, wanted or Filter(), form=form, **more)


def table(file):
    return list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))


def test_head_name_and_every_row_say_who_took_it_and_when(auditor, village):
    note(village, reason="见过本人")
    file = take(auditor, conditions=[("做了什么", "核实了身份")])
    rows = table(file)
    assert rows[0] == ["审计记录，导出号", file.number]
    assert rows[1] == ["谁导出", "高培源"]
    assert rows[2] == ["导出时间", "2026-11-23 21:07:00"]
    assert rows[3] == ["做了什么", "核实了身份"]
    assert rows[-1][1:4] == ["王桂芬", "核实了身份", "居民"]
    assert rows[-1][5] == "见过本人"
    assert rows[-1][-1] == file.number
    assert file.number in file.name
    assert "高培源" in file.name


def test_the_entry_keeps_number_rows_conditions_and_the_files_digest(auditor, village, town):
    note(village)
    file = take(auditor, Filter(act="people.verify"), conditions=[("做了什么", "核实了身份")])
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "audit.export")).one()
    assert (entry.actor_id, entry.object_id, entry.scope_path) == (auditor.member_id, file.number, town.path)
    assert entry.details["rows"] == 1
    assert entry.details["digest"] == file.digest
    assert "核实了身份" in entry.details["filters"]


def test_who_was_asked_for_is_kept_by_number_because_the_log_outlives_names(auditor, village):
    member = note(village, name="赵铁柱")
    file = take(auditor, Filter(actor="赵铁柱"), conditions=[("谁", "赵铁柱")])
    assert "赵铁柱" in file.content.decode("utf-8-sig")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "audit.export")).one()
    assert entry.details["filters"] == f"谁 {member.id}"


def test_of_a_file_that_turns_up_it_is_known_who_took_it_and_a_changed_one_is_found(auditor, village):
    note(village)
    for form in exporting.FORMATS:
        file = take(auditor, form=form)
        found = exporting.origin(file.content)
        assert found
        assert (found.number, found.actor_id) == (file.number, auditor.member_id)
        assert exporting.origin(file.content + b" ") is None


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_text_of_a_person_is_a_formula(auditor, village, form):
    for name in ("=1+1", "+86", "-2", "@SUM(A1)", " =HYPERLINK(1)", "\uff1d1", "|cmd"):
        note(village, name=name, reason=f"{name}!A1")
    file = take(auditor, form=form)
    if form == "csv":
        cells = [cell for row in table(file) for cell in row]
    else:
        sheet = load_workbook(io.BytesIO(file.content)).active
        cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert not [cell for cell in cells if cell.strip()[:1] in tuple("=+-@|\uff1d")]
    assert "'=1+1" in cells


def test_control_characters_do_not_break_a_sheet():
    assert exporting.safe("a\x00b\x0bc") == "abc"
    assert exporting.safe("普通文字") == "普通文字"


def test_only_the_newest_rows_go_and_the_file_says_so(auditor, village, monkeypatch):
    monkeypatch.setattr(exporting, "LIMIT", 2)
    for name in ("甲一", "乙二", "丙三"):
        note(village, name=name)
    rows = table(take(auditor))
    assert [row for row in rows if row[:1] == ["条数"]] == [["条数", "最新 2 条，符合条件的共 3 条"]]
    assert "甲一" not in str(rows)


def test_other_areas_stay_out(auditor, village):
    note(village)
    with transaction():
        elsewhere = make_village(make_town("桑埠镇"))
    note(elsewhere, name="外人")
    assert "外人" not in str(table(take(auditor)))


def test_who_may_read_the_log_but_not_the_people_sees_masked_names(town, village):
    note(village, name="王桂芬")
    with transaction():
        member = make_member(town, display_name="章立群")
        make_grant(member, "district_office", town)
    office = actor_of(member)
    (line, *_rest) = queries.entries(office, Filter(act="people.verify")).lines
    assert line.hidden
    rows = table(take(office, Filter(act="people.verify")))
    assert rows[-1][4] == "王**"


def test_without_the_right_nothing_is_taken_or_written(village):
    note(village)
    with transaction():
        member = make_member(village)
        make_grant(member, "village_admin", village)
    with pytest.raises(Forbidden):
        take(actor_of(member))
    assert [entry.act for entry in session().scalars(select(AuditEntry))] == ["people.verify"]


def test_another_format_and_an_empty_piece_are_refused(auditor, village):
    for form, wanted in (("pdf", Filter()), ("csv", Filter(act="nothing"))):
        with pytest.raises(DomainError):
            take(auditor, wanted, form=form)


def test_notes_are_words(auditor, village):
    note(village, act="access.grant", details={"role": "grid_worker", "internal": "x1", "until": "2027-01-31T16:00"})
    (line,) = queries.entries(auditor, Filter()).lines
    assert [(str(word), str(value)) for word, value in line.notes] == [("职务", "网格员"), ("到", "2027-01-31")]
    assert str(words.act("unknown.act")) == "其他操作"
