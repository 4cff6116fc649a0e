"""Signing in and out, one's password, name and number, and taking back a consent."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web import security, session
from community.core.web.command import command
from community.core.web.limits import limiter
from community.core.web.rights import public, signed_in
from community.core.web.session import current_actor, must_be_signed_in
from community.people import phones, queries, services
from community.people.details import correct
from community.people.forms import DetailsForm, PasswordForm, SignInForm, blamed
from community.people.queries import Person
from community.people.views import arrival, known
from community.people.views.blueprint import bp
from community.people.views.kept import SignInPage

# Only failures count. Carriers put thousands behind one address: that limit is loose.
PER_PHONE = "6 per minute; 30 per hour"
PER_ADDRESS = "120 per minute"


def _typed_number() -> str:
    text = request.form.get("phone", "")[:60]
    try:
        return phones.phone_hash(phones.parse(text))
    except DomainError:
        return phones.phone_hash(text)


def _failed(response: Response) -> bool:
    return response.status_code == 422


# --- signing in and out ---


@bp.get("/sign-in")
@public("who is not signed in must be able to sign in")
def sign_in() -> Response:
    wanted = request.args.get("next", "")
    if current_actor() is not None:
        return redirect(arrival.local_path(wanted), 303)
    return _sign_in_page(SignInForm(formdata=None, data={"next": wanted[:2000]}))


@bp.post("/sign-in")
@limiter.limit(PER_ADDRESS, deduct_when=_failed)
@limiter.limit(PER_PHONE, key_func=_typed_number, deduct_when=_failed)
@public("who is not signed in must be able to sign in")
@security.refills
def sign_in_post() -> Response:
    form = SignInForm()
    member = _known(form) if form.validate_on_submit() else None
    if member is None:
        return _sign_in_page(form, 422)
    return arrival.arrive(member.id, member.session_epoch, next_path=form.next.data, kept=form.kept.data)


def _known(form: SignInForm) -> Person | None:
    try:
        return services.sign_in(form.phone.data, form.password.data, known=known.here())
    except services.WrongSignIn as error:
        blamed(form, error)
        return None


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
        member = services.set_password(actor, actor.member_id, form.password.data, current=form.current_password.data)
    except DomainError as error:
        return _password_page(blamed(form, error)), 422
    session.sign_in(member.id, member.session_epoch)
    flash(plain(_("密码已设好。其他手机上的登录都已退出。")), "ok")
    return redirect(url_for("home.me"), 303)


def _password_page(form: PasswordForm) -> str:
    member = queries.known_member(must_be_signed_in().member_id)
    return render_template("people/password.html", form=form, had=member.password_hash is not None, member=member)


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
