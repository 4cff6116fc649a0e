"""The demo's families: a captain whom a patrol leader may act for, and a pot of three."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from community.access import queries as access
from community.core import clock
from community.core.authz import Actor, must_be_system
from community.demo.loading import Loaded
from community.people import mandates, queries as people, standing
from community.points.queries import accounts, families as pots
from community.points.services import families, ordering, pooling

ELDER, HELPER = "captain", "patrol_leader"
REWARD = "paste"
_DAYS, _CAP, _HELPERS_CAP = 180, 40, 20


def load_families(actor: Actor, loaded: Loaded, items: Mapping[str, uuid.UUID]) -> None:
    """Let the captain give a mandate and open a pot three weeks ago, and both be used today."""
    must_be_system(actor)
    elder, helper = _cast(loaded, ELDER), _cast(loaded, HELPER)
    now = clock.now()
    with clock.frozen(now - dt.timedelta(days=21)):
        offer = mandates.ask(helper, may_redeem=True, may_appeal=True, days=_DAYS)
        mandates.confirm(elder, offer.code)
        families.found(elder, cap=_CAP)
        _join(elder, helper, _HELPERS_CAP)
    young = _without_points(loaded, elder)
    with clock.frozen(now - dt.timedelta(days=12)):
        families.agree(elder, roll=2)
        if young is not None:
            _join(elder, young, 0)
            families.agree(elder, roll=3)
    with clock.frozen(now - dt.timedelta(hours=3)):
        if accounts.balance(elder.member_id).available >= _price(items):
            ordering.reserve(standing.in_place_of(helper, elder.member_id), items[REWARD])
    with clock.frozen(now - dt.timedelta(hours=2)):
        if young is not None and pooling.preview(young, young.town_id or 0, _price(items)) is not None:
            pooling.reserve(young, items[REWARD])


def _price(items: Mapping[str, uuid.UUID]) -> int:
    return ordering.offered(items[REWARD]).points


def _join(host: Actor, actor: Actor, cap: int) -> None:
    code = families.invite(host).code
    seat = pots.seat_of(host)
    families.join(actor, code, cap=cap, roll=pots.roster(seat.pot_id).roll if seat else 0)


def _without_points(loaded: Loaded, elder: Actor) -> Actor | None:
    """Return a grown-up of the elder's village who is known and has nothing to spend."""
    for person in loaded.population.people:
        member_id = loaded.members[person.number]
        if person.key is None and not person.minor and person.home.path == elder.home_path:
            found = _actor(member_id)
            if found and found.verified and not accounts.balance(member_id).available:
                return found
    return None


def _cast(loaded: Loaded, key: str) -> Actor:
    found = _actor(loaded.members[loaded.population.by_key(key).number])
    if found is None:
        raise LookupError(f"the demo's {key} cannot act")
    return found


def _actor(member_id: int) -> Actor | None:
    known = people.member(member_id)
    return access.load_actor(member_id, known.session_epoch, lock=False) if known else None
