"""A person's points in her place: the very pages of one's own points at /helped/<her id>/…, under her mandate.

An address with her id makes the view act as `standing.in_place_of` allows and every link on its page stay with her;
each page that is shown leaves a look that she reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import current_app, g, make_response
from werkzeug.wrappers import Response

from community.audit.looks import Shown, audits_shown
from community.core.authz import Actor, Instead, Perm
from community.core.db import in_transaction
from community.core.i18n import Text, _
from community.core.web.session import lock_first, must_be_signed_in
from community.people import standing
from community.points.views.blueprint import bp

_KEY = "for_id"


@dataclass(frozen=True)
class Helped:
    """Whose pages these are, for the strip on each of them; what she may do there."""

    member_id: int
    name: str
    title: Text
    instead: Instead
    redeems: bool


@bp.url_value_preprocessor
def _take_person(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.for_id = for_id = (values or {}).pop(_KEY, None)
    if for_id is not None:
        lock_first(lambda helper_id: standing.lock_both(helper_id, for_id))


@bp.url_defaults
def _stay_with_her(endpoint: str, values: dict[str, Any]) -> None:
    for_id = g.get(_KEY)
    if for_id is not None and current_app.url_map.is_endpoint_expecting(endpoint, _KEY):
        values.setdefault(_KEY, for_id)


@bp.context_processor
def _strip() -> dict[str, Helped | None]:
    actor = g.get("acting")
    if actor is None or actor.instead is None:
        return {"helped": None}
    title = _("%(name)s的积分", name=actor.name)
    redeems = Perm.REWARD_REDEEM in actor.instead.perms
    return {"helped": Helped(actor.member_id, actor.name, title, actor.instead, redeems)}


def acting() -> Actor:
    """Return who acts here: who signed in, or the person of the address in whose place she does.

    In a command both of them and her mandate are locked with it. Raises as `standing.in_place_of`.
    """
    actor, for_id = must_be_signed_in(), g.get(_KEY)
    if for_id is None:
        return actor
    if g.get("acting") is None or g.get("acting_locked") is not in_transaction():
        g.acting_locked = in_transaction()
        g.acting = standing.in_place_of(actor, for_id, lock=g.acting_locked)
    return g.acting  # type: ignore[no-any-return]


def also_for_others(view: Callable[..., Any]) -> Callable[..., Response]:
    """Mark a GET view that is shown in somebody's place too: then it is one entry "looked" that she reads."""

    @audits_shown("points.helped")
    @wraps(view)
    def run(**arguments: Any) -> Any:
        response = make_response(view(**arguments))
        for_id = g.get(_KEY)
        if for_id is not None:
            # Nothing of hers stays on this phone when the mandate is over, but a pick-up code until its last day.
            response.headers.setdefault("Cache-Control", "no-store")
        return Shown(response, [for_id]) if for_id is not None and response.status_code == 200 else response

    return run
