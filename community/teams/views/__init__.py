"""The room's pages: finding and joining a team (`joining`), one's own memberships (`own`), the desk (`desk`)."""

from community.teams.views.blueprint import bp, joining_slot, membership_slot
from community.teams.views.desk import applications
from community.teams.views.joining import kinds
from community.teams.views.own import membership
from community.teams.views.panels import member_panel

__all__ = ["applications", "bp", "joining_slot", "kinds", "member_panel", "membership", "membership_slot"]
