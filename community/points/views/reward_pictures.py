"""A reward's picture at the desk: brought, taken anew, taken away."""

from __future__ import annotations

import uuid

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.i18n import _, plain
from community.core.uploads import Picture, PictureRefused
from community.core.web import sent
from community.core.web.command import command
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.points.queries import shop as queries
from community.points.services import stocking
from community.points.views.blueprint import bp
from community.points.views.reward_books import item_page


def _read_photo(item_id: uuid.UUID) -> Picture | PictureRefused:
    """Decode the picture before the transaction, for who manages the reward."""
    queries.item_at_desk(must_be_signed_in(), item_id)
    return sent.picture()


@bp.post("/desk/rewards/items/<uuid:item_id>/picture")
@granted(Perm.REWARD_MANAGE)
@sent.takes_pictures
@command(first=_read_photo)
def show_reward(item_id: uuid.UUID, ready: Picture | PictureRefused) -> Response | tuple[str, int]:
    if isinstance(ready, PictureRefused):
        return item_page(item_id, picture_error=sent.why(ready)), 422
    stocking.show(must_be_signed_in(), item_id, ready)
    flash(plain(_("照片换好了，居民打开奖品就能看。")), "ok")
    return redirect(url_for("points.reward_item", item_id=item_id), 303)


@bp.post("/desk/rewards/items/<uuid:item_id>/picture/remove")
@granted(Perm.REWARD_MANAGE)
@command()
def hide_reward_picture(item_id: uuid.UUID) -> Response:
    stocking.show(must_be_signed_in(), item_id, None)
    flash(plain(_("照片拿掉了。")), "ok")
    return redirect(url_for("points.reward_item", item_id=item_id), 303)
