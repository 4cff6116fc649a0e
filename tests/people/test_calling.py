"""A whole number is shown with a reason, a trace, and not to everybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.db import db, session, transaction
from community.core.errors import DomainError, Forbidden, NotFound
from community.people import calling, phones
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor
from tests.harness.processes import together

PHONE = "+8619900000071"
GUARDIAN = "+8619900000072"


@pytest.fixture
def village(app, frozen_clock):
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return make_member(village, guardian_phone_cipher=phones.encrypt(GUARDIAN), **phones.columns(PHONE))


@pytest.fixture
def admin(village):
    with transaction():
        admin = make_member(village, display_name="陈建国")
        make_grant(admin, "village_admin", village)
    return admin


def reveal(by, member, reason="核对打卡", **more):
    with transaction():
        return calling.reveal(actor_of(by), member_id=member.id, reason=reason, **more)


def looks():
    return session().scalars(select(AuditEntry).where(AuditEntry.act == "audit.look")).all()


@pytest.mark.engine
def test_the_number_is_whole_and_the_look_is_kept_with_its_reason(admin, member, village):
    shown = reveal(admin, member)
    assert (shown.whole, shown.dial) == ("199 0000 0071", PHONE)
    (look,) = looks()
    assert (look.actor_id, look.object_id, look.reason) == (admin.id, str(member.id), "核对打卡")
    assert (look.details, look.scope_path) == ({"why": calling.WHY}, village.path)
    assert PHONE[3:] not in str(look.details) + str(look.reason)


def test_a_guardians_number_is_a_look_at_the_minor(admin, member):
    assert reveal(admin, member, guardian=True).dial == GUARDIAN
    assert len(looks()) == 1


@pytest.mark.parametrize(
    "reason", [" ", "打", "有事", "打电话", "哈哈哈哈哈", "……。。。。", "1111", "ok ok", "a b c", "联 系 她"]
)
def test_no_reason_that_says_something_no_number(admin, member, reason):
    with pytest.raises(DomainError) as caught:
        reveal(admin, member, reason=reason)
    assert caught.value.field == "why"
    assert looks() == []


@pytest.mark.parametrize("reason", ["核对打卡", "开会通知她", "Call back", "家里没人应门"])
def test_a_short_sentence_is_reason_enough(admin, member, reason):
    assert reveal(admin, member, reason=reason).whole


def test_other_areas_other_roles_and_the_merged_get_none(admin, member, village):
    with transaction():
        other = make_member(make_village(name="别处"))
        make_grant(other, "village_admin", make_village(name="又一处"))
        worker = make_member(village)
        make_grant(worker, "grid_worker", village)
        gone = make_member(village, verified=False, status="merged", **phones.columns(GUARDIAN))
    for by, error in ((other, NotFound), (worker, Forbidden)):
        with pytest.raises(error):
            reveal(by, member)
    with pytest.raises(NotFound):
        reveal(admin, gone)
    assert looks() == []


def test_forty_numbers_a_day_are_enough(admin, member, frozen_clock):
    for _ in range(calling.DAILY):
        reveal(admin, member)
    with pytest.raises(DomainError) as caught:
        reveal(admin, member)
    assert caught.value.code == "phones_often"
    frozen_clock.tick(days=1, minutes=1)
    assert reveal(admin, member).whole


@pytest.mark.engine
@pytest.mark.faults
def test_who_asks_from_many_pages_at_once_sees_forty_too(race_database: str, make_app: Callable[..., Flask]) -> None:
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            asked = [make_member(village, **phones.columns(f"+861990000{number:04d}")).id for number in range(12)]
            admin = make_member(village)
            make_grant(admin, "village_admin", village)
            admin_id = admin.id
        shown = together(
            race_database, "tests.people.racers:reveal", processes=4, admin=admin_id, members=asked, times=12
        )
        assert sum(shown) == calling.DAILY
        assert len(looks()) == calling.DAILY
        db.engine.dispose()


def test_the_page_shows_it_once_with_a_link_to_dial(client_page: Visitor, admin, member):
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{member.id}")
    assert "199 0000 0071" not in page.text
    form = page.form(f"/desk/people/{member.id}/phone")
    shown = client_page.submit(form, 422, why="", whose="self")
    assert "199 0000 0071" not in shown.text
    shown = client_page.submit(shown.form(f"/desk/people/{member.id}/phone"), 200, why="核对打卡", whose="self")
    assert "199 0000 0071" in shown.text
    assert shown.one("a", href=f"tel:{PHONE}") is not None
    assert client_page.last.headers["Cache-Control"] == "no-store"
    assert "199 0000 0071" not in client_page.get(f"/desk/people/{member.id}").text
