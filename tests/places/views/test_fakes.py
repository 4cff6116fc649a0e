"""A code that is not ours: told in one tap by anybody, worked off at the desk."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.places import fakes
from community.places.models import FakeSignReport
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_town, make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app")
BAD = "/p/00000000.1a.0000000000000000"


def test_anybody_tells_in_one_tap_and_staff_settle(client_page: Visitor) -> None:
    page = client_page.get(BAD, 404)
    assert "请勿在它打开的页面输入任何信息" in page.text
    assert "收到，谢谢您" in client_page.submit(page.form("/fake-signs"), place="菜场门口").text
    with transaction():
        village = make_village()
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
    client_page.sign_in(admin.id)
    assert "有人报告假码" in client_page.get("/desk").text
    desk = client_page.get("/desk/fake-signs")
    assert "菜场门口" in desk.text
    report = session().scalars(select(FakeSignReport)).one()
    done = client_page.submit(desk.form(f"/desk/fake-signs/{report.id}"), outcome="removed")
    assert "没有假码报告" in done.text


def test_a_mistyped_code_is_no_fake_sign(client_page: Visitor) -> None:
    page = client_page.get("/p/00000000", 404)
    assert not [form for form in page.forms if form.action.endswith("/fake-signs")]


def test_whoever_tells_too_often_waits(client_page: Visitor) -> None:
    form = client_page.get(BAD, 404).form("/fake-signs")
    for _n in range(10):
        client_page.submit(form)
    assert client_page.client.post("/fake-signs", data=form.filled()).status_code == 429
    assert session().scalars(select(FakeSignReport.times)).one() == 1


class Clock:
    """The clock that limits go by, which can be set on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr("limits.storage.memory.time.time", lambda: self.now)


@pytest.fixture
def limit_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def tell(visitor: Visitor, address: str) -> int:
    """Report the code once from `address`, with a form of the visitor's own; return the answer's status."""
    form = visitor.get(BAD, 404).form("/fake-signs")
    answer = visitor.client.post("/fake-signs", data=form.filled(), environ_base={"REMOTE_ADDR": address})
    return answer.status_code


def test_one_phone_tells_of_twenty_codes_a_day_wherever_it_is(client_page: Visitor, limit_clock: Clock) -> None:
    seen = []
    for number in range(22):
        seen.append(tell(client_page, f"192.0.2.{number}"))
        limit_clock.now += 3600
    assert seen == [303] * 20 + [429] * 2
    limit_clock.now += 3 * 3600
    assert tell(client_page, "192.0.2.99") == 303, "a day after the first"


def test_one_address_tells_of_a_hundred_codes_a_day_by_however_many_phones(
    new_visitor: Callable[[], Visitor], limit_clock: Clock
) -> None:
    seen = []
    for number in range(102):
        if number % 20 == 0:
            phone = new_visitor()
        seen.append(tell(phone, "192.0.2.1"))
        limit_clock.now += 600
    assert seen == [303] * 100 + [429] * 2
    assert tell(new_visitor(), "192.0.2.2") == 303, "another address is not held up"


def test_one_address_tells_of_forty_codes_an_hour(new_visitor: Callable[[], Visitor], limit_clock: Clock) -> None:
    seen = []
    for number in range(42):
        if number % 20 == 0:
            phone = new_visitor()
        seen.append(tell(phone, "192.0.2.1"))
        limit_clock.now += 10
    assert seen == [303] * 40 + [429] * 2


def test_many_reports_cost_no_more_statements_than_one(client_page: Visitor, statements: list[str]) -> None:
    with transaction():
        town = make_town()
        admin = make_member(make_village(town))
        make_grant(admin, "town_admin", town)
    client_page.sign_in(admin.id)
    sent: dict[str, list[int]] = {"/desk/fake-signs": [], "/desk": []}
    for number in (1, 8):
        with transaction():
            for _report in range(number):
                fakes.report(f"{make_post(make_village(town)).code8}.1a.0000000000000000", "桥头")
        for path, counts in sent.items():
            statements.clear()
            client_page.get(path)
            counts.append(len(statements))
    assert all(few == many for few, many in sent.values()), sent
