"""What the desk does to posts and signs, on both engines."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.authz import Actor
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.places import services, signs
from community.places.codes import PosterRevoked, print_url, resolve
from community.places.models import Area, Post, PostPrint
from community.places.policies import Details, Position
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_print, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

HERE = Position(30.2, 120.3)
HOSTS = ("linli.test",)


@dataclass(frozen=True)
class Desk:
    """A village with its admin, and a village of another town."""

    village: Area
    foreign: Area
    admin: Actor
    grid_worker: Actor
    member: Actor


@pytest.fixture
def desk(engine_name: str) -> Desk:
    with transaction():
        village, foreign = make_village(), make_village(name="石埭头村")
        admin, worker, member = (make_member(village, display_name=name) for name in ("邵文静", "周雅琴", "方小满"))
        make_grant(admin, "village_admin", village)
        make_grant(worker, "grid_worker", village)
    return Desk(village, foreign, actor_of(admin), actor_of(worker), actor_of(member))


def create(desk: Desk, **changed: object) -> Post:
    with transaction():
        return services.create_post(
            desk.admin,
            area_id=desk.village.id,
            details=Details("南门岗", **changed),
            position=HERE,  # type: ignore[arg-type]
        )


def acts(post: Post) -> list[str]:
    rows = session().scalars(
        select(AuditEntry)
        .where(AuditEntry.object_type == "post", AuditEntry.object_id == str(post.id))
        .order_by(AuditEntry.id)
    )
    return [row.act for row in rows]


def test_a_new_post_is_active_numbered_and_has_no_sign(desk: Desk) -> None:
    first, second = create(desk), create(desk)
    assert (first.state, first.town_id, first.scope_path) == ("active", desk.village.town_id, desk.village.path)
    assert first.number != second.number
    assert first.number.endswith("-01")
    assert second.number.endswith("-02")
    assert first.code8 != second.code8
    assert session().scalars(select(PostPrint)).all() == []
    assert acts(first) == ["places.create"]


def test_a_number_is_used_once_in_a_town(desk: Desk) -> None:
    create(desk, number="A-1")
    with pytest.raises(DomainError) as refused:
        create(desk, number="a-1")
    assert (refused.value.code, refused.value.field) == ("number_taken", "number")


def test_the_database_too_refuses_a_number_twice(desk: Desk) -> None:
    with transaction():
        make_post(desk.village, number="A-1")
    with pytest.raises(DomainError) as refused, transaction():
        make_post(desk.village, number="A-1")
    assert refused.value.code == "number_taken"


def test_an_area_of_others_is_as_unknown_as_one_that_does_not_exist(desk: Desk) -> None:
    answers = []
    for area_id in (desk.foreign.id, 1, None):
        with pytest.raises(DomainError) as refused, transaction():
            services.create_post(desk.admin, area_id=area_id, details=Details("南门岗"), position=HERE)
        answers.append((refused.value.code, refused.value.field))
    assert answers == [("area_unknown", "area_id")] * 3


def test_a_district_is_too_wide_for_a_post(desk: Desk) -> None:
    district = session().get_one(Area, session().get_one(Area, desk.village.town_id).parent_id)
    with transaction():
        boss = make_member(desk.village)
        make_grant(boss, "system_admin", district)
    with pytest.raises(DomainError) as refused, transaction():
        services.create_post(actor_of(boss), area_id=district.id, details=Details("南门岗"), position=HERE)
    assert refused.value.code == "area_wide"


COMMANDS: list[Callable[[Actor, int], object]] = [
    lambda actor, post_id: services.edit_post(actor, post_id, details=Details("x"), seen=""),
    lambda actor, post_id: services.move_post(actor, post_id, area_id=1, position=HERE, reason="", seen=""),
    lambda actor, post_id: services.pause_post(actor, post_id, reason="x"),
    services.resume_post,
    lambda actor, post_id: services.retire_post(actor, post_id, reason="x"),
    lambda actor, post_id: signs.print_sign(actor, post_id, after=0),
]


@pytest.mark.parametrize("act", COMMANDS)
def test_whoever_may_only_read_or_nothing_at_all_is_forbidden(desk: Desk, act: Callable[[Actor, int], object]) -> None:
    post = create(desk)
    for actor in (desk.grid_worker, desk.member):
        with pytest.raises(Forbidden), transaction():
            act(actor, post.id)


@pytest.mark.parametrize("act", COMMANDS)
def test_posts_of_another_town_do_not_exist(desk: Desk, act: Callable[[Actor, int], object]) -> None:
    with transaction():
        foreign = make_post(desk.foreign)
    for post_id in (foreign.id, 1):
        with pytest.raises(NotFound), transaction():
            act(desk.admin, post_id)
    assert session().get_one(Post, foreign.id).state == "active"


def test_nobody_without_the_right_sets_posts_up(desk: Desk) -> None:
    for actor in (desk.grid_worker, desk.member):
        with pytest.raises(Forbidden), transaction():
            services.create_post(actor, area_id=desk.village.id, details=Details("x"), position=HERE)


def test_an_edit_changes_what_it_names_and_leaves_signs_alone(desk: Desk) -> None:
    post = create(desk)
    with transaction():
        sign = signs.print_sign(desk.admin, post.id, after=0)
        services.edit_post(
            desk.admin, post.id, details=Details("北门岗", spot="岗亭", radius_m=200), seen=services.mark(post)
        )
    changed = session().get_one(Post, post.id)
    assert (changed.name, changed.spot, changed.radius_m, changed.number) == ("北门岗", "岗亭", 200, post.number)
    assert resolve(sign.typed_code, HOSTS).name == "北门岗"
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.edit")).one()
    assert entry.details == {"changed": ["name", "radius_m", "spot"]}


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(desk: Desk) -> None:
    post = create(desk)
    seen = services.mark(post)
    with transaction():
        services.edit_post(desk.admin, post.id, details=Details("北门岗"), seen=seen)
    with pytest.raises(Conflict) as refused, transaction():
        services.edit_post(desk.admin, post.id, details=Details("西门岗"), seen=seen)
    assert refused.value.code == "post_changed"
    with pytest.raises(Conflict), transaction():
        services.move_post(
            desk.admin, post.id, area_id=desk.village.id, position=Position(30.3, 120.3), reason="", seen=seen
        )
    assert session().get_one(Post, post.id).name == "北门岗"


def test_a_moved_post_needs_a_new_sign(desk: Desk, frozen_clock: object) -> None:
    post = create(desk)
    with transaction():
        grid = make_area("grid", "第一网格", desk.village)
        old = signs.print_sign(desk.admin, post.id, after=0)
    frozen_clock.tick(minutes=1)  # type: ignore[attr-defined]
    with transaction():
        services.move_post(
            desk.admin,
            post.id,
            area_id=grid.id,
            position=Position(30.201, 120.3),
            reason="岗亭搬了",
            seen=services.mark(post),
        )
    assert resolve(old.typed_code, HOSTS).moved
    assert resolve(old.typed_code, HOSTS).scope_path == grid.path
    frozen_clock.tick(minutes=1)  # type: ignore[attr-defined]
    with transaction():
        new = signs.print_sign(desk.admin, post.id, after=1)
    assert not resolve(new.typed_code, HOSTS).moved
    assert acts(post) == ["places.create", "places.print", "places.move", "places.print"]


def test_a_move_to_where_it_is_is_no_move(desk: Desk) -> None:
    post = create(desk)
    with pytest.raises(DomainError) as refused, transaction():
        services.move_post(
            desk.admin, post.id, area_id=desk.village.id, position=HERE, reason="", seen=services.mark(post)
        )
    assert refused.value.code == "not_moved"
    assert session().get_one(Post, post.id).moved_at is None


def test_a_post_stays_in_its_town(desk: Desk) -> None:
    post = create(desk)
    with transaction():
        both = make_member(desk.village)
        make_grant(both, "village_admin", desk.village)
        make_grant(both, "village_admin", desk.foreign)
    with pytest.raises(DomainError) as refused, transaction():
        services.move_post(
            actor_of(both), post.id, area_id=desk.foreign.id, position=HERE, reason="", seen=services.mark(post)
        )
    assert refused.value.code == "other_town"


def test_pausing_keeps_the_reason_and_resuming_forgets_it(desk: Desk) -> None:
    post = create(desk)
    with transaction():
        services.pause_post(desk.admin, post.id, reason=" 管网施工 ")
    assert session().get_one(Post, post.id).state_why == "管网施工"
    with pytest.raises(Conflict), transaction():
        services.pause_post(desk.admin, post.id, reason="再来一次")
    with transaction():
        services.resume_post(desk.admin, post.id)
    resumed = session().get_one(Post, post.id)
    assert (resumed.state, resumed.state_why) == ("active", None)
    with pytest.raises(Conflict), transaction():
        services.resume_post(desk.admin, post.id)
    assert acts(post) == ["places.create", "places.pause", "places.resume"]


def test_a_retired_post_takes_its_signs_along_and_never_returns(desk: Desk) -> None:
    post = create(desk)
    with transaction():
        sign = signs.print_sign(desk.admin, post.id, after=0)
    with transaction():
        services.retire_post(desk.admin, post.id, reason="拆了")
    with pytest.raises(PosterRevoked):
        resolve(sign.typed_code, HOSTS)
    assert session().get_one(PostPrint, sign.id).retired_why == services.POST_RETIRED
    again: list[Callable[[], object]] = [
        lambda: services.resume_post(desk.admin, post.id),
        lambda: services.pause_post(desk.admin, post.id, reason="x"),
        lambda: services.retire_post(desk.admin, post.id, reason="x"),
        lambda: signs.print_sign(desk.admin, post.id, after=1),
        lambda: services.edit_post(desk.admin, post.id, details=Details("x"), seen=services.mark(post)),
    ]
    for act in again:
        with pytest.raises(Conflict), transaction():
            act()


def test_a_new_generation_retires_the_one_before(desk: Desk) -> None:
    post = create(desk)
    with transaction():
        first = signs.print_sign(desk.admin, post.id, after=0)
    old_token = print_url(post, first).rpartition("/")[2]
    with transaction():
        second = signs.print_sign(desk.admin, post.id, after=1)
    assert (first.generation, second.generation) == (1, 2)
    assert (second.kid, second.printed_by) == ("a", desk.admin.member_id)
    for code in (old_token, first.typed_code):
        with pytest.raises(PosterRevoked):
            resolve(code, HOSTS)
    assert session().get_one(PostPrint, first.id).retired_why == signs.REPRINTED
    assert resolve(print_url(post, second).rpartition("/")[2], HOSTS).print_id == second.id


def test_a_second_tab_does_not_revoke_what_the_first_one_prints(desk: Desk) -> None:
    with transaction():
        post = make_post(desk.village)
        make_print(post, 1)
    with transaction():
        signs.print_sign(desk.admin, post.id, after=1)
    with pytest.raises(Conflict) as refused, transaction():
        signs.print_sign(desk.admin, post.id, after=1)
    assert refused.value.code == "printed_meanwhile"
    assert "第 2 版" in str(refused.value.message)


def test_printers_at_the_same_moment_make_one_generation(race_database: str, make_app: Callable[..., Flask]) -> None:
    house, gate = make_app(database_url=race_database), Barrier(4)

    def prepare() -> tuple[Actor, int]:
        with house.app_context():
            with transaction():
                village = make_village()
                post = make_post(village)
                admin = make_member(village)
                make_grant(admin, "village_admin", village)
            return actor_of(admin), post.id

    def press(actor: Actor, post_id: int) -> str:
        gate.wait()
        try:
            with house.app_context(), transaction():
                signs.print_sign(actor, post_id, after=0)
        except Conflict as refused:
            return refused.code
        return "printed"

    def printed() -> list[int]:
        with house.app_context():
            return [sign.generation for sign in session().scalars(select(PostPrint))]

    # All in threads: this one is tied to the connection of its own test.
    with ThreadPoolExecutor(4) as pool:
        who = pool.submit(prepare).result()
        answers = [pressed.result() for pressed in [pool.submit(press, *who) for _ in range(4)]]
        assert sorted(answers) == ["printed", *["printed_meanwhile"] * 3]
        assert pool.submit(printed).result() == [1]
