"""Loading the demo: everything or nothing, once, and only for commands."""

import pytest
from sqlalchemy import func, select

from community.audit.models import AuditEntry
from community.core.authz import Actor, system_actor
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden
from community.demo import services
from community.patrols.models import CheckIn
from community.people.models import Member
from community.places.models import Area
from tests.factories.demo import load_small

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_the_summary_counts_what_is_there_and_the_log_says_who_did_it() -> None:
    with transaction():
        loaded = load_small()

    assert (loaded.people, loaded.teams, loaded.posts, loaded.days) == (60, 7, 12, 21)
    assert session().scalar(select(func.count(Member.id))) == 61  # and one who registered twice
    assert session().scalar(select(func.count(CheckIn.id))) == loaded.check_ins > 100
    (entry,) = session().scalars(select(AuditEntry).where(AuditEntry.act == "demo.load"))
    assert (entry.act, entry.actor_name) == ("demo.load", "demo")


def test_a_second_load_is_refused() -> None:
    with transaction():
        load_small()
    with pytest.raises(Conflict), transaction():
        load_small()
    assert session().scalar(select(func.count(Member.id))) == 61  # and one who registered twice


def test_an_interrupted_load_leaves_nothing_behind() -> None:
    def interrupt(_days: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction():
        services.load_demo(system_actor("demo"), people=60, days=21, progress=interrupt)
    for model in (Area, Member, CheckIn):
        assert session().execute(select(model)).first() is None
    with transaction():
        load_small()


@pytest.mark.parametrize(("people", "days"), [(59, 21), (60, -1)])
def test_too_small_a_demo_is_refused_with_what_to_do(people: int, days: int) -> None:
    with pytest.raises(DomainError) as refusal, transaction():
        services.load_demo(system_actor("demo"), people=people, days=days)
    assert refusal.value.code == "demo_too_small"


def test_a_person_may_not_load_it() -> None:
    with pytest.raises(Forbidden), transaction():
        services.load_demo(Actor(1))


def test_the_usual_size_is_the_file_s() -> None:
    assert services.usual_size() == (300, 460)
