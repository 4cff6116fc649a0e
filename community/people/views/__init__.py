"""The room's pages: signing in and one's own account (`doors`), the desk (`desk`).

`arrival` leads on after signing in, `kept` carries a form through it.
"""

from community.people.views import arrival, desk, doors, kept
from community.people.views.blueprint import bp, member_slot, sign_in_slot

__all__ = ["arrival", "bp", "desk", "doors", "kept", "member_slot", "sign_in_slot"]
