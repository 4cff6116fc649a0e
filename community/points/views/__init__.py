"""The room's pages: one's own points (`own`), the shop (`shop`) and its desk (`reward_desk`, `reward_books`), the desk
(`desk`), and panels on pages of other rooms (`panels`).
"""

from community.points.views.anomalies import anomaly_list
from community.points.views.appeals import appeals_desk
from community.points.views.blueprint import bp
from community.points.views.budgets import budget
from community.points.views.cases import cases_desk
from community.points.views.desk import awards
from community.points.views.ledger import ledger
from community.points.views.months import months_desk
from community.points.views.own import mine
from community.points.views.reward_books import reward_items
from community.points.views.reward_desk import reward_desk
from community.points.views.rule_desk import rule_sets_desk
from community.points.views.rules import rules
from community.points.views.shop import shop
from community.points.views.statements import statement_list

__all__ = [
    "anomaly_list",
    "appeals_desk",
    "awards",
    "bp",
    "budget",
    "cases_desk",
    "ledger",
    "mine",
    "months_desk",
    "reward_desk",
    "reward_items",
    "rule_sets_desk",
    "rules",
    "shop",
    "statement_list",
]
