"""Two towns with one of everything each, and a person for every role, for walking all routes as everybody."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.ids import new_code, new_id, new_uuid
from community.messages.models import Announcement
from community.patrols.models import CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.people import cards, mandates, requests
from community.people.models import Member
from community.places import fakes
from community.places.models import Area, Post
from community.points.models import Account, Award, PointsCase, RewardItem, RuleDraft, RuleObjection, RuleSet, Txn
from community.points.services import appealing, closing, families, ordering
from community.teams.models import Team
from tests.factories.access import actor_of, make_grant
from tests.factories.families import make_pot
from tests.factories.ledger import give, make_item, make_supplier
from tests.factories.mandates import make_mandate
from tests.factories.patrols import scan, token_of
from tests.factories.people import give_consent, make_card, make_member
from tests.factories.places import make_area, make_post, make_print, make_run, make_unit, make_village
from tests.factories.points import open_books
from tests.factories.teams import make_membership, make_team

# The month in which a world's things happened.
MONTH = dt.date(2026, 11, 1)
# People without a role of the desk: members of teams are members like others.
MEMBERS = ("resident", "captain", "rider")
STAFF = {
    "village_admin": "village",
    "town_admin": "town",
    "district_office": "district",
    "association_admin": "town",
    "grid_worker": "village",
    "team_leader": "team",
    "system_admin": "district",
    "shop_keeper": "town",
}


@dataclass(frozen=True)
class World:
    """A town and what lies in it. `urls` fills the parts of a URL with this town's things."""

    town: Area
    village: Area
    post: Post
    token: str
    team: Team
    volunteer: Member
    urls: dict[str, str]


def make_world(district: Area, name: str) -> World:
    """A town with a post, a team, a volunteer with a posted award and a flagged check-in, and an applicant."""
    with transaction():
        town = make_area("town", name, district)
        village = make_village(town)
        open_books(town)
        post, other = make_post(village), make_post(village, name="中心花园岗", lat=30.3)
        sign, second = make_print(post), make_print(other)
        grid = make_area("grid", "第一网格", village)
        unit = make_unit(make_area("building", "晚潮苑1幢", grid))
        run = make_run(village)
        team = make_team(village)
        volunteer, applicant = make_member(village), make_member(village, verified=False, display_name="陈新")
        twin = make_member(village, display_name="陈新")
        worker = make_member(village, display_name="周雅琴")
        held = make_grant(worker, "grid_worker", village)
        # Somebody's daughter: mandates, and the codes of offers.
        helper = make_member(village, display_name="何敏", age_band="18-59")
        mandate = make_mandate(volunteer, helper)
        offered = mandates.ask(actor_of(helper), may_redeem=True, may_appeal=True, days=90)
        active = make_membership(volunteer, team)
        applied = make_membership(applicant, team, state="applied")
        give_consent(volunteer, "presence", "1")
        give_consent(applicant, "service", "1")
        told = Announcement(
            id=new_id(),
            area_id=village.id,
            town_id=town.id,
            scope_path=village.path,
            audience="everyone",
            title="停水通知",
            body="明天上午。",
            starts_at=clock.now(),
            created_by=volunteer.id,
            created_at=clock.now(),
        )
        session().add(told)
    device = new_code(32)
    with transaction():
        check_in(actor_of(volunteer), scan(post, sign), Evidence("poster", "near"), device=device)
    with transaction():
        check_in(actor_of(volunteer), scan(other, second), Evidence("poster", "far", 900), device=device)
    flagged = (
        session()
        .scalars(select(CheckIn.id).where(CheckIn.member_id == volunteer.id, CheckIn.status == "flagged"))
        .one()
    )
    txn = session().scalars(select(Txn.id).where(Txn.subject_id == volunteer.id)).one()
    decided = _decided(volunteer, worker, txn)
    with transaction():
        make_card(applicant, volunteer)
        fake = fakes.report(f"{post.code8}.1a.0000000000000000", "")
        assert fake
        card = cards.url_of(make_card(volunteer, applicant)).rpartition("/")[2]
    account = session().scalars(select(Account.id).where(Account.subject_id == volunteer.id)).one()
    publish_month(town)
    with transaction():
        reward = make_item(village, worker)
        supplier = make_supplier(town)
        order = make_held_order(volunteer, reward)
        make_pot(volunteer)
        invited = families.invite(actor_of(volunteer))
    urls = {
        "item_id": str(reward.id),
        "supplier_id": str(supplier.id),
        "order_id": str(order),
        **_rules(village, volunteer, twin),
        "card": card,
        "pot_code": invited.code,
        "for_id": str(volunteer.id),
        "mandate_id": str(mandate.mandate_id),
        "ask_id": str(offered.id),
        "offer_code": offered.code,
        "report_id": str(fake.id),
        "member_id": str(applicant.id),
        "membership_id": str(applied.id),
        "team_id": str(team.id),
        "post_id": str(post.id),
        "other_id": str(other.id),
        "area_id": str(grid.id),
        "unit_id": str(unit.id),
        "run_id": str(run.id),
        "table": "units",
        "area_code": village.code,
        "checkin_id": str(flagged),
        "txn_id": str(txn),
        **decided,
        "upload_id": str(new_uuid()),
        "document_id": str(new_uuid()),
        # What somebody did at the desk is shown to nobody else.
        "done_id": str(new_uuid()),
        "token": token_of(post, sign),
        "request_id": str(copy_of(volunteer)),
        "code": "not_member",
        "code_id": "7",
        "announcement_id": str(told.id),
        "scope": "presence",
        "kind": "patrol",
        "filename": "css/desk.css",
        "active_id": str(active.id),
        "volunteer_id": str(volunteer.id),
        # The verified namesake of the applicant, and somebody's office.
        "into_id": str(twin.id),
        "grant_id": str(held.id),
        "town_id": str(town.id),
        "town_code": town.code,
        "account_id": str(account),
        "month": MONTH.strftime("%Y-%m"),
    }
    return World(town, village, post, urls["token"], team, volunteer, urls)


