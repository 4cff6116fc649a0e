"""The people and posts of a measurement, written in bulk, and the requests that their phones post.

Every member serves at the posts of her community, has agreed to be recorded, has earned her first points yesterday (so
that her account is open, as most people's are), and owns a phone. A request is what a phone sends behind a proxy that
speaks https to it: cookies as signing in leaves them, CSRF token, command key, position.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from flask import Flask, Response

from bench import world
from community.core import clock
from community.core.authz import Actor, system_actor
from community.core.db import transaction
from community.core.ids import new_id, new_uuid
from community.core.web import device, session as web_session, tokens
from community.patrols import backfill as patrols
from community.patrols.backfill import PastCheckIn, WrittenCheckIn
from community.people import backfill as people
from community.places import backfill as places, codes, queries as place_queries
from community.places.backfill import AreaRef, NewPost, PostRef
from community.points.backfill.ledger import PastAwards
from community.points.backfill.walk import PastAct
from community.points.services.awarding import Act
from community.points.services.books import set_up_town
from community.teams import backfill as teams
from community.teams.backfill import NewTeam, PastMembership, PastMove

TOWNS = 4
VILLAGES_PER_TOWN = 5
POSTS_PER_VILLAGE = 3
POINTS_PER_TOWN = 1_000_000


@dataclass(frozen=True, slots=True)
class Village:
    """A community with its posts and its patrol team."""

    area: AreaRef
    posts: Sequence[PostRef]
    tokens: Sequence[str]
    team_id: int


@dataclass(frozen=True, slots=True)
class Phone:
    """A member with the phone in her hand, in front of a post: `token` is on the sign, `place` its position."""

    member_id: int
    token: str
    place: tuple[float, float]
    cookies: str
    csrf: str


def build(app: Flask, members: int) -> list[Phone]:
    """Write towns, posts and `members` people into the migrated database of `app`; return their phones, signed in."""
    with app.app_context(), transaction():
        actor = system_actor("bench")
        villages = _villages(actor)
        approver, *ids = [new_id() for _ in range(members + 1)]
        homes = [villages[number % len(villages)] for number in range(members)]
        _people(actor, [approver, *ids], [homes[0], *homes])
        _memberships(actor, approver, ids, homes)
        _yesterday(actor, ids, homes)
    return [_phone(app, number, member_id, homes[number]) for number, member_id in enumerate(ids)]


def request_of(phone: Phone, host: str) -> bytes:
    """Return one HTTP request: this phone's check-in, with a command key of its own."""
    lat, lon = phone.place
    body = urlencode(
        {
            "csrf_token": phone.csrf,
            "command_key": str(new_uuid()),
            "lat": f"{lat + 0.0002:.6f}",
            "lon": f"{lon:.6f}",
            "acc": "25",
            "age_ms": "900",
            "crs": "wgs84",
        }
    )
    head = f"""POST /p/{phone.token}/checkin HTTP/1.1
Host: {host}
User-Agent: Mozilla/5.0 (Linux; Android 12; Mobile) AppleWebKit/537.36 Chrome/107 MicroMessenger/8.0.50
Accept: text/html,application/xhtml+xml
Accept-Language: zh-CN,zh;q=0.9
Accept-Encoding: gzip, deflate, br
Content-Type: application/x-www-form-urlencoded
Content-Length: {len(body)}
Origin: https://{host}
Referer: https://{host}/p/{phone.token}
Cookie: {phone.cookies}
X-Forwarded-For: 127.0.0.1
X-Forwarded-Proto: https

"""
    return head.replace("\n", "\r\n").encode() + body.encode()


# --- places and teams ---


def _villages(actor: Actor) -> list[Village]:
    areas = places.add_areas(actor, list(world.areas(TOWNS, VILLAGES_PER_TOWN)))
    towns = sorted(code for code in areas if code.startswith("t"))
    rule = world.earning(once_per="hour", cap_day=10)
    for town in towns:
        year = clock.today().year
        budgets = {year - 1: POINTS_PER_TOWN, year: POINTS_PER_TOWN}
        set_up_town(actor, areas[town].id, rules=(rule,), budgets=budgets)
    branch = teams.add_branches(actor, [("patrol", "巡逻防控分会")])
    villages = sorted(code for code in areas if code.startswith("v"))
    posts = places.add_posts(actor, list(_posts(villages)), areas=areas)
    made = teams.add_teams(actor, [_team(areas[code]) for code in villages], branches=branch)
    found = []
    for number, (code, team_id) in enumerate(zip(villages, made, strict=True)):
        own = posts[number * POSTS_PER_VILLAGE :][:POSTS_PER_VILLAGE]
        found.append(Village(areas[code], own, [_token(actor, post) for post in own], team_id))
    return found


