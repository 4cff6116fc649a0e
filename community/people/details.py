"""What a member says of herself: her name, her number while nobody has verified her, and how she likes her pages."""

from __future__ import annotations

from sqlalchemy import update

from community.audit import services as audit
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, Forbidden
from community.core.i18n import _
from community.people import phones, policies, queries
from community.people.models import Member

# So many unverified members may have one number, as many as may be registered with it in a day.
HOLDERS = 3


def correct(actor: Actor, *, name: str, phone: str | None = None) -> Member:
    """Write the actor's own name and, when given, her number; return her. What is the same changes nothing.

    The log names the fields and never what they held. Raises DomainError with the field for a name or number that
    registering refuses too, Conflict (phone_verified) for the number of a verified member, which somebody checked in
    person, and Forbidden (suspended) for who is suspended.
    """
    member = queries.known_member(actor.member_id, lock=True)
    must(actor, Perm.SELF_MANAGE, member)
    if member.status != "active":
        raise Forbidden(
            _("您的账号暂停中，现在不能更正"), next_step=_("请联系社区，当面核对后更正。"), code="suspended"
        )
    changed = [*_name(member, name), *(_phone(member, phone) if phone is not None else [])]
    if changed:
        session().flush()
        audit.record(
            actor, "people.correct", "member", member.id, scope_path=member.home_path, details={"fields": changed}
        )
    return member


def keep_looks(actor: Actor, *, language: str, text_size: str) -> None:
    """Keep the language and text size that the actor chose, for every phone she signs in on."""
    must(actor, Perm.SELF_MANAGE)
    mine = update(Member).where(Member.id == actor.member_id).values(language=language, text_size=text_size)
    session().execute(mine)


def looks_of(member_id: int) -> tuple[str | None, str | None]:
    """Return the language and text size that the member chose; None for what she never did."""
    found = session().get(Member, member_id)
    return (found.language, found.text_size) if found else (None, None)


def _name(member: Member, text: str) -> list[str]:
    clean = policies.clean_name(text)
    if clean == member.display_name:
        return []
    member.display_name = clean
    return ["name"]


def _phone(member: Member, text: str) -> list[str]:
    e164 = phones.parse(text)
    wanted = phones.phone_hashes(e164)
    if member.phone_hash in wanted:
        return []
    if member.verified_at is not None:
        raise Conflict(
            "phone_verified",
            _("您的手机号已经当面核对过，不能在这里改"),
            next_step=_("换了号码，请到社区请管理员当面核对。"),
        )
    if member.guardian_phone_cipher and phones.decrypt(member.guardian_phone_cipher) == e164:
        raise DomainError("guardian_phone", _("自己的手机号不能和监护人的一样"), field="phone")
    if queries.unverified_with(wanted) >= HOLDERS:
        raise DomainError(
            "phone_often",
            _("有好几个新登记在用这个手机号"),
            next_step=_("请到社区请管理员当面核对。"),
            field="phone",
        )
    for column, value in phones.columns(e164).items():
        setattr(member, column, value)
    return ["phone"]
