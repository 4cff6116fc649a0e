"""What other rooms' pages show of points."""

from __future__ import annotations

from typing import Any

from flask import render_template

from community.core import clock
from community.core.authz import Perm, can
from community.core.web.session import current_actor
from community.points import texts
from community.points.forms.deciding import ThenForm
from community.points.queries import accounts, awards
from community.points.services.cases import Place
from community.points.views import pages


def checkin_receipt(page: Any) -> str | None:
    """Return what a check-in brought, for its receipt (`page.checkin`)."""
    actor = current_actor()
    shown = pages.receipt(actor, page.checkin) if actor else None
    return render_template("points/_receipt.html", receipt=shown) if shown else None


def member_page(member: Any) -> str | None:
    """Return a member's balance and what waits, for the desk's page of a person."""
    actor = current_actor()
    if actor is None or not can(actor, Perm.AWARD_READ, member):
        return None
    balance = accounts.balance(member.id)
    return render_template(
        "points/_member.html",
        available=balance.available,
        hours=texts.hours(balance.minutes),
        member=member,
        looks_back=can(actor, Perm.AWARD_READ, Place(member.home_path)) and not actor.is_me(member.id),
        form=ThenForm(formdata=None),
        today=clock.today(),
        waiting=awards.held_points(member.id),
        member_id=member.id,
        proposes=can(actor, Perm.AWARD_PROPOSE, member) and not actor.is_me(member.id),
    )
