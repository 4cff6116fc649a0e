"""A flag is looked at in words, by somebody else, and nothing is taken from anybody."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.people.models import Member
from community.places.models import Area
from community.points.models import AnomalyLook, Txn
from community.points.queries import anomalies
from community.points.services.anomalies import look
from tests.factories.access import actor_of, make_grant
from tests.factories.families import sit_together
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import add_rule, open_books, town_of
from tests.points.invariants import assert_sound, posted
from tests.points.queries.test_anomalies import award

pytestmark = pytest.mark.engine


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        admin = make_member(village, display_name="高培源")
        make_grant(admin, "town_admin", town_of(village))
    return admin


@pytest.fixture
def version(village: Area) -> int:
    with transaction():
        return add_rule(town_of(village), trigger="Manual", once_per="", cap_day=None)


def flagged(version: int, member: Member, village: Area, approver: Member, count: int = 6) -> str:
    """So many approvals for one person; returns the key of the flag."""
    with transaction():
        for _number in range(count):
            award(version, member, village, approver)
    return f"pair:{approver.id}:{member.id}"


def test_a_look_is_kept_with_its_words_and_takes_nothing(
    village: Area, member: Member, leader: Member, admin: Member, version: int
) -> None:
    key = flagged(version, member, village, leader)
    with transaction():
        look(actor_of(admin), village.town_id or 0, key, "  同一场活动，\n 签到表核对过 ")
    (size, seen) = anomalies.looked(village.town_id or 0)[key]
    assert (size, seen.words, seen.by_id) == (6, "同一场活动， 签到表核对过", admin.id)
    assert posted(member) == 30
    assert session().scalar(select(func.count(Txn.id)).where(Txn.kind != "award")) == 0
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.anomaly_look")).one()
    assert (entry.reason, entry.details) == ("同一场活动， 签到表核对过", {"rows": 6})
    assert_sound()


def test_nobody_looks_at_what_is_about_herself(village: Area, member: Member, admin: Member, version: int) -> None:
    key = flagged(version, member, village, admin)
    with pytest.raises(Conflict) as refused, transaction():
        look(actor_of(admin), village.town_id or 0, key, "没有问题")
    assert refused.value.code == "own_flag"


@pytest.mark.parametrize("words", ["", " 好 ", "长" * 201])
def test_a_look_needs_words(
    village: Area, member: Member, leader: Member, admin: Member, version: int, words: str
) -> None:
    key = flagged(version, member, village, leader)
    with pytest.raises(DomainError) as refused, transaction():
        look(actor_of(admin), village.town_id or 0, key, words)
    assert refused.value.field == "words"


def test_only_who_reads_anomalies_looks_and_only_at_flags_of_her_town(
    village: Area, member: Member, leader: Member, admin: Member, version: int
) -> None:
    key = flagged(version, member, village, leader)
    with transaction():
        elsewhere = town_of(make_village())
        open_books(elsewhere)
        villager = make_member(village)
        make_grant(villager, "village_admin", village)
    for who, town_id, wanted, error in (
        (villager, village.town_id, key, Forbidden),
        (admin, elsewhere.id, key, NotFound),
        (admin, village.id, key, NotFound),
        (admin, village.town_id, "pair:1:2", NotFound),
    ):
        with pytest.raises(error), transaction():
            look(actor_of(who), town_id or 0, wanted, "看过了")
    assert session().scalar(select(func.count(AnomalyLook.id))) == 0


def test_looks_stay_as_they_were_written(
    village: Area, member: Member, leader: Member, admin: Member, version: int
) -> None:
    key = flagged(version, member, village, leader)
    with transaction():
        look(actor_of(admin), village.town_id or 0, key, "看过了")
    for statement in ("UPDATE anomaly_look SET words = 'x'", "DELETE FROM anomaly_look"):
        with pytest.raises(DBAPIError), transaction():
            session().execute(text(statement))


def test_a_flag_about_ones_family_is_looked_at_by_somebody_else(
    village: Area, member: Member, leader: Member, admin: Member, version: int
) -> None:
    key = flagged(version, member, village, leader)
    with transaction():
        sit_together([member, admin], cap=5)
    with transaction(), pytest.raises(Conflict, match="own_flag"):
        look(actor_of(admin), village.town_id or 0, key, "没有问题")
