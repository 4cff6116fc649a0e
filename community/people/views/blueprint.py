"""The room's blueprint, and the places on its pages where higher rooms show something."""

from flask import Blueprint

from community.core.slots import Slot

bp = Blueprint("people", __name__)

# On the sign-in page (page: SignInPage) and on the desk's page of a person (page: Member).
sign_in_slot = Slot("sign_in")
member_slot = Slot("member_page")
