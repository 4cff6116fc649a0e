"""The desk of rules: drafting a set, trying it, publishing it with its resolution, answering, withdrawing."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm, must
from community.core.errors import DomainError, NotFound
from community.core.i18n import Text, _, plain
from community.core.uploads import Paper, PaperRefused, Picture, PictureRefused
from community.core.web import security, sent
from community.core.web.command import command
from community.core.web.forms import Form
from community.core.web.rights import granted, requires
from community.core.web.session import must_be_signed_in
from community.places import queries as places
from community.points.forms.rules import AnswerForm, PublishForm, RuleForm, SetForm, WithdrawForm
from community.points.models import RuleSet
from community.points.queries import rule_sets
from community.points.services import proposing
from community.points.views import rule_pages
from community.points.views.blueprint import bp
from community.points.views.own import number


@bp.get("/desk/rules")
@granted(Perm.AWARD_READ)
def rule_sets_desk() -> str:
    return _list(_choices(SetForm(formdata=None)))


@bp.post("/desk/rules")
@requires(Perm.RULE_DRAFT)
@command()
@security.refills
def new_rule_set() -> Response | tuple[str, int]:
    form = _choices(SetForm())
    made: list[uuid.UUID] = []
    if _done(form, lambda actor: made.append(_create(actor, form))):
        return _to(made[0], _("草案建好了。现在写规则。"))
    return _list(form), 422


@bp.get("/desk/rules/<uuid:set_id>")
@granted(Perm.AWARD_READ)
def rule_set_desk(set_id: uuid.UUID) -> str:
    return _page(set_id)


@bp.get("/desk/rules/<uuid:set_id>/rule")
@requires(Perm.RULE_DRAFT)
def new_rule(set_id: uuid.UUID) -> str:
    found = _for_drafting(set_id)
    rule_id = number("rule")
    newest = rule_sets.newest_of(rule_id) if rule_id else None
    if rule_id and newest is None:
        raise NotFound
    form = RuleForm(formdata=None, obj=newest) if newest else RuleForm(formdata=None)
    return _form(found, form, rule_id=rule_id)


@bp.post("/desk/rules/<uuid:set_id>/rule")
@requires(Perm.RULE_DRAFT)
@command()
@security.refills
def add_rule(set_id: uuid.UUID) -> Response | tuple[str, int]:
    form, rule_id = RuleForm(), number("rule")
    if _done(form, lambda actor: proposing.put(actor, set_id, form.proposal(), rule_id=rule_id)):
        return _to(set_id, _("写好了。改完以后请试算。"))
    return _form(_for_drafting(set_id), form, rule_id=rule_id), 422


@bp.get("/desk/rules/<uuid:set_id>/rule/<id:draft_id>")
@requires(Perm.RULE_DRAFT)
def edit_rule(set_id: uuid.UUID, draft_id: int) -> str:
    found = _for_drafting(set_id)
    draft = next((one for one in rule_sets.drafts(set_id) if one.id == draft_id), None)
    if draft is None:
        raise NotFound
    return _form(found, RuleForm(formdata=None, obj=draft), draft_id=draft_id)


@bp.post("/desk/rules/<uuid:set_id>/rule/<id:draft_id>")
@requires(Perm.RULE_DRAFT)
@command()
@security.refills
def change_rule(set_id: uuid.UUID, draft_id: int) -> Response | tuple[str, int]:
    form = RuleForm()
    if _done(form, lambda actor: proposing.put(actor, set_id, form.proposal(), draft_id=draft_id)):
        return _to(set_id, _("改好了。改完以后请试算。"))
    return _form(_for_drafting(set_id), form, draft_id=draft_id), 422


@bp.post("/desk/rules/<uuid:set_id>/end")
@requires(Perm.RULE_DRAFT)
@command()
def end_rule(set_id: uuid.UUID) -> Response:
    _for_drafting(set_id)
    proposing.end_rule(must_be_signed_in(), set_id, number_in_form("rule"))
    return _to(set_id, _("写上了：这条规则停用。"))


@bp.post("/desk/rules/<uuid:set_id>/rule/<id:draft_id>/remove")
@requires(Perm.RULE_DRAFT)
@command()
def remove_rule(set_id: uuid.UUID, draft_id: int) -> Response:
    proposing.remove(must_be_signed_in(), set_id, draft_id)
    return _to(set_id, _("这一条不写了。"))


@bp.post("/desk/rules/<uuid:set_id>/simulate")
@requires(Perm.RULE_DRAFT)
@command()
def simulate_rules(set_id: uuid.UUID) -> Response:
    proposing.simulate(must_be_signed_in(), set_id)
    return _to(set_id, _("试算好了，什么都没有改动。"), "trial")


def _read_file(set_id: uuid.UUID) -> Picture | Paper | PictureRefused | PaperRefused | None:
    """Read the resolution's picture or PDF before the transaction, for who may publish the set; none was sent: None."""
    must(must_be_signed_in(), Perm.RULE_PUBLISH, rule_sets.one(set_id))
    return sent.picture_or_paper()


