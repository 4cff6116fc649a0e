"""What was decided without a posting is found when somebody changes it by hand, whatever she adds to hide it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import schema_changes, session, transaction
from community.core.ids import new_id, new_uuid
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Award, LedgerCheck, LedgerNote, RewardItem, RuleObjection
from community.points.queries import checks, noted
from community.points.queries.invariants import LOOKS, NOTED, broken
from community.points.services import appealing, awarding, checking, proposing, terms
from tests.factories.access import actor_of
from tests.factories.deciding import make_admin
from tests.factories.ledger import make_item
from tests.factories.people import make_member
from tests.factories.points import flagged, town_of
from tests.factories.rules import published
from tests.points.attacks import drop_triggers
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine

# What is written by hand → of which row.
CHANGED = {
    "UPDATE town_terms SET four_eyes_from = 9000": "terms",
    "UPDATE town_terms SET appeal_days = 30": "terms",
    "DELETE FROM town_terms": "terms",
    "UPDATE reward_item SET points = 1": "reward",
    "UPDATE reward_item SET state = 'closed'": "reward",
    "UPDATE award SET state = 'refused', decided_at = created_at WHERE reason_code = 'flagged'": "award",
    "UPDATE award SET reason_code = 'budget' WHERE reason_code = 'flagged'": "award",
    "UPDATE award SET state = 'held', decided_at = NULL WHERE state = 'refused'": "award",
    "UPDATE award SET decided_by = NULL, decision = 'cap' WHERE state = 'refused'": "award",
    "UPDATE appeal SET state = 'upheld', answer = '不行', decided_at = created_at,"
    " decided_by = (SELECT MAX(id) FROM member WHERE id <> appeal.member_id) WHERE state = 'open'": "appeal",
    "UPDATE rule_objection SET answer = '不行', answered_at = at,"
    " answered_by = (SELECT MAX(id) FROM member WHERE id <> rule_objection.member_id) WHERE answer = ''": "objection",
}


@pytest.fixture
def decided(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> None:
    """Settings, a reward, awards that wait, one refused, an objection to it, and rules objected to."""
    with transaction():
        terms.decide(system_actor("test"), village.town_id, "7 号决议", four_eyes_from=80, appeal_days=None)
        first, second = make_admin(village, "甲"), make_admin(village, "乙")
        make_item(village, first)
        refused = flagged(member, village)
        for event in (flagged(make_member(village), village), refused):
            subscribers.hold_flagged_checkin(event)
    with transaction():
        awarding.settle(
            f"checkin:{refused.checkin_id}", accepted=False, verified=True, by_id=first.id, words="不是本人"
        )
        award = session().scalars(select(Award.id).where(Award.state == "refused")).one()
        appealing.appeal(actor_of(member), f"award:{award}", "是我本人")
    frozen_clock.tick(days=1)
    with transaction():
        rules = published(actor_of(first), actor_of(second), town_of(village))
        proposing.object_to(actor_of(leader), rules, "我觉得太多了吧")
    assert_sound()


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize("attack", CHANGED)
def test_what_is_changed_by_hand_is_found(village: Area, attack: str) -> None:
    with transaction():
        assert session().execute(text(attack)).rowcount  # type: ignore[attr-defined]
    found = {ref.partition(":")[0] for _town, ref, _what in broken(village.town_id)[NOTED]}
    assert found == {CHANGED[attack]}
    assert not list(noted.wrong(village.town_id + 1))


@pytest.mark.usefixtures("decided")
def test_a_note_of_somebody_elses_is_found_as_well(village: Area) -> None:
    with transaction():
        session().execute(text("UPDATE town_terms SET four_eyes_from = 9000"))
        last = session().scalars(select(LedgerNote).where(LedgerNote.ref == noted.TERMS)).one()
        session().add(
            LedgerNote(
                town_id=village.town_id, ref=noted.TERMS, seq=2, said=last.said | {"four_eyes_from": 9000}, by_id=0,
                at=clock.now(), kid=last.kid, mac=last.mac,
            )
        )  # fmt: skip
    assert list(noted.wrong(village.town_id)) == [(village.town_id, noted.TERMS, "forged")]


@pytest.mark.usefixtures("decided")
def test_an_answered_objection_keeps_its_answer_but_for_somebody_who_is_erased(village: Area) -> None:
    with transaction():
        found = session().scalars(select(RuleObjection)).one()
        proposing.answer(actor_of(make_admin(village, "丙")), found.id, "这是去年的标准")
    assert_sound()
    with transaction():
        session().execute(text("UPDATE rule_objection SET answer = '—'"))
    assert_sound()


@pytest.mark.usefixtures("decided")
def test_no_first_note_comes_late(village: Area, engine_name: str) -> None:
    def add() -> None:
        known = session().scalars(select(RewardItem)).one()
        said = noted.of_reward(known)
        fields = {one.name: getattr(known, one.name) for one in RewardItem.__table__.c} | {"id": new_uuid()}
        session().execute(insert(RewardItem.__table__).values(**fields))  # type: ignore[arg-type]
        session().execute(
            insert(LedgerNote).values(
                id=new_id(), town_id=village.town_id, ref=f"reward:{fields['id']}", seq=0, said=said, by_id=0,
                at=clock.now(), kid="", mac=None,
            )
        )  # fmt: skip

    with pytest.raises(DBAPIError, match="first_note_late"), transaction():
        add()
    with schema_changes():
        drop_triggers(engine_name)
        add()
        assert [what for _town, _ref, what in broken(village.town_id)[NOTED]] == ["forged"]
        session().rollback()


def test_a_look_that_somebody_added_opens_nothing_and_is_found(village: Area, frozen_clock: FrozenClock) -> None:
    town = village.town_id
    with transaction():
        checking.keep(town, {"I4 the lots hold the balance": [(1,)]})
    frozen_clock.tick(hours=1)
    genuine = session().scalars(select(LedgerCheck)).one()
    for number, kid, mac in ((2, "", b""), (3, genuine.kid, genuine.mac), (None, "a", b"0" * 32)):
        with transaction():
            session().add(
                LedgerCheck(
                    town_id=town, at=clock.now(), seq=number, ok=True, found={}, head_seq=0, head_hash=None, kid=kid,
                    mac=mac,
                )
            )  # fmt: skip
        assert checks.frozen(town)
        assert checks.last_green(town) is None
        assert not checks.latest([town])[town].ok
        assert checks.green_after(town, clock.now() - dt.timedelta(hours=2)) is None
        assert checks.red_at(town, clock.now())
    assert len(broken(town)[LOOKS]) == 3


def test_a_look_without_a_mark_is_refused(village: Area, frozen_clock: FrozenClock) -> None:
    with pytest.raises(DBAPIError, match="unmarked"), transaction():
        session().add(_unmarked(village, 1, clock.now()))


@pytest.mark.parametrize(("number", "days"), [(2, 9), (2, 0), (None, 0)])
def test_a_look_without_a_mark_opens_nothing_whatever_day_and_number_it_bears(
    village: Area, frozen_clock: FrozenClock, engine_name: str, number: int | None, days: int
) -> None:
    town = village.town_id
    with transaction():
        checking.keep(town, {"I4 the lots hold the balance": [(1,)]})
    frozen_clock.tick(hours=1)
    with schema_changes():
        drop_triggers(engine_name)
        session().add(_unmarked(village, number, clock.now() - dt.timedelta(days=days)))
        session().flush()
        assert checks.frozen(town)
        assert len(broken(town)[LOOKS]) == 1
        session().rollback()


def _unmarked(village: Area, number: int | None, at: dt.datetime) -> LedgerCheck:
    """A look that finds nothing, as somebody writes it who has no key."""
    return LedgerCheck(town_id=village.town_id, at=at, seq=number, ok=True, found={}, head_seq=0)
