"""A rule set on its way: drafted by one, tried, published by another, objected to, answered, withdrawn."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.uploads import keeping, papers
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Rule, RuleDraft, RuleObjection, RuleSet, RuleVersion
from community.points.queries import rule_sets
from community.points.services import adopting, proposing
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.factories.rules import DAY, make_set, proposal, published, resolution

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def staff(role: str, area: Area) -> Actor:
    with transaction():
        member = make_member(area, display_name=role)
        make_grant(member, role, area)
    return actor_of(member)


@pytest.fixture
def writer(village: Area) -> Actor:
    return staff("town_admin", town_of(village))


@pytest.fixture
def publisher(village: Area) -> Actor:
    return staff("town_admin", town_of(village))


def state(set_id: uuid.UUID) -> str:
    return rule_sets.one(set_id).state


def test_a_set_goes_from_draft_to_published_by_another_person(village: Area, writer: Actor, publisher: Actor) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
    found = rule_sets.one(made)
    assert (found.state, found.created_by, found.published_by) == ("published", writer.member_id, publisher.member_id)
    assert found.effective_on == clock.today() + 8 * DAY
    acts = (
        session()
        .scalars(select(AuditEntry.act).where(AuditEntry.object_type == "rule_set").order_by(AuditEntry.id))
        .all()
    )
    assert acts == ["points.rules_draft", "points.rules_simulate", "points.rules_publish"]
    assert session().scalars(select(Message.member_id).where(Message.kind == "points.rules_published")).all() == [
        writer.member_id
    ]


def test_nobody_publishes_her_own_draft_not_even_past_the_service(village: Area, writer: Actor) -> None:
    with transaction():
        made = make_set(writer, town_of(village))
        proposing.simulate(writer, made)
    with pytest.raises(Conflict) as refused, transaction():
        proposing.publish(writer, made, resolution(), effective_on=clock.today() + 8 * DAY)
    assert refused.value.code == "own_draft"
    past_the_service = update(RuleSet).where(RuleSet.id == made).values(published_by=writer.member_id)
    with pytest.raises(IntegrityError, match="published_by_another"), transaction():
        session().execute(past_the_service)


def test_what_was_not_tried_as_it_stands_is_not_published(village: Area, writer: Actor, publisher: Actor) -> None:
    with transaction():
        made = make_set(writer, town_of(village))

    def code() -> str:
        with pytest.raises(Conflict) as refused, transaction():
            proposing.publish(publisher, made, resolution(), effective_on=clock.today() + 8 * DAY)
        return refused.value.code

    assert code() == "not_simulated"
    with transaction():
        proposing.simulate(writer, made)
        proposing.put(writer, made, proposal(amount=7, cap_day=14))
    assert code() == "not_simulated", "it was changed after the trial"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"number": " "}, "resolution_no"),
        ({"body": ""}, "resolution_body"),
        ({"on": dt.date(2026, 11, 24)}, "resolution_on"),
        ({"in_days": 7}, "effective_on"),
    ],
)
def test_publication_needs_the_resolution_and_seven_whole_days(
    village: Area, writer: Actor, publisher: Actor, changed: dict[str, object], field: str
) -> None:
    days, changed = int(str(changed.get("in_days", 8))), {key: changed[key] for key in changed if key != "in_days"}
    with transaction():
        made = make_set(writer, town_of(village))
        proposing.simulate(writer, made)
    with pytest.raises(DomainError) as refused, transaction():
        proposing.publish(publisher, made, resolution(**changed), effective_on=clock.today() + days * DAY)
    assert refused.value.field == field


def test_a_published_set_is_not_changed_any_more(village: Area, writer: Actor, publisher: Actor) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
    (draft,) = rule_sets.drafts(made)
    for act in (
        lambda: proposing.put(writer, made, proposal()),
        lambda: proposing.remove(writer, made, draft.id),
        lambda: proposing.simulate(writer, made),
    ):
        with pytest.raises(Conflict) as refused, transaction():
            act()
        assert refused.value.code == "not_a_draft"


def test_a_new_version_keeps_the_rule_s_code_and_an_end_says_what_ends(village: Area, writer: Actor) -> None:
    rule = session().scalars(select(Rule)).one()
    with transaction():
        made = proposing.create(writer, area_id=town_of(village).id, title="改一改")
        proposing.put(writer, made, proposal(), rule_id=rule.id)
        proposing.put(writer, made, proposal(amount=8), rule_id=rule.id)
        proposing.put(writer, made, proposal())
    assert [(one.code, one.amount, one.ends) for one in rule_sets.drafts(made)] == [
        ("P01", 8, False),
        ("P02", 6, False),
    ]
    with transaction():
        proposing.end_rule(writer, made, rule.id)
    assert [(one.code, one.amount, one.ends) for one in rule_sets.drafts(made)] == [("P01", 5, True), ("P02", 6, False)]


def test_a_village_adds_within_what_its_town_gives(village: Area, writer: Actor) -> None:
    clerk = staff("village_admin", village)

    def refused(**changed: object) -> str | None:
        with pytest.raises(DomainError) as error, transaction():
            proposing.put(clerk, made, proposal(**changed))
        return error.value.field

    with transaction():
        made = proposing.create(clerk, area_id=village.id, title="晚潮补充")
    assert refused(amount=2, cap_day=None) == "cap_month"
    assert refused(amount=6, cap_month=60) == "amount", "the town gives 5"
    assert refused(amount=2, cap_month=60, trigger="Manual", once_per="") == "trigger"
    with transaction():
        proposing.put(clerk, made, proposal(amount=2, cap_day=None, cap_month=40))
    assert [one.code for one in rule_sets.drafts(made)] == ["V01"]
    rule = session().scalars(select(Rule)).one()
    with pytest.raises(NotFound), transaction():
        proposing.end_rule(clerk, made, rule.id)
    with pytest.raises(NotFound), transaction():
        proposing.create(clerk, area_id=town_of(village).id, title="越级")


def test_only_who_drafts_there_drafts_there(village: Area, member: Member, writer: Actor) -> None:
    with transaction():
        elsewhere = make_village()
        open_books(town_of(elsewhere))
        made = make_set(writer, town_of(village))
    stranger = staff("town_admin", town_of(elsewhere))
    for act in (
        lambda: proposing.put(stranger, made, proposal()),
        lambda: proposing.simulate(stranger, made),
        lambda: proposing.withdraw(stranger, made, "不要"),
    ):
        with pytest.raises(NotFound), transaction():
            act()
    with pytest.raises(Forbidden), transaction():
        proposing.put(actor_of(member), made, proposal())


def test_residents_object_for_seven_days_and_are_answered_by_somebody_else(
    village: Area, member: Member, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
        elsewhere = make_village()
        stranger = make_member(elsewhere)
    with transaction():
        proposing.object_to(actor_of(member), made, "每天上限太低，夜班不够。")
    with pytest.raises(Conflict) as refused, transaction():
        proposing.object_to(actor_of(stranger), made, "我也有意见要说。")
    assert refused.value.code == "other_town"
    frozen_clock.tick(days=7)
    with transaction():
        proposing.object_to(actor_of(member), made, "第七天还可以提。")
    frozen_clock.tick(days=1)
    with pytest.raises(Conflict) as refused, transaction():
        proposing.object_to(actor_of(member), made, "第八天太晚了吧。")
    assert refused.value.code == "closed"

    first, second = rule_sets.objections(made)
    with pytest.raises(DomainError), transaction():
        proposing.answer(writer, first.id, " ")
    with transaction():
        proposing.answer(writer, first.id, "夜班由另一条规则记，不占这个上限。")
    with pytest.raises(Conflict) as refused, transaction():
        proposing.answer(writer, first.id, "再答复一次看看。")
    assert refused.value.code == "answered"
    assert rule_sets.unanswered(made) == 1
    assert session().scalars(select(Message.member_id).where(Message.kind == "points.rules_answered")).all() == [
        member.id
    ]
    assert second.answer == ""


def test_the_objector_does_not_answer_herself(village: Area, writer: Actor, publisher: Actor) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
        proposing.object_to(writer, made, "我自己也有一点意见。")
    (mine,) = rule_sets.objections(made)
    with pytest.raises(Conflict) as refused, transaction():
        proposing.answer(writer, mine.id, "我自己来答复自己。")
    assert refused.value.code == "own_objection"
    past_the_service = update(RuleObjection).values(
        answer="好的好的", answered_by=writer.member_id, answered_at=clock.now()
    )
    with pytest.raises(IntegrityError, match="answered_by_another"), transaction():
        session().execute(past_the_service)


def test_it_comes_into_force_on_its_day_and_the_past_keeps_its_rules(
    village: Area, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    rule = session().scalars(select(Rule)).one()
    with transaction():
        made = proposing.create(writer, area_id=town_of(village).id, title="改成六分")
        proposing.put(writer, made, proposal(), rule_id=rule.id)
        proposing.simulate(writer, made)
        proposing.publish(publisher, made, resolution(), effective_on=clock.today() + 8 * DAY)
    frozen_clock.move_to(dt.datetime(2026, 11, 30, 15, 29, tzinfo=dt.UTC))
    assert not adopting.due(), "the evening before, but not late enough"
    frozen_clock.move_to(dt.datetime(2026, 11, 30, 15, 30, tzinfo=dt.UTC))
    assert adopting.due() == [made]
    with transaction():
        assert adopting.bring_in(made)
    versions = session().scalars(select(RuleVersion).order_by(RuleVersion.effective_on)).all()
    assert [(one.version, one.amount, one.ends_on, one.effective_on) for one in versions] == [
        ("1", 5, dt.date(2026, 11, 30), dt.date(2020, 2, 1)),
        ("2", 6, None, dt.date(2026, 12, 1)),
    ]
    assert versions[1].resolution == "居民代表会议 2026-7"
    assert versions[1].rule_set_id == made
    assert (state(made), adopting.due()) == ("in_force", [])
    with transaction():
        assert not adopting.bring_in(made), "once"


def test_a_late_job_never_changes_what_was_done_today(
    village: Area, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
    frozen_clock.tick(days=20)
    with transaction():
        assert adopting.bring_in(made)
    newest = session().scalars(select(RuleVersion).order_by(RuleVersion.effective_on.desc())).first()
    assert newest
    assert newest.effective_on == clock.today() + DAY


def test_an_objection_without_an_answer_puts_it_off_day_by_day(
    village: Area, member: Member, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
        proposing.object_to(actor_of(member), made, "每天上限太低，夜班不够。")
    frozen_clock.tick(days=8)
    with transaction():
        assert not adopting.bring_in(made)
    assert state(made) == "published"
    assert rule_sets.one(made).effective_on == clock.today() + 2 * DAY
    (objection,) = rule_sets.objections(made)
    with transaction():
        proposing.answer(writer, objection.id, "夜班由另一条规则记，不占上限。")
    frozen_clock.tick(days=2)
    with transaction():
        assert adopting.bring_in(made)


def test_what_is_withdrawn_never_comes_into_force_and_says_why(
    village: Area, member: Member, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
        proposing.object_to(actor_of(member), made, "每天上限太低，夜班不够。")
    with pytest.raises(DomainError), transaction():
        proposing.withdraw(publisher, made, " ")
    with transaction():
        proposing.withdraw(publisher, made, "居民意见较大，重新商量")
    frozen_clock.tick(days=9)
    assert not adopting.due()
    with transaction():
        assert not adopting.bring_in(made)
    assert rule_sets.one(made).end_reason == "居民意见较大，重新商量"
    with pytest.raises(Conflict), transaction():
        proposing.withdraw(publisher, made, "再撤一次")
    assert session().scalars(select(Message.member_id).where(Message.kind == "points.rules_withdrawn")).all() == [
        member.id
    ]


def test_two_published_sets_do_not_change_the_same_rule(village: Area, writer: Actor, publisher: Actor) -> None:
    rule = session().scalars(select(Rule)).one()
    made = []
    for _turn in range(2):
        with transaction():
            one = proposing.create(writer, area_id=town_of(village).id, title="改成六分")
            proposing.put(writer, one, proposal(), rule_id=rule.id)
            proposing.simulate(writer, one)
        made.append(one)
    with transaction():
        proposing.publish(publisher, made[0], resolution(), effective_on=clock.today() + 8 * DAY)
    with pytest.raises(Conflict) as refused, transaction():
        proposing.publish(publisher, made[1], resolution(), effective_on=clock.today() + 8 * DAY)
    assert refused.value.code == "same_rules"


def test_no_draft_takes_points_even_past_the_form(village: Area, writer: Actor) -> None:
    with transaction():
        made = make_set(writer, town_of(village))
    with pytest.raises(IntegrityError, match="amount_positive"), transaction():
        session().execute(update(RuleDraft).where(RuleDraft.rule_set_id == made).values(amount=-5))


def test_the_english_text_is_made_from_the_terms_where_none_was_written(village: Area, writer: Actor) -> None:
    with transaction():
        made = make_set(writer, town_of(village), proposal(text_en=""))
    assert ";" in rule_sets.drafts(made)[0].text_en
    assert session().get_one(RuleSet, made).draft_digest


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE rule_draft SET amount = 60, cap_day = 600",
        "UPDATE rule_draft SET text_zh = '改了'",
        "DELETE FROM rule_draft",
        "INSERT INTO rule_draft (id, rule_set_id, ends, code, trigger, min_grade, team_kind, asset, amount, once_per, "
        "expires_months, review, text_zh, text_en) SELECT id + 1, rule_set_id, ends, 'P99', trigger, min_grade, "
        "team_kind, asset, 99, once_per, expires_months, review, text_zh, text_en FROM rule_draft",
        "UPDATE rule_set SET state = 'draft'",
        "UPDATE rule_set SET title = '另一份'",
        "UPDATE rule_set SET resolution_no = '2026-8'",
        "UPDATE rule_set SET simulation = '{}'",
        "UPDATE rule_set SET published_on = effective_on",
        "UPDATE rule_set SET published_by = created_by",
    ],
)
def test_what_was_published_is_what_was_tried_whoever_owns_the_database(
    village: Area, writer: Actor, publisher: Actor, attack: str
) -> None:
    with transaction():
        published(writer, publisher, town_of(village))
    with pytest.raises(DBAPIError) as refused, transaction():
        session().execute(text(attack))
    assert any(word in str(refused.value.orig) for word in ("closed", "said", "published_by_another"))


def test_a_set_in_force_or_withdrawn_never_becomes_anything_else(
    village: Area, writer: Actor, publisher: Actor
) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
        proposing.withdraw(publisher, made, "等下一次会议再议")
    for to in ("draft", "published", "in_force"):
        with pytest.raises(DBAPIError, match="said"), transaction():
            session().execute(update(RuleSet).where(RuleSet.id == made).values(state=to))


def test_the_paper_of_a_resolution_may_be_a_file_that_everybody_reads(
    village: Area, writer: Actor, publisher: Actor
) -> None:
    paper = papers.prepare(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nxref\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n")
    with transaction():
        made = make_set(writer, town_of(village))
        proposing.simulate(writer, made)
        proposing.publish(publisher, made, resolution(file=paper), effective_on=clock.today() + 8 * DAY)
    found = rule_sets.one(made)
    assert found.resolution_document_id
    assert found.resolution_upload_id is None
    assert keeping.content(keeping.paper(None, found.resolution_document_id)) == paper.data


def test_only_who_began_a_draft_writes_in_it_so_nobody_publishes_her_own_words(
    village: Area, writer: Actor, publisher: Actor
) -> None:
    with transaction():
        made = proposing.create(writer, area_id=town_of(village).id, title="空白的草案")
        own = proposing.put(writer, made, proposal())
    for act in (
        lambda: proposing.put(publisher, made, proposal(amount=9, cap_day=18)),
        lambda: proposing.put(publisher, made, proposal(amount=9, cap_day=18), draft_id=own),
        lambda: proposing.remove(publisher, made, own),
        lambda: proposing.end_rule(publisher, made, 1),
    ):
        with pytest.raises(Conflict, match="anothers_draft"), transaction():
            act()
    with transaction():
        proposing.simulate(publisher, made)
        proposing.publish(publisher, made, resolution(), effective_on=clock.today() + 8 * DAY)
    assert state(made) == "published"


def test_a_village_never_gives_more_than_its_town_however_late_the_town_lowers(
    village: Area, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    clerk = staff("village_admin", village)
    rule = session().scalars(select(Rule)).one()
    with transaction():
        lower = proposing.create(writer, area_id=town_of(village).id, title="改成三分")
        proposing.put(writer, lower, proposal(amount=3, cap_day=6), rule_id=rule.id)
        proposing.simulate(writer, lower)
        proposing.publish(publisher, lower, resolution(), effective_on=clock.today() + 8 * DAY)
        added = proposing.create(clerk, area_id=village.id, title="晚潮补充")
        proposing.put(clerk, added, proposal(amount=4, cap_day=None, cap_month=40))
        proposing.simulate(clerk, added)
        proposing.publish(publisher, added, resolution(), effective_on=clock.today() + 9 * DAY)
    frozen_clock.tick(days=8)
    jobs.adopt_rules()
    frozen_clock.tick(days=1)
    jobs.adopt_rules()
    ended = rule_sets.one(added)
    assert (state(lower), ended.state) == ("in_force", "withdrawn")
    assert "V01" in ended.end_reason
    told = session().scalars(select(Message.member_id).where(Message.kind == "points.rules_taken_back")).all()
    assert set(told) == {clerk.member_id, publisher.member_id}


def test_objections_are_taken_until_the_evening_of_the_last_day_and_nothing_begins_before(
    village: Area, member: Member, writer: Actor, publisher: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        made = published(writer, publisher, town_of(village))
    frozen_clock.tick(days=7, hours=2, minutes=20)  # 23:27 on the last day
    with transaction():
        proposing.object_to(actor_of(member), made, "每天最多太少了")
    frozen_clock.tick(minutes=4)
    with pytest.raises(Conflict, match="closed"), transaction():
        proposing.object_to(actor_of(member), made, "我也这样看的")
    jobs.adopt_rules()
    assert state(made) == "published", "it waits for the answer"


def test_an_old_resolution_adopts_nothing(village: Area, writer: Actor, publisher: Actor) -> None:
    with transaction():
        made = make_set(writer, town_of(village))
        proposing.simulate(writer, made)
    old = resolution(on=clock.today() - 400 * DAY)
    with pytest.raises(DomainError) as refused, transaction():
        proposing.publish(publisher, made, old, effective_on=clock.today() + 8 * DAY)
    assert refused.value.field == "resolution_on"
