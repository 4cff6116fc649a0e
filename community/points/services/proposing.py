"""Rule sets on their way: drafted, tried, published by another person, objected to and answered, withdrawn."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select

from community.access import queries as access
from community.audit import services as audit
from community.core import clock, uploads
from community.core.authz import Actor, Perm, can, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _, english
from community.core.uploads import Document, Paper, Picture, Upload
from community.messages import kinds, services as messages
from community.places import queries as places
from community.points import proposals
from community.points.models import RuleDraft, RuleObjection, RuleSet
from community.points.proposals import Proposal
from community.points.queries import rule_sets
from community.points.services import noting, publicity, simulating

PURPOSE = "resolution"
# One person may object to a set more than once, and not without end.
OBJECTIONS_EACH = 3
WORDS_LONGEST, REASON_LONGEST = 500, 200
_DAY = dt.timedelta(days=1)
# A resolution that is older speaks of other times.
OLDEST = dt.timedelta(days=365)

kinds.register(
    "points.rules_published",
    _("规则“%(title)s”公示了"),
    _("公示到 %(until)s，谁都可以提意见。没有异议，或者异议都答复了，%(day)s 起施行。"),
)
kinds.register(
    "points.rules_objection", _("有人对规则“%(title)s”提了异议"), _("请在公示期内答复；不答复，规则不会施行。")
)
kinds.register("points.rules_answered", _("您对规则“%(title)s”的异议有答复了"), _("%(answer)s"))
kinds.register("points.rules_withdrawn", _("规则“%(title)s”撤回了"), _("原因：%(reason)s"))


@dataclass(frozen=True, slots=True)
class Resolution:
    """The resolution that adopted a set: its number, body and day, and the paper itself as a picture or a PDF."""

    number: str
    body: str
    on: dt.date
    file: Picture | Paper


# --- drafting ---


def create(actor: Actor, *, area_id: int, title: str) -> uuid.UUID:
    """Begin a set of a town, or of one of its villages; return its id.

    Raises NotFound outside the actor's areas and for areas that have no rules of their own, DomainError for a title.
    """
    must(actor, Perm.RULE_DRAFT)
    area = places.area(area_id)
    if area is None or area.kind not in {"town", "village"} or area.town_id is None:
        raise NotFound
    must(actor, Perm.RULE_DRAFT, area)
    name = " ".join(title.split())
    if not 2 <= len(name) <= proposals.TITLE_LONGEST:
        raise DomainError("title", _("请写一个 2 到 60 个字的名称"), field="title")
    proposals.check_words(name, "title")
    now = clock.now()
    made = RuleSet(
        town_id=area.town_id,
        area_id=area.id,
        scope_path=area.path,
        title=name,
        state="draft",
        created_by=actor.member_id,
        created_at=now,
        changed_at=now,
    )
    session().add(made)
    session().flush()
    _note(actor, "points.rules_draft", made)
    return made.id


def put(
    actor: Actor, set_id: uuid.UUID, wanted: Proposal, *, draft_id: int | None = None, rule_id: int | None = None
) -> int:
    """Write a rule into a draft set: a new one, a new version of `rule_id`, or anew (`draft_id`); return the draft.

    Raises DomainError of the field that is wrong, Conflict when the set is no draft any more, NotFound for others'.
    """
    rule_set = _own_draft(actor, set_id)
    checked = proposals.check(wanted)
    _check_within_town(rule_set, checked)
    if draft_id is not None:
        draft = _draft(rule_set, draft_id)
        if draft.ends:
            raise Conflict("ends", _("这一条是停用，没有内容可改"))
    elif rule_id is not None:
        draft = _draft_of(rule_set, rule_id)
    else:
        draft = RuleDraft(rule_set_id=rule_set.id, code=_new_code(rule_set))
    for name, value in asdict(checked).items():
        setattr(draft, name, value)
    draft.text_en = checked.text_en or _in_english(checked)
    draft.ends = False
    session().add(draft)
    _changed(rule_set)
    return draft.id


def end_rule(actor: Actor, set_id: uuid.UUID, rule_id: int) -> int:
    """Propose that a rule ends; return the draft."""
    rule_set = _own_draft(actor, set_id)
    draft = _draft_of(rule_set, rule_id)
    newest = rule_sets.newest_of(rule_id)
    if newest is None:
        raise NotFound
    for name, value in asdict(rule_sets.terms_of(newest)).items():
        setattr(draft, name, value)
    draft.ends = True
    session().add(draft)
    _changed(rule_set)
    return draft.id


def remove(actor: Actor, set_id: uuid.UUID, draft_id: int) -> None:
    """Take a rule out of a draft set."""
    rule_set = _own_draft(actor, set_id)
    _draft(rule_set, draft_id)
    session().execute(delete(RuleDraft).where(RuleDraft.id == draft_id))
    _changed(rule_set)


def simulate(actor: Actor, set_id: uuid.UUID) -> None:
    """Try a draft set on the last ninety days and keep what came out with it. Raises Conflict for an empty one."""
    rule_set = _open_draft(actor, set_id)
    if not rule_sets.drafts(set_id):
        raise Conflict("no_rules", _("还没有写规则"), next_step=_("请先写一条。"))
    found = simulating.simulate(rule_set)
    digest = rule_sets.digest(rule_set)
    rule_set.simulation, rule_set.simulated_at = found, clock.now()
    rule_set.draft_digest = rule_set.simulated_digest = digest
    session().flush()
    _note(actor, "points.rules_simulate", rule_set, {"points": found["points"]})


# --- publication ---


def publish(actor: Actor, set_id: uuid.UUID, resolution: Resolution, *, effective_on: dt.date) -> None:
    """Publish a tried set for objections, with the resolution that adopted it; in force from `effective_on`.

    Another person than its writer does it. Raises Conflict when it was not tried as it stands, when it is the actor's
    own, or when another published set changes the same rules; DomainError of the field that is wrong.
    """
    rule_set = rule_sets.one(set_id, lock=True)
    must(actor, Perm.RULE_PUBLISH, rule_set)
    _must_be_publishable(actor, rule_set)
    today = clock.today()
    number, body = _checked(resolution, today)
    earliest = today + (rule_sets.NOTICE_DAYS + 1) * _DAY
    if effective_on < earliest:
        raise DomainError(
            "effective_on", _("公示要满 7 天，最早 %(day)s 起施行", day=earliest.isoformat()), field="effective_on"
        )
    if isinstance(resolution.file, Picture):
        rule_set.resolution_upload_id = uploads.keep(actor, PURPOSE, resolution.file).id
    else:
        rule_set.resolution_document_id = uploads.keep_paper(actor, PURPOSE, resolution.file).id
    rule_set.resolution_no, rule_set.resolution_body, rule_set.resolution_on = number, body, resolution.on
    rule_set.published_by, rule_set.published_on, rule_set.effective_on = actor.member_id, today, effective_on
    rule_set.state, rule_set.changed_at = "published", clock.now()
    session().flush()
    _note(actor, "points.rules_publish", rule_set, {"resolution": number, "day": effective_on.isoformat()})
    params = {"title": rule_set.title, "until": today + rule_sets.NOTICE_DAYS * _DAY, "day": effective_on}
    told = {rule_set.created_by, *access.holders(Perm.RULE_DRAFT, rule_set.town_id)} - set(actor.ids)
    for member_id in sorted(told):
        messages.notify(member_id, "points.rules_published", params, f"/rules/sets/{rule_set.id}")
    publicity.published(actor, rule_set)


def _checked(resolution: Resolution, today: dt.date) -> tuple[str, str]:
    """Return number and body of a resolution in tidy words; raises DomainError of the field that is wrong."""
    number, body = " ".join(resolution.number.split()), " ".join(resolution.body.split())
    if not 2 <= len(number) <= 40:
        raise DomainError("resolution_no", _("请写决议的编号，40 字以内"), field="resolution_no")
    if not 2 <= len(body) <= 60:
        raise DomainError("resolution_body", _("请写哪个会议通过的，60 字以内"), field="resolution_body")
    if resolution.on > today:
        raise DomainError("resolution_on", _("决议的日期还没到"), field="resolution_on")
    if resolution.on < today - OLDEST:
        raise DomainError("resolution_on", _("决议是一年以前的，请重新表决"), field="resolution_on")
    return number, body


def _must_be_publishable(actor: Actor, rule_set: RuleSet) -> None:
    if rule_set.state != "draft":
        raise Conflict("not_a_draft", _("这份规则已经公示过了"))
    if actor.is_me(rule_set.created_by):
        raise Conflict("own_draft", _("自己写的规则，不能自己公示"), next_step=_("请另一位有权限的人核对后公示。"))
    if not rule_set.simulated_digest or rule_sets.digest(rule_set) != rule_set.simulated_digest:
        raise Conflict("not_simulated", _("这份规则改过以后还没有试算"), next_step=_("请先试算，看清楚会怎样再公示。"))
    above = rule_sets.above_town(rule_set, clock.today())
    if above:
        said = _("%(codes)s 比镇街的多了，镇街的规则改过", codes="、".join(above))
        raise Conflict("above_town", said, next_step=_("请起草的人改低，再试算一次。"))
    if rule_sets.same_rules_published(rule_set):
        raise Conflict("same_rules", _("另一份公示中的规则也改了同一条"), next_step=_("请等那一份施行或撤回。"))


def withdraw(actor: Actor, set_id: uuid.UUID, reason: str) -> None:
    """Take back a draft or a published set, with the reason. Raises Conflict for one in force."""
    rule_set = rule_sets.one(set_id, lock=True)
    must(actor, Perm.RULE_DRAFT if rule_set.state == "draft" else Perm.RULE_PUBLISH, rule_set)
    if rule_set.state not in {"draft", "published"}:
        raise Conflict("over", _("已经施行或撤回的规则不能再撤回"), next_step=_("要停用一条规则，请写一份新的。"))
    why = " ".join(reason.split())
    if not 2 <= len(why) <= REASON_LONGEST:
        raise DomainError("reason_needed", _("请写明原因，200 字以内"), field="reason")
    told_before = rule_set.state == "published"
    rule_set.state, rule_set.ended_at, rule_set.end_reason = "withdrawn", clock.now(), why
    rule_set.changed_at = clock.now()
    _note(actor, "points.rules_withdraw", rule_set, reason=why)
    if told_before:
        publicity.withdrawn(actor, rule_set, why)
    for member_id in sorted({one.member_id for one in rule_sets.objections(set_id)} - set(actor.ids)):
        messages.notify(
            member_id, "points.rules_withdrawn", {"title": rule_set.title, "reason": why}, f"/rules/sets/{set_id}"
        )


# --- objections ---


def object_to(actor: Actor, set_id: uuid.UUID, words: str) -> None:
    """Object to a published set of one's own town. Raises Conflict when the seven days are over."""
    must(actor, Perm.APPEAL_MAKE)
    rule_set = rule_sets.for_everybody(set_id)
    if actor.town_id != rule_set.town_id:
        raise Conflict("other_town", _("这是另一个镇街的规则"), next_step=_("您可以对自己镇街的规则提意见。"))
    closes = rule_sets.closes_at(rule_set)
    if rule_set.state != "published" or closes is None or clock.now() >= closes:
        raise Conflict("closed", _("公示期已经结束"), next_step=_("还有意见，请向社区反映，下一份规则会用上。"))
    said = " ".join(words.split())
    if not 5 <= len(said) <= WORDS_LONGEST:
        raise DomainError("words", _("请用 5 到 500 个字说说哪里不合适"), field="words")
    mine = select(func.count()).where(
        RuleObjection.rule_set_id == set_id, RuleObjection.member_id.in_(actor.ids)
    )  # fmt: skip
    if (session().scalar(mine) or 0) >= OBJECTIONS_EACH:
        raise Conflict("enough", _("您已经提了三次"), next_step=_("请等答复。"))
    session().add(RuleObjection(rule_set_id=set_id, member_id=actor.member_id, words=said, at=clock.now()))
    session().flush()
    for member_id in sorted({rule_set.created_by, rule_set.published_by or 0} - {0, *actor.ids}):
        messages.notify(member_id, "points.rules_objection", {"title": rule_set.title}, f"/desk/rules/{set_id}")


