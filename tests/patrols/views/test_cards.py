"""The page of a member card, for strangers and for leaders."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.patrols.models import CheckIn
from community.people import cards
from community.people.models import Consent, Member, MemberCard
from community.places import queries as places
from tests.factories.access import make_grant
from tests.factories.patrols import Scene, make_scene
from tests.factories.people import give_consent, make_card, make_member
from tests.factories.places import make_village
from tests.factories.points import open_books
from tests.factories.teams import make_membership
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def scene() -> Scene:
    with transaction():
        made = make_scene()
        town = places.area(made.village.town_id or 0)
        assert town
        open_books(town)
        return made


@pytest.fixture
def leader(scene: Scene) -> Member:
    with transaction():
        made = make_member(scene.village, display_name="何队长")
        give_consent(made, "presence", "1")
        make_membership(made, scene.team, role="leader")
        make_grant(made, "team_leader", team_id=scene.team.id)
        return made


@pytest.fixture
def url(scene: Scene) -> str:
    with transaction():
        return cards.url_of(make_card(scene.member, scene.admin)).removeprefix("http://linli.test")


def test_a_post_number_too_long_for_any_column_is_no_post(leader: Member, client_page: Visitor, url: str) -> None:
    client_page.sign_in(leader.id)
    client_page.submit(client_page.get(url).form(f"{url}/checkin"), status=422, post_id="9" * 30)


def test_a_stranger_learns_nothing(scene: Scene, client_page: Visitor, url: str, statements: list[str]) -> None:
    statements.clear()
    page = client_page.get(url)
    assert not statements
    assert "这是一张队员卡" in page.text
    assert "/sign-in?next=" in " ".join(page.links)
    with transaction():
        resident = make_member(scene.village, display_name="李居民")
    client_page.sign_in(resident.id)
    for seen in (page, client_page.get(url)):
        assert scene.member.display_name not in seen.html
        assert "晚潮夜巡队" not in seen.html
    assert "不是本平台的队员卡" in client_page.get(url[:-1] + ("0" if url[-1] != "0" else "1"), 404).text


def test_a_leader_checks_her_in_and_both_see_it(scene: Scene, leader: Member, client_page: Visitor, url: str) -> None:
    client_page.sign_in(leader.id)
    client_page.submit(client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin"))
    page = client_page.get(url)
    assert page.h1 == scene.member.display_name
    assert "晚潮夜巡队" in page.text
    assert "今天还没有打过卡" in page.text
    form = page.form(f"{url}/checkin")
    assert form.fields["post_id"] == str(scene.post.id)
    receipt = client_page.submit(form)
    assert "由队长代签（何队长）" in receipt.text
    assert "A 级" in receipt.text
    assert "+5" in receipt.text
    assert "没有重复记" in client_page.submit(client_page.get(url).form(f"{url}/checkin")).text
    assert scene.post.name in client_page.get(url).text
    client_page.sign_in(scene.member.id)
    assert "由队长代签（何队长）" in client_page.get("/checkins").text


def test_a_refusal_tells_the_leader_what_to_do(scene: Scene, leader: Member, client_page: Visitor, url: str) -> None:
    with transaction():
        for consent in session().scalars(select(Consent).where(Consent.member_id == scene.member.id)):
            consent.withdrawn_at = consent.given_at
    client_page.sign_in(leader.id)
    form = client_page.get(url).form(f"{url}/checkin")
    said = client_page.submit(form, then=403, post_id=str(scene.post.id))
    assert "念给她听" in said.text
    assert not session().scalars(select(CheckIn)).all()


def test_her_own_and_a_revoked_card_and_another_area_s(
    scene: Scene, leader: Member, client_page: Visitor, url: str
) -> None:
    with transaction():
        own = cards.url_of(make_card(leader, scene.admin)).removeprefix("http://linli.test")
        far = make_village(name="别处")
        stranger = make_member(far)
        make_grant(stranger, "village_admin", far)
    client_page.sign_in(leader.id)
    page = client_page.get(own)
    assert "您自己的卡" in page.text
    assert not [form for form in page.forms if form.action.endswith("/checkin")]
    sent = client_page.get(url).form(f"{url}/checkin").filled(post_id=str(scene.post.id))
    client_page.post(f"{own}/checkin", sent, 403)
    client_page.sign_in(stranger.id)
    client_page.get(url, 404)
    with transaction():
        for card in session().scalars(select(MemberCard)):
            card.revoked_at = card.issued_at
    client_page.sign_in(leader.id)
    assert "这张卡已停用" in client_page.get(url, 410).text


def test_a_leader_who_opens_a_card_leaves_a_look_and_a_stranger_none(
    scene: Scene, leader: Member, client_page: Visitor, url: str
) -> None:
    client_page.get(url)
    assert looks() == []
    client_page.sign_in(leader.id)
    client_page.get(url)
    client_page.get(f"{url}/refused/not_member", 403)
    assert looks() == [(leader.id, str(scene.member.id), scene.member.home_path, {"why": "patrols.card"})] * 2


def looks() -> list[tuple[int, str, str, dict[str, str]]]:
    found = session().scalars(select(AuditEntry).where(AuditEntry.act == "audit.look").order_by(AuditEntry.id))
    return [(one.actor_id, one.object_id, one.scope_path, one.details) for one in found]
