"""Objecting to a row about oneself, and answering objections; awards that wait, with everything behind them."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core.authz import Perm, must
from community.core.errors import DomainError, NotFound
from community.core.i18n import _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.points.forms.deciding import AppealAnswerForm, AppealForm, refused
from community.points.queries import appeals, awards
from community.points.services import appealing
from community.points.views import appeal_pages
from community.points.views.blueprint import bp
from community.points.views.helped import acting, also_for_others


@bp.get("/points/waiting/<id:award_id>")
@bp.get("/helped/<id:for_id>/points/waiting/<id:award_id>")
@requires(Perm.APPEAL_MAKE)
@also_for_others
def waiting(award_id: int) -> str | Response:
    actor = acting()
    award = awards.one(award_id)
    must(actor, Perm.APPEAL_MAKE, award)
    if award.txn_id is not None:
        return redirect(url_for("points.proof", txn_id=award.txn_id), 303)
    appeal = appeal_pages.link(actor, f"award:{award_id}")
    return render_template("points/waiting.html", page=appeal_pages.waiting(actor, award), appeal=appeal)


@bp.get("/points/appeals/new/<about>")
@bp.get("/helped/<id:for_id>/points/appeals/new/<about>")
@requires(Perm.APPEAL_MAKE)
@also_for_others
def new_appeal(about: str) -> str | Response:
    subject = appealing.subject_of(acting(), about)
    made = appeals.about(acting().ids, subject.ref)
    if made is not None:
        return redirect(url_for("points.appeal", appeal_id=made.id), 303)
    return _new_page(about, AppealForm(formdata=None))


@bp.post("/points/appeals/new/<about>")
@bp.post("/helped/<id:for_id>/points/appeals/new/<about>")
@requires(Perm.APPEAL_MAKE)
@command()
def make_appeal(about: str) -> Response | tuple[str, int]:
    actor, form = acting(), AppealForm()
    appealing.subject_of(actor, about)
    if not form.validate():
        return _new_page(about, form), 422
    made = appealing.appeal(actor, about, form.words.data or "")
    flash(plain(_("申诉收到了。由另一位来看，不会影响您已有的积分。")), "ok")
    return redirect(url_for("points.appeal", appeal_id=made), 303)


def _new_page(about: str, form: AppealForm) -> str:
    actor = acting()
    shown = appeal_pages.about(appealing.subject_of(actor, about))
    return render_template(
        "points/appeal_new.html", about=shown, ref=about, form=form, link=appeal_pages.link(actor, about)
    )


@bp.get("/points/appeals/<uuid:appeal_id>")
@bp.get("/helped/<id:for_id>/points/appeals/<uuid:appeal_id>")
@requires(Perm.APPEAL_MAKE)
@also_for_others
def appeal(appeal_id: uuid.UUID) -> str:
    actor = acting()
    return render_template("points/appeal.html", page=appeal_pages.page(actor, appeals.own(actor, appeal_id)))


@bp.post("/points/appeals/<uuid:appeal_id>/withdraw")
@bp.post("/helped/<id:for_id>/points/appeals/<uuid:appeal_id>/withdraw")
@requires(Perm.APPEAL_MAKE)
@command()
def withdraw_appeal(appeal_id: uuid.UUID) -> Response:
    appealing.withdraw(acting(), appeal_id)
    flash(plain(_("申诉撤回了")), "ok")
    return redirect(url_for("points.appeal", appeal_id=appeal_id), 303)


@bp.post("/points/appeals/<uuid:appeal_id>/take-up")
@requires(Perm.APPEAL_MAKE)
@command()
def take_up_appeal(appeal_id: uuid.UUID) -> Response:
    made = appealing.take_up(must_be_signed_in(), appeal_id)
    flash(plain(_("申诉收到了。由另一位来看，不会影响您已有的积分。")), "ok")
    return redirect(url_for("points.appeal", appeal_id=made), 303)


# --- the desk ---


@bp.get("/desk/appeals")
@requires(Perm.APPEAL_DECIDE)
def appeals_desk() -> str:
    actor = must_be_signed_in()
    rows = appeal_pages.rows(actor, appeals.queue(actor, limit=200))
    return render_template("points/appeals_desk.html", rows=rows)


@bp.get("/desk/appeals/<id:member_id>/<uuid:appeal_id>")
@requires(Perm.APPEAL_DECIDE)
@audits_look("points.appeal_page")
def appeal_desk(member_id: int, appeal_id: uuid.UUID) -> str:
    return _desk_page(member_id, appeal_id, AppealAnswerForm(formdata=None))


@bp.post("/desk/appeals/<id:member_id>/<uuid:appeal_id>")
@requires(Perm.APPEAL_DECIDE)
@command()
@security.refills
def answer_appeal(member_id: int, appeal_id: uuid.UUID) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), AppealAnswerForm()
    appeals.for_desk(actor, appeal_id)
    try:
        if form.validate():
            answered = appealing.decide(
                actor,
                appeal_id,
                change=form.decision.data == "changed",
                answer=form.answer.data or "",
                rule_version_id=form.rule.data,
            )
            flash(
                plain(_("记下了。分值较大，还要另一位同意。") if answered.state == "open" else _("答复已经发给对方")),
                "ok",
            )
            return redirect(url_for("points.appeal_desk", member_id=member_id, appeal_id=appeal_id), 303)
    except DomainError as error:
        if error.field not in form:
            raise
        refused(form[error.field or ""], error.message)
    return _desk_page(member_id, appeal_id, form), 422


def _desk_page(member_id: int, appeal_id: uuid.UUID, form: AppealAnswerForm) -> str:
    actor = must_be_signed_in()
    found = appeals.for_desk(actor, appeal_id)
    if found.member_id != member_id:
        raise NotFound
    page = appeal_pages.page(actor, found)
    form.offer(appeal_pages.rules_to_name(found.town_id))
    return render_template("points/appeal_desk.html", page=page, form=form)
