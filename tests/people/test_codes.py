"""One-time codes: who makes one for whom, and that each opens one door once."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.access import services as access
from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people import codes, phones, services, waits
from community.people.models import Member, SignInCode
from community.teams.models import TeamArea
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.teams import make_membership, make_team
from tests.harness.processes import together

NUMBER, OTHER = "+8619900000001", "+8619900000002"
SCRIPTED = {"how": "read_out", "why": "换了手机", "checked": True}


@pytest.fixture
def village(app, frozen_clock):
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return make_member(village, **phones.columns(NUMBER))


@pytest.fixture
def admin(village):
    return _staff("village_admin", village)


def _staff(role, area, home=None):
    with transaction():
        person = make_member(home or area, display_name=role)
        make_grant(person, role, area)
    return person


def make(maker, member, **changed):
    with transaction():
        row = codes.make(actor_of(maker), member_id=member.id, **(SCRIPTED | changed))
    return row, codes.shown(actor_of(maker), row.id)[2]


def redeem(phone, code):
    with transaction():
        found = codes.redeem(phone, code)
    return found.id if found else None


def wrong(code):
    return f"{(int(code) + 1) % 10**8:08d}"


# --- using one ---


@pytest.mark.engine
def test_a_code_signs_its_member_in_once(member, admin):
    row, code = make(admin, member)
    assert len(code) == 8
    assert redeem("199 0000 0001", f"{code[:4]} {code[4:]}") == member.id
    assert redeem(NUMBER, code) is None
    assert session().get(SignInCode, row.id, populate_existing=True).used_at is not None


@pytest.mark.engine
def test_a_code_dies_after_ten_minutes(member, admin, frozen_clock):
    _row, code = make(admin, member)
    frozen_clock.tick(minutes=10)
    assert redeem(NUMBER, code) is None


@pytest.mark.engine
def test_a_code_dies_after_twenty_wrong_tries(member, admin):
    _row, code = make(admin, member)
    assert [redeem(NUMBER, wrong(code)) for _ in range(codes.TRIES)] == [None] * codes.TRIES
    assert redeem(NUMBER, code) is None


def test_nineteen_wrong_tries_leave_it_alive(member, admin):
    _row, code = make(admin, member)
    for _ in range(codes.TRIES - 1):
        redeem(NUMBER, wrong(code))
    assert redeem(NUMBER, code) == member.id


def test_a_code_opens_nobody_elses_door(member, admin, village):
    with transaction():
        other = make_member(village, **phones.columns(OTHER))
        double = make_member(village, verified=False, **phones.columns(NUMBER))
    _row, code = make(admin, member)
    assert redeem(OTHER, code) is None
    assert redeem(NUMBER, code) == member.id
    assert {other.id, double.id}.isdisjoint({member.id})


@pytest.mark.parametrize("typed", ["", "0", "１２", "x" * 500, "' OR 1=1 --", "\u202e"])
def test_nonsense_is_a_wrong_code_and_no_error(member, admin, typed):
    make(admin, member)
    assert redeem(NUMBER, typed) is None
    assert redeem(typed, "12345678") is None


def test_full_width_digits_are_digits(member, admin):
    _row, code = make(admin, member)
    assert redeem(NUMBER, code.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})) == member.id


def test_a_new_code_replaces_the_one_before(member, admin, frozen_clock):
    _row, first = make(admin, member)
    frozen_clock.tick(seconds=5)
    _row, second = make(admin, member)
    assert redeem(NUMBER, first) is None
    assert redeem(NUMBER, second) == member.id


def test_only_a_keyed_hash_is_kept(member, admin):
    row, code = make(admin, member)
    stored = session().scalars(select(SignInCode)).one()
    assert code not in " ".join(str(getattr(stored, column.key)) for column in SignInCode.__table__.columns)
    assert len(stored.code_hash) == 64
    assert row.code_hash == stored.code_hash


def test_suspended_members_come_in_and_merged_ones_do_not(member, admin, village):
    _row, code = make(admin, member)
    with transaction():
        member.status, member.status_reason = "suspended", "核实中"
        session().merge(member)
    assert redeem(NUMBER, code) == member.id


def test_making_and_using_are_logged_and_told(member, admin):
    _row, code = make(admin, member)
    redeem(NUMBER, code)
    acts = session().scalars(select(AuditEntry.act).where(AuditEntry.object_id == str(member.id))).all()
    assert {"people.code_made", "people.code_used"} <= set(acts)
    kinds = session().scalars(select(Message.kind).where(Message.member_id == member.id)).all()
    assert set(kinds) == {"people.code_made", "people.code_used"}


def race(number, phone, code):
    with transaction():
        found = codes.redeem(phone, code)
    return found.id if found else None


@pytest.mark.engine
def test_of_four_processes_with_one_code_one_comes_in(race_database, make_app, engine_name):
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            member = make_member(village, **phones.columns(NUMBER))
            admin = make_member(village)
            make_grant(admin, "village_admin", village)
        row, code = make(admin, member)
    found = together(race_database, "tests.people.test_codes:race", processes=4, phone=NUMBER, code=code)
    assert sorted(one is not None for one in found) == [False, False, False, True]
    assert row.member_id in found


def guess(number, phone, codes_to_try):
    mine = []
    for code in codes_to_try[number]:
        with transaction():
            mine.append(codes.redeem(phone, code) is not None)
    return mine


@pytest.mark.engine
def test_processes_that_guess_together_get_no_more_tries_than_one(race_database, make_app):
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            member = make_member(village, **phones.columns(NUMBER))
            admin = make_member(village)
            make_grant(admin, "village_admin", village)
        row, code = make(admin, member)
    tries = [[wrong(code)] * 3 + [code]] * 3
    found = together(race_database, "tests.people.test_codes:guess", processes=3, phone=NUMBER, codes_to_try=tries)
    with app.app_context():
        failures = session().get(SignInCode, row.id).failures
        came_in = sum(sum(one) for one in found)
    assert came_in <= 1
    assert failures <= codes.TRIES


# --- making one ---


def test_who_reaches_her_home_may_make_one(member, village):
    for role in ("village_admin", "grid_worker", "association_admin"):
        make(_staff(role, village), member)


def test_nobody_from_another_area_and_no_plain_member(member, village):
    with transaction():
        elsewhere = make_village(make_town("桑埠镇"))
        plain = make_member(village)
    for maker in (_staff("village_admin", elsewhere), plain):
        with pytest.raises(NotFound):
            make(maker, member)


def test_not_for_herself(admin):
    with pytest.raises(Conflict, match="oneself"):
        make(admin, admin)


def test_leaders_help_their_team_and_captains_their_house(village, member):
    with transaction():
        house = make_area("building", "3 幢", village)
        team, houses = make_team(village), make_team(village, kind="captains")
        leader, captain, neighbour, stranger = (
            make_member(house if at == 2 else village, **phones.columns(f"+861990000001{at}")) for at in range(4)
        )
        make_membership(leader, team, role="leader")
        make_membership(member, team)
        make_membership(captain, houses, building_id=house.id)
    make(leader, member)
    make(captain, neighbour)
    for maker, whom in ((leader, neighbour), (captain, member), (leader, stranger), (member, leader)):
        with pytest.raises(NotFound):
            make(maker, whom)


def test_a_leader_who_is_suspended_or_not_verified_helps_nobody(village, member):
    with transaction():
        team = make_team(village)
        leader = make_member(village, verified=False)
        make_membership(leader, team, role="leader")
        make_membership(member, team)
    with pytest.raises(NotFound):
        make(leader, member)


def test_nobody_signs_in_to_more_than_she_has(village):
    with transaction():
        town = session().get(type(village), village.town_id)
        team = make_team(village)
    admin, worker, other = (_staff(role, village) for role in ("village_admin", "grid_worker", "village_admin"))
    above = _staff("town_admin", town, home=village)
    with transaction():
        for place, person in enumerate((admin, worker, other, above)):
            for column, value in phones.columns(f"+861990000002{place}").items():
                setattr(session().merge(person), column, value)
        leader = make_member(village)
        make_membership(leader, team, role="leader")
        make_membership(worker, team)
    make(admin, worker)
    make(above, admin)
    for maker, whom in ((worker, admin), (admin, other), (admin, above), (leader, worker)):
        with pytest.raises(Forbidden):
            make(maker, whom)


def test_who_leads_a_team_elsewhere_gets_one_from_who_stands_above_that_team(village, admin):
    with transaction():
        elsewhere = make_village(make_town("桑埠镇"))
        here, there, both = make_team(village), make_team(elsewhere), make_team(village)
        session().add(TeamArea(team_id=both.id, area_id=elsewhere.id, scope_path=elsewhere.path))
        leaders = [make_member(village, **phones.columns(f"+861990000003{at}")) for at in range(3)]
        for leader, team in zip(leaders, (here, there, both), strict=True):
            make_grant(leader, "team_leader", team_id=team.id)
    make(admin, leaders[0])
    for leader in leaders[1:]:
        with pytest.raises(Forbidden):
            make(admin, leader)


def test_an_office_of_tomorrow_counts_today(village, member, admin):
    with transaction():
        _give(member, session().get(type(village), village.town_id), starts_at=clock.now() + dt.timedelta(days=1))
    with pytest.raises(Forbidden):
        make(admin, member)


@pytest.mark.engine
def test_who_is_given_an_office_keeps_no_door_that_others_opened(member, admin, village):
    _row, used = make(admin, member)
    redeem(NUMBER, used)
    _row, still_open = make(admin, member)
    with transaction():
        _give(member, village)
    assert redeem(NUMBER, still_open) is None
    assert session().get(Member, member.id, populate_existing=True).session_epoch == 2


def test_who_never_came_by_a_code_stays_signed_in_when_she_is_given_an_office(member, admin, village, frozen_clock):
    make(admin, member)
    with transaction():
        _give(member, village)
    assert session().get(Member, member.id, populate_existing=True).session_epoch == 1


def _give(member, area, **when):
    place = access.Place(area.name, area.path, area_id=area.id)
    access.grant(system_actor("test"), member_id=member.id, role="village_admin", place=place, **when)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"checked": False}, "checked"), ({"how": "sms"}, "how"), ({"why": "  "}, "why"), ({"why": "x" * 201}, "why")],
)
def test_what_must_be_said_is_asked_for(member, admin, changed, field):
    with pytest.raises(DomainError) as refused:
        make(admin, member, **changed)
    assert refused.value.field == field
    assert session().scalars(select(SignInCode)).all() == []


def test_who_has_no_number_gets_none(admin, village):
    with transaction():
        bare = make_member(village)
    with pytest.raises(Conflict, match="no_phone"):
        make(admin, bare)


def test_only_its_maker_is_shown_a_code_and_only_while_it_lives(member, admin, village, frozen_clock):
    row, code = make(admin, member)
    with pytest.raises(NotFound):
        codes.shown(actor_of(_staff("town_admin", village)), row.id)
    redeem(NUMBER, code)
    with pytest.raises(NotFound):
        codes.shown(actor_of(admin), row.id)


def test_making_one_lifts_the_waits_of_her_number(member, admin):
    number = waits.number_at(member.phone_hash, None)
    for _ in range(waits.PHONE_FREE):
        with transaction():
            waits.count(number)
    assert waits.until(member.phone_hash)
    make(admin, member)
    assert waits.until(member.phone_hash) is None


# --- by text, and afterwards ---


def test_a_text_is_for_who_is_verified_or_known_on_the_phone(village, member):
    with transaction():
        provisional = make_member(village, verified=False, **phones.columns(OTHER))
    number = phones.phone_hashes(OTHER)
    with transaction():
        assert codes.for_number(number) is None
        assert codes.for_number(phones.phone_hashes("+8619900009999")) is None
        made = codes.for_number(number, [provisional.id])
        assert made
        assert made[1] == OTHER
        assert codes.for_number(phones.phone_hashes(NUMBER))[1] == NUMBER
    assert redeem(OTHER, made[2]) == provisional.id


def test_a_text_does_not_replace_the_code_of_a_person(member, admin, frozen_clock):
    _row, code = make(admin, member)
    frozen_clock.tick(seconds=1)
    with transaction():
        codes.for_number([member.phone_hash])
    assert redeem(NUMBER, code) == member.id


def test_who_came_by_a_code_sets_a_password_without_the_old_one_for_a_while(member, admin, frozen_clock):
    actor = actor_of(member)
    with transaction():
        services.set_password(actor, member.id, "jiu-de-mima-9")
    _row, code = make(admin, member)
    with pytest.raises(DomainError, match="wrong_password"), transaction():
        services.set_password(actor, member.id, "xin-de-mima-9", came_by_code=True)
    redeem(NUMBER, code)
    with pytest.raises(DomainError, match="wrong_password"), transaction():
        services.set_password(actor, member.id, "xin-de-mima-9")
    with transaction():
        services.set_password(actor, member.id, "xin-de-mima-9", came_by_code=True)
    frozen_clock.tick(minutes=31)
    with pytest.raises(DomainError, match="wrong_password"), transaction():
        services.set_password(actor, member.id, "geng-xin-de-9", came_by_code=True)
