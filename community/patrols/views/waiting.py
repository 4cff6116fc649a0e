"""A scan that waits while somebody signs in or registers: told on those pages, finished with one tap on the last."""

from __future__ import annotations

from flask import render_template, request

from community.core.errors import DomainError
from community.core.web.session import current_actor
from community.patrols.views import scan
from community.people import consents, queries as people
from community.places import codes
from community.places.codes import ScannedPost
from community.teams import queries as teams


def notice(_page: object) -> str | None:
    """Say, on the pages of signing in and joining, that the scan is kept and what becomes of it; None without one."""
    found = _carried()
    if found is None:
        return None
    post, kept = found
    return render_template("patrols/_waiting.html", post=post, kept=kept, open=post.open_to == "anyone")


def finish(_page: object) -> str | None:
    """Return the form that finishes the scan with one tap, for a member who may check in there; None otherwise."""
    actor, found = current_actor(), _carried()
    if actor is None or found is None:
        return None
    post, kept = found
    if post.open_to != "anyone" and teams.serving(actor.member_id, post.scope_path) is None:
        return render_template("patrols/_waiting.html", post=post, kept=kept, open=False)
    text = consents.current(consents.PRESENCE)
    agreed = people.consented(actor.member_id, text.scope, text.version)
    return render_template("patrols/_finish.html", post=post, kept=kept, consent=None if agreed else text)


def _carried() -> tuple[ScannedPost, scan.Kept] | None:
    kept = scan.carried(request)
    if kept is None:
        return None
    try:
        return codes.resolve(kept.token, codes.accepted_hosts(request.host)), kept
    except DomainError:
        return None
