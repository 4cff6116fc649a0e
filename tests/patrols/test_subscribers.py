"""What check-ins hear: an area that moved, a member who is erased."""

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.db import session, transaction
from community.core.events import emit
from community.patrols.models import Attempt, CheckIn
from community.patrols.services.checkin import check_in
from community.people.events import MemberErased
from community.places.events import AreaMoved
from tests.factories.access import actor_of
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def scene() -> Scene:
    with transaction():
        made = make_scene()
        for member in (made.member, made.admin):
            session().add(
                Attempt(
                    at=clock.now(), member_id=member.id, device=DEVICE, code="no_consent", src="poster",
                    scope_path=made.village.path,
                )
            )  # fmt: skip
    with transaction():
        check_in(actor_of(made.member), made.scanned, NEAR, device=DEVICE)
    return made


def test_check_ins_and_refused_scans_follow_their_area(scene: Scene) -> None:
    with transaction():
        emit(AreaMoved(scene.village.id, scene.village.path, "elsewhere/"))
    assert session().scalars(select(CheckIn.scope_path)).all() == ["elsewhere/"]
    assert set(session().scalars(select(Attempt.scope_path))) == {"elsewhere/"}


def test_erasing_cuts_check_ins_from_the_phone_and_deletes_refused_scans(scene: Scene) -> None:
    with transaction():
        emit(MemberErased(scene.member.id, (scene.member.id,)))
    session().expire_all()
    row = session().scalars(select(CheckIn)).one()
    assert (row.device, row.member_id, row.status) == ("", scene.member.id, "accepted")
    assert session().scalars(select(Attempt.member_id)).all() == [scene.admin.id]
