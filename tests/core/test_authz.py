"""Who may do what where: a right held nowhere is refused, one held elsewhere does not see the thing."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.audit.services import record
from community.core.authz import OWN, Actor, Held, Perm, can, must, must_be_system, system_actor, under, visible
from community.core.db import session, transaction
from community.core.errors import Forbidden, NotFound, SignInNeeded


@dataclass(frozen=True)
class Thing:
    """Something that lies somewhere."""

    scope_path: str = "99/1/"
    scope_team_id: int | None = None
    owner_id: int | None = None


@dataclass(frozen=True)
class WideThing:
    """Something that lies in several places."""

    scope_paths: tuple[str, ...]


READ = Perm.POST_READ


def holder(path: str | None = None, team: int | None = None, perm: Perm = READ) -> Actor:
    return Actor(member_id=1, held=(Held("role", frozenset({perm}), area_path=path, team_id=team),))


@pytest.mark.parametrize(
    ("held_at", "thing_at", "allowed"),
    [
        ("99/1/", "99/1/", True),
        ("99/1/", "99/1/5/", True),
        ("99/", "99/1/", True),
        ("99/1/5/", "99/1/", False),
        ("99/1/", "99/2/", False),
        ("99/1/", "99/10/", False),
        ("99/1/", "", False),
        ("", "99/1/", False),
        (None, "99/1/", False),
    ],
)
def test_a_right_at_an_area_covers_it_and_all_below_and_nothing_beside(
    held_at: str | None, thing_at: str, allowed: bool
) -> None:
    assert can(holder(held_at), READ, Thing(thing_at)) is allowed


def test_a_thing_in_several_places_is_reached_from_any_of_them() -> None:
    assert can(holder("99/2/"), READ, WideThing(("99/1/", "99/2/7/")))
    assert not can(holder("99/3/"), READ, WideThing(("99/1/", "99/2/7/")))


def test_a_right_for_a_team_reaches_that_team_only_wherever_it_works() -> None:
    leader = holder(team=5)
    assert can(leader, READ, Thing("99/1/", scope_team_id=5))
    assert not can(leader, READ, Thing("99/1/", scope_team_id=6))
    assert not can(leader, READ, Thing("99/1/"))


def test_outside_ones_area_the_thing_does_not_exist_and_without_the_right_one_is_refused() -> None:
    with pytest.raises(NotFound):
        must(holder("99/2/"), READ, Thing())
    with pytest.raises(Forbidden):
        must(holder("99/1/", perm=Perm.POST_MANAGE), READ, Thing())
    with pytest.raises(Forbidden):
        must(Actor(member_id=1), READ)
    with pytest.raises(SignInNeeded):
        must(None, READ, Thing())
    assert must(holder("99/1/"), READ, Thing()).member_id == 1


def test_one_right_at_a_place_is_not_another_right_there() -> None:
    actor = Actor(
        member_id=1,
        held=(Held("a", frozenset({READ}), "99/1/"), Held("b", frozenset({Perm.POST_MANAGE}), "99/2/")),
    )
    assert can(actor, READ, Thing("99/1/"))
    assert not can(actor, Perm.POST_MANAGE, Thing("99/1/"))
    assert actor.perms == {READ, Perm.POST_MANAGE}


@pytest.mark.parametrize("perm", sorted(OWN))
def test_what_is_ones_own_is_reached_without_any_role_and_what_is_anothers_is_not(perm: Perm) -> None:
    member = Actor(member_id=7)
    assert can(member, perm, Thing(owner_id=7))
    assert not can(member, perm, Thing(owner_id=8))
    with pytest.raises(NotFound):
        must(member, perm, Thing(owner_id=8))


def test_owning_a_thing_gives_no_right_of_staff_over_it() -> None:
    with pytest.raises(Forbidden):
        must(Actor(member_id=7), Perm.CHECKIN_SETTLE, Thing(owner_id=7))


def test_nobody_may_anything_and_a_job_everything() -> None:
    assert not any(can(None, perm) for perm in Perm)
    job = system_actor("nightly")
    assert all(can(job, perm, Thing()) for perm in Perm)
    assert must_be_system(job) is job
    with pytest.raises(Forbidden):
        must_be_system(holder("99/"))


def test_every_right_says_room_thing_and_act() -> None:
    assert all(len(perm.split(":")) == 3 for perm in Perm)
    assert len({str(perm) for perm in Perm}) == len(Perm)


@pytest.mark.engine
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        (holder("99/1/", perm=Perm.AUDIT_READ), {"99/1/", "99/1/5/"}),
        (holder("99/", perm=Perm.AUDIT_READ), {"99/1/", "99/1/5/", "99/10/", "99/2/"}),
        (holder("99/1/"), set()),
        (holder(team=5, perm=Perm.AUDIT_READ), set()),
        (holder("9%/", perm=Perm.AUDIT_READ), set()),
        (holder("99/_/", perm=Perm.AUDIT_READ), set()),
        (Actor(member_id=1), set()),
        (system_actor("x"), {"99/1/", "99/1/5/", "99/10/", "99/2/", ""}),
    ],
)
def test_a_list_shows_what_a_single_look_would_allow(actor: Actor, seen: set[str]) -> None:
    with transaction():
        for path in ("99/1/", "99/1/5/", "99/10/", "99/2/", ""):
            record(actor, "x.y", "thing", 1, scope_path=path)
    found = session().scalars(select(AuditEntry.scope_path).where(visible(actor, Perm.AUDIT_READ, AuditEntry)))
    assert set(found) == seen


@pytest.mark.usefixtures("app")
def test_no_prefix_means_nothing_and_not_everything() -> None:
    with transaction():
        record(system_actor("x"), "x.y", "thing", 1, scope_path="99/1/")
    assert session().scalars(select(AuditEntry).where(under(AuditEntry.scope_path, ()))).all() == []
