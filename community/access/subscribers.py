"""What access hears from the rooms below, in the same transaction."""

from __future__ import annotations

from community.access.models import RoleGrant
from community.core import paths
from community.places.events import AreaMoved


def area_moved(event: AreaMoved) -> None:
    """Let grants reach what they reached before the area moved."""
    paths.rewrite((RoleGrant.scope_path,), event.old_path, event.new_path)
