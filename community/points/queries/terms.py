"""A town's settings about points; what nobody has set is as the product ships it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from community.core.db import session
from community.points.models import TownTerms

# From how many minutes of service on two people decide: hours are what is bought and sold (points.md §3, 13).
FOUR_EYES_MINUTES = 240


@dataclass(frozen=True, slots=True)
class Settings:
    """From how many points on two people decide, and how many days an appeal and a pick-up have."""

    four_eyes_from: int = 50
    appeal_days: int = 7
    pick_up_days: int = 14

    def people_needed(self, asset: str, amount: int) -> int:
        """Return how many people have to say yes to so much: one, or two."""
        return 2 if amount >= (FOUR_EYES_MINUTES if asset == "minutes" else self.four_eyes_from) else 1


def of_town(town_id: int) -> Settings:
    """Return the settings of a town."""
    return of_towns([town_id])[town_id]


def of_towns(town_ids: Collection[int]) -> dict[int, Settings]:
    """Return the settings of several towns, in one statement."""
    rows = session().execute(
        select(TownTerms.town_id, TownTerms.four_eyes_from, TownTerms.appeal_days, TownTerms.pick_up_days).where(
            TownTerms.town_id.in_(town_ids)
        )
    ) if town_ids else ()  # fmt: skip
    return dict.fromkeys(town_ids, Settings()) | {town_id: Settings(*said) for town_id, *said in rows}
