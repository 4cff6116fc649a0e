"""The board of a town: what teams and grids earned together, and the members who chose to be named beside them.

No number of fewer than five people leaves this module (PIPL, points.md §6.4): neither by itself, nor as what is left
when the groups that are shown are taken from their sum.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from community.core.db import session
from community.people import queries as people
from community.people.policies import MINOR
from community.places import queries as places
from community.points.models import Account, BoardName, Entry, MonthGroup, PeriodClose, Transfer, Txn
from community.points.queries import months
from community.teams import queries as teams

FEWEST = 5
# So many are named; who is further down sees her own place.
NAMED = 50
# So many words on one page of the desk's.
ALIASES = 50

# Town and month → account → what it earned; of so many months.
_MONTHS: dict[tuple[int, dt.date], dict[int, int]] = {}
_MONTHS_MOST = 64
_AT_ONCE = 5000

_ACCOUNT, _ENTRY, _TRANSFER = Account.__table__.c, Entry.__table__.c, Transfer.__table__.c
_TXN, _NAME = Txn.__table__.c, BoardName.__table__.c


@dataclass(frozen=True, slots=True)
class Together:
    """What so many people of a group earned together; `group_id` 0 for all who are in none."""

    group_id: int
    name: str
    points: int
    people: frozenset[int]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who chose to be on the board, with her points of the month and her place; equals share one."""

    member_id: int
    alias: str | None
    name: str
    points: int
    place: int


def latest(town_id: int) -> PeriodClose | None:
    """Return the town's newest published month."""
    found = months.months([town_id], published=True)
    return found[0] if found else None


def kept(month: PeriodClose) -> dict[str, list[MonthGroup]]:
    """Return the month's groups by kind, those with most points first."""
    rows = session().scalars(
        select(MonthGroup)
        .where(MonthGroup.town_id == month.town_id, MonthGroup.month_on == month.month_on)
        .order_by(MonthGroup.points.desc(), MonthGroup.name, MonthGroup.group_id)
    )
    found: dict[str, list[MonthGroup]] = {"team": [], "grid": []}
    for row in rows:
        found[row.kind].append(row)
    return found


def counted(town_id: int, month_on: dt.date) -> dict[str, list[Together]]:
    """Return what may be shown of a month's teams and grids, as the books have it now."""
    earned = _earned(town_id, month_on)
    return {"team": shown(_teams(town_id, earned)), "grid": shown(_grids(town_id, earned))}


def shown(groups: Iterable[Together]) -> list[Together]:
    """Return the groups of five people and more, so many that those left out are five together, or nobody."""
    every = sorted(groups, key=lambda one: (-len(one.people), one.group_id))
    kept = [one for one in every if len(one.people) >= FEWEST and one.group_id]
    left = [one for one in every if one not in kept]
    while kept and 0 < len(frozenset().union(*(one.people for one in left))) < FEWEST:
        left.append(kept.pop())
    return kept


def named(month: PeriodClose) -> list[Named]:
    """Return the members who chose to be named and earned something in the month; nobody when they are fewer than five.

    Asked anew each time: who leaves is gone with the next page. Minors, and whoever is not active and verified, are
    never among them, whatever the table says (product.md §5.4).
    """
    member = people.MEMBER.c
    chose = session().execute(
        select(_NAME.member_id, _NAME.alias, _NAME.account_id, member.display_name)
        .join(
            Account.__table__,
            (_ACCOUNT.id == _NAME.account_id) & (_ACCOUNT.subject_id == _NAME.member_id),
        )
        .join(people.MEMBER, member.id == _NAME.member_id)
        .where(
            _NAME.town_id == month.town_id, member.status == "active", member.verified_at.is_not(None),
            member.age_band != MINOR,
        )
    ).all()  # fmt: skip
    earned = _of_accounts(month, [row.account_id for row in chose])
    rows = sorted(
        ((row, earned[row.account_id]) for row in chose if earned.get(row.account_id, 0) > 0),
        key=lambda found: (-found[1], found[0].member_id),
    )
    return _placed(rows) if len(rows) >= FEWEST else []


def aliases(town_id: int, page: int = 1) -> tuple[Sequence[Row[Any, Any]], bool]:
    """Return a page of the words by which people are named on a town's board, the newest first, and if more follow.

    Each with when it was chosen, and nothing of whose it is.
    """
    words = select(_NAME.alias, _NAME.chosen_at).where(_NAME.town_id == town_id, _NAME.alias.is_not(None))
    page = max(1, page)
    found = (
        session()
        .execute(
            words.order_by(_NAME.chosen_at.desc(), _NAME.alias_key).limit(ALIASES + 1).offset((page - 1) * ALIASES)
        )
        .all()
    )
    return found[:ALIASES], len(found) > ALIASES


