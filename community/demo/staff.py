"""What staff of the demo district did lately: offices that end soon, somebody stopped, one registered twice, a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from community.access import queries as access, services as offices
from community.access.policies import Place
from community.audit import exporting
from community.audit.queries import Filter
from community.core import clock
from community.core.authz import Actor
from community.demo.loading import Loaded
from community.demo.people import Person, cast_phone
from community.people import queries as people, services
from community.people.policies import MINOR

_DAY = dt.timedelta(days=1)
# Given how many days ago, ending in how many (less than none: it has ended), where, and why.
_OFFICES = (
    (170, 9, "晚潮第二网格", "接任网格员，先试半年"),
    (330, 24, "安澜第一网格", "网格员休产假，代一年"),
    (200, 150, "安澜商圈网格", "商圈网格增加一人"),
)
# Given, ended how many days ago, where, why, why it ended.
_ENDED = ((300, 40, "晚潮第一网格", "暑期值守", "值守结束"),)


def load_staff(actor: Actor, loaded: Loaded) -> None:
    """Do it through the rooms' services, as the staff of the cast would have, each at its own moment of the past."""
    town = _cast(loaded, "town_admin")
    if actor.system and town is not None:
        chosen = _plain_people(loaded)
        _give_offices(loaded, chosen)
        _stop_somebody(loaded, chosen)
        _register_twice(loaded)
        with clock.frozen(clock.now() - 3 * _DAY):
            exporting.export(town, Filter(act="audit.look"), form="xlsx")


def _give_offices(loaded: Loaded, chosen: Iterator[int]) -> None:
    for since, left, name, why in _OFFICES:
        member_id = next(chosen, None)
        if member_id is not None:
            _give(loaded, member_id, name, why, since, clock.now() + left * _DAY)
    for since, ago, name, why, ended in _ENDED:
        member_id = next(chosen, None)
        if member_id is None:
            return
        held = _give(loaded, member_id, name, why, since, None)
        with clock.frozen(clock.now() - ago * _DAY):
            offices.end_grant(_must(loaded, "town_admin"), held, reason=ended)


def _give(loaded: Loaded, member_id: int, name: str, why: str, since: int, until: dt.datetime | None) -> int:
    plan = next(area for area in loaded.district.areas if area.name == name)
    place = Place(plan.name, plan.path, area_id=loaded.areas[plan.code].id)
    last = None if until is None else clock.at_local(clock.local(until).date(), dt.time.min)
    with clock.frozen(clock.now() - min(since, loaded.days + 19) * _DAY):
        given = offices.grant(
            _must(loaded, "town_admin"), member_id=member_id, role="grid_worker", place=place, reason=why, until=last
        )
    return given.id


def _stop_somebody(loaded: Loaded, chosen: Iterator[int]) -> None:
    member_id = next(chosen, None)
    if member_id is not None:
        with clock.frozen(clock.now() - 5 * _DAY):
            services.suspend(
                _must(loaded, "town_admin"), member_id=member_id, reason="和邻居共用一个账号打卡，请带手机来社区说明"
            )


def _register_twice(loaded: Loaded) -> None:
    """The captain registered once more at a gate, by her short name and with her number: the desk may merge the two."""
    captain = loaded.population.by_key("captain")
    village = loaded.population.by_key("village_admin").area
    if village is not None:
        with clock.frozen(clock.now() - dt.timedelta(hours=19)):
            services.register(
                None,
                name=captain.name[1:],
                phone=cast_phone(captain.number),
                age_band=captain.band.value,
                home_area_id=loaded.areas[village.code].id,
            )


def _plain_people(loaded: Loaded) -> Iterator[int]:
    """Verified adults of the town admin's town without an office or a name on the sign-in page, the last first."""
    town = loaded.population.by_key("town_admin").area
    busy = {one.person for one in loaded.population.memberships}
    for person in reversed(loaded.population.people):
        if _is_plain(person) and person.number not in busy and town and person.home.path.startswith(town.path):
            member = people.known_member(loaded.members[person.number])
            if member.verified_at is not None and member.status == "active" and member.age_band != MINOR:
                yield member.id


def _is_plain(person: Person) -> bool:
    return person.key is None and person.role == "resident" and not person.minor


def _must(loaded: Loaded, key: str) -> Actor:
    found = _cast(loaded, key)
    if found is None:
        raise LookupError(f"the demo's {key} cannot act")
    return found


def _cast(loaded: Loaded, key: str) -> Actor | None:
    member_id = loaded.members[loaded.population.by_key(key).number]
    return access.load_actor(member_id, people.known_member(member_id).session_epoch, lock=False)
