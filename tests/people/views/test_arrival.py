"""Where somebody goes once she is signed in."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from community.people.views.arrival import local_path


@pytest.fixture(autouse=True)
def _request(app):
    with app.test_request_context("/"):
        yield


@pytest.mark.parametrize("path", ["/me", "/p/abc.1a.xyz?typed=1", "/desk/people?q=%E7%8E%8B", "/me#x"])
def test_paths_of_this_site_are_followed(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [None, "", "me", "//evil.test", "https://evil.test/", "/\\evil.test", "\\\\evil.test", "/x\nSet-Cookie: a", "/\t/e",
     "javascript:alert(1)", "/sign-in", "/sign-out", "/" + "x" * 3000],
)  # fmt: skip
def test_anything_else_leads_home(path):
    assert local_path(path) == "/"


@given(st.text(max_size=80))
def test_no_text_leads_to_another_host(text):
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isprintable() or path == text
