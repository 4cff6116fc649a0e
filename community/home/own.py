"""What somebody sees of herself: who she is here, her offices and teams, and what is going on with her data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from community.access import queries as access
from community.access.queries import Office
from community.audit import seen
from community.core import clock
from community.core.authz import Actor
from community.people import consents, phones, queries as people, requests
from community.people.queries import Person
from community.places import queries as places
from community.teams import queries as teams
from community.teams.queries import Mine
from community.teams.words import STATES, Look

# How far back the number of looks beside "who looked" counts.
LATELY = dt.timedelta(days=30)


@dataclass(frozen=True)
class Profile:
    """The page "me". `phone` is whole, it is her own, and `masked` as staff see it; `looks` counts those of late.

    `erasure` is her request to be erased while it waits, `agreed` how many of the `texts` she agrees to now.
    """

    member: Person
    phone: str
    masked: str
    area: str
    offices: Sequence[Office]
    memberships: Sequence[tuple[Mine, Look]]
    agreed: int
    texts: int
    looks: int
    erasure: Any


def profile(actor: Actor) -> Profile:
    """Return what `actor` sees of herself."""
    member = people.known_member(actor.member_id)
    scopes = [consents.current(scope) for scope in consents.scopes()]
    return Profile(
        member=member,
        phone=phones.whole(member.phone_cipher),
        masked=phones.masked(member.phone_cipher),
        area=places.place_line(member.home_path),
        offices=access.held_by(actor.member_id),
        memberships=[(mine, STATES[mine.state]) for mine in teams.my_memberships(actor.member_id)],
        agreed=sum(people.consented(actor.member_id, text.scope, text.version) for text in scopes),
        texts=len(scopes),
        looks=seen.looks_since(actor.ids, clock.now() - LATELY),
        erasure=requests.waiting_erasure(actor.member_id),
    )
