"""A member card as it is printed: 85.6 by 54 mm, like every card in a purse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from community.core.i18n import _
from community.core.web.display import mask_name
from community.people import cards, queries
from community.people.models import MemberCard
from community.places import qr, queries as places

# Side of the code itself: a phone held over a card in the hand reads it from 20 cm with ease.
CODE_MM: Final = 32.0


@dataclass(frozen=True, slots=True)
class Badge:
    """One card on paper: whose it is, where she belongs, her number and the code as ready markup."""

    name: str
    place: str
    number: str
    qr: Markup


def badge(card: MemberCard, address: str, *, masked: bool) -> Badge:
    """Return the card as printed, with the whole name or "王**". Raises KeyGone when its key was withdrawn."""
    member = queries.known_member(card.member_id)
    return Badge(
        name=mask_name(member.display_name) if masked else member.display_name,
        place=places.place_line(places.village_path(member.home_path)) if member.home_path else "",
        number=card.number,
        qr=qr.svg(cards.url_of(card, base=address), _("队员卡"), symbol_mm=CODE_MM),
    )
