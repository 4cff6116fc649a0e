"""Asking for a text message with a one-time code: the same work and words for every number, known or not.

What is asked for is noted for the job that sends messages; only there somebody looks whose number it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from community.core.i18n import _, ngettext
from community.core.ids import new_uuid
from community.people import phones, policies, queries, waits
from community.people.waits import MustWait, Subject

DEVICE_FREE = 5


def ask(phone: str, *, known: Sequence[int], device: str) -> None:
    """Ask for a text to `phone`; `known` are the members who signed in on the phone that asks, `device` is its id.

    Each further text waits longer. Raises DomainError (field "phone") for what is no number and MustWait for too soon.
    """
    e164 = phones.parse(phone)
    hashes = phones.phone_hashes(e164)
    hers = queries.verified_with_phone(hashes, known)
    try:
        waits.count(
            waits.text_at(hashes[0], device if hers else None),
            Subject(f"text-device:{device}", DEVICE_FREE),
        )
    except MustWait as wait:
        raise _TooSoon(wait) from None
    policies.ask_for_text(phones.encrypt(e164), list(known), str(new_uuid()))


class _TooSoon(MustWait):
    """A text was asked for a moment ago."""

    def __init__(self, wait: MustWait) -> None:
        super().__init__(wait.until)
        minutes = waits.minutes_until(wait.until)
        self.message = ngettext(
            "刚才已经要过短信，请等 %(num)s 分钟再要", "刚才已经要过短信，请等 %(num)s 分钟再要", minutes
        )
        self.next_step = _("没收到的话，请楼长、队长或社区当面给您一个口令。")
        self.field = "phone"
