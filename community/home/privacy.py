"""What a member does about her own data: see what is held and who looked, read and withdraw consents, copy, erase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response as FlaskResponse, flash, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response

from community.access import queries as access
from community.audit import seen, words
from community.audit.seen import Look
from community.core import clock, holdings
from community.core.authz import Actor
from community.core.holdings import Kept, Room
from community.core.i18n import Text, _, plain
from community.core.ids import MAX_ID
from community.core.web import display
from community.core.web.command import command
from community.core.web.limits import limiter
from community.core.web.rights import signed_in
from community.core.web.session import must_be_signed_in
from community.home import archive
from community.home.views import bp
from community.people import consents as texts, queries as people, requests
from community.people.consents import ConsentText
from community.people.erasing import COOLING_OFF

__all__ = ["bp"]

# --- what is held ---


@bp.get("/me/data")
@signed_in
def data() -> str:
    """All that is held, each with its number. `of` is the place of the room whose whys and how longs are told: a
    number, because a page that is asked for in words is not compressed."""
    actor, place = must_be_signed_in(), request.args.get("of", type=int)
    told = next((room for number, room in enumerate(holdings.rooms(), 1) if number == place), None)
    return render_template("home/data.html", rooms=_held(actor, (told,) if told else holdings.rooms()), told=told)


def _held(actor: Actor, rooms: Sequence[Room]) -> list[tuple[Room, list[tuple[Kept, int]]]]:
    return [(room, [(kept, holdings.count(kept, actor.ids)) for kept in room.kept]) for room in rooms]


# --- who looked ---


@dataclass(frozen=True)
class Seen:
    """One look as she reads it: who (by name and present office), when, at what, and why."""

    look: Look
    name: str
    office: str
    page: Text


@bp.get("/me/looks")
@signed_in
def looks() -> str:
    actor = must_be_signed_in()
    before = request.args.get("before", type=int)
    lines, older = seen.looks_at(actor.ids, before=before if before and 0 < before <= MAX_ID else None)
    return render_template(
        "home/looks.html",
        lines=_told(lines),
        newest_href=url_for("home.looks") if before else None,
        older_href=url_for("home.looks", before=older) if older else None,
    )


def _told(lines: Sequence[Look]) -> list[Seen]:
    staff = {look.actor_id for look in lines if look.actor_id}
    names = people.names(staff)
    offices = access.held_by_each(staff)
    return [
        Seen(
            look,
            names.get(look.actor_id, plain(_("系统"))),
            " · ".join(f"{office.place} {office.title}".strip() for office in offices.get(look.actor_id, [])[:2]),
            words.LOOKS.get(look.why, words.OTHER_LOOK).hers,
        )
        for look in lines
    ]


# --- consents ---


@dataclass(frozen=True)
class Agreed:
    """A text in force, her consent to it if there is one, and the earlier ones of its scope."""

    text: ConsentText
    given: Any
    before: Sequence[Any]


@bp.get("/me/consents")
@signed_in
def consents() -> str:
    return render_template("home/consents.html", agreed=_agreed(must_be_signed_in()))


def _agreed(actor: Actor) -> list[Agreed]:
    rows = [row for one in actor.ids for row in people.consents(one)]
    found = []
    for scope in texts.scopes():
        text = texts.current(scope)
        own = [row for row in rows if row.scope == scope]
        given = next((row for row in own if row.version == text.version and row.withdrawn_at is None), None)
        found.append(Agreed(text, given, [row for row in own if row is not given]))
    return found


@bp.post("/me/consents/service/withdraw")
@signed_in
@command()
def withdraw_service() -> Response:
    requests.withdraw_service(must_be_signed_in())
    flash(plain(_("已撤回，您已退出所有队伍。要连资料一起删掉，请在这里注销。")), "ok")
    return redirect(url_for("home.erase"), 303)


# --- a copy ---


@bp.get("/me/export")
@signed_in
def export() -> str:
    actor = must_be_signed_in()
    ready = requests.newest_copy(actor.member_id)
    return render_template("home/export.html", ready=ready, most=requests.COPIES_A_DAY)


@bp.post("/me/export")
@signed_in
@command()
def ask_export() -> Response:
    requests.ask_copy(must_be_signed_in())
    return redirect(url_for("home.export"), 303)


@bp.get("/me/export/<id:request_id>")
@signed_in
@limiter.limit("10 per hour", key_func=lambda: str(must_be_signed_in().member_id))
def export_file(request_id: int) -> Response:
    actor = must_be_signed_in()
    requests.open_copy(actor, request_id)
    answer = FlaskResponse(stream_with_context(archive.chunks(actor.ids)), mimetype="application/zip")
    name = f"{archive.NAME}-{clock.today():%Y%m%d}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


# --- erasure ---


@bp.get("/me/erase")
@signed_in
def erase() -> str:
    actor = must_be_signed_in()
    waiting = requests.waiting_erasure(actor.member_id)
    return render_template(
        "home/erase.html",
        waiting=waiting,
        against=[] if waiting else requests.hindrances(actor.member_id, actor.status),
        hours=int(COOLING_OFF.total_seconds() // 3600),
    )


@bp.post("/me/erase")
@signed_in
@command()
def ask_erase() -> Response:
    asked = requests.ask_erasure(must_be_signed_in())
    flash(plain(_("已收到。%(when)s 注销，之前都可以撤回。", when=display.instant(asked.due_at))), "ok")
    return redirect(url_for("home.erase"), 303)


@bp.post("/me/erase/keep")
@signed_in
@command()
def keep() -> Response:
    requests.keep(must_be_signed_in())
    flash(plain(_("已撤回注销申请，一切照旧。")), "ok")
    return redirect(url_for("home.me"), 303)
