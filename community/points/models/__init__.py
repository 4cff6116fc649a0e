"""The room's tables, by subject: the ledger, rules, awards and decisions, money and months, the rewards shop,
family pots.

Private to the room: others use its services, queries and events.
"""

from community.points.models.awards import AWARD_STATES, HOLD_REASONS, Appeal, Award, AwardVote, CaseVote, PointsCase
from community.points.models.families import FamilyPot, PotInvite, PotSeat, PotShare
from community.points.models.ledger import (
    ACCOUNT_KINDS,
    ASSETS,
    NEVER,
    TXN_KINDS,
    Account,
    Entry,
    ExpiryNotice,
    Hold,
    HoldLot,
    HoldResolution,
    LedgerCheck,
    Lot,
    LotUse,
    Seal,
    Transfer,
    Txn,
    Unsealed,
)
from community.points.models.money import AnomalyLook, BudgetMove, BudgetSlot, PeriodClose, StatementLeaf, TownTerms
from community.points.models.noted import LedgerNote
from community.points.models.rules import Rule, RuleDraft, RuleObjection, RuleSet, RuleUsage, RuleVersion
from community.points.models.shop import RewardItem, RewardOrder, StockMove, Supplier
from community.points.models.shown import GROUP_KINDS, AliasRefusal, BoardName, MonthGroup

__all__ = [
    "ACCOUNT_KINDS",
    "ASSETS",
    "AWARD_STATES",
    "GROUP_KINDS",
    "HOLD_REASONS",
    "NEVER",
    "TXN_KINDS",
    "Account",
    "AliasRefusal",
    "AnomalyLook",
    "Appeal",
    "Award",
    "AwardVote",
    "BoardName",
    "BudgetMove",
    "BudgetSlot",
    "CaseVote",
    "Entry",
    "ExpiryNotice",
    "FamilyPot",
    "Hold",
    "HoldLot",
    "HoldResolution",
    "LedgerCheck",
    "LedgerNote",
    "Lot",
    "LotUse",
    "MonthGroup",
    "PeriodClose",
    "PointsCase",
    "PotInvite",
    "PotSeat",
    "PotShare",
    "RewardItem",
    "RewardOrder",
    "Rule",
    "RuleDraft",
    "RuleObjection",
    "RuleSet",
    "RuleUsage",
    "RuleVersion",
    "Seal",
    "StatementLeaf",
    "StockMove",
    "Supplier",
    "TownTerms",
    "Transfer",
    "Txn",
    "Unsealed",
]
