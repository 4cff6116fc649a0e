"""Members. Call inside `with transaction():`."""

from __future__ import annotations

from typing import Any

from community.core import clock
from community.core.db import session
from community.core.ids import new_code
from community.people.models import Consent, Member, MemberArea, MemberCard
from community.places.models import Area


def make_member(home: Area | None = None, *, verified: bool = True, **overrides: Any) -> Member:
    """A member at home in `home`; verified (by rule, nobody's name) unless told otherwise. No phone, no password."""
    fields: dict[str, Any] = {
        "display_name": "王桂芬",
        "age_band": "60+",
        "status": "active",
        "session_epoch": 1,
        "created_at": clock.now(),
        "verified_at": clock.now() if verified else None,
        "home_area_id": home.id if home else None,
        "home_path": home.path if home else "",
        "town_id": home.town_id if home else None,
    }
    member = Member(**(fields | overrides))
    session().add(member)
    session().flush()
    return member


def add_area(member: Member, area: Area) -> None:
    """Let `member` belong to `area` besides her home."""
    session().add(MemberArea(member_id=member.id, area_id=area.id, scope_path=area.path))
    session().flush()


def make_card(member: Member, issued_by: Member, **overrides: Any) -> MemberCard:
    """A paper card of `member`, signed with the key named "a"."""
    fields: dict[str, Any] = {"number": new_code(), "kid": "a", "issued_by": issued_by.id, "issued_at": clock.now()}
    card = MemberCard(member_id=member.id, **(fields | overrides))
    session().add(card)
    session().flush()
    return card


def give_consent(member: Member, scope: str, version: str) -> Consent:
    """Let `member` have agreed to `version` of the text for `scope`."""
    consent = Consent(member_id=member.id, scope=scope, version=version, text_digest="0" * 64, given_at=clock.now())
    session().add(consent)
    session().flush()
    return consent
