"""The room's pages: checking in with its receipts (`checkin`), for others (`cards`), and the desk (`desk`)."""

from community.patrols.views import cards, waiting
from community.patrols.views.blueprint import bp
from community.patrols.views.checkin import checkin_receipt, keep_scan
from community.patrols.views.desk import desk

__all__ = ["bp", "cards", "checkin_receipt", "desk", "keep_scan", "waiting"]
