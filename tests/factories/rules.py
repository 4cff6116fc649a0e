"""Rule sets on their way, and check-ins of the past to try them on. Call inside `with transaction():`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from community.core import clock
from community.core.authz import Actor, system_actor
from community.core.ids import new_code
from community.core.uploads import prepare
from community.demo.pictures import paper
from community.patrols import backfill as patrols
from community.patrols.backfill import PastCheckIn
from community.people.models import Member
from community.places.models import Area, Post
from community.points.proposals import Proposal
from community.points.services import proposing
from community.points.services.proposing import Resolution

DAY = dt.timedelta(days=1)


def proposal(**changed: Any) -> Proposal:
    """The first check-in of an hour earns 6, at most 12 a day."""
    fields: dict[str, Any] = {
        "trigger": "CheckInAccepted",
        "amount": 6,
        "once_per": "hour",
        "cap_day": 12,
        "text_zh": "每个小时第一次有效打卡记6分，每天最多12分。",
        "text_en": "The first accepted check-in of an hour earns 6, at most 12 a day.",
    }
    return Proposal(**(fields | changed))


def make_set(writer: Actor, area: Area, *wanted: Proposal, title: str = "冬季规则") -> uuid.UUID:
    """A draft set of `area` that says `wanted` (one new rule by default)."""
    made = proposing.create(writer, area_id=area.id, title=title)
    for one in wanted or (proposal(),):
        proposing.put(writer, made, one)
    return made


PAPER = prepare(paper())


def resolution(**changed: Any) -> Resolution:
    fields: dict[str, Any] = {"number": "2026-7", "body": "居民代表会议", "on": clock.today() - DAY, "file": PAPER}
    return Resolution(**(fields | changed))


def published(writer: Actor, publisher: Actor, area: Area, *wanted: Proposal, in_days: int = 8) -> uuid.UUID:
    """A set that was tried and published today; it comes into force `in_days` days from now."""
    made = make_set(writer, area, *wanted)
    proposing.simulate(writer, made)
    proposing.publish(publisher, made, resolution(), effective_on=clock.today() + in_days * DAY)
    return made


def past_check_in(member: Member, post: Post, at: dt.datetime, *, team_id: int | None = None) -> None:
    """An accepted check-in of the past, without its award."""
    past = PastCheckIn(
        member_id=member.id,
        post_id=post.id,
        print_id=None,
        team_id=team_id,
        town_id=post.town_id,
        scope_path=post.scope_path,
        kind="in",
        at=at,
        src="poster",
        band="near",
        device=new_code(32),
        flag="",
        far_m=None,
        settlement=None,
    )
    patrols.add_check_ins(system_actor("tests"), [patrols.prepare(past)])
