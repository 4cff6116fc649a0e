"""The only module that knows every room: builds the application from settings."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import structlog
from flask import Blueprint, Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from community.access import cli as access_cli, queries as access_queries
from community.access.queries import load_actor
from community.audit import looks, queries as audit_queries, views as audit_views
from community.core import clock, events, scheduler
from community.core.config import ROOT, Settings
from community.core.db import configure_engine, db
from community.core.db.engine import engine_options
from community.core.scheduler import HEARTBEAT, Job
from community.core.web import (
    device,
    faults,
    health,
    requests,
    rights,
    security,
    session,
    templating,
)
from community.core.web.assets import Assets
from community.core.web.converters import IdConverter
from community.core.web.limits import limiter
from community.home import landing, navigation
from community.messages import channels, views as messages_views
from community.patrols import events as patrols_events, views as patrols_views
from community.people import (
    events as people_events,
    policies as people_policies,
    queries as people_queries,
    views as people_views,
)
from community.places import views as places_views
from community.points import cli as points_cli, subscribers as points_subscribers, views as points_views
from community.points.views import panels as points_panels

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.bp,
    audit_views.bp,
    messages_views.bp,
    patrols_views.bp,
    points_views.bp,
    places_views.bp,
    landing.bp,
)

# Event → handlers, all in the emitter's transaction (golden file: tests/architecture/events.txt).
SUBSCRIBERS: dict[type, tuple[events.Handler, ...]] = {
    patrols_events.CheckInAccepted: (points_subscribers.award_checkin,),
    patrols_events.CheckInFlagged: (points_subscribers.hold_flagged_checkin,),
    patrols_events.CheckInSettled: (points_subscribers.settle_checkin,),
    people_events.MemberVerified: (points_subscribers.release_verified,),
}

JOBS: tuple[Job, ...] = (
    Job(HEARTBEAT, "community.core.scheduler.runner:beat", timedelta(seconds=30)),
    Job("forget_keys", "community.core.jobs:forget_old_keys", timedelta(hours=1)),
    Job("send_messages", "community.messages.jobs:send_due", timedelta(seconds=10)),
    Job("settle_silent", "community.patrols.jobs:settle_silent", timedelta(hours=1)),
    Job("forget_attempts", "community.patrols.jobs:forget_attempts", timedelta(hours=6)),
    Job("post_waiting", "community.points.jobs:post_waiting", timedelta(minutes=10)),
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
    settings.instance_dir.mkdir(parents=True, exist_ok=True)
    app.extensions["linli_settings"] = settings
    clock.use_zone(settings.timezone)
    _configure(app, settings)
    _logging(settings)
    _database(app, settings)
    _web(app, settings)
    _rooms(app, settings)
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
            structlog.processors.format_exc_info,
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
    security.init_app(app, assets)
    session.init_app(app, load_actor, settings.session_days)
    app.before_request(rights.before_request)
    device.init_app(app)
    faults.init_app(app)
    limiter.init_app(app)
    templating.init_app(app, settings, assets, navigation.tabs, navigation.desk, navigation.foot)
    rights.public("style, script and pictures")(app.view_functions["static"])


def _rooms(app: Flask, settings: Settings) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    events.wire(SUBSCRIBERS)
    app.cli.add_command(access_cli.group)
    app.cli.add_command(points_cli.group)
    patrols_views.checkin_receipt.register(points_panels.checkin_receipt)
    people_views.member_slot.register(points_panels.member_page)
    audit_queries.actor_names.register(people_queries.names)
    people_policies.offices.register(access_queries.offices)
    looks.member_scope.register(people_queries.home_path)
    channels.wire(channels.ConsoleChannel(verbose=settings.demo))
    scheduler.wire(JOBS)
