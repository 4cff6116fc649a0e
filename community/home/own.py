"""What somebody sees of herself: who she is here, her offices and teams, and what she agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from community.access import queries as access
from community.access.queries import Office
from community.core.authz import Actor
from community.people import consents, phones, queries as people
from community.people.consents import ConsentText
from community.people.queries import Person
from community.places import queries as places
from community.teams import queries as teams
from community.teams.queries import Mine
from community.teams.words import STATES, Look


@dataclass(frozen=True)
class Profile:
    """The page "me". `phone` is whole: it is her own. `consents` pair each text with her consent to it, if in force."""

    member: Person
    phone: str
    area: str
    offices: Sequence[Office]
    memberships: Sequence[tuple[Mine, Look]]
    consents: Sequence[tuple[ConsentText, Any]]


def profile(actor: Actor) -> Profile:
    """Return what `actor` sees of herself."""
    member = people.known_member(actor.member_id)
    return Profile(
        member=member,
        phone=phones.whole(member.phone_cipher),
        area=places.place_line(member.home_path),
        offices=access.held_by(actor.member_id),
        memberships=[(mine, STATES[mine.state]) for mine in teams.my_memberships(actor.member_id)],
        consents=_consents(actor.member_id),
    )


def _consents(member_id: int) -> list[tuple[ConsentText, Any]]:
    given = {(row.scope, row.version): row for row in people.consents(member_id) if row.withdrawn_at is None}
    texts = [consents.current(scope) for scope in consents.scopes()]
    return [(text, given.get((text.scope, text.version))) for text in texts]
