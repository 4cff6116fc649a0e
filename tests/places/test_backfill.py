"""Many areas and posts at once."""

import datetime as dt

import pytest

from community.core.authz import Actor, system_actor
from community.core.config import settings
from community.core.db import session, transaction
from community.core.errors import Forbidden
from community.places import backfill, codes
from community.places.backfill import NewArea, NewPost
from community.places.models import Area, Post, PostPrint

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")
HUNG = dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
DISTRICT = NewArea("990100", "district", "", "沥江区", None, "990100/", 2_700_000)
TOWN = NewArea("990100001", "town", "街道", "白塘街道", "990100", "990100/990100001/", 4920)
GRID = NewArea("990100001001", "grid", "", "晚潮第一网格", "990100001", "990100/990100001/990100001001/", 1320)


def post(area_code: str = GRID.code) -> NewPost:
    return NewPost(area_code, "001-01", "晚潮苑南门岗", "patrol", 30.2, 120.3, 150, "volunteers", "active", HUNG, 7)


def test_areas_know_their_parent_and_their_town() -> None:
    with transaction():
        made = backfill.add_areas(IMPORT, [DISTRICT, TOWN, GRID])

    grid = session().get_one(Area, made[GRID.code].id)
    assert (grid.parent_id, grid.town_id, grid.path) == (made[TOWN.code].id, made[TOWN.code].id, GRID.path)
    assert session().get_one(Area, made[DISTRICT.code].id).town_id is None
    assert session().get_one(Area, made[TOWN.code].id).town_id == made[TOWN.code].id


def test_a_child_before_its_parent_is_refused() -> None:
    with pytest.raises(KeyError), transaction():
        backfill.add_areas(IMPORT, [GRID, DISTRICT])


def test_a_post_gets_a_first_sign_that_can_be_scanned_and_typed() -> None:
    with transaction():
        areas = backfill.add_areas(IMPORT, [DISTRICT, TOWN, GRID])
        (ref,) = backfill.add_posts(IMPORT, [post()], areas=areas)

    stored, sign = session().get_one(Post, ref.id), session().get_one(PostPrint, ref.print_id)
    token = codes.print_url(stored, sign).rpartition("/")[2]
    assert codes.resolve(token, [settings().public_host]).print_id == ref.print_id
    assert codes.resolve(sign.typed_code, []).post_id == ref.id
    assert stored.scope_path == GRID.path


def test_a_post_outside_every_town_is_refused() -> None:
    with transaction():
        areas = backfill.add_areas(IMPORT, [DISTRICT])
    with pytest.raises(ValueError, match="no town"), transaction():
        backfill.add_posts(IMPORT, [post(DISTRICT.code)], areas=areas)


def test_a_database_is_empty_until_its_first_area() -> None:
    assert backfill.is_empty(IMPORT)
    with transaction():
        backfill.add_areas(IMPORT, [DISTRICT])
    assert not backfill.is_empty(IMPORT)


def test_a_person_may_not_backfill_whatever_she_holds() -> None:
    with pytest.raises(Forbidden), transaction():
        backfill.add_areas(Actor(1), [DISTRICT])
    with pytest.raises(Forbidden), transaction():
        backfill.add_posts(Actor(1), [], areas={})
