"""Every route, as every role, with things of one's own area and of another town, against the route's named right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.routing import Rule

from community.access.queries import load_actor
from community.core.authz import OWN, Perm
from community.core.clock import FrozenClock
from community.core.db import db, transaction
from community.core.ids import new_uuid
from community.core.web.rights import Right, right_of
from community.people.models import Member
from tests.architecture.worlds import MEMBERS, STAFF, World, make_people, make_world
from tests.factories.places import make_area
from tests.harness.client import Visitor

ALLOWED = {200, 302, 303, 304, 400, 409, 410, 422}
# Roles of the whole district see both towns: nothing is foreign to them.
EVERYWHERE = {"district_office", "system_admin"}
# Filled in so that a form's own checks pass and the question is the right alone.
FILLED = {
    "reason": "核对过", "decision": "accept", "how": "当面", "role": "deputy", "note": "核对过", "generation": "1",
}  # fmt: skip
# Answers that say nothing about rights: a refusal's own page, nothing to mark as read, demo people in no demo.
SPECIAL = {
    "/p/<token>/refused/<code>": {403},
    "/m/<card>/refused/<code>": {403},
    "/desk/done/<uuid:done_id>": {404},
    "/desk/done/<uuid:done_id>/undo": {404},
    "/inbox/read": {404},
    "/inbox/open": {404},
    "/desk/decide": {404},
    "/sign-in/demo": {404},
    "/sign-in/sms": {404},
    # Who scans a pick-up code is led on, or hears that it is for the desk.
    "/o/<uuid:order_id>": {303, 403},
    "/pictures/<uuid:upload_id>": {404},
    "/papers/<uuid:document_id>": {404},
    "/p/<token>/photo": {404},
    # What it takes depends on the state of the set.
    "/desk/rules/<uuid:set_id>/withdraw": {403},
    # No such flag.
    "/desk/anomalies/<id:town_id>": {404},
    "/desk/rules/<uuid:set_id>/objections/<id:objection_id>": {403},
}
# Desk pages about what the volunteer did, not about the applicant.
OF_VOLUNTEER = {
    "points.award", "points.review", "points.case", "points.appeal_desk", "points.answer_appeal", "points.reversal",
    "points.propose_reversal",
}  # fmt: skip
# Pages whose things are public.
OPEN_PLACES = re.compile(r"^/(p|join|kiosk|announcements|static|shop/items|ledger|rules)/")


@pytest.fixture
def worlds(app: Flask, frozen_clock: FrozenClock) -> tuple[World, World, dict[str, Member]]:
    with transaction():
        district = make_area("district", "沥江区")
    home, foreign = make_world(district, "白塘街道"), make_world(district, "桑埠镇")
    return home, foreign, make_people(home, district)


def routes(app: Flask) -> Iterator[tuple[Rule, str, Right]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
        right = right_of(app.view_functions[rule.endpoint])
        assert right
        if rule.endpoint == "static":
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule, method, right


def url_of(rule: Rule, world: World) -> str:
    urls = world.urls
    if rule.endpoint == "home.kiosk":
        urls = urls | {"code": world.village.code}
    if rule.endpoint in OF_VOLUNTEER:
        urls = urls | {"member_id": urls["volunteer_id"]}
    if rule.endpoint == "places.withdraw":
        urls = urls | {"post_id": urls["other_id"]}  # the sign that is scanned further on stays in force
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda part: urls[part[1]], rule.rule)


def ask(visitor: Visitor, token: str, method: str, url: str) -> int:
    # A desk's rows prefix their fields with the id of the thing.
    filled = FILLED | {f"{row}-{name}": value for row in re.findall(r"\d{9,}", url) for name, value in FILLED.items()}
    data = filled | {"csrf_token": token, "command_key": str(new_uuid())} if method == "POST" else None
    return visitor.client.open(url, method=method, data=data).status_code


def csrf_of(visitor: Visitor) -> str:
    return visitor.token()


def perms_of(member: Member) -> frozenset[Perm]:
    actor = load_actor(member.id, member.session_epoch, lock=False)
    assert actor
    return actor.perms


def expected(right: Right, member: Member, *, own: bool, personal: bool, has_thing: bool) -> set[int]:
    """The answers that `right` allows `member`."""
    if right.public:
        return ALLOWED | ({404} if not own else set())
    held = right.perm is None or right.perm in perms_of(member) or (right.perm in OWN and not right.granted)
    if not held:
        return {403}
    if has_thing and (personal or not own):
        return {404}
    return ALLOWED


@pytest.mark.parametrize("role", [*MEMBERS, *STAFF])
@pytest.mark.parametrize("where", ["own", "foreign"])
def test_every_route_answers_each_role_as_its_right_says(
    app: Flask, worlds: tuple[World, World, dict[str, Member]], client_page: Visitor, role: str, where: str
) -> None:
    home, foreign, people = worlds
    own = where == "own" or role in EVERYWHERE
    client_page.sign_in(people[role].id)
    token, wrong = csrf_of(client_page), []
    for rule, method, right in routes(app):
        if rule.rule in {"/sign-out", "/me/sign-out-everywhere", "/metrics", "/readyz"}:
            continue
        url = url_of(rule, home if where == "own" else foreign)
        has_thing = "<" in rule.rule and "<scope>" not in rule.rule
        allowed = expected(
            right,
            people[role],
            own=own and reaches(role, right),
            personal=right.perm in OWN and not right.granted,
            has_thing=has_thing and not OPEN_PLACES.match(rule.rule),
        )
        if right.perm is None and not right.public and has_thing:
            allowed = ALLOWED | {404}
        if (
            rule.endpoint == "points.proof"
            and "for_id" not in rule.arguments
            and Perm.AWARD_READ in perms_of(people[role])
            and own
        ):
            allowed = {303}  # led to the desk's page of the same posting
        status = ask(client_page, token, method, url)
        if status not in allowed | SPECIAL.get(rule.rule, set()):
            wrong.append(f"{method} {rule.rule} as {role}, {where} area: {status}, not {sorted(allowed)}")
    assert not wrong, "\n".join(wrong)


def reaches(role: str, right: Right) -> bool:
    """A team's leader holds her rights for the team only: people and posts of the area are not hers."""
    return role != "team_leader" or right.perm not in {Perm.MEMBER_READ, Perm.POST_READ}


