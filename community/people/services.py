"""Commands about members: registering, consent, verifying, passwords, suspending. Opened by an edge's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from community.audit import services as audit
from community.core import clock, events, todo
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, Forbidden, NotFound, on_constraint
from community.core.i18n import _
from community.people import codes, consents, phones, policies, queries, waits
from community.people.events import (
    GuardianConfirmed,
    MemberReinstated,
    MemberSuspended,
    MemberUnverified,
    MemberVerified,
)
from community.people.models import Consent, Member, MemberCard
from community.places import queries as places

# OWASP's smallest recommended argon2id: a sign-in costs about 25 ms a candidate on a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# A number that people merely typed may belong to several rows; each sign-in does the work of this many.
CANDIDATES = 5
# So often a day a number may be registered by people at their phones: fewer than the candidates, so that strangers who
# type it do not push its owner's new registration out. It tells that the number was typed today, not whose it is.
REGISTRATIONS = 3
DAY = dt.timedelta(days=1)
# Of no password at all: verified against where a candidate is missing, so that time tells nothing.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$xnYbnPIaOaS4NnxV2X71Ig$JZc2m1y9wKhTrhvm+5hjHU7qXgCDMoEpfg0s8n0nXVc"


class PhoneTaken(Conflict):
    """Another verified member has this number."""

    def __init__(self) -> None:
        super().__init__(
            "phone_taken",
            _("已有一位核实过的居民在用这个手机号"),
            next_step=_("请当面核对是谁的号码：填错了，她可以在“我的”里更正；是同一个人登记了两次，就用原来的登记。"),
        )


class WrongSignIn(DomainError):
    """No such number with this password; which of the two is wrong is nobody's business."""

    def __init__(self) -> None:
        super().__init__(
            "wrong_sign_in",
            _("手机号或密码不对"),
            next_step=_("请检查后再试。忘了密码，请找楼长或社区管理员帮忙。"),
            field="password",
        )


on_constraint("uq_member_verified_phone", PhoneTaken)


# --- joining ---


def register(
    actor: Actor | None,
    *,
    name: str,
    phone: str | None,
    age_band: str,
    guardian_name: str | None = None,
    guardian_phone: str | None = None,
    home_area_id: int | None = None,
    password: str | None = None,
) -> Member:
    """Write a provisional member and return her; her number proves nothing until somebody verifies her.

    `actor` is who registers her, None when she does it herself. A known number is no error and reveals nothing: it
    makes another provisional member. Raises DomainError with the form's field for a name, number, age band, guardian,
    area or password that cannot be taken, or for a number that was registered too often today.
    """
    band = policies.check_age(age_band)
    clean = policies.clean_name(name)
    e164 = phones.parse(phone) if phone else None
    if e164 is None and actor is None:
        raise DomainError("phone_missing", _("请填写手机号"), field="phone")
    if password:
        policies.check_password(password, phone=e164 or "", name=clean)
    if e164 is not None and actor is None:
        _must_not_be_often(e164)
    member = Member(
        display_name=clean,
        age_band=band,
        status="active",
        session_epoch=1,
        created_at=clock.now(),
        password_hash=_hasher.hash(password) if password else None,
        **phones.columns(e164),
        **_guardian(band, guardian_name, guardian_phone, e164),
        **_home(home_area_id),
    )
    session().add(member)
    session().flush()
    if actor is not None:
        audit.record(actor, "people.register", "member", member.id, scope_path=member.home_path)
    return member


def _must_not_be_often(e164: str) -> None:
    if queries.registered_since(phones.phone_hashes(e164), DAY) >= REGISTRATIONS:
        raise DomainError(
            "phone_often",
            _("这个手机号今天登记了好几次，先歇一歇"),
            next_step=_("登记过就直接登录；没有登记过，请明天再来，或请楼长、社区当面帮您登记。"),
            field="phone",
        )


def _guardian(band: str, name: str | None, phone: str | None, own: str | None) -> dict[str, str | None]:
    if band != policies.MINOR:
        return {}
    if not name or not phone:
        raise DomainError(
            "guardian_missing",
            _("未满 18 岁，请填写监护人的称呼和手机号"),
            next_step=_("社区会联系监护人，同意后才能参加白天的活动。"),
            field="guardian_phone" if name else "guardian_name",
        )
    number = phones.parse(phone, field="guardian_phone")
    if number == own:
        raise DomainError("guardian_phone", _("监护人的手机号不能和自己的一样"), field="guardian_phone")
    return {
        "guardian_name": policies.clean_name(name, field="guardian_name"),
        "guardian_phone_cipher": phones.encrypt(number),
    }


def _home(area_id: int | None) -> dict[str, Any]:
    if area_id is None:
        return {}
    area = places.area(area_id)
    if area is None:
        raise DomainError("home_area", _("没有找到这个社区，请重新选择"), field="home_area_id")
    return {"home_area_id": area.id, "home_path": area.path, "town_id": area.town_id}


