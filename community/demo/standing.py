"""What the demo's people see of time and of each other: points that expire soon, and names on the board by choice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from community.access import queries as access
from community.core import clock
from community.core.authz import Actor, must_be_system
from community.demo.loading import Loaded
from community.people import queries as people
from community.points.queries import accounts, lots
from community.points.services import adjusting, reminding, showing
from community.points.services.posting import By

# Who had points in the paper book of before: so many, and for how many more days they are valid.
_BOOK = (("captain", 26, 24), ("patrol_leader", 18, 6), ("rider", 12, 52), ("village_admin", 9, 30))
# How those call themselves who want to be on the board; "" for a masked name.
_ALIASES = ("夜里一盏灯", "巷口的桂花", "", "三号楼老把式", "骑手小蓝", "梧桐树下", "", "爱管闲事", "河边散步的人")


def load_expiring(actor: Actor, loaded: Loaded) -> None:
    """Take over what some had in the paper book, and tell everybody what expires. Comes after all other postings."""
    must_be_system(actor)
    today = clock.today()
    for key, amount, days in _BOOK:
        member = people.known_member(loaded.members[loaded.population.by_key(key).number])
        if member.town_id is not None:
            adjusting.adjust(
                member.town_id, member.id, "points", amount, expires_on=today + dt.timedelta(days=days), by=By(0),
                evidence_ref=f"book:paper-{key}", reason_code="opening", explain={"book": "paper"},
            )  # fmt: skip
    for account_id in lots.to_tell(today):
        reminding.tell(account_id, today)


def load_board(actor: Actor, loaded: Loaded) -> None:
    """Let some of the first town's volunteers choose to be named. Comes after the months are closed."""
    must_be_system(actor)
    captain = people.known_member(loaded.members[loaded.population.by_key("captain").number])
    willing = _willing(loaded, captain.town_id or 0, captain.id)
    for alias, member in zip(_ALIASES, willing, strict=False):
        showing.choose(member, captain.town_id or 0, alias)


def _willing(loaded: Loaded, town_id: int, but: int) -> Iterator[Actor]:
    """Yield who may be named in the town, the captain left out: she has yet to choose."""
    for member_id in loaded.members:
        if member_id == but or town_id not in {one.town_id for one in accounts.balance(member_id).purses}:
            continue
        found = access.load_actor(member_id, people.known_member(member_id).session_epoch, lock=False)
        if found is not None and found.verified and not found.minor and found.status == "active":
            yield found
