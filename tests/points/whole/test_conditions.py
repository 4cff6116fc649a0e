"""Conditions of a rule: kind of team, village, asset, cap of a month, a person's look; and awards by a named rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, NotFound
from community.people.events import MemberVerified
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import NEVER, Account, BudgetSlot, Lot, RuleUsage, Txn
from community.points.services import awarding
from community.points.services.posting import By, Outcome
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, add_rule, flagged, settled, town_of
from tests.factories.teams import make_team
from tests.points.invariants import assert_sound, waiting

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _sound(app: object) -> Iterator[None]:
    yield
    assert_sound()


def tell(event: object) -> None:
    with transaction():
        subscribers.award_checkin(event)  # type: ignore[arg-type]


def earned(member: Member, asset: str = "points") -> int:
    mine = (Account.subject_id == member.id) & (Account.asset == asset)
    return session().scalar(select(Account.posted).where(mine)) or 0


def test_a_rule_for_a_kind_of_team_counts_only_for_such_a_team(member: Member, village: Area) -> None:
    with transaction():
        riders, patrol = make_team(village, kind="riders"), make_team(village)
        add_rule(town_of(village), team_kind="riders", amount=3, once_per="", cap_day=None)
    tell(accepted(member, village, team_id=patrol.id))
    tell(accepted(member, village, team_id=None))
    assert earned(member) == 5
    tell(accepted(member, village, team_id=riders.id))
    assert earned(member) == 5 + 3


def test_an_addition_of_a_village_counts_for_what_was_done_there(member: Member, village: Area) -> None:
    with transaction():
        other = make_village(town_of(village))
        add_rule(town_of(village), village=village, amount=2, once_per="", cap_day=None)
    tell(accepted(member, other))
    assert earned(member) == 5
    tell(accepted(member, village))
    assert earned(member) == 5 + 2, "the hour's five are given already"


def test_a_month_gives_no_more_than_its_cap_and_says_so(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        add_rule(town_of(village), amount=4, once_per="", cap_day=None, cap_month=8)
    for _day in range(3):
        tell(accepted(member, village))
        frozen_clock.tick(days=1)
    used = select(RuleUsage.used).where(RuleUsage.period_key == "2026-11")
    assert session().scalars(used).all() == [8]
    assert earned(member) == 3 * 5 + 2 * 4
    frozen_clock.move_to(dt.datetime(2026, 12, 1, 2, 0, tzinfo=dt.UTC))
    tell(accepted(member, village))
    assert earned(member) == 4 * 5 + 3 * 4, "a new month begins anew"


def test_minutes_go_to_an_account_of_their_own_cost_no_budget_and_never_expire(member: Member, village: Area) -> None:
    with transaction():
        add_rule(town_of(village), asset="minutes", amount=60, once_per="hour", cap_day=240)
    tell(accepted(member, village))
    assert (earned(member), earned(member, "minutes")) == (5, 60)
    assert sum(session().scalars(select(BudgetSlot.used))) == 5
    assert sorted(session().scalars(select(Lot.expires_on))) == [dt.date(2028, 11, 23), NEVER]


def test_what_a_person_has_to_look_at_waits_for_her_and_takes_nothing_until_then(member: Member, village: Area) -> None:
    with transaction():
        add_rule(town_of(village), amount=9, once_per="", cap_day=None, review=True)
    tell(accepted(member, village))
    assert waiting(member) == [("held", "review", None)]
    assert (earned(member), sum(session().scalars(select(BudgetSlot.used)))) == (5, 5)


def test_being_verified_or_settled_does_not_pass_the_one_who_has_to_look(village: Area, leader: Member) -> None:
    with transaction():
        newcomer, doubtful = make_member(village, verified_at=None), make_member(village)
        add_rule(town_of(village), amount=9, once_per="", cap_day=None, review=True)
    tell(accepted(newcomer, village))
    happened = flagged(doubtful, village)
    with transaction():
        newcomer.verified_at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        subscribers.release_verified(MemberVerified(newcomer.id, leader.id))
        subscribers.hold_flagged_checkin(happened)
        subscribers.settle_checkin(settled(happened, accepted=True, by=leader))
    assert ("held", "review", None) in waiting(newcomer)
    assert ("held", "review", None) in waiting(doubtful)
    assert (earned(newcomer), earned(doubtful)) == (5, 5)


def award(version_id: int, member: Member, village: Area, by: Member, **changed: object) -> Outcome:
    fields = {"evidence_ref": "case:1", "earned_on": TODAY, "by": By(by.id, by.id), "where": village.path}
    with transaction():
        return awarding.award_manual(version_id, member.id, **(fields | changed))  # type: ignore[arg-type]


def test_a_manual_award_names_its_rule_and_is_posted_once(member: Member, village: Area, leader: Member) -> None:
    with transaction():
        version = add_rule(town_of(village), trigger="Manual", amount=20, once_per="", cap_day=None)
    outcome = award(version, member, village, leader)
    txn = session().scalars(select(Txn)).one()
    assert (outcome.txn_id, txn.rule_version_id, txn.approver_id) == (txn.id, version, leader.id)
    assert earned(member) == 20
    with pytest.raises(Conflict) as refused:
        award(version, member, village, leader)
    assert refused.value.code == "awarded"


def test_a_manual_award_of_minutes_may_be_as_long_as_the_rule_s_day(
    member: Member, village: Area, leader: Member
) -> None:
    with transaction():
        version = add_rule(
            town_of(village), trigger="Manual", asset="minutes", amount=30, once_per="", cap_day=480
        )  # fmt: skip
        points = add_rule(town_of(village), code="P03", trigger="Manual", amount=5, once_per="", cap_day=10)
    assert award(version, member, village, leader, amount=150).txn_id
    assert earned(member, "minutes") == 150
    for rule, amount in ((version, 481), (version, 0), (points, 6)):
        with pytest.raises(Conflict) as refused:
            award(rule, member, village, leader, amount=amount, evidence_ref="case:2")
        assert refused.value.code == "amount_by_rule"


def test_a_manual_award_follows_the_days_the_place_and_the_caps_of_its_rule(
    member: Member, village: Area, leader: Member
) -> None:
    with transaction():
        other = make_village(town_of(village))
        version = add_rule(
            town_of(village), village=village, trigger="Manual", amount=5, once_per="day", cap_day=None,
        )  # fmt: skip
    for changed, code in (
        ({"earned_on": dt.date(2020, 1, 31)}, "not_in_force"),
        ({"where": other.path}, "elsewhere"),
    ):
        with pytest.raises(Conflict) as refused:
            award(version, member, village, leader, **changed)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        award(1, member, village, leader)
    assert award(version, member, village, leader).txn_id
    assert award(version, member, village, leader, evidence_ref="case:2").reason == "day"


def test_a_manual_award_waits_for_the_budget_or_for_who_she_is(village: Area, leader: Member, member: Member) -> None:
    with transaction():
        newcomer = make_member(village, verified_at=None)
        version = add_rule(town_of(village), trigger="Manual", amount=20_000, once_per="", cap_day=None)
    assert award(version, member, village, leader).reason == "budget"
    assert award(version, newcomer, village, leader).reason == "unverified"
    assert waiting(member) == [("held", "budget", None)]
    assert waiting(newcomer) == [("held", "unverified", None)]
