"""Mandates on the phone: offering to act for somebody, saying yes to an offer by its code, seeing and ending them."""

from __future__ import annotations

from typing import TypeVar

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.audit.looks import Shown, audits_shown
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.ids import clean_code, is_code
from community.core.web import pictures, security
from community.core.web.command import command
from community.core.web.limits import handed_codes
from community.core.web.rights import signed_in
from community.core.web.session import must_be_signed_in
from community.people import mandates as services, standing
from community.people.forms import MandateAskForm, MandateCodeForm, MandateConfirmForm, ReasonForm, blamed
from community.people.models import Mandate
from community.people.views import mandate_pages as pages
from community.people.views.blueprint import bp

A = TypeVar("A", str, Response)


@bp.get("/me/mandates")
@signed_in
def mandates() -> str:
    return _list_page(MandateCodeForm(formdata=None))


def _list_page(form: MandateCodeForm) -> str:
    return render_template("people/mandates.html", page=pages.mine(must_be_signed_in()), form=form)


@bp.post("/me/mandates/code")
@signed_in
@security.refills
def type_mandate_code() -> Response | tuple[str, int]:
    """Lead to the offer that a typed code names; nothing is written."""
    form = MandateCodeForm()
    if not form.validate_on_submit():
        return _list_page(form), 422
    code = clean_code(form.code.data or "")
    if not is_code(code):
        form.code.errors = [plain(_("代办码是 8 位"))]
        return _list_page(form), 422
    return redirect(url_for("people.confirm_mandate", offer_code=code), 303)


# --- offering ---


@bp.get("/me/mandates/ask")
@signed_in
def ask_mandate() -> str:
    return render_template("people/mandate_ask.html", form=MandateAskForm(formdata=None))


@bp.post("/me/mandates/ask")
@signed_in
@command()
@security.refills
def ask_mandate_post() -> Response | tuple[str, int]:
    form = MandateAskForm()
    if not form.validate_on_submit():
        return render_template("people/mandate_ask.html", form=form), 422
    made = services.ask(
        must_be_signed_in(),
        may_redeem=bool(form.may_redeem.data),
        may_appeal=bool(form.may_appeal.data),
        days=int(form.days.data),
    )
    return redirect(url_for("people.mandate_offer", ask_id=made.id), 303)


@bp.get("/me/mandates/offers/<id:ask_id>")
@signed_in
def mandate_offer(ask_id: int) -> str:
    return render_template("people/mandate_offer.html", page=pages.offer(services.offer(must_be_signed_in(), ask_id)))


# --- saying yes ---


@bp.get("/me/mandates/confirm/<offer_code>")
@handed_codes
@signed_in
def confirm_mandate(offer_code: str) -> str:
    return _confirm_page(offer_code, MandateConfirmForm(formdata=None))


@bp.post("/me/mandates/confirm/<offer_code>")
@handed_codes
@signed_in
@command()
@security.refills
def confirm_mandate_post(offer_code: str) -> Response | tuple[str, int]:
    form = MandateConfirmForm()
    if not form.validate_on_submit():
        return _confirm_page(offer_code, form), 422
    made = services.confirm(must_be_signed_in(), offer_code)
    flash(plain(_("已同意。您随时可以停掉。")), "ok")
    return redirect(url_for("people.mandate", mandate_id=made.mandate_id), 303)


@bp.post("/me/mandates/decline/<offer_code>")
@handed_codes
@signed_in
@command()
def decline_mandate(offer_code: str) -> Response:
    services.decline(must_be_signed_in(), offer_code)
    flash(plain(_("没有同意，这个码作废了。")), "ok")
    return redirect(url_for("people.mandates"), 303)


def _confirm_page(offer_code: str, form: MandateConfirmForm) -> str:
    page = pages.offer(services.to_confirm(must_be_signed_in(), offer_code))
    return render_template("people/mandate_confirm.html", page=page, form=form)


# --- one of them ---


@bp.get("/me/mandates/<id:mandate_id>")
@signed_in
@audits_shown("people.mandate_page")
def mandate(mandate_id: int) -> str | Shown:
    page = _one_page(mandate_id, ReasonForm(formdata=None))
    return _looked_at(page, standing.one(must_be_signed_in(), mandate_id))


@bp.get("/me/mandates/<id:mandate_id>/paper")
@signed_in
@audits_shown("people.mandate_paper")
def mandate_paper(mandate_id: int) -> Response | Shown:
    """The photo of what was signed."""
    found, photo = standing.paper(must_be_signed_in(), mandate_id)
    answer = pictures.answer(photo)
    answer.headers["Cache-Control"] = "no-store"
    return _looked_at(answer, found)


def _looked_at(page: A, found: Mandate) -> A | Shown:
    """Return what is shown of a mandate; whoever is on neither side of it leaves a look that the person reads."""
    sides = (found.principal_id, found.helper_id)
    return page if any(map(must_be_signed_in().is_me, sides)) else Shown(page, [found.principal_id])


@bp.post("/me/mandates/<id:mandate_id>/end")
@signed_in
@command()
def end_mandate(mandate_id: int) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), ReasonForm()
    try:
        ended = services.end(actor, mandate_id, words=form.reason.data or "")
    except DomainError as error:
        if error.field is None:
            raise
        return _one_page(mandate_id, blamed(form, error)), 422
    flash(plain(_("已停掉，从现在起不能再代办。")), "ok")
    return redirect(url_for("people.mandate", mandate_id=ended.mandate_id), 303)


def _one_page(mandate_id: int, form: ReasonForm) -> str:
    actor = must_be_signed_in()
    return render_template("people/mandate.html", page=pages.one(actor, standing.one(actor, mandate_id)), form=form)
