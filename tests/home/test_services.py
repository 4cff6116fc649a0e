"""Deciding about many things in one command, each by its own rule, and undoing them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.home import services
from community.home.models import DeskRun
from community.messages.models import Message
from community.patrols.models import CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.people.models import Member
from community.teams.models import Membership, MembershipEvent
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_town, make_village
from tests.factories.teams import make_membership, make_team
from tests.harness.processes import together

pytestmark = pytest.mark.engine


@dataclass
class House:
    """An admin and what waits for her: three applications, a flag and somebody to be verified."""

    scene: Scene
    admin: Actor
    applications: list[Membership]
    flag: uuid.UUID
    stranger: Member

    @property
    def refs(self) -> list[str]:
        return [f"application:{one.id}" for one in self.applications]


@pytest.fixture
def house(app: Flask, frozen_clock: FrozenClock) -> House:
    with transaction():
        scene = make_scene()
        applications = [applied(scene) for _number in range(3)]
        stranger = make_member(scene.village, verified=False)
    with transaction():
        done = check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    assert done.checkin_id
    return House(scene, actor_of(scene.admin), applications, done.checkin_id, stranger)


def applied(scene: Scene) -> Membership:
    member = make_member(scene.village, verified=False)
    give_consent(member, "service", "1")
    return make_membership(member, scene.team, "applied")


def decide(actor: Actor, act: str, *refs: str, reason: str = "核对过") -> DeskRun:
    with transaction():
        run = services.decide(actor, act, refs, reason)
    session().expire_all()
    return run


def states(house: House) -> list[str]:
    session().expire_all()
    return [one.state for one in house.applications]


def why(run: DeskRun) -> dict[str, str]:
    return {line["ref"]: line["why"] for line in run.lines}


def test_things_of_all_rooms_are_decided_in_one_command(house: House) -> None:
    run = decide(house.admin, "approve", *house.refs, f"checkin:{house.flag}", f"person:{house.stranger.id}")
    assert all(line["done"] for line in run.lines)
    assert states(house) == ["active"] * 3
    assert session().get_one(CheckIn, house.flag).status == "accepted"
    assert session().get_one(Member, house.stranger.id).verified_at


def test_what_one_rule_refuses_the_others_do_not_feel(house: House) -> None:
    """Her own application, one that another admin decided meanwhile, one of a foreign area: told, the rest is done."""
    with transaction():
        own = make_membership(session().get_one(Member, house.admin.member_id), house.scene.team, "applied")
        elsewhere = make_village(make_town("平桥街道"))
        foreign = make_membership(make_member(elsewhere), make_team(elsewhere), "applied")
        other = make_member(house.scene.village)
        make_grant(other, "village_admin", house.scene.village)
    decide(actor_of(other), "refuse", house.refs[1])
    refs = [*house.refs, f"application:{own.id}", f"application:{foreign.id}", "application:x", "nothing:1"]
    run = decide(house.admin, "approve", *refs)
    assert [line["ref"] for line in run.lines if line["done"]] == [house.refs[0], house.refs[2]]
    told = why(run)
    assert "状态已经变了" in told[house.refs[1]]
    assert "不能审批自己的申请" in told[f"application:{own.id}"]
    assert "没有找到" in told[f"application:{foreign.id}"]
    assert "不能在这里办" in told["nothing:1"]
    assert states(house) == ["active", "refused", "active"]
    assert own.state == foreign.state == "applied"


def test_a_failed_part_leaves_nothing_half_done(house: House) -> None:
    """The state moves before the check that refuses: its number is taken by a verified neighbour."""
    with transaction():
        member = session().get_one(Member, house.applications[0].member_id)
        member.phone_hash = "f" * 64
        make_member(house.scene.village).phone_hash = "f" * 64
    run = decide(house.admin, "approve", *house.refs)
    assert [line["done"] for line in run.lines if line["ref"] == house.refs[0]] == [False]
    assert "手机号" in why(run)[house.refs[0]]
    assert states(house) == ["applied", "active", "active"]
    assert session().scalar(select(func.count()).where(Message.member_id == member.id)) == 0


def test_the_same_thing_named_twice_is_decided_once_and_a_hundred_at_most(house: House) -> None:
    assert len(decide(house.admin, "approve", house.refs[0], house.refs[0]).lines) == 1
    for refs, refusal in (([], "nothing_chosen"), ([f"application:{n}" for n in range(1, 102)], "too_many")):
        with pytest.raises(DomainError, match=refusal):
            decide(house.admin, "approve", *refs)


def test_who_has_no_desk_decides_nothing(house: House) -> None:
    with pytest.raises(Forbidden):
        decide(actor_of(house.scene.member), "approve", *house.refs)


def test_many_are_undone_at_once_and_nobody_hears(house: House, frozen_clock: FrozenClock) -> None:
    run = decide(house.admin, "refuse", *house.refs, f"checkin:{house.flag}", reason="对不上")
    frozen_clock.tick(seconds=9)
    with transaction():
        back = services.undo(house.admin, run.id)
    assert all(line["done"] for line in back.lines)
    assert len(back.lines) == 4
    frozen_clock.tick(minutes=1)
    assert states(house) == ["applied"] * 3
    assert session().get_one(CheckIn, house.flag).status == "flagged"
    assert session().scalar(select(func.count(Message.id))) == 0


def test_after_ten_seconds_nothing_is_undone(house: House, frozen_clock: FrozenClock) -> None:
    run = decide(house.admin, "approve", *house.refs)
    frozen_clock.tick(seconds=10)
    with pytest.raises(Conflict, match="undo_late"), transaction():
        services.undo(house.admin, run.id)
    assert states(house) == ["active"] * 3


def test_a_run_is_undone_by_its_own_person_once(house: House) -> None:
    run = decide(house.admin, "approve", house.refs[0])
    with transaction():
        other = make_member(house.scene.village)
        make_grant(other, "village_admin", house.scene.village)
    with pytest.raises(NotFound), transaction():
        services.undo(actor_of(other), run.id)
    with transaction():
        back = services.undo(house.admin, run.id)
    with transaction():
        again = services.undo(house.admin, run.id)
    assert ([line["done"] for line in back.lines], [line["done"] for line in again.lines]) == ([True], [False])
    with pytest.raises(NotFound), transaction():
        services.undo(house.admin, back.id)


def test_verifying_somebody_is_undone_too(house: House) -> None:
    run = decide(house.admin, "approve", f"person:{house.stranger.id}")
    with transaction():
        services.undo(house.admin, run.id)
    session().expire_all()
    assert session().get_one(Member, house.stranger.id).verified_at is None


@pytest.mark.faults
def test_two_admins_who_decide_the_same_rows_at_once_decide_each_row_once(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    """Overlapping lists in opposite order: nobody waits in a circle, and who came second is told."""
    app = make_app(database_url=race_database)
    with app.app_context(), transaction():
        scene = make_scene()
        second = make_member(scene.village)
        make_grant(second, "village_admin", scene.village)
        scene.team.places = 100
        refs = [f"application:{applied(scene).id}" for _number in range(8)]
        admins = [scene.admin.id, second.id]
    one, other = together(race_database, "tests.home.racers:decide", admins=admins, refs=refs)
    assert sorted(one[0] + other[0]) == sorted(refs)
    assert sorted(one[0]) == sorted(other[1])
    assert sorted(other[0]) == sorted(one[1])
    with app.app_context():
        decided = session().execute(
            select(MembershipEvent.membership_id, func.count())
            .where(MembershipEvent.to_state.in_(("approved", "refused")))
            .group_by(MembershipEvent.membership_id)
        )
        assert [count for _membership, count in decided] == [1] * 8
        db.engine.dispose()
