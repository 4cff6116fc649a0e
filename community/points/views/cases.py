"""The desk: an award that waits for review, manual awards by a named rule, reversals of wrong awards."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core.authz import Perm, can, must
from community.core.errors import DomainError, NotFound
from community.core.i18n import _, plain
from community.core.ids import parse_id
from community.core.uploads import Picture, PictureRefused
from community.core.web import security, sent
from community.core.web.command import command
from community.core.web.rights import granted, requires
from community.core.web.session import must_be_signed_in
from community.people import queries as people
from community.places import queries as places
from community.points import texts
from community.points.forms.deciding import NewAwardForm, ReverseForm, refused
from community.points.queries import awards, cases, reviews
from community.points.services import cases as proposing, reviewing
from community.points.views import appeal_pages, case_pages, pages
from community.points.views.blueprint import bp


@bp.get("/desk/awards/waiting/<id:member_id>/<id:award_id>")
@granted(Perm.AWARD_READ)
@audits_look("points.award")
def review(member_id: int, award_id: int) -> str | Response:
    actor, award = must_be_signed_in(), awards.one(award_id)
    must(actor, Perm.AWARD_READ, award)
    if award.subject_id != member_id:
        raise NotFound
    if award.txn_id is not None:
        return redirect(url_for("points.award", member_id=member_id, txn_id=award.txn_id), 303)
    page = appeal_pages.waiting(actor, award)
    others = not actor.is_me(member_id) and member_id not in reviewing.close_to(actor)
    decides = page.open and can(actor, Perm.AWARD_DECIDE, award) and others
    return render_template("points/review.html", page=page, decides=decides and not _said(award_id))


def _said(award_id: int) -> bool:
    actor = must_be_signed_in()
    return any(vote.by_id in actor.ids for vote in reviews.votes(award_id))


@bp.get("/desk/cases")
@granted(Perm.AWARD_READ)
def cases_desk() -> str:
    actor = must_be_signed_in()
    rows = case_pages.rows(actor, cases.open_cases(actor, limit=200))
    return render_template("points/cases_desk.html", rows=rows)


@bp.get("/desk/cases/<id:member_id>/<uuid:case_id>")
@granted(Perm.AWARD_READ)
@audits_look("points.case_page")
def case(member_id: int, case_id: uuid.UUID) -> str:
    actor = must_be_signed_in()
    found = cases.case_for_desk(actor, case_id)
    if found.subject_id != member_id:
        raise NotFound
    return render_template("points/case.html", page=case_pages.page(actor, found))


# --- proposing an award ---


@bp.get("/desk/awards/new/<id:member_id>")
@requires(Perm.AWARD_PROPOSE)
@audits_look("points.case_page")
def new_award(member_id: int) -> str:
    form = NewAwardForm(formdata=None)
    form.earned_on.data = case_pages.reaches()[1]
    return _new_page(member_id, form)


def _read_photo(member_id: int) -> Picture | PictureRefused:
    """Decode the picture before the transaction, for who may propose an award for the member."""
    must(must_be_signed_in(), Perm.AWARD_PROPOSE, people.known_member(member_id))
    return sent.picture()


@bp.post("/desk/awards/new/<id:member_id>")
@requires(Perm.AWARD_PROPOSE)
@sent.takes_pictures
@command(first=_read_photo)
@security.refills
def propose_award(member_id: int, ready: Picture | PictureRefused) -> Response | tuple[str, int]:
    form = NewAwardForm()
    valid = form.validate()
    if isinstance(ready, PictureRefused):
        refused(form.photo, sent.why(ready))
    elif valid:
        try:
            return _proposed(member_id, _propose(member_id, form, ready))
        except DomainError as error:
            if error.field not in form:
                raise
            refused(form[error.field or ""], error.message)
    return _new_page(member_id, form), 422


def _propose(member_id: int, form: NewAwardForm, picture: Picture) -> uuid.UUID:
    area = places.area(form.area.data or 0)
    if area is None:
        raise NotFound
    return proposing.propose_award(
        must_be_signed_in(),
        member_id,
        rule_version_id=form.rule.data or 0,
        earned_on=form.earned_on.data,
        where=area.path,
        reason=form.reason.data or "",
        picture=picture,
        amount=form.amount.data,
        again=bool(form.again.data),
    )


def _proposed(member_id: int, case_id: uuid.UUID) -> Response:
    flash(plain(_("提出了，等另一位决定")), "ok")
    return redirect(url_for("points.case", member_id=member_id, case_id=case_id), 303)


def _new_page(member_id: int, form: NewAwardForm) -> str:
    actor, member = must_be_signed_in(), people.known_member(member_id)
    must(actor, Perm.AWARD_PROPOSE, member)
    areas = case_pages.areas_to_name(actor, member.home_path)
    towns = {area.town_id or area.id for area in areas}
    town = _town(form, towns, member.town_id)
    here = [(area.id, area.name) for area in areas if town in (area.town_id, area.id)]
    form.offer(appeal_pages.rules_to_name(town), here)
    others = sorted((one, name) for one, name in places.names(towns).items() if one != town)
    first, last = case_pages.reaches()
    return render_template(
        "points/award_new.html", member=member, form=form, first=first, last=last, towns=others, town=town
    )


def _town(form: NewAwardForm, towns: Collection[int], home_id: int | None) -> int:
    """Return the town whose rules and places are offered: of the place that was chosen, asked for, or her own."""
    chosen = places.area(form.area.data) if form.area.data else None
    wanted = (chosen.town_id or chosen.id) if chosen else request.args.get("town", type=parse_id)
    return next((one for one in (wanted, home_id, *sorted(towns)) if one and one in towns), 0)


# --- proposing a reversal ---


@bp.get("/desk/awards/<id:member_id>/<id:txn_id>/reverse")
@requires(Perm.AWARD_PROPOSE)
@audits_look("points.award")
def reversal(member_id: int, txn_id: int) -> str:
    plan = _reversible(member_id, txn_id)
    form = ReverseForm(formdata=None)
    form.amount.data = plan.most
    return _reverse_page(member_id, txn_id, form)


@bp.post("/desk/awards/<id:member_id>/<id:txn_id>/reverse")
@requires(Perm.AWARD_PROPOSE)
@command()
@security.refills
def propose_reversal(member_id: int, txn_id: int) -> Response | tuple[str, int]:
    _reversible(member_id, txn_id)
    form = ReverseForm()
    try:
        if form.validate():
            made = proposing.propose_reversal(
                must_be_signed_in(), txn_id, amount=form.amount.data or 0, reason=form.reason.data or ""
            )
            return _proposed(member_id, made)
    except DomainError as error:
        if error.field not in form:
            raise
        refused(form[error.field or ""], error.message)
    return _reverse_page(member_id, txn_id, form), 422


def _reversible(member_id: int, txn_id: int) -> proposing.Plan:
    plan = proposing.plan_reversal(must_be_signed_in(), txn_id)
    if plan.subject.owner_id != member_id:
        raise NotFound
    return plan


def _reverse_page(member_id: int, txn_id: int, form: ReverseForm) -> str:
    plan = _reversible(member_id, txn_id)
    page = pages.proof(must_be_signed_in(), txn_id)
    return render_template(
        "points/reverse.html",
        page=page,
        about=appeal_pages.about(plan.subject),
        plan=plan,
        gone=texts.worth(plan.subject.asset, plan.most - plan.left),
        form=form,
    )
