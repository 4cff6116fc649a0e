"""The one exception to "GET never writes" (DESIGN §4): a page about a person, or a table taken home, leaves one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import make_response
from werkzeug.wrappers import Response

from community.audit import services
from community.core.db import transaction
from community.core.slots import Provider
from community.core.web.session import must_be_signed_in

V = TypeVar("V", bound=Callable[..., Any])


def _nowhere(_member_id: int) -> str:
    return ""


# The area a member lives in, which decides who may read of the look; the room that knows members answers.
member_scope: Provider[str] = Provider("audit.member_scope", _nowhere)


def audits_look(why: str, argument: str = "member_id") -> Callable[[V], V]:
    """Mark a GET view that shows a person's data: each page that is shown is one entry "looked, `why`".

    `argument` names the view's argument that holds the member's id. The entry is committed in a transaction of its own
    before the page leaves, so no page is seen without one; a refused page, and a look at oneself, write nothing.
    """

    def mark(view: V) -> V:
        @wraps(view)
        def run(**arguments: Any) -> Response:
            response = make_response(view(**arguments))
            if response.status_code == 200:
                _note([arguments[argument]], why)
            return response

        run.__linli_audits_look__ = why  # type: ignore[attr-defined]
        return run  # type: ignore[return-value]

    return mark


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, whatever its status, that shows something of the members `member_ids`."""

    page: str | Response
    member_ids: Iterable[int]


def audits_shown(why: str) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Mark a GET view whose address names no member: for what it returns as `Shown`, each of hers is one entry.

    Anything else that it returns shows nobody and leaves none.
    """

    def mark(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def run(**arguments: Any) -> Response:
            answer = view(**arguments)
            if not isinstance(answer, Shown):
                return make_response(answer)
            _note(answer.member_ids, why)
            return make_response(answer.page)

        run.__linli_audits_look__ = why  # type: ignore[attr-defined]
        return run

    return mark


@dataclass(frozen=True, slots=True)
class Taken:
    """A table of an area as a file to keep, with what its entry says."""

    answer: Response
    area_id: int
    scope_path: str
    details: Mapping[str, Any]


def audits_taking(act: str) -> Callable[[Callable[..., Taken]], Callable[..., Response]]:
    """Mark a GET view that returns a `Taken`: its file leaves when the entry `act` is committed, else not at all."""

    def mark(view: Callable[..., Taken]) -> Callable[..., Response]:
        @wraps(view)
        def run(**arguments: Any) -> Response:
            taken, actor = view(**arguments), must_be_signed_in()
            with transaction():
                services.record(actor, act, "area", taken.area_id, scope_path=taken.scope_path, details=taken.details)
            return taken.answer

        run.__linli_audits_look__ = act  # type: ignore[attr-defined]
        return run

    return mark


def _note(member_ids: Iterable[int], why: str) -> None:
    actor = must_be_signed_in()
    scopes = {one: member_scope(one) for one in sorted(set(member_ids)) if one != actor.member_id}
    if not scopes:
        return
    with transaction():
        for member_id, scope in scopes.items():
            services.record_look(actor, member_id, why, scope_path=scope)
