"""Her check-ins as she reads them: no coordinate, no other person."""

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.db import session, transaction
from community.core.holdings import copy
from community.patrols import holdings
from community.patrols.models import Attempt, CheckIn
from community.patrols.services.checkin import check_in
from tests.factories.access import actor_of
from tests.factories.patrols import DEVICE, NEAR, make_scene

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def told(key: str, *ids: int) -> list[dict[str, object]]:
    return list(copy(next(one for one in holdings.HELD.kept if one.key == key), ids))


def test_a_check_in_is_told_with_its_moves_and_a_refused_scan_beside_it() -> None:
    with transaction():
        scene = make_scene()
        session().add(
            Attempt(at=clock.now(), member_id=scene.member.id, device=DEVICE, code="no_consent", src="poster")
        )
        session().add(Attempt(at=clock.now(), member_id=scene.admin.id, device=DEVICE, code="suspended", src="poster"))
    with transaction():
        check_in(actor_of(scene.member), scene.scanned, NEAR, device=DEVICE)
    (row,) = told("checkins", scene.member.id)
    assert (row["post"], row["band"], row["status"], row["device"]) == (scene.post.name, "near", "accepted", DEVICE)
    assert not {"lat", "lon"} & set(row)
    assert [move["to_status"] for move in told("checkin_moves", scene.member.id)] == ["accepted"]
    assert [one["code"] for one in told("attempts", scene.member.id)] == ["no_consent"]
    assert told("checkins", scene.admin.id) == []


def test_what_she_recorded_for_others_is_told_without_their_names() -> None:
    with transaction():
        scene = make_scene()
    with transaction():
        check_in(actor_of(scene.member), scene.scanned, NEAR, device=DEVICE)
        first = session().scalars(select(CheckIn)).one()
        assert first.proxy_id is None
    assert told("checkins_for_others", scene.admin.id) == []
    words = next(one for one in holdings.HELD.kept if one.key == "checkins_for_others").words
    assert set(words) == {"post", "used_at", "status"}
