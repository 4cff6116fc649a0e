"""Reads of members: the desk's list, names, sign-in candidates."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core.authz import system_actor
from community.core.db import transaction
from community.core.errors import NotFound
from community.people import phones, queries, services
from tests.factories.access import actor_of, make_grant
from tests.factories.people import add_area, give_consent, make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def town():
    with transaction():
        return make_town()


@pytest.fixture
def admin(town):
    with transaction():
        member = make_member(town, display_name="高培源")
        make_grant(member, "town_admin", town)
    return actor_of(member)


def found(actor, **wanted):
    return {row.display_name for row in queries.people(actor, **wanted).rows}


def test_the_list_holds_who_lives_or_serves_in_the_area_and_nobody_else(admin, town):
    with transaction():
        village, elsewhere = make_village(town), make_village(make_town("平桥街道"))
        make_member(village, display_name="住在这里")
        rider = make_member(elsewhere, display_name="外区骑手")
        make_member(elsewhere, display_name="外乡人")
        make_member(village, display_name="已合并", status="merged")
        add_area(rider, village)
    assert found(admin) == {"高培源", "住在这里", "外区骑手"}
    assert queries.for_desk(admin, rider.id).id == rider.id


def test_a_neighbouring_code_with_the_same_beginning_is_another_area(town):
    with transaction():
        one, ten = make_area("village", "一村", town, code="v1"), make_area("village", "十村", town, code="v10")
        boss = make_member(one, display_name="一村管理员")
        make_grant(boss, "village_admin", one)
        make_member(ten, display_name="十村人")
    assert found(actor_of(boss)) == {"一村管理员"}


def test_the_list_is_searched_and_filtered(admin, town):
    with transaction():
        make_member(town, display_name="王芳", verified=False, **phones.columns("+8619900001234"))
        make_member(town, display_name="王%", status="suspended")
        make_member(town, display_name="小雨", verified=False, age_band="14-17")
    assert found(admin, text="王") == {"王芳", "王%"}
    assert found(admin, text="1234") == {"王芳"}
    assert found(admin, text="%") == {"王%"}
    assert found(admin, show="unverified") == {"王芳", "小雨"}
    assert found(admin, show="guardian") == {"小雨"}
    assert found(admin, show="suspended") == {"王%"}
    assert queries.waiting(admin) == 2


def test_pages_hold_thirty_and_never_run_out(admin, town):
    with transaction():
        for number in range(31):
            make_member(town, display_name=f"居民{number}")
    first, last = queries.people(admin), queries.people(admin, number=99)
    assert (len(first.rows), first.total, first.pages) == (30, 32, 2)
    assert (last.number, len(last.rows)) == (2, 2)


def test_a_member_without_offices_sees_nobody(town):
    with transaction():
        member = make_member(town)
    assert found(actor_of(member)) == set()
    assert queries.waiting(actor_of(member)) == 0


def test_candidates_for_a_number_are_the_verified_one_then_who_is_known_here_then_the_newest():
    with transaction():
        numbers = phones.columns("+8619900000001")
        made = {
            name: make_member(display_name=name, verified=name == "丙", password_hash="x", **numbers)
            for name in "甲乙丙丁戊"
        }
        make_member(display_name="没有密码", verified=False, **numbers)
        make_member(display_name="退出了", verified=False, status="left", password_hash="x", **numbers)
        stranger = make_member(display_name="别的号码", password_hash="x", **phones.columns("+8619900000002"))
    hashed = phones.phone_hashes("+8619900000001")
    assert [row.display_name for row in queries.with_phone(hashed, 3)] == ["丙", "戊", "丁"]
    known = (made["甲"].id, stranger.id)
    assert [row.display_name for row in queries.with_phone(hashed, 3, known)] == ["丙", "甲", "戊"]


def test_registrations_of_one_number_are_counted_for_a_while(frozen_clock):
    with transaction():
        numbers = phones.columns("+8619900000001")
        make_member(**numbers)
        frozen_clock.tick(hours=2)
        make_member(verified=False, **numbers)
        make_member(verified=False, **phones.columns("+8619900000002"))
    hashed = phones.phone_hashes("+8619900000001")
    assert [queries.registered_since(hashed, dt.timedelta(hours=hours)) for hours in (1, 3)] == [1, 2]


def test_names_consents_and_homes_are_read_by_id(town):
    with transaction():
        one, two = make_member(town, display_name="甲"), make_member(display_name="乙")
        give_consent(one, "service", "1")
    assert queries.names([one.id, two.id, one.id, 5, 0]) == {one.id: "甲", two.id: "乙"}
    assert queries.names([]) == {}
    assert [row.scope for row in queries.consents(one.id)] == ["service"]
    assert (queries.home_path(one.id), queries.home_path(two.id), queries.home_path(7)) == (town.path, "", "")
    assert queries.is_verified(one.id)
    assert not queries.is_verified(7)
    with pytest.raises(NotFound):
        queries.known_member(7)


def test_whether_a_verified_member_has_the_number_already():
    with transaction():
        first = services.register(None, name="甲", phone="19900000001", age_band="60+")
        second = services.register(None, name="乙", phone="19900000001", age_band="60+")
        third = services.register(system_actor("x"), name="丙", phone=None, age_band="60+")
        services.verify(system_actor("x"), member_id=first.id)
    assert not queries.verified_phone_taken(first)
    assert queries.verified_phone_taken(second)
    assert not queries.verified_phone_taken(third)


def test_the_list_narrows_by_area_age_and_kind_of_team(admin, town):
    with transaction():
        village, other = make_village(town), make_village(town, name="安澜社区")
        make_member(village, display_name="甲", age_band="60+")
        make_member(other, display_name="乙", age_band="18-59")
        rider = make_member(other, display_name="丙", age_band="18-59")
        make_membership(rider, make_team(other, kind="riders"))
        make_membership(make_member(other, display_name="丁"), make_team(other, kind="riders"), state="applied")
    assert found(admin, area=village.path) == {"甲"}
    assert found(admin, band="18-59", area=other.path) == {"乙", "丙"}
    assert found(admin, kind="riders") == {"丙"}, "who has only applied does not serve yet"
    assert found(admin, band="0-99") == {"高培源", "甲", "乙", "丙", "丁"}, "a band that nobody offers asks nothing"


def test_no_filter_shows_what_lies_outside(admin):
    with transaction():
        elsewhere = make_village(name="石埭头村")
        make_member(elsewhere, display_name="外人")
    assert found(admin, area=elsewhere.path) == set()
    assert elsewhere.path not in {area.path for area in queries.areas_of_people(admin)}
