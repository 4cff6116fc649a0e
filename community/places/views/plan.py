"""The desk's posts on a plain grid, and behind a button on the map that the deployment has."""

from __future__ import annotations

from flask import render_template, request

from community.core.authz import Actor, Perm
from community.core.config import settings
from community.core.web import security
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import plan as drawing, queries
from community.places.models import POST_STATES
from community.places.queries import PostLine
from community.places.views.blueprint import bp

# More dots than these hide each other; the page then says that a smaller area shows more.
MOST = 300


@bp.get("/desk/posts/map")
@requires(Perm.POST_READ)
def plan() -> str:
    asked = {name: " ".join(request.args.get(name, "")[:60].split()) for name in ("q", "state", "area")}
    if asked["state"] not in (*POST_STATES, queries.REPRINT):
        asked["state"] = ""
    area = queries.area_by_code(asked["area"]) if asked["area"] else None
    lines, more = _lines(must_be_signed_in(), asked, area.path if area else asked["area"])
    tiles = settings().map
    if tiles is not None and lines:
        # Only this page, and only once a map is configured, may show pictures of another host.
        security.allow("img-src", tiles.origin)
    kept = {name: value for name, value in asked.items() if value}
    drawn = drawing.draw(lines, tiles)
    return render_template("places/map.html", plan=drawn, tiles=tiles, area=area, more=more, kept=kept)


def _lines(actor: Actor, asked: dict[str, str], scope: str) -> tuple[list[PostLine], bool]:
    found: list[PostLine] = []
    after: int | None = None
    while True:
        page = queries.desk_posts(actor, search=asked["q"], state=asked["state"], scope=scope, after=after)
        found += page.lines
        after = page.next_id
        if after is None or len(found) >= MOST:
            return found[:MOST], after is not None
