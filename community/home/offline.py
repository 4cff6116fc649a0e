"""What a phone needs to open the site without a signal and from its home screen: worker, page, manifest (ux.md §3)."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from flask import Response, current_app, render_template, url_for

from community.core.config import ROOT
from community.core.i18n import Text, _, plain
from community.core.web import preferences
from community.core.web.rights import public
from community.core.web.session import aside
from community.home.views import bp

__all__ = ["bp"]

# What the page without a signal is made of, beside itself.
_FILES = ("js/core.js", "js/offline.js", "img/favicon.svg")
_ICONS = (("any", 192), ("any", 512), ("maskable", 512))
_SHORTCUTS: tuple[tuple[str, Text], ...] = (
    ("home.scan", _("扫码打卡")),
    ("home.type_code", _("输入 8 位码")),
    ("points.mine", _("我的积分")),
)


@cache
def _program() -> str:
    return (ROOT / "static/js/sw.js").read_text("utf-8")


@bp.get("/sw.js")
@public("the worker is the same for everybody")
@aside
def worker() -> Response:
    asset = current_app.jinja_env.globals["asset"]
    files = [asset(name) for name in _FILES]  # type: ignore[operator]
    told = {
        "shell": hashlib.sha256((_program() + " ".join(files)).encode()).hexdigest()[:12],
        "page": url_for("home.offline"),
        "files": files,
        "looks": url_for("home.preferences"),
    }
    return Response(f"const SITE = {json.dumps(told)};\n{_program()}", mimetype="text/javascript")


@bp.get("/offline")
@public("without a signal nobody is known")
@aside
def offline() -> str:
    """The page that a phone keeps for when it has no signal: the same for everybody, without a form of ours."""
    return render_template("home/offline.html")


@bp.get("/manifest.webmanifest")
@public("how the site is called on a home screen")
@aside
def manifest() -> Response:
    settings = current_app.extensions["linli_settings"]
    asset = current_app.jinja_env.globals["asset"]
    icons = [
        {
            "src": asset(f"img/icon-{purpose}-{size}.png"),  # type: ignore[operator]
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for purpose, size in _ICONS
    ]
    told = {
        "id": "/",
        "name": settings.site_name,
        "short_name": settings.site_name,
        "description": plain(_("社区志愿、打卡和积分")),
        "lang": "zh-CN" if preferences.current().lang == "zh" else "en",
        "dir": "ltr",
        "start_url": url_for("home.index"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#faf5ec",
        "theme_color": "#0d5540",
        "icons": icons,
        "shortcuts": [{"name": plain(name), "url": url_for(endpoint)} for endpoint, name in _SHORTCUTS],
    }
    return Response(json.dumps(told, ensure_ascii=False), mimetype="application/manifest+json")
