"""Saying that a sign hangs: one photo, taken on the spot."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.audit.queries import actor_names
from community.core.authz import Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.uploads import MAX_BYTES, prepare
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import hanging, queries
from community.places.forms import HangForm
from community.places.views.blueprint import bp

# The picture, and the form around it.
_LONGEST = MAX_BYTES + 64 * 1024


@bp.get("/desk/posts/<id:post_id>/hang")
@requires(Perm.POST_INSTALL)
def hang_form(post_id: int) -> str:
    return _page(post_id, HangForm(formdata=None))


@bp.post("/desk/posts/<id:post_id>/hang")
@requires(Perm.POST_INSTALL)
@command()
@security.refills
@security.takes_files(_LONGEST)
def hang(post_id: int) -> Response | tuple[str, int]:
    form = HangForm()
    if not form.validate_on_submit():
        return _page(post_id, form), 422
    actor = must_be_signed_in()
    # Before the picture is decoded, which takes a while: only who may put the sign up is worth it.
    hanging.post_to_install(actor, post_id)
    try:
        picture = prepare(form.photo.data.read(MAX_BYTES + 1) if form.photo.data else b"")
    except DomainError as refused:
        form.photo.errors = [" ".join(plain(part) for part in (refused.message, refused.next_step) if part)]
        return _page(post_id, form), 422
    sign = hanging.install_sign(actor, post_id, generation=form.generation.data or 0, picture=picture)
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
