"""What the room shows on pages that several rooms fill: one's own ways in and out, and a person's at the desk."""

from __future__ import annotations

from flask import render_template

from community.core.authz import Perm, can
from community.core.web.session import must_be_signed_in
from community.people import codes, phones, waits
from community.people.queries import Person


def account(member: Person) -> str:
    """Return the section of one's own page about password, sessions and helping others in."""
    return render_template("people/_account.html", member=member, helps=bool(codes.leads(must_be_signed_in())))


def ways_in(member: Person) -> str | None:
    """Return what the desk may do for somebody who cannot sign in; None without the right, about oneself or at rest."""
    actor = must_be_signed_in()
    if not can(actor, Perm.CODE_MAKE, member) or actor.is_me(member.id) or member.status not in {"active", "suspended"}:
        return None
    hashes = phones.held_hashes(member.phone_cipher, member.phone_hash)
    return render_template("people/_ways_in.html", member=member, waits_until=waits.until(*hashes))
