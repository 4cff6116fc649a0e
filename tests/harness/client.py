"""Requests as separate visits: each in an application context of its own, although the test holds one open."""

from contextvars import copy_context
from typing import Any, cast
from urllib.parse import urlsplit

from flask import has_app_context
from flask.globals import _cv_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from community.core.db import db
from tests.harness.pages import TOKENLESS, Form, Page, PageFault, parse


class Client(FlaskClient):
    """Flask's client, kept apart from the test's own application context.

    Inside a pushed context Flask would reuse it, and with it the session and the signed-in actor, from one request to
    the next. So a request runs in a copy of the test's variables with no context in it. The test's own session ends its
    read snapshot before and forgets its rows, so what it reads next is what the request wrote.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.application.extensions["linli_settings"].public_url)
        if has_app_context():
            db.session.rollback()
            db.session.expire_all()
        variables = copy_context()
        variables.run(_cv_app.set, cast(Any, None))
        return cast(TestResponse, variables.run(super().open, *args, **kwargs))


class Visitor:
    """A person with a browser: opens pages, fills their forms in, follows where the answer leads."""

    def __init__(self, client: Client, public_url: str) -> None:
        self.client = client
        self.public_url = public_url
        self.last: TestResponse | None = None
        self._own_hosts = frozenset({urlsplit(public_url).hostname or "", "localhost"})

    def sign_in(self, member_id: int, epoch: int = 1) -> None:
        """Be signed in as this member from now on, as the sign-in page would leave it (it has tests of its own)."""
        with self.client.session_transaction(base_url=self.public_url) as session:
            session["_user_id"] = f"{member_id}.{epoch}"
            session["_fresh"] = True

    def sign_out(self) -> None:
        """Forget every cookie."""
        self.client._cookies.clear()

    def get(self, url: str, status: int = 200, then: int = 200, **kwargs: Any) -> Page:
        """Open `url` and check the page; AssertionError for another status, PageFault for a page that breaks a rule.

        A redirect, where `status` expects one, is followed once, to a page of status `then`.
        """
        return self._end(self._ask("GET", url, status, **kwargs), url, then)

    def post(self, url: str, data: dict[str, Any], status: int = 303, then: int = 200, **kwargs: Any) -> Page:
        """Post raw data, CSRF token included or not, and return the page that the visitor ends on.

        A redirect (the expected answer) is followed once and its page must have the status `then`.
        """
        if url == TOKENLESS:
            # It goes without a token: every browser says which site sent a form.
            kwargs["headers"] = {"Origin": self.public_url, **kwargs.get("headers", {})}
        return self._end(self._ask("POST", url, status, data=data, **kwargs), url, then)

    def token(self) -> str:
        """Return the token that forms of her session carry: her own page has one, and who has none the sign-in page."""
        answer = self.client.get("/me", follow_redirects=True)
        return str(next(form.fields["csrf_token"] for form in Page(answer.text).forms if "csrf_token" in form.fields))

    def submit(self, form: Form | Page, status: int = 303, then: int = 200, **values: Any) -> Page:
        """Send a form (or the only POST form of a page) as it stands, with `values` filled in; else like `post`."""
        form = form.form() if isinstance(form, Page) else form
        if form.method == "get":
            return self.get(form.action, query_string=form.filled(**values))
        return self.post(form.action, form.filled(**values), status, then)

    def _end(self, answer: TestResponse, url: str, then: int) -> Page:
        if 300 <= answer.status_code < 400:
            there = answer.headers["Location"]
            return self._page(self._ask("GET", there, then), there)
        return self._page(answer, url)

    def _ask(self, method: str, url: str, status: int, **kwargs: Any) -> TestResponse:
        self.last = self.client.open(url, method=method, **kwargs)
        if self.last.status_code != status:
            text = Page(self.last.text).text if self.last.mimetype == "text/html" else self.last.text
            where = self.last.headers.get("Location", "")
            raise AssertionError(f"{method} {url}: {self.last.status_code} {where}, not {status}\n{text[:2000]}")
        return self.last

    def _page(self, answer: TestResponse, url: str) -> Page:
        if answer.mimetype != "text/html":
            raise PageFault(f"{url} is {answer.mimetype}, not a page")
        return parse(answer.text, status=answer.status_code, url=url, own_hosts=self._own_hosts)
