"""One-time codes: a way in on another phone, made by somebody who has the person before her, or sent to her number.

A code is eight digits for ten minutes, one use and twenty wrong tries. Only a keyed hash is kept; its maker is shown it
once, worked out anew from the keys. It signs in the very member it was made for, whoever else has the same number.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import unicodedata
from collections.abc import Sequence

from sqlalchemy import select, update

from community.audit import services as audit
from community.core import clock, events
from community.core.authz import Actor, Held, Perm
from community.core.config import settings
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.i18n import _
from community.core.ids import new_id
from community.people import phones, policies, queries, waits
from community.people.events import SignInCodeMade, SignInCodeUsed
from community.people.models import Member, SignInCode

LIFE = dt.timedelta(minutes=10)
# Of everybody together. One phone and one address get fewer (views/entering): no stranger kills a code by himself.
TRIES = 20
DIGITS = 8
# As many alive codes of one number are looked at: more people than share a phone.
MOST = 20
# How long after coming in by a code a member may set a password without her old one.
FRESH = dt.timedelta(minutes=30)
IN_PERSON = ("read_out", "printed")


class WrongCode(DomainError):
    """No such number with this code now; which of the two is wrong, or whether it is too late, is not told."""

    def __init__(self) -> None:
        super().__init__(
            "wrong_code",
            _("手机号或口令不对，或者口令已经过期"),
            next_step=_("请对一遍再试；口令 10 分钟内有效，只能用一次，可以请对方再给一个。"),
            field="code",
        )


# --- making one ---


def helpable(actor: Actor, member_id: int) -> Member:
    """Return the member whom `actor` may make a code for.

    Raises NotFound for who is nobody of hers, Conflict (oneself) for herself, and Forbidden (higher_office) for who
    holds rights that the actor does not hold above her: nobody signs in to more than she has.
    """
    member = queries.known_member(member_id)
    if member.status not in {"active", "suspended"}:
        raise NotFound
    if actor.member_id == member.id:
        raise Conflict("oneself", _("不能给自己做一次性口令"), next_step=_("请楼长、队长或另一位管理员来做。"))
    held = policies.held(member.id)
    teams = policies.team_paths([office.team_id for office in held if office.area_path is None])
    by_right = bool(actor.system) or policies.reaches(actor, Perm.CODE_MAKE, member)
    if not by_right and member.id not in leads(actor):
        raise NotFound
    if not actor.system and not all(by_right and _stands_above(actor, office, teams) for office in held):
        raise Forbidden(
            _("她有工作职务，口令要由上一级管理员来做"), next_step=_("请她联系上级管理员。"), code="higher_office"
        )
    return member


def leads(actor: Actor) -> dict[int, str]:
    """Return whom the actor leads in a team or looks after as captain (member id → where); nobody while suspended."""
    if actor.status != "active" or not actor.verified:
        return {}
    return policies.led_by(actor.member_id)


def _stands_above(actor: Actor, office: Held, teams: dict[int, tuple[str, ...]]) -> bool:
    """Say whether an office of the actor's lies above `office`; a team's only in every area that the team works in."""
    paths = teams.get(office.team_id or 0, ())
    for mine in actor.held:
        if Perm.CODE_MAKE not in mine.perms or not mine.area_path:
            continue
        if office.area_path is None:
            above = bool(paths) and all(path.startswith(mine.area_path) for path in paths)
            above = above and mine.perms >= office.perms
        else:
            inside = office.area_path.startswith(mine.area_path)
            above = inside and (office.area_path != mine.area_path or mine.perms > office.perms)
        if above:
            return True
    return False


def make(actor: Actor, *, member_id: int, how: str, why: str, checked: bool) -> SignInCode:
    """Make a code for the member, who stands before the actor (`checked`), and return its row.

    The log says who made it and why; the member is told. It lifts the waits that wrong tries with her number brought.
    Raises what `helpable` raises, and DomainError with the field `checked`, `how`, `why` or, without a number, None.
    """
    member = helpable(actor, member_id)
    if member.phone_hash is None:
        raise Conflict("no_phone", _("她没有登记手机号，不能用口令登录"), next_step=_("可以给她做一张居民卡。"))
    if not checked:
        raise DomainError("not_checked", _("请先当面确认是本人，再打勾"), field="checked")
    if how not in IN_PERSON:
        raise DomainError("how", _("请选怎么交给她"), field="how")
    told = " ".join(why.split())
    if not told or len(told) > 200:
        raise DomainError("reason_missing", _("请写明原因，最多 200 个字"), field="why")
    row, _code = _write(member, how, made_by=actor.member_id or None, why=told)
    waits.lift(*phones.held_hashes(member.phone_cipher, member.phone_hash))
    audit.record(actor, "people.code_made", "member", member.id, scope_path=member.home_path, reason=told)
    events.emit(SignInCodeMade(member.id, actor.member_id, how))
    return row


def for_number(hashes: Sequence[str], known: Sequence[int] = ()) -> tuple[int, str, str] | None:
    """Make the code of a text message to a number (its `hashes`) and return (the code's id, the number, the code).

    None when nobody may come in by one: only a verified member has shown that the number is hers, or one who is `known`
    (by id) on the phone that asks.
    """
    member = queries.reachable_by_text(hashes, known)
    if member is None or member.phone_cipher is None:
        return None
    row, code = _write(member, "sms", made_by=None, why="")
    return row.id, phones.decrypt(member.phone_cipher), code


def _write(member: Member, how: str, *, made_by: int | None, why: str) -> tuple[SignInCode, str]:
    now, code_id = clock.now(), new_id()
    code = _digits(code_id, member.id)
    row = SignInCode(
        id=code_id,
        member_id=member.id,
        code_hash=_hashes(code_id, code)[0],
        how=how,
        made_by=made_by,
        why=why,
        created_at=now,
        expires_at=now + LIFE,
        failures=0,
    )
    session().add(row)
    session().flush()
    return row, code


def shown(actor: Actor, code_id: int) -> tuple[SignInCode, Member, str]:
    """Return a code that still works, its member and its digits, to the very person who made it; raises NotFound."""
    row = session().get(SignInCode, code_id)
    if row is None or row.made_by != actor.member_id or not _alive(row):
        raise NotFound(_("这个口令已经用过或过期了"), next_step=_("需要的话，再做一个。"))
    return row, queries.known_member(row.member_id), _digits(row.id, row.member_id)


# --- using one ---


def redeem(phone: str, code: str) -> Member | None:
    """Return the member whom this number and code sign in, and use the code up; None when they do not.

    A wrong try counts against every code of the number that is alive: the caller commits it and says the same words
    whatever was wrong. Needs `transaction()`; two at once are decided one after the other.
    """
    alive = _alive_codes(phones.typed_hashes(phone))
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", code)[:60] if letter.isdigit())
    fitting = [row for row in alive if _fits(row, digits)]
    if not fitting:
        session().execute(
            update(SignInCode)
            .where(SignInCode.id.in_([row.id for row in alive]))
            .values(failures=SignInCode.failures + 1)
            .execution_options(synchronize_session=False)
        )
        return None
    row = fitting[0]
    row.used_at = clock.now()
    session().flush()
    member = queries.known_member(row.member_id)
    audit.record(
        Actor(member.id), "people.code_used", "member", member.id, scope_path=member.home_path, details={"how": row.how}
    )
    events.emit(SignInCodeUsed(member.id, row.how))
    return member


def used_lately(member_id: int) -> bool:
    """Say whether the member came in by a code within the last half hour."""
    statement = select(SignInCode.id).where(
        SignInCode.member_id == member_id, SignInCode.used_at.is_not(None), SignInCode.used_at > clock.now() - FRESH
    )
    return session().execute(statement.limit(1)).first() is not None


def close_for_office(member_id: int) -> None:
    """Close what codes made by others opened, for a member who is given an office: nobody comes to hold it by them.

    Her open codes die. Did she come in by one in the time that a session lasts, all her sessions end.
    """
    by_others = (SignInCode.member_id == member_id, SignInCode.how.in_(IN_PERSON))
    session().execute(
        update(SignInCode)
        .where(*by_others, SignInCode.used_at.is_(None), SignInCode.expires_at > clock.now())
        .values(failures=TRIES)
        .execution_options(synchronize_session=False)
    )
    lasts = dt.timedelta(days=settings().session_days)
    used = select(SignInCode.id).where(*by_others, SignInCode.used_at > clock.now() - lasts)
    if session().execute(used.limit(1)).first() is not None:
        queries.known_member(member_id, lock=True).session_epoch += 1
        session().flush()


def _alive_codes(hashes: Sequence[str]) -> list[SignInCode]:
    """Return the codes that may be used with the number: of each member the newest of a person and the newest text."""
    statement = (
        select(SignInCode)
        .join(Member, Member.id == SignInCode.member_id)
        .where(
            Member.phone_hash.in_(hashes),
            Member.status.in_(("active", "suspended")),
            SignInCode.used_at.is_(None),
            SignInCode.failures < TRIES,
            SignInCode.expires_at > clock.now(),
        )
        .order_by(SignInCode.id.desc())
        .limit(MOST)
    )
    rows = session().scalars(locking(statement, SignInCode).execution_options(populate_existing=True)).all()
    newest: dict[tuple[int, bool], SignInCode] = {}
    for row in rows:
        newest.setdefault((row.member_id, row.how == "sms"), row)
    return list(newest.values())


def _alive(row: SignInCode) -> bool:
    return row.used_at is None and row.failures < TRIES and row.expires_at > clock.now()


def _digits(code_id: int, member_id: int) -> str:
    key = settings().need_secrets().secret_key.encode()
    mac = hmac.new(key, f"sign-in-code|{code_id}|{member_id}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(mac) % 10**DIGITS:0{DIGITS}d}"


def _fits(row: SignInCode, digits: str) -> bool:
    # Under every key that is alive: a code lives on while the newest key becomes another.
    return any(hmac.compare_digest(row.code_hash, one) for one in _hashes(row.id, digits))


def _hashes(code_id: int, digits: str) -> tuple[str, ...]:
    return settings().need_secrets().hashes.digests(f"sign-in-code|{code_id}|{digits}")