def answer(actor: Actor, objection_id: int, words: str) -> uuid.UUID:
    """Answer an objection, for everybody to read; return the set. Never one's own; once."""
    must(actor, Perm.RULE_DRAFT if Perm.RULE_DRAFT in actor.perms else Perm.RULE_PUBLISH)
    found = session().get(RuleObjection, objection_id, with_for_update=True)
    if found is None:
        raise NotFound
    rule_set = rule_sets.one(found.rule_set_id)
    if not any(can(actor, perm, rule_set) for perm in (Perm.RULE_DRAFT, Perm.RULE_PUBLISH)):
        raise NotFound
    if actor.is_me(found.member_id):
        raise Conflict("own_objection", _("自己提的异议，请别人来答复"))
    if found.answered_at is not None:
        raise Conflict("answered", _("这条异议已经答复过了"))
    said = " ".join(words.split())
    if not 5 <= len(said) <= WORDS_LONGEST:
        raise DomainError("answer", _("请用 5 到 500 个字答复"), field="answer")
    found.answer, found.answered_by, found.answered_at = said, actor.member_id, clock.now()
    session().flush()
    noting.answer(found, rule_set.town_id)
    _note(actor, "points.rules_answer", rule_set)
    params = {"title": rule_set.title, "answer": said}
    messages.notify(found.member_id, "points.rules_answered", params, f"/rules/sets/{rule_set.id}")
    return rule_set.id


