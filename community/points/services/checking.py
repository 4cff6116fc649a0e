"""Looking a town's books over: every invariant and the chain; what was found is kept for all to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from community.access import queries as access
from community.core import clock
from community.core.authz import Perm
from community.core.db import one_at_a_time, session
from community.core.i18n import _
from community.core.ids import new_id
from community.messages import kinds, services as messages
from community.places import queries as places
from community.points import vouching
from community.points.models import LedgerCheck
from community.points.queries import chain, checks, invariants

_RED = "points.ledger_red"

kinds.register(
    _RED,
    _("%(town)s的积分账本有问题"),
    _("核对发现对不上的地方：%(codes)s。这个镇街的兑换先停，打卡和记分照常。请联系系统管理员查账。"),
)


def look_over(town_id: int) -> bool:
    """Check the town's books, keep what was found, and return whether they are sound. Needs `transaction()`."""
    return keep(town_id, invariants.broken(town_id))


def keep(town_id: int, found: Mapping[str, Sequence[Any]]) -> bool:
    """Keep what a look over the town found: invariant → rows that break it. Needs `transaction()`."""
    one_at_a_time(f"check:{town_id}")
    head = chain.head(town_id)
    counted = {name.split()[0]: 0 for name in invariants.NAMES}
    for name, rows in found.items():
        counted[name.split()[0]] += len(rows)
    ok = not any(counted.values())
    if not ok and not checks.frozen(town_id):
        _tell(town_id, sorted(code for code, count in counted.items() if count))
    look: dict[str, Any] = {
        "town_id": town_id, "seq": checks.next_number(town_id), "at": clock.now(), "ok": ok, "found": counted,
        "head_seq": head.seq, "head_hash": head.hash,
    }  # fmt: skip
    kid, mac = vouching.mark(checks.document(**look))
    session().execute(insert(LedgerCheck).values(id=new_id(), kid=kid, mac=mac, **look))
    return ok


def _tell(town_id: int, codes: Sequence[str]) -> None:
    """Tell those who close the town's months, and those above them, that its books have a fault."""
    town = places.area(town_id)
    if town is None:
        return
    params = {"town": town.name, "codes": ", ".join(codes)}
    above = [town.id, *(area.id for area in places.by_path(_above(town.path)).values())]
    for member_id in sorted({one for area_id in above for one in access.holders(Perm.MONTH_READ, area_id)}):
        messages.notify(member_id, _RED, params, f"/ledger/{town.code}")


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-2]
    return ["/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1)]
