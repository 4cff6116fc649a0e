"""The desk's front page: filters, rows, the page that asks before many are decided, and what it says afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.teams.models import Membership, Team
from tests.factories.access import make_grant
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_town, make_village
from tests.factories.teams import make_membership, make_team
from tests.harness.client import Visitor
from tests.harness.pages import Form, Page, text_of

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def village() -> Area:
    with transaction():
        return make_village()


@pytest.fixture
def admin(village: Area, client_page: Visitor) -> Member:
    with transaction():
        made = make_member(village)
        make_grant(made, "village_admin", village)
    client_page.sign_in(made.id)
    return made


@pytest.fixture
def team(village: Area) -> Team:
    with transaction():
        return make_team(village)


@pytest.fixture
def waiting(village: Area, team: Team) -> list[Membership]:
    """Three applications."""
    with transaction():
        return [applied(village, team, name) for name in ("王建国", "李秀英", "赵大海")]


def applied(village: Area, team: Team, name: str) -> Membership:
    member = make_member(village, verified=False, display_name=name)
    give_consent(member, "service", "1")
    return make_membership(member, team, "applied")


def first_row(page: Page) -> Form:
    """The form of the thing that waits longest."""
    return next(form for form in page.forms if form.action == "/desk/decide")


def names(page: Page) -> list[str]:
    return [name for name in ("王建国", "李秀英", "赵大海") if name in text_of(page.one("table"))]


def test_the_longest_waiting_is_first_and_says_how_long(
    village: Area, team: Team, admin: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        applied(village, team, "王建国")
    frozen_clock.tick(hours=50)
    with transaction():
        applied(village, team, "李秀英")
    frozen_clock.tick(minutes=3)
    text = text_of(client_page.get("/desk").one("table"))
    assert text.index("王建国") < text.index("2 天") < text.index("李秀英") < text.index("3 分钟")


def test_one_is_approved_and_undone_without_a_script(
    waiting: list[Membership], admin: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    page = client_page.get("/desk")
    done = client_page.submit(first_row(page), act="approve")
    assert "已办好：王建国" in done.text
    assert names(done) == ["李秀英", "赵大海"]
    back = client_page.submit(done.form("/undo"))
    assert "已撤销，重新等您办：王建国" in back.text
    assert names(back) == ["王建国", "李秀英", "赵大海"]


def test_after_ten_seconds_the_page_offers_no_undo_and_the_server_says_what_to_do(
    waiting: list[Membership], admin: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    done = client_page.submit(first_row(client_page.get("/desk")), act="approve")
    form = done.form("/undo")
    frozen_clock.tick(seconds=11)
    late = client_page.submit(form, status=409)
    assert "已经过了十秒，不能撤销了" in late.text
    assert "请打开那一条" in late.text
    assert session().get_one(Membership, waiting[0].id).state == "active"


def test_many_are_refused_with_a_reason_after_a_look_at_their_names(
    waiting: list[Membership], admin: Member, client_page: Visitor
) -> None:
    asked = "&".join(f"item=application:{one.id}" for one in waiting)
    page = client_page.get(f"/desk/confirm?act=refuse&{asked}")
    assert all(name in page.text for name in ("王建国", "李秀英", "赵大海"))
    missing = client_page.submit(page.form("/desk/decide"), status=422)
    assert "请选一个原因" in missing.text
    done = client_page.submit(missing.form("/desk/decide"), why="没有联系上您，方便时请再报一次", reason="周三前都行")
    assert "3 件都答复了不行" in done.text
    session().expire_all()
    told = {session().get_one(Membership, one.id).reason for one in waiting}
    assert told == {"没有联系上您，方便时请再报一次，周三前都行"}


def test_the_result_names_what_was_not_done_and_why(
    waiting: list[Membership], team: Team, admin: Member, client_page: Visitor
) -> None:
    with transaction():
        own = make_membership(admin, team, "applied")
    refs = [f"application:{one.id}" for one in (*waiting, own)]
    page = client_page.get("/desk/confirm?act=approve&" + "&".join(f"item={ref}" for ref in refs))
    done = client_page.submit(page.form("/desk/decide"))
    assert "3 件办好了，1 件没有办成" in done.text
    assert "不能审批自己的申请" in done.text
    back = client_page.submit(done.form("/undo"))
    assert "3 件都撤销了" in back.text


def test_the_same_form_sent_twice_decides_once_and_answers_alike(
    waiting: list[Membership], admin: Member, client_page: Visitor
) -> None:
    sent = first_row(client_page.get("/desk")).filled(act="approve")
    first, second = (client_page.client.post("/desk/decide", data=sent) for _time in range(2))
    assert (first.status_code, first.headers["Location"]) == (303, second.headers["Location"])
    assert second.headers["Idempotent-Replayed"] == "true"


def test_nothing_chosen_is_said_and_more_than_a_hundred_refused(
    waiting: list[Membership], admin: Member, client_page: Visitor
) -> None:
    assert "还没有勾选" in client_page.get("/desk/confirm?act=approve", status=422).text
    many = [f"application:{waiting[0].id + n}" for n in range(101)]
    sent = first_row(client_page.get("/desk")).filled(act="approve")
    answer = client_page.client.post("/desk/decide", data={**sent, "item": many})
    assert answer.status_code == 422
    assert session().get_one(Membership, waiting[0].id).state == "applied"


def test_kinds_and_areas_narrow_the_list(admin: Member, client_page: Visitor, village: Area) -> None:
    with transaction():
        town = session().get_one(Area, village.town_id)
        other = make_village(town, "石埭头村")
        make_grant(admin, "town_admin", town)
        for place, name in ((village, "王建国"), (other, "李秀英")):
            make_membership(make_member(place, display_name=name), make_team(place), "applied")
        make_member(other, verified=False, display_name="赵大海")
    assert names(client_page.get("/desk")) == ["王建国", "李秀英", "赵大海"]
    assert names(client_page.get("/desk?kind=person")) == ["赵大海"]
    page = client_page.get(f"/desk?area={other.path}")
    assert names(page) == ["李秀英", "赵大海"]
    assert names(client_page.get("/desk?kind=nonsense&area=../&page=zz")) == ["王建国", "李秀英", "赵大海"]


def test_people_of_another_town_are_neither_listed_nor_named(waiting: list[Membership], client_page: Visitor) -> None:
    with transaction():
        elsewhere = make_village(make_town("平桥街道"))
        foreign = make_member(elsewhere)
        make_grant(foreign, "village_admin", elsewhere)
    client_page.sign_in(foreign.id)
    assert "王建国" not in client_page.get("/desk").text
    assert (
        "王建国" not in client_page.get(f"/desk/confirm?act=approve&item=application:{waiting[0].id}", status=404).text
    )


def test_what_somebody_did_is_shown_to_nobody_else(
    waiting: list[Membership], admin: Member, village: Area, client_page: Visitor, new_visitor: Callable[[], Visitor]
) -> None:
    sent = first_row(client_page.get("/desk")).filled(act="approve")
    where = client_page.client.post("/desk/decide", data=sent).headers["Location"]
    run = re.search(r"done=([0-9a-f-]{36})", where)
    assert run
    with transaction():
        other = make_member(village)
        make_grant(other, "village_admin", village)
    visitor = new_visitor()
    visitor.sign_in(other.id)
    visitor.get(f"/desk/done/{run[1]}", status=404)
    assert "已办好" not in visitor.get(f"/desk?done={run[1]}").text


def test_the_keys_are_listed_on_the_page(waiting: list[Membership], admin: Member, client_page: Visitor) -> None:
    page = client_page.get("/desk")
    keys = [key.text for key in page.one("details", class_="keys").iter("kbd")][1:]
    assert keys == ["J", "K", "A", "R", "Enter", "U", "?"]
    assert "使用快捷键" in page.text


def test_the_queue_costs_the_same_however_much_waits(
    waiting: list[Membership], village: Area, team: Team, admin: Member, client_page: Visitor, statements: list[str]
) -> None:
    client_page.get("/desk")
    statements.clear()
    client_page.get("/desk")
    few = len(statements)
    with transaction():
        for number in range(30):
            applied(village, team, f"邻居{number}")
    statements.clear()
    client_page.get("/desk")
    assert len(statements) == few
    assert few <= 30
