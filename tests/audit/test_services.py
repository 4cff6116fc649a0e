"""Entries are written with the act, hold digests instead of contents, and stay as they are."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from community.audit.models import AuditEntry
from community.audit.services import LOOK, digest, record, record_look
from community.core.authz import Actor, system_actor
from community.core.db import WriteOutsideTransaction, session, transaction

ACTOR = Actor(member_id=7, name="王芳")


def only_entry() -> AuditEntry:
    return session().scalars(select(AuditEntry)).one()


@pytest.mark.engine
@pytest.mark.usefixtures("app", "frozen_clock")
def test_an_entry_says_who_did_what_to_which_thing_and_where() -> None:
    with transaction():
        record(
            ACTOR, "teams.approve", "membership", 42, scope_path="99/1/", reason="认识", before={"a": 1}, after={"a": 2}
        )
    entry = only_entry()
    assert (entry.actor_id, entry.actor_name, entry.act) == (7, "", "teams.approve")
    assert (entry.object_type, entry.object_id, entry.scope_path, entry.reason) == ("membership", "42", "99/1/", "认识")
    assert entry.at == dt.datetime(2026, 11, 23, 13, 7, tzinfo=dt.UTC)
    assert entry.before_digest == digest({"a": 1}) != entry.after_digest


@pytest.mark.usefixtures("app")
def test_the_name_of_a_job_stands_where_a_person_has_an_id() -> None:
    with transaction():
        record(system_actor("send_messages"), "messages.send", "outbox", "x")
    assert (only_entry().actor_id, only_entry().actor_name) == (0, "send_messages")


@pytest.mark.usefixtures("app")
def test_a_look_names_the_member_and_the_page() -> None:
    with transaction():
        record_look(ACTOR, 99, "member page", scope_path="99/1/")
    entry = only_entry()
    assert (entry.act, entry.object_type, entry.object_id) == (LOOK, "member", "99")
    assert entry.details == {"why": "member page"}


@pytest.mark.usefixtures("app")
def test_nothing_is_recorded_outside_the_acts_transaction() -> None:
    with pytest.raises(WriteOutsideTransaction):
        record(ACTOR, "x.y", "thing", 1)


@pytest.mark.usefixtures("app")
def test_an_act_that_fails_leaves_no_entry() -> None:
    def act() -> None:
        with transaction():
            record(ACTOR, "x.y", "thing", 1)
            raise LookupError

    with pytest.raises(LookupError):
        act()
    assert session().scalars(select(AuditEntry)).all() == []


@pytest.mark.engine
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("attack", ["UPDATE audit_entry SET act = 'other'", "DELETE FROM audit_entry"])
def test_the_database_itself_keeps_entries_as_they_are(attack: str) -> None:
    with transaction():
        record(ACTOR, "x.y", "thing", 1)
    with pytest.raises(DBAPIError, match="append-only"), transaction():
        session().execute(text(attack))
    assert only_entry().act == "x.y"


def test_a_digest_depends_on_the_fields_and_not_on_their_order() -> None:
    assert digest({"a": 1, "b": dt.date(2026, 1, 1)}) == digest({"b": dt.date(2026, 1, 1), "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_a_digest_tells_nothing_about_its_fields(app: Flask) -> None:
    with app.app_context(), transaction():
        record(ACTOR, "people.rename", "member", 5, before={"name": "李雷"}, after={"name": "韩梅梅"})
    raw = session().execute(text("SELECT * FROM audit_entry")).one()
    assert not any("李雷" in str(column) or "韩梅梅" in str(column) for column in raw)