@bp.post("/desk/rules/<uuid:set_id>/publish")
@requires(Perm.RULE_PUBLISH)
@sent.takes_pictures
@command(first=_read_file)
@security.refills
def publish_rules(
    set_id: uuid.UUID, ready: Picture | Paper | PictureRefused | PaperRefused | None
) -> Response | tuple[str, int]:
    form = PublishForm()
    if isinstance(ready, PictureRefused | PaperRefused):
        form.validate()
        form.photo.errors = [sent.why(ready)]
        return _page(set_id, publish=form), 422
    if _done(form, lambda actor: _publish(actor, set_id, form, ready)):
        return _to(set_id, _("公示了。七天里谁都可以提意见。"))
    return _page(set_id, publish=form), 422


@bp.post("/desk/rules/<uuid:set_id>/withdraw")
@granted(Perm.AWARD_READ)
@command()
@security.refills
def withdraw_rules(set_id: uuid.UUID) -> Response | tuple[str, int]:
    form = WithdrawForm()
    if _done(form, lambda actor: proposing.withdraw(actor, set_id, form.reason.data or "")):
        return _to(set_id, _("已撤回，原因大家都看得到。"))
    return _page(set_id, withdraw=form), 422


@bp.post("/desk/rules/<uuid:set_id>/objections/<id:objection_id>")
@granted(Perm.AWARD_READ)
@command()
def answer_objection(set_id: uuid.UUID, objection_id: int) -> Response | tuple[str, int]:
    form = AnswerForm(prefix=str(objection_id))
    if _done(form, lambda actor: proposing.answer(actor, objection_id, form.answer.data or "")):
        return _to(set_id, _("答复公开了，提意见的人会收到消息。"), "objections")
    return _page(set_id, answer=form, answered=objection_id), 422


def number_in_form(name: str) -> int:
    """Return the whole number of a list to choose from; raises DomainError for anything else."""
    text = request.form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise DomainError(name, _("请从列出的里面选一个"))
    return int(text)


def _create(actor: Actor, form: SetForm) -> uuid.UUID:
    return proposing.create(actor, area_id=form.area_id.data or 0, title=form.title.data or "")


def _publish(actor: Actor, set_id: uuid.UUID, form: PublishForm, file: Picture | Paper | None) -> None:
    effective_on = form.effective_on.data
    if effective_on is not None and file is not None:  # the form asks for both
        proposing.publish(actor, set_id, form.resolution(file), effective_on=effective_on)


def _done(form: Form, act: Callable[[Actor], object]) -> bool:
    """Do `act` when the form is whole; a refusal that belongs to a field becomes its error."""
    if not form.validate():
        return False
    try:
        act(must_be_signed_in())
    except DomainError as error:
        if error.field is None or error.field not in form:
            raise
        form[error.field].errors = [str(error.message)]
        return False
    return True


def _to(set_id: uuid.UUID, said: Text, anchor: str | None = None) -> Response:
    flash(plain(said), "ok")
    return redirect(url_for("points.rule_set_desk", set_id=set_id, _anchor=anchor), 303)


def _for_drafting(set_id: uuid.UUID) -> RuleSet:
    found = rule_sets.one(set_id)
    must(must_be_signed_in(), Perm.RULE_DRAFT, found)
    return found


def _choices(form: SetForm) -> SetForm:
    """Offer the towns and villages in which the actor drafts rules."""
    actor = must_be_signed_in()
    paths = [grant.area_path for grant in actor.held if Perm.RULE_DRAFT in grant.perms and grant.area_path]
    areas = [*places.within("town", *paths), *places.within("village", *paths)] if paths else []
    form.area_id.choices = [(area.id, area.name) for area in areas]
    return form


def _list(form: SetForm) -> str:
    actor = must_be_signed_in()
    return render_template("points/rules_desk.html", sets=rule_pages.lines(rule_sets.at_desk(actor)), form=form)


def _form(found: RuleSet, form: RuleForm, *, rule_id: int | None = None, draft_id: int | None = None) -> str:
    action = (
        url_for("points.change_rule", set_id=found.id, draft_id=draft_id)
        if draft_id
        else url_for("points.add_rule", set_id=found.id, rule=rule_id)
    )
    village = found.area_id != found.town_id
    return render_template("points/rule_form.html", found=found, form=form, action=action, village=village)


def _page(
    set_id: uuid.UUID,
    *,
    publish: PublishForm | None = None,
    withdraw: WithdrawForm | None = None,
    answer: AnswerForm | None = None,
    answered: int = 0,
) -> str:
    actor = must_be_signed_in()
    found = rule_sets.for_desk(actor, set_id)
    page = rule_pages.page(actor, found)
    if publish is None:
        publish = PublishForm(formdata=None)
        publish.suggest()
    level = found.area_id if page.village else None
    return render_template(
        "points/rule_set_desk.html",
        page=page,
        rules=[one for one in rule_pages.rules_of(found.town_id) if one.level == level] if page.may_draft else [],
        publish=publish,
        withdraw=withdraw or WithdrawForm(formdata=None),
        answers={
            one.id: answer if answer and one.id == answered else AnswerForm(formdata=None, prefix=str(one.id))
            for one in page.objections
        },
    )
