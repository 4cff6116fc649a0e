"""What the desk does to the area tree, on both engines; a moved area takes its paths along in every room."""

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor, Perm, can, under
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.people.models import Member
from community.places import areas
from community.places.models import Area, ImportRun, Post, Unit
from community.places.policies import AreaDetails
from community.teams.models import Team
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_town, make_village
from tests.factories.teams import make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@dataclass(frozen=True)
class Tree:
    """A district of two towns; the first has a village with a grid and a building."""

    district: Area
    town: Area
    other: Area
    village: Area
    next_village: Area
    grid: Area
    building: Area
    office: Actor
    town_admin: Actor
    village_admin: Actor


@pytest.fixture
def tree(engine_name: str) -> Tree:
    with transaction():
        district = make_area("district", "沥江区", code="990100")
        town, other = make_town("白塘街道", district), make_town("桑埠镇", district)
        village, next_village = make_village(town), make_village(town, "安澜社区")
        grid = make_area("grid", "第一网格", village)
        building = make_area("building", "晚潮苑1幢", grid)
        people = [make_member(None) for _n in range(3)]
        for member, role, area in zip(
            people, ("system_admin", "town_admin", "village_admin"), (district, town, village), strict=True
        ):
            make_grant(member, role, area)
    return Tree(district, town, other, village, next_village, grid, building, *(actor_of(one) for one in people))


def details(area: Area, **changed: object) -> AreaDetails:
    whole = AreaDetails(area.name, area.code, area.title, area.population, area.phone or "")
    return replace(whole, **changed)  # type: ignore[arg-type]


def path_of(area: Area) -> str:
    return session().scalars(select(Area.path).where(Area.id == area.id)).one()


def add(actor: Actor, parent: Area, kind: str, code: str, **changed: object) -> Area:
    with transaction():
        return areas.create_area(
            actor,
            parent_id=parent.id,
            kind=kind,
            details=AreaDetails(**({"name": "新的", "code": code} | changed)),  # type: ignore[arg-type]
        )


def move(actor: Actor, area: Area, parent: Area) -> None:
    with transaction():
        areas.move_area(actor, area.id, parent_id=parent.id, reason="区划调整", seen=areas.mark(area))


# --- setting up ---


def test_an_area_is_set_up_below_its_parent_and_its_code_keeps_its_zeros(tree: Tree) -> None:
    made = add(
        tree.village_admin, tree.village, "grid", "００7001", name="第二网格", population=900, phone="0571-82000001"
    )
    assert (made.code, made.path, made.town_id) == ("007001", f"{tree.village.path}007001/", tree.town.id)
    assert (made.population, made.phone) == (900, "0571-82000001")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.area_create")).one()
    assert (entry.object_id, entry.scope_path) == (str(made.id), made.path)


def test_a_town_is_its_own_town(tree: Tree) -> None:
    assert (made := add(tree.office, tree.district, "town", "990100009")).town_id == made.id


