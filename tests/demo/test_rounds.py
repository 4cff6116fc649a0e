"""The generated check-ins: repeatable, in the past, and such as people of flesh and blood could have made."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from community.demo.district import read_district
from community.demo.people import Population, make_population
from community.demo.rounds import CheckIn, make_check_ins, metres, until

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)  # half past twelve in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 460


@cache
def _population(people: int = 300) -> Population:
    return make_population(read_district(), people=people, days=DAYS, today=TODAY, zone=ZONE, seed=20260)


@cache
def _days(days: int = DAYS, seed: int = 20260, people: int = 300) -> tuple[tuple[CheckIn, ...], ...]:
    made = make_check_ins(read_district(), _population(people), days=days, today=TODAY, zone=ZONE, seed=seed)
    return tuple(made)


def _all(people: int = 300) -> list[CheckIn]:
    return [row for day in _days(people=people) for row in day]


def test_the_same_seed_and_day_make_the_same_check_ins_and_another_seed_others():
    again = make_check_ins(read_district(), _population(), days=DAYS, today=TODAY, zone=ZONE, seed=20260)

    assert tuple(again) == _days()
    assert _days(seed=1) != _days()


def test_the_days_asked_for_are_made_the_last_sixty_of_them_dense():
    assert len(_days()) == DAYS
    assert all(len(day) > 60 for day in _days()[-60:])
    thin = sum(map(len, _days()[:-60])) / 400
    assert 8 < thin < 20
    assert len(_days(days=30)) == 30


def test_each_day_holds_its_own_check_ins_in_order():
    for back, day in zip(range(DAYS - 1, -1, -1), _days(), strict=True):
        assert {row.at.astimezone(ZONE).date() for row in day} <= {TODAY - timedelta(days=back)}
        assert [row.at for row in day] == sorted(row.at for row in day)


def test_no_check_in_and_no_settlement_lies_in_the_future_of_the_loading():
    rows = list(until(_all(), NOW))

    assert any(row.at.astimezone(ZONE).date() == TODAY for row in rows)
    assert all(row.at <= NOW for row in rows)
    assert all(row.settlement is None or row.settlement.at <= NOW for row in rows)


def test_loading_later_on_the_same_day_only_adds():
    earlier, later = (list(until(_days()[-1], NOW + timedelta(hours=hours))) for hours in (0, 6))

    assert later[: len(earlier)] == earlier
    assert len(later) > len(earlier)


def test_a_check_in_settled_after_the_moment_still_waits():
    settled = next(row for row in _all() if row.settlement is not None)
    assert settled.settlement is not None

    (before,) = until([settled], settled.settlement.at - timedelta(seconds=1))
    (after,) = until([settled], settled.settlement.at)

    assert before.settlement is None
    assert after == settled


def test_some_of_yesterday_and_today_wait_for_somebody_to_settle_them():
    for day in _days()[-2:]:
        assert any(row.flag is not None and row.settlement is None for row in day)
    assert any(row.flag is not None for row in until(_days()[-1], NOW))


def test_older_flagged_check_ins_were_settled_within_48_hours_by_day_and_by_somebody_else():
    flagged = [row for day in _days()[:-2] for row in day if row.flag is not None]

    assert 0.003 < len(flagged) / len(_all()) < 0.02
    for row in flagged:
        assert row.settlement is not None
        assert row.settlement.by != row.person
        assert row.at < row.settlement.at <= row.at + timedelta(hours=48)
        assert time(8) <= row.settlement.at.astimezone(ZONE).time() < time(21)
        assert row.settlement.reason
    assert {row.settlement.accepted for row in flagged if row.settlement} == {True, False}


def test_only_flagged_check_ins_are_far_away_or_at_a_paused_post():
    for row in _all():
        assert (row.band == "far") is (row.flag == "geo_far") is (row.far_m is not None)
        assert (row.far_m or 0) % 100 == 0
        assert (row.post.paused_because is not None) is (row.flag == "post_paused")


def test_nobody_checks_in_before_being_active_or_after_leaving():
    memberships = defaultdict(list)
    for membership in _population().memberships:
        memberships[membership.person, membership.team].append(membership)

    for row in _all():
        assert any(membership.holds_at(row.at) for membership in memberships[row.person, row.team])


def test_no_minor_is_out_at_night():
    population = _population(3000)
    minors = [row for row in _all(people=3000) if population.people[row.person].minor]

    assert len(minors) > 20
    for row in minors:
        assert time(6, 30) <= row.at.astimezone(ZONE).time() < time(18)


def test_nobody_patrols_alone_at_night():
    nights = [[row for row in day if row.team == "晚潮夜巡队"] for day in _days()]

    assert sum(map(len, nights)) > 1000
    for night in nights:
        for row in night:
            assert time(19) <= row.at.astimezone(ZONE).time() < time(21, 20)
            assert any(o.person != row.person and abs(o.at - row.at) < timedelta(minutes=20) for o in night)


def test_parents_stand_at_the_school_gate_on_school_mornings_only():
    rows = [row for row in _all() if row.team == "护学家长队"]

    assert {row.kind for row in rows} == {"in", "out"}
    for row in rows:
        local = row.at.astimezone(ZONE)
        assert time(7, 16) <= local.time() <= time(8, 13)
        assert local.weekday() < 5


def test_riders_come_all_day():
    hours = Counter(row.at.astimezone(ZONE).hour for row in _all() if row.team == "先锋骑手一队")

    assert set(range(10, 20)) <= set(hours)


def test_nobody_is_faster_than_the_rules_allow_or_scans_the_same_post_twice_in_five_minutes():
    by_person = defaultdict(list)
    for row in _all():
        if row.flag is None:
            by_person[row.person].append(row)

    for rows in by_person.values():
        for before, after in pairwise(rows):
            seconds = (after.at - before.at).total_seconds()
            riding = before.team == after.team == "先锋骑手一队"
            assert seconds > 0
            assert metres(before.post, after.post) / seconds <= (12 if riding else 4)
            if before.post == after.post and before.kind == after.kind:
                assert seconds > 300


def test_the_people_of_the_sign_in_page_have_something_to_look_at():
    counts = Counter(row.person for row in _all())

    for key in ("captain", "rider", "patrol_leader"):
        assert counts[_population().by_key(key).number] >= 50


def test_twice_the_people_make_about_twice_the_check_ins():
    assert 8 < len(_all(people=3000)) / len(_all()) < 10
