"""What the program never does with points and people, whatever comes in."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

import community
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.demo.district import read_district
from community.people import services as people
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import ASSETS, TXN_KINDS, Account, Transfer
from community.points.queries import balance
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, settled, town_of
from tests.harness.client import Visitor
from tests.points.invariants import assert_sound

RARE = "欧阳雪莲"


@pytest.fixture
def village(app: Flask, frozen_clock: FrozenClock) -> Area:
    with transaction():
        village = make_village()
        open_books(town_of(village))
    return village


@pytest.fixture
def member(village: Area) -> Member:
    """A volunteer with points and a name that nobody else has."""
    with transaction():
        member = make_member(village, display_name=RARE)
        subscribers.award_checkin(accepted(member, village))
    return member


@pytest.mark.engine
def test_a_rejected_act_takes_nothing_of_what_was_earned_before(member: Member, village: Area) -> None:
    with transaction():
        leader = make_member(village)
        doubtful = flagged(member, village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=False, by=leader))
    assert balance(member.id).available == 5
    assert_sound()


def test_suspending_a_member_takes_nothing_of_what_she_earned(member: Member, village: Area) -> None:
    with transaction():
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
    with transaction():
        people.suspend(actor_of(admin), member_id=member.id, reason="账号被他人使用")
    assert balance(member.id).available == 5


@pytest.mark.engine
def test_nothing_but_issuing_moves_points_and_no_posting_is_a_punishment(member: Member) -> None:
    assert set(TXN_KINDS) <= {"award", "redeem", "expire", "reverse", "adjust", "donate"}
    assert ASSETS == ("points", "minutes")
    debited = session().scalars(
        select(Account.kind).join(Transfer, Transfer.debit_account_id == Account.id).distinct()
    ).all()  # fmt: skip
    assert debited == ["issuance"]
    assert session().scalar(select(func.count()).select_from(Transfer)) == 1
    assert member


def fact_types() -> Iterator[type]:
    """Every event of every room."""
    for room in pkgutil.iter_modules(community.__path__):
        try:
            module = importlib.import_module(f"community.{room.name}.events")
        except ModuleNotFoundError:
            continue
        for _name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and hasattr(kind, "__dataclass_fields__"):
                yield kind


def test_rules_reward_ones_own_acts_never_telling_on_somebody() -> None:
    """A rule is met by an event; none of them names a second person whom the first one told about."""
    facts = {kind.__name__: kind for kind in fact_types()}
    assert "CheckInAccepted" in facts
    for rule in read_district().rules:
        fields = set(facts[rule.trigger].__dataclass_fields__)
        assert "member_id" in fields
        assert not fields & {"about_id", "reported_id", "suspect_id", "accused_id", "other_member_id", "target_id"}


def test_no_page_that_a_neighbour_may_open_shows_another_members_name_or_points(
    app: Flask, member: Member, village: Area, client_page: Visitor
) -> None:
    """Every address without parameters, signed out and as a plain neighbour: nobody is listed, ranked or counted."""
    with transaction():
        neighbour = make_member(village, display_name="邻居甲")
    addresses = sorted(
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    )
    assert len(addresses) > 5
    shown = []
    for signed_in in (False, True):
        if signed_in:
            client_page.sign_in(neighbour.id)
        for address in addresses:
            answer = client_page.client.get(address)
            shown += [address] if member.display_name in answer.text else []
    assert not shown


def test_points_open_no_door(member: Member, village: Area) -> None:
    """What somebody may do comes from roles and membership; a balance is asked by pages about points alone."""
    with transaction():
        poor = make_member(village)
    rich = actor_of(member)
    assert (rich.perms, rich.status) == (actor_of(poor).perms, actor_of(poor).status)
