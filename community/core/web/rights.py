"""Each route names its right; the application refuses to start when one does not (DESIGN §4 "Permissions")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, request

from community.core.authz import Perm, must
from community.core.errors import Forbidden, SignInNeeded
from community.core.web.session import current_actor

V = TypeVar("V", bound=Callable[..., Any])


class UnmarkedRoute(RuntimeError):
    """A route says nothing about who may call it."""


@dataclass(frozen=True)
class Right:
    """Who may call a route: holders of `perm` (`granted`: by a role), anyone signed in, or everybody for a reason."""

    perm: Perm | None = None
    public: str = ""
    granted: bool = False

    def __str__(self) -> str:
        if self.public:
            return f"public: {self.public}"
        if self.perm is None:
            return "signed in"
        return f"{'granted' if self.granted else 'requires'} {self.perm}"


def requires(perm: Perm) -> Callable[[V], V]:
    """Mark a view: only who holds `perm` somewhere may call it (its service then asks for the very object)."""
    return _mark(Right(perm=perm))


def granted(perm: Perm) -> Callable[[V], V]:
    """Mark a desk's view: only who holds `perm` by a role; that members have it for their own things does not count."""
    return _mark(Right(perm=perm, granted=True))


def signed_in(view: V) -> V:
    """Mark a view: anyone signed in may call it."""
    return _mark(Right())(view)


def public(why: str) -> Callable[[V], V]:
    """Mark a view: everybody may call it, for the reason `why`."""
    return _mark(Right(public=why))


def _mark(right: Right) -> Callable[[V], V]:
    def mark(view: V) -> V:
        view.__linli_right__ = right  # type: ignore[attr-defined]
        return view

    return mark


def right_of(view: Callable[..., Any]) -> Right | None:
    """Return the mark of `view`, or None."""
    return getattr(view, "__linli_right__", None)


def check_marks(app: Flask) -> None:
    """Raise UnmarkedRoute unless every route of `app` is marked."""
    bare = [
        f"{rule.endpoint} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if right_of(app.view_functions[rule.endpoint]) is None
    ]
    if bare:
        raise UnmarkedRoute("routes without a right: " + ", ".join(sorted(bare)))


def enforce(view: Callable[..., Any]) -> None:
    """Raise SignInNeeded or Forbidden unless the current actor may call `view`."""
    right = right_of(view)
    if right is None:
        raise UnmarkedRoute(view.__name__)
    if right.public:
        return
    actor = current_actor()
    if actor is None:
        raise SignInNeeded
    if right.granted and right.perm not in actor.perms:
        raise Forbidden
    if right.perm:
        must(actor, right.perm)


def before_request() -> None:
    """Ask for the right before the view runs; commands ask inside their transaction, after locking the actor."""
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    if not getattr(view, "__linli_command__", False):
        enforce(view)
