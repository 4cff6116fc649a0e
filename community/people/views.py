"""Signing in and out, one's password, and the desk's pages about people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core.authz import Actor, Perm
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.slots import Slot
from community.core.web import security, session
from community.core.web.command import command
from community.core.web.forms import Form
from community.core.web.limits import limiter
from community.core.web.rights import public, requires, signed_in
from community.core.web.session import current_actor, must_be_signed_in
from community.people import arrival, phones, queries, services
from community.people.forms import GuardianForm, PasswordForm, ReasonForm, SignInForm
from community.people.kept import SignInPage
from community.people.models import Member
from community.places import queries as places

bp = Blueprint("people", __name__)

# Higher rooms add to the sign-in page (page: SignInPage) and to the desk's page of a person (page: Member).
sign_in_slot = Slot("sign_in")
member_slot = Slot("member_page")

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


def _known(form: SignInForm) -> Member | None:
    try:
        return services.sign_in(form.phone.data, form.password.data)
    except services.WrongSignIn as error:
        form.password.errors = [f"{plain(error.message)}。{plain(error.next_step or '')}"]
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
        return _password_page(_blamed(form, error)), 422
    session.sign_in(member.id, member.session_epoch)
    flash(plain(_("密码已设好。其他手机上的登录都已退出。")), "ok")
    return redirect(url_for("home.me"), 303)


def _password_page(form: PasswordForm) -> str:
    member = queries.known_member(must_be_signed_in().member_id)
    return render_template("people/password.html", form=form, had=member.password_hash is not None, member=member)


@bp.post("/me/consents/<scope>/withdraw")
@signed_in
@command()
def withdraw(scope: str) -> Response:
    services.withdraw_consent(must_be_signed_in(), scope)
    flash(plain(_("已撤回。下次打卡会再问您。")), "ok")
    return redirect(url_for("home.me"), 303)


# --- the desk ---


@bp.get("/desk/people")
@requires(Perm.MEMBER_READ)
def desk_people() -> str:
    asked = request.args
    show = asked.get("show", "all")
    number = asked.get("page", "1")
    found = queries.people(
        must_be_signed_in(),
        text=asked.get("q", ""),
        show=show if show in queries.SHOWN else "all",
        number=int(number) if number.isdecimal() and len(number) < 7 else 1,
    )
    return render_template(
        "people/desk_list.html",
        found=found,
        areas=places.names(row.home_area_id for row in found.rows),
        masked=phones.masked,
        text=asked.get("q", "")[:40],
        show=show,
    )


@bp.get("/desk/people/<id:member_id>")
@requires(Perm.MEMBER_READ)
@audits_look("people.desk_person")
def desk_person(member_id: int) -> str:
    return _person_page(member_id)


def _person_page(member_id: int, guardian: GuardianForm | None = None, reason: ReasonForm | None = None) -> str:
    actor = must_be_signed_in()
    member = queries.for_desk(actor, member_id)
    return render_template(
        "people/desk_person.html",
        member=member,
        area=places.place_line(member.home_path),
        names=queries.names(key for key in (member.verified_by, member.guardian_by) if key),
        masked=phones.masked,
        guardian_form=guardian or GuardianForm(formdata=None),
        reason_form=reason or ReasonForm(formdata=None),
        oneself=actor.member_id == member_id,
    )


@bp.post("/desk/people/<id:member_id>/verify")
@requires(Perm.MEMBER_VERIFY)
@command()
def verify(member_id: int) -> Response:
    services.verify(must_be_signed_in(), member_id=member_id)
    return _back_to(member_id, _("已核实。"))


@bp.post("/desk/people/<id:member_id>/guardian")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def confirm_guardian(member_id: int) -> Response | tuple[str, int]:
    form = GuardianForm()

    def confirm(actor: Actor) -> None:
        services.confirm_guardian(actor, member_id=member_id, how=form.how.data)

    if not _done(form, confirm):
        return _person_page(member_id, guardian=form), 422
    return _back_to(member_id, _("监护人的同意已登记。"))


@bp.post("/desk/people/<id:member_id>/suspend")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def suspend(member_id: int) -> Response | tuple[str, int]:
    form = ReasonForm()
    if not _done(form, lambda actor: services.suspend(actor, member_id=member_id, reason=form.reason.data)):
        return _person_page(member_id, reason=form), 422
    return _back_to(member_id, _("已暂停，她能看到原因。"))


@bp.post("/desk/people/<id:member_id>/reinstate")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def reinstate(member_id: int) -> Response | tuple[str, int]:
    form = ReasonForm()
    if not _done(form, lambda actor: services.reinstate(actor, member_id=member_id, reason=form.reason.data)):
        return _person_page(member_id, reason=form), 422
    return _back_to(member_id, _("已恢复。"))


def _done(form: Form, act: Callable[[Actor], Any]) -> bool:
    """Do `act` if the form is whole; a refusal that belongs to one of its fields is noted there."""
    if not form.validate_on_submit():
        return False
    try:
        act(must_be_signed_in())
    except DomainError as error:
        if error.field is None:
            raise
        _blamed(form, error)
        return False
    return True


def _blamed(form: Any, error: DomainError) -> Any:
    """Return the form with the refusal at the field that it names."""
    field = form[error.field] if error.field in form else form[next(iter(form._fields))]
    field.errors = [" ".join(plain(part) for part in (error.message, error.next_step) if part)]
    return form


def _back_to(member_id: int, said: Text) -> Response:
    flash(plain(said), "ok")
    return redirect(url_for("people.desk_person", member_id=member_id), 303)
