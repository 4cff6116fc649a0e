"""The room's pages: coming in and one's own account (`doors`), codes (`entering`, `helping`), the desk (`desk`).

`mandates` are about acting for somebody, `witnessing` writes one down for who has no phone. `arrival` leads on after
signing in, `kept` carries a form through it; `cards` are paper ones.
"""

from community.people.views import (
    arrival,
    cards,
    desk,
    doors,
    entering,
    helping,
    kept,
    mandates,
    panels,
    privacy,
    witnessing,
)
from community.people.views.blueprint import account_slot, bp, member_slot, sign_in_notice, sign_in_slot

__all__ = [
    "account_slot",
    "arrival",
    "bp",
    "cards",
    "desk",
    "doors",
    "entering",
    "helping",
    "kept",
    "mandates",
    "member_slot",
    "panels",
    "privacy",
    "sign_in_notice",
    "sign_in_slot",
    "witnessing",
]
