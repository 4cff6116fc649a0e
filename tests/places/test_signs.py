"""Printing in runs and taking generations out of force; single prints are told in test_services."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor
from community.core.config import settings
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.keys import SigningRing
from community.places import printing, queries, signs
from community.places.codes import PosterRevoked, resolve
from community.places.models import Area, Post, PostPrint
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import token_of
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print, make_village

pytestmark = pytest.mark.usefixtures("app")


@dataclass
class Desk:
    village: Area
    admin: Actor
    posts: list[Post]


@pytest.fixture
def desk() -> Desk:
    """Three posts: one with a valid sign, one without, one moved since its sign was printed; and a paused one."""
    with transaction():
        village = make_village()
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        posts = [make_post(village, number=f"A-{n}") for n in range(3)]
        make_print(posts[0])
        posts[2].moved_at = clock.now() - dt.timedelta(days=1)
        make_print(posts[2], printed_at=clock.now() - dt.timedelta(days=2))
        make_post(village, number="A-7", state="paused")
    return Desk(village, actor_of(admin), posts)


def run(desk: Desk, which: signs.Which, behind: int = 0) -> list[PostPrint]:
    seen = signs.mark_of(session().scalars(signs.batch(desk.village, which, behind)).all())
    with transaction():
        return signs.print_run(desk.admin, desk.village, which=which, behind=behind, seen=seen)


def test_a_run_prints_what_needs_a_sign_and_leaves_the_rest_in_force(desk: Desk) -> None:
    made = run(desk, "needed")
    assert [(sign.post_id, sign.generation) for sign in made] == [(desk.posts[1].id, 1), (desk.posts[2].id, 2)]
    kept = queries.valid_sign(desk.posts[0].id)
    assert kept
    assert kept.generation == 1
    entries = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.print")).all()
    assert {entry.object_id for entry in entries} == {str(desk.posts[1].id), str(desk.posts[2].id)}
    assert [line.post.number for line in printing.printed(desk.village, made[0].printed_at, 0, 9)] == ["A-1", "A-2"]


def test_a_sign_in_grace_is_printed_anew(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run(desk, "needed")
    ring = SigningRing.parse("b=a newer key for tests 77aa;a=tests only: 51c09d7e8ab3f246@grace")
    known = settings()
    rotated = replace(known, secrets=replace(known.need_secrets(), signing=ring))
    monkeypatch.setitem(app.extensions, "linli_settings", rotated)
    assert printing.counts(desk.village).needed == 3
    assert {sign.kid for sign in run(desk, "needed")} == {"b"}
    assert printing.counts(desk.village).needed == 0


def test_a_run_of_everything_takes_the_old_signs_out_of_force(desk: Desk) -> None:
    token = token_of(desk.posts[0], queries.signs(desk.posts[0].id)[0])
    made = run(desk, "all")
    assert [sign.generation for sign in made] == [2, 1, 2]
    with pytest.raises(PosterRevoked):
        resolve(token, ("linli.test",))
    with pytest.raises(Conflict):
        run(desk, "all", behind=desk.posts[2].id)


def test_a_run_takes_so_many_and_goes_on_behind_the_last(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "RUN", 2)
    assert [sign.post_id for sign in run(desk, "all")] == [post.id for post in desk.posts[:2]]
    assert [sign.post_id for sign in run(desk, "all", desk.posts[1].id)] == [desk.posts[2].id]


def test_who_saw_the_page_before_somebody_printed_prints_nothing(desk: Desk) -> None:
    seen = signs.mark_of(session().scalars(signs.batch(desk.village, "all")).all())
    with transaction():
        signs.print_sign(desk.admin, desk.posts[1].id, after=0)
    with pytest.raises(Conflict), transaction():
        signs.print_run(desk.admin, desk.village, which="all", behind=0, seen=seen)
    assert [sign.generation for sign in queries.signs(desk.posts[1].id)] == [1]


def test_nobody_prints_another_area(desk: Desk) -> None:
    with transaction():
        other = make_village(name="别处")
        make_post(other)
        resident = make_member(desk.village)
    for actor, error in ((desk.admin, NotFound), (actor_of(resident), Forbidden)):
        with pytest.raises(error), transaction():
            signs.print_run(actor, other, which="all", behind=0, seen="")


def test_a_generation_is_withdrawn_at_once_with_its_reason(desk: Desk) -> None:
    post = desk.posts[0]
    token = token_of(post, queries.signs(post.id)[0])
    with transaction():
        signs.withdraw(desk.admin, post.id, generation=1, reason="  被人拍走了 ")
    (sign,) = queries.signs(post.id)
    assert (sign.retired_why, sign.retired_at is not None) == ("被人拍走了", True)
    with pytest.raises(PosterRevoked):
        resolve(token, ("linli.test",))
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.withdraw")).one()
    assert (entry.reason, entry.details) == ("被人拍走了", {"generation": 1})


@pytest.mark.parametrize(
    ("generation", "reason", "error"), [(1, " ", DomainError), (2, "丢了", NotFound), (0, "丢了", NotFound)]
)
def test_no_generation_is_withdrawn_without_reason_or_that_is_none(
    desk: Desk, generation: int, reason: str, error: type[DomainError]
) -> None:
    with pytest.raises(error), transaction():
        signs.withdraw(desk.admin, desk.posts[0].id, generation=generation, reason=reason)
    assert queries.valid_sign(desk.posts[0].id)


def test_a_withdrawn_generation_is_not_withdrawn_twice(desk: Desk) -> None:
    with transaction():
        signs.withdraw(desk.admin, desk.posts[0].id, generation=1, reason="丢了")
    with pytest.raises(Conflict), transaction():
        signs.withdraw(desk.admin, desk.posts[0].id, generation=1, reason="又丢了")
    assert queries.signs(desk.posts[0].id)[0].retired_why == "丢了"
