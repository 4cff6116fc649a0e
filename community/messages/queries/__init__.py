"""Reads of one member's inbox (`inbox`) and of announcements (`announcements`)."""

from community.messages.queries.inbox import PAGE, Inbox, Line, inbox, unread_count

__all__ = ["PAGE", "Inbox", "Line", "inbox", "unread_count"]
