"""Texts are put into the reader's language when they are shown, and the English ones are complete."""

import json
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale, get_translations
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from community.core.db import Base, session, transaction
from community.core.errors import NotFound
from community.core.i18n import _, plain
from community.places.models import PostPrint
from tests.factories.demo import load_small
from tests.harness.client import Visitor
from tests.harness.pages import Page
from tests.harness.server import ROOT

ENGLISH = ROOT / "community/translations/en/LC_MESSAGES"
CJK = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+")
PLACE = re.compile(r"%\(\w+\)s")
# The captions of buttons and tabs: longer ones break on a small phone.
CAPTION = re.compile(r"""\b(?:link_)?button\((?:[^"()]|\([^()]*\))*?_\("([^"]+)"\)""")
SHORT = 18


def test_the_source_text_is_chinese_and_needs_no_request() -> None:
    assert plain(_("申请")) == "申请"
    assert plain(_("%(n)s 分", n=5)) == "5 分"
    assert plain("as it is") == "as it is"


def test_a_text_made_for_one_reader_is_translated_for_another(app: Flask) -> None:
    with app.test_request_context(), force_locale("zh"):
        message = NotFound().message
        chinese = plain(message)
    with app.test_request_context(), force_locale("en"):
        english = plain(message)
    assert chinese == "没有找到这个页面或内容"
    assert english != chinese
    assert english.isascii()


def test_the_source_language_needs_no_catalogue(app: Flask) -> None:
    with warnings.catch_warnings(), app.test_request_context(), force_locale("zh"):
        warnings.simplefilter("error")
        assert get_translations().ugettext("打卡") == "打卡"


