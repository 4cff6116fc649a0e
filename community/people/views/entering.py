"""Ways in without a password: a one-time code, and a text message that brings one; what counts as a try."""

from __future__ import annotations

from flask import flash, make_response, render_template, request, session as cookie, url_for
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from community.core.db import transaction
from community.core.errors import DomainError, NotFound
from community.core.i18n import _, plain
from community.core.web import device, security
from community.core.web.limits import limiter
from community.core.web.rights import public
from community.core.web.session import current_actor
from community.people import codes, phones, policies, queries, texts, waits
from community.people.forms import CodeForm, blamed, warned
from community.people.queries import Person
from community.people.views import arrival, known
from community.people.views.blueprint import bp
from community.people.views.kept import SignInPage
from community.people.waits import MustWait, Subject

# Only failures count. Carriers put thousands behind one address: that limit is loose.
PER_ADDRESS = "120 per minute"
# Wrong codes with one number from one address: fewer than a code lives through.
CODES_PER_ADDRESS = "10 per 10 minutes"
# In the session of who came in by a code: she may set a password without her old one.
CAME_BY_CODE = "by_code"


def failed(response: Response) -> bool:
    """Say whether this answer is a wrong try, for the limit of an address."""
    return response.status_code == 422


def tries(phone: str) -> tuple[Subject, Subject]:
    """Return what a try with `phone` on this phone counts against: the number here or at strange phones, the phone."""
    hashes = phones.typed_hashes(phone)
    this = device.current()
    hers = queries.verified_with_phone(hashes, known.here())
    return waits.number_at(hashes[0], this if hers else None), waits.phone_itself(this)


# --- a one-time code ---


def _number_from_here() -> str:
    return f"{get_remote_address()}|{phones.typed_hash(request.form.get('phone', ''))}"


@bp.get("/sign-in/code")
@public("who is not signed in must be able to sign in")
def code() -> Response:
    return _code_page(CodeForm(formdata=None, data={"next": request.args.get("next", "")[:2000]}))


@bp.post("/sign-in/code")
@limiter.limit(PER_ADDRESS, deduct_when=failed)
@limiter.limit(CODES_PER_ADDRESS, key_func=_number_from_here, deduct_when=failed)
@public("who is not signed in must be able to sign in")
@security.refills
def code_post() -> Response:
    form = CodeForm()
    if "code" not in request.form:
        # From the page of numbers and passwords, with the number and the kept form on board.
        return _code_page(form, 200 if form.csrf_token.validate(form) else 422)
    if not form.validate_on_submit():
        return _code_page(form, 422)
    try:
        member = _redeemed(form)
    except MustWait as wait:
        return _code_page(warned(form, wait), 429)
    if member is None:
        return _code_page(blamed(form, codes.WrongCode()), 422)
    return _come_in(member, form)


def _redeemed(form: CodeForm) -> Person | None:
    """Count the try, and commit it, right or wrong."""
    number, phone = tries(form.phone.data)
    with transaction():
        # Not the number's own wait: strangers must not lock its owner out, nor kill her code with a few tries.
        typed = waits.code_at(phones.typed_hash(form.phone.data), device.current())
        waits.count(phone, typed)
        member = codes.redeem(form.phone.data, form.code.data)
        if member is not None:
            waits.right(phone, typed, forget=number if member.verified_at else None)
        return member


def _come_in(member: Person, form: CodeForm) -> Response:
    response = arrival.arrive(member.id, member.session_epoch, next_path=form.next.data, kept=form.kept.data)
    cookie[CAME_BY_CODE] = True
    flash(plain(_("登录好了。想以后自己登录，可以在“我的”里设一个密码。")), "ok")
    return response


# --- a text message with one ---


@bp.post("/sign-in/sms")
@limiter.limit(PER_ADDRESS, deduct_when=failed)
@public("who is not signed in must be able to sign in")
@security.refills
def text_message() -> Response:
    if not policies.texts_ready():
        raise NotFound
    form = CodeForm(without_code=True)
    if not form.validate_on_submit():
        return _code_page(form, 422)
    try:
        with transaction():
            texts.ask(form.phone.data, known=known.here(), device=device.current())
    except MustWait as wait:
        return _code_page(warned(form, wait), 429)
    except DomainError as error:
        return _code_page(blamed(form, error), 422)
    return _code_page(form, sent=True)


def _code_page(form: CodeForm, status: int = 200, *, sent: bool = False) -> Response:
    page = SignInPage(form.next.data or "", form.kept.data or "")
    html = render_template(
        "people/sign_in_code.html",
        form=form,
        page=page,
        sent=sent,
        texts=policies.texts_ready(),
        back=url_for("people.sign_in", next=page.next or None),
        here=current_actor(),
    )
    answer = make_response(html, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
