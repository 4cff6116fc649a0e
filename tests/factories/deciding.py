"""People who decide about points, and what they decide about. Call inside `with transaction():`."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from PIL import Image
from sqlalchemy import select

from community.core import clock
from community.core.db import session
from community.core.uploads import Picture, prepare
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Award, Txn
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.points import accepted, add_rule, town_of


def make_admin(village: Area, name: str = "高培源", role: str = "town_admin") -> Member:
    """Somebody who decides in the whole town."""
    admin = make_member(village, display_name=name)
    make_grant(admin, role, town_of(village))
    return admin


def reviewed_rule(village: Area, **overrides: Any) -> int:
    """A rule whose awards a person looks at first; returns the version."""
    return add_rule(town_of(village), **({"code": "P03", "review": True, "once_per": "", "cap_day": None} | overrides))


def held_award(member: Member, village: Area, **overrides: Any) -> int:
    """An award of the member that waits for review, by the rule of `reviewed_rule`; returns it."""
    subscribers.award_checkin(accepted(member, village, **overrides))
    wanted = select(Award.id).where(Award.subject_id == member.id, Award.reason_code == "review")
    return session().scalars(wanted.order_by(Award.id.desc())).first() or 0


def earned(member: Member, village: Area, **overrides: Any) -> int:
    """Five points for a check-in; returns the posting."""
    subscribers.award_checkin(accepted(member, village, **overrides))
    return session().scalars(select(Txn.id).where(Txn.subject_id == member.id).order_by(Txn.id.desc())).first() or 0


def manual_rule(village: Area, **overrides: Any) -> int:
    """A rule that only people apply: 20 points for a day's help; returns the version."""
    fields = {"code": "M01", "trigger": "Manual", "amount": 20, "once_per": "", "cap_day": None}
    return add_rule(town_of(village), **(fields | overrides))


def evidence() -> Picture:
    """A picture as `uploads.prepare` hands it on."""
    return prepare(photo())


def photo() -> bytes:
    """The bytes of a small photo."""
    file = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def yesterday() -> dt.date:
    return clock.today() - dt.timedelta(days=1)
