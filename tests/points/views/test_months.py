"""The desk's months: one person drafts, everybody looks, another publishes; each refusal has its words."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import PeriodClose
from community.points.services import closing
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.harness.client import Visitor
from tests.points.months import MONTH, award_twice


@pytest.fixture
def admins(village: Area, member: Member, frozen_clock: FrozenClock) -> tuple[Member, Member]:
    """Two admins of the town, on the second of December."""
    with transaction():
        made = make_member(village), make_member(village)
        for one in made:
            make_grant(one, "town_admin", town_of(village))
    award_twice(village, member, frozen_clock)
    return made


def test_a_month_is_drafted_by_one_and_published_by_another(
    village: Area, admins: tuple[Member, Member], client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    address = f"/desk/months/{village.town_id}/2026-11"
    client_page.sign_in(admins[0].id)
    page = client_page.get(address)
    assert address in client_page.get("/desk/months").links
    page = client_page.submit(page.form(f"{address}/draft"))
    assert "已起草" in page.text
    assert "核对期到" in page.text
    frozen_clock.tick(days=closing.WINDOW + 1)
    assert "要请另一位同事公示" in client_page.get(address).text
    client_page.sign_in(admins[1].id)
    page = client_page.submit(client_page.get(address).form(f"{address}/publish"))
    assert "已公示" in page.text
    assert session().get_one(PeriodClose, (village.town_id, MONTH)).published_by == admins[1].id
    client_page.get(f"/ledger/{town_of(village).code}/2026-11")


def test_a_villages_admin_reads_her_towns_months_and_closes_none(
    village: Area, admins: tuple[Member, Member], client_page: Visitor
) -> None:
    with transaction():
        reader = make_member(village)
        make_grant(reader, "village_admin", village)
    client_page.sign_in(reader.id)
    assert town_of(village).name in client_page.get("/desk/months").text
    page = client_page.get(f"/desk/months/{village.town_id}/2026-11")
    assert not [form for form in page.forms if "draft" in form.action]


@pytest.mark.parametrize("month", ["2026-12", "2027-01", "x"])
def test_a_month_that_is_not_over_has_no_page(
    village: Area, admins: tuple[Member, Member], client_page: Visitor, month: str
) -> None:
    client_page.sign_in(admins[0].id)
    client_page.get(f"/desk/months/{village.town_id}/{month}", 404)
