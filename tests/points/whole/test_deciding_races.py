"""Reviewers and the award's member at the same moment in several processes: one word decides, each objection stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import clock, todo
from community.core.db import session, transaction
from community.core.errors import DomainError
from community.points import jobs
from community.points.models import Appeal, Award, AwardVote
from community.points.queries.invariants import broken
from community.points.services import appealing
from tests.factories.access import actor_of
from tests.factories.deciding import held_award, make_admin
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import make_rule, open_books, town_of
from tests.harness.processes import together

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.slow]
AWARDS = 6


def test_two_reviewers_and_an_objection_at_once_leave_one_decision_and_somebody_new_to_answer(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    with make_app(database_url=race_database).app_context():
        with transaction():
            village = make_village()
            open_books(town_of(village), make_rule(review=True, once_per="", cap_day=None))
            member = make_member(village)
            reviewers = [make_admin(village, name) for name in ("高培源", "方敏")]
            awards = [held_award(member, village) for _award in range(AWARDS)]
        told = together(
            race_database, "tests.points.deciding_racers:decide", processes=3, awards=awards,
            reviewers=[one.id for one in reviewers], member=member.id,
        )  # fmt: skip
        said = sum((Counter(one) for one in told), Counter())
        assert said == {"review done": AWARDS, "review decided": AWARDS, "appeal done": AWARDS}
        votes = session().scalars(select(AwardVote)).all()
        assert len(votes) == AWARDS, "one word each"
        with clock.frozen(clock.now() + todo.UNDO_WITHIN):
            jobs.post_decided()
        session().expire_all()
        assert {award.state for award in session().scalars(select(Award))} == {"posted"}
        by = {vote.award_id: vote.by_id for vote in votes}
        for appeal in session().scalars(select(Appeal)).all():
            decider = by[int(appeal.subject_ref.partition(":")[2])]
            first = next(one for one in reviewers if one.id == decider)
            other = next(one for one in reviewers if one.id != decider)
            with pytest.raises(DomainError, match="decided_first"), transaction():
                appealing.decide(actor_of(first), appeal.id, change=False, answer="看过记录")
            with transaction():
                appealing.decide(actor_of(other), appeal.id, change=False, answer="看过记录")
        assert {appeal.state for appeal in session().scalars(select(Appeal))} == {"upheld"}
        assert broken() == {}
