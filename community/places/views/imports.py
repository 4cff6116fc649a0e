"""The desk's pages of imports and exports: bring a table, read what is wrong with it, confirm, watch, take one home."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response as Answer, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit import looks
from community.core.authz import Perm
from community.core.errors import DomainError, NotFound
from community.core.i18n import Text, _, plain
from community.core.ids import parse_id
from community.core.web import preferences, sent
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import browsing, queries
from community.places.imports import columns, exporting, problems, reading, runs
from community.places.models import IMPORT_KINDS, ImportRun
from community.places.views.blueprint import bp

_REFRESH_SECONDS = 3
_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADS: tuple[Text, ...] = (_("行"), _("列"), _("填的是"), _("哪里不对"), _("怎么改"))


@bp.get("/desk/imports")
@requires(Perm.POST_MANAGE)
def imports() -> str:
    return _start_page(request.args.get("kind", ""))


def _read_table() -> runs.Checked | DomainError:
    """Read and check the file before the transaction: a large one takes seconds, in which others want to write."""
    area_id, data = parse_id(request.form.get("area_id")), sent.data("file", reading.MOST_BYTES)
    try:
        return runs.check_file(must_be_signed_in(), kind=request.form.get("kind", ""), area_id=area_id, data=data)
    except DomainError as error:
        return error


@bp.post("/desk/imports")
@requires(Perm.POST_MANAGE)
@sent.takes(reading.MOST_BYTES)
@command(first=_read_table)
def check_import(ready: runs.Checked | DomainError) -> Response | tuple[str, int]:
    file = request.files.get("file")
    try:
        if isinstance(ready, DomainError):
            raise ready
        run = runs.keep(must_be_signed_in(), ready, name=file.filename or "" if file else "")
    except DomainError as error:
        if error.field is None:
            raise
        return _start_page(request.form.get("kind", ""), error), 422
    return redirect(url_for("places.import_run", run_id=run.id), 303)


def _start_page(kind: str, error: DomainError | None = None) -> str:
    actor = must_be_signed_in()
    kinds = runs.kinds(actor)
    chosen = kind if kind in kinds else "posts"
    return render_template(
        "places/imports.html",
        kinds=kinds,
        kind=chosen,
        columns=[column for column in columns.columns(chosen) if column.reads],
        choices=columns.choices,
        places=runs.places(actor),
        runs=runs.runs(actor),
        error=error,
        limits={"rows": reading.MOST_ROWS, "whole": runs.ALL_AT_ONCE, "megabytes": reading.MOST_BYTES >> 20},
    )


@bp.get("/desk/imports/<id:run_id>")
@requires(Perm.POST_MANAGE)
def import_run(run_id: int) -> Response:
    run = runs.run_for(must_be_signed_in(), run_id)
    answer = Answer(_run_page(run))
    if run.state in {"queued", "running"}:
        # A header, so that the page moves on without a script; somebody who reads longer stops it with Escape.
        answer.headers["Refresh"] = str(_REFRESH_SECONDS)
    return answer


def _run_page(run: ImportRun, error: DomainError | None = None) -> str:
    return render_template(
        "places/import_run.html",
        run=run,
        place=queries.area(run.area_id),
        faults=_listed(run, doubts=False),
        doubts=_listed(run, doubts=True),
        kept={"faults": run.counts.get("listed"), "doubts": run.counts.get("listed_doubts")},
        whole=run.total <= runs.ALL_AT_ONCE,
        error=error,
    )


def _listed(run: ImportRun, *, doubts: bool) -> list[tuple[int, str, str, Text, Text]]:
    names = {column.key: column.header(_language()) for column in columns.columns(run.kind)}
    return [
        (one["line"], names.get(one["column"], ""), one["value"], *problems.words(one["code"], one["more"]))
        for one in run.problems
        if one.get("doubt", False) == doubts
    ]


@bp.post("/desk/imports/<id:run_id>/confirm")
@requires(Perm.POST_MANAGE)
@command()
def confirm_import(run_id: int) -> Response | tuple[str, int]:
    actor = must_be_signed_in()
    try:
        runs.confirm(actor, run_id, sure="sure" in request.form)
    except DomainError as error:
        if error.field is None:
            raise
        return _run_page(runs.run_for(actor, run_id), error), 422
    return redirect(url_for("places.import_run", run_id=run_id), 303)


@bp.post("/desk/imports/<id:run_id>/stop")
@requires(Perm.POST_MANAGE)
@command()
def stop_import(run_id: int) -> Response:
    runs.stop(must_be_signed_in(), run_id)
    flash(plain(_("已停止。")), "ok")
    return redirect(url_for("places.import_run", run_id=run_id), 303)


@bp.get("/desk/imports/<id:run_id>/faults.csv")
@requires(Perm.POST_MANAGE)
def import_faults(run_id: int) -> Response:
    run = runs.run_for(must_be_signed_in(), run_id)
    return _file(exporting.bad_rows(run.kind, runs.faults(run), _HEADS, _language()), f"faults-{run.id}.csv")


@bp.get("/desk/imports/template")
@requires(Perm.POST_MANAGE)
def import_template() -> Response:
    kind, form = request.args.get("kind", "posts"), request.args.get("form", "csv")
    if kind not in IMPORT_KINDS or form not in {"csv", "xlsx"}:
        raise NotFound
    if form == "csv":
        return _file([exporting.template_csv(kind, _language())], f"{kind}.csv")
    return _file([exporting.template(kind, _language())], f"{kind}.xlsx", _XLSX)


@bp.get("/desk/areas/<id:area_id>/export/<any(areas, buildings, units, posts):table>.csv")
@requires(Perm.AREA_READ)
@looks.audits_taking("places.export")
def export_table(area_id: int, table: str) -> looks.Taken:
    actor = must_be_signed_in()
    area = browsing.read_area(actor, area_id)
    rows = list(exporting.export(actor, table, area.path, _language(), bom=request.args.get("bom") != "0"))
    answer = _file(rows, f"{table}-{area.code}.csv")
    return looks.Taken(answer, area.id, area.path, {"kind": table, "rows": len(rows) - 1})


def _language() -> str:
    return "en" if preferences.current().lang == "en" else "zh"


def _file(parts: Iterable[str | bytes], name: str, mimetype: str = _CSV) -> Response:
    answer = Answer(b"".join(part if isinstance(part, bytes) else part.encode() for part in parts), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
