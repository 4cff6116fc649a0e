"""The room's blueprint, and the places on its pages where higher rooms show something."""

from flask import Blueprint

from community.core.slots import Slot

bp = Blueprint("teams", __name__)

# On the pages that lead to an application, and on the page of one's own membership: what waits meanwhile.
joining_slot = Slot("joining")
membership_slot = Slot("membership_page")
