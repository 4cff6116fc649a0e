"""What was written to or about somebody goes with her name; that something was decided, and how, stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import BLANK, session, transaction
from community.people import erasing, mandates
from community.people.models import Mandate, Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Appeal, Award, AwardVote, CaseVote, RewardOrder, RuleObjection
from community.points.services import appealing, cases, handing, ordering, reviewing
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import evidence, held_award, make_admin, manual_rule, reviewed_rule
from tests.factories.ledger import give, make_item
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine
SAID = "她家老人住院，不在家"


@pytest.fixture
def written(member: Member, village: Area, frozen_clock: FrozenClock) -> dict[type, object]:
    """A no to an award, a case, an appeal and an order of the member's, and the end of her mandate, each in words."""
    with transaction():
        first, second, keeper, helper = (
            *(make_admin(village, name) for name in "甲乙"),
            make_member(village),
            make_member(village),
        )
        make_grant(keeper, "shop_keeper", town_of(village))
        reviewed_rule(village)
        award = held_award(member, village)
        give(member, village, 50)
        case = cases.propose_award(
            actor_of(first), member.id, rule_version_id=manual_rule(village), earned_on=clock.today(),
            where=village.path, reason="帮邻居搬家", picture=evidence(),
        )  # fmt: skip
        order = ordering.reserve(actor_of(member), make_item(village, keeper).id)
        mandate = make_mandate(member, helper).mandate_id
    with transaction():
        reviewing.review(actor_of(first), award, accept=False, words=SAID)
        cases.vote(actor_of(second), case, accept=False, words=SAID)
        handing.refuse(actor_of(keeper), order, reason=SAID)
        mandates.end(actor_of(first), mandate, words=SAID)
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    with transaction():
        appeal = appealing.appeal(actor_of(member), f"award:{award}", SAID)
    with transaction():
        appealing.decide(actor_of(second), appeal, change=False, answer=SAID)
    return {Award: award, Appeal: appeal, RewardOrder: order, Mandate: mandate}


def test_the_words_about_who_is_erased_go_and_what_was_decided_stays(
    written: dict[type, object], member: Member
) -> None:
    assert len(said()) == 7
    assert_sound()
    with transaction():
        assert erasing.erase(system_actor("tests"), member.id)
    session().expire_all()
    assert said() == []
    award = session().get_one(Award, written[Award])
    assert (award.state, award.decision) == ("refused", "reviewed")
    appeal = session().get_one(Appeal, written[Appeal])
    assert (appeal.state, appeal.answer, appeal.words) == ("upheld", BLANK, "")
    assert {one.words for one in session().scalars(select(AwardVote))} == {BLANK}
    order, mandate = session().get_one(RewardOrder, written[RewardOrder]), session().get_one(Mandate, written[Mandate])
    assert (order.state, order.words) == ("refused", BLANK)
    assert (mandate.state, mandate.end_words) == ("ended", BLANK)
    assert_sound()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE award_vote SET words = '别的'",
        "UPDATE award_vote SET accepts = NOT accepts",
        "UPDATE case_vote SET words = ''",
        "DELETE FROM case_vote",
        "UPDATE appeal SET answer = '别的'",
        "UPDATE reward_order SET words = '别的'",
        "UPDATE mandate SET end_words = '别的'",
        "UPDATE mandate SET state = 'in_force', ended_at = NULL",
    ],
)
def test_nobody_puts_other_words_there(written: dict[type, object], change: str) -> None:
    assert written
    with pytest.raises(DBAPIError), transaction():
        session().execute(text(change))


def said() -> list[str]:
    """Where the words still stand."""
    columns = (
        Award.decision, AwardVote.words, CaseVote.words, Appeal.words, Appeal.answer, RewardOrder.words,
        Mandate.end_words, RuleObjection.answer,
    )  # fmt: skip
    return [str(one) for one in columns if session().scalars(select(one).where(one.contains(SAID))).first()]
