"""The picture that a case rests on goes a year after the decision, and not while somebody objects."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Forbidden
from community.core.uploads import Upload
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import PointsCase
from community.points.services import appealing, cases, evidence
from tests.factories.access import actor_of
from tests.factories.deciding import evidence as picture, make_admin, manual_rule

pytestmark = pytest.mark.engine


@pytest.fixture
def case_id(village: Area, member: Member, frozen_clock: FrozenClock) -> uuid.UUID:
    """An award by hand that was decided now, with its picture."""
    with transaction():
        admin, other, rule = (
            make_admin(village),
            make_admin(village, "许明珠", "association_admin"),
            manual_rule(village),
        )
    with transaction():
        made = cases.propose_award(
            actor_of(admin), member.id, rule_version_id=rule, earned_on=clock.today(), where=village.path,
            reason="搬了桌椅", picture=picture(),
        )  # fmt: skip
    with transaction():
        cases.vote(actor_of(other), made, accept=True)
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    return made


def kept(case_id: uuid.UUID) -> bool:
    session().expire_all()
    case = session().get_one(PointsCase, case_id)
    return case.upload_id is not None and session().get_one(Upload, case.upload_id).deleted_at is None


def test_the_picture_is_kept_for_a_year_and_then_goes_once(case_id: uuid.UUID, frozen_clock: FrozenClock) -> None:
    frozen_clock.tick(days=364)
    jobs.forget_evidence()
    assert kept(case_id)
    frozen_clock.tick(days=2)
    jobs.forget_evidence()
    jobs.forget_evidence()
    assert not kept(case_id)
    said = session().scalars(select(AuditEntry.object_id).where(AuditEntry.act == "points.forget_evidence")).all()
    assert said == [str(case_id)]
    digest = session().scalars(select(Upload.digest)).one()
    assert len(digest) == 64, "what it was can still be proved"


def test_while_somebody_objects_to_what_came_of_it_the_picture_stays(
    case_id: uuid.UUID, member: Member, frozen_clock: FrozenClock
) -> None:
    frozen_clock.tick(days=366)
    with transaction():
        made = appealing.appeal(
            actor_of(member), f"txn:{session().get_one(PointsCase, case_id).done_txn_id}", "我还帮了别的"
        )
    jobs.forget_evidence()
    assert kept(case_id)
    with transaction():
        appealing.withdraw(actor_of(member), made)
    jobs.forget_evidence()
    assert not kept(case_id)


def test_only_the_program_itself_lets_evidence_go(case_id: uuid.UUID, member: Member) -> None:
    with pytest.raises(Forbidden), transaction():
        evidence.retire(actor_of(member), case_id)
    with transaction():
        assert not evidence.retire(system_actor("forget_evidence"), case_id), "it is too early"
    assert kept(case_id)
