"""Mandates. Call inside `with transaction():`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from community.core import clock, uploads
from community.core.authz import Actor
from community.core.db import session
from community.people import mandates
from community.people.models import Mandate, Member
from tests.factories.access import actor_of
from tests.factories.deciding import photo


def make_mandate(principal: Member, helper: Member, **overrides: Any) -> Mandate:
    """A mandate in force for half a year that covers everything, confirmed by the person herself."""
    fields: dict[str, Any] = {
        "principal_id": principal.id,
        "helper_id": helper.id,
        "from_on": clock.today(),
        "until_on": clock.today() + dt.timedelta(days=180),
        "may_redeem": True,
        "may_appeal": True,
        "how": "own",
        "minor": False,
        "given_at": clock.now(),
        "state": "in_force",
        "end_words": "",
    }
    made = Mandate(**(fields | overrides))
    session().add(made)
    session().flush()
    return made


def offer_of(helper: Member | Actor, *, redeem: bool = True, appeal: bool = True, days: int = 180) -> str:
    """The code of an offer to act for whoever types it."""
    actor = helper if isinstance(helper, Actor) else actor_of(helper)
    return mandates.ask(actor, may_redeem=redeem, may_appeal=appeal, days=days).code


def signed_for(child: Member, helper: Member, witness: Member) -> Mandate:
    """A mandate for a minor, signed by her guardian before the witness."""
    picture = uploads.keep(actor_of(witness), mandates.PURPOSE, uploads.prepare(photo()))
    return make_mandate(child, helper, how="guardian", minor=True, witnessed_by=witness.id, upload_id=picture.id)
