"""The room's pages: one's own points (`own`), the desk (`desk`), and panels on pages of other rooms (`panels`)."""

from community.points.views.blueprint import bp
from community.points.views.desk import awards
from community.points.views.own import mine

__all__ = ["awards", "bp", "mine"]
