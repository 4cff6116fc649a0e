"""Saying that a sign hangs: one photo, taken on the spot."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.audit.queries import actor_names
from community.core.authz import Perm
from community.core.i18n import _, plain
from community.core.uploads import Picture, PictureRefused
from community.core.web import security, sent
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import hanging, queries
from community.places.forms import HangForm
from community.places.views.blueprint import bp


@bp.get("/desk/posts/<id:post_id>/hang")
@requires(Perm.POST_INSTALL)
def hang_form(post_id: int) -> str:
    return _page(post_id, HangForm(formdata=None))


def _read_photo(post_id: int) -> Picture | PictureRefused:
    """Decode the photo before the transaction: it takes a while, in which others want to write.

    Only for who may put the sign up; raises as `hanging.post_to_install` does.
    """
    hanging.post_to_install(must_be_signed_in(), post_id)
    return sent.picture()


@bp.post("/desk/posts/<id:post_id>/hang")
@requires(Perm.POST_INSTALL)
@sent.takes_pictures
@command(first=_read_photo)
@security.refills
def hang(post_id: int, ready: Picture | PictureRefused) -> Response | tuple[str, int]:
    form = HangForm()
    if not form.validate_on_submit():
        return _page(post_id, form), 422
    if isinstance(ready, PictureRefused):
        form.photo.errors = [sent.why(ready)]
        return _page(post_id, form), 422
    sign = hanging.install_sign(must_be_signed_in(), post_id, generation=form.generation.data or 0, picture=ready)
    flash(plain(_("已登记：第 %(count)s 版挂好了，谢谢您跑这一趟。", count=sign.generation)), "ok")
    return redirect(url_for("places.hang_form", post_id=post_id), 303)


def _page(post_id: int, form: HangForm) -> str:
    post = hanging.post_to_install(must_be_signed_in(), post_id)
    sign = queries.valid_sign(post.id)
    if sign is not None:
        form.generation.data = sign.generation
    names = actor_names({sign.installed_by}) if sign and sign.installed_by else {}
    place = queries.place_line(post.scope_path)
    return render_template("places/hang.html", post=post, place=place, sign=sign, form=form, names=names)
