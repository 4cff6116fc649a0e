"""Page objects of mandates: what each side reads of one."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock
from community.core.db import transaction
from community.core.i18n import plain
from community.people.views import mandate_pages as pages
from tests.factories.access import actor_of, make_grant
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def test_each_side_reads_it_as_hers_and_what_is_over_as_over() -> None:
    with transaction():
        village = make_village()
        elder, helper, admin = make_member(village, display_name="何秀珍"), make_member(village), make_member(village)
        make_grant(admin, "village_admin", village)
        alive = make_mandate(elder, helper, may_redeem=False)
        make_mandate(elder, admin, from_on=clock.today() - dt.timedelta(days=9), until_on=clock.today())
        late = {"from_on": dt.date(2026, 1, 1), "until_on": clock.today() - dt.timedelta(days=1)}
        make_mandate(elder, make_member(village), **late)
    mine = pages.mine(actor_of(elder))
    assert sorted(plain(row.word) for row in mine.helpers) == ["可以代办", "可以代办", "已到期"]
    assert mine.helped == []
    assert [row.principal for row in pages.mine(actor_of(helper)).helped] == ["何秀珍"]
    shown = {member.id: pages.one(actor_of(member), alive).side for member in (elder, helper, admin)}
    assert list(shown.values()) == ["principal", "helper", "witness"]
    assert [plain(word) for word in pages.one(actor_of(elder), alive).row.covers] == ["看积分", "申诉"]
