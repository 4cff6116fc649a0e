"""The room's pages: finding and joining a team (`joining`), one's own memberships (`own`), the desk (`desk`)."""

from community.teams.views.blueprint import bp
from community.teams.views.desk import applications
from community.teams.views.joining import kinds
from community.teams.views.own import membership
from community.teams.views.panels import member_panel

__all__ = ["applications", "bp", "kinds", "member_panel", "membership"]
