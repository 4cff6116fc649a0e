"""Hosts with different orders of keys at work at the same moment, each a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import current_app

from community.access.queries import load_actor
from community.core import clock
from community.core.authz import system_actor
from community.core.config import settings
from community.core.db import session, transaction
from community.core.errors import DomainError
from community.core.ids import new_id
from community.core.keys import CipherRing, HashRing
from community.people import backfill, services
from community.people.backfill import PastMember, Verified
from community.places.models import Area


@contextmanager
def keys(ring: str, cipher: str = "") -> Iterator[None]:
    """Go on under other keys: PHONE_HASH_KEY is `ring` in the block, PHONE_CIPHER_KEYS `cipher` when given."""
    known = settings()
    secrets = replace(known.need_secrets(), hashes=HashRing.parse(ring))
    if cipher:
        secrets = replace(secrets, cipher=CipherRing.parse(cipher))
    current_app.extensions["linli_settings"] = replace(known, secrets=secrets)
    try:
        yield
    finally:
        current_app.extensions["linli_settings"] = known


def verify_all(number: int, *, rings: list[str], admins: list[int], members: list[list[int]]) -> list[str]:
    """Verify this host's registrations one after the other; return the code of each refusal, "" without one."""
    with keys(rings[number]):
        return [_verify(admins[number], member_id) for member_id in members[number]]


def _verify(admin: int, member_id: int) -> str:
    try:
        with transaction():
            actor = load_actor(admin, 1, lock=True)
            assert actor
            services.verify(actor, member_id=member_id)
    except DomainError as refused:
        return refused.code
    return ""


def import_all(_number: int, *, ring: str, village: int, numbers: list[str]) -> list[str]:
    """Import verified people with these numbers, an import each; return the code of each refusal, "" without one."""
    home = session().get_one(Area, village)
    with keys(ring):
        return [_import(home, number) for number in numbers]


def _import(home: Area, number: str) -> str:
    past = PastMember(
        new_id(), "陈阿婆", number, "60+", home.id, home.path, home.town_id, clock.now(), Verified(clock.now(), None)
    )
    try:
        with transaction():
            backfill.add_members(system_actor("tests"), [past])
    except DomainError as refused:
        return refused.code
    return ""


def register_many(_number: int, *, ring: str, village: int, count: int) -> list[tuple[int, str]]:
    """Let people register, one after the other; return their ids and numbers."""
    made = []
    for place in range(count):
        phone = f"+861992000{place:04}"
        with keys(ring), transaction():
            member = services.register(
                None, name="陈阿婆", phone=phone, age_band="60+", home_area_id=village, password="plum rain 2026"
            )
        made.append((member.id, phone))
    return made


def rotate(_number: int, *, ring: str) -> dict[str, Any]:
    """Write the numbers anew, as the command does."""
    with keys(ring):
        told = current_app.test_cli_runner().invoke(args=["people", "rotate"])
    return {"code": told.exit_code, "said": told.output}
