"""The auditors' pages: who did what, when, who looked at whom; and a piece of it as a file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from community.audit import exporting, queries, words
from community.core.authz import Perm, can
from community.core.db import transaction
from community.core.i18n import Text, _
from community.core.ids import MAX_ID
from community.core.web.display import indented
from community.core.web.rights import requires, right_of
from community.core.web.session import must_be_signed_in

bp = Blueprint("audit", __name__)

NAMES = ("act", "actor", "object_type", "object_id", "area", "since", "until")
# Where a thing is seen: kind → (endpoint, the argument that takes its id). Whoever may not go there gets no link.
_PAGES = {
    "member": ("people.desk_person", "member_id"),
    "checkin": ("patrols.receipt", "checkin_id"),
    "post": ("places.post", "post_id"),
    "announcement": ("messages.desk_announcement", "announcement_id"),
}


@bp.get("/desk/audit")
@requires(Perm.AUDIT_READ)
def entries() -> str:
    actor, asked = must_be_signed_in(), _asked(request.args)
    areas = queries.areas(actor)
    wanted = _filter(asked, areas)
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before <= MAX_ID:
        before = None
    page = queries.entries(actor, wanted, before=before)
    chosen: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "audit/entries.html",
        page=page,
        asked=asked,
        chosen=chosen,
        acts=words.choices(dict(sorted(words.ACTS.items()))),
        things=words.choices(words.THINGS),
        areas=[(path, indented(name, path, areas[0][0])) for path, name in areas],
        opens=_opens,
        # Counted for who may take them away, and no further than a file goes.
        count=queries.count(actor, wanted, exporting.LIMIT) if can(actor, Perm.AUDIT_EXPORT) else None,
        limit=exporting.LIMIT,
        newest_href=url_for("audit.entries", **chosen) if before else None,
        older_href=url_for("audit.entries", **chosen, before=page.older) if page.older else None,
    )


@bp.post("/desk/audit/export")
@requires(Perm.AUDIT_EXPORT)
def export() -> Response:
    """Send what matches as a file. No command: a file is no answer that can be kept, and each one is a new entry."""
    actor, asked = must_be_signed_in(), _asked(request.form)
    areas = queries.areas(actor)
    wanted = _filter(asked, areas)
    with transaction():
        file = exporting.export(
            actor, wanted, form=request.form.get("form", "csv"), conditions=_conditions(asked, areas, wanted)
        )
    answer = make_response(file.content)
    answer.headers["Content-Type"] = file.mimetype
    answer.headers.set("Content-Disposition", "attachment", filename=file.name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked(given: MultiDict[str, str]) -> dict[str, str]:
    return {name: given.get(name, "").strip()[:60] for name in NAMES}


def _filter(asked: dict[str, str], areas: list[tuple[str, str]]) -> queries.Filter:
    """What was asked for; an area that is not the actor's and a day that is none ask nothing."""
    return queries.Filter(
        act=asked["act"],
        actor=asked["actor"],
        object_type=asked["object_type"],
        object_id=asked["object_id"],
        area=asked["area"] if asked["area"] in {path for path, _name in areas} else "",
        since=_day(asked["since"]),
        until=_day(asked["until"]),
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _conditions(asked: dict[str, str], areas: list[tuple[str, str]], wanted: queries.Filter) -> list[tuple[Text, str]]:
    found: list[tuple[Text, str]] = [
        (_("做了什么"), str(words.act(wanted.act.partition(",")[0])) if wanted.act else ""),
        (_("谁"), wanted.actor),
        (_("对象"), str(words.thing(wanted.object_type.partition(",")[0])) if wanted.object_type else ""),
        (_("对象编号"), wanted.object_id),
        (_("区域"), dict(areas).get(wanted.area, "")),
        (_("从"), asked["since"] if wanted.since else ""),
        (_("到"), asked["until"] if wanted.until else ""),
    ]
    return [(word, value) for word, value in found if value]


def _opens(line: queries.Line) -> str | None:
    """Return where the line's thing is seen, None where there is no page or the reader may not open it."""
    endpoint, argument = _PAGES.get(line.object_type, ("", ""))
    value: Any = line.object_id
    if line.object_type == "membership" and line.details.get("team"):
        endpoint, argument, value = "teams.team", "team_id", line.details["team"]
    view = current_app.view_functions.get(endpoint)
    if view is None:
        return None
    right = right_of(view)
    actor = must_be_signed_in()
    if right is not None and right.perm is not None and right.perm not in actor.perms:
        return None
    return url_for(endpoint, **{argument: value})
