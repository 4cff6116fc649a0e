"""What the processes of these tests do."""

from flask import Flask, Response, current_app, redirect
from sqlalchemy import func, insert, select

from community.core import clock
from community.core.db import session
from community.core.errors import Conflict
from community.core.scheduler import Lease
from community.core.web import device, security
from community.core.web.command import command
from community.core.web.rights import public, signed_in

KEY = "01931f2a-0000-7000-8000-000000000001"
DEVICE = "ab" * 16


def effects() -> int:
    """How often the planted command took effect."""
    return session().scalar(select(func.count()).select_from(Lease).where(Lease.job.startswith("planted"))) or 0


def take_effect(once: str = "") -> None:
    """The planted effect: one more row; with `once`, at most one, refused like a domain rule would."""
    if once and session().scalar(select(Lease.job).where(Lease.job == f"planted{once}")):
        raise Conflict("taken", "x")
    name = f"planted{once or effects()}"
    session().execute(insert(Lease).values(job=name, holder="", until=clock.now(), slot=""))


def plant(app: Flask) -> Flask:
    """Add a command for anybody, one for members, and one whose rule refuses a second effect."""

    @command(volatile=["accuracy"])
    def open_to_all() -> Response:
        take_effect()
        return redirect(f"/done/{effects()}", 303)  # type: ignore[return-value]

    @command()
    def for_members() -> Response:
        take_effect()
        return redirect(f"/done/{effects()}", 303)  # type: ignore[return-value]

    @command()
    def only_once() -> Response:
        take_effect("once")
        return redirect("/done", 303)  # type: ignore[return-value]

    for view, mark in ((open_to_all, public("planted")), (for_members, signed_in), (only_once, public("planted"))):
        app.add_url_rule(f"/planted/{view.__name__}", view_func=mark(security.refills(view)), methods=["POST"])
    return app


def post(_number: int, path: str, member: str = "") -> tuple[int, str, str]:
    """Send the planted command with the one key of this race; return status, target and whether it was a repetition."""
    app = plant(current_app._get_current_object())  # type: ignore[attr-defined]
    client = app.test_client()
    base = {"base_url": app.extensions["linli_settings"].public_url}
    with app.test_request_context():
        client.set_cookie(device.COOKIE, device._signer().sign(DEVICE).decode(), domain="linli.test")
    if member:
        with client.session_transaction(**base) as cookie:
            cookie["_user_id"] = member
    answer = client.post(path, data={"command_key": KEY, "x": "1"}, **base)  # type: ignore[arg-type]
    return answer.status_code, answer.headers.get("Location", ""), answer.headers.get("Idempotent-Replayed", "")
