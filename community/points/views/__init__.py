"""The room's pages: one's own points (`own`), the desk (`desk`), and panels on pages of other rooms (`panels`)."""

from community.points.views.blueprint import bp
from community.points.views.desk import awards
from community.points.views.own import mine
from community.points.views.rule_desk import rule_sets_desk
from community.points.views.rules import rules

__all__ = ["awards", "bp", "mine", "rule_sets_desk", "rules"]
