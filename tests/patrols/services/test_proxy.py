"""A leader checks somebody in by her card: where, with which grade, and what is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import DomainError, Forbidden, NotFound
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.policies import LIMITS, Evidence
from community.patrols.services import proxy
from community.patrols.services.checkin import Outcome, check_in
from community.patrols.services.settle import settle
from community.people.cards import CardRef
from community.people.models import Member
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene, scan
from tests.factories.people import make_card, make_member
from tests.factories.places import make_post, make_print, make_village
from tests.factories.teams import make_membership

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def scene() -> Scene:
    with transaction():
        return make_scene()


@pytest.fixture
def leader(scene: Scene) -> Member:
    """The leader of the member's team."""
    with transaction():
        made = make_member(scene.village, display_name="何队长")
        make_membership(made, scene.team, role="leader")
        make_grant(made, "team_leader", team_id=scene.team.id)
    return made


@pytest.fixture
def card(scene: Scene) -> CardRef:
    with transaction():
        return CardRef(make_card(scene.member, scene.admin).id, scene.member.id)


def use(leader: Member, card: CardRef, post_id: int) -> Outcome:
    with transaction():
        return proxy.check_in_for(actor_of(leader), card, post_id=post_id, device=DEVICE)


def stand(leader: Member, scene: Scene, evidence: Evidence = NEAR) -> None:
    with transaction():
        check_in(actor_of(leader), scene.scanned, evidence, device=DEVICE, agrees=True)


def only_row(member: Member) -> CheckIn:
    return session().scalars(select(CheckIn).where(CheckIn.member_id == member.id)).one()


def test_a_leader_who_stands_there_confirms_with_grade_a(scene: Scene, leader: Member, card: CardRef) -> None:
    stand(leader, scene)
    assert proxy.posts(actor_of(leader))[0] == proxy.PostChoice(
        scene.post.id, scene.post.name, scene.post.number, here=True
    )
    assert use(leader, card, scene.post.id).status == "accepted"
    row = only_row(scene.member)
    assert (row.grade, row.src, row.proxy_id, row.band, row.notes) == ("A", "poster", leader.id, "none", "")
    assert session().scalars(select(CheckInEvent.by_id).where(CheckInEvent.checkin_id == row.id)).one() == leader.id
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "patrols.proxy")).one()
    assert (entry.actor_id, entry.object_id) == (leader.id, str(scene.member.id))


def test_from_the_list_it_is_grade_d(scene: Scene, leader: Member, card: CardRef) -> None:
    assert not any(post.here for post in proxy.posts(actor_of(leader)))
    use(leader, card, scene.post.id)
    assert (only_row(scene.member).grade, only_row(scene.member).src) == ("D", "typed")


def test_a_leader_s_own_check_in_of_three_hours_ago_proves_nothing(
    scene: Scene, leader: Member, card: CardRef, frozen_clock: FrozenClock
) -> None:
    stand(leader, scene)
    frozen_clock.tick(hours=2, seconds=1)
    use(leader, card, scene.post.id)
    assert only_row(scene.member).grade == "D"


def test_a_flagged_check_in_of_the_leader_proves_nothing(scene: Scene, leader: Member, card: CardRef) -> None:
    stand(leader, scene, Evidence("poster", "far", 900))
    use(leader, card, scene.post.id)
    assert only_row(scene.member).grade == "D"


def test_one_leader_s_phone_serves_many_without_a_flag(scene: Scene, leader: Member, card: CardRef) -> None:
    stand(leader, scene)
    with transaction():
        others = [make_member(scene.village) for _n in range(4)]
        for other in others:
            make_membership(other, scene.team)
        refs = [CardRef(make_card(other, scene.admin).id, other.id) for other in others]
    use(leader, card, scene.post.id)
    outcomes = [use(leader, ref, scene.post.id) for ref in refs]
    assert {outcome.code for outcome in outcomes} == {"no_consent"}
    second = scan(scene.post, scene.sign)
    with transaction():
        own = check_in(actor_of(scene.admin), second, NEAR, device=DEVICE, agrees=True)
    assert own.code != "shared_device"


def test_beyond_so_many_a_day_somebody_looks(
    scene: Scene, leader: Member, card: CardRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("community.patrols.policies.LIMITS", LIMITS.__class__(proxies_a_day=0))
    outcome = use(leader, card, scene.post.id)
    assert (outcome.status, outcome.code) == ("flagged", "proxy_many")
    row = only_row(scene.member)
    with transaction():
        make_grant(leader, "village_admin", scene.village)
    with pytest.raises(DomainError) as refused, transaction():
        settle(actor_of(leader), checkin_id=row.id, accept=True, reason="我签的")
    assert refused.value.code == "own_checkin"


def test_nobody_uses_her_own_card(scene: Scene, leader: Member) -> None:
    with transaction():
        own = CardRef(make_card(leader, scene.admin).id, leader.id)
    with pytest.raises(Forbidden):
        use(leader, own, scene.post.id)
    assert not session().scalars(select(CheckIn)).all()


def test_another_area_s_leader_sees_no_holder(scene: Scene, card: CardRef) -> None:
    with transaction():
        far = make_village(name="别处")
        stranger = make_member(far)
        make_grant(stranger, "village_admin", far)
        post = make_post(far)
        make_print(post)
    for act in (lambda: proxy.holder(actor_of(stranger), card), lambda: use(stranger, card, post.id)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Forbidden):
        use(scene.member, card, scene.post.id)


def test_only_posts_of_the_leader_with_a_sign_can_be_named(scene: Scene, leader: Member, card: CardRef) -> None:
    with transaction():
        far = make_post(make_village(name="别处"))
        make_print(far)
        bare = make_post(scene.village)
    for post_id in (far.id, bare.id, 7, 0):
        with pytest.raises(DomainError) as refused:
            use(leader, card, post_id)
        assert refused.value.field == "post_id"


def test_the_table_s_refusals_and_flags_hold_for_cards_too(
    scene: Scene, leader: Member, card: CardRef, frozen_clock: FrozenClock
) -> None:
    assert use(leader, card, scene.post.id).status == "accepted"
    assert use(leader, card, scene.post.id).status == "duplicate"
    frozen_clock.tick(minutes=6)
    with transaction():
        scene.post.state = "paused"
        session().add(scene.post)
    assert use(leader, card, scene.post.id).code == "post_paused"
    with transaction():
        scene.member.status = "suspended"
        session().add(scene.member)
    assert use(leader, card, scene.post.id).code == "suspended"


def test_a_holder_is_shown_with_her_teams_and_her_day(scene: Scene, leader: Member, card: CardRef) -> None:
    use(leader, card, scene.post.id)
    known = proxy.holder(actor_of(leader), card)
    assert (known.member.id, known.teams) == (scene.member.id, ("晚潮夜巡队",))
    assert [one.post_name for one in known.today] == [scene.post.name]
