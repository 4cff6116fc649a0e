"""The one way to get the demo district: everything or nothing, into an empty database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from community.audit import services as audit
from community.core.authz import Actor, must_be_system
from community.core.errors import DomainError
from community.core.i18n import _
from community.demo.decisions import load_decisions
from community.demo.district import District, read_district
from community.demo.families import load_families
from community.demo.history import load_history
from community.demo.ledger import load_ledger
from community.demo.loading import load_district
from community.demo.notices import load_notices
from community.demo.people import SMALLEST_DEMO
from community.demo.pictures import load_pictures
from community.demo.privacy import load_privacy
from community.demo.rewards import load_rewards
from community.demo.rules import load_rules
from community.demo.staff import load_staff
from community.demo.standing import load_board, load_expiring
from community.points.backfill.ledger import Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """What was loaded."""

    people: int
    teams: int
    posts: int
    days: int
    check_ins: int
    awards: Tally


def usual_size(district: District | None = None) -> tuple[int, int]:
    """Return how many people and days the demo has when nobody asks for more."""
    district = district or read_district()
    return district.people, district.dense_days + district.thin_days


def load_demo(
    actor: Actor,
    *,
    people: int | None = None,
    days: int | None = None,
    progress: Callable[[int], object] = lambda _days: None,
) -> Summary:
    """Write the demo district with its history up to now, in the caller's `transaction()`.

    `progress` is told how many days have been written since it was last told. Raises Forbidden for a person,
    DomainError for too few people or days, Conflict when the database is not empty.
    """
    must_be_system(actor)
    district = read_district()
    usual_people, usual_days = usual_size(district)
    people, days = people or usual_people, days or usual_days
    if people < SMALLEST_DEMO or days < 1:
        raise DomainError(
            "demo_too_small",
            _("示例区至少要 %(people)s 个人、1 天", people=SMALLEST_DEMO),
            next_step=_("请把数目改大一些，例如 --people 300 --days 460。"),
        )
    loaded = load_district(actor, district, people_wanted=people, days=days)
    told = load_history(actor, loaded, progress=progress)
    load_notices(actor, loaded)
    load_privacy(actor, loaded)
    load_staff(actor, loaded)
    load_pictures(actor, loaded)
    load_rules(actor, loaded)
    load_decisions(actor, loaded)
    load_families(actor, loaded, load_rewards(actor, loaded))
    load_expiring(actor, loaded)
    load_ledger(actor, loaded)
    load_board(actor, loaded)
    audit.record(
        actor,
        "demo.load",
        "area",
        loaded.areas[district.areas[0].code].id,
        scope_path=district.areas[0].path,
        details={"people": people, "days": days, "check_ins": told.check_ins},
    )
    return Summary(people, len(loaded.teams), len(loaded.posts), days, told.check_ins, told.awards)
