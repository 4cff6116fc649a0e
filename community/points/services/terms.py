"""What a town decided about deciding: from how much on two people are needed, days to answer, days to pick up.

Needs `transaction()`.
"""

from __future__ import annotations

from community.audit import services as audit
from community.core.authz import Actor, must_be_system
from community.core.db import one_at_a_time, session
from community.core.errors import DomainError, NotFound
from community.core.i18n import _
from community.places import queries as places
from community.points.models import TownTerms
from community.points.services import noting

# The least and the most that a town may decide.
RANGES = {"four_eyes_from": (1, 10_000), "appeal_days": (1, 30), "pick_up_days": (1, 60)}


def decide(actor: Actor, town_id: int, reason: str, **changed: int | None) -> dict[str, int]:
    """Keep what a town decided, as its resolution says (`reason`); return all of it. What is None stays.

    Raises NotFound for what is no town, DomainError of the name whose number is out of RANGES.
    """
    must_be_system(actor)
    town = places.area(town_id)
    if town is None or town.kind != "town":
        raise NotFound
    wanted = {name: number for name, number in changed.items() if number is not None}
    for name, number in wanted.items():
        least, most = RANGES[name]
        if not least <= number <= most:
            raise DomainError(name, _("请填 %(least)s 到 %(most)s", least=least, most=most), field=name)
    one_at_a_time(f"points.terms:{town_id}")
    kept = session().get(TownTerms, town_id, populate_existing=True)
    if kept is None:
        kept = TownTerms(town_id=town_id)
        session().add(kept)
        session().flush()
    before = {name: getattr(kept, name) for name in RANGES}
    for name, number in wanted.items():
        setattr(kept, name, number)
    session().flush()
    noting.terms(kept, actor.member_id)
    after = {name: getattr(kept, name) for name in RANGES}
    audit.record(
        actor, "points.terms", "area", town_id, scope_path=town.path, reason=reason, before=before, after=after,
        details=after,
    )  # fmt: skip
    return after
