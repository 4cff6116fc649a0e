"""The generated people: sizes, phones, ages and memberships."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from community.demo.district import read_district
from community.demo.people import PHONES, AgeBand, Population, State, band_of, make_population

TODAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)  # in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")


@cache
def _population(people: int = 300, days: int = 460, seed: int = 20260) -> Population:
    return make_population(read_district(), people=people, days=days, today=TODAY, zone=ZONE, seed=seed)


def test_the_same_seed_and_day_make_the_same_people_and_another_seed_others():
    again = make_population(read_district(), people=300, days=460, today=TODAY, zone=ZONE, seed=20260)

    assert again == _population()
    assert _population(seed=1).people != again.people


@pytest.mark.parametrize("people", [60, 61, 300, 1200])
def test_as_many_people_are_made_as_were_asked_for(people):
    population = _population(people)

    assert [person.number for person in population.people] == list(range(people))


def test_too_few_people_for_the_cast_are_refused():
    with pytest.raises(ValueError, match="at least 60"):
        _population(59)


def test_phones_are_unique_mobile_numbers_of_the_invented_block():
    phones = [person.phone for person in _population().people]

    assert len(set(phones)) == 300
    for phone in phones:
        assert phone is not None
        assert phone.startswith("1990000")
        number = phonenumbers.parse(phone, "CN")
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) is phonenumbers.PhoneNumberType.MOBILE


def test_people_beyond_the_invented_block_get_no_phone_rather_than_one_that_may_ring():
    phones = [person.phone for person in _population(PHONES + 500).people]

    assert phones.count(None) == 500
    assert all(phone is None or phone.startswith("1990000") for phone in phones)


def test_two_of_the_three_towns_are_thin():
    homes = [person.home.town_code for person in _population().people]

    assert homes.count("990100001") > 200
    assert 10 < homes.count("990100002") < 60
    assert 10 < homes.count("990100003") < 60


def test_the_seven_teams_have_their_sizes_and_one_leader_each():
    population = _population()

    for team in read_district().teams:
        members = population.members_of(team.name)
        assert abs(len(members) - team.size) <= 7
        assert [member.role for member in members].count("leader") == 1


def test_teams_grow_with_the_number_of_people():
    small, large = (len(_population(people).members_of("先锋骑手一队")) for people in (300, 3000))

    assert 9 * small < large < 11 * small


def test_nobody_decides_on_the_own_application():
    for membership in _population().memberships:
        assert membership.decided_by != membership.person
        assert (membership.decided_by is None) == (membership.decided_at is None)


def test_nobody_is_active_before_somebody_decided_and_nothing_lies_in_the_future():
    for membership in _population().memberships:
        instants = [membership.applied_at, membership.decided_at, membership.active_from, membership.left_at]
        known = [instant for instant in instants if instant is not None]
        assert known == sorted(known)
        assert known[-1] < MIDNIGHT


def test_waiting_and_refused_applications_are_not_active():
    states = {membership.state for membership in _population().memberships}

    assert states == {State.APPLIED, State.WAITING_GUARDIAN, State.REFUSED, State.ACTIVE, State.LEFT}
    for membership in _population().memberships:
        active = membership.state in {State.ACTIVE, State.LEFT}
        assert (membership.active_from is not None) is active
        assert not membership.holds_at(membership.applied_at - timedelta(seconds=1))


def test_minors_have_an_adult_guardian_and_join_no_night_patrol():
    population = _population(3000)
    minors = [person for person in population.people if person.minor]

    assert len(minors) > 10
    for minor in minors:
        assert minor.guardian is not None
        assert not population.people[minor.guardian].minor
    night_teams = {team.name for team in read_district().teams if team.night}
    assert night_teams
    assert not any(population.people[m.person].minor for m in population.memberships if m.team in night_teams)


def test_every_building_of_the_town_has_one_captain_at_most_and_further_ones_are_deputies():
    captaincies = [m for m in _population(3000).memberships if m.building is not None and m.state is not State.LEFT]
    captains = [m.building.code for m in captaincies if m.role != "deputy" and m.building is not None]

    assert len(captains) == len(set(captains))
    assert len(captains) >= 25
    assert len(captaincies) > len(captains)


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (14, AgeBand.MINOR),
        (17, AgeBand.MINOR),
        (18, AgeBand.ADULT),
        (59, AgeBand.ADULT),
        (60, AgeBand.ELDER),
        (84, AgeBand.ELDER),
    ],
)
def test_an_age_falls_into_its_band(age, band):
    assert band_of(age) is band


def test_children_have_no_band():
    with pytest.raises(ValueError, match="under 14"):
        band_of(13)


def test_the_cast_is_found_by_key_and_a_stranger_is_not():
    assert _population().by_key("captain").band is AgeBand.ELDER
    with pytest.raises(KeyError):
        _population().by_key("nobody")
