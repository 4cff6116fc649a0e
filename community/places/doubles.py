"""Posts that look like a mistake: asked about once, never refused. And several posts paused or resumed at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select

from community.core.authz import Actor
from community.core.db import session
from community.core.errors import Conflict, DomainError
from community.core.i18n import Text, _, plain
from community.places import geo, policies, queries, services
from community.places.models import Post
from community.places.policies import Position

# A second post of the same name so near is rarely meant; one so far from all the others of its area neither.
NEAR_M = 500
FAR_M = 3000
MOST_AT_ONCE = 100


def doubts(*, area_id: int | None, name: str, position: Position) -> list[Text]:
    """Return, in words, what looks like a mistake about a new post; empty for most, and for what is refused anyway."""
    area = queries.area(area_id) if area_id else None
    try:
        lat, lon = policies.check_position(position)
    except DomainError:
        return []
    if area is None or area.town_id is None:
        return []
    wanted = select(Post.name, Post.lat, Post.lon, Post.area_id).where(
        Post.town_id == area.town_id, Post.state != "retired"
    )
    others = [
        (geo.distance(lat, lon, row.lat, row.lon), row.name, row.area_id == area.id)
        for row in session().execute(wanted)
    ]
    return [*_same_name(others, policies.clean_line(name)), *_far_away(others)]


def _same_name(others: Sequence[tuple[float, str, bool]], name: str) -> list[Text]:
    near = [metres for metres, other, _here in others if other == name and metres <= NEAR_M]
    if not near:
        return []
    return [_("%(count)s 米外已有同名的岗点“%(name)s”。", count=round(min(near)), name=name)]


def _far_away(others: Sequence[tuple[float, str, bool]]) -> list[Text]:
    here = [metres for metres, _name, in_area in others if in_area]
    if not here or min(here) <= FAR_M:
        return []
    return [_("离这个区域最近的岗点有 %(count)s 公里，坐标或区域可能选错了。", count=f"{min(here) / 1000:.1f}")]


def answer(found: Sequence[Text]) -> str:
    """Return the word by which a form says that these very doubts were read; "" when there are none."""
    said = "\n".join(plain(one) for one in found)
    return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""


def set_all(actor: Actor, post_ids: Sequence[int], act: Literal["pause", "resume"], reason: str) -> tuple[int, int]:
    """Pause or resume posts; return how many changed and how many were not in a state to.

    Raises DomainError for no post, too many or a missing reason, NotFound (nothing is done) for one out of reach.
    """
    ids = list(dict.fromkeys(post_ids))
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise Conflict("none_chosen", _("还没有选岗点"), next_step=_("请在名单里勾选，一次最多 100 个。"))
    changed = 0
    for post_id in ids:
        try:
            if act == "pause":
                services.pause_post(actor, post_id, reason=reason)
            else:
                services.resume_post(actor, post_id)
            changed += 1
        except Conflict:
            continue
    return changed, len(ids) - changed
