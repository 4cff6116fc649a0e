"""Commands about memberships: what members ask for themselves, what admins decide. Opened by an edge's transaction."""

from community.teams.services.applying import Newcomer, agree, apply, leave
from community.teams.services.deciding import approve, confirm_guardian, go_on, refuse, remove, set_role, undo

__all__ = [
    "Newcomer",
    "agree",
    "apply",
    "approve",
    "confirm_guardian",
    "go_on",
    "leave",
    "refuse",
    "remove",
    "set_role",
    "undo",
]
