"""Settling flags: by another person of the area, once, with a reason; by silence only where the table allows it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import events
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.messages.queries.inbox import inbox
from community.patrols import queries
from community.patrols.events import CheckInSettled, CheckInVindicated
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.services.settle import set_right, settle, settle_by_silence, undo
from community.points import jobs as points_jobs
from tests.factories.access import actor_of, make_grant
from tests.factories.families import sit_together
from tests.factories.mandates import make_mandate
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.points.invariants import assert_sound, posted, waiting

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


@pytest.fixture
def flagged(scene: Scene) -> uuid.UUID:
    with transaction():
        outcome = check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    assert outcome.checkin_id
    return outcome.checkin_id


@pytest.fixture
def heard(app: Flask) -> Iterator[list[object]]:
    before, told = events.wired(), []
    events.wire({CheckInSettled: (told.append,)})
    yield told
    events.wire(before)


@pytest.mark.parametrize("how", ["pot", "mandate"])
def test_who_is_close_to_the_member_leaves_it_to_another(scene: Scene, flagged: uuid.UUID, how: str) -> None:
    """Who could spend what it earns does not settle it."""
    with transaction():
        if how == "pot":
            sit_together([scene.member, scene.admin], cap=9)
        else:
            make_mandate(scene.member, scene.admin)
    with transaction(), pytest.raises(DomainError) as refused:
        settle(actor_of(scene.admin), checkin_id=flagged, accept=True, reason="情况属实")
    assert (refused.value.code, refused.value.status) == ("close_checkin", 403)
    assert queries.waiting(actor_of(scene.admin)) == []
    assert queries.waiting_count(actor_of(scene.admin)) == 0
    with transaction():
        another = make_member(scene.village)
        make_grant(another, "town_admin", town_of(scene.village))
        settle(actor_of(another), checkin_id=flagged, accept=True, reason="情况属实")


@pytest.mark.parametrize(("accept", "status"), [(True, "accepted"), (False, "rejected")])
def test_an_admin_of_the_area_settles_and_the_member_is_told(
    scene: Scene, flagged: uuid.UUID, heard: list[object], accept: bool, status: str
) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=accept, reason="当面核对过")
    session().expire_all()
    assert session().get(CheckIn, flagged).status == status  # type: ignore[union-attr]
    move = session().scalars(select(CheckInEvent).where(CheckInEvent.from_status == "flagged")).one()
    assert (move.to_status, move.by_id, move.reason) == (status, scene.admin.id, "当面核对过")
    (fact,) = heard
    assert isinstance(fact, CheckInSettled)
    assert (fact.accepted, fact.by_id, fact.post_name) == (accept, scene.admin.id, scene.post.name)
    message = session().scalars(select(Message).where(Message.member_id == scene.member.id)).one()
    assert message.link == f"/checkins/{flagged}"


def test_nobody_settles_her_own(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        make_grant(scene.member, "village_admin", scene.village)
    with pytest.raises(DomainError) as refused, transaction():
        settle(actor_of(scene.member), checkin_id=flagged, accept=True, reason="我在现场")
    assert refused.value.code == "own_checkin"
    assert session().get(CheckIn, flagged).status == "flagged"  # type: ignore[union-attr]


def test_another_villages_admin_finds_nothing(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        stranger = make_member(elsewhere)
        make_grant(stranger, "village_admin", elsewhere)
    with pytest.raises(NotFound), transaction():
        settle(actor_of(stranger), checkin_id=flagged, accept=True, reason="ok")


def test_a_member_without_the_right_is_refused(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        neighbour = make_member(scene.village)
    with pytest.raises(Forbidden), transaction():
        settle(actor_of(neighbour), checkin_id=flagged, accept=True, reason="ok")


def test_the_leader_of_the_team_may_settle(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        leader = make_member(scene.village)
        make_grant(leader, "team_leader", team_id=scene.team.id)
    with transaction():
        settle(actor_of(leader), checkin_id=flagged, accept=True, reason="同行")
    assert session().get(CheckIn, flagged).status == "accepted"  # type: ignore[union-attr]


def test_a_flag_is_settled_once(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=True, reason="ok")
    with pytest.raises(Conflict), transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=False, reason="no")


def test_a_reason_is_demanded(scene: Scene, flagged: uuid.UUID) -> None:
    with pytest.raises(DomainError) as refused, transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=False, reason="  ")
    assert refused.value.field == "reason"


def test_silence_settles_with_nobodys_name(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        assert settle_by_silence(system_actor("settle_silent"), checkin_id=flagged)
    with transaction():
        assert not settle_by_silence(system_actor("settle_silent"), checkin_id=flagged)
    move = session().scalars(select(CheckInEvent).where(CheckInEvent.from_status == "flagged")).one()
    assert (move.by_id, move.reason) == (None, "silence")


@pytest.fixture
def books(scene: Scene) -> Scene:
    """The town pays for check-ins."""
    with transaction():
        open_books(town_of(scene.village))
    return scene


def settled(scene: Scene, checkin_id: uuid.UUID, *, accept: bool = True) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=checkin_id, accept=accept, reason="核对过")


def undone(scene: Scene, checkin_id: uuid.UUID) -> None:
    with transaction():
        undo(actor_of(scene.admin), checkin_id=checkin_id)


def status_of(checkin_id: uuid.UUID) -> str:
    session().expire_all()
    return session().get_one(CheckIn, checkin_id).status


@pytest.mark.parametrize("accept", [True, False])
def test_a_settlement_is_undone_within_ten_seconds_and_nobody_is_told_or_paid(
    books: Scene, frozen_clock: FrozenClock, accept: bool
) -> None:
    flag = flag_of(books)
    settled(books, flag, accept=accept)
    assert inbox(actor_of(books.member)).unread == 0
    frozen_clock.tick(seconds=9)
    points_jobs.post_decided()
    undone(books, flag)
    assert status_of(flag) == "flagged"
    frozen_clock.tick(minutes=1)
    points_jobs.post_decided()
    assert inbox(actor_of(books.member)).unread == 0
    assert waiting(books.member) == [("held", "flagged", None)]
    assert posted(books.member) == 0
    assert [move.to_status for move in queries.moves(flag)] == [
        "flagged",
        "accepted" if accept else "rejected",
        "flagged",
    ]
    assert_sound()


def test_after_an_undo_the_flag_is_settled_as_if_for_the_first_time(books: Scene, frozen_clock: FrozenClock) -> None:
    flag = flag_of(books)
    settled(books, flag, accept=False)
    undone(books, flag)
    settled(books, flag)
    undone(books, flag)
    settled(books, flag)
    assert posted(books.member) == 0
    frozen_clock.tick(seconds=10)
    points_jobs.post_decided()
    points_jobs.post_decided()
    assert (status_of(flag), posted(books.member)) == ("accepted", 5)
    assert inbox(actor_of(books.member)).unread == 1
    assert waiting(books.member) == [("posted", "flagged", "confirmed:核对过")]
    assert_sound()


def test_a_rejected_award_is_refused_by_the_job_after_ten_seconds(books: Scene, frozen_clock: FrozenClock) -> None:
    flag = flag_of(books)
    settled(books, flag, accept=False)
    assert waiting(books.member) == [("held", "flagged", "rejected:核对过")]
    frozen_clock.tick(seconds=10)
    points_jobs.post_decided()
    assert waiting(books.member) == [("refused", "flagged", "rejected:核对过")]


def test_after_ten_seconds_it_is_too_late_and_nothing_changes(books: Scene, frozen_clock: FrozenClock) -> None:
    flag = flag_of(books)
    settled(books, flag)
    frozen_clock.tick(seconds=10)
    with pytest.raises(Conflict, match="undo_late") as caught:
        undone(books, flag)
    assert caught.value.next_step
    assert status_of(flag) == "accepted"


def test_a_settlement_that_was_paid_for_already_is_not_undone(books: Scene, frozen_clock: FrozenClock) -> None:
    """Another host's clock may be ahead: what its job carried out stays."""
    flag = flag_of(books)
    settled(books, flag)
    with clock_at(frozen_clock, seconds=10):
        points_jobs.post_decided()
    with pytest.raises(Conflict, match="undo_late"):
        undone(books, flag)
    assert (status_of(flag), posted(books.member)) == ("accepted", 5)


