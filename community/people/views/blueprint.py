"""The room's blueprint, and the places on its pages where higher rooms show something."""

from flask import Blueprint

from community.core.slots import Slot

bp = Blueprint("people", __name__)

# On the pages of sign-in (page: SignInPage): what waits for somebody to come in, above the form, and more below it.
sign_in_notice = Slot("sign_in_notice")
sign_in_slot = Slot("sign_in")
# On one's own page, her ways in and out (page: Member), and on the desk's page of a person (page: Member).
account_slot = Slot("me_account")
member_slot = Slot("member_page")
