"""Signs on paper: one post's, a whole area's in one run, samples; and taking one generation out of force."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from markupsafe import Markup
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.config import settings
from community.core.errors import NotFound
from community.core.i18n import _, plain
from community.core.ids import MAX_INT, parse_id
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import pages, printing, queries, sheets, signs
from community.places.views.blueprint import bp

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


# --- one post ---


@bp.post("/desk/posts/<id:post_id>/print")
@requires(Perm.POST_PRINT)
@command()
def print_sign(post_id: int) -> Response:
    after = request.form.get("after", default=-1, type=int)
    signs.print_sign(must_be_signed_in(), post_id, after=after)
    return redirect(url_for("places.poster", post_id=post_id), 303)


@bp.get("/desk/posts/<id:post_id>/poster")
@requires(Perm.POST_PRINT)
def poster(post_id: int) -> str:
    post = queries.post(must_be_signed_in(), post_id, Perm.POST_PRINT)
    valid = queries.valid_sign(post.id)
    if valid is None:
        raise NotFound(_("这个岗点还没有牌子"), next_step=_("请回到岗点页面，打印第一版。"))
    one = sheets.sign(post, valid, printed_address(), _form(), **sheets.around(post))
    return render_template("places/poster.html", post=post, paper=_paper(sheets.copies(one, _form())), form=_form())


@bp.get("/desk/posts/<id:post_id>/poster/sample")
@requires(Perm.POST_PRINT)
def sample(post_id: int) -> str:
    post = queries.post(must_be_signed_in(), post_id, Perm.POST_PRINT)
    one = sheets.sample(post, printed_address(), _form(), **sheets.around(post))
    return render_template("places/sample.html", post=post, paper=_paper(sheets.copies(one, _form())), form=_form())


@bp.post("/desk/posts/<id:post_id>/withdraw")
@requires(Perm.POST_PRINT)
@command()
def withdraw(post_id: int) -> Response:
    generation, reason = parse_id(request.form.get("generation"), MAX_INT) or 0, request.form.get("reason", "")
    signs.withdraw(must_be_signed_in(), post_id, generation=generation, reason=reason)
    flash(plain(_("第 %(count)s 版已作废，扫它的人会看到找谁。请把它取下来。", count=generation)), "ok")
    return redirect(url_for("places.post", post_id=post_id), 303)


# --- an area in one run ---


@bp.get("/desk/posters")
@requires(Perm.POST_PRINT)
def posters_where() -> str:
    return render_template("places/posters_where.html", areas=pages.print_choices(must_be_signed_in()))


@bp.get("/desk/posters/<area_code>")
@requires(Perm.POST_PRINT)
def posters(area_code: str) -> str:
    area, behind = printing.area_to_print(must_be_signed_in(), area_code), _behind()
    return render_template("places/posters.html", area=area, page=pages.print_run(area, behind), behind=behind)


@bp.post("/desk/posters/<area_code>")
@requires(Perm.POST_PRINT)
@command()
def print_posters(area_code: str) -> Response:
    actor, sent = must_be_signed_in(), request.form
    area = printing.area_to_print(actor, area_code)
    which: signs.Which = "all" if sent.get("which") == "all" else "needed"
    behind, seen = parse_id(sent.get("behind")) or 0, sent.get("seen", "")
    made = signs.print_run(actor, area, which=which, behind=behind, seen=seen)
    form, run = sent.get("paper", ""), made[0].printed_at.isoformat()
    return redirect(url_for("places.run", area_code=area.code, form=sheets.known_form(form), run=run), 303)


@bp.get("/desk/posters/<area_code>/run")
@requires(Perm.POST_PRINT)
def run(area_code: str) -> str:
    area = printing.area_to_print(must_be_signed_in(), area_code)
    lines = printing.printed(area, _instant(), _behind(), signs.RUN + 1)
    shown = lines[: signs.RUN]
    if not shown:
        raise NotFound(_("这里没有可以打印的牌子"), next_step=_("请回到打印页面，先生成牌子。"))
    return render_template(
        "places/run.html",
        area=area,
        paper=_paper(sheets.paper(shown, printed_address(), _form())),
        form=_form(),
        count=len(shown),
        run=request.args.get("run", "")[:40] or None,
        more=shown[-1].post.id if len(lines) > signs.RUN else None,
    )


def _behind() -> int:
    return parse_id(request.args.get("after")) or 0


def _instant() -> dt.datetime | None:
    text = request.args.get("run", "")
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise NotFound from None
    if found.tzinfo is None:
        raise NotFound
    return found


def _form() -> str:
    return sheets.known_form(request.args.get("form", ""))


def _paper(paper: sheets.Paper) -> Markup:
    """A sign speaks the language of the street, whatever language its printer reads."""
    if paper.broken:
        flash(plain(_("这些岗点的签名密钥已作废，要先打印新的一版：%(names)s", names="、".join(paper.broken))), "warn")
    with force_locale("zh"):
        return Markup(render_template("places/_sheets.html", paper=paper))  # noqa: S704 - rendered


def printed_address() -> str:
    """Return the address in printed codes: PUBLIC_URL.

    A demo that was given none prints the address it was opened at, which a phone nearby can reach.
    """
    configured = settings()
    if configured.demo and urlsplit(configured.public_url).hostname in _LOOPBACK:
        return request.host_url.rstrip("/")
    return configured.public_url
