"""Views that take files: only they may be sent more than a form's text, and no more than they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

V = TypeVar("V", bound=Callable[..., Any])


def takes_files(most_bytes: int) -> Callable[[V], V]:
    """Mark a POST view: its whole body may have `most_bytes`. A longer one is answered with 413 before it is read."""

    def mark(view: V) -> V:
        view.__linli_takes__ = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def init_app(app: Flask) -> None:
    """Set each request's limit before anything reads its body; call before what does."""

    @app.before_request
    def set_limit() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        most = getattr(view, "__linli_takes__", None)
        if most is not None and request.method == "POST":
            request.max_content_length = most
