"""An objection that nobody answers in time leaves those who let it lie, goes up, and all concerned hear of it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import NotFound
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Appeal
from community.points.queries import appeals
from community.points.services import appealing, raising
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import earned, make_admin
from tests.factories.families import sit_together
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


@pytest.fixture
def asked(village: Area, member: Member) -> Appeal:
    """An objection of a resident's to what she got."""
    with transaction():
        txn_id = earned(member, village)
    with transaction():
        made = appealing.appeal(actor_of(member), f"txn:{txn_id}", "少了")
    return session().get_one(Appeal, made)


def _told(member: Member) -> list[str]:
    return list(
        session().scalars(
            select(Message.kind).where(Message.member_id == member.id, Message.kind.like("points.appeal_%"))
        )
    )


def test_what_is_not_answered_in_time_goes_up_level_by_level(
    asked: Appeal, village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    town = town_of(village)
    with transaction():
        near, above, top = (
            make_admin(village, "近"), make_admin(village, "中"), make_member(village, display_name="上"),
        )  # fmt: skip
        make_grant(top, "district_office", session().get_one(Area, town.parent_id))
    assert not raising.due()
    frozen_clock.move_to(clock.at_local(asked.due_on + dt.timedelta(days=1), dt.time(9)))
    jobs.raise_appeals()
    session().expire_all()
    district = session().get_one(Area, town.parent_id)
    assert asked.scope_path == district.path
    assert asked.raised_until == clock.today() + dt.timedelta(days=7)
    assert _told(top) == ["points.appeal_raised"]
    assert _told(member) == ["points.appeal_late"]
    assert not _told(above)
    # Who let the day go by does not answer any more.
    assert not appeals.queue(actor_of(near))
    with pytest.raises(NotFound), transaction():
        appealing.decide(actor_of(near), asked.id, change=False, answer="对的")
    # Its clock begins anew; on the highest level it stays and is told again.
    jobs.raise_appeals()
    assert _told(top) == ["points.appeal_raised"]
    frozen_clock.tick(days=8)
    jobs.raise_appeals()
    assert _told(top) == ["points.appeal_raised"] * 2
    with transaction():
        appealing.decide(actor_of(top), asked.id, change=False, answer="对的")
    assert not raising.due()
    assert_sound()


def test_where_nobody_is_above_its_member_is_not_told_that_it_moved(
    asked: Appeal, village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        make_admin(village, "近")
    frozen_clock.tick(days=8)
    with transaction():
        assert not raising.raise_(asked.id)
    assert _told(member) == ["points.appeal_urged"]
    frozen_clock.tick(days=8)
    with transaction():
        make_grant(make_member(village), "district_office", session().get_one(Area, town_of(village).parent_id))
        assert raising.raise_(asked.id)
    assert _told(member) == ["points.appeal_urged", "points.appeal_late"]


@pytest.mark.parametrize("bond", ["helps", "shares her pot", "agreed already"])
def test_it_does_not_go_to_somebody_who_may_not_decide_it(
    asked: Appeal, village: Area, member: Member, frozen_clock: FrozenClock, bond: str
) -> None:
    with transaction():
        town = town_of(village)
        make_admin(village, "近")
        close = make_member(village, display_name="不能定")
        district = session().get_one(Area, town.parent_id)
        make_grant(close, "district_office", district)
    frozen_clock.tick(days=8)
    with transaction():
        _bind(bond, asked, member, close)
        assert not raising.raise_(asked.id)
    session().expire_all()
    assert asked.scope_path != district.path
    assert not _told(close)


def _bind(bond: str, asked: Appeal, member: Member, close: Member) -> None:
    """Make somebody one who may not decide the member's objection."""
    if bond == "helps":
        make_mandate(member, close)
    elif bond == "shares her pot":
        sit_together([member, close], cap=50)
    else:
        found = session().get_one(Appeal, asked.id)
        found.decided_by, found.decided_at, found.answer = close.id, clock.now(), "可以"
    session().flush()


def test_what_was_answered_or_withdrawn_meanwhile_stays_where_it_is(
    asked: Appeal, member: Member, frozen_clock: FrozenClock
) -> None:
    before = asked.scope_path
    frozen_clock.tick(days=9)
    with transaction():
        appealing.withdraw(actor_of(member), asked.id)
    with transaction():
        assert not raising.raise_(asked.id)
    assert asked.scope_path == before
