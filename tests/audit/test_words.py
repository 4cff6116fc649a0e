"""Every act, look and thing that the program writes into the log has a word: nobody reads codes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from community.audit import services, words
from community.core.db import transaction
from community.people import calling
from community.points.views.then import WHY as THEN
from tests.architecture.sources import name_of, programs
from tests.factories.access import actor_of
from tests.factories.people import make_member
from tests.harness.client import Visitor

MARK = "__linli_audits_look__"

# Acts that are put together: the room's name and what these helpers are given.
BUILT = {"community/places/services.py": "places.", "community/places/areas.py": "places."}
ROOMS = "audit|places|people|access|messages|teams|patrols|points|home|demo"
CODE = re.compile(rf"({ROOMS})\.[a-z_]+")
WRITERS = {"record", "_record", "_note", "_move"}


def written() -> Iterator[str]:
    """Every act that some call writes, as far as it stands in the program as text."""
    for source in programs("community"):
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or name_of(node).rpartition(".")[2] not in WRITERS:
                continue
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            texts = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from (text for text in texts if CODE.fullmatch(text))
            if source.path in BUILT and name_of(node) == "_record":
                yield from (BUILT[source.path] + text for text in texts if re.fullmatch(r"[a-z_]+", text))


def test_every_act_has_a_word() -> None:
    acts = set(written())
    assert {"people.verify", "access.grant", "teams.approve", "places.create"} <= acts
    assert not sorted(acts - words.ACTS.keys())


def test_every_route_that_leaves_a_look_has_its_word_for_auditors_and_for_herself(app: Flask) -> None:
    marked = {str(view.__linli_audits_look__) for view in app.view_functions.values() if hasattr(view, MARK)}
    assert {"people.desk_person", "people.merge_page", "patrols.card"} <= marked
    assert not sorted(marked - words.LOOKS.keys() - words.ACTS.keys())
    assert sorted(words.LOOKS.keys() - marked) == [calling.WHY, THEN], "a page that leaves no look any more"


def test_her_word_for_a_look_is_shown_to_her(client_page: Visitor) -> None:
    with transaction():
        member, staff = make_member(), make_member()
        for why in words.LOOKS:
            services.record_look(actor_of(staff), member.id, why)
    client_page.sign_in(member.id)
    page = client_page.get("/me/looks")
    assert not [str(one.hers) for one in words.LOOKS.values() if str(one.hers) not in page.text]


LOOKED = {code: f"{one.page} {one.hers}" for code, one in words.LOOKS.items()}


@pytest.mark.parametrize("table", [words.ACTS, LOOKED, words.THINGS, words.NOTES])
def test_no_word_is_a_code(table: dict[str, object]) -> None:
    assert not [word for word in table.values() if re.search(r"[a-z_]+\.[a-z_]+", str(word))]


def test_who_did_it_without_a_person_is_no_code_either() -> None:
    assert str(words.doer("flask admin create")) == "服务器命令"
    assert str(words.doer("teams.leader")) == "系统"
