"""Pages and states that only an act shows: who does what to see them. Each lead ends on the page to be judged.

A lead acts in Chinese; its page is then read again in English from its own address. Where the address alone does not
show the state (`again`), the lead is walked once more in English, and knows no words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from playwright.sync_api import expect

from community.demo.people import cast_phone
from tests.harness.measure import Bench
from tests.journeys.test_doors import person, visit
from tests.journeys.test_paper import NEWCOMER, print_out
from tests.journeys.test_rewards import redeem
from tests.journeys.test_scanning import code_of
from tests.journeys.test_tables import GRID, HEAD, bring
from tests.places.imports.sheets import as_csv

ADMIN, LEADER, CAPTAIN, OTHER = "邵文静", "李守田", "钱桂英", "卢海生"
# Places in the list of signs: the last one is withdrawn, the first one is used.
USED, WITHDRAWN = 0, -1


@dataclass(frozen=True)
class State:
    """One state. `shows` are the routes that it proves reachable: the page itself or a file that it links to."""

    lead: Callable[[Bench, Path], None]
    shows: tuple[str, ...] = ()
    screen: str = "phone"
    again: bool = False

    @property
    def name(self) -> str:
        return self.lead.__name__


def refuse_form(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/join/captains")
    while not bench.page.locator("input[name=name]").count():
        bench.page.locator("main a.row").first.click()
        bench.page.wait_for_load_state()
    bench.page.locator("main form button.wide").click()
    bench.page.locator(".errors").wait_for()


def refuse_form_of_the_desk(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    bench.page.goto("/desk/posts/new")
    bench.page.locator("main form .btn.primary").click()
    bench.page.locator(".errors").wait_for()


def mistype_password(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/sign-in")
    bench.page.locator("input[name=phone]").fill("199 0000 0001")
    bench.page.locator("input[name=password]").fill("wrong horse")
    bench.page.locator("main form .btn.primary").first.click()
    bench.page.locator(".errors").wait_for()


def mistype_code(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/p?code=abc")
    assert bench.page.locator(".say.warn:visible").count() == 1


def lose_the_way(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/nothing-here")
    assert bench.page.locator(".oops svg").is_visible()


def lose_the_signal(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/p")
    bench.context.set_offline(True)
    bench.page.locator("#offline").wait_for(state="visible")


def find_nothing(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/search?q=zzzz")
    bench.page.locator("main h1").wait_for()


def scan_a_foreign_code(bench: Bench, folder: Path) -> None:
    bench.page.goto("/scan")
    foreign = code_of("https://evil.example/p/7k3m9qxw.1a.h4t6n2v8c3r5j7kd", folder / "evil.png")
    bench.page.locator(".shot input").set_input_files(str(foreign))
    bench.page.locator(".say-here .say.bad").wait_for()


def typed_code(bench: Bench, place: int) -> str:
    """The eight characters under the sign of the post at that place of the admin's list."""
    page = bench.page
    page.goto("/desk/posts")
    page.locator("main td a[href^='/desk/posts/']").nth(place).click()
    page.locator("main a[href$='/poster']").first.click()
    typed = re.search(r"[0-9a-z]{4} [0-9a-z]{4}\b", page.locator(".typed").first.inner_text().lower())
    assert typed
    return typed[0].replace(" ", "")


