"""The test client keeps visits apart from the test and from each other, and pages are really checked."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, g
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.core.web.rights import public
from community.core.web.session import current_actor
from community.people.models import Member
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Client, Visitor
from tests.harness.pages import PageFault


@pytest.fixture
def planted(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """An app with routes that tell what they see, its context pushed."""
    app = make_app()

    @public("planted")
    def seen() -> dict[str, object]:
        actor, first = current_actor(), not g.get("been_here")
        g.been_here = True
        return {"name": actor.name if actor else None, "first": first}

    @public("planted")
    def rename(member_id: int) -> str:
        with transaction() as current:
            member = current.get(Member, member_id)
            assert member is not None
            member.display_name = "新名字"
        return ""

    @public("planted")
    def bad() -> str:
        return "<p>not a page"

    app.add_url_rule("/planted", view_func=seen)
    app.add_url_rule("/planted/<int:member_id>", view_func=rename)
    app.add_url_rule("/planted/bad", view_func=bad)
    with app.app_context():
        yield app


def visitor(app: Flask) -> Visitor:
    client = app.test_client()
    assert isinstance(client, Client)
    return Visitor(client, app.extensions["linli_settings"].public_url)


def test_requests_share_nothing_with_the_test_or_with_each_other(planted: Flask) -> None:
    g.been_here = True
    one = visitor(planted)
    assert one.client.get("/planted").json == {"name": None, "first": True}
    assert one.client.get("/planted").json == {"name": None, "first": True}


def test_a_visitor_is_who_she_is_signed_in_as_and_others_are_not(planted: Flask) -> None:
    with transaction():
        member = make_member(make_village(), display_name="陈静")
    one, other = visitor(planted), visitor(planted)
    one.sign_in(member.id)
    assert one.client.get("/planted").json["name"] == "陈静"
    assert other.client.get("/planted").json["name"] is None
    one.sign_out()
    assert one.client.get("/planted").json["name"] is None


def test_the_test_reads_what_a_request_wrote(planted: Flask) -> None:
    with transaction():
        member = make_member(make_village(), display_name="陈静")
    assert session().get(Member, member.id) is member
    visitor(planted).client.get(f"/planted/{member.id}")
    assert member.display_name == "新名字"


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_sent_sql_is_counted_without_the_savepoints(statements: list[str]) -> None:
    with transaction():
        make_village()
    statements.clear()
    with transaction() as current:
        current.scalar(select(func.count()).select_from(Member))
        current.scalar(select(func.max(Member.id)))
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT"]


def test_a_bad_page_and_a_wrong_status_fail_the_test(planted: Flask) -> None:
    with pytest.raises(PageFault):
        visitor(planted).get("/planted/bad")
    with pytest.raises(AssertionError, match="404"):
        visitor(planted).get("/no")