def chosen(actor_ids: Sequence[int]) -> dict[int, BoardName]:
    """Return town → what one member (her ids) chose there."""
    rows = session().scalars(select(BoardName).where(BoardName.member_id.in_(actor_ids)))
    return {row.town_id: row for row in rows}


def _placed(rows: Sequence[tuple[Any, int]]) -> list[Named]:
    found: list[Named] = []
    for index, (row, points) in enumerate(rows, 1):
        place = found[-1].place if found and found[-1].points == points else index
        found.append(Named(row.member_id, row.alias, row.display_name, points, place))
    return found


def _of_accounts(month: PeriodClose, account_ids: Sequence[int]) -> Mapping[int, int]:
    """Return account → what it earned in a published month, wrong awards taken off.

    Asked for once in each process: nothing is ever written into a month that was published, and everybody may open
    the board as often as she likes. Only who has chosen since is summed up, from what was written in that month.
    """
    key = (month.town_id, month.month_on)
    known = _MONTHS.get(key, {})
    missing = [one for one in account_ids if one not in known]
    if missing:
        known = dict.fromkeys(missing, 0) | known
        for first in range(0, len(missing), _AT_ONCE):
            known |= _sums(month, missing[first : first + _AT_ONCE])
        while len(_MONTHS) >= _MONTHS_MOST:
            _MONTHS.pop(next(iter(_MONTHS)), None)
        _MONTHS[key] = known
    return known


def _sums(month: PeriodClose, account_ids: Sequence[int]) -> dict[int, int]:
    start, end = months.bounds(month.month_on)
    rows = session().execute(
        select(_ENTRY.account_id, func.sum(_ENTRY.delta))
        .select_from(Txn.__table__)
        .join(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .join(Entry.__table__, _ENTRY.transfer_id == _TRANSFER.id)
        .where(
            _TXN.town_id == month.town_id, _TXN.kind.in_(("award", "reverse")), _TXN.recorded_at >= start,
            _TXN.recorded_at < end, _ENTRY.account_id.in_(account_ids),
        )
        .group_by(_ENTRY.account_id)
    )  # fmt: skip
    return {row[0]: int(row[1]) for row in rows}


def _earned(town_id: int, month_on: dt.date) -> dict[tuple[int, str], int]:
    """Return (member, path of the place) → points of the month, wrong awards taken off; nothing that is not above 0."""
    start, end = months.bounds(month_on)
    where = _TXN.explain["where"].as_string()
    rows = session().execute(
        select(_ACCOUNT.subject_id, where, func.sum(_ENTRY.delta))
        .select_from(Txn.__table__)
        .join(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .join(Entry.__table__, _ENTRY.transfer_id == _TRANSFER.id)
        .join(Account.__table__, _ACCOUNT.id == _ENTRY.account_id)
        .where(
            _TXN.town_id == town_id, _TXN.kind.in_(("award", "reverse")), _TXN.recorded_at >= start,
            _TXN.recorded_at < end, _ACCOUNT.asset == "points", _ACCOUNT.kind == "resident",
        )
        .group_by(_ACCOUNT.subject_id, where)
    )  # fmt: skip
    return {(row[0], row[1] or ""): int(row[2]) for row in rows if row[2] > 0}


def _teams(town_id: int, earned: Mapping[tuple[int, str], int]) -> list[Together]:
    """By team: what its active members earned, whichever team they did it for; who is in two counts in both."""
    total: defaultdict[int, int] = defaultdict(int)
    for (member_id, _path), points in earned.items():
        total[member_id] += points
    names: dict[int, str] = {}
    members: defaultdict[int, set[int]] = defaultdict(set)
    for team_id, name, member_id in teams.serving_in_town(town_id):
        if member_id in total:
            names[team_id] = name
            members[team_id].add(member_id)
    alone = set(total) - {one for team in members.values() for one in team}
    return [
        Together(team_id, names.get(team_id, ""), sum(total[one] for one in ids), frozenset(ids))
        for team_id, ids in [*members.items(), (0, alone)]
        if ids
    ]


def _grids(town_id: int, earned: Mapping[tuple[int, str], int]) -> list[Together]:
    """By grid: what was earned at its places, by whomever."""
    town = places.area(town_id)
    grids = sorted(places.within("grid", town.path), key=lambda grid: -len(grid.path)) if town else []
    points: defaultdict[int, int] = defaultdict(int)
    members: defaultdict[int, set[int]] = defaultdict(set)
    for (member_id, path), amount in earned.items():
        grid_id = next((grid.id for grid in grids if path.startswith(grid.path)), 0)
        points[grid_id] += amount
        members[grid_id].add(member_id)
    names = {grid.id: grid.name for grid in grids}
    return [Together(one, names.get(one, ""), points[one], frozenset(ids)) for one, ids in members.items()]