def give_consent(member_id: int, scope: str) -> None:
    """Write that the member agreed to the current text of `scope`; agreeing again changes nothing."""
    text = consents.current(scope)
    if queries.consented(member_id, scope, text.version):
        return
    given = Consent(
        member_id=member_id, scope=scope, version=text.version, text_digest=text.digest, given_at=clock.now()
    )
    session().add(given)
    session().flush()


def withdraw_consent(actor: Actor, scope: str) -> int:
    """End the actor's own consents to check-ins and return how many there were; the rows stay as proof of the time.

    Raises NotFound for another `scope`: the consent to be registered at all ends by leaving the teams and the site.
    """
    must(actor, Perm.SELF_MANAGE)
    if scope != consents.PRESENCE:
        raise NotFound
    rows = [row for one in queries.identity_ids(actor.member_id) for row in queries.consents(one)]
    open_ones = [row for row in rows if row.scope == scope and row.withdrawn_at is None]
    for row in open_ones:
        row.withdrawn_at = clock.now()
    session().flush()
    return len(open_ones)


# --- signing in ---


def sign_in(phone: str, password: str, *, known: Sequence[int] = ()) -> Member:
    """Return the member who has this number and password; raises WrongSignIn, whatever was wrong.

    `known` are members (by id) who signed in on the phone that asks before: strangers who typed their number do not
    crowd them out. A number that is no number does the same work. A suspended member may sign in and see what is hers.
    """
    candidates = _candidates(phone, known)
    found: Member | None = None
    for place in range(CANDIDATES):
        member = candidates[place] if place < len(candidates) else None
        # Every place is computed, found or not: neither a success nor a stranger's row may show in the time.
        if _fits(member.password_hash if member else None, password) and found is None:
            found = member
    if found is None:
        raise WrongSignIn
    return found


def _candidates(phone: str, known: Sequence[int]) -> list[Member]:
    try:
        e164 = phones.parse(phone)
    except DomainError:
        return []
    return list(queries.with_phone(phones.phone_hashes(e164), CANDIDATES, known))


