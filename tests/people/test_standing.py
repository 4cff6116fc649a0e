"""Acting in somebody's place: only today, only what the mandate covers, never through another."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.audit import services as audit
from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import OWN, Perm, can, must
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Forbidden, NotFound
from community.people import details, mandates, requests, standing
from community.people.models import Mandate, MandateAct, Member
from tests.factories.access import actor_of, make_grant
from tests.factories.mandates import make_mandate, signed_for
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


class Mine:
    """Something of a member's own."""

    def __init__(self, owner: Member) -> None:
        self.owner_id = owner.id


@pytest.fixture
def pair() -> tuple[Member, Member]:
    with transaction():
        village = make_village()
        elder, helper = make_member(village, display_name="何秀珍"), make_member(village, display_name="何敏")
        make_grant(elder, "village_admin", village)
        make_mandate(elder, helper, may_appeal=False)
    return elder, helper


def test_it_opens_what_it_covers_of_hers_and_nothing_else(pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    actor = standing.in_place_of(actor_of(helper), elder.id)
    covered = {Perm.POINTS_READ, Perm.AWARD_READ, Perm.REWARD_REDEEM}
    assert {perm for perm in OWN if can(actor, perm, Mine(elder))} == covered
    assert {perm for perm in Perm if can(actor, perm)} == covered, "her office does not come along"
    assert not any(can(actor, perm, Mine(helper)) for perm in covered)
    with pytest.raises(Forbidden) as error:
        must(actor, Perm.APPEAL_MAKE, Mine(elder))
    assert error.value.code == "beyond_mandate"


def test_her_account_stays_hers(pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    actor = standing.in_place_of(actor_of(helper), elder.id)
    for attempt in (
        lambda: details.correct(actor, name="别人"),
        lambda: requests.ask_erasure(actor),
        lambda: requests.ask_copy(actor),
        lambda: requests.withdraw_service(actor),
        lambda: mandates.ask(actor, may_redeem=True, may_appeal=True, days=90),
    ):
        with transaction(), pytest.raises(Forbidden):
            attempt()


def test_there_is_no_chain(pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    with transaction():
        third = make_member(display_name="第三人")
        made = make_mandate(helper, third)
    through = standing.in_place_of(actor_of(third), helper.id)
    with pytest.raises(NotFound):
        standing.in_place_of(through, elder.id)
    with pytest.raises(NotFound):
        standing.in_place_of(actor_of(third), elder.id)
    with transaction(), pytest.raises(NotFound):
        mandates.end(through, made.mandate_id)


def test_it_is_valid_from_its_first_day_to_the_end_of_its_last(frozen_clock: FrozenClock) -> None:
    today = dt.date(2026, 11, 23)
    with transaction():
        elder, helper = make_member(), make_member()
        make_mandate(elder, helper, from_on=today + dt.timedelta(days=1), until_on=dt.date(2027, 2, 28))
    actor = actor_of(helper)
    with pytest.raises(NotFound):
        standing.in_place_of(actor, elder.id)
    frozen_clock.tick(hours=3)  # past midnight in Shanghai
    assert standing.in_place_of(actor, elder.id)
    frozen_clock.tick(days=96, hours=23, minutes=52)
    assert standing.in_place_of(actor, elder.id), "23:59 of the last day"
    frozen_clock.tick(minutes=1)
    with pytest.raises(NotFound):
        standing.in_place_of(actor, elder.id)


def test_while_either_account_is_stopped_nobody_stands_in(pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    for stopped in (elder, helper):
        with transaction():
            session().get_one(Member, stopped.id).status = "suspended"
        with pytest.raises(Forbidden):
            standing.in_place_of(actor_of(helper), elder.id)
        with transaction():
            session().get_one(Member, stopped.id).status = "active"


def test_the_log_names_who_did_it_and_in_whose_place(pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    actor = standing.in_place_of(actor_of(helper), elder.id)
    with transaction():
        audit.record(actor, "points.appeal", "appeal", 7)
        assert standing.record_act(actor, "redeem", "order:7")
        assert not standing.record_act(actor_of(helper), "redeem", "order:8")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.appeal")).one()
    assert (entry.actor_id, entry.details["for"], entry.details["instead"]) == (helper.id, str(elder.id), "mandate")
    kept = session().scalars(select(MandateAct)).one()
    assert (kept.principal_id, kept.helper_id, kept.about_ref) == (elder.id, helper.id, "order:7")
    assert standing.helpers_of(["order:7", "order:8"], "redeem") == {"order:7": helper.id}
    assert standing.helps(actor_of(helper).ids, elder.id)
    assert not standing.helps(actor_of(elder).ids, helper.id)


def test_who_helped_lately_decides_nothing_about_her_however_it_ended(
    pair: tuple[Member, Member], frozen_clock: FrozenClock
) -> None:
    elder, helper = pair
    mandate = session().scalars(select(Mandate)).one()
    done = clock.now()
    frozen_clock.tick(hours=1)
    with transaction():
        mandates.end(actor_of(helper), mandate.mandate_id)
    ids = actor_of(helper).ids
    assert standing.helps(ids, elder.id), "ended for the one decision, and given again after it"
    assert standing.helped(ids) == {elder.id}
    frozen_clock.tick(days=30, hours=1)
    assert not standing.helps(ids, elder.id)
    assert standing.helped(ids) == frozenset()
    assert standing.helps(ids, elder.id, done), "but about what was done while she helped"
    with transaction():
        ends = clock.today() + dt.timedelta(days=10)
        make_mandate(elder, helper, from_on=clock.today(), until_on=ends)
    frozen_clock.tick(days=40)
    assert standing.helps(ids, elder.id), "thirty days after it ran out by itself"
    frozen_clock.tick(days=1)
    assert not standing.helps(ids, elder.id)


def test_in_a_minors_place_acts_only_for_whom_her_guardian_signed(pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    with transaction():
        # Her age was put right after she had agreed herself.
        session().get_one(Member, elder.id).age_band = "14-17"
        session().get_one(Member, elder.id).guardian_at = clock.now()
    with pytest.raises(Forbidden) as error:
        standing.in_place_of(actor_of(helper), elder.id)
    assert error.value.code == "guardian_only"
    assert standing.guardians_signed([elder.id]) == frozenset()
    with transaction():
        child = make_member(age_band="14-17", guardian_at=clock.now())
        witness = make_member()
        signed_for(child, helper, witness)
    assert standing.in_place_of(actor_of(helper), child.id).minor
    assert standing.guardians_signed([child.id, elder.id]) == {child.id}
    with transaction():
        again = session().get_one(Member, child.id)
        again.guardian_at, again.verified_at = None, None
    with pytest.raises(Forbidden):
        standing.in_place_of(actor_of(helper), child.id)


def test_what_is_alive_comes_first_however_old_it_is(frozen_clock: FrozenClock) -> None:
    with transaction():
        elder, old, late = make_member(), make_member(), make_member()
        make_mandate(elder, old)
        made = make_mandate(elder, late, until_on=clock.today())
    assert [one.helper_id for one in standing.of_member(elder.id)] == [late.id, old.id]
    frozen_clock.tick(days=1)
    assert [one.helper_id for one in standing.of_member(elder.id)] == [old.id, late.id]
    assert made.state == "in_force", "nobody ended it: its day is over"
