"""What offices hear from the rooms below, in the same transaction."""

from __future__ import annotations

from community.access import leaving
from community.access.models import RoleGrant
from community.core import paths
from community.people.events import MemberErased
from community.places.events import AreaMoved


def area_moved(event: AreaMoved) -> None:
    """Let offices reach what their area is and holds now, wherever it lies."""
    paths.rewrite((RoleGrant.scope_path,), event.old_path, event.new_path)


def end_offices(event: MemberErased) -> None:
    """Who is erased holds no office any more."""
    leaving.end_all(event.ids)
