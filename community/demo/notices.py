"""What the demo district announces: shown, planned, over and withdrawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import yaml

from community.core import clock
from community.core.authz import Actor
from community.demo.district import DISTRICT_FILE
from community.demo.loading import Loaded
from community.messages import backfill as messages
from community.messages.backfill import PastAnnouncement
from community.messages.policies import Words

_HOUR = dt.time(9, 30)


def load_notices(actor: Actor, loaded: Loaded) -> list[int]:
    """Write the announcements of the district's file, dated from the day of loading; return their ids."""
    with DISTRICT_FILE.open(encoding="utf-8") as lines:
        rows = yaml.safe_load(lines)["notices"]
    return messages.add_announcements(actor, list(_past(loaded, rows)))


def _past(loaded: Loaded, rows: list[dict[str, Any]]) -> Iterator[PastAnnouncement]:
    codes = {area.name: area.code for area in reversed(loaded.district.areas)}
    for row in rows:
        area = loaded.areas[codes[row["area"]]]
        starts = min(clock.at_local(loaded.today - dt.timedelta(days=row["days"]), _HOUR), _latest(row))
        lasts = row.get("for_days")
        yield PastAnnouncement(
            area_id=area.id,
            town_id=area.town_id,
            scope_path=area.path,
            by_id=loaded.members[loaded.population.by_key(row["by"]).number],
            words=Words(
                title=row["title"],
                body=row["body"],
                audience=row["to"],
                starts_at=starts,
                until=starts + dt.timedelta(days=lasts) if lasts else None,
                important=row.get("important", False),
            ),
            withdrawn_at=starts + dt.timedelta(hours=3) if row.get("withdrawn") else None,
            withdrawn_why=row.get("withdrawn"),
        )


def _latest(row: dict[str, Any]) -> dt.datetime:
    # What is announced for days to come lies ahead whatever the hour of loading, what was announced never does.
    return clock.now() if row["days"] >= 0 else dt.datetime.max.replace(tzinfo=dt.UTC)
