"""Commands: the edge of every POST that creates or decides something.

One transaction, the actor locked by its first statement, the key looked up before any rule, the answer stored with the
effect. A view that returns a page instead of a redirect or JSON (a form shown again) leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from flask import jsonify, make_response, request
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from community.core import idempotency
from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.ids import new_uuid, parse_uuid
from community.core.web import device, rights, session

V = TypeVar("V", bound=Callable[..., Any])

FIELD = "command_key"
HEADER = "Idempotency-Key"
_NEVER_HASHED = {FIELD, "csrf_token"}
# Not 403: a right is asked anew, it may have been granted meanwhile, and who holds none leaves no row.
_FINAL = {404, 409, 410, 422}


class _LeaveNothing(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


class KeyMissing(DomainError):
    """The form came without its key: an old page, or not a page of ours."""

    status = 400

    def __init__(self) -> None:
        super().__init__("key_missing", _("这个页面不完整"), next_step=_("请重新打开页面，再提交一次。"))


class StoredRefusal(DomainError):
    """The refusal that the same key got before."""

    final = False
    replayed = True


def command(*, volatile: Iterable[str] = (), first: Callable[..., Any] | None = None) -> Callable[[V], V]:
    """Make a POST view a command. `volatile` names form fields that may differ when the phone sends it again.

    `first` does slow work (reading a file) before the transaction, while nobody waits for it: it is called with the
    view's arguments once the right was asked, writes nothing, and what it returns is the view's argument `ready`.
    """
    skipped = _NEVER_HASHED | set(volatile)

    def mark(view: V) -> V:
        @wraps(view)
        def run(**arguments: Any) -> Response:
            if first is not None:
                _key()
                rights.enforce(run)
                arguments["ready"] = first(**arguments)
            return _run(lambda: make_response(view(**arguments)), run, skipped)

        run.__linli_command__ = True  # type: ignore[attr-defined]
        return run  # type: ignore[return-value]

    return mark


def new_command_key() -> str:
    """Return a fresh key for a form; the page that shows it also gets the device cookie."""
    device.want_cookie()
    return str(new_uuid())


def passing(response: Response) -> Response:
    """Mark an answer that leaves nothing behind and is not kept for the key: "sign in first"."""
    response.linli_passing = True  # type: ignore[attr-defined]
    return response


def _run(view: Callable[[], Response], marked: Callable[..., Any], skipped: set[str]) -> Response:
    key, asked = _key(), _asked(skipped)
    try:
        return _attempt(view, marked, key, asked)
    except _LeaveNothing as page:
        return page.response
    except IntegrityError:
        # The same key of the same unsigned phone may have won the race for the key row: its answer is ours too.
        known = _after_race(key, asked)
        if known is None:
            raise
        return _answer(known)
    except DomainError as refusal:
        # What belongs to a field is a form's error: mended, it is sent again.
        if not refusal.final or refusal.field or refusal.status not in _FINAL:
            raise
        known = _store_refusal(key, asked, refusal)
        if known is None:
            raise
        return _answer(known)


def _attempt(view: Callable[[], Response], marked: Callable[..., Any], key: str, asked: str) -> Response:
    with transaction():
        session.lock_actor_on_load()
        owner = _owner()
        rights.enforce(marked)
        known = idempotency.find(owner, key, asked)
        if known is not None:
            return _answer(known)
        response = view()
        final = _storable(response)
        if final is None:
            raise _LeaveNothing(response)
        idempotency.store(owner, key, asked, final)
        return response


def _owner() -> str:
    if current_user.is_authenticated:
        return f"m:{current_user.actor.member_id}"
    return f"d:{device.current()}"


def _key() -> str:
    text = request.headers.get(HEADER) or request.form.get(FIELD) or ""
    key = parse_uuid(text.strip().strip('"'))
    if key is None:
        raise KeyMissing
    return str(key)


def _asked(skipped: set[str]) -> str:
    sent = (*request.args.items(multi=True), *request.form.items(multi=True))
    fields = [(name, value) for name, value in sent if name not in skipped]
    fields += [(name, _digest(file)) for name, file in request.files.items(multi=True) if name not in skipped]
    if request.is_json:
        fields.append(("", request.get_data(as_text=True)))
    return idempotency.request_hash(request.path, fields)


def _digest(file: FileStorage) -> str:
    digest = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]
    file.stream.seek(0)
    return digest


def _storable(response: Response) -> idempotency.Answer | None:
    if getattr(response, "linli_passing", False):
        return None
    if response.status_code in {302, 303}:
        return idempotency.Answer(response.status_code, location=response.location)
    if response.is_json and response.status_code < 300:
        return idempotency.Answer(response.status_code, body=response.get_json())
    return None


def _answer(known: idempotency.Answer) -> Response:
    if known.location is not None:
        response = make_response("", known.status)
        response.headers["Location"] = known.location
    elif known.body is not None and "refused" in known.body:
        refused = known.body["refused"]
        raise StoredRefusal(refused["code"], refused["message"], next_step=refused["next_step"], status=known.status)
    else:
        response = make_response(jsonify(known.body), known.status)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _store_refusal(key: str, asked: str, refusal: DomainError) -> idempotency.Answer | None:
    """Keep the refusal for the key; when the key has its answer already (the same request won), return that instead."""
    body = {
        "code": refusal.code,
        "message": plain(refusal.message),
        "next_step": plain(refusal.next_step) if refusal.next_step else None,
    }
    try:
        with transaction():
            owner = _owner()
            known = idempotency.find(owner, key, asked)
            if known is None:
                idempotency.store(owner, key, asked, idempotency.Answer(refusal.status, body={"refused": body}))
            return known
    except IntegrityError:
        return _after_race(key, asked)


def _after_race(key: str, asked: str) -> idempotency.Answer | None:
    with transaction():
        return idempotency.find(_owner(), key, asked)
