"""Telling of a code that is not ours, by anybody; and the desk's list of what was told."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm
from community.core.i18n import _, plain
from community.core.todo import Queue, Task
from community.core.web import device
from community.core.web.command import command
from community.core.web.limits import limiter
from community.core.web.rights import public, requires
from community.core.web.session import must_be_signed_in
from community.places import fakes, queries
from community.places.models import FakeSignReport
from community.places.views.blueprint import bp


@bp.post("/fake-signs")
@limiter.limit("10 per minute; 40 per hour; 100 per day")
@limiter.limit("20 per day", key_func=device.current)
@public("whoever meets a false code should tell in one tap, without an account")
@command()
def report_fake() -> Response:
    fakes.report(request.form.get("code", ""), request.form.get("place", ""))
    return redirect(url_for("places.fake_thanks"), 303)


@bp.get("/fake-signs/thanks")
@public("who told of a false code has no account")
def fake_thanks() -> str:
    return render_template("places/fake_thanks.html")


@bp.get("/desk/fake-signs")
@requires(Perm.POST_PRINT)
def fake_signs() -> str:
    found = fakes.waiting(must_be_signed_in())
    return render_template("places/fakes.html", found=found, places=_places(found))


@bp.post("/desk/fake-signs/<id:report_id>")
@requires(Perm.POST_PRINT)
@command()
def settle_fake(report_id: int) -> Response:
    sent = request.form
    fakes.settle(must_be_signed_in(), report_id, outcome=sent.get("outcome", ""), note=sent.get("note", ""))
    flash(plain(_("已处理，谢谢。")), "ok")
    return redirect(url_for("places.fake_signs"), 303)


def _places(found: Sequence[FakeSignReport]) -> dict[int, str]:
    """Where the copied post of each report is, by report; nothing for a code that copies none."""
    lines = queries.place_lines(one.scope_path for one in found if one.scope_path)
    return {one.id: lines[one.scope_path] for one in found if one.scope_path}


def _tasks(actor: Actor, _area: str, limit: int) -> list[Task]:
    found = fakes.waiting(actor)[:limit]
    places = _places(found)
    return [
        Task(
            kind="fake_sign",
            key=str(one.id),
            title=_("有人报告假码"),
            about=one.place or _("没有说在哪里"),
            since=one.reported_at,
            href=url_for("places.fake_signs"),
            place=places.get(one.id, ""),
        )
        for one in found
    ]


FAKE_SIGNS = Queue(
    kind="fake_sign",
    perm=Perm.POST_PRINT,
    label=_("假码报告"),
    note=_("有人扫到不是我们的码，请去看一眼、撕掉"),
    icon="alert",
    endpoint="places.fake_signs",
    query={},
    count=lambda actor, _area: fakes.waiting_count(actor),
    tasks=_tasks,
    rare=True,
)
