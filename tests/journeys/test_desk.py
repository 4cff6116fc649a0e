"""An admin clears her desk: by keyboard in Chromium, by taps without JavaScript; undone in time, and too late."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from community.core.db import db, session, transaction
from community.factory import create_app
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.teams.models import Membership, Team
from tests.conftest import settings_for
from tests.factories.people import give_consent, make_member
from tests.factories.teams import make_membership, make_team
from tests.harness.browser import Phone
from tests.harness.server import Server

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False, "has_touch": False}
NEW_PHONE = Callable[..., Phone]
NAMES = [f"报名人{word}" for word in "甲乙丙丁戊己庚辛壬癸"]


@pytest.fixture
def ten(demo_server: Server, tmp_path: Path) -> Iterator[None]:
    """Ten applications more in the demo, the newest of all, and this process looking at the same database."""
    app = create_app(settings_for(tmp_path / "look", f"sqlite:///{tmp_path / 'demo' / 'linli.sqlite3'}"))
    with app.app_context():
        with transaction():
            village = session().scalars(select(Area).where(Area.name == "晚潮社区")).one()
            team = make_team(village, name="试验小队", places=100)
            for name in NAMES:
                member = make_member(village, verified=False, display_name=name)
                give_consent(member, "service", "1")
                make_membership(member, team, "applied")
        yield
        db.engine.dispose()


def state_of(name: str) -> str:
    session().rollback()
    return session().scalars(select(Membership.state).join(Member).where(Member.display_name == name)).one()


def verified(name: str) -> bool:
    session().rollback()
    return session().scalars(select(Member.verified_at).where(Member.display_name == name)).one() is not None


def messages_of(name: str) -> int:
    """What she was or will be told."""
    session().rollback()
    return session().scalar(select(func.count(Message.id)).join(Member).where(Member.display_name == name)) or 0


def admin(new_phone: NEW_PHONE, server: Server, *, script: bool = True) -> Page:
    page = new_phone(server, java_script_enabled=script, **DESK).open("/sign-in")
    page.get_by_role("button", name="村社管理员").click()
    page.goto("/desk?kind=application")
    return page


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


@pytest.mark.usefixtures("ten")
def test_ten_applications_are_cleared_without_touching_the_mouse(demo_server: Server, new_phone: NEW_PHONE) -> None:
    page = admin(new_phone, demo_server)
    page.keyboard.press("j")
    while not row(page, NAMES[0]).evaluate("row => row === document.activeElement"):
        page.keyboard.press("j")
    for name in NAMES:
        # After each act the next one has the focus: one key a person.
        expect(row(page, name)).to_be_focused()
        page.keyboard.press("a")
        expect(page.locator("#happened")).to_contain_text(f"已办好：{name}")
        expect(row(page, name)).to_have_count(0)
    assert [state_of(name) for name in NAMES] == ["active"] * 10


@pytest.mark.usefixtures("ten")
def test_keys_open_refuse_and_are_switched_off_for_good(demo_server: Server, new_phone: NEW_PHONE) -> None:
    page = admin(new_phone, demo_server)
    row(page, NAMES[0]).focus()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1)).to_contain_text("不通过 1 件")
    page.get_by_label("自己写").type("jak ua?")  # no key acts while one is typing
    page.get_by_role("button", name="确认不通过").click()
    expect(page.locator("#happened")).to_contain_text(f"已答复不行：{NAMES[0]}")
    assert state_of(NAMES[0]) == "refused"
    page.wait_for_load_state()  # the script listens from here on
    page.keyboard.press("?")
    page.get_by_label("使用快捷键").uncheck()
    page.reload()
    row(page, NAMES[1]).focus()
    for key in "ajkr":
        page.keyboard.press(key)
    expect(row(page, NAMES[1])).to_be_focused()
    assert state_of(NAMES[1]) == "applied"
    page.get_by_text("键盘快捷键").click()
    page.get_by_label("使用快捷键").check()
    row(page, NAMES[1]).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/applications**")


@pytest.mark.usefixtures("ten")
def test_the_key_that_approves_opens_what_has_to_be_done_elsewhere_first(
    demo_server: Server, new_phone: NEW_PHONE
) -> None:
    child = "报名的孩子"
    with transaction():
        team = session().scalars(select(Team).where(Team.name == "试验小队")).one()
        village = session().scalars(select(Area).where(Area.name == "晚潮社区")).one()
        member = make_member(village, verified=False, display_name=child, age_band="14-17", guardian_name="孩子的妈妈")
        give_consent(member, "service", "1")
        make_membership(member, team, "waiting_guardian")
    page = admin(new_phone, demo_server)
    page.goto("/desk?kind=guardian")
    row(page, child).focus()
    page.keyboard.press("a")
    page.wait_for_url("**/desk/applications**#a*")
    expect(page.get_by_role("main")).to_contain_text(child)
    assert state_of(child) == "waiting_guardian"


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_many_are_refused_at_once_with_a_reason(demo_server: Server, new_phone: NEW_PHONE, script: bool) -> None:
    page = admin(new_phone, demo_server, script=script)
    for name in NAMES[:3]:
        page.get_by_label(f"选 {name}", exact=True).check()
    page.get_by_role("button", name="不通过选中").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("不通过 3 件")
    page.get_by_label("没有联系上您").check()
    page.get_by_role("button", name="确认不通过").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("办理结果")
    expect(page.get_by_role("main")).to_contain_text("3 件都答复了不行")
    assert [state_of(name) for name in NAMES[:4]] == ["refused"] * 3 + ["applied"]
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("main")).to_contain_text("3 件都撤销了")
    assert [(state_of(name), messages_of(name)) for name in NAMES[:3]] == [("applied", 0)] * 3


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_many_are_approved_at_once_and_all_taken_back(demo_server: Server, new_phone: NEW_PHONE, script: bool) -> None:
    page = admin(new_phone, demo_server, script=script)
    for name in NAMES[:3]:
        page.get_by_label(f"选 {name}", exact=True).check()
    page.get_by_role("button", name="办理选中").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("通过 3 件")
    page.get_by_role("button", name="确认通过").click()
    expect(page.get_by_role("main")).to_contain_text("3 件都办好了")
    assert [state_of(name) for name in NAMES[:4]] == ["active"] * 3 + ["applied"]
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("main")).to_contain_text("3 件都撤销了")
    assert [(state_of(name), messages_of(name)) for name in NAMES[:3]] == [("applied", 0)] * 3
    assert [verified(name) for name in NAMES[:3]] == [False] * 3


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_check_of_who_somebody_is_is_taken_back_on_her_own_page(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    page = admin(new_phone, demo_server, script=script)
    page.goto("/desk/people")
    page.get_by_label("称呼，或手机尾号四位").fill(NAMES[0])
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("link", name=NAMES[0])).to_be_visible()
    assert NAMES[0] not in page.url
    page.get_by_role("link", name=NAMES[0]).click()
    page.get_by_role("button", name="核对无误").click()
    expect(page.get_by_role("main")).to_contain_text("已核实")
    assert verified(NAMES[0])
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("main")).to_contain_text("还没有人当面核对")
    assert not verified(NAMES[0])
    expect(page.get_by_role("button", name="核对无误")).to_be_visible()


@pytest.mark.usefixtures("ten")
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_undone_in_time_nobody_is_told_and_too_late_is_told_how_else(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    page = admin(new_phone, demo_server, script=script)
    row(page, NAMES[0]).get_by_role("button", name="通过").click()
    expect(page.get_by_role("main")).to_contain_text(f"已办好：{NAMES[0]}")
    assert state_of(NAMES[0]) == "active"
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("main")).to_contain_text(f"已撤销，重新等您办：{NAMES[0]}")
    expect(row(page, NAMES[0])).to_have_count(1)
    row(page, NAMES[1]).get_by_role("button", name="通过").click()
    expect(page.get_by_role("main")).to_contain_text(f"已办好：{NAMES[1]}")
    time.sleep(11)
    if script:  # the button is gone; who holds an old page is told by the server
        expect(page.get_by_role("button", name="撤销")).to_have_count(0)
        page.evaluate("document.querySelector('[data-undo]').submit()")
    else:
        page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("已经过了十秒，不能撤销了"))
    assert (state_of(NAMES[0]), messages_of(NAMES[0])) == ("applied", 0)
    assert (state_of(NAMES[1]), messages_of(NAMES[1])) == ("active", 1)
