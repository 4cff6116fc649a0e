"""Marking a flag as looked at, in words. It changes no award and no balance. Needs `transaction()`."""

from __future__ import annotations

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _
from community.places import queries as places
from community.points.models import AnomalyLook
from community.points.queries import anomalies, families

_SHORTEST, _LONGEST = 2, 200


def look(actor: Actor, town_id: int, key: str, words: str) -> None:
    """Write what the actor found who looked at a flag of the town.

    Raises NotFound for a flag that is not there, Conflict `own_flag` about oneself or one's family, DomainError
    without words.
    """
    town = places.area(town_id)
    if town is None or town.kind != "town":
        raise NotFound
    must(actor, Perm.ANOMALY_READ, town)
    flag = next((one for one in anomalies.flags(town_id) if one.key == key), None)
    if flag is None:
        raise NotFound
    if {*actor.ids, *families.close_to(actor.ids)} & set(flag.members):
        raise Conflict("own_flag", _("这一条与您有关，要由别人来看"), next_step=_("请同事或区里看。"))
    found = " ".join(words.split())
    if not _SHORTEST <= len(found) <= _LONGEST:
        raise DomainError("words", _("请用 2 到 200 个字写看到了什么"), field="words")
    session().add(
        AnomalyLook(
            town_id=town_id, flag=flag.key, size=flag.size, words=found, by_id=actor.member_id, at=clock.now()
        )
    )  # fmt: skip
    session().flush()
    audit.record(
        actor, "points.anomaly_look", "area", town_id, scope_path=town.path, reason=found,
        details={"rows": flag.size},
    )  # fmt: skip
