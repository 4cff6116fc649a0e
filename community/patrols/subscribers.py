"""What check-ins hear from the rooms below, in the same transaction."""

from __future__ import annotations

from community.core import paths
from community.patrols.models import Attempt, CheckIn
from community.places.events import AreaMoved


def area_moved(event: AreaMoved) -> None:
    """Let check-ins and refused scans be found where their posts are now; a check-in stays its town's."""
    paths.rewrite((CheckIn.scope_path, Attempt.scope_path), event.old_path, event.new_path)
