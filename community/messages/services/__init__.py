"""Telling people: inbox lines and outbox rows (`inbox`), announcements of an area (`announcing`)."""

from community.messages.services.inbox import mark_read, notify, open_message, send_later, take_back, untold

__all__ = ["mark_read", "notify", "open_message", "send_later", "take_back", "untold"]