def check_in(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    code = typed_code(bench, USED)
    bench.sign_in(CAPTAIN)
    bench.page.goto(f"/p/{code}")
    bench.page.locator("main .btn.huge").click()
    bench.page.wait_for_url("**/checkins/**")


def scan_a_withdrawn_sign(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    page = bench.page
    code = typed_code(bench, WITHDRAWN)
    page.goto("/desk/posts")
    page.locator("main td a[href^='/desk/posts/']").nth(WITHDRAWN).click()
    page.get_by_text("作废…").first.click()
    withdrawal = page.locator("form[action$='/withdraw']").first
    withdrawal.locator("[name=reason]").fill("被人拍走了")
    withdrawal.locator("button").click()
    expect(page.get_by_role("main")).to_contain_text("被人拍走了")
    page.goto(f"/p/{code}")
    expect(page.get_by_role("main")).to_contain_text("这张牌子已停用")


def make_a_code(bench: Bench, _folder: Path) -> None:
    bench.sign_in(CAPTAIN)
    page = bench.page
    page.goto("/codes")
    page.locator("main .rows a").first.click()
    page.locator("main input[name=checked]").check()
    page.locator("main input[name=how]").first.check()
    page.locator("main input[name=why]").fill("换了新手机")
    page.locator("main form button.wide").click()
    page.locator(".big.num").wait_for()


def ask_for_a_copy(bench: Bench, _folder: Path) -> None:
    bench.sign_in(OTHER)
    bench.page.goto("/me/export")
    bench.page.locator("main form button.wide").click()
    bench.page.locator("main a.btn.wide").wait_for()


def decide_two_tasks(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    page = bench.page
    page.goto("/desk?kind=application")
    for place in (0, 1):
        page.locator("main [data-row] .box input").nth(place).check()
    page.locator("#pick button[value=approve]").click()
    page.locator(".sure .btn.primary").click()
    page.wait_for_url("**/desk/done/**")


def decide_one_task(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    bench.page.goto("/desk")
    bench.page.locator("main .acts form .btn").first.click()
    bench.page.locator("#happened .undo").wait_for()


def approve_newcomer(bench: Bench) -> None:
    bench.sign_in(ADMIN)
    bench.page.goto("/desk/applications")
    row = bench.page.get_by_role("row").filter(has_text=NEWCOMER)
    if row.count():
        row.get_by_role("button", name="通过").first.click()
        expect(bench.page.get_by_role("row").filter(has_text=NEWCOMER)).to_have_count(0)


def print_a_card(bench: Bench, _folder: Path) -> None:
    card_of_newcomer(bench)


def card_of_newcomer(bench: Bench) -> str:
    """The address in the code of his card, a new one, whose page is open."""
    approve_newcomer(bench)
    page = bench.page
    person(page, NEWCOMER)
    ask = page.locator("form[action$='/card'] button")
    ask.wait_for(state="attached")
    if page.get_by_text("换一张…").count():
        page.get_by_text("换一张…").click()
    if page.locator("#card-agreed").count():
        page.locator("#card-agreed").check()
    ask.click()
    page.wait_for_url("**/card")
    # The page is another room's to prove: one reader is enough here.
    (code,) = zxingcpp.read_barcodes(print_out(page)[0].picture)
    return code.text


def scan_a_card(bench: Bench, _folder: Path) -> None:
    card = card_of_newcomer(bench)
    bench.sign_in(LEADER)
    bench.page.goto(card)
    bench.page.locator("main select[name=post_id]").wait_for()


def find_a_card(bench: Bench, _folder: Path) -> None:
    card = card_of_newcomer(bench)
    bench.sign_out()
    bench.page.goto(card)
    bench.page.locator("main .oops").wait_for()


def be_refused_with_a_card(bench: Bench, _folder: Path) -> None:
    card = card_of_newcomer(bench)
    bench.sign_in(LEADER)
    bench.page.goto(f"{card}/refused/not_member")
    bench.page.locator("main .say.warn:visible").wait_for()


def bring_a_faulty_table(bench: Bench, folder: Path) -> None:
    bench.sign_in(ADMIN)
    rows = [
        HEAD,
        ["801-01", "南门保安亭1号岗", GRID, "30.20310", "120.30410", "天地图", "居民", "南门保安亭", ""],
        ["7-Jan", "", "990999", "120.30410", "30.20310", "天地图", "外地人", "南门保安亭", ""],
    ]
    file = folder / "岗点.csv"
    file.write_bytes(as_csv(rows, "gbk"))
    bring(bench.page, file)
    bench.page.locator("main a[href$='/faults.csv']").wait_for()


def move_a_flat(bench: Bench, _folder: Path) -> None:
    """Follow the link of the first flat of a building: units stand below what the walk opens."""
    bench.sign_in(ADMIN)
    bench.page.goto("/desk/areas?in=990100001001001001")
    bench.page.locator("a[href*='/desk/units/'][href$='/move']").first.click()
    bench.page.wait_for_url("**/move")


def compare_two_entries(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    page = bench.page
    page.goto("/desk/posts")
    page.get_by_role("link", name="橹声里中心花园").first.click()
    page.locator("main a[href$='/poster']").first.click()
    code = re.search(r"[0-9a-z]{4} [0-9a-z]{4}\b", page.locator(".typed").first.inner_text().lower())
    assert code
    bench.sign_out()
    visit(page, code[0].replace(" ", ""), name="路人甲", number=cast_phone(0))
    bench.sign_in(ADMIN)
    person(page, "路人甲")
    page.locator("main a[href*='/merge/']").first.click()
    page.locator("main input[name=sure]").wait_for()


def order_a_reward(bench: Bench, _folder: Path) -> None:
    bench.sign_in(CAPTAIN)
    redeem(bench.page)


def scan_somebodys_pick_up_code(bench: Bench, folder: Path) -> None:
    order_a_reward(bench, folder)
    bench.sign_in(OTHER)
    bench.page.goto(re.sub(r".*/([0-9a-f-]{36})/.*", r"/o/\1", bench.page.url))
    bench.page.locator("main h1").wait_for()


def eight_characters(bench: Bench) -> str:
    """The code that the page shows to be read out."""
    shown = bench.page.locator("main .big").first.inner_text()
    return re.sub(r"\s", "", shown)


def offer_to_act_for_somebody(bench: Bench, _folder: Path) -> None:
    bench.sign_in(OTHER)
    bench.page.goto("/me/mandates/ask")
    bench.page.locator("main form .btn.wide").click()
    bench.page.wait_for_url("**/mandates/offers/**")


def be_asked_for_a_mandate(bench: Bench, folder: Path) -> None:
    offer_to_act_for_somebody(bench, folder)
    code = eight_characters(bench)
    bench.sign_in(CAPTAIN)
    bench.page.goto(f"/me/mandates/confirm/{code}")
    bench.page.locator("main form .btn").first.wait_for()


def be_asked_into_a_family(bench: Bench, _folder: Path) -> None:
    bench.sign_in(CAPTAIN)
    bench.page.goto("/family")
    bench.page.locator("form[action='/family/invite'] .btn").click()
    code = eight_characters(bench)
    bench.sign_in(OTHER)
    bench.page.goto(f"/family/join/{code}")
    bench.page.locator("main form .btn").first.wait_for()


def open_a_flat(bench: Bench, _folder: Path) -> None:
    bench.sign_in(ADMIN)
    page = bench.page
    page.goto("/desk/areas")
    while not page.locator("main a[href^='/desk/units/']").count():
        page.locator("main td a[href*='in=']").first.click()
        page.wait_for_load_state()
    page.locator("main a[href^='/desk/units/']").first.click()
    page.locator("main form .in").first.wait_for()


def open_the_menu_of_looks(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/")
    bench.page.locator(".looks summary").click()
    bench.page.locator(".looks .pop").wait_for()


def be_refused_the_camera(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/scan")
    bench.page.locator("[data-start]").click()
    bench.page.locator(".say-here .say.warn").wait_for()


def hold_the_screen_of_a_hall(bench: Bench, _folder: Path) -> None:
    bench.page.goto("/kiosk/990100001001?panel=days")
    bench.page.locator(".eaves a.btn").click()
    bench.page.locator("body:not([data-next])").wait_for(state="attached")


def fill_the_screen_of_a_hall(bench: Bench, _folder: Path) -> None:
    """Three announcements as long as a form takes them."""
    bench.sign_in(ADMIN)
    for _which in range(3):
        bench.page.goto("/desk/announcements/new")
        bench.page.locator("#title").fill("南门夜间停电检修" * 5)
        bench.page.locator("#body").fill("南门夜间停电检修" * 12)
        bench.page.get_by_role("button", name="发布").click()
        bench.page.locator("form[action$='/withdraw']").wait_for(state="attached")
    bench.page.goto("/kiosk/990100001001?panel=notices&hold=1")
    expect(bench.page.locator("main section")).to_have_count(3)


def sign_out(bench: Bench, _folder: Path) -> None:
    bench.sign_in(OTHER)
    bench.page.goto("/me")
    bench.page.locator("main form[action$='/sign-out'] button").last.click()
    bench.page.locator(".bar").wait_for()
    bench.page.goto("/me")
    bench.page.wait_for_url("**/sign-in**")


STATES = (
    State(open_the_menu_of_looks, again=True),
    State(be_refused_the_camera, again=True),
    State(hold_the_screen_of_a_hall),
    State(fill_the_screen_of_a_hall),
    State(sign_out),
    State(refuse_form, again=True),
    State(refuse_form_of_the_desk, screen="desk", again=True),
    State(mistype_password, again=True),
    State(mistype_code),
    State(lose_the_way),
    State(lose_the_signal, again=True),
    State(find_nothing),
    State(scan_a_foreign_code, again=True),
    State(check_in),
    State(scan_a_withdrawn_sign),
    State(make_a_code, ("/codes/<id:code_id>",), again=True),
    State(ask_for_a_copy, ("/me/export/<id:request_id>",)),
    State(decide_two_tasks, ("/desk/done/<uuid:done_id>",), "desk"),
    State(decide_one_task, again=True),
    State(print_a_card, ("/desk/people/<id:member_id>/card",)),
    State(scan_a_card, ("/m/<card>",)),
    State(find_a_card, ("/m/<card>",)),
    State(be_refused_with_a_card, ("/m/<card>/refused/<code>",)),
    State(bring_a_faulty_table, ("/desk/imports/<id:run_id>", "/desk/imports/<id:run_id>/faults.csv"), "desk"),
    State(move_a_flat, ("/desk/units/<id:unit_id>/move",), "desk"),
    State(compare_two_entries, ("/desk/people/<id:member_id>/merge/<id:into_id>",), "desk"),
    State(order_a_reward),
    State(scan_somebodys_pick_up_code, ("/o/<uuid:order_id>",)),
    State(offer_to_act_for_somebody, ("/me/mandates/offers/<id:ask_id>",)),
    State(be_asked_for_a_mandate, ("/me/mandates/confirm/<offer_code>",)),
    State(be_asked_into_a_family, ("/family/join/<pot_code>",)),
    State(open_a_flat, ("/desk/units/<id:unit_id>/edit",), "desk"),
)
