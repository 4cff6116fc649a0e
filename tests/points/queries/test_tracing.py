"""Each line leads to what hangs together with it: corrections, where its points went, where those it used came from."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Txn
from community.points.queries import accounts, tracing
from community.points.queries.tracing import Trace
from community.points.services import adjusting, expiring, ordering, reversing
from community.points.services.posting import By
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member
from tests.factories.points import accepted
from tests.harness.client import Visitor


@pytest.fixture
def story(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> dict[str, int]:
    """5 earned, 2 of them taken back and given back by an objection; 6 more transferred, all but 1 given; 1 expired."""
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    made = {"award": session().scalars(select(Txn.id)).one()}
    with transaction():
        taken = reversing.reverse(
            made["award"], 2, by=By(0, leader.id), evidence_ref="case:1", reason_code="wrong", explain={}
        )  # fmt: skip
        made["reverse"] = taken.txn_id or 0
        made["appeal"] = adjusting.adjust(
            village.town_id, member.id, "points", 2, expires_on=None, by=By(leader.id, leader.id),
            evidence_ref="appeal:1", reason_code="appeal",
            explain={"gives_back": str(taken.txn_id), "where": village.path},
        )  # fmt: skip
        made["opening"] = give(member, village, 6, days=2)
        item = make_item(village, leader, kind="cause", name_zh="路灯", points=5, on_hand=0)
        ordering.donate(actor_of(member), item.id)
    made["donate"] = session().scalars(select(Txn.id).where(Txn.kind == "donate")).one()
    frozen_clock.tick(days=3)
    with transaction():
        expiring.expire_town(village.town_id, clock.today())
    made["expire"] = session().scalars(select(Txn.id).where(Txn.kind == "expire")).one()
    return made


def trace(member: Member, txn_id: int) -> Trace:
    return tracing.trace(accounts.proof(actor_of(member), txn_id).row)


def pairs(rows: object) -> list[tuple[int, int]]:
    return [(row.txn_id, row.amount) for row in rows]  # type: ignore[attr-defined]


@pytest.mark.engine
def test_every_number_leads_to_the_others(member: Member, story: dict[str, int]) -> None:
    found = {kind: trace(member, txn_id) for kind, txn_id in story.items()}
    assert pairs(found["award"].corrected_by) == [(story["reverse"], -2)]
    assert pairs(found["award"].used_by) == [(story["reverse"], -2)]
    assert pairs(found["reverse"].corrects) == [(story["award"], 5)]
    assert pairs(found["reverse"].came_from) == [(story["award"], 2)]
    assert pairs(found["appeal"].corrects) == [(story["reverse"], -2)]
    assert pairs(found["opening"].used_by) == [(story["donate"], -5), (story["expire"], -1)]
    assert pairs(found["donate"].came_from) == [(story["opening"], 5)]
    assert pairs(found["expire"].came_from) == [(story["opening"], 1)]
    given = found["donate"]
    assert not [*given.corrects, *given.corrected_by, *given.used_by]


def test_the_page_of_each_line_shows_them_as_links_that_open(
    member: Member, story: dict[str, int], client_page: Visitor
) -> None:
    client_page.sign_in(member.id)
    words = {
        "award": ("后来的更正", "这些分用在哪"), "reverse": ("原来那一笔", "用的是哪几笔"), "appeal": ("原来那一笔",),
        "opening": ("这些分用在哪",), "donate": ("用的是哪几笔", "看这次兑换"),
        "expire": ("用的是哪几笔", "过了有效期，自动记下"),
    }  # fmt: skip
    for kind, txn_id in story.items():
        page = client_page.get(f"/points/{txn_id}")
        assert [word for word in words[kind] if word not in page.text] == [], kind
        others = [link for link in page.links if re.fullmatch(r"/points/\d+", link)]
        assert others
        assert all(int(link.rpartition("/")[2]) in story.values() for link in others)


def test_staff_of_the_place_open_every_kind_of_line(
    village: Area, member: Member, story: dict[str, int], client_page: Visitor
) -> None:
    """What expired, what was given and what was transferred lies somewhere too: staff of that place see it."""
    with transaction():
        admin = make_member(village)
        make_grant(admin, "town_admin", session().get_one(Area, village.town_id))
        near = make_member(village)
        make_grant(near, "village_admin", village)
    client_page.sign_in(admin.id)
    for txn_id in story.values():
        client_page.get(f"/desk/awards/{member.id}/{txn_id}")
    client_page.sign_in(near.id)
    for kind in ("award", "reverse", "donate", "appeal"):
        client_page.get(f"/desk/awards/{member.id}/{story[kind]}")
    page = client_page.get(f"/desk/awards/{member.id}/{story['donate']}")
    assert str(story["opening"]) not in "".join(page.links), "of the whole town, not of her village"


def test_minutes_are_told_as_minutes(village: Area, member: Member, client_page: Visitor) -> None:
    with transaction():
        made = give(member, village, 90, days=None, asset="minutes")
    client_page.sign_in(member.id)
    page = client_page.get(f"/points/{made}")
    assert "+90 分钟" in page.text
