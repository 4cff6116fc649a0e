"""What people hear from the rooms below, in the same transaction."""

from __future__ import annotations

from sqlalchemy import update

from community.core import paths
from community.core.authz import under
from community.core.db import session
from community.people.models import Member, MemberArea
from community.places.events import AreaMoved


def area_moved(event: AreaMoved) -> None:
    """Let homes and belongings follow an area that moved; into another town, its people are that town's."""
    paths.rewrite((Member.home_path, MemberArea.scope_path), event.old_path, event.new_path)
    if event.town_id is not None:
        there = update(Member).where(under(Member.home_path, (event.new_path,)))
        session().execute(there.values(town_id=event.town_id).execution_options(synchronize_session=False))
