"""What a member may object to, and who had a say in it."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.queries import subjects
from community.points.services import appealing, handing, ordering, reviewing
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import earned, held_award, make_admin, reviewed_rule
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member
from tests.factories.points import town_of


def test_a_posting_by_rule_was_decided_by_nobody(village: Area, member: Member) -> None:
    with transaction():
        txn = earned(member, village)
    found = subjects.find(f"txn:{txn}")
    assert found
    assert (found.owner_id, found.state, found.amount, found.deciders) == (member.id, "award", 5, frozenset())


def test_a_reviewed_award_is_its_posting_and_names_its_reviewer(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        admin = make_admin(village)
        reviewed_rule(village)
        award = held_award(member, village)
    waiting = subjects.find(f"award:{award}")
    assert waiting
    assert (waiting.state, waiting.reason_code) == ("held", "review")
    with transaction():
        reviewing.review(actor_of(admin), award, accept=True)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    found = subjects.find(f"award:{award}")
    assert found
    assert (found.state, found.deciders, found.first_by) == ("award", {admin.id}, admin.id)


@pytest.mark.parametrize("ref", ["", "txn:", "txn:x", "txn:7", "award:7", "order:7", "checkin:7", "txn:" + "9" * 40])
def test_nonsense_names_nothing(village: Area, ref: str) -> None:
    assert subjects.find(ref) is None


def test_many_are_named_at_once_as_each_alone_in_as_many_statements(
    village: Area, member: Member, leader: Member, statements: list[str], frozen_clock: FrozenClock
) -> None:
    """Postings, waiting, refused and posted awards, orders, an objection taken up; and nonsense among them."""
    with transaction():
        admin, keeper = make_admin(village), make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
        reviewed_rule(village)
        item = make_item(village, leader)
        give(member, village, 100)

    def scene() -> list[str]:
        with transaction():
            person = make_member(village)
            txn, held, refused = earned(person, village), held_award(person, village), held_award(member, village)
            reviewing.review(actor_of(admin), refused, accept=False, words="名单里没有")
            order = ordering.reserve(actor_of(member), item.id)
            handing.refuse(actor_of(keeper), order, reason="坏了")
            appeal = appealing.appeal(actor_of(member), f"order:{order}", "没有坏")
        frozen_clock.tick(seconds=10)
        jobs.post_decided()
        return [f"txn:{txn}", f"award:{held}", f"award:{refused}", f"order:{order}", f"appeal:{appeal}", "txn:7", "x"]

    cost, refs = [], list[str]()
    for _number in range(2):
        refs += scene()
        subjects.several([(ref, ()) for ref in refs])
        statements.clear()
        found = subjects.several([(ref, ()) for ref in refs])
        cost.append(len(statements))
        assert found == [subjects.find(ref) for ref in refs]
        assert [one.state if one else None for one in found[-7:]] == [
            "award", "held", "refused", "order", "order", None, None
        ]  # fmt: skip
    assert cost[0] == cost[1], cost
