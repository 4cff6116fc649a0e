"""Reads of teams and memberships, by who asks: people who look for a team, members, the desk."""

from community.teams.queries.joining import Card, card, held_places, kind_of, kinds, kinds_by_id, named, near, taken
from community.teams.queries.leading import led_by, serving_in_town
from community.teams.queries.own import (
    Decision,
    Mine,
    areas_of,
    circles,
    decided_between,
    decision,
    holds_place,
    leaders,
    my_memberships,
    newcomer_of,
    open_membership,
    own_membership,
    serving,
    waiting_for_guardian,
)

__all__ = [
    "Card",
    "Decision",
    "Mine",
    "areas_of",
    "card",
    "circles",
    "decided_between",
    "decision",
    "held_places",
    "holds_place",
    "kind_of",
    "kinds",
    "kinds_by_id",
    "leaders",
    "led_by",
    "my_memberships",
    "named",
    "near",
    "newcomer_of",
    "open_membership",
    "own_membership",
    "serving",
    "serving_in_town",
    "taken",
    "waiting_for_guardian",
]
