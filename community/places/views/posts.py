"""The desk's pages of posts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.queries import actor_names
from community.core.authz import Actor, Perm
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.ids import parse_id
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import doubles, geo, pages, queries, services
from community.places.forms import DetailsForm, MoveForm, NewPostForm, PauseForm, PlaceForm, RetireForm, shown
from community.places.models import POST_STATES
from community.places.views.blueprint import bp

# Fewer decimals than these are more than ten metres off.
_EXACT = 4


# --- the list and one post ---


@bp.get("/desk/posts")
@requires(Perm.POST_READ)
def posts() -> str:
    asked = {name: _asked(name) for name in ("q", "state", "area")}
    if asked["state"] not in (*POST_STATES, queries.REPRINT):
        asked["state"] = ""
    area = queries.area_by_code(asked["area"]) if asked["area"] else None
    after = parse_id(request.args.get("after"))
    actor = must_be_signed_in()
    found = queries.desk_posts(
        actor,
        search=asked["q"],
        state=asked["state"],
        scope=area.path if area else asked["area"],
        after=after,
    )
    kept = {name: value for name, value in asked.items() if value}
    return render_template("places/posts.html", found=found, asked=asked, kept=kept, area=area, after=after)


@bp.get("/desk/posts/<id:post_id>")
@requires(Perm.POST_READ)
def post(post_id: int) -> str:
    return _post_page(post_id)


def _post_page(post_id: int, pause: PauseForm | None = None, retire: RetireForm | None = None) -> str:
    post = queries.post(must_be_signed_in(), post_id)
    signs = queries.signs(post.id)
    return render_template(
        "places/post.html",
        post=post,
        place=queries.place_line(post.scope_path),
        signs=signs,
        names=actor_names({who for sign in signs for who in (sign.printed_by, sign.installed_by) if who}),
        needs_sign=pages.needs_sign(post, signs),
        position=shown(post),
        pause_form=pause or PauseForm(formdata=None),
        retire_form=retire or RetireForm(formdata=None),
    )


# --- setting up, editing, moving ---


@bp.get("/desk/posts/new")
@requires(Perm.POST_MANAGE)
def new_post() -> str:
    form = _choices(NewPostForm(formdata=None))
    chosen = queries.area_by_code(_asked("area")) if request.args.get("area") else None
    if chosen is not None:
        form.area_id.data = chosen.id
    return render_template("places/new_post.html", form=form)


@bp.post("/desk/posts/new")
@requires(Perm.POST_MANAGE)
@command()
@security.refills
def create_post() -> Response | tuple[str, int]:
    form, made = _choices(NewPostForm()), []

    def create(actor: Actor) -> None:
        made.append(
            services.create_post(actor, area_id=form.area_id.data, details=form.details(), position=form.where())
        )

    doubts = _doubts(form)
    if doubts or not _done(form, create):
        return render_template("places/new_post.html", form=form, doubts=doubts), 422
    _warn_if_inexact(form)
    return _back_to(made[0].id, _("岗点已建好。下一步：打印牌子，挂到现场。"))


def _doubts(form: NewPostForm) -> list[Text]:
    """What to ask about before the post is set up; nothing when the form is not whole or its sender has read it."""
    if not form.validate_on_submit():
        return []
    found = doubles.doubts(area_id=form.area_id.data, name=form.name.data or "", position=form.where())
    read, form.sure.data = form.sure.data, doubles.answer(found)
    return [] if read == form.sure.data else found


@bp.post("/desk/posts/several")
@requires(Perm.POST_MANAGE)
@command()
def several() -> Response:
    ids = [found for one in request.form.getlist("post") if (found := parse_id(one))]
    act: Literal["pause", "resume"] = "resume" if request.form.get("act") == "resume" else "pause"
    changed, left = doubles.set_all(must_be_signed_in(), ids, act, request.form.get("reason", ""))
    said = _("已恢复 %(count)s 个。", count=changed) if act == "resume" else _("已暂停 %(count)s 个。", count=changed)
    flash(plain(said) + (plain(_("另有 %(count)s 个的状态不合适，没有动。", count=left)) if left else ""), "ok")
    return redirect(url_for("places.posts"), 303)


@bp.get("/desk/posts/<id:post_id>/edit")
@requires(Perm.POST_MANAGE)
def edit_post(post_id: int) -> str:
    post = queries.post(must_be_signed_in(), post_id, Perm.POST_MANAGE)
    form = DetailsForm(formdata=None, obj=post, data={"seen": services.mark(post)})
    return render_template("places/edit_post.html", form=form, post=post)


@bp.post("/desk/posts/<id:post_id>/edit")
@requires(Perm.POST_MANAGE)
@command()
@security.refills
def save_post(post_id: int) -> Response | tuple[str, int]:
    form = DetailsForm()
    if not _done(form, lambda actor: services.edit_post(actor, post_id, details=form.details(), seen=form.seen.data)):
        post = queries.post(must_be_signed_in(), post_id, Perm.POST_MANAGE)
        return render_template("places/edit_post.html", form=form, post=post), 422
    return _back_to(post_id, _("已保存。"))


@bp.get("/desk/posts/<id:post_id>/move")
@requires(Perm.POST_MANAGE)
def move_form(post_id: int) -> str:
    post = queries.post(must_be_signed_in(), post_id, Perm.POST_MANAGE)
    shown_now = {"area_id": post.area_id, "position": shown(post), "crs": "wgs84", "seen": services.mark(post)}
    form = _choices(MoveForm(formdata=None, data=shown_now))
    return render_template("places/move_post.html", form=form, post=post)


@bp.post("/desk/posts/<id:post_id>/move")
@requires(Perm.POST_MANAGE)
@command()
@security.refills
def move_post(post_id: int) -> Response | tuple[str, int]:
    form = _choices(MoveForm())

    def move(actor: Actor) -> None:
        area_id, seen, why = form.area_id.data, form.seen.data, form.reason.data or ""
        services.move_post(actor, post_id, area_id=area_id, position=form.where(), reason=why, seen=seen)

    if not _done(form, move):
        post = queries.post(must_be_signed_in(), post_id, Perm.POST_MANAGE)
        return render_template("places/move_post.html", form=form, post=post), 422
    _warn_if_inexact(form)
    return _back_to(post_id, _("位置已改。原来的牌子不再算数，请打印新的一版。"))


def _choices(form: Any) -> Any:
    form.offer(pages.area_choices(queries.areas_for_posts(must_be_signed_in())))
    return form


def _warn_if_inexact(form: PlaceForm) -> None:
    if geo.decimals(form.position.data) < _EXACT:
        flash(plain(_("坐标的小数位太少，可能差几十米到几公里，打卡会显示“离岗点较远”。请核对。")), "warn")


# --- states ---


@bp.post("/desk/posts/<id:post_id>/pause")
@requires(Perm.POST_MANAGE)
@command()
@security.refills
def pause(post_id: int) -> Response | tuple[str, int]:
    form = PauseForm()
    if not _done(form, lambda actor: services.pause_post(actor, post_id, reason=form.reason.data)):
        return _post_page(post_id, pause=form), 422
    return _back_to(post_id, _("已暂停。这里的打卡会留下，等人核对。"))


@bp.post("/desk/posts/<id:post_id>/resume")
@requires(Perm.POST_MANAGE)
@command()
def resume(post_id: int) -> Response:
    services.resume_post(must_be_signed_in(), post_id)
    return _back_to(post_id, _("已恢复。"))


@bp.post("/desk/posts/<id:post_id>/retire")
@requires(Perm.POST_MANAGE)
@command()
@security.refills
def retire(post_id: int) -> Response | tuple[str, int]:
    form = RetireForm()
    if not _done(form, lambda actor: services.retire_post(actor, post_id, reason=form.reason.data)):
        return _post_page(post_id, retire=form), 422
    return _back_to(post_id, _("已撤销，它的牌子都已作废。请把现场的牌子取下来。"))


# --- what the commands share ---


def _asked(name: str) -> str:
    """A search parameter as people meant it: short, without what no name holds."""
    text = request.args.get(name, "")[:60]
    return " ".join("".join(character for character in text if character.isprintable()).split())


def _done(form: Any, act: Callable[[Actor], object]) -> bool:
    """Do `act` if the form is whole; a refusal that belongs to one of its fields is noted there."""
    if not form.validate_on_submit():
        return False
    try:
        act(must_be_signed_in())
    except DomainError as error:
        if error.field is None or error.field not in form:
            raise
        form[error.field].errors = [" ".join(plain(part) for part in (error.message, error.next_step) if part)]
        return False
    return True


def _back_to(post_id: int, said: Text) -> Response:
    flash(plain(said), "ok")
    return redirect(url_for("places.post", post_id=post_id), 303)
