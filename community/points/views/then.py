"""Points on a day of the past: as they were known then, beside what they should have been by what is known now.

One's own; and for staff who name a reason, which she reads together with who looked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, can, must
from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import Text, _
from community.core.web import security
from community.core.web.preferences import current as preferences
from community.core.web.rights import granted, requires
from community.core.web.session import must_be_signed_in
from community.people import policies, queries as people
from community.people.queries import Person
from community.places import queries as places
from community.points import checked, texts
from community.points.forms.deciding import ThenForm, refused
from community.points.queries import past
from community.points.queries.past import Correction, Then
from community.points.services.cases import Place
from community.points.views import lines
from community.points.views.blueprint import bp

WHY = "points.then"


@dataclass(frozen=True)
class Later:
    """What was written later about that day: by how much, on which day, about which; `href` where it may be opened."""

    title: Text
    amount: int
    recorded_on: dt.date
    about_on: dt.date
    href: str


@dataclass(frozen=True)
class Block:
    """One account on that day."""

    town: str
    asset: Text
    minutes: bool
    known: Text
    should: Text
    later: Sequence[Later]


@bp.get("/points/then")
@requires(Perm.POINTS_READ)
def then() -> str:
    actor, asked = must_be_signed_in(), request.args.get("on", "")
    day = _day(asked)
    on = day or clock.today().replace(day=1) - dt.timedelta(days=1)
    blocks = [_block(actor, one) for one in past.of_members(actor.ids, on)]
    return render_template(
        "points/then.html", blocks=blocks, on=on, wrong=bool(asked) and day is None, today=clock.today()
    )


@bp.post("/desk/people/<id:member_id>/points-then")
@granted(Perm.AWARD_READ)
@security.refills
def then_desk(member_id: int) -> Response:
    """Show a member's points of a day on this very answer: a look that is written down with its reason, no command."""
    actor, form = must_be_signed_in(), ThenForm()
    member = people.known_member(member_id)
    must(actor, Perm.AWARD_READ, Place(member.home_path))
    blocks = _looked(actor, member, form) if form.validate_on_submit() else None
    page = render_template("points/then_desk.html", member=member, form=form, blocks=blocks, today=clock.today())
    answer = make_response(page, 422 if blocks is None else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _looked(actor: Actor, member: Person, form: ThenForm) -> list[Block] | None:
    """Write who looked and why, and return what she sees; None with the fault at its field."""
    day = _day(form.then_on.data.isoformat() if form.then_on.data else "")
    if day is None:
        refused(form.then_on, _("请选今天或以前的一天"))
        return None
    try:
        why = policies.told_reason(
            form.then_why.data or "", missing=_("请写明为什么要看，对方会看到"), field="then_why"
        )  # fmt: skip
    except DomainError as error:
        refused(form.then_why, error.message)
        return None
    with transaction():
        if not actor.is_me(member.id):
            audit.record_look(actor, member.id, WHY, scope_path=member.home_path, reason=why)
    hers = [one for one in past.of_members([member.id], day) if _is_theirs(actor, member, one)]
    return [_block(actor, one, member.id) for one in hers]


def _is_theirs(actor: Actor, member: Person, one: Then) -> bool:
    """Say whether staff of the member's home may see this account: of the home's town, or of one they answer for."""
    town = places.area(one.town_id)
    return one.town_id == member.town_id or (town is not None and can(actor, Perm.AWARD_READ, Place(town.path)))


def _day(text: str) -> dt.date | None:
    """Return the civil day that the text names, today at the latest; None for anything else."""
    try:
        on = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return on if dt.date(2000, 1, 1) <= on <= clock.today() else None


def _block(actor: Actor, one: Then, member_id: int | None = None) -> Block:
    return Block(
        town=places.names([one.town_id]).get(one.town_id, ""),
        asset=checked.ASSETS[one.asset],
        minutes=one.asset == "minutes",
        known=texts.worth(one.asset, one.known),
        should=texts.worth(one.asset, one.should),
        later=[_later(actor, correction, member_id) for correction in one.corrections],
    )


def _later(actor: Actor, one: Correction, member_id: int | None) -> Later:
    row = one.row
    seen = member_id is None or can(actor, Perm.AWARD_READ, Place(str(row.explain.get("where", ""))))
    explain = row.explain if seen else {}
    if not seen:
        href = ""
    elif member_id is None:
        href = url_for("points.proof", txn_id=row.txn_id)
    else:
        href = url_for("points.award", member_id=member_id, txn_id=row.txn_id)
    return Later(
        title=lines.title(row.kind, row.reason_code, explain, preferences().lang if "what_en" in explain else "zh"),
        amount=row.delta,
        recorded_on=clock.local(row.recorded_at).date(),
        about_on=one.about_on,
        href=href,
    )
