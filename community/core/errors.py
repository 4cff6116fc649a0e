"""Errors of the domain: each carries a stable code, a text for the person and what she can do next."""

from __future__ import annotations

from collections.abc import Callable

from community.core.i18n import Text, _


class DomainError(Exception):
    """A refusal that a person caused and can act on.

    `code` is a stable lower-case word (also the answer's code in JSON), `message` says what happened, `next_step` what
    to do, `field` the form field it belongs to if any. `status` is the HTTP status an edge answers with.
    """

    status = 422
    # Whether the same command key gets this refusal again; a passing one is tried anew.
    final = True
    # Whether this is what an earlier request with the same key was told.
    replayed = False

    def __init__(
        self,
        code: str,
        message: Text,
        *,
        next_step: Text | None = None,
        field: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.next_step = next_step
        self.field = field
        if status is not None:
            self.status = status


class NotFound(DomainError):
    """There is no such thing, or it lies outside the actor's area (the two answers are the same on purpose)."""

    status = 404

    def __init__(self, message: Text | None = None, *, next_step: Text | None = None, code: str = "not_found") -> None:
        super().__init__(
            code,
            message or _("没有找到这个页面或内容"),
            next_step=next_step or _("请检查网址，或回到首页再找一找。"),
        )


class Forbidden(DomainError):
    """The actor holds the needed right nowhere."""

    status = 403

    def __init__(self, message: Text | None = None, *, next_step: Text | None = None, code: str = "forbidden") -> None:
        super().__init__(
            code,
            message or _("您的身份没有这项权限"),
            next_step=next_step or _("如果工作需要，请联系上级管理员授权。"),
        )


class SignInNeeded(DomainError):
    """Nobody is signed in and the act needs somebody."""

    status = 401

    def __init__(self) -> None:
        super().__init__("sign_in_needed", _("请先登录"), next_step=_("登录后会回到刚才的页面。"))


class Conflict(DomainError):
    """Somebody else was first, or the thing is no longer in the state the act needs."""

    status = 409


class Gone(DomainError):
    """It existed and has been withdrawn for good."""

    status = 410


class Busy(DomainError):
    """The same thing is being done right now; try again in `retry_after` seconds."""

    status = 409
    final = False
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("busy", _("上一次操作还在处理中"), next_step=_("请等两秒再试一次，不会重复记录。"))


_by_constraint: dict[str, Callable[[], DomainError]] = {}


def on_constraint(name: str, error: Callable[[], DomainError]) -> None:
    """Answer a violation of the database constraint `name` with the domain error that `error` makes."""
    _by_constraint[name] = error


def for_constraint(name: str | None) -> DomainError | None:
    """Return the domain error registered for the constraint `name`, or None."""
    made = _by_constraint.get(name or "")
    return made() if made else None
