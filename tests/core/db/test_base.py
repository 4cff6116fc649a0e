"""Instants are aware and come back in UTC; keys are 63-bit numbers or uuid7."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from community.core.db import one_of, session, transaction
from community.core.scheduler import Lease

SHANGHAI = dt.datetime(2026, 11, 23, 21, 7, 8, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_an_instant_comes_back_in_utc_to_the_microsecond() -> None:
    with transaction() as current:
        current.execute(insert(Lease).values(job="t", holder="", until=SHANGHAI, slot=""))
    stored = session().scalars(select(Lease.until)).one()
    assert stored == SHANGHAI
    assert stored.utcoffset() == dt.timedelta(0)
    assert stored.tzinfo is dt.UTC


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_instants_compare_in_the_database_as_they_do_outside() -> None:
    with transaction() as current:
        current.execute(insert(Lease).values(job="t", holder="", until=SHANGHAI, slot=""))
    second = dt.timedelta(seconds=1)
    assert session().scalar(select(Lease.job).where(Lease.until > SHANGHAI.astimezone(dt.UTC) - second)) == "t"
    assert session().scalar(select(Lease.job).where(Lease.until > SHANGHAI + second)) is None


@pytest.mark.usefixtures("app")
def test_a_naive_time_is_refused() -> None:
    with pytest.raises(StatementError, match="naive"), transaction() as current:
        current.execute(insert(Lease).values(job="t", holder="", until=SHANGHAI.replace(tzinfo=None), slot=""))


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_no_instant_is_no_instant() -> None:
    with transaction() as current:
        current.execute(insert(Lease).values(job="t", holder="", until=SHANGHAI, slot="", last_run_at=None))
    assert session().scalars(select(Lease.last_run_at)).one() is None


def test_the_text_of_a_check_quotes_its_words() -> None:
    assert one_of("state", ("a", "b")) == "state IN ('a', 'b')"