def test_only_who_settled_it_undoes_it_and_never_the_member_herself(books: Scene) -> None:
    flag = flag_of(books)
    with transaction():
        other = make_member(books.village)
        make_grant(other, "village_admin", books.village)
        make_grant(books.member, "village_admin", books.village)
        stranger = make_member(make_village())
    settled(books, flag)
    for member, refusal in ((other, "undo_other"), (books.member, "own_checkin"), (stranger, "forbidden|not_found")):
        with pytest.raises(DomainError, match=refusal), transaction():
            undo(actor_of(member), checkin_id=flag)
    assert status_of(flag) == "accepted"


def test_what_nobody_settled_cannot_be_undone(books: Scene) -> None:
    flag = flag_of(books)
    with pytest.raises(Conflict, match="not_settled"):
        undone(books, flag)
    settled(books, flag)
    undone(books, flag)
    with pytest.raises(Conflict, match="not_settled"):
        undone(books, flag)


def test_silence_is_final_at_once(books: Scene) -> None:
    flag = flag_of(books)
    with transaction():
        settle_by_silence(system_actor("patrols.settle_silent"), checkin_id=flag)
    assert (posted(books.member), inbox(actor_of(books.member)).unread) == (5, 1)


def flag_of(scene: Scene) -> uuid.UUID:
    with transaction():
        outcome = check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    assert outcome.checkin_id
    return outcome.checkin_id


@contextmanager
def clock_at(frozen: FrozenClock, *, seconds: int) -> Iterator[None]:
    frozen.tick(seconds=seconds)
    yield
    frozen.tick(seconds=-seconds)


def vindicated(scene: Scene, checkin_id: uuid.UUID, by_id: int, member_id: int | None = None) -> None:
    with transaction():
        set_right(CheckInVindicated(checkin_id, member_id or scene.member.id, by_id, "查过，确实在岗"))


def test_a_rejected_check_in_is_set_right_once_when_an_objection_is_granted(
    scene: Scene, flagged: uuid.UUID, heard: list[object]
) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=False, reason="不在岗")
        judge = make_member(scene.village)
    heard.clear()
    vindicated(scene, flagged, judge.id)
    vindicated(scene, flagged, judge.id)
    assert session().get_one(CheckIn, flagged, populate_existing=True).status == "accepted"
    (fact,) = heard
    assert isinstance(fact, CheckInSettled)
    assert (fact.accepted, fact.by_id, fact.not_before) == (True, judge.id, None)


def test_nobody_sets_her_own_check_in_right_and_nobody_elses_is_touched(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=False, reason="不在岗")
    with pytest.raises(DomainError) as refused:
        vindicated(scene, flagged, scene.member.id)
    assert refused.value.code == "own_checkin"
    vindicated(scene, flagged, scene.admin.id, member_id=scene.admin.id)
    vindicated(scene, uuid.uuid4(), scene.admin.id)
    assert session().get_one(CheckIn, flagged, populate_existing=True).status == "rejected"