def _fits(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or _NOBODY, password[: policies.PASSWORD_LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def set_password(
    actor: Actor, member_id: int, password: str, *, current: str | None = None, came_by_code: bool = False
) -> Member:
    """Set the member's own password and end all her sessions; return her with the new epoch.

    Who has a password gives the `current` one, unless she came in by a one-time code (`came_by_code`) within the last
    half hour. Raises DomainError of the fields current_password and password.
    """
    member = queries.known_member(member_id, lock=True)
    if not actor.system:
        must(actor, Perm.SELF_MANAGE, member)
        excused = came_by_code and codes.used_lately(member.id)
        if member.password_hash and not excused and not _fits(member.password_hash, current or ""):
            raise DomainError("wrong_password", _("现在的密码不对"), field="current_password")
    number = phones.decrypt(member.phone_cipher) if member.phone_cipher else ""
    policies.check_password(password, phone=number, name=member.display_name)
    member.password_hash = _hasher.hash(password)
    member.session_epoch += 1
    session().flush()
    audit.record(actor, "people.password", "member", member.id, scope_path=member.home_path)
    return member


def end_sessions(actor: Actor) -> Member:
    """End the actor's sessions on every phone; return her with the new epoch."""
    member = queries.known_member(actor.member_id, lock=True)
    must(actor, Perm.SELF_MANAGE, member)
    member.session_epoch += 1
    session().flush()
    audit.record(actor, "people.sessions_ended", "member", member.id, scope_path=member.home_path)
    return member


# --- decisions about others ---


def lift_waits(actor: Actor, *, member_id: int) -> Member:
    """Forget the wrong tries with the member's number: she may try again at once. Raises NotFound, Forbidden."""
    member = queries.known_member(member_id, lock=True)
    must(actor, Perm.CODE_MAKE, member)
    waits.lift(*phones.held_hashes(member.phone_cipher, member.phone_hash))
    audit.record(actor, "people.waits_lifted", "member", member.id, scope_path=member.home_path)
    return member


def verify(actor: Actor, *, member_id: int, undoable: bool = False) -> Member:
    """Note that the actor has checked who the member is. Never oneself, never before a minor's guardian agreed.

    What follows waits for ten seconds when it is `undoable`. Verifying again changes nothing. Raises PhoneTaken when
    another verified member has her number.
    another verified member has her number.
    """
    member = _decidable(actor, member_id)
    if member.verified_at is not None:
        return member
    if policies.needs_guardian(member):
        raise DomainError(
            "guardian_first", _("她未满 18 岁，请先记录监护人的同意"), next_step=_("联系监护人，在本页登记同意方式。")
        )
    if queries.verified_phone_taken(member):
        raise PhoneTaken
    member.verified_at = clock.now()
    member.verified_by = actor.member_id or None
    session().flush()
    audit.record(actor, "people.verify", "member", member.id, scope_path=member.home_path)
    not_before = clock.now() + todo.UNDO_WITHIN if undoable else None
    events.emit(MemberVerified(member.id, actor.member_id, not_before))
    return member


def undo_verify(actor: Actor, *, member_id: int) -> Member:
    """Take back that the actor verified the member, less than ten seconds ago; emits MemberUnverified.

    Raises Forbidden (undo_other) for another person's word, Conflict (undo_late, not_verified).
    """
    member = _decidable(actor, member_id)
    if member.verified_at is None:
        raise Conflict("not_verified", _("这个人还没有核对过，没有要撤销的"))
    instead = _("她已经算核对过了。弄错了，请在她的页面暂停账号，并联系镇街更正。")
    todo.must_be_undoable(actor, by_id=member.verified_by, at=member.verified_at, instead=instead)
    if len(queries.identity_ids(member_id)) > 1:
        raise todo.too_late(instead)  # a registration was merged into hers, on the word that is to be taken back
    card = select(MemberCard.id).where(MemberCard.member_id == member_id, MemberCard.revoked_at.is_(None)).limit(1)
    if policies.held(member_id) or policies.placed(member_id) or session().execute(card).first() is not None:
        raise todo.too_late(instead)  # so was an office or a place given, or a card issued: all rest on it
    since, member.verified_at, member.verified_by = member.verified_at, None, None
    session().flush()
    audit.record(actor, "people.unverify", "member", member.id, scope_path=member.home_path)
    events.emit(MemberUnverified(member.id, actor.member_id, since))
    return member


def confirm_guardian(actor: Actor, *, member_id: int, how: str) -> Member:
    """Record that the guardian of a minor agreed, and `how` that is known. Never about oneself."""
    member = _decidable(actor, member_id)
    told = policies.reason(how, missing=_("请写明监护人怎样表示同意"), field="how")
    if member.age_band != policies.MINOR:
        raise Conflict("no_minor", _("她已成年，不需要监护人同意"))
    if member.guardian_at is not None:
        return member
    member.guardian_at = clock.now()
    member.guardian_by = actor.member_id or None
    session().flush()
    audit.record(actor, "people.guardian", "member", member.id, scope_path=member.home_path, reason=told)
    events.emit(GuardianConfirmed(member.id, actor.member_id))
    return member


def suspend(actor: Actor, *, member_id: int, reason: str) -> Member:
    """Stop the member from acting until she is reinstated; signed in anew she may still read what is hers.

    Her sessions end on every phone. It takes a right at her home, and for who holds an office also one that covers it:
    Forbidden (another_home, higher_office) otherwise; Conflict (last_admin) for the last administrator.
    """
    member = _decidable(actor, member_id)
    told = policies.reason(reason, missing=_("请写明暂停的原因，她会看到"))
    _must_cover_home(actor, member)
    _must_cover_offices(actor, member_id)
    if member.status != "active":
        raise Conflict("not_active", _("她现在不是正常状态，不能暂停"))
    if policies.indispensable(member_id):
        raise Conflict("last_admin", _("她是最后一位系统管理员，请先任命另一位"))
    member.status, member.status_reason = "suspended", told
    member.session_epoch += 1
    session().flush()
    audit.record(actor, "people.suspend", "member", member.id, scope_path=member.home_path, reason=told)
    events.emit(MemberSuspended(member.id, actor.member_id, told))
    return member


def reinstate(actor: Actor, *, member_id: int, reason: str) -> Member:
    """Let a suspended member act again. Raises Forbidden (another_home) for who has no right at her home."""
    member = _decidable(actor, member_id)
    told = policies.reason(reason, missing=_("请写明恢复的原因"))
    _must_cover_home(actor, member)
    if member.status != "suspended":
        raise Conflict("not_suspended", _("她没有被暂停"))
    member.status, member.status_reason = "active", None
    session().flush()
    audit.record(actor, "people.reinstate", "member", member.id, scope_path=member.home_path, reason=told)
    events.emit(MemberReinstated(member.id, actor.member_id, told))
    return member


def _decidable(actor: Actor, member_id: int) -> Member:
    member = queries.known_member(member_id, lock=True)
    if member.status in {"merged", "left"}:
        raise NotFound
    must(actor, Perm.MEMBER_VERIFY, member)
    policies.must_not_be_herself(actor.member_id, member)
    return member


def _must_cover_home(actor: Actor, member: Member) -> None:
    # A team that works here makes her one of ours to read and to verify, not ours to stop everywhere.
    if not policies.covers_home(actor, member):
        raise Forbidden(
            _("她不住在您管的范围，不能在这里暂停或恢复"),
            next_step=_("请她所在镇街的管理员处理。"),
            code="another_home",
        )


def _must_cover_offices(actor: Actor, member_id: int) -> None:
    if actor.system:
        return
    for path in policies.offices(member_id):
        if not policies.decides_at(actor, path):
            raise Forbidden(_("她有上级职务，请由上级管理员来办"), code="higher_office")
