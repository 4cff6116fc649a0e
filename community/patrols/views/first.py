"""The first visit at a post that is open to anyone: a name, a number, two texts, one button (ux.md §4, journey 1b)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web import device
from community.core.web.session import current_actor, last_member, sign_in
from community.patrols.forms import FirstForm
from community.patrols.services.first import Visited, Visitor, first_visit, newcomer_of
from community.patrols.views import first_kept, scan
from community.people import consents
from community.people.consents import ConsentText
from community.people.views import arrival, known
from community.places import queries as places
from community.places.codes import ScannedPost
from community.teams.forms import told

V = TypeVar("V", bound=Callable[..., Any])
# Against programs that register people by the hundred; carriers put thousands behind one address.
PER_ADDRESS = "300 per hour"
PER_DEVICE = "10 per day"


@dataclass(frozen=True)
class FirstPage:
    """The card of a first visit: where she is, what she fills in, what she agrees to."""

    post: ScannedPost
    place: str
    token: str
    form: FirstForm
    texts: tuple[ConsentText, ...]
    kept: scan.Kept | None = None

    @property
    def in_place(self) -> bool:
        return self.post.state == "active" and not self.post.moved


def is_offered(post: ScannedPost) -> bool:
    """Say whether this request is of a first visitor: nobody signed in, a phone that nobody used, an open post.

    On a phone that somebody used before, who says that she is another (`?first=1`) is one too.
    """
    if post.open_to != "anyone" or current_actor() is not None:
        return False
    return last_member() is None or request.args.get("first") == "1"


def page(post: ScannedPost, token: str, form: FirstForm | None = None, kept: scan.Kept | None = None) -> FirstPage:
    """Return the card, empty or with what was typed."""
    return FirstPage(
        post=post,
        place=places.names([post.area_id]).get(post.area_id, ""),
        token=token,
        form=form or FirstForm(formdata=None),
        texts=(consents.current(consents.SERVICE), consents.current(consents.PRESENCE)),
        kept=kept,
    )


def opened(post: ScannedPost, token: str) -> FirstPage:
    """Return the card as a GET shows it: with the form that was refused a moment ago, else empty."""
    refused = first_kept.refused(token)
    return page(post, token, refused.form, refused.kept) if refused else page(post, token)


def is_sent(post: ScannedPost) -> bool:
    """Say whether this POST brings a first visitor's form."""
    return "name" in request.form and post.open_to == "anyone"


def visit(post: ScannedPost, token: str, kept: scan.Kept) -> Response:
    """Register and check in who sent the form, sign her in on this phone and lead her to her receipt."""
    form = FirstForm()
    if not form.validate_on_submit():
        return first_kept.send_back(token, kept, {})
    try:
        visited = first_visit(_visitor(form), post, kept.evidence, device=device.current(), at=kept.captured_at)
    except DomainError as error:
        if error.field is None:
            raise
        return first_kept.send_back(token, kept, {} if _told_kindly(error) else {error.field: told(error)})
    response = arrival.arrive(visited.member_id, visited.epoch, next_path=_after(visited, token))
    scan.forget(response)
    first_kept.forget(response)
    response.linli_newcomer = True  # type: ignore[attr-defined]
    return response


def _told_kindly(error: DomainError) -> bool:
    """Say whether the page has words of its own for what is no mistake: her age, or a question not asked yet."""
    return error.code == "under_14" or (error.code == "guardian_missing" and "guardian_name" not in request.form)


def is_newcomer(response: Response) -> bool:
    """Say whether this answer registered somebody (what the limits count)."""
    return getattr(response, "linli_newcomer", False)


def lost(post: ScannedPost, token: str, kept: scan.Kept) -> str:
    """Return the page with everything that was typed, for a form whose page lay open too long."""
    form = FirstForm(meta={"csrf": False})
    form.form_errors.append(plain(_("页面放久了，没有提交。您填的都在，请再点一次。")))
    return render_template("patrols/first.html", page=page(post, token, form, kept))


def stays_signed_in(view: V) -> V:
    """Sign a first visitor in again when her phone sends the same form twice and only the second answer arrives.

    The stored answer goes to the same phone with the same key and body alone; it lets nobody in who has been verified
    since, and nobody where the first answer did arrive.
    """

    @wraps(view)
    def run(**arguments: Any) -> Response:
        used = last_member()
        answer = make_response(view(**arguments))
        if "Idempotent-Replayed" in answer.headers and not used and "name" in request.form:
            newcomer = newcomer_of(answer.headers.get("Location", ""), device.current())
            if newcomer is not None:
                sign_in(*newcomer)
                known.remember(answer, newcomer[0])
        return answer

    return run  # type: ignore[return-value]


def _visitor(form: FirstForm) -> Visitor:
    return Visitor(
        name=form.name.data or "",
        phone=form.phone.data or "",
        age_band=form.age_band.data or "",
        guardian_name=form.guardian_name.data or None,
        guardian_phone=form.guardian_phone.data or None,
    )


def _after(visited: Visited, token: str) -> str:
    if visited.outcome.checkin_id is None:
        return url_for("patrols.refused", token=token, code=visited.outcome.code)
    return url_for("patrols.receipt", checkin_id=str(visited.outcome.checkin_id), first=1)
