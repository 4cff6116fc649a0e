"""A first visitor's refused form between two pages: what she typed waits on her own phone, under cipher, for minutes.

A refusal answers with a redirect to the sign's page, so that Back never asks to send a form again. Nothing of it is
stored on the server, and only the very address that she is led to shows it: who scans the sign anew gets an empty form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from flask import current_app, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from community.core.config import settings
from community.core.web import device
from community.core.web.command import passing
from community.patrols.forms import FirstForm
from community.patrols.policies import LIMITS
from community.patrols.views import scan
from community.people.policies import UNDER_AGE

COOKIE = "linli_first"
PATH = "/p/"
# More than any field takes: what is cut off here was too long anyway, and stays so.
_LONGEST = 60
_FIELDS = ("name", "phone", "age_band", "guardian_name", "guardian_phone")


@dataclass(frozen=True)
class Refused:
    """A refused form as it is shown again, and its scan while that still counts."""

    form: FirstForm
    kept: scan.Kept | None


def send_back(token: str, kept: scan.Kept, said: Mapping[str, str]) -> Response:
    """Lead back to the sign's page with what was typed; `said` are the refusals that the form alone does not find."""
    # Of a child nothing is kept, neither in the browser nor here (PIPL art. 31): the page says so.
    kept_fields = ("age_band",) if request.form.get("age_band") == UNDER_AGE else _FIELDS
    typed = {name: request.form[name][:_LONGEST] for name in kept_fields if name in request.form}
    text = json.dumps([token, device.current(), typed, dict(said), kept.sealed], ensure_ascii=False)
    response = redirect(url_for("home.landing", token=token, first=1, again=1), 303)
    response.set_cookie(
        COOKIE,
        settings().need_secrets().cipher.encrypt(text),
        max_age=int(LIMITS.resume.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
    return passing(response)


def refused(token: str) -> Refused | None:
    """Return the form that waits on this phone for this code; None for another page, phone or code, and a forgery."""
    if request.args.get("again") != "1":
        return None
    try:
        code, phone, typed, said, sealed = json.loads(
            settings().need_secrets().cipher.decrypt(request.cookies.get(COOKIE, ""))
        )
    except (InvalidToken, ValueError, TypeError):
        return None
    if code != token or phone != device.current():
        return None
    form = FirstForm(MultiDict(typed), meta={"csrf": False})
    if not form.child:  # she is told why at the top; empty fields are no mistake of hers
        form.validate()
    form.put(said)
    return Refused(form, scan.unseal(sealed, token))


def forget(response: Response) -> None:
    """Drop what was kept: she is registered."""
    if COOKIE in request.cookies:
        response.delete_cookie(
            COOKIE, path=PATH, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
        )