def may_see(_actor: Actor | None, upload: Upload) -> bool:
    """Say whether somebody may see the picture of a resolution: everybody, once the set is published."""
    return session().scalars(select(RuleSet.id).where(RuleSet.resolution_upload_id == upload.id)).first() is not None


def may_read(_actor: Actor | None, paper: Document) -> bool:
    """Say whether somebody may read the file of a resolution: everybody, as its picture."""
    return session().scalars(select(RuleSet.id).where(RuleSet.resolution_document_id == paper.id)).first() is not None


# --- what is the same everywhere ---


def _open_draft(actor: Actor, set_id: uuid.UUID) -> RuleSet:
    rule_set = rule_sets.one(set_id, lock=True)
    must(actor, Perm.RULE_DRAFT, rule_set)
    if rule_set.state != "draft":
        raise Conflict("not_a_draft", _("公示以后不能再改"), next_step=_("要改，请撤回后写一份新的。"))
    return rule_set


def _own_draft(actor: Actor, set_id: uuid.UUID) -> RuleSet:
    """Return a draft that the actor began: who writes in a set never publishes it, and only one person writes."""
    rule_set = _open_draft(actor, set_id)
    if not actor.is_me(rule_set.created_by):
        raise Conflict(
            "anothers_draft", _("这份草案是另一位起草的"), next_step=_("请她来改，或者另起一份；您可以试算和公示。")
        )
    return rule_set