def _posts(villages: Sequence[str]) -> Iterator[NewPost]:
    for row, code in enumerate(villages):
        for number in range(POSTS_PER_VILLAGE):
            lat, lon = _place(row, number)
            yield NewPost(
                area_code=code,
                number=f"{code}-{number + 1}",
                name=f"{number + 1}号岗",
                kind="patrol",
                lat=lat,
                lon=lon,
                radius_m=150,
                open_to="volunteers",
                state="active",
                created_at=clock.now() - dt.timedelta(days=30),
                printed_by=1,
            )


def _place(village: int, post: int) -> tuple[float, float]:
    return 30.2 + village * 0.02, 120.3 + post * 0.01


def _token(actor: Actor, post: PostRef) -> str:
    """Read back what was printed: codes are random."""
    sign = place_queries.valid_sign(post.id)
    if sign is None:
        raise RuntimeError("a post without a sign")
    return codes.print_url(place_queries.post(actor, post.id), sign).rsplit("/", 1)[1]


def _team(area: AreaRef) -> NewTeam:
    return NewTeam(
        name="夜巡队",
        kind="patrol",
        branch_code="patrol",
        town_id=area.town_id or 0,
        areas=((area.id, area.path),),
        about="",
        hours="",
        colour="green",
        night=False,
        places=100_000,
    )


# --- people and their past ---


def _people(actor: Actor, ids: Sequence[int], homes: Sequence[Village]) -> None:
    people.add_members(actor, [world.person(member_id, home.area) for member_id, home in zip(ids, homes, strict=True)])


def _memberships(actor: Actor, approver: int, ids: Sequence[int], homes: Sequence[Village]) -> None:
    joined = clock.now() - dt.timedelta(days=30)
    moves = (
        PastMove("new", "applied", joined),
        PastMove("applied", "approved", joined, by_id=approver),
        PastMove("approved", "active", joined),
    )
    teams.add_memberships(
        actor,
        [
            PastMembership(home.team_id, member_id, "member", home.area.path, moves)
            for member_id, home in zip(ids, homes, strict=True)
        ],
    )


def _yesterday(actor: Actor, ids: Sequence[int], homes: Sequence[Village]) -> None:
    at = clock.now() - dt.timedelta(days=1)
    written = [patrols.prepare(_past(number, ids[number], home, at)) for number, home in enumerate(homes)]
    patrols.add_check_ins(actor, written)
    awards = PastAwards(actor)
    awards.take(PastAct(_act(one)) for one in written)
    awards.finish()


def _past(number: int, member_id: int, home: Village, at: dt.datetime) -> PastCheckIn:
    post = home.posts[number % POSTS_PER_VILLAGE]
    return PastCheckIn(
        member_id=member_id,
        post_id=post.id,
        print_id=post.print_id,
        team_id=home.team_id,
        town_id=post.town_id,
        scope_path=post.scope_path,
        kind="pass",
        at=at,
        src="poster",
        band="near",
        device=new_uuid().hex,
    )


def _act(one: WrittenCheckIn) -> Act:
    return Act(
        trigger="CheckInAccepted",
        evidence_ref=f"checkin:{one.id}",
        subject_id=one.past.member_id,
        town_id=one.past.town_id,
        scope_path=one.past.scope_path,
        earned_at=one.past.at,
        grade=one.grade,
        place="岗",
    )


def _phone(app: Flask, number: int, member_id: int, home: Village) -> Phone:
    post = number // (TOWNS * VILLAGES_PER_TOWN) % POSTS_PER_VILLAGE
    village = number % (TOWNS * VILLAGES_PER_TOWN)
    return Phone(member_id, home.tokens[post], _place(village, post), *signed_in(app, member_id))


def signed_in(app: Flask, member_id: int, epoch: int = 1) -> tuple[str, str]:
    """Return the cookies of a phone on which the member has signed in, and the token for its forms."""
    with app.test_request_context(base_url=app.extensions["linli_settings"].public_url):
        web_session.sign_in(member_id, epoch)
        device.want_cookie()
        csrf = tokens.shown()
        response = app.process_response(Response())
    cookies = SimpleCookie()
    for line in response.headers.getlist("Set-Cookie"):
        cookies.load(line)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items()), csrf
