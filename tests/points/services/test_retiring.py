"""What was told of points that expired, and codes of pots: gone when they served their purpose, and not before."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Account, ExpiryNotice, PotInvite
from community.points.services import families
from tests.factories.access import actor_of
from tests.factories.families import make_pot
from tests.factories.ledger import give

pytestmark = pytest.mark.engine


def count(model: type) -> int:
    return int(session().scalar(select(func.count()).select_from(model)) or 0)


@pytest.fixture
def long_ago(frozen_clock: FrozenClock) -> None:
    """Half a year before the machine's day: the database lets notices go by its own calendar, whatever ours says."""
    frozen_clock.move_to(dt.datetime.now(dt.UTC) - dt.timedelta(days=180))


@pytest.mark.usefixtures("long_ago")
def test_a_notice_is_kept_for_thirty_days_after_the_points_expired(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 10, days=7)
        give(member, village, 10, days=20)
    jobs.tell_expiring()
    assert count(ExpiryNotice) == 2
    frozen_clock.tick(days=37)
    jobs.forget_told()
    assert count(ExpiryNotice) == 2
    frozen_clock.tick(days=1)
    for _twice in range(2):
        jobs.forget_told()
    assert [one.expires_on for one in session().scalars(select(ExpiryNotice))] == [
        clock.today() - dt.timedelta(days=18)
    ]


@pytest.mark.parametrize(("days", "goes"), [(-60, False), (0, False), (28, False), (29, False), (30, True), (90, True)])
def test_nobody_takes_a_notice_away_within_a_month(member: Member, village: Area, days: int, *, goes: bool) -> None:
    with transaction():
        give(member, village, 10, days=7)
    account = session().scalars(select(Account.id).where(Account.subject_id == member.id)).one()
    over = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days)
    with transaction():
        row = {"account_id": account, "expires_on": over, "days_before": 7, "at": clock.now()}
        session().execute(insert(ExpiryNotice), row)
    refused = nullcontext() if goes else pytest.raises(DBAPIError, match="append-only: expiry_notice")
    with refused, transaction():
        session().execute(text("DELETE FROM expiry_notice"))
    assert count(ExpiryNotice) == (0 if goes else 1)


def test_what_was_told_is_never_written_otherwise(member: Member, village: Area) -> None:
    with transaction():
        give(member, village, 10, days=7)
    jobs.tell_expiring()
    for change in ("UPDATE expiry_notice SET days_before = 30", "UPDATE expiry_notice SET expires_on = '2030-01-01'"):
        with pytest.raises(DBAPIError), transaction():
            session().execute(text(change))


def test_a_code_of_a_pot_goes_a_month_after_it_was_used_or_ran_out(member: Member, frozen_clock: FrozenClock) -> None:
    with transaction():
        make_pot(member)
    for _press in range(3):
        with transaction():
            families.invite(actor_of(member))
    frozen_clock.tick(days=4)
    jobs.forget_told()
    assert session().scalar(select(func.count()).where(PotInvite.closed_at.is_(None))) == 0
    assert count(PotInvite) == 3
    frozen_clock.tick(days=27)
    jobs.forget_told()
    assert count(PotInvite) == 1, "the first two were closed by the next one, four days earlier"
    frozen_clock.tick(days=4)
    jobs.forget_told()
    assert count(PotInvite) == 0
