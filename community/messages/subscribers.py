"""What the messages hear from the rooms below, in the same transaction."""

from __future__ import annotations

from community.core import paths
from community.messages.models import Announcement
from community.places.events import AreaMoved


def area_moved(event: AreaMoved) -> None:
    """Let announcements follow the area they are for."""
    paths.rewrite((Announcement.scope_path,), event.old_path, event.new_path)
