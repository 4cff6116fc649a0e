"""The desk's pages about people: the list of one's areas, a person's page, and what is decided there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core import todo
from community.core.authz import Actor, Perm
from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.web import searches, security
from community.core.web.command import command
from community.core.web.display import indented
from community.core.web.forms import Form
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import calling, merging, phones, policies, queries, services
from community.people.forms import CallForm, GuardianForm, MergeForm, ReasonForm, blamed
from community.people.views.blueprint import bp
from community.places import queries as places


@bp.get("/desk/people")
@requires(Perm.MEMBER_READ)
def desk_people() -> str:
    actor, asked, areas = must_be_signed_in(), _asked(), queries.areas_of_people(must_be_signed_in())
    chosen = next((area for area in areas if str(area.id) == asked["area"]), None)
    found = queries.people(
        actor,
        text=searches.asked(),
        show=asked["show"],
        area=chosen.path if chosen else "",
        band=asked["band"],
        kind=asked["kind"],
        number=_page_number(),
    )
    return render_template(
        "people/desk_list.html",
        found=found,
        areas=places.names(row.home_area_id for row in found.rows),
        choices=[(str(area.id), indented(area.name, area.path, areas[0].path)) for area in areas],
        kinds=queries.team_kinds(),
        masked=phones.masked,
        asked=asked,
        text=searches.asked(),
        filtered=any(value for name, value in asked.items() if name != "show") or asked["show"] != "all",
    )


@bp.post("/desk/people")
@requires(Perm.MEMBER_READ)
def look_for_people() -> Response:
    """A search by name or number: it writes nothing, and leads to the list without either in its address."""
    return searches.lead("people.desk_people", **_filters(request.form))


def _asked() -> dict[str, str]:
    sealed = request.args.get(searches.SEALED, "") if searches.asked() else ""
    return _filters(request.args) | {searches.SEALED: sealed}


def _filters(given: Mapping[str, str]) -> dict[str, str]:
    show = given.get("show", "all")
    chosen = {name: given.get(name, "")[:40] for name in ("area", "band", "kind")}
    return chosen | {"show": show if show in queries.SHOWN else "all"}


def _page_number() -> int:
    number = request.args.get("page", "1")
    return int(number) if number.isdecimal() and number.isascii() and len(number) < 7 else 1


@bp.get("/desk/people/<id:member_id>")
@requires(Perm.MEMBER_READ)
@audits_look("people.desk_person")
def desk_person(member_id: int) -> str:
    return _person_page(member_id)


def _person_page(
    member_id: int,
    guardian: GuardianForm | None = None,
    reason: ReasonForm | None = None,
    call: CallForm | None = None,
    number: Any = None,
) -> str:
    actor = must_be_signed_in()
    member = queries.for_desk(actor, member_id)
    return render_template(
        "people/desk_person.html",
        member=member,
        area=places.place_line(member.home_path),
        names=queries.names(key for key in (member.verified_by, member.guardian_by, member.merged_into) if key),
        masked=phones.masked,
        guardian_form=guardian or GuardianForm(formdata=None),
        reason_form=reason or ReasonForm(formdata=None),
        call_form=call or CallForm(formdata=None),
        number=number,
        undo_ms=todo.undo_ms(actor, by_id=member.verified_by, at=member.verified_at) if member.verified_at else 0,
        oneself=actor.is_me(member_id),
        at_home=policies.covers_home(actor, member),
        likely=merging.likely(actor, member),
        merged=merging.merged_from(member_id),
    )


@bp.post("/desk/people/<id:member_id>/phone")
@requires(Perm.PHONE_REVEAL)
@security.refills
def reveal_phone(member_id: int) -> Response | tuple[str, int]:
    """Show a whole number on this very page: a look that is written down, no command whose answer could be kept."""
    form, shown = CallForm(), []

    def call(actor: Actor) -> None:
        with transaction():
            shown.append(
                calling.reveal(
                    actor, member_id=member_id, reason=form.why.data, guardian=request.form.get("whose") == "guardian"
                )
            )

    queries.for_desk(must_be_signed_in(), member_id)
    done = _done(form, call)
    answer = make_response(_person_page(member_id, call=None if done else form, number=shown[0] if done else None))
    answer.status_code = 200 if done else 422
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/desk/people/<id:member_id>/merge/<id:into_id>")
@requires(Perm.MEMBER_MERGE)
@audits_look("people.merge_page")
@audits_look("people.merge_page", "into_id")
def merge_page(member_id: int, into_id: int) -> str:
    return _merge_page(member_id, into_id, MergeForm(formdata=None))


def _merge_page(member_id: int, into_id: int, form: MergeForm) -> str:
    member, alike = merging.pair(must_be_signed_in(), member_id=member_id, into_id=into_id)
    return render_template(
        "people/merge.html",
        form=form,
        member=member,
        into=alike.member,
        alike=alike,
        masked=phones.masked,
        line=places.place_line,
    )


@bp.post("/desk/people/<id:member_id>/merge/<id:into_id>")
@requires(Perm.MEMBER_MERGE)
@command()
@security.refills
def merge(member_id: int, into_id: int) -> Response | tuple[str, int]:
    form = MergeForm()

    def join(actor: Actor) -> None:
        merging.merge(actor, member_id=member_id, into_id=into_id, reason=form.reason.data)

    if not _done(form, join):
        return _merge_page(member_id, into_id, form), 422
    return _back_to(into_id, _("已合并。那份登记的打卡和积分都归到这里。"))


@bp.post("/desk/people/<id:member_id>/verify")
@requires(Perm.MEMBER_VERIFY)
@command()
def verify(member_id: int) -> Response:
    services.verify(must_be_signed_in(), member_id=member_id, undoable=True)
    return _back_to(member_id, _("已核实。"))


@bp.post("/desk/people/<id:member_id>/verify/undo")
@requires(Perm.MEMBER_VERIFY)
@command()
def undo_verify(member_id: int) -> Response:
    services.undo_verify(must_be_signed_in(), member_id=member_id)
    return _back_to(member_id, _("已撤销。"))


@bp.post("/desk/people/<id:member_id>/guardian")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def confirm_guardian(member_id: int) -> Response | tuple[str, int]:
    form = GuardianForm()

    def confirm(actor: Actor) -> None:
        services.confirm_guardian(actor, member_id=member_id, how=form.how.data)

    if not _done(form, confirm):
        return _person_page(member_id, guardian=form), 422
    return _back_to(member_id, _("监护人的同意已登记。"))


@bp.post("/desk/people/<id:member_id>/suspend")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def suspend(member_id: int) -> Response | tuple[str, int]:
    form = ReasonForm()
    if not _done(form, lambda actor: services.suspend(actor, member_id=member_id, reason=form.reason.data)):
        return _person_page(member_id, reason=form), 422
    return _back_to(member_id, _("已暂停，她能看到原因。"))


@bp.post("/desk/people/<id:member_id>/reinstate")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def reinstate(member_id: int) -> Response | tuple[str, int]:
    form = ReasonForm()
    if not _done(form, lambda actor: services.reinstate(actor, member_id=member_id, reason=form.reason.data)):
        return _person_page(member_id, reason=form), 422
    return _back_to(member_id, _("已恢复。"))


def _done(form: Form, act: Callable[[Actor], Any]) -> bool:
    """Do `act` if the form is whole; a refusal that belongs to one of its fields is noted there."""
    if not form.validate_on_submit():
        return False
    try:
        act(must_be_signed_in())
    except DomainError as error:
        if error.field is None:
            raise
        blamed(form, error)
        return False
    return True


def _back_to(member_id: int, said: Text) -> Response:
    flash(plain(said), "ok")
    return redirect(url_for("people.desk_person", member_id=member_id), 303)
