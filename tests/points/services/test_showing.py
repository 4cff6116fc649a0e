"""A member's choice to be named: her own word for it, only where she has points, gone when she says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points.models import BoardName
from community.points.services import showing
from tests.factories.access import actor_of
from tests.factories.deciding import make_admin
from tests.factories.ledger import give
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def paid(village: Area, member: Member, leader: Member) -> None:
    with transaction():
        give(member, village, 5)
        give(leader, village, 5)


def names() -> list[str | None]:
    return list(session().scalars(select(BoardName.alias).order_by(BoardName.chosen_at)))


def choose(member: Member, village: Area, alias: str) -> None:
    with transaction():
        showing.choose(actor_of(member), village.town_id, alias)


def test_nobody_is_on_it_until_she_says_so_and_her_word_for_it_can_change(village: Area, member: Member) -> None:
    assert names() == []
    for alias, shown in (("", None), ("  巷口的  桂花 ", "巷口的 桂花"), ("老王·3号楼", "老王·3号楼"), ("", None)):
        choose(member, village, alias)
        assert names() == [shown]


@pytest.mark.parametrize(
    "alias",
    [
        "我",
        "一二三四五六七八九十一二三",
        "13800000000",
        "找我1a2b3c4d5",
        "<b>x</b>",
        "a\u202eb",
        "王桂芬",
        "我是王桂芬啊",
        "@@",
    ],
)
def test_a_word_that_tells_too_much_or_cannot_be_read_is_refused_at_its_field(
    village: Area, member: Member, alias: str
) -> None:
    with pytest.raises(DomainError) as refused:
        choose(member, village, alias)
    assert refused.value.field == "alias"
    assert names() == []


def test_no_two_are_called_the_same_however_it_is_written(village: Area, member: Member, leader: Member) -> None:
    choose(member, village, "Moon")
    for alias in ("moon", "ＭＯＯＮ", " moon "):
        with pytest.raises(DomainError, match="alias_taken"):
            choose(leader, village, alias)
    choose(member, village, "moon")
    assert names() == ["moon"]


def test_minors_strangers_and_who_has_no_points_there_cannot_be_named(village: Area, member: Member) -> None:
    actor = actor_of(member)
    for changed, code in (({"minor": True}, "minor"), ({"verified": False}, "not_verified")):
        with pytest.raises(Conflict) as refused, transaction():
            showing.choose(replace(actor, **changed), village.town_id, "")
        assert refused.value.code == code
    with pytest.raises(NotFound), transaction():
        showing.choose(actor, village.id, "")
    assert names() == []


def test_leaving_takes_the_row_away_and_may_be_done_twice(village: Area, member: Member, leader: Member) -> None:
    choose(member, village, "桂花")
    choose(leader, village, "梧桐")
    for _again in range(2):
        with transaction():
            showing.leave(actor_of(member), village.town_id)
    assert names() == ["梧桐"]


@pytest.mark.parametrize("written", ["陈建国", "陈 建国", "陈·建国", " 陈建·国 "])
def test_nobody_takes_a_neighbours_real_name_however_it_is_written(village: Area, member: Member, written: str) -> None:
    with transaction():
        make_member(village, display_name="陈建国")
    with pytest.raises(DomainError) as refused:
        choose(member, village, written)
    assert (refused.value.code, refused.value.field) == ("alias_refused", "alias")
    assert "名" in str(refused.value.message)
    assert "人" not in str(refused.value.message), "it does not tell that somebody is called so"


def test_a_name_from_another_town_is_nobodys_here(village: Area, member: Member) -> None:
    with transaction():
        make_member(make_village(name="别处社区"), display_name="陈建国")
        make_member(village, display_name="陈建国", status="left")
    choose(member, village, "陈建国")
    assert names() == ["陈建国"]


@pytest.mark.parametrize("alias", ["王 桂 芬", "王·桂芬", "我是王·桂芬"])
def test_nor_her_own_name_in_pieces(village: Area, member: Member, alias: str) -> None:
    with pytest.raises(DomainError) as refused:
        choose(member, village, alias)
    assert refused.value.code == "real_name"


def test_what_the_desk_takes_down_is_gone_for_good_and_she_reads_why(
    village: Area, member: Member, leader: Member
) -> None:
    with transaction():
        admin = make_admin(village)
    choose(member, village, "村口 恶霸")
    with transaction():
        showing.take_down(actor_of(admin), village.town_id, "村口 恶霸", "骂人的话，请另取一个")
    assert names() == [None], "she is still named, by her masked name"
    told = session().scalars(select(Message).where(Message.kind == "points.alias_down")).one()
    assert (told.member_id, told.params["reason"]) == (member.id, "骂人的话，请另取一个")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.alias_down")).one()
    assert (entry.actor_id, entry.object_id, entry.reason) == (admin.id, str(member.id), "骂人的话，请另取一个")
    for somebody in (member, leader):
        with pytest.raises(DomainError) as refused:
            choose(somebody, village, "村口·恶霸")
        assert refused.value.code == "alias_refused"
    with transaction(), pytest.raises(NotFound):
        showing.take_down(actor_of(admin), village.town_id, "村口 恶霸", "骂人的话，请另取一个")
    with pytest.raises(DBAPIError), transaction():
        session().execute(text("DELETE FROM alias_refusal"))


def test_only_who_closes_the_towns_months_takes_an_alias_down_and_says_why(
    village: Area, member: Member, leader: Member
) -> None:
    with transaction():
        admin, far = make_admin(village), make_admin(make_village(name="别处社区"))
    choose(member, village, "村口恶霸")
    for actor in (leader, far):
        with transaction(), pytest.raises((Forbidden, NotFound)):
            showing.take_down(actor_of(actor), village.town_id, "村口恶霸", "骂人的话，请另取一个")
    for words in ("", "  ", "好"):
        with transaction(), pytest.raises(DomainError) as refused:
            showing.take_down(actor_of(admin), village.town_id, "村口恶霸", words)
        assert refused.value.field == "reason"
    assert names() == ["村口恶霸"]
