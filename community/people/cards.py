"""Member cards on paper, for who has no phone: issued, printed, revoked; a leader's command alone uses one.

The code reads `https://HOST/m/<number8>.<mac16>`: `mac16` is the first 80 bits of HMAC-SHA256(key, "m1|HOST|number8")
under a key of the ring that signs posters; the other beginning keeps the two kinds apart (checkin.md §2.1, §2.2).
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.config import settings
from community.core.db import session
from community.core.errors import Conflict, DomainError, Gone, NotFound
from community.core.i18n import _
from community.core.ids import CODE_ALPHABET, new_code
from community.core.keys import SigningKey
from community.people import consents, policies, queries, services
from community.people.models import MemberCard
from community.places import codes
from community.places.codes import KeyGone

REISSUED = "reissued"
WHY_LONGEST = 200
ON_A_SHEET = 8
_TOKEN = re.compile(rf"([{CODE_ALPHABET}]{{8}})\.([{CODE_ALPHABET}]{{{codes.MAC_LENGTH}}})")


@dataclass(frozen=True, slots=True)
class CardRef:
    """A card that counts: its id and whose it is."""

    card_id: int
    member_id: int


class CardBad(NotFound):
    """No card of ours: altered, cut off, or made for another host."""

    def __init__(self) -> None:
        super().__init__(
            _("这不是本平台的队员卡"),
            next_step=_("请勿在它打开的页面输入任何信息，把卡交给社区看一看。"),
            code="card_bad",
        )


class CardRevoked(Gone):
    """A card of ours that no longer counts."""

    def __init__(self) -> None:
        super().__init__(
            "card_revoked", _("这张卡已停用"), next_step=_("请本人到社区换一张新的；今天可以请队长联系社区。")
        )


# --- the code ---


def url_of(card: MemberCard, *, base: str | None = None) -> str:
    """Return the address in the card's code, below `base` (default: PUBLIC_URL). Raises KeyGone for a dead key."""
    key = settings().need_secrets().signing.get(card.kid)
    if key is None or key.state == "dead":
        raise KeyGone
    base = base or settings().public_url
    return f"{base}/m/{card.number}.{_mac(key, codes.host_of(base), card.number)}"


def must_be_ours(token: str, hosts: Iterable[str]) -> tuple[str, tuple[SigningKey, ...]]:
    """Return the card's number and the keys that sign it, without asking the database; raises CardBad."""
    parts = _TOKEN.fullmatch(token.lower()) if len(token) <= 30 else None
    if parts is None:
        raise CardBad
    number, mac = parts.groups()
    tried = [(key, host) for key in settings().need_secrets().signing.keys for host in hosts]
    # Every key and host is compared: how long it takes says nothing about which one fits.
    fitting = [key for key, host in tried if hmac.compare_digest(mac.encode(), _mac(key, host, number).encode())]
    if not fitting:
        raise CardBad
    return number, tuple(fitting)


def read(token: str, hosts: Iterable[str]) -> CardRef:
    """Return the card that `token` stands for. Raises CardBad (404), CardRevoked (410) for one that counts no more."""
    number, keys = must_be_ours(token, hosts)
    found = session().scalar(select(MemberCard).where(MemberCard.number == number))
    key = next((key for key in keys if found is not None and key.kid == found.kid), None)
    if found is None or key is None:
        raise CardBad
    if found.revoked_at is not None or key.state == "dead":
        raise CardRevoked
    return CardRef(found.id, found.member_id)


def _mac(key: SigningKey, host: str, number: str) -> str:
    return codes.mac16(key, f"m1|{host.lower()}|{number}")


# --- issuing ---


