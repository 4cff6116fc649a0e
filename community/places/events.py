"""What the rooms above hear from places, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AreaMoved:
    """An area and all below it have another path: its code or its place in the tree changed.

    Every room that stores paths rewrites its own (`core.paths.rewrite`). `town_id` is the town it lies in now, when
    that changed too; None otherwise. What has been decided in a town (check-ins, awards) stays that town's.
    """

    area_id: int
    old_path: str
    new_path: str
    town_id: int | None = None
