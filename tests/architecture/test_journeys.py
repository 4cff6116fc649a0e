"""A journey waits for the page an act leads to before it reads it: haste passes on a quiet machine only."""

import ast
import itertools
from collections.abc import Iterator

import pytest

from tests.architecture.sources import Source, broken, programs

ACTS = {"click", "press", "tap"}
# What Playwright answers at once, from whatever page stands there: no element is waited for.
AT_ONCE = {"all", "all_inner_texts", "all_text_contents", "content", "count", "is_hidden", "is_visible", "title"}


def reads_at_once(source: Source) -> Iterator[str]:
    """A statement that reads without waiting right after one that acts."""
    for node in ast.walk(source.tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if not isinstance(body, list):
                continue
            for act, read in itertools.pairwise(body):
                if isinstance(act, ast.Expr) and _calls(act) & ACTS and (_calls(_first(read)) & AT_ONCE or _url(read)):
                    yield f"line {read.lineno}: reads at once after an act; expect something of the new page first"


def _calls(node: ast.AST) -> set[str]:
    """Names of the methods called in it."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    return {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}


def _first(node: ast.stmt) -> ast.AST:
    """What of a statement runs first: the test of an `if`, the whole of a plain one."""
    if isinstance(node, ast.If | ast.While):
        return node.test
    return node if isinstance(node, ast.Assert | ast.Assign | ast.Expr | ast.Return) else ast.Pass()


def _url(node: ast.stmt) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr == "url" for each in ast.walk(_first(node)))


def test_every_journey_waits_for_the_page() -> None:
    assert not broken(reads_at_once, programs("tests/journeys"))


@pytest.mark.parametrize(
    "read",
    [
        "texts = page.get_by_label('x').locator('option').all_inner_texts()",
        "if page.get_by_role('link').count():\n    pass",
        "assert 'x' not in page.url",
    ],
)
def test_a_planted_haste_is_found(read: str) -> None:
    assert list(reads_at_once(Source("tests/journeys/test_x.py", f"page.get_by_role('link').click()\n{read}")))


def test_a_journey_that_waits_is_left_alone() -> None:
    text = "page.get_by_role('link').click()\nexpect(page).to_have_url('/x')\nassert page.url"
    assert not list(reads_at_once(Source("tests/journeys/test_x.py", text)))
