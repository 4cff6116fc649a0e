"""Reports of fake signs: kept without the reporter, seen where they belong, settled once, forgotten after a year."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.audit.models import AuditEntry
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, NotFound
from community.places import fakes
from community.places.jobs import forget_fake_signs
from community.places.models import FakeSignReport
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_village

pytestmark = pytest.mark.usefixtures("app")


def admin_of(name: str) -> tuple[Actor, str]:
    village = make_village(name=name)
    admin = make_member(village)
    make_grant(admin, "village_admin", village)
    return actor_of(admin), make_post(village).code8


def tell(code: str, place: str = "") -> FakeSignReport | None:
    with transaction():
        return fakes.report(code, place)


def test_a_code_that_copies_a_number_of_ours_goes_to_that_desk_any_other_to_all() -> None:
    with transaction():
        (here, code8), (there, _other) = admin_of("晚潮社区"), admin_of("安澜社区")
    copied, unknown = tell(f"{code8}.1a.0000000000000000"), tell("http://evil", "菜场门口")
    assert copied
    assert unknown
    assert [one.id for one in fakes.waiting(here)] == [copied.id, unknown.id]
    assert [one.id for one in fakes.waiting(there)] == [unknown.id]
    assert (fakes.waiting_count(here), fakes.waiting_count(there)) == (2, 1)
    with pytest.raises(NotFound), transaction():
        fakes.settle(there, copied.id, outcome="removed", note="")


def test_the_same_code_is_one_report_and_the_day_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tell("x1"), tell("x1", "车棚")
    assert first
    assert second
    assert (second.id, second.times, second.place) == (first.id, 2, "车棚")
    monkeypatch.setattr(fakes, "A_DAY", 1)
    assert tell("x2") is None
    with transaction():
        _admin, code8 = admin_of("晚潮社区")
    assert tell(f"{code8}.1a.0000000000000000")
    assert session().scalar(select(func.count(FakeSignReport.id))) == 2


def test_a_report_is_cut_to_size_and_keeps_no_hidden_characters() -> None:
    made = tell("a\u202eb\n" + "c" * 99, "d" * 300)
    assert made
    assert (len(made.code), made.code[:3], len(made.place)) == (60, "abc", 120)
    with pytest.raises(DomainError):
        tell("e", "桥\u202e头")


def test_a_report_is_settled_once_with_its_entry() -> None:
    with transaction():
        admin, _code = admin_of("晚潮社区")
    made = tell("x1")
    assert made
    with pytest.raises(DomainError), transaction():
        fakes.settle(admin, made.id, outcome="burnt", note="")
    with transaction():
        fakes.settle(admin, made.id, outcome="removed", note="撕掉了")
    with pytest.raises(Conflict), transaction():
        fakes.settle(admin, made.id, outcome="ours", note="")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.fake_settle")).one()
    assert (entry.reason, entry.details) == ("撕掉了", {"outcome": "removed", "times": 1})
    assert fakes.waiting_count(admin) == 0


def test_a_report_is_forgotten_after_a_year(frozen_clock: FrozenClock) -> None:
    tell("x1")
    frozen_clock.tick(days=365)
    forget_fake_signs()
    assert session().scalar(select(func.count(FakeSignReport.id))) == 1
    frozen_clock.tick(seconds=1)
    forget_fake_signs()
    assert session().scalar(select(func.count(FakeSignReport.id))) == 0
