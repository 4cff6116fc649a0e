"""Every address of the site with its right, in one list: printed codes must keep working, rights be seen."""

from collections.abc import Callable

import pytest
from flask import Flask

from community.core.web.rights import UnmarkedRoute, check_marks, public, right_of
from tests.architecture import golden

QUIET = {"HEAD", "OPTIONS"}


def listed(app: Flask) -> list[str]:
    """`url  METHODS  right · marks`, one line a route."""
    lines = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        marks = [str(right_of(view))]
        if getattr(view, "__linli_command__", False):
            marks.append("command")
        if getattr(view, "__linli_audits_look__", False):
            marks.append("writes one audit row")
        methods = ",".join(sorted((rule.methods or set()) - QUIET))
        lines.append(f"{rule.rule}  {methods}  {' · '.join(marks)}")
    return sorted(lines)


def writing_gets(app: Flask) -> list[str]:
    """Routes that answer GET and are commands."""
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and getattr(app.view_functions[rule.endpoint], "__linli_command__", False)
    ]


def test_routes_are_the_reviewed_ones(make_app: Callable[..., Flask]) -> None:
    golden.check("routes.txt", listed(make_app(mode="demo")))


def test_outside_the_demo_there_are_fewer_routes_and_no_other_ones(make_app: Callable[..., Flask]) -> None:
    assert set(listed(make_app(mode="test"))) <= set(listed(make_app(mode="demo")))


def test_no_get_is_a_command(app: Flask) -> None:
    assert writing_gets(app) == []


def test_a_get_that_is_a_command_is_found(make_app: Callable[..., Flask]) -> None:
    app = make_app()

    def write() -> str:
        return ""

    write.__linli_command__ = True  # type: ignore[attr-defined]
    app.add_url_rule("/planted", view_func=write)
    assert writing_gets(app) == ["/planted"]


def test_an_unmarked_route_stops_the_app(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    check_marks(app)
    app.add_url_rule("/planted", view_func=lambda: "")
    with pytest.raises(UnmarkedRoute, match="/planted"):
        check_marks(app)


def test_the_golden_file_sees_a_changed_right(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    before = listed(app)
    app.add_url_rule("/planted", view_func=public("a planted route")(lambda: ""), methods=["POST"])
    assert set(listed(app)) - set(before) == {"/planted  POST  public: a planted route"}
