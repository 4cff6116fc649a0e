"""Rules as everybody reads them: in force, how they came about, published for objections."""

from __future__ import annotations

import pytest

from community.core import clock
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import rule_sets
from community.points.services import adopting, proposing
from community.points.views import rule_pages
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_town
from tests.factories.points import add_rule, town_of
from tests.factories.rules import DAY, make_set, proposal, published, resolution
from tests.harness.client import Visitor


@pytest.fixture
def staff(village: Area) -> tuple[Actor, Actor]:
    made = []
    for name in ("高培源", "章立群"):
        with transaction():
            member = make_member(village, display_name=name)
            make_grant(member, "town_admin", town_of(village))
        made.append(actor_of(member))
    return made[0], made[1]


def test_anybody_reads_the_rules_of_a_town_and_what_they_say(village: Area, client_page: Visitor) -> None:
    with transaction():
        add_rule(town_of(village), village=village, amount=2, cap_month=40, once_per="", cap_day=None)
    page = client_page.get("/rules", 303)
    assert "每个巡逻小时内第一次有效打卡记5分" in page.text
    assert "志愿者联合会第1号决议" in page.text
    assert village.name in page.text, "the village's addition says where it holds"
    assert "40 分" in page.text


def test_with_several_towns_a_stranger_chooses_and_a_member_is_led_to_hers(
    village: Area, member: Member, client_page: Visitor
) -> None:
    with transaction():
        make_town("桑埠镇")
    page = client_page.get("/rules")
    assert "桑埠镇" in page.text
    client_page.sign_in(member.id)
    assert town_of(village).name in client_page.get("/rules", 303).title
    client_page.get("/rules/nowhere", 404)
    assert client_page.get(f"/rules/{village.code}", 303).title == client_page.get("/rules", 303).title


def test_a_published_set_shows_what_changes_word_by_word_and_its_trial(
    village: Area, staff: tuple[Actor, Actor], client_page: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, publisher = staff
    monkeypatch.setattr(rule_pages, "FEWEST", 0)
    with transaction():
        made = proposing.create(writer, area_id=town_of(village).id, title="改成六分")
        proposing.put(writer, made, proposal(), rule_id=_rule_id(village))
        proposing.simulate(writer, made)
        proposing.publish(publisher, made, resolution(), effective_on=clock.today() + 8 * DAY)
    page = client_page.get(f"/rules/sets/{made}")
    assert [element.tag.rpartition("}")[2] for element in page.all("del")]
    assert "新增：" in page.text
    assert "人得分变多" in page.text
    trial = client_page.get(f"/rules/sets/{made}/trial")
    assert "基尼系数" in trial.text
    assert "按规则" in trial.text
    assert "高**" in page.text
    assert "高培源" not in page.text
    assert "登录后提" in page.text


def test_people_of_other_towns_read_and_do_not_object(
    village: Area, staff: tuple[Actor, Actor], client_page: Visitor
) -> None:
    with transaction():
        made = published(*staff, town_of(village))
        stranger = make_member(make_town("桑埠镇"))
    client_page.sign_in(stranger.id)
    page = client_page.get(f"/rules/sets/{made}")
    assert not [form for form in page.forms if form.action.endswith("/object")]


def test_older_versions_stay_readable(
    village: Area, staff: tuple[Actor, Actor], client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    writer, publisher = staff
    with transaction():
        made = proposing.create(writer, area_id=town_of(village).id, title="改成六分")
        proposing.put(writer, made, proposal(), rule_id=_rule_id(village))
        proposing.simulate(writer, made)
        proposing.publish(publisher, made, resolution(), effective_on=clock.today() + 8 * DAY)
    frozen_clock.tick(days=8)
    with transaction():
        adopting.bring_in(made)
    frozen_clock.tick(days=2)
    page = client_page.get(f"/rules/{town_of(village).code}")
    assert "第 2 版" in page.text
    assert "每个小时第一次有效打卡记6分" in page.text
    assert "以前的版本" in page.text
    assert "每个巡逻小时内第一次有效打卡记5分" in page.text


def test_a_withdrawn_set_says_why(village: Area, staff: tuple[Actor, Actor], client_page: Visitor) -> None:
    writer, publisher = staff
    with transaction():
        made = published(writer, publisher, town_of(village))
        proposing.withdraw(publisher, made, "居民意见较大，重新商量")
        quiet = make_set(writer, town_of(village))
        proposing.withdraw(writer, quiet, "写错了")
    assert "居民意见较大，重新商量" in client_page.get(f"/rules/sets/{made}").text
    client_page.get(f"/rules/sets/{quiet}", 404)


def _rule_id(village: Area) -> int:
    return rule_sets.history(village.town_id or 0)[0].rule_id


def test_a_trial_on_fewer_than_five_people_is_nobodys_but_the_desks(
    village: Area, staff: tuple[Actor, Actor], client_page: Visitor
) -> None:
    with transaction():
        made = published(*staff, town_of(village))
    page = client_page.get(f"/rules/sets/{made}")
    assert "不到 5 人" in page.text
    assert "人得分变多" not in page.text
    client_page.get(f"/rules/sets/{made}/trial", 303)
    client_page.sign_in(staff[0].member_id)
    assert "人得分变多" in client_page.get(f"/desk/rules/{made}").text
