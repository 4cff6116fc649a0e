"""What somebody typed is not lost with her session: a POST without one comes back, after sign-in, for one more tap.

The fields travel through the sign-in page in a signed hidden field, never with a password, a token or a command key.
They are bound to the phone that sent them, and to the member who was or had been signed in on it: nobody can hand a
filled form to another, and who signs in on the same phone next does not read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request, current_app, make_response, render_template, request, session, url_for
from flask.ctx import RequestContext
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from community.core.errors import DomainError
from community.core.i18n import Text, _
from community.core.web import device, rights, tokens
from community.core.web.command import FIELD, new_command_key
from community.core.web.session import current_actor, last_member
from community.people.forms import KEPT_LONGEST, SignInForm

HOURS = 12
# Tokens, and where somebody stood: that is never stored, not even on her own phone.
_NEVER = {"csrf_token", "command_key", "kept", "lat", "lon", "acc", "age_ms", "crs", "pos_denied", "first_far"}

# What people recognise of a form; everything else is carried and not shown.
_LABELS: dict[str, Text] = {
    "name": _("名字"),
    "number": _("编号"),
    "spot": _("牌子挂在哪里"),
    "radius_m": _("范围（米）"),
    "phone": _("手机号"),
    "age_band": _("年龄段"),
    "guardian_name": _("监护人称呼"),
    "guardian_phone": _("监护人手机号"),
    "reason": _("原因"),
    "how": _("同意方式"),
    "note": _("备注"),
    "text": _("内容"),
}


@dataclass(frozen=True)
class Kept:
    """A form on its way: where it goes, and its fields in order."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def shown(self) -> list[tuple[Text, str]]:
        """(word, value) of what people recognise, for the page that asks for the last tap."""
        named = ((_LABELS.get(name.rpartition("-")[2]), value) for name, value in self.fields)
        return [(label, value) for label, value in named if label is not None and value.strip()]


def panel(lost: Request) -> str | None:
    """Return the page for a POST that came without its session: sign-in with the form kept, or the form's last tap.

    None when there is nothing to keep or too much; the caller then answers as if nobody kept forms.
    """
    if lost.method != "POST" or lost.endpoint is None:
        return None
    token = seal(lost)
    right = rights.right_of(current_app.view_functions[lost.endpoint])
    if token is None or right is None:
        return None
    if right.public or current_actor() is not None:
        return finish_page(token)
    form = SignInForm(formdata=None, data={"kept": token})
    return render_template("people/sign_in.html", form=form, page=SignInPage("", token), kept=True)


@dataclass(frozen=True)
class SignInPage:
    """What the slot "sign_in" is told: where to go afterwards, and the kept form to carry along, if any."""

    next: str
    kept: str


def seal(lost: Request) -> str | None:
    """Return the posted fields as a signed text; None without any, or when they are too long."""
    fields = [
        (name, value)
        for name, value in lost.form.items(multi=True)
        if name not in _NEVER and "password" not in name.lower()
    ]
    if not fields:
        return None
    token = str(_signer().dumps([device.current(), last_member(), lost.full_path.rstrip("?"), fields]))
    return token if len(token) <= KEPT_LONGEST else None


def unseal(token: str) -> Kept | None:
    """Return the form that `token` keeps; None when it is forged, old, another phone's or another member's."""
    try:
        sender, owner, path, fields = _signer().loads(token, max_age=HOURS * 3600)
    except (BadData, ValueError, TypeError):
        return None
    if sender != device.current() or (owner and owner != last_member()):
        return None
    return Kept(path, tuple((str(name), str(value)) for name, value in fields))


def finish_page(token: str) -> str | None:
    """Return the page that shows what was typed and sends it with one tap and a fresh key; None for a bad token."""
    kept = unseal(token)
    return None if kept is None else render_template("people/finish.html", kept=kept, home=url_for("home.index"))


def again(token: str) -> Response | None:
    """Return the very form that `token` keeps, filled in, for who has just signed in; else the page of its last tap.

    The form's own view shows it: it is asked as if the page had lain open too long. Without this session's token every
    view that refills its form acts on nothing and shows it again. None for a bad token.
    """
    kept = unseal(token)
    if kept is None:
        return None
    page = _refilled(kept) or finish_page(token)
    tokens.shown()  # the answer holds it, whichever view wrote it
    return make_response(page)


def _refilled(kept: Kept) -> str | None:
    fields = MultiDict([*kept.fields, (FIELD, new_command_key())])
    asked = EnvironBuilder(path=kept.path, base_url=request.host_url, method="POST", data=fields)
    environ = {**asked.get_environ(), "HTTP_COOKIE": request.environ.get("HTTP_COOKIE", "")}
    app, mine = current_app._get_current_object(), session._get_current_object()  # type: ignore[attr-defined]
    # A context of its own: what this request has proved, its own token among it, proves nothing there.
    with app.app_context(), RequestContext(app, environ, session=mine):
        return _shown_again()


def _shown_again() -> str | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "__linli_refills__", False):
        return None
    try:
        rights.before_request()
        answer = make_response(current_app.dispatch_request())
    except (DomainError, HTTPException):
        return None
    return answer.get_data(as_text=True) if answer.status_code == 422 else None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="kept-form")