def test_without_a_session_only_public_routes_answer(
    app: Flask, worlds: tuple[World, World, dict[str, Member]], client_page: Visitor
) -> None:
    home, _foreign, _people = worlds
    token, wrong = csrf_of(client_page), []
    for rule, method, right in routes(app):
        if right.public:
            continue
        answer = client_page.client.open(
            url_of(rule, home), method=method, data={"csrf_token": token, "command_key": str(new_uuid())}
        )
        led = answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
        if not led and answer.status_code != 401:
            wrong.append(f"{method} {rule.rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["resident", "village_admin", "system_admin"])
def test_no_get_writes(
    app: Flask, worlds: tuple[World, World, dict[str, Member]], client_page: Visitor, role: str
) -> None:
    """The one named exception, a look at personal data, writes one audit row and says so in routes.txt."""
    home, _foreign, people = worlds
    client_page.sign_in(people[role].id)
    faults = []
    with writes() as written:
        for rule, method, _right in routes(app):
            if method != "GET":
                continue
            written.clear()
            client_page.client.get(url_of(rule, home))
            looks = getattr(app.view_functions[rule.endpoint], "__linli_audits_look__", None)
            allowed = [one for one in written if looks and one.startswith("INSERT INTO audit_entry")]
            if len(written) != len(allowed):
                faults.append(f"{rule.rule}: {written}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("role", ["resident", "system_admin"])
def test_no_post_without_a_form_token_writes(
    app: Flask, worlds: tuple[World, World, dict[str, Member]], client_page: Visitor, role: str
) -> None:
    """Forged from another site: also where a form's own check shows it again filled in instead of refusing at once."""
    home, _foreign, people = worlds
    client_page.sign_in(people[role].id)
    faults = []
    with writes() as written:
        for rule, method, _right in routes(app):
            if method != "POST":
                continue
            written.clear()
            status = ask(client_page, "", method, url_of(rule, home))
            if written or status < 400:
                faults.append(f"{rule.rule}: {status} {written}")
    assert not faults, "\n".join(faults)


NEW_POST = {
    "name": "新岗", "position": "30.2,120.3", "crs": "wgs84", "kind": "patrol", "open_to": "anyone", "radius_m": "150",
}  # fmt: skip


@pytest.mark.parametrize("role", ["village_admin", "town_admin"])
@pytest.mark.parametrize("there", ["village", "town"])
def test_no_form_puts_a_post_into_a_foreign_area(
    worlds: tuple[World, World, dict[str, Member]], client_page: Visitor, role: str, there: str
) -> None:
    """The address is one's own, the field names another town: nothing is written. With an area of hers it is."""
    home, foreign, people = worlds
    client_page.sign_in(people[role].id)
    acts = {
        "/desk/posts/new": NEW_POST,
        f"/desk/posts/{home.post.id}/move": {"position": "30.25,120.35", "reason": "换了柱子"},
    }
    for url, filled in acts.items():
        shown = client_page.get(url).form(url).filled(**filled)
        with writes() as written:
            for aimed in (getattr(foreign, there).id, 7, "x", ""):
                data = shown | {"area_id": str(aimed), "command_key": str(new_uuid())}
                status = client_page.client.post(url, data=data).status_code
                assert (status in {404, 422}, written) == (True, []), f"{url} {aimed}: {status} {written}"
            status = client_page.client.post(url, data=shown | {"area_id": str(home.village.id)}).status_code
            assert status == 303
            assert [one for one in written if one.startswith(("INSERT INTO post", "UPDATE post"))]


@contextmanager
def writes() -> Iterator[list[str]]:
    """Collect the writing statements that are sent inside the block, whether they are committed or not."""
    found: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE", "REPLAC"}:
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)


def test_desk_routes_ask_for_a_right_that_members_do_not_have_by_themselves(app: Flask) -> None:
    bare = [
        rule.rule
        for rule, _method, right in routes(app)
        if rule.rule.startswith("/desk") and not (right.granted or (right.perm and right.perm not in OWN))
    ]
    assert not bare
