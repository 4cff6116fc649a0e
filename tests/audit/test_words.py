"""Every act, look and thing that the program writes into the log has a word: nobody reads codes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from community.audit import words
from tests.architecture.sources import name_of, programs

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


def looked() -> Iterator[str]:
    """Every page that leaves a look."""
    for source in programs("community"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and name_of(node).rpartition(".")[2] == "audits_look":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)


def test_every_act_has_a_word() -> None:
    acts = set(written())
    assert {"people.verify", "access.grant", "teams.approve", "places.create"} <= acts
    assert not sorted(acts - words.ACTS.keys())


def test_every_look_has_a_word() -> None:
    looks = set(looked())
    assert "people.desk_person" in looks
    assert not sorted(looks - words.LOOKS.keys())


@pytest.mark.parametrize("table", [words.ACTS, words.LOOKS, words.THINGS, words.NOTES])
def test_no_word_is_a_code(table: dict[str, object]) -> None:
    assert not [word for word in table.values() if re.search(r"[a-z_]+\.[a-z_]+", str(word))]


def test_who_did_it_without_a_person_is_no_code_either() -> None:
    assert str(words.doer("flask admin create")) == "服务器命令"
    assert str(words.doer("teams.leader")) == "系统"
