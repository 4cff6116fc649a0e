"""The application from its settings."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import structlog
from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from community.access.queries import load_actor
from community.core import clock, telling
from community.core.config import ROOT, Settings
from community.core.db import configure_engine, db
from community.core.db.engine import engine_options
from community.core.web import (
    device,
    faults,
    limits,
    offline,
    requests,
    rights,
    security,
    session,
    templating,
)
from community.core.web.assets import Assets
from community.core.web.converters import IdConverter
from community.factory import wiring
from community.home import (
    navigation,
)


def create_app(settings: Settings) -> Flask:
    """Return the application for `settings`; raises UnmarkedRoute when a route names no right."""
    app = Flask(
        "community",
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
        root_path=str(ROOT / "community"),
        instance_path=str(settings.instance_dir),
    )
    settings.instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.extensions["linli_settings"] = settings
    clock.use_zone(settings.timezone)
    _configure(app, settings)
    _logging(settings)
    _database(app, settings)
    _web(app, settings)
    wiring.wire(app, settings)
    rights.check_marks(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.testing = settings.mode == "test"
    app.config.update(
        SECRET_KEY=settings.secrets.secret_key if settings.secrets else None,
        SESSION_COOKIE_NAME="linli",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings.session_days),
        # Forms of this site are text; photos come with the room that takes them.
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        MAX_FORM_PARTS=200,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.url_map.converters["id"] = IdConverter
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0
        )


def _logging(settings: Settings) -> None:
    level = logging.WARNING if settings.mode in {"test", "tools"} else logging.INFO
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(telling.whole),
            structlog.dev.ConsoleRenderer() if settings.demo else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )


def _database(app: Flask, settings: Settings) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    db.init_app(app)
    Migrate(app, db, directory=str(Path(ROOT) / "migrations"))
    with app.app_context():
        configure_engine(db.engine)


def _web(app: Flask, settings: Settings) -> None:
    assets = Assets(ROOT / "static")
    requests.init_app(app)
    offline.init_app(app)
    security.init_app(app, assets)
    session.init_app(app, load_actor, settings.session_days)
    app.before_request(rights.before_request)
    device.init_app(app)
    faults.init_app(app)
    limits.init_app(app, settings.redis_url)
    templating.init_app(app, settings, assets, navigation.tabs, navigation.desk, navigation.foot)
    rights.public("style, script and pictures")(app.view_functions["static"])
