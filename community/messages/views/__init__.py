"""Pages: the inbox, announcements for readers, and the desk where they are written."""

from community.messages.views import announcements, desk, inbox
from community.messages.views.blueprint import bp

__all__ = ["announcements", "bp", "desk", "inbox"]
