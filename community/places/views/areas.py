"""The desk's pages of the area tree and of buildings' units: walking, setting up, editing, moving, closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import Text, _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import areas as services, browsing, pages, policies, queries, units
from community.places.forms import AreaForm, MoveAreaForm, MoveUnitForm, NewAreaForm, UnitForm
from community.places.models import Area, Unit
from community.places.views.blueprint import bp

# --- walking ---


@bp.get("/desk/areas")
@requires(Perm.AREA_READ)
def areas() -> str | Response:
    actor = must_be_signed_in()
    if request.args.get("code"):
        building = browsing.building_of(actor, _asked("code"))
        if building is None:
            flash(plain(_("没有找到这个地址编码。")), "warn")
            return redirect(url_for("places.areas"))
        return redirect(_url(building))
    if request.args.get("in"):
        return _area_page(actor, queries.area_for(actor, _asked("in")))
    found = queries.areas_read(actor, None)
    return render_template("places/areas.html", parent=None, found=found, above=[], **_counts(found))


def _area_page(actor: Actor, parent: Area, error: DomainError | None = None) -> str:
    below = browsing.children(actor, parent, _asked("after"))
    flats = None
    if parent.kind == "building":
        flats = browsing.units(actor, parent, after=_asked("after"), search=_asked("q"))
    above = [one for one in queries.ancestors(parent.path)[:-1] if queries.may_read_area(actor, one)]
    return render_template(
        "places/areas.html",
        parent=parent,
        found=below.areas,
        next_code=below.next_code,
        above=above,
        flats=flats,
        q=_asked("q"),
        error=error,
        manages=services.may_manage(actor, parent),
        **_counts(below.areas),
    )


def _counts(found: Any) -> dict[str, dict[int, int]]:
    return {
        "counts": queries.post_counts(found),
        "inside": browsing.child_counts(found),
        "homes": browsing.unit_counts(found),
    }


# --- areas ---


@bp.get("/desk/areas/<id:area_id>/new")
@requires(Perm.AREA_MANAGE)
def new_area(area_id: int) -> str:
    return _new_area(browsing.kept_area(must_be_signed_in(), area_id), NewAreaForm(formdata=None))


@bp.post("/desk/areas/<id:area_id>/new")
@requires(Perm.AREA_MANAGE)
@command()
@security.refills
def create_area(area_id: int) -> Response | tuple[str, int]:
    parent, form = browsing.kept_area(must_be_signed_in(), area_id), NewAreaForm()
    form.offer(policies.BELOW[parent.kind])

    def create(actor: Actor) -> Area:
        return services.create_area(actor, parent_id=parent.id, kind=form.kind.data, details=form.details())

    made = _done(form, create)
    if made is None:
        return _new_area(parent, form), 422
    return _to(parent, _("“%(name)s”已建好。", name=made.name))


def _new_area(parent: Area, form: NewAreaForm) -> str:
    form.offer(policies.BELOW[parent.kind])
    return render_template("places/new_area.html", form=form, parent=parent)


@bp.get("/desk/areas/<id:area_id>/edit")
@requires(Perm.AREA_MANAGE)
def edit_area(area_id: int) -> str:
    area = _managed(area_id)
    form = AreaForm(formdata=None, obj=area, data={"seen": services.mark(area)})
    return render_template("places/edit_area.html", form=form, area=area)


@bp.post("/desk/areas/<id:area_id>/edit")
@requires(Perm.AREA_MANAGE)
@command()
@security.refills
def save_area(area_id: int) -> Response | tuple[str, int]:
    form = AreaForm()

    def save(actor: Actor) -> Area:
        return services.edit_area(actor, area_id, details=form.details(), seen=form.seen.data or "")

    saved = _done(form, save)
    if saved is None:
        return render_template("places/edit_area.html", form=form, area=_managed(area_id)), 422
    return _to(saved, _("已保存。"))


@bp.get("/desk/areas/<id:area_id>/move")
@requires(Perm.AREA_MANAGE)
def move_area_form(area_id: int) -> str:
    area = _managed(area_id)
    form = MoveAreaForm(formdata=None, data={"parent_id": area.parent_id, "seen": services.mark(area)})
    return _move_page(area, form)


@bp.post("/desk/areas/<id:area_id>/move")
@requires(Perm.AREA_MANAGE)
@command()
@security.refills
def move_area(area_id: int) -> Response | tuple[str, int]:
    form = MoveAreaForm()

    def move(actor: Actor) -> Area:
        why, seen = form.reason.data or "", form.seen.data or ""
        return services.move_area(actor, area_id, parent_id=form.parent_id.data, reason=why, seen=seen)

    moved = _done(form, move)
    if moved is None:
        return _move_page(_managed(area_id), form), 422
    return _to(moved, _("已移动，下面的岗点、居民和队伍都跟着过来了。"))


def _move_page(area: Area, form: MoveAreaForm) -> str:
    form.offer(pages.area_choices(browsing.parents_for(must_be_signed_in(), area)))
    return render_template("places/move_area.html", form=form, area=area)


@bp.post("/desk/areas/<id:area_id>/close")
@requires(Perm.AREA_MANAGE)
@command()
def close_area(area_id: int) -> Response | tuple[str, int]:
    try:
        closed = services.close_area(must_be_signed_in(), area_id, reason=request.form.get("reason", ""))
    except Conflict as error:
        if error.code != "area_in_use":
            raise
        return _area_page(must_be_signed_in(), _managed(area_id), error), 422
    return _to(closed, _("已停用。以前的记录不变。"))


@bp.post("/desk/areas/<id:area_id>/reopen")
@requires(Perm.AREA_MANAGE)
@command()
def reopen_area(area_id: int) -> Response:
    return _to(services.reopen_area(must_be_signed_in(), area_id), _("已恢复。"))


# --- units ---


@bp.get("/desk/areas/<id:area_id>/units/new")
@requires(Perm.AREA_MANAGE)
def new_unit(area_id: int) -> str:
    return render_template(
        "places/unit.html",
        form=UnitForm(formdata=None),
        building=browsing.kept_area(must_be_signed_in(), area_id),
        unit=None,
    )


@bp.post("/desk/areas/<id:area_id>/units/new")
@requires(Perm.AREA_MANAGE)
@command()
@security.refills
def create_unit(area_id: int) -> Response | tuple[str, int]:
    form, building = UnitForm(), browsing.kept_area(must_be_signed_in(), area_id)

    def create(actor: Actor) -> Unit:
        return units.create_unit(actor, building_id=building.id, details=form.details())

    made = _done(form, create)
    if made is None:
        return render_template("places/unit.html", form=form, building=building, unit=None), 422
    return _to(building, _("“%(name)s”已建好。", name=made.label))


@bp.get("/desk/units/<id:unit_id>/edit")
@requires(Perm.AREA_MANAGE)
def edit_unit(unit_id: int) -> str:
    unit = browsing.unit_for(must_be_signed_in(), unit_id)
    form = UnitForm(formdata=None, obj=unit, data={"seen": units.mark(unit)})
    return render_template("places/unit.html", form=form, building=queries.area(unit.building_id), unit=unit)


@bp.post("/desk/units/<id:unit_id>/edit")
@requires(Perm.AREA_MANAGE)
@command()
@security.refills
def save_unit(unit_id: int) -> Response | tuple[str, int]:
    form = UnitForm()

    def save(actor: Actor) -> Unit:
        return units.edit_unit(actor, unit_id, details=form.details(), seen=form.seen.data or "")

    saved = _done(form, save)
    if saved is None:
        unit = browsing.unit_for(must_be_signed_in(), unit_id)
        return render_template("places/unit.html", form=form, building=queries.area(unit.building_id), unit=unit), 422
    return _to(queries.area(saved.building_id), _("已保存。"))


@bp.get("/desk/units/<id:unit_id>/move")
@requires(Perm.AREA_MANAGE)
def move_unit_form(unit_id: int) -> str:
    unit = browsing.unit_for(must_be_signed_in(), unit_id)
    return _move_unit_page(unit, MoveUnitForm(formdata=None, data={"seen": units.mark(unit)}))


@bp.post("/desk/units/<id:unit_id>/move")
@requires(Perm.AREA_MANAGE)
@command()
@security.refills
def move_unit(unit_id: int) -> Response | tuple[str, int]:
    form = MoveUnitForm()

    def move(actor: Actor) -> Unit:
        why, seen = form.reason.data or "", form.seen.data or ""
        return units.move_unit(actor, unit_id, building_id=form.building_id.data, reason=why, seen=seen)

    moved = _done(form, move)
    if moved is None:
        return _move_unit_page(browsing.unit_for(must_be_signed_in(), unit_id), form), 422
    return _to(queries.area(moved.building_id), _("“%(name)s”已移到这里。", name=moved.label))


def _move_unit_page(unit: Unit, form: MoveUnitForm) -> str:
    found = browsing.buildings_for(must_be_signed_in(), unit)
    form.offer(pages.buildings_named(found))
    return render_template("places/move_unit.html", form=form, unit=unit, building=queries.area(unit.building_id))


@bp.post("/desk/units/<id:unit_id>/close")
@requires(Perm.AREA_MANAGE)
@command()
def close_unit(unit_id: int) -> Response:
    unit = units.close_unit(must_be_signed_in(), unit_id)
    return _to(queries.area(unit.building_id), _("“%(name)s”已注销。", name=unit.label))


@bp.post("/desk/units/<id:unit_id>/reopen")
@requires(Perm.AREA_MANAGE)
@command()
def reopen_unit(unit_id: int) -> Response:
    unit = units.reopen_unit(must_be_signed_in(), unit_id)
    return _to(queries.area(unit.building_id), _("“%(name)s”已恢复。", name=unit.label))


# --- what these share ---


def _asked(name: str) -> str:
    """A search parameter as people meant it: short, without what no name holds."""
    text = request.args.get(name, "")[:60]
    return " ".join("".join(character for character in text if character.isprintable()).split())


def _managed(area_id: int) -> Area:
    """Return an area that the actor may change itself; raises NotFound."""
    area = queries.area(area_id)
    if area is None or not services.may_manage(must_be_signed_in(), area):
        raise NotFound
    return area


def _done(form: Any, act: Callable[[Actor], Any]) -> Any:
    """Return what `act` made; None when the form is not whole, or `act` refused one of its fields."""
    if not form.validate_on_submit():
        return None
    try:
        return act(must_be_signed_in())
    except DomainError as error:
        if error.field is None or error.field not in form:
            raise
        form[error.field].errors = [" ".join(plain(part) for part in (error.message, error.next_step) if part)]
        return None


def _to(area: Area | None, said: Text) -> Response:
    flash(plain(said), "ok")
    return redirect(_url(area), 303)


def _url(area: Area | None) -> str:
    asked: dict[str, Any] = {"in": area.code if area else None}
    return url_for("places.areas", **asked)
