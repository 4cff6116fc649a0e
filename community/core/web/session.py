"""Who is signed in: Flask-Login keeps member id and session epoch in the signed cookie, `access` builds the Actor anew.

The Actor is loaded at first use in each request. Inside a command it is loaded by the transaction's first statement,
which locks the member, so two requests of one member wait for each other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, after_this_request, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user as _current_user, login_user, logout_user
from itsdangerous import Signer

from community.core.authz import Actor
from community.core.errors import SignInNeeded

Loader = Callable[[int, int, bool], Actor | None]
V = TypeVar("V", bound=Callable[..., Any])

_USER = re.compile(r"([0-9]{1,18}|[1-8][0-9]{18})\.([0-9]{1,9})")

_LEFT = "left"
# Somebody else than before has signed in on this phone: read and taken away by the script.
COOKIE = "linli_another"

_loader: Loader | None = None
manager = LoginManager()


class Cookies(SecureCookieSessionInterface):
    """Sessions in a signed cookie that lives on with every page; a command's redirect leaves that to its page."""

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        view = app.view_functions.get(request.endpoint or "")
        lives_on = request.method in {"GET", "HEAD"} and not getattr(view, "__linli_aside__", False)
        return session.modified or (lives_on and super().should_set_cookie(app, session))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # A file is the same for everybody: `Vary: Cookie` would have phones fetch it anew after every page.
        if request.endpoint != "static" or session.modified:
            super().save_session(app, session, response)


class SignedIn(UserMixin):
    """What Flask-Login keeps: an Actor and the epoch of her sessions."""

    def __init__(self, actor: Actor, epoch: int) -> None:
        self.actor = actor
        self.epoch = epoch

    def get_id(self) -> str:
        return f"{self.actor.member_id}.{self.epoch}"


def init_app(app: Flask, loader: Loader, session_days: int) -> None:
    """Install sign-in on `app`; `loader(member_id, epoch, lock)` returns the Actor, or None when the session ended."""
    global _loader  # noqa: PLW0603 - the factory wires it once
    _loader = loader
    manager.init_app(app)
    app.session_interface = Cookies()
    # Carriers change a phone's address all day: binding a session to it would sign people out at random.
    manager.session_protection = None
    app.config.update(
        REMEMBER_COOKIE_NAME="linli_stay",
        REMEMBER_COOKIE_DURATION=dt.timedelta(days=session_days),
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=app.config["SESSION_COOKIE_SECURE"],
    )


@manager.user_loader  # type: ignore[untyped-decorator]
def _load(text: str) -> SignedIn | None:
    # Only we sign this cookie; one of an older version of the program may still hold something else.
    named = _USER.fullmatch(text)
    if _loader is None or named is None:
        return None
    member, epoch = named.groups()
    locked, first = bool(g.get("lock_actor")), g.get("lock_first")
    if locked and first is not None:
        first(int(member))
    actor = _loader(int(member), int(epoch), locked)
    return SignedIn(actor, int(epoch)) if actor else None


def aside(view: V) -> V:
    """Mark a view that a phone asks for beside its pages: such an answer may come after the one that signed somebody in
    or out, so it carries no session of the time before."""
    view.__linli_aside__ = True  # type: ignore[attr-defined]
    return view


def current_actor() -> Actor | None:
    """Return who is signed in, or None."""
    user: Any = _current_user
    return user.actor if user.is_authenticated else None


def must_be_signed_in() -> Actor:
    """Return who is signed in; raises SignInNeeded when nobody is."""
    actor = current_actor()
    if actor is None:
        raise SignInNeeded
    return actor


def claimed_member() -> str | None:
    """Return the member id that the signed cookie claims, without asking the database (the key of her commands)."""
    text = session.get("_user_id")
    return text.partition(".")[0] if isinstance(text, str) else None


def login_mark() -> str:
    """Return a mark of who this answer was made for: opaque, the same until her sessions end; "" for nobody."""
    user = g.get("_login_user")
    if user is None or not user.is_authenticated:
        return ""
    return Signer(str(current_app.secret_key), salt="login").get_signature(user.get_id()).decode()[:12]


def last_member() -> str | None:
    """Return the member id of whom this browser's cookie tells, also of one who signed out or whose session ended."""
    return claimed_member() or session.get(_LEFT)


def lock_actor_on_load() -> None:
    """Let the actor be loaded again by a statement that locks the member; called at the start of a command."""
    g.lock_actor = True
    g.pop("_login_user", None)


def lock_first(lock: Callable[[int], None]) -> None:
    """Let a command call `lock(member id)` before it locks who sends it: for one that needs another member's row too,
    since all of them take those in one order."""
    g.lock_first = lock


def sign_in(member_id: int, epoch: int) -> None:
    """Sign the member in on this device for `session_days`; the old session's contents do not come along."""
    if last_member() not in {None, str(member_id)}:
        _empty_cache()
        _forget_words()
    session.clear()
    # The token of the old session went with it: a page made after this one needs its own.
    g.pop("csrf_token", None)
    login_user(SignedIn(Actor(member_id=member_id), epoch), remember=True)
    session.permanent = True
    g.pop("_login_user", None)  # who asks from here on gets the whole Actor


def sign_out() -> None:
    """End the session on this device; all that stays is who was here."""
    _empty_cache()
    left = last_member()
    logout_user()
    # logout_user leaves a note to clear the remember cookie; everything else goes.
    for key in [key for key in session if key != "_remember"]:
        session.pop(key)
    if left:
        session[_LEFT] = left
        session.permanent = True


def _forget_words() -> None:
    """Let the next page's script forget what somebody else began to write on this phone (static/js/core.js)."""

    @after_this_request
    def tell(response: Response) -> Response:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(COOKIE, "1", max_age=3600, samesite="Lax", secure=secure)
        return response


def _empty_cache() -> None:
    """Let the browser forget the pages of who was here: one of them may be kept for a cellar without a signal."""

    @after_this_request
    def tell(response: Response) -> Response:
        # Elsewhere browsers refuse the header, and say so.
        if request.is_secure or request.host.partition(":")[0] in {"127.0.0.1", "localhost"}:
            response.headers["Clear-Site-Data"] = '"cache"'
        return response
