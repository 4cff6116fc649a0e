"""What every measurement stands on: a district of towns and villages, a rule that earns, people of the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from community.core import clock
from community.people import consents
from community.people.backfill import PastMember, Verified
from community.places.backfill import AreaRef, NewArea
from community.points.services.books import NewRule


def town_code(town: int) -> str:
    """Return the code of a town, by its number from 0."""
    return f"t{town:02}"


def village_code(town: int, village: int = 0) -> str:
    """Return the code of a village of a town, both by their numbers from 0."""
    return f"v{town:02}{village:02}"


def areas(towns: int, villages: int = 1) -> Iterator[NewArea]:
    """Yield a district with so many towns of so many villages each, the higher ones first."""
    yield NewArea("d1", "district", "区", "沥江区", None, "d1/", None)
    for number in range(towns):
        town = town_code(number)
        yield NewArea(town, "town", "街道", f"第{number + 1}街道", "d1", f"d1/{town}/", 40_000)
        for place in range(villages):
            village = village_code(number, place)
            yield NewArea(village, "village", "社区", f"第{place + 1}社区", town, f"d1/{town}/{village}/", 8_000)


def earning(
    code: str = "P01",
    amount: int = 5,
    *,
    asset: str = "points",
    months: int = 24,
    once_per: str = "",
    cap_day: int | None = None,
) -> NewRule:
    """Return a rule by which accepted check-ins earn, in force since 2020."""
    return NewRule(
        code=code,
        version="1",
        trigger="CheckInAccepted",
        min_grade="D",
        amount=amount,
        once_per=once_per,
        cap_day=cap_day,
        expires_months=months,
        text_zh=f"每次有效打卡记{amount}。",
        text_en=f"Each accepted check-in earns {amount}.",
        resolution="1",
        published_on=dt.date(2020, 1, 1),
        effective_on=dt.date(2020, 2, 1),
        asset=asset,
    )


def person(member_id: int, village: AreaRef, *, days: int = 30) -> PastMember:
    """Return a verified member of a village, who joined so many days ago and agreed to be recorded."""
    joined = clock.now() - dt.timedelta(days=days)
    return PastMember(
        id=member_id,
        name="王桂芬",
        phone=None,
        age_band="60+",
        home_id=village.id,
        home_path=village.path,
        town_id=village.town_id,
        joined_at=joined,
        verified=Verified(joined, None),
        consents=(consents.SERVICE, consents.PRESENCE),
    )
