"""What every template may use: translations, prefs, rights, assets, slots and the filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, request
from flask_babel import Babel
from markupsafe import Markup

from community.core import slots
from community.core.authz import Perm, can
from community.core.config import Settings
from community.core.i18n import Text
from community.core.web import display, held, offline, preferences, tokens
from community.core.web.assets import Assets
from community.core.web.command import new_command_key
from community.core.web.session import current_actor, login_mark


@dataclass(frozen=True)
class Entry:
    """A place in a navigation: `endpoint` without arguments, `icon` by name, a `count` of things waiting."""

    endpoint: str
    label: Text
    icon: str
    current: bool = False
    count: int = 0


Navigation = Callable[[], Sequence[Entry]]


def init_app(
    app: Flask, settings: Settings, assets: Assets, tabs: Navigation, desk: Navigation, foot: Navigation
) -> None:
    """Install the globals and filters of the templates; `tabs`, `desk` and `foot` are made for each page by `home`."""
    Babel(app, locale_selector=preferences.locale, default_locale="zh", default_timezone=settings.timezone)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    app.jinja_env.filters.update(display.FILTERS)
    app.jinja_env.globals.update(
        asset=assets.url,
        page_css=Markup(assets.page_css),  # noqa: S704 - a constant of ours, hashed in the CSP
        favicon=assets.favicon,
        styles_held=lambda: held.styles(assets),
        door_css=Markup(assets.door_css),  # noqa: S704 - the same
        csrf_token=tokens.shown,
        new_command_key=new_command_key,
        login_mark=login_mark,
        slot=_slot,
    )

    @app.context_processor
    def per_request() -> dict[str, Any]:
        actor = current_actor()
        return {
            # Flask-WTF hands its bare token to templates in the same way; the later one counts.
            "csrf_token": tokens.shown,
            "actor": actor,
            "can": lambda perm, thing=None: can(actor, Perm(perm), thing),
            "prefs": preferences.current(),
            "site": {"name": settings.site_name, "demo": settings.demo, "public_url": settings.public_url},
            "worker": offline.offered(settings.public_url),
            "nav_tabs": tabs(),
            "desk_nav": desk() if _on_desk() else (),
            "foot_links": [(entry.endpoint, entry.label) for entry in foot()],
        }


def _on_desk() -> bool:
    return request.path.startswith("/desk")


def _slot(name: str, thing: object) -> Markup:
    return Markup("").join(Markup(fragment) for fragment in slots.slot(name).render(thing))  # noqa: S704 - rendered
