"""Every error a person can cause gets a page that says what happened and what to do next; programs get JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, jsonify, make_response, redirect, render_template, request, url_for
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from community.core.db import session
from community.core.errors import Busy, DomainError, SignInNeeded
from community.core.i18n import Text, _, plain
from community.core.slots import Slot
from community.core.web import security

log = structlog.get_logger(__name__)

# A POST that came without a session: the higher room that owns sign-in keeps what was typed (page: the request).
keep_form = Slot("keep_form")

_HTTP: dict[int, tuple[Text, Text]] = {
    400: (_("这个请求不完整"), _("请回到上一页重新打开，再试一次。")),
    404: (_("没有找到这个页面或内容"), _("请检查网址，或回到首页再找一找。")),
    405: (_("这个网址不能这样打开"), _("请从页面上的按钮进入，不要直接刷新或粘贴网址。")),
    413: (_("内容太大了"), _("请减少文字或换小一点的图片，再试一次。")),
    414: (_("网址太长了"), _("请重新扫码，或输入牌子上的 8 位码。")),
    415: (_("这种内容不能提交"), _("请从页面上的表单提交。")),
    429: (_("试得太快了"), _("请等一分钟再试。没有记录任何不良行为。")),
}


def wants_json() -> bool:
    """Say whether the caller is a program: an API path, or JSON preferred to HTML."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return request.path.startswith("/api/") or best == "application/json"


def init_app(app: Flask) -> None:
    """Install the handlers on `app`."""
    app.register_error_handler(SignInNeeded, _sign_in_needed)
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(RateLimitExceeded, _too_fast)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def page(status: int, code: str, title: Text, text: Text | None, extra: str = "") -> Response:
    """Return the error page (or its JSON) with the HTTP `status`; `extra` is a rendered fragment shown below."""
    session().rollback()
    if wants_json():
        body: Any = {"code": code, "message": plain(title), "next_step": plain(text) if text else None}
        return make_response(jsonify(body), status)
    html = render_template(
        "errors/error.html",
        status=status,
        code=code,
        title=title,
        text=text,
        extra=extra,
        next_steps=_ways_on(),
    )
    return make_response(html, status)


def _ways_on() -> list[tuple[str, str]]:
    ways = [(plain(_("回首页")), "/")]
    back = urlsplit(request.referrer or "")
    # A path that begins with two slashes would lead to another host.
    if back.netloc == request.host and back.path not in {"", request.path} and not back.path.startswith("//"):
        ways.insert(0, (plain(_("回到上一页")), back.path))
    return ways


def _domain(error: DomainError) -> Response:
    answer = page(error.status, error.code, error.message, error.next_step)
    if isinstance(error, Busy):
        answer.headers["Retry-After"] = str(error.retry_after)
    if error.replayed:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _sign_in_needed(error: SignInNeeded) -> Response:
    if wants_json():
        return _domain(error)
    if request.method in {"GET", "HEAD"}:
        there = request.full_path.rstrip("?")
        return make_response(redirect(url_for("people.sign_in", next=there), 303))
    kept = keep_form.render(request) if security.from_here() else []
    if kept:
        return make_response(kept[0], 401)
    return make_response(redirect(url_for("people.sign_in"), 303))


def _csrf(error: CSRFError) -> Response:
    log.info("csrf_refused", reason=error.description)
    # A page of our own whose session ended meanwhile keeps what was typed; the tap that sends it is a new one.
    kept = keep_form.render(request) if security.from_here() and not wants_json() else []
    if kept:
        return make_response(kept[0], 400)
    return page(
        400,
        "csrf",
        _("页面放久了，为了安全没有提交"),
        _("请回到上一页刷新后再点一次。如果您是从别的网站点过来的，请不要继续。"),
    )


def _too_fast(_error: RateLimitExceeded) -> Response:
    title, text = _HTTP[429]
    answer = page(429, "too_fast", title, text)
    answer.headers["Retry-After"] = "60"
    return answer


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    title, text = _HTTP.get(status, _HTTP[400])
    answer = page(status, f"http_{status}", title, text)
    if error.response is None and status == 405:
        answer.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return answer


def _unexpected(error: Exception) -> Any:
    session().rollback()
    log.error("request_failed", exc_info=error, route=str(request.url_rule), request_id=g.get("request_id"))
    if current_app.testing:
        raise error
    return page(
        500,
        "server_error",
        _("服务器出了点问题"),
        _("您刚才的操作可能没有保存。请稍后再试一次，不会重复记录；编号：%(id)s", id=g.get("request_id", "-")),
    )
