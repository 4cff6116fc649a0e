"""One's monthly statements: read, printed, and as a file with which anybody checks them without this site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response as FlaskResponse, current_app, json, render_template, url_for

from community.core import clock
from community.core.authz import Perm
from community.core.config import ROOT, settings
from community.core.i18n import Text, _
from community.core.web.preferences import current as preferences
from community.core.web.rights import public, requires
from community.core.web.session import must_be_signed_in
from community.places import qr, queries as places
from community.points import checked
from community.points.models import PeriodClose
from community.points.queries import statements
from community.points.queries.statements import Statement
from community.points.views import lines
from community.points.views.blueprint import bp
from community.points.views.ledger import Sums, month_of, sums_of

# Wide enough for a phone held over the paper.
_QR_MM = 30


@dataclass(frozen=True)
class Line:
    """A line of a statement; `late` when it is about an earlier month."""

    txn_id: int
    title: Text | str
    on: dt.date
    delta: int
    after: int
    late: bool


@dataclass(frozen=True)
class Page:
    """A statement as it is read; `sums` are those of the whole town."""

    account_id: int
    on: dt.date
    name: str
    town: str
    town_code: str
    asset: Text
    minutes: bool
    opening: int
    closing: int
    lines: Sequence[Line]
    published: bool
    window_until: dt.date
    root: str
    sums: Sequence[Sums]
    # Where the root on paper is compared with the published one, with the whole host; "" for a draft.
    check_at: str
    verifier: str


@bp.get("/points/statements")
@requires(Perm.POINTS_READ)
def statement_list() -> str:
    rows = statements.of_member(must_be_signed_in())
    names = places.names(row.town_id for row in rows)
    return render_template("points/statements.html", rows=rows, names=names, assets=checked.ASSETS)


@bp.get("/points/statements/<id:account_id>/<month>")
@requires(Perm.POINTS_READ)
def statement(account_id: int, month: str) -> str:
    return render_template(
        "points/statement.html", page=_page(statements.own(must_be_signed_in(), account_id, month_of(month)))
    )


@bp.get("/points/statements/<id:account_id>/<month>/print")
@requires(Perm.POINTS_READ)
def print_statement(account_id: int, month: str) -> str:
    page = _page(statements.own(must_be_signed_in(), account_id, month_of(month)))
    code = qr.svg(page.check_at, _("核对总指纹"), symbol_mm=_QR_MM) if page.check_at else None
    return render_template("points/statement_print.html", page=page, qr=code)


@bp.get("/points/statements/<id:account_id>/<month>/file")
@requires(Perm.POINTS_READ)
def statement_file(account_id: int, month: str) -> FlaskResponse:
    one = statements.own(must_be_signed_in(), account_id, month_of(month))
    content = json.dumps(statements.proof(one), ensure_ascii=False, indent=1, sort_keys=True)
    answer = current_app.response_class(content, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="linli-{month}-{account_id}.json"'
    return answer


@bp.get("/ledger/verify_statement.py")
@public("who checks a statement must not need us")
def verifier() -> FlaskResponse:
    source = (ROOT / "docs" / "verify_statement.py").read_text("utf-8")
    answer = current_app.response_class(source, mimetype="text/x-python")
    answer.headers["Content-Disposition"] = 'attachment; filename="verify_statement.py"'
    return answer


def _page(one: Statement) -> Page:
    month, sheet = one.month, one.sheet
    town: Any = places.area(month.town_id)
    return Page(
        account_id=sheet.account_id,
        on=month.month_on,
        name=must_be_signed_in().name,
        town=town.name,
        town_code=town.code,
        asset=checked.ASSETS[sheet.asset],
        minutes=sheet.asset == "minutes",
        opening=sheet.opening,
        closing=sheet.closing,
        lines=[_line(row, month.month_on) for row in sheet.lines],
        published=month.state == "published",
        window_until=month.window_until,
        root=month.root.hex(),
        sums=sums_of(month),
        check_at=_address("points.published_month", town, month) if month.state == "published" else "",
        verifier=settings().public_url + url_for("points.verifier"),
    )


def _address(endpoint: str, town: Any, month: PeriodClose) -> str:
    path = url_for(endpoint, town_code=town.code, month=f"{month.month_on:%Y-%m}", root=month.root.hex())
    return settings().public_url + path


def _line(row: Any, month_on: dt.date) -> Line:
    return Line(
        txn_id=row.txn_id,
        title=lines.title(row.kind, row.reason_code, row.explain, preferences().lang, must_be_signed_in().ids),
        on=clock.local(row.recorded_at).date(),
        delta=row.delta,
        after=row.balance_after,
        late=row.effective_on < month_on,
    )
