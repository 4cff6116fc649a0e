"""Actors from rows."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from community.access.queries import load_actor
from community.core.authz import OWN, Perm, can
from community.core.db import db, session, transaction
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_an_actor_takes_one_statement_whatever_she_holds():
    with transaction():
        village = make_village()
        member = make_member(village)
        make_grant(member, "village_admin", village)
        make_grant(member, "grid_worker", village)
        make_grant(member, "team_leader", team_id=5)
    said = []
    listener = lambda _c, _cur, statement, *_rest: said.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        with transaction():
            actor = load_actor(member.id, 1, lock=True)
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    assert len([statement for statement in said if statement.lstrip().upper().startswith("SELECT")]) == 1
    assert sorted(held.role for held in actor.held) == ["grid_worker", "team_leader", "village_admin"]


def test_a_grant_covers_the_areas_below_and_no_neighbour():
    with transaction():
        town = make_town()
        below, beside = make_village(town), make_village(make_town("平桥街道"))
        member = make_member(town)
        make_grant(member, "town_admin", town)
    actor = actor_of(member)
    assert can(actor, Perm.MEMBER_VERIFY, make_thing(below.path))
    assert not can(actor, Perm.MEMBER_VERIFY, make_thing(beside.path))


class make_thing:  # noqa: N801 - reads as what it makes
    def __init__(self, path):
        self.scope_path = path


def test_an_ended_or_future_grant_gives_nothing(frozen_clock):
    with transaction():
        village = make_village()
        member = make_member(village)
        grant = make_grant(member, "village_admin", village)
    frozen_clock.tick(hours=-1)
    assert actor_of(member).held == ()
    frozen_clock.tick(hours=2)
    assert actor_of(member).held
    with transaction():
        session().merge(grant).until = frozen_clock.now()
    assert actor_of(member).held == ()


@pytest.mark.parametrize("status", ["left", "merged"])
def test_who_left_is_nobody(status):
    with transaction():
        member = make_member(status=status)
    assert load_actor(member.id, 1, lock=False) is None


def test_another_epoch_is_nobody_and_a_suspended_member_holds_nothing():
    with transaction():
        village = make_village()
        member = make_member(village, status="suspended")
        make_grant(member, "village_admin", village)
    assert load_actor(member.id, 2, lock=False) is None
    actor = load_actor(member.id, 1, lock=False)
    assert (actor.status, actor.held) == ("suspended", ())
    assert Perm.SELF_MANAGE in OWN
