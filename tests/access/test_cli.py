"""`flask admin create`, as an operator types it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.core.authz import Perm
from community.core.db import session, transaction
from community.people import services as people
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import actor_of
from tests.factories.places import make_area

PHONE = "199 0000 0001"
PASSWORD = "chuntian-saopu-9"
WHO = ("--phone", PHONE, "--name", "周敏")
DISTRICT = ("--district-name", "沥江区", "--district-code", "990100")


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()

    def run(*words, **more):
        done = runner.invoke(args=["admin", "create", *words], **more)
        session().rollback()
        session().expire_all()
        return done

    return run


def members():
    return session().execute(select(func.count()).select_from(Member)).scalar_one()


def test_the_first_administrator_comes_with_her_district(run):
    done = run(*WHO, *DISTRICT, env={"LINLI_ADMIN_PASSWORD": PASSWORD})
    assert done.exit_code == 0, done.output
    assert "周敏" in done.output
    assert "/sign-in" in done.output
    member = people.sign_in(PHONE, PASSWORD)
    actor = actor_of(member)
    assert [(held.role, held.area_path) for held in actor.held] == [("system_admin", "990100/")]
    assert Perm.GRANT_MANAGE in actor.perms
    assert actor.verified
    assert session().scalars(select(Area)).one().name == "沥江区"


def test_what_is_missing_is_asked_for(run):
    done = run(*DISTRICT, input=f"{PHONE}\n周敏\n{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert people.sign_in(PHONE, PASSWORD).display_name == "周敏"


def test_a_district_that_is_there_is_used(run):
    with transaction():
        make_area("district", "沥江区", code="990100")
    assert run(*WHO, "--password", PASSWORD).exit_code == 0
    assert session().execute(select(func.count()).select_from(Area)).scalar_one() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*WHO, *DISTRICT, "--password", "short"), "12 位"),
        ((*WHO, *DISTRICT, "--password", "123456789012"), "太容易"),
        ((*WHO, "--password", PASSWORD), "--district-name"),
        ((*WHO, "--password", PASSWORD, "--district-name", "x", "--district-code", "../x"), "代码"),
        (("--phone", "12", "--name", "周敏", *DISTRICT, "--password", PASSWORD), "手机号"),
        (("--phone", PHONE, "--name", "\u202e周敏", *DISTRICT, "--password", PASSWORD), "看不见"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_kept(run, words, said):
    done = run(*words)
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
    assert members() == 0
    assert session().scalars(select(Area)).all() == []


def test_a_number_of_a_verified_member_is_refused(run):
    assert run(*WHO, *DISTRICT, "--password", PASSWORD).exit_code == 0
    again = run(*WHO, "--password", PASSWORD)
    assert again.exit_code == 1
    assert "已有" in again.output
    assert members() == 1


def test_several_districts_need_a_choice(run):
    with transaction():
        make_area("district", "甲区", code="990100")
        make_area("district", "乙区", code="990200")
    done = run(*WHO, "--password", PASSWORD)
    assert done.exit_code == 1
    assert "990200" in done.output
    assert run(*WHO, "--password", PASSWORD, "--code", "990200").exit_code == 0


def test_a_forgotten_password_is_set_anew_and_ends_the_sessions(run, app):
    assert run(*WHO, *DISTRICT, "--password", PASSWORD).exit_code == 0
    runner = app.test_cli_runner()
    done = runner.invoke(args=["admin", "password", "--phone", PHONE], env={"LINLI_ADMIN_PASSWORD": "quanxin-mima-7"})
    assert done.exit_code == 0, done.output
    session().expire_all()
    assert people.sign_in(PHONE, "quanxin-mima-7").session_epoch == 2
    with pytest.raises(people.WrongSignIn):
        people.sign_in(PHONE, PASSWORD)


@pytest.mark.parametrize(
    ("phone", "password"), [("19900000002", "quanxin-mima-7"), ("12", "quanxin-mima-7"), (PHONE, "1")]
)
def test_a_password_is_not_set_for_a_stranger_or_too_weak(run, app, phone, password):
    assert run(*WHO, *DISTRICT, "--password", PASSWORD).exit_code == 0
    done = app.test_cli_runner().invoke(args=["admin", "password", "--phone", phone, "--password", password])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    session().expire_all()
    assert people.sign_in(PHONE, PASSWORD).session_epoch == 1
