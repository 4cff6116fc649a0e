"""What the teams do when something happened to a member, or to an area they work in."""

from __future__ import annotations

from sqlalchemy import update

from community.core import paths
from community.core.authz import under
from community.core.db import session
from community.people.events import GuardianConfirmed, MemberErased, MemberMerged, ServiceWithdrawn
from community.places.events import AreaMoved
from community.teams import services
from community.teams.models import Membership, Team, TeamArea
from community.teams.services import ending, merging


def guardian_confirmed(event: GuardianConfirmed) -> None:
    """Applications that waited for the guardian go on, wherever the consent was noted."""
    services.go_on(event.member_id, by_id=event.by_id)


def area_moved(event: AreaMoved) -> None:
    """Let teams and their members' places follow an area that moved; into another town, its teams are that town's."""
    paths.rewrite((Team.scope_path, TeamArea.scope_path, Membership.scope_path), event.old_path, event.new_path)
    if event.town_id is not None:
        there = update(Team).where(under(Team.scope_path, (event.new_path,)))
        session().execute(there.values(town_id=event.town_id).execution_options(synchronize_session=False))


def take_over_merged(event: MemberMerged) -> None:
    """What the old registration applied for is the verified member's application."""
    merging.take_over(event.member_id, event.into_id, by_id=event.by_id)


def end_service(event: ServiceWithdrawn) -> None:
    """Who takes back the consent to be registered serves in no team."""
    ending.end_all(event.member_id, by_id=event.member_id)


def end_erased(event: MemberErased) -> None:
    """Who is erased holds no place any more, and nothing written about her places stays."""
    for member_id in event.ids:
        ending.end_all(member_id, by_id=None)
    ending.forget_words(event.ids)
