"""The desk: applications that wait, and teams with their members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core import todo
from community.core.authz import Actor, Perm
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import phones
from community.teams import policies, queries, services
from community.teams.forms import GuardianForm, Refusable, RefuseForm, RoleForm
from community.teams.queries import desk
from community.teams.views.blueprint import bp
from community.teams.words import AGES, KINDS, ROLES, STATES


@bp.get("/desk/applications")
@requires(Perm.MEMBERSHIP_DECIDE)
def applications() -> str:
    return _queue_page()


@bp.post("/desk/applications/<id:membership_id>/approve")
@requires(Perm.MEMBERSHIP_DECIDE)
@command()
def approve(membership_id: int) -> Response:
    done = services.approve(must_be_signed_in(), membership_id)
    text = _("已通过，对方会收到消息。") if done.state == "active" else _("已通过，等对方同意新的说明。")
    return _on(url_for("teams.applications", done=membership_id), text)


@bp.post("/desk/applications/<id:membership_id>/refuse")
@requires(Perm.MEMBERSHIP_DECIDE)
@command()
def refuse(membership_id: int) -> Response:
    form = RefuseForm(prefix=str(membership_id))
    if not _done(form, lambda: services.refuse(must_be_signed_in(), membership_id, form.reason.data)):
        return make_response(_queue_page(membership_id, form), 422)
    return _on(url_for("teams.applications", done=membership_id), _("已答复，对方会看到原因。"))


@bp.post("/desk/applications/<id:membership_id>/undo")
@requires(Perm.MEMBERSHIP_DECIDE)
@command()
def undo(membership_id: int) -> Response:
    services.undo(must_be_signed_in(), membership_id)
    return _on(url_for("teams.applications", _anchor=f"a{membership_id}"), _("已撤销，这份申请重新等您处理。"))


@bp.post("/desk/applications/<id:membership_id>/guardian")
@requires(Perm.MEMBERSHIP_DECIDE)
@command()
def guardian(membership_id: int) -> Response:
    form = GuardianForm(prefix=str(membership_id))
    if not _done(form, lambda: services.confirm_guardian(must_be_signed_in(), membership_id, form.how.data)):
        return make_response(_queue_page(membership_id, form), 422)
    return _on(url_for("teams.applications"), _("监护人的同意已登记，可以审核了。"))


@bp.get("/desk/teams")
@requires(Perm.TEAM_READ)
def teams() -> str:
    return render_template("teams/desk_list.html", teams=desk.teams(must_be_signed_in()), kinds=KINDS)


@bp.get("/desk/teams/<id:team_id>")
@requires(Perm.TEAM_READ)
def team(team_id: int) -> str:
    return _team_page(team_id)


@bp.post("/desk/memberships/<id:membership_id>/remove")
@requires(Perm.MEMBERSHIP_DECIDE)
@command()
def remove(membership_id: int) -> Response:
    form = RefuseForm(prefix=str(membership_id))
    team_id = desk.team_of(must_be_signed_in(), membership_id)
    if not _done(form, lambda: services.remove(must_be_signed_in(), membership_id, form.reason.data)):
        return make_response(_team_page(team_id, membership_id, form), 422)
    return _on(url_for("teams.team", team_id=team_id), _("已办理退队，对方会看到原因。"))


@bp.post("/desk/memberships/<id:membership_id>/role")
@requires(Perm.MEMBERSHIP_DECIDE)
@command()
def role(membership_id: int) -> Response:
    form = RoleForm(prefix=str(membership_id))
    changed = services.set_role(must_be_signed_in(), membership_id, form.role.data or "")
    return _on(url_for("teams.team", team_id=changed.team_id), _("职务已改，对方已收到消息。"))


def _done(form: Refusable, act: Callable[[], Any]) -> bool:
    if not form.validate_on_submit():
        return False
    try:
        act()
    except DomainError as error:
        if error.field is None:
            raise
        form.blame(error)
        return False
    return True


def _on(url: str, text: Text) -> Response:
    flash(plain(text), "ok")
    return redirect(url, 303)


def _queue_page(shown_again: int | None = None, form: Refusable | None = None) -> str:
    """Return the queue; the form of the application `shown_again` as it was sent."""
    actor = must_be_signed_in()
    rows = desk.applications(actor)
    return render_template(
        "teams/applications.html",
        rows=[(row, *_forms(row.id, shown_again, form)) for row in rows],
        more=desk.waiting(actor) - len(rows),
        decided=_decided(actor),
        ages=AGES,
        masked=phones.masked,
    )


def _decided(actor: Actor) -> tuple[int, int]:
    """Return which application she decided about just now, and for how many milliseconds she may undo it."""
    asked = request.args.get("done", "")
    known = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 20 else 0
    found = queries.decision(known)
    return known, todo.undo_ms(actor, by_id=found.by_id, at=found.at) if found else 0


def _forms(membership_id: int, shown_again: int | None, form: Refusable | None) -> tuple[Refusable, Refusable]:
    again = form if membership_id == shown_again else None
    fresh = {"formdata": None, "prefix": str(membership_id)}
    refusing = again if isinstance(again, RefuseForm) else RefuseForm(**fresh)
    guarding = again if isinstance(again, GuardianForm) else GuardianForm(**fresh)
    return refusing, guarding


def _team_page(team_id: int, shown_again: int | None = None, form: Refusable | None = None) -> str:
    actor = must_be_signed_in()
    found = desk.team(actor, team_id)
    rows, leads = desk.team_members(actor, team_id), policies.reaches_whole(actor, found)
    return render_template(
        "teams/desk_team.html",
        team=found,
        kind=KINDS[found.kind],
        rows=[
            (
                row,
                form if row.id == shown_again else RefuseForm(formdata=None, prefix=str(row.id)),
                RoleForm.of(row.id, row.role, leads=leads),
            )
            for row in rows
        ],
        states=STATES,
        roles=ROLES,
    )
