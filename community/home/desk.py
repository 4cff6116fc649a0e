"""The desk's front page: everything that waits, decided one by one or many at once, and undone for ten seconds."""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from community.core import todo
from community.core.authz import Actor, Perm
from community.core.errors import NotFound
from community.core.i18n import Text, _, plain
from community.core.ids import parse_uuid
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.home import queue, services
from community.home.queue import Filter
from community.home.views import bp

__all__ = ["bp", "desk"]

ACTS = ("approve", "refuse")
REASON_LONGEST = 200


@bp.get("/desk")
@requires(Perm.DESK_OPEN)
def desk() -> str:
    page = queue.desk(must_be_signed_in(), _filter(request.args), parse_uuid(request.args.get("done", "")))
    return render_template("home/desk.html", page=page)


@bp.get("/desk/confirm")
@requires(Perm.DESK_OPEN)
def confirm() -> str | Response:
    if not request.args.getlist("item"):
        return _nothing_chosen()
    return _confirm_page(must_be_signed_in(), request.args)


@bp.post("/desk/decide")
@requires(Perm.DESK_OPEN)
@command()
def decide() -> Response:
    sent, actor = request.form, must_be_signed_in()
    act, refs = _act(sent), sent.getlist("item")
    reason = _reason(sent)
    fault = _fault(act, refs, reason)
    if fault is not None:
        return make_response(_confirm_page(actor, sent, fault), 422)
    run = services.decide(actor, act, refs, reason)
    if len(refs) > 1:
        return redirect(url_for("home.done", done_id=run.id, **_filter(sent).query()), 303)
    anchor = sent.get("next", "")
    return _back(sent, run.id, anchor if anchor.startswith("t-") and len(anchor) < 80 else None)


@bp.get("/desk/done/<uuid:done_id>")
@requires(Perm.DESK_OPEN)
def done(done_id: Any) -> str:
    run = queue.done_or_gone(must_be_signed_in(), done_id)
    return render_template("home/desk_done.html", run=run, back=_filter(request.args).query())


@bp.post("/desk/done/<uuid:done_id>/undo")
@requires(Perm.DESK_OPEN)
@command()
def undo(done_id: Any) -> Response:
    run = services.undo(must_be_signed_in(), done_id)
    if len(run.lines) > 1:
        return redirect(url_for("home.done", done_id=run.id), 303)
    return _back(request.form, run.id, queue.anchor(run.lines[0]["ref"]))


def _back(sent: MultiDict[str, str], done_id: Any, anchor: str | None) -> Response:
    return redirect(url_for("home.desk", **_filter(sent).query(), done=done_id, _anchor=anchor), 303)


def _nothing_chosen() -> Response:
    page = queue.desk(must_be_signed_in(), _filter(request.args), None)
    return make_response(render_template("home/desk.html", page=page, nothing_chosen=True), 422)


def _filter(sent: MultiDict[str, str]) -> Filter:
    number = sent.get("page", "")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 1
    return Filter(sent.get("kind", "")[:20], sent.get("area", "")[:200], min(max(page, 1), queue.PAGES))


def _act(sent: MultiDict[str, str]) -> str:
    act = sent.get("act", "")
    if act not in ACTS:
        raise NotFound
    return act


def _reason(sent: MultiDict[str, str]) -> str:
    """Return the reason that was chosen, what was typed, or both."""
    parts = [" ".join(sent.get(name, "").split()) for name in ("why", "reason")]
    return plain(_("，")).join(part for part in parts if part)


def _fault(act: str, refs: list[str], reason: str) -> Text | None:
    if len(refs) > services.MOST:
        return _("一次最多办 %(count)s 件", count=services.MOST)
    if act == "refuse" and not reason:
        return _("请选一个原因，或者自己写，对方会看到")
    return _("原因最多 200 个字") if len(reason) > REASON_LONGEST else None


def _decides(act: str, ref: str) -> bool:
    found, _key = todo.queue_of(ref)
    return found is not None and (found.approve if act == "approve" else found.refuse) is not None


def _confirm_page(actor: Actor, sent: MultiDict[str, str], fault: Text | None = None) -> str:
    """Return the page that names what is about to be decided, and asks for the reason of a refusal."""
    act, refs = _act(sent), list(dict.fromkeys(sent.getlist("item")))[: services.MOST]
    known = queue.named(actor, refs)
    names = {ref: name for ref, name in known.items() if _decides(act, ref)}
    if not names:
        raise NotFound(_("没有能这样办的事"), next_step=_("可能别人刚刚办过，请回到待办再看。"))
    kinds = list(dict.fromkeys(found for ref in names if (found := todo.queue_of(ref)[0]) is not None))
    return render_template(
        "home/desk_confirm.html",
        act=act,
        names=names,
        left_out=[name for ref, name in known.items() if ref not in names],
        words={plain(one.yes if act == "approve" else one.no) for one in kinds},
        kinds=kinds,
        promises=[one.promise for one in kinds if one.promise],
        back=_filter(sent),
        fault=fault,
        sent=sent,
        anchor=sent.get("next", ""),
    )