def issue(actor: Actor, member_id: int, *, agreed: bool) -> MemberCard:
    """Give the member a new card and revoke the older ones; return it.

    `agreed` says that she has read the text about check-ins, or had it read out, and signed it on paper: that consent
    is kept for her. Raises Forbidden for oneself, Conflict for who is not verified or not active, DomainError
    (field "agreed") when neither an earlier consent nor this one is there.
    """
    must(actor, Perm.CARD_ISSUE)
    member = queries.known_member(member_id, lock=True)
    must(actor, Perm.CARD_ISSUE, member)
    policies.must_not_be_herself(actor.member_id, member)
    if member.status == "suspended":
        raise Conflict("card_suspended", _("她的账号暂停中，不能发卡"), next_step=_("先恢复账号，再发卡。"))
    if member.status != "active" or member.verified_at is None:
        raise Conflict("card_member", _("先核对本人，才能发卡"), next_step=_("当面见过本人，在这一页点“核对无误”。"))
    text = consents.current(consents.PRESENCE)
    if not agreed and not queries.consented(member.id, text.scope, text.version):
        raise DomainError("card_consent", _("要她本人先同意打卡须知"), field="agreed")
    if agreed:
        services.give_consent(member.id, text.scope)
    for old in _in_force(member.id):
        old.revoked_at, old.revoked_why = clock.now(), REISSUED
    card = MemberCard(
        member_id=member.id,
        number=new_code(),
        kid=settings().need_secrets().signing.newest.kid,
        issued_by=actor.member_id,
        issued_at=clock.now(),
    )
    session().add(card)
    session().flush()
    details = {"card": str(card.id), "agreed_on_paper": agreed}
    audit.record(actor, "people.card_issue", "member", member.id, scope_path=member.home_path, details=details)
    return card


def revoke(actor: Actor, member_id: int, *, reason: str) -> None:
    """Take the member's card out of force at once.

    Raises DomainError (field "reason") without a reason, Conflict when she has no card.
    """
    must(actor, Perm.CARD_ISSUE)
    member = queries.known_member(member_id, lock=True)
    must(actor, Perm.CARD_ISSUE, member)
    why = " ".join(reason.split())[:WHY_LONGEST]
    if not why:
        raise DomainError("reason_missing", _("请写明原因"), field="reason")
    cards = _in_force(member.id)
    if not cards:
        raise Conflict("card_none", _("她没有可以停用的卡"), next_step=_("刷新页面看现在的情况。"))
    for card in cards:
        card.revoked_at, card.revoked_why = clock.now(), why
    session().flush()
    audit.record(actor, "people.card_revoke", "member", member.id, scope_path=member.home_path, reason=why)


def cards_of(member_id: int) -> Sequence[MemberCard]:
    """Return every card of the member, the newest first."""
    return (
        session()
        .scalars(select(MemberCard).where(MemberCard.member_id == member_id).order_by(MemberCard.id.desc()))
        .all()
    )


def in_force(actor: Actor, member_id: int) -> MemberCard:
    """Return the member's card, for printing; raises NotFound for none and outside the actor's areas."""
    must(actor, Perm.CARD_ISSUE, queries.known_member(member_id))
    card = next(iter(_in_force(member_id)), None)
    if card is None:
        raise NotFound(_("她还没有队员卡"), next_step=_("请回到她的页面，先发一张卡。"))
    return card


def issued_today(actor: Actor) -> Sequence[MemberCard]:
    """Return the cards that the actor issued today and that count, as many as a sheet takes, the newest first."""
    must(actor, Perm.CARD_ISSUE)
    since = clock.at_local(clock.today(), dt.time.min)
    mine = MemberCard.issued_by == actor.member_id, MemberCard.issued_at >= since, MemberCard.revoked_at.is_(None)
    return session().scalars(select(MemberCard).where(*mine).order_by(MemberCard.id.desc()).limit(ON_A_SHEET)).all()


def _in_force(member_id: int) -> Sequence[MemberCard]:
    valid = MemberCard.member_id == member_id, MemberCard.revoked_at.is_(None)
    return session().scalars(select(MemberCard).where(*valid).order_by(MemberCard.id.desc())).all()