def publish_month(town: Area) -> None:
    """Close the month of the tests for good, as it will have been done in a month's time."""
    system = system_actor("tests")
    with clock.frozen("2026-12-02T04:00:00Z") as later:
        with transaction():
            closing.draft(system, town.id, MONTH)
        later.tick(days=closing.WINDOW + 1)
        with transaction():
            closing.publish(system, town.id, MONTH)


def _rules(village: Area, writer: Member, publisher: Member) -> dict[str, str]:
    """A published set of the village with a rule and an objection."""
    with transaction():
        found = RuleSet(
            town_id=village.town_id, area_id=village.id, scope_path=village.path, title="冬季规则", state="draft",
            created_by=writer.id, created_at=clock.now(), changed_at=clock.now(), resolution_no="7",
            resolution_body="居民代表会议", published_by=publisher.id, published_on=clock.today(),
            effective_on=clock.today() + dt.timedelta(days=8),
        )  # fmt: skip
        session().add(found)
        session().flush()
        draft = RuleDraft(
            rule_set_id=found.id, code="V01", trigger="CheckInAccepted", amount=2, cap_month=40, text_zh="打卡记两分",
            text_en="",
        )  # fmt: skip
        objection = RuleObjection(rule_set_id=found.id, member_id=writer.id, words="太少了吧", at=clock.now())
        session().add_all([draft, objection])
        session().flush()
        found.state = "published"
    return {"set_id": str(found.id), "draft_id": str(draft.id), "objection_id": str(objection.id)}


def _decided(volunteer: Member, worker: Member, txn_id: int) -> dict[str, str]:
    """An award of the volunteer that waits for review, her objection to it, and a case about another award of hers."""
    award = session().get_one(Txn, txn_id)
    with transaction():
        waits = Award(
            id=new_id(), town_id=award.town_id, scope_path=award.explain["where"], dedupe_key="award:another",
            rule_version_id=award.rule_version_id or 0, subject_id=volunteer.id, evidence_ref="case:another", amount=5,
            earned_at=award.recorded_at, explain=award.explain, state="held", reason_code="review",
            created_at=clock.now(),
        )  # fmt: skip
        session().add(waits)
        session().flush()
        appeal = appealing.appeal(actor_of(volunteer), f"award:{waits.id}", "我在岗")
        case = PointsCase(
            id=new_uuid(), town_id=award.town_id, scope_path=award.explain["where"], kind="reversal",
            subject_id=volunteer.id, proposed_by=worker.id, txn_id=txn_id, amount=1, earned_on=award.effective_on,
            reason="记错了", needs=1, created_at=clock.now(),
        )  # fmt: skip
        session().add(case)
    return {
        "award_id": str(waits.id),
        "about": f"txn:{txn_id}",
        "appeal_id": str(appeal),
        "case_id": str(case.id),
    }


def copy_of(member: Member) -> int:
    """A copy of her data that the member has asked for."""
    with transaction():
        return requests.ask_copy(actor_of(member)).id


def make_held_order(member: Member, item: RewardItem) -> uuid.UUID:
    """An order of the member that waits to be picked up. Call inside `with transaction():`."""
    give(member, session().get_one(Area, item.town_id), item.points)
    return ordering.reserve(actor_of(member), item.id)


def make_people(world: World, district: Area) -> dict[str, Member]:
    """A plain member and one person for each role, at home in `world`."""
    places = {"village": world.village, "town": world.town, "district": district}
    people: dict[str, Member] = {}
    with transaction():
        for kind in MEMBERS:
            people[kind] = make_member(world.village, display_name="李居民")
        make_membership(people["captain"], make_team(world.village, kind="captains"))
        make_membership(people["rider"], make_team(world.village, kind="riders"))
        for role, where in STAFF.items():
            people[role] = make_member(world.village, display_name=role)
            area = places.get(where)
            make_grant(people[role], role, area, team_id=None if area else world.team.id)
    return people
