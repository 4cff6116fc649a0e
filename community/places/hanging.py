"""Saying that a sign hangs, with a picture that shows it; and who may see that picture.

The picture shows the code itself, so it is for the desk and for who stands before the sign with its code in hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import select

from community.audit import services as audit
from community.core import clock, uploads
from community.core.authz import Actor, Perm, can, must
from community.core.db import locking, session
from community.core.errors import Conflict, NotFound
from community.core.i18n import _
from community.core.slots import Provider
from community.core.uploads import Picture, Upload
from community.places import policies, queries
from community.places.models import Post, PostPrint

PURPOSE = "sign"


class Placed(Protocol):
    """A post, or what stands for one."""

    @property
    def scope_path(self) -> str: ...


def _nowhere(_team_ids: Iterable[int]) -> dict[int, str]:
    return {}


# Team id → path of the area it is run from: leaders put up signs where their team serves.
team_paths: Provider[dict[int, str]] = Provider("places.team_paths", _nowhere)


def may_install(actor: Actor, post: Placed) -> bool:
    """Say whether the actor may put up signs of `post`: by her area, or as leader of a team that is run from there."""
    if can(actor, Perm.POST_INSTALL, post):
        return True
    led = [grant.team_id for grant in actor.held if grant.team_id and Perm.POST_INSTALL in grant.perms]
    return bool(led) and any(post.scope_path.startswith(path) for path in team_paths(led).values())


def post_to_install(actor: Actor, post_id: int) -> Post:
    """Return the post. Raises Forbidden without the right, NotFound for an unknown one and one of somebody else's."""
    return _checked(actor, session().get(Post, post_id))


def install_sign(actor: Actor, post_id: int, *, generation: int, picture: Picture) -> PostPrint:
    """Note that the post's valid sign hangs, as `picture` shows; return it. A newer picture replaces the older one.

    `generation` is the one that the page showed. Raises Conflict when another is valid by now, and for a retired post.
    """
    wanted = locking(select(Post).where(Post.id == post_id)).execution_options(populate_existing=True)
    post = _checked(actor, session().scalar(wanted))
    policies.must_be_in_use(post)
    sign = queries.valid_sign(post.id)
    if sign is None or sign.generation != generation:
        raise Conflict(
            "sign_changed",
            _("有效的牌子已经不是第 %(count)s 版了", count=generation),
            next_step=_("请看看挂着的是哪一版；旧的请取下来，新的挂好再登记。"),
        )
    if sign.installed_photo is not None:
        uploads.delete(session().get_one(Upload, sign.installed_photo))
    sign.installed_photo = uploads.keep(actor, PURPOSE, picture).id
    sign.installed_at, sign.installed_by = clock.now(), actor.member_id
    session().flush()
    audit.record(
        actor, "places.install", "post", post.id, scope_path=post.scope_path, details={"generation": sign.generation}
    )
    return sign


def photo_of(print_id: int) -> Upload:
    """Return the picture of one generation's sign, for who has its code. Raises NotFound when there is none."""
    wanted = select(Upload).join(PostPrint, PostPrint.installed_photo == Upload.id)
    found = session().scalar(wanted.where(PostPrint.id == print_id, Upload.deleted_at.is_(None)))
    if found is None:
        raise NotFound
    return found


def may_see(actor: Actor | None, upload: Upload) -> bool:
    """Say whether the desk's `actor` may see a sign's picture: who reads or puts up signs of its post."""
    if actor is None:
        return False
    wanted = select(Post).join(PostPrint, PostPrint.post_id == Post.id)
    post = session().scalar(wanted.where(PostPrint.installed_photo == upload.id))
    return post is not None and (can(actor, Perm.POST_READ, post) or may_install(actor, post))


def _checked(actor: Actor, post: Post | None) -> Post:
    must(actor, Perm.POST_INSTALL)
    if post is None or not may_install(actor, post):
        raise NotFound
    return post