# --- the catalogue ---


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (ENGLISH / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The texts of the program and its templates, as `make translations` finds them."""
    found = tmp_path_factory.mktemp("texts") / "texts.pot"
    extract = ["extract", "-F", "pyproject.toml", "-o", str(found), "."]
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", "-q", *extract], cwd=ROOT, check=True)
    with found.open("rb") as file:
        return {key(message) for message in read_po(file) if message.id}


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def test_the_catalogue_holds_every_text_and_no_other(catalogue: Catalog, texts: set[str]) -> None:
    assert len(texts) > 500
    held = {key(message) for message in messages(catalogue)}
    assert sorted(texts - held) == [], "new texts: `make translations`, then write the English ones"
    assert sorted(held - texts) == [], "texts that are gone: `make translations`"
    assert not catalogue.obsolete


def test_the_catalogue_has_an_english_text_for_each(catalogue: Catalog) -> None:
    bare = [key(one) for one in messages(catalogue) if one.fuzzy or not all(text.strip() for text in forms(one))]
    assert bare == []


def test_the_catalogue_keeps_the_places_for_values(catalogue: Catalog) -> None:
    def differ(one: Message) -> bool:
        return any(Counter(PLACE.findall(text)) != Counter(PLACE.findall(key(one))) for text in forms(one))

    assert [(key(one), forms(one)) for one in messages(catalogue) if differ(one)] == []


def test_the_catalogue_has_no_chinese_left_in_its_english(catalogue: Catalog) -> None:
    assert [one for message in messages(catalogue) for one in forms(message) if CJK.search(one)] == []


def test_the_catalogue_that_is_served_is_the_one_that_is_read(catalogue: Catalog) -> None:
    with (ENGLISH / "messages.mo").open("rb") as file:
        compiled = {key(message): forms(message) for message in messages(read_mo(file))}
    assert compiled == {key(message): forms(message) for message in messages(catalogue)}, "`make translations`"


def test_english_captions_fit_a_button(catalogue: Catalog) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html"))
    captions = set(CAPTION.findall(sources))
    assert len(captions) > 40
    english = {caption: forms(catalogue.get(caption) or Message(caption)) for caption in captions}
    assert [one for one in english.values() if any(len(PLACE.sub("1", text)) > SHORT for text in one)] == []


# --- pages ---

# Chinese that an English page may show: the site's name, and the button that leads to the Chinese pages.
KEPT = ("邻里", "中文")
# Columns with a text in each language, or a Chinese word for something that has a word of ours.
TRANSLATED = {"role.name", "rule_version.text_zh", "area.title"}
SHOWN = {"aria-label", "alt", "title", "placeholder", "content", "value", "data-busy", "data-locate", "data-done"}
WALKERS = ("resident", "captain", "patrol_leader", "grid_worker", "village_admin", "town_admin", "association_admin")
DOORS = ("/", "/p", "/help", "/accessibility", "/sign-in", "/join", "/me", "/points", "/inbox", "/desk", "/nowhere")
MUST_SEE = {
    *(
        "home.index",
        "home.landing",
        "home.me",
        "home.desk",
        "people.sign_in",
        "people.desk_people",
        "people.desk_person",
    ),
    *("teams.kinds", "teams.choose", "teams.join", "teams.membership", "places.posts", "places.post"),
    *("patrols.mine", "patrols.receipt", "patrols.desk", "points.mine", "points.proof", "points.awards"),
    *("messages.inbox", "audit.entries"),
}


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from strings(one)
        case list() | tuple():
            for one in value:
                yield from strings(one)


def data_of(app: Flask) -> list[str]:
    """What people and the demo wrote: names, places, reasons; the longest first."""
    found: set[str] = set()
    with app.app_context():
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if f"{table.name}.{column.name}" not in TRANSLATED]
            for row in session().execute(select(*columns)):
                # Announcements are shown line by line.
                lines = (line for text in strings(list(row)) for line in text.splitlines())
                found.update(line for line in lines if CJK.search(line) and len(line) > 1)
    return sorted(found, key=len, reverse=True)


def words(element: ET.Element) -> Iterator[str]:
    """Everything of a page that is read or heard, except signs for the street, which speak Chinese."""
    sheet = "sheet" in (element.get("class") or "").split()
    # What is to be typed in Chinese says so.
    chinese = element.tag != "html" and element.get("lang") == "zh-CN"
    if sheet or chinese or element.tag in {"style", "script"}:
        yield element.tail or ""
        return
    yield element.text or ""
    yield from (text for name, text in element.attrib.items() if name in SHOWN)
    for child in element:
        yield from words(child)
    yield element.tail or ""


def left_in_chinese(page: Page, data: list[str]) -> list[str]:
    left = []
    for text in words(page.root):
        rest = text.replace("\u3000", " ")  # a blank as wide as a character indents the names of areas
        for known in (*data, *KEPT) if CJK.search(text) else ():
            rest = rest.replace(known, "")
        rest = re.sub(r"[\u3400-\u9fff]{1,2}\*\*", "", rest)
        if CJK.search(rest):
            left.append(" ".join(text.split()))
    return left


class Walk:
    """Follows the links of English pages, one page of each kind, and notes what is left in Chinese."""

    def __init__(self, app: Flask, data: list[str], doors: Sequence[str]) -> None:
        self.app, self.data, self.doors = app, data, doors
        self.seen: set[str] = set()
        self.left: set[tuple[str, str]] = set()

    def kind(self, url: str) -> tuple[str, ...] | None:
        parts = urlsplit(url)
        try:
            endpoint, _values = self.app.url_map.bind("linli.test").match(parts.path)
        except HTTPException:
            return ("",)
        return None if endpoint == "static" else (str(endpoint), *sorted(parse_qs(parts.query)))

    def read(self, page: Page) -> Page:
        self.left.update((urlsplit(page.url).path, text) for text in left_in_chinese(page, self.data))
        return page

    def go(self, visitor: Visitor) -> None:
        waiting, kinds = list(self.doors), set()
        while waiting:
            url = waiting.pop(0)
            kind = self.kind(url)
            if kind is None or kind in kinds:
                continue
            kinds.add(kind)
            answer = visitor.client.get(url)
            if answer.mimetype != "text/html":
                continue
            self.seen.add(kind[0])
            if answer.status_code in {302, 303}:
                waiting.append(answer.headers["Location"])
                continue
            page = self.read(Page(answer.text, status=answer.status_code, url=url))
            waiting += [link for link in page.links if link.startswith("/")]


def test_english_pages_have_no_chinese_but_names(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="demo")
    with app.app_context(), transaction():
        load_small()
        code = session().scalars(select(PostPrint.typed_code).where(PostPrint.retired_at.is_(None))).first()
    walk = Walk(app, data_of(app), (*DOORS, f"/p?code={code}"))
    for person in (None, *WALKERS):
        visitor = Visitor(app.test_client(), "http://linli.test")
        visitor.client.set_cookie("linli_look", "std.auto.en", domain="linli.test")
        if person:
            visitor.submit(visitor.get("/sign-in").form("/sign-in/demo"), person=person)
        walk.go(visitor)
        if not person:
            walk.read(visitor.submit(visitor.get("/sign-in").form("/sign-in"), status=422))
    assert json.dumps(sorted(walk.left), ensure_ascii=False, indent=1) == "[]"
    assert walk.seen >= MUST_SEE, sorted(MUST_SEE - walk.seen)