def _draft(rule_set: RuleSet, draft_id: int) -> RuleDraft:
    found = session().get(RuleDraft, draft_id)
    if found is None or found.rule_set_id != rule_set.id:
        raise NotFound
    return found


def _draft_of(rule_set: RuleSet, rule_id: int) -> RuleDraft:
    """Return the set's draft about a rule, a new one when there is none. A set changes only rules of its own level."""
    rule = rule_sets.rule(rule_id)
    level = rule_set.area_id if rule_set.area_id != rule_set.town_id else None
    if rule.town_id != rule_set.town_id or rule.area_id != level:
        raise NotFound
    wanted = select(RuleDraft).where(RuleDraft.rule_set_id == rule_set.id, RuleDraft.rule_id == rule_id)
    return session().scalars(wanted).first() or RuleDraft(rule_set_id=rule_set.id, rule_id=rule_id, code=rule.code)


def _check_within_town(rule_set: RuleSet, wanted: Proposal) -> None:
    """A village adds within what the town gives: no more for one act, and with an end of the month's sum."""
    if rule_set.area_id == rule_set.town_id:
        return
    if wanted.cap_month is None:
        raise DomainError("cap_month", _("村社补充的规则要有每月上限"), field="cap_month")
    most = rule_sets.town_most(rule_set.town_id, wanted.trigger, wanted.asset, clock.today())
    if most is None:
        raise DomainError("trigger", _("镇街还没有这一类规则，村社不能先定"), field="trigger")
    if wanted.amount > most:
        raise DomainError("amount", _("村社补充的不能比镇街的多：最多 %(most)s", most=most), field="amount")


def _new_code(rule_set: RuleSet) -> str:
    letter = {"town": "P", "village": "V"}["town" if rule_set.area_id == rule_set.town_id else "village"]
    taken = rule_sets.codes(rule_set.town_id)
    return next(code for number in range(1, 10_000) if (code := f"{letter}{number:02}") not in taken)


def _in_english(wanted: Proposal) -> str:
    """Return the clauses as the English text of a rule whose writer wrote none."""
    said = english(lambda: "; ".join(f"{word}: {value}" for word, value in proposals.clauses(wanted)))
    return said[: proposals.EN_LONGEST]


def _changed(rule_set: RuleSet) -> None:
    session().flush()
    rule_set.changed_at, rule_set.draft_digest = clock.now(), rule_sets.digest(rule_set)
    session().flush()


def _note(
    actor: Actor, act: str, rule_set: RuleSet, details: dict[str, object] | None = None, *, reason: str = ""
) -> None:
    audit.record(
        actor, act, "rule_set", str(rule_set.id), scope_path=rule_set.scope_path, reason=reason, details=details or {}
    )
