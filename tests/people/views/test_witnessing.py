"""A mandate written down for somebody without a phone, over HTTP: the desk, and who looks after her."""

from __future__ import annotations

import io

import pytest

from community.core.db import transaction
from community.people.models import Member
from tests.factories.access import make_grant
from tests.factories.deciding import photo
from tests.factories.mandates import offer_of
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def people() -> tuple[Member, Member, str]:
    """An elder, the admin of her village, and the code of somebody who offers to act for her."""
    with transaction():
        village = make_village()
        elder, admin = make_member(village, display_name="何秀珍"), make_member(village)
        make_grant(admin, "village_admin", village)
        return elder, admin, offer_of(make_member(village, display_name="何敏"))


def test_the_desk_writes_it_down_and_ends_it(client_page: Visitor, people: tuple[Member, Member, str]) -> None:
    elder, admin, code = people
    client_page.sign_in(admin.id)
    url = f"/people/{elder.id}/mandate"
    assert url in client_page.get(f"/desk/people/{elder.id}").links
    filled = client_page.get(url).form(url).filled(code=code, seen="y")
    page = client_page.post(url, filled | {"photo": (io.BytesIO(b"no picture"), "a.jpg")}, 422)
    assert "照片" in page.text
    filled = page.form(url).filled(code=code, seen="y")
    page = client_page.post(url, filled | {"photo": (io.BytesIO(photo()), "a.jpg")})
    assert "本人在纸上签字" in page.text
    signed = next(one for one in page.links if one.endswith("/paper"))
    shown = client_page.client.get(signed)
    assert (shown.status_code, shown.mimetype, shown.headers["Cache-Control"]) == (200, "image/jpeg", "no-store")
    assert "何敏" in client_page.get(f"/desk/people/{elder.id}").text
    page = client_page.submit(page.form("/end"), status=422)
    assert "请写明为什么停" in page.text
    page = client_page.submit(page.form("/end"), reason="本人来说不用了")
    assert "已停" in page.text
    client_page.sign_in(elder.id)
    looks = client_page.get("/me/looks").text
    for looked in ("登记代办的页面", "您的代办授权", "您签字的代办的纸"):
        assert looked in looks, "each look of the desk's is hers to read"
    assert client_page.client.get(signed).status_code == 200
    assert client_page.get("/me/looks").text.count("您签字的代办的纸") == 1, "but none of her own"


def test_who_is_not_known_yet_is_sent_to_be_checked_first(client_page: Visitor) -> None:
    with transaction():
        village = make_village()
        admin, elder = make_member(village), make_member(village, verified=False)
        make_grant(admin, "village_admin", village)
    client_page.sign_in(admin.id)
    assert "先核对本人" in client_page.get(f"/people/{elder.id}/mandate").text
