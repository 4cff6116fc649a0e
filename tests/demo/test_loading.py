"""The district as it is written: areas, people, rights, teams and posts fit each other in the tables."""

import pytest
from sqlalchemy import func, select

from community.access.models import RoleGrant
from community.core import clock
from community.core.authz import Perm, can, system_actor
from community.core.db import session, transaction
from community.core.errors import Conflict
from community.demo.district import read_district
from community.demo.loading import Loaded, load_district
from community.people import consents, queries as people
from community.people.models import Member, MemberArea, MemberCard
from community.places.models import Area, ImportRun, Post, PostPrint, Unit
from community.teams import queries as teams
from community.teams.models import Branch, Membership, Team
from tests.factories.access import actor_of
from tests.factories.places import make_town

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def load(people: int = 300) -> Loaded:
    with transaction():
        return load_district(system_actor("demo"), read_district(), people_wanted=people, days=460)


def count(model: type) -> int:
    return session().scalar(select(func.count()).select_from(model)) or 0


def one_of(loaded: Loaded, key: str) -> Member:
    return session().get_one(Member, loaded.members[loaded.population.by_key(key).number])


def test_the_tables_hold_what_the_file_says() -> None:
    load()

    assert (count(Area), count(Post), count(PostPrint), count(Team), count(Branch)) == (48, 12, 12, 7, 7)
    assert count(Member) == 300
    assert session().scalars(select(Post.name).where(Post.state == "paused")).all() == ["学府公寓后街"]
    numbers = session().scalars(select(Post.number)).all()
    assert len(set(numbers)) == 12


def test_loading_into_a_database_that_is_used_is_refused_and_changes_nothing() -> None:
    with transaction():
        make_town()
    with pytest.raises(Conflict) as refusal:
        load()
    assert refusal.value.next_step is not None
    assert (count(Area), count(Member)) == (2, 0)


@pytest.mark.parametrize(
    ("key", "perm", "own", "foreign"),
    [
        ("village_admin", Perm.POST_MANAGE, "晚潮苑南门岗", "安澜菜场东门"),
        ("grid_worker", Perm.POST_READ, "晚潮苑南门岗", "橹声里中心花园"),
        ("town_admin", Perm.POST_MANAGE, "安澜菜场东门", "石埭头桥头"),
    ],
)
def test_a_role_reaches_its_own_area_and_no_other(key: str, perm: Perm, own: str, foreign: str) -> None:
    actor = actor_of(one_of(load(60), key))
    posts = {post.name: post for post in session().scalars(select(Post))}

    assert can(actor, perm, posts[own])
    assert not can(actor, perm, posts[foreign])


@pytest.mark.parametrize("key", ["district_office", "association_admin"])
def test_the_offices_of_the_district_see_every_post(key: str) -> None:
    actor = actor_of(one_of(load(60), key))
    assert all(can(actor, Perm.POST_READ, post) for post in session().scalars(select(Post)))


def test_a_patrol_leader_leads_the_own_team_alone() -> None:
    loaded = load(60)
    leader = one_of(loaded, "patrol_leader")
    grants = session().scalars(select(RoleGrant).where(RoleGrant.member_id == leader.id)).all()
    assert [(grant.role, grant.team_id) for grant in grants] == [("team_leader", loaded.teams["晚潮夜巡队"])]


def test_a_resident_holds_no_right_and_serves_nowhere() -> None:
    resident = one_of(load(60), "resident")
    assert actor_of(resident).perms == frozenset()
    assert session().scalars(select(Membership).where(Membership.member_id == resident.id)).all() == []


def test_volunteers_are_verified_and_consented_to_being_seen_at_a_post() -> None:
    load()
    version = consents.current(consents.PRESENCE).version
    active = session().scalars(select(Membership.member_id).where(Membership.state == "active")).all()

    assert len(active) > 150
    for member_id in active:
        assert people.is_verified(member_id)
        assert people.consented(member_id, consents.PRESENCE, version)


def test_applicants_are_not_verified_and_the_minor_waits_for_a_guardian() -> None:
    load()
    states = {
        membership.state: session().get_one(Member, membership.member_id)
        for membership in session().scalars(select(Membership).where(Membership.active_at.is_(None)))
    }
    assert set(states) == {"applied", "waiting_guardian", "refused"}
    assert all(member.verified_at is None for member in states.values())
    minor = states["waiting_guardian"]
    assert (minor.age_band, minor.guardian_name, minor.guardian_at) == ("14-17", "俞国良", None)


def test_minors_who_serve_have_a_guardian_who_agreed() -> None:
    load(1200)
    minors = session().scalars(
        select(Member).join(Membership).where(Member.age_band == "14-17", Membership.state == "active")
    )
    checked = [(minor.guardian_name, minor.guardian_at, minor.guardian_by) for minor in minors]
    assert len(checked) > 3
    assert all(all(facts) for facts in checked)


def test_the_village_admin_has_applications_to_decide() -> None:
    actor = actor_of(one_of(load(60), "village_admin"))
    waiting = session().scalars(select(Membership).where(Membership.state == "applied")).all()
    assert sum(can(actor, Perm.MEMBERSHIP_DECIDE, membership) for membership in waiting) >= 2


def test_a_rider_serves_in_both_towns_of_the_team() -> None:
    rider = one_of(load(60), "rider")
    posts = {post.name: post for post in session().scalars(select(Post))}

    for name in ("安澜菜场东门", "书堤小学北门"):
        assert teams.serving(rider.id, posts[name].scope_path) is not None
    assert teams.serving(rider.id, posts["石埭头桥头"].scope_path) is None
    further = session().scalars(select(MemberArea.scope_path).where(MemberArea.member_id == rider.id)).all()
    assert further == ["990100/990100003/"]


def test_nobody_has_a_password_and_nothing_lies_in_the_future() -> None:
    load()
    assert session().scalars(select(Member.id).where(Member.password_hash.is_not(None))).all() == []
    for column in (Member.created_at, Member.verified_at, Membership.applied_at, Membership.active_at, Post.created_at):
        newest = session().scalar(select(func.max(column)))
        assert newest is not None
        assert newest <= clock.now()


def test_the_first_community_has_flats_that_were_brought_in_a_table() -> None:
    load(60)
    run = session().scalars(select(ImportRun)).one()
    assert (run.state, run.total, run.file_name) == ("done", count(Unit), "晚潮社区住户单元.csv")
    assert run.total == 17 * 24
    assert len(set(session().scalars(select(Unit.address_code)))) == run.total


def test_some_of_the_evening_patrol_carry_paper_cards() -> None:
    load()
    cards = session().scalars(select(MemberCard)).all()
    assert 1 <= len(cards) <= 3
    assert all(card.issued_by != card.member_id and card.revoked_at is None for card in cards)
