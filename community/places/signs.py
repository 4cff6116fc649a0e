"""Printing signs and taking them out of force: one by one, or a whole area in one run. Each is an act in the log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Select, func, select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.config import settings
from community.core.db import locking, session
from community.core.errors import Conflict, NotFound
from community.core.i18n import _
from community.core.ids import new_code
from community.places import policies, printing
from community.places.models import Area, Post, PostPrint

REPRINTED = "reprinted"
# So many posts are printed at once: more pages than this stop a printer's tray and a browser's preview.
RUN = 40
Which = Literal["needed", "all"]


def print_sign(actor: Actor, post_id: int, *, after: int) -> PostPrint:
    """Make the next generation of the post's sign and retire the older ones; return it.

    `after` is the newest generation that the page showed (0 for none): a second tab does not revoke what the first one
    is printing. Raises Conflict then, and for a retired post.
    """
    post = _locked(actor, post_id)
    policies.must_be_in_use(post)
    newest = _newest([post]).get(post.id, 0)
    if newest != after:
        raise Conflict(
            "printed_meanwhile",
            _("刚才已经有人打印了第 %(count)s 版", count=newest),
            next_step=_("请回到岗点页面，直接用那一版；再打印一版会让它失效。"),
        )
    (sign,) = _print(actor, [post])
    return sign


def print_run(actor: Actor, area: Area, *, which: Which, behind: int, seen: str) -> list[PostPrint]:
    """Make the next generation for up to RUN active posts of the area; return them in the order of their numbers.

    "needed": posts whose sign is missing, hangs where the post no longer is, or is signed with a key in its grace;
    "all": every post behind the post `behind` (0: from the first). `seen` is the `mark_of` what the page showed: when
    somebody printed meanwhile nothing is made and nothing revoked (Conflict). NotFound outside the actor's areas.
    """
    must(actor, Perm.POST_PRINT, area)
    posts = session().scalars(locking(batch(area, which, behind)).execution_options(populate_existing=True)).all()
    if not posts or mark_of(posts) != seen:
        raise Conflict(
            "printed_meanwhile",
            _("刚才已经有人打印了这里的牌子"),
            next_step=_("请重新打开打印页面，看还缺哪些；再打印一版会让刚打印的失效。"),
        )
    return _print(actor, posts)


def batch(area: Area, which: Which, behind: int = 0) -> Select[Any]:
    """Return the select of the posts that one run prints, in the order of their numbers."""
    wanted = select(Post).where(*printing.in_use(area))
    if which == "needed":
        wanted = wanted.where(printing.wants_sign())
    return printing.in_order(wanted, behind).limit(RUN)


def mark_of(posts: Sequence[Post]) -> str:
    """Return a short mark of the posts and their newest generations: it changes when anybody prints one of them."""
    newest = _newest(posts)
    return hashlib.sha256(repr([(post.id, newest.get(post.id, 0)) for post in posts]).encode()).hexdigest()[:16]


def withdraw(actor: Actor, post_id: int, *, generation: int, reason: str) -> PostPrint:
    """Take one generation out of force at once (stolen, photographed, moved), for a reason.

    Raises DomainError (field "reason") without one, Conflict when it is out of force already, NotFound for none.
    """
    post = _locked(actor, post_id)
    why = policies.check_why(reason)
    wanted = select(PostPrint).where(PostPrint.post_id == post.id, PostPrint.generation == generation)
    sign = session().scalar(wanted)
    if sign is None:
        raise NotFound
    if sign.retired_at is not None:
        raise Conflict("sign_retired", _("这一版已经作废"), next_step=_("不用再处理。请把现场的旧牌子取下来。"))
    sign.retired_at, sign.retired_why = clock.now(), why
    session().flush()
    details = {"generation": sign.generation}
    audit.record(actor, "places.withdraw", "post", post.id, scope_path=post.scope_path, reason=why, details=details)
    return sign


def retire_signs(posts: Sequence[Post], why: str) -> None:
    """Take every sign of the posts out of force; `why` is a word of this room or a person's reason."""
    now = clock.now()
    valid = select(PostPrint).where(PostPrint.post_id.in_([post.id for post in posts]), PostPrint.retired_at.is_(None))
    for sign in session().scalars(valid):
        sign.retired_at, sign.retired_why = now, why


def _locked(actor: Actor, post_id: int) -> Post:
    must(actor, Perm.POST_PRINT)
    wanted = locking(select(Post).where(Post.id == post_id)).execution_options(populate_existing=True)
    post = session().scalar(wanted)
    if post is None:
        raise NotFound
    must(actor, Perm.POST_PRINT, post)
    return post


def _newest(posts: Sequence[Post]) -> dict[int, int]:
    found = session().execute(
        select(PostPrint.post_id, func.max(PostPrint.generation).label("newest"))
        .where(PostPrint.post_id.in_([post.id for post in posts]))
        .group_by(PostPrint.post_id)
    )
    return {row.post_id: row.newest for row in found}


def _print(actor: Actor, posts: Sequence[Post]) -> list[PostPrint]:
    newest, now = _newest(posts), clock.now()
    retire_signs(posts, REPRINTED)
    kid = settings().need_secrets().signing.newest.kid
    made = [
        PostPrint(
            post_id=post.id,
            generation=newest.get(post.id, 0) + 1,
            kid=kid,
            typed_code=new_code(),
            printed_by=actor.member_id,
            printed_at=now,
        )
        for post in posts
    ]
    session().add_all(made)
    session().flush()
    for post, sign in zip(posts, made, strict=True):
        details = {"generation": sign.generation}
        audit.record(actor, "places.print", "post", post.id, scope_path=post.scope_path, details=details)
    return made
