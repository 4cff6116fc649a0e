"""The room's pages: one's own points (`own`, what expires: `soon`, the past: `then`), the shop (`shop`) and its desk
(`reward_desk`, `reward_books`, `reward_pictures`), the desk (`desk`), and panels on pages of other rooms (`panels`).
"""

from community.points.views.aliases import alias_list
from community.points.views.anomalies import anomaly_list
from community.points.views.appeals import appeals_desk
from community.points.views.blueprint import bp
from community.points.views.board import board
from community.points.views.budgets import budget
from community.points.views.cases import cases_desk
from community.points.views.desk import awards
from community.points.views.family import family
from community.points.views.ledger import ledger
from community.points.views.months import months_desk
from community.points.views.own import mine
from community.points.views.reward_books import reward_items
from community.points.views.reward_desk import reward_desk
from community.points.views.reward_pictures import show_reward
from community.points.views.rule_desk import rule_sets_desk
from community.points.views.rules import rules
from community.points.views.shop import shop
from community.points.views.soon import expiring
from community.points.views.statements import statement_list
from community.points.views.then import then

__all__ = [
    "alias_list",
    "anomaly_list",
    "appeals_desk",
    "awards",
    "board",
    "bp",
    "budget",
    "cases_desk",
    "expiring",
    "family",
    "ledger",
    "mine",
    "months_desk",
    "reward_desk",
    "reward_items",
    "rule_sets_desk",
    "rules",
    "shop",
    "show_reward",
    "statement_list",
    "then",
]
