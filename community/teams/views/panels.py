"""What this room shows on pages of other rooms."""

from __future__ import annotations

from typing import Any

from flask import render_template

from community.core.web.session import must_be_signed_in
from community.teams.queries import desk
from community.teams.words import ROLES, STATES


def member_panel(member: Any) -> str | None:
    """Return the memberships of `member` for her page on the desk, as far as the actor sees them."""
    rows = desk.of_member(must_be_signed_in(), member.id)
    return render_template("teams/_memberships.html", rows=rows, states=STATES, roles=ROLES) if rows else None
