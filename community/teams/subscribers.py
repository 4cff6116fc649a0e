"""What the teams do when something happened to a member."""

from __future__ import annotations

from community.people.events import GuardianConfirmed
from community.teams import services


def guardian_confirmed(event: GuardianConfirmed) -> None:
    """Applications that waited for the guardian go on, wherever the consent was noted."""
    services.go_on(event.member_id, by_id=event.by_id)