@pytest.mark.parametrize(
    ("kind", "parent"), [("village", "district"), ("town", "village"), ("grid", "grid"), ("grid", "building")]
)
def test_kinds_nest_in_order(tree: Tree, kind: str, parent: str) -> None:
    with pytest.raises(DomainError) as refused:
        add(tree.office, getattr(tree, parent), kind, "77")
    assert (refused.value.code, refused.value.field) == ("nesting", "parent_id")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "字" * 61}, "name"),
        ({"name": "东\u202e区"}, "name"),
        ({"code": ""}, "code"),
        ({"code": "99/01"}, "code"),
        ({"code": "９９％"}, "code"),
        ({"code": "9" * 31}, "code"),
        ({"title": "字" * 11}, "title"),
        ({"population": -1}, "population"),
        ({"phone": "13x"}, "phone"),
        ({"phone": "问王芳"}, "phone"),
    ],
)
def test_bad_details_are_refused_with_their_field(tree: Tree, changed: dict[str, object], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        add(tree.village_admin, tree.village, "grid", **({"code": "77"} | changed))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_code_is_one_areas_alone_whatever_its_case(tree: Tree) -> None:
    add(tree.office, tree.village, "grid", "G7a")
    with pytest.raises(DomainError) as refused:
        add(tree.office, tree.next_village, "grid", "g7A")
    assert refused.value.code == "code_taken"


def test_nobody_changes_what_she_holds_herself_or_what_is_elsewhere(tree: Tree) -> None:
    for actor, area in ((tree.village_admin, tree.village), (tree.town_admin, tree.town)):
        with pytest.raises(NotFound), transaction():
            areas.edit_area(actor, area.id, details=details(area, name="改"), seen=areas.mark(area))
        assert not areas.may_manage(actor, area)
    with pytest.raises(NotFound), transaction():
        areas.close_area(tree.village_admin, tree.next_village.id, reason="")
    with pytest.raises(DomainError) as refused:
        add(tree.village_admin, tree.next_village, "grid", "77")
    assert refused.value.code == "parent_unknown"
    with transaction():
        stranger = make_member(tree.village)
    with pytest.raises(Forbidden):
        add(actor_of(stranger), tree.village, "grid", "77")


def test_a_form_that_lay_open_does_not_undo_anothers_change(tree: Tree) -> None:
    seen = areas.mark(tree.grid)
    with transaction():
        areas.edit_area(tree.village_admin, tree.grid.id, details=details(tree.grid, name="东片"), seen=seen)
    with pytest.raises(Conflict), transaction():
        areas.edit_area(tree.village_admin, tree.grid.id, details=details(tree.grid, name="西片"), seen=seen)


# --- moving ---


def test_a_moved_area_keeps_its_grants_and_the_old_village_sees_it_no_more(tree: Tree) -> None:
    with transaction():
        worker = make_member(tree.grid)
        make_grant(worker, "grid_worker", tree.grid)
        post = make_post(tree.grid)
    move(tree.town_admin, tree.grid, tree.next_village)
    moved = session().get_one(Post, post.id)
    assert can(actor_of(session().get_one(Member, worker.id)), Perm.POST_READ, moved)
    assert not can(tree.village_admin, Perm.POST_READ, moved)
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.area_move")).one()
    assert entry.details["from"] == f"{tree.village.path}{tree.grid.code}/"
    assert entry.reason == "区划调整"


def test_a_new_code_rewrites_the_paths_below(tree: Tree) -> None:
    with transaction():
        post = make_post(tree.building)
    with transaction():
        areas.edit_area(
            tree.town_admin, tree.village.id, details=details(tree.village, code="0107"), seen=areas.mark(tree.village)
        )
    assert path_of(tree.building) == f"{tree.town.path}0107/{tree.grid.code}/{tree.building.code}/"
    assert session().get_one(Post, post.id).scope_path == path_of(tree.building)


def test_a_sibling_whose_code_begins_alike_stays(tree: Tree) -> None:
    add(tree.office, tree.village, "grid", "77")
    beside = add(tree.office, tree.village, "grid", "770")
    first = session().scalars(select(Area).where(Area.code == "77")).one()
    move(tree.office, first, tree.next_village)
    assert path_of(beside) == f"{tree.village.path}770/"


def test_a_village_that_moves_into_another_town_becomes_that_towns(tree: Tree) -> None:
    with transaction():
        post, person, team = make_post(tree.grid), make_member(tree.building), make_team(tree.village)
        unit = Unit(building_id=tree.building.id, town_id=tree.town.id, scope_path=tree.building.path, label="101")
        session().add(unit)
    move(tree.office, tree.village, tree.other)
    for model, row in ((Post, post), (Member, person), (Team, team), (Unit, unit), (Area, tree.building)):
        assert session().get_one(model, row.id).town_id == tree.other.id
    assert path_of(tree.building).startswith(f"{tree.other.path}{tree.village.code}/")


def test_numbers_that_the_other_town_uses_are_named_before_anything_moves(tree: Tree) -> None:
    with transaction():
        make_post(tree.grid, number="X-01")
        make_post(tree.other, number="X-01")
    before = path_of(tree.village)
    with pytest.raises(Conflict) as refused:
        move(tree.office, tree.village, tree.other)
    assert "X-01" in str(refused.value.message)
    assert path_of(tree.village) == before


def test_an_area_moves_only_within_the_movers_reach_and_to_where_it_may_lie(tree: Tree) -> None:
    for actor, parent, code in (
        (tree.town_admin, tree.other, "parent_unknown"),
        (tree.town_admin, tree.village, "not_moved"),
        (tree.town_admin, tree.town, "nesting"),
    ):
        with pytest.raises(DomainError) as refused:
            move(actor, tree.grid, parent)
        assert refused.value.code == code


# --- closing ---


def test_an_area_in_use_is_not_closed_and_says_what_is_there(tree: Tree) -> None:
    with transaction():
        make_post(tree.grid)
        make_member(tree.building)
        make_team(tree.grid)
    with pytest.raises(Conflict) as refused, transaction():
        areas.close_area(tree.village_admin, tree.grid.id, reason="合并")
    said = str(refused.value.message)
    assert all(words in said for words in ("1 个区域", "1 个在用的岗点", "1 位居民", "1 支队伍"))
    assert session().get_one(Area, tree.grid.id).closed_at is None


def test_an_empty_area_is_closed_with_its_units_and_opened_again(tree: Tree) -> None:
    with transaction():
        for label, closed in (("101", None), ("102", clock.now().replace(year=2020))):
            session().add(
                Unit(
                    building_id=tree.building.id, town_id=tree.town.id, scope_path=tree.building.path,
                    label=label, closed_at=closed,
                )
            )  # fmt: skip
    with transaction():
        areas.close_area(tree.village_admin, tree.building.id, reason="拆除")
    units = session().scalars(select(Unit).order_by(Unit.label)).all()
    assert all(unit.closed_at for unit in units)
    with pytest.raises(DomainError):
        add(tree.office, tree.building, "building", "88")
    with transaction():
        areas.reopen_area(tree.village_admin, tree.building.id)
    session().expire_all()
    assert [unit.closed_at is None for unit in units] == [True, False]


def test_nothing_is_put_below_a_closed_area(tree: Tree) -> None:
    with transaction():
        areas.close_area(tree.village_admin, tree.building.id, reason="")
        areas.close_area(tree.village_admin, tree.grid.id, reason="")
    with pytest.raises(DomainError) as refused:
        add(tree.village_admin, tree.grid, "building", "77")
    assert refused.value.code == "parent_closed"
    with pytest.raises(Conflict), transaction():
        areas.reopen_area(tree.village_admin, tree.building.id)


def test_the_log_itself_cannot_be_moved_by_anybody(tree: Tree) -> None:
    add(tree.office, tree.village, "grid", "77")
    with pytest.raises((DBAPIError, DomainError)), transaction():
        session().execute(update(AuditEntry).values(scope_path="x/"))


def test_a_move_that_fails_later_leaves_every_path_where_it_was(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    from community.core import events  # noqa: PLC0415 - the bus itself is made to fail

    def fail(_event: object) -> None:
        raise RuntimeError

    wired = events.wired()
    monkeypatch.setattr(events, "_handlers", {kind: (*handlers, fail) for kind, handlers in wired.items()})
    with pytest.raises(RuntimeError):
        move(tree.town_admin, tree.grid, tree.next_village)
    below = select(func.count()).select_from(Area).where(under(Area.path, (tree.village.path,)))
    assert session().scalar(below) == 3


def test_a_run_in_progress_follows_its_area(tree: Tree) -> None:
    with transaction():
        run = ImportRun(
            kind="posts", area_id=tree.grid.id, scope_path=tree.grid.path, file_name="a.csv", state="checked",
            made_by=1, created_at=clock.now(),
        )  # fmt: skip
        session().add(run)
    move(tree.town_admin, tree.grid, tree.next_village)
    assert session().get_one(ImportRun, run.id).scope_path == path_of(tree.grid)
