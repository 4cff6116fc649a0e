"""Signing in and out, one's password, name and number, and taking back a consent."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, session as cookie, url_for
from werkzeug.wrappers import Response

from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web import security, session
from community.core.web.command import command
from community.core.web.limits import limiter
from community.core.web.rights import public, signed_in
from community.core.web.session import current_actor, must_be_signed_in
from community.people import codes, phones, queries, services, waits
from community.people.details import correct
from community.people.forms import DetailsForm, PasswordForm, SignInForm, blamed, warned
from community.people.queries import Person
from community.people.views import arrival, entering, known
from community.people.views.blueprint import bp
from community.people.views.kept import SignInPage

# --- signing in and out ---


@bp.get("/sign-in")
@public("who is not signed in must be able to sign in")
def sign_in() -> Response:
    wanted = request.args.get("next", "")
    if current_actor() is not None:
        return redirect(arrival.local_path(wanted), 303)
    return _sign_in_page(SignInForm(formdata=None, data={"next": wanted[:2000]}))


@bp.post("/sign-in")
@limiter.limit(entering.PER_ADDRESS, deduct_when=entering.failed)
@public("who is not signed in must be able to sign in")
@security.refills
def sign_in_post() -> Response:
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form, 422)
    try:
        member = _known(form)
    except waits.MustWait as wait:
        return _sign_in_page(warned(form, wait), 429)
    except services.WrongSignIn as error:
        return _sign_in_page(blamed(form, error), 422)
    return arrival.arrive(member.id, member.session_epoch, next_path=form.next.data, kept=form.kept.data)


def _known(form: SignInForm) -> Person:
    """Count the try before it is judged: judging takes long, and no row stays locked meanwhile."""
    number, phone = entering.tries(form.phone.data)
    with transaction():
        waits.count(number, phone)
    member = services.sign_in(form.phone.data, form.password.data, known=known.here())
    with transaction():
        waits.right(number, phone, forget=number if member.verified_at else None)
    return member


def _sign_in_page(form: SignInForm, status: int = 200) -> Response:
    page = SignInPage(form.next.data or "", form.kept.data or "")
    html = render_template("people/sign_in.html", form=form, page=page, kept=bool(page.kept))
    answer = make_response(html, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/sign-out")
@public("ending a session asks for no right")
def sign_out() -> Response:
    session.sign_out()
    flash(plain(_("已退出登录。")), "ok")
    return redirect(arrival.local_path(request.form.get("next")), 303)


@bp.post("/me/sign-out-everywhere")
@signed_in
@command()
def sign_out_everywhere() -> Response:
    member = services.end_sessions(must_be_signed_in())
    if request.form.get("here") == "stays":
        session.sign_in(member.id, member.session_epoch)
        flash(plain(_("其他手机上的登录都已退出。")), "ok")
        return redirect(url_for("home.me"), 303)
    session.sign_out()
    flash(plain(_("所有手机上的登录都已退出。")), "ok")
    return redirect(url_for("home.index"), 303)


# --- one's password ---


@bp.get("/me/password")
@signed_in
def password() -> str:
    return _password_page(PasswordForm(formdata=None))


@bp.post("/me/password")
@signed_in
@command(volatile=("current_password", "password", "password_again"))
@security.refills
def set_password() -> Response | tuple[str, int]:
    form, actor = PasswordForm(), must_be_signed_in()
    if not form.validate_on_submit() or not form.same_twice():
        return _password_page(form), 422
    try:
        member = services.set_password(actor, actor.member_id, form.password.data, **_before(form))
    except DomainError as error:
        return _password_page(blamed(form, error)), 422
    session.sign_in(member.id, member.session_epoch)
    flash(plain(_("密码已设好。其他手机上的登录都已退出。")), "ok")
    return redirect(url_for("home.me"), 303)


def _before(form: PasswordForm) -> dict[str, Any]:
    return {"current": form.current_password.data, "came_by_code": bool(cookie.get(entering.CAME_BY_CODE))}


def _password_page(form: PasswordForm) -> str:
    member = queries.known_member(must_be_signed_in().member_id)
    excused = bool(cookie.get(entering.CAME_BY_CODE)) and codes.used_lately(member.id)
    has = member.password_hash is not None
    return render_template("people/password.html", form=form, has=has, had=has and not excused, member=member)


# --- one's name and number ---


@bp.get("/me/details")
@signed_in
def details() -> str:
    member = queries.known_member(must_be_signed_in().member_id)
    known = {"name": member.display_name, "phone": phones.whole(member.phone_cipher)}
    return _details_page(member, _details_form(member, DetailsForm(formdata=None, data=known)))


@bp.post("/me/details")
@signed_in
@command()
@security.refills
def details_post() -> Response | tuple[str, int]:
    actor = must_be_signed_in()
    member = queries.known_member(actor.member_id)
    form = _details_form(member, DetailsForm())
    if not form.validate_on_submit():
        return _details_page(member, form), 422
    try:
        correct(actor, name=form.name.data, phone=form.phone.data if form.phone else None)
    except DomainError as error:
        if error.field is None:
            raise
        return _details_page(member, blamed(form, error)), 422
    flash(plain(_("已更正。")), "ok")
    return redirect(url_for("home.me"), 303)


def _details_form(member: Person, form: DetailsForm) -> DetailsForm:
    return form if member.verified_at is None else form.keep_phone()


def _details_page(member: Person, form: DetailsForm) -> str:
    return render_template("people/details.html", form=form, member=member, phone=phones.whole(member.phone_cipher))


# --- one's consent ---


@bp.post("/me/consents/<scope>/withdraw")
@signed_in
@command()
def withdraw(scope: str) -> Response:
    services.withdraw_consent(must_be_signed_in(), scope)
    flash(plain(_("已撤回。下次打卡会再问您。")), "ok")
    return redirect(url_for("home.me"), 303)
