"""What a board may show: groups of five and more, so that nobody's own number comes out; people who chose it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people import erasing
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Account, BoardName, MonthGroup, PeriodClose, Txn
from community.points.queries import groups
from community.points.queries.groups import Together
from community.points.services import closing, reversing, showing
from community.points.services.posting import By
from tests.factories.access import actor_of
from tests.factories.people import make_member
from tests.factories.places import make_area, make_village
from tests.factories.points import accepted, make_rule, open_books, town_of
from tests.factories.teams import make_membership, make_team

MONTH = dt.date(2026, 11, 1)


def group(number: int, *people: int) -> Together:
    return Together(number, f"第{number}网格", 5 * len(people), frozenset(people))


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([group(1, 1, 2, 3, 4, 5), group(2, 6, 7, 8, 9, 10)], [1, 2]),
        ([group(1, 1, 2, 3, 4)], []),
        # The four would be what is left of the town's sum: the smaller of the two that could be shown hides them.
        ([group(1, *range(10)), group(2, *range(10, 16)), group(3, 20, 21, 22, 23)], [1]),
        ([group(1, *range(10)), group(2, 20, 21), group(3, 30, 31, 32)], [1]),
        ([group(1, *range(6)), group(2, 9)], []),
        # People in no grid count among those left out, and are never shown as a group.
        ([group(0, *range(20, 30)), group(1, *range(6)), group(2, 9)], [1]),
        # One person in three small groups is one person.
        ([group(1, *range(9)), group(2, 10), group(3, 10), group(4, 10)], []),
    ],
)
def test_neither_a_small_group_nor_what_is_left_of_the_sum_tells_of_fewer_than_five(
    found: list[Together], kept: list[int]
) -> None:
    assert sorted(one.group_id for one in groups.shown(found)) == kept


class Town:
    """A town in which eleven people earned in November: six of a team in the first grid, five in the second."""

    def __init__(self) -> None:
        self.village = make_village()
        self.town = town_of(self.village)
        open_books(self.town, make_rule(cap_day=None), years=(2026,))
        self.grids = [make_area("grid", f"第{number}网格", self.village) for number in ("一", "二")]
        self.team = make_team(self.village)
        self.people = [make_member(self.village, display_name=f"邻居{number:02}") for number in range(11)]
        for member in self.people[:6]:
            make_membership(member, self.team)
        for number, member in enumerate(self.people):
            for hours in range(number + 1):
                when = clock.now() - dt.timedelta(hours=hours)
                subscribers.award_checkin(accepted(member, self.grids[number > 5], used_at=when))

    def publish(self) -> PeriodClose:
        """Close November for good, and stand in December."""
        system = system_actor("tests")
        with transaction():
            closing.draft(system, self.town.id, MONTH)
        self.clock.tick(days=closing.WINDOW + 1)
        with transaction():
            return closing.publish(system, self.town.id, MONTH)

    clock: FrozenClock


@pytest.fixture
def town(app: object, frozen_clock: FrozenClock) -> Town:
    with transaction():
        made = Town()
    made.clock = frozen_clock
    frozen_clock.tick(days=9)
    return made


def choose(town: Town, *members: Member) -> None:
    with transaction():
        for number, member in enumerate(members):
            showing.choose(actor_of(member), town.town.id, f"化名{number}甲")


@pytest.mark.engine
def test_a_published_month_keeps_its_teams_and_grids(town: Town) -> None:
    month = town.publish()
    kept = groups.kept(month)
    assert [(one.name, one.points, one.people) for one in kept["grid"]] == [("第二网格", 225, 5), ("第一网格", 105, 6)]
    # Five are in no team: so many are left out, and the team is shown.
    assert [(one.points, one.people) for one in kept["team"]] == [(105, 6)]


def test_a_wrong_award_counts_for_nobody_and_nothing_below_zero_is_ever_shown(town: Town) -> None:
    wrong = session().scalars(select(Txn.id).where(Txn.subject_id == town.people[0].id)).one()
    with clock.frozen("2026-11-29T04:00:00Z"), transaction():
        reversing.reverse(
            wrong, 5, by=By(0, town.people[9].id), evidence_ref="case:1", reason_code="wrong", explain={}
        )  # fmt: skip
    found = groups.kept(town.publish())["grid"]
    assert [(one.name, one.points, one.people) for one in found] == [("第二网格", 225, 5), ("第一网格", 100, 5)]
    choose(town, *town.people)
    named = groups.named(session().get_one(PeriodClose, (town.town.id, MONTH)))
    assert town.people[0].id not in {one.member_id for one in named}
    assert min(one.points for one in named) > 0


@pytest.mark.engine
@pytest.mark.parametrize(
    "values",
    [{"people": 4}, {"points": 0}, {"points": -5}, {"kind": "one"}, {"month_on": dt.date(2026, 10, 1)}],
)
def test_no_group_of_fewer_than_five_can_be_stored(town: Town, values: dict[str, object]) -> None:
    town.publish()
    row = {
        "town_id": town.town.id, "month_on": MONTH, "kind": "grid", "group_id": 7, "name": "x", "points": 5,
        "people": 5,
    } | values  # fmt: skip
    with pytest.raises(IntegrityError), transaction():
        session().execute(insert(MonthGroup), row)


@pytest.mark.engine
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE month_group SET points = 500",
        "DELETE FROM month_group",
        "UPDATE board_name SET member_id = (SELECT max(id) FROM member)",
        "UPDATE board_name SET account_id = (SELECT max(id) FROM account WHERE kind = 'issuance')",
        "UPDATE board_name SET alias = ''",
        "UPDATE board_name SET alias = NULL",
    ],
)
def test_what_the_board_rests_on_cannot_be_altered(town: Town, statement: str) -> None:
    town.publish()
    choose(town, town.people[0])
    with pytest.raises(DBAPIError), transaction():
        session().execute(text(statement))


@pytest.mark.engine
def test_a_name_stands_only_for_an_account_of_that_very_town(town: Town) -> None:
    account = session().scalars(select(Account.id).where(Account.subject_id == town.people[0].id)).one()
    with transaction():
        elsewhere = make_village()
        open_books(town_of(elsewhere))
    row = {"member_id": town.people[0].id, "asset": "points", "account_id": account, "chosen_at": clock.now()}
    for wrong in ({"town_id": town_of(elsewhere).id}, {"town_id": town.town.id, "asset": "minutes"}):
        with pytest.raises(IntegrityError), transaction():
            session().execute(insert(BoardName), row | wrong)


@pytest.mark.engine
def test_who_chose_it_is_named_with_her_place_and_equals_share_one(town: Town) -> None:
    month = town.publish()
    choose(town, *town.people[:4])
    assert groups.named(month) == [], "four are too few"
    choose(town, *town.people[:5])
    found = groups.named(month)
    assert [(one.points, one.place) for one in found] == [(25, 1), (20, 2), (15, 3), (10, 4), (5, 5)]
    with transaction():
        showing.leave(actor_of(town.people[2]), town.town.id)
    assert groups.named(month) == [], "whoever leaves is gone at once, and with her the list of too few"


def test_a_minor_is_never_named_whatever_the_table_says_nor_who_is_stopped_or_not_checked(town: Town) -> None:
    month = town.publish()
    choose(town, *town.people)
    fields = (
        {"guardian_at": clock.now(), "age_band": "14-17"},
        {"status": "suspended"},
        {"verified_at": None},
    )
    with transaction():
        for member, changed in zip(town.people, fields, strict=False):
            for name, value in changed.items():
                setattr(session().get_one(Member, member.id), name, value)
    assert {one.member_id for one in groups.named(month)} == {member.id for member in town.people[3:]}


def test_a_row_with_somebody_elses_account_names_nobody(town: Town) -> None:
    month = town.publish()
    choose(town, *town.people[:5])
    hers, other = town.people[10], town.people[9]
    account = session().scalars(select(Account.id).where(Account.subject_id == other.id)).one()
    with transaction():
        session().add(
            BoardName(town_id=town.town.id, member_id=hers.id, account_id=account, chosen_at=clock.now())
        )  # fmt: skip
    assert hers.id not in {one.member_id for one in groups.named(month)}


@pytest.mark.engine
def test_who_is_erased_is_on_no_board_and_the_groups_stay(town: Town) -> None:
    month = town.publish()
    choose(town, *town.people)
    with transaction():
        assert erasing.erase(system_actor("tests"), town.people[3].id)
    assert len(session().scalars(select(BoardName.member_id)).all()) == 10
    assert [one.people for one in groups.kept(month)["grid"]] == [5, 6]


def test_a_village_of_another_town_is_no_part_of_it(town: Town) -> None:
    """What was earned in another town counts there."""
    with transaction():
        elsewhere: Area = make_village()
        open_books(town_of(elsewhere))
        for member in town.people:
            subscribers.award_checkin(accepted(member, elsewhere, used_at=clock.now() - dt.timedelta(days=9)))
    assert sum(one.points for one in groups.counted(town.town.id, MONTH)["grid"]) == 330


def test_the_books_are_asked_once_a_month_and_again_only_for_who_chose_since(town: Town, statements: list[str]) -> None:
    month = town.publish()
    choose(town, *town.people[:8])
    first = groups.named(month)
    assert first
    statements.clear()
    assert groups.named(month) == first
    assert not [one for one in statements if "FROM txn" in one], "however often the page is opened"
    with transaction():
        showing.choose(actor_of(town.people[8]), town.town.id, "巷口桂花")
    later = groups.named(month)
    assert {one.member_id for one in later} - {one.member_id for one in first} == {town.people[8].id}
    with transaction():
        showing.leave(actor_of(town.people[0]), town.town.id)
    assert town.people[0].id not in {one.member_id for one in groups.named(month)}, "and who leaves is gone at once"
