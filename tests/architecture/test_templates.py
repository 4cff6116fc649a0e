"""Templates: every literal translated, no inline style or handler, one layout a page, no import left over."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest
from jinja2 import Environment, nodes

from tests.architecture.sources import Source, broken, templates

CJK = re.compile(r"[\u3400-\u9fff\uff01-\uffee\u3001-\u303f]")
WORD = re.compile(r"[A-Za-z]{2,}")
READ_ATTRIBUTES = {"aria-label", "aria-description", "aria-roledescription", "alt", "placeholder", "title", "label"}
TRANSLATES = {"_", "gettext", "ngettext"}
# Written the same in every language: each language's own name, and units.
SAME_EVERYWHERE = {"English", "中文", "GPS", "km", "QR"}
VOID_OF_TEXT = {"style", "script"}
# Parsed, never rendered: nothing to escape.
ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701


def markup_of(text: str) -> str:
    """The HTML around the Jinja: statements become nothing, values a neutral sign, lines stay where they are."""
    kept, inside = [], ""
    for _line, kind, value in ENVIRONMENT.lex(text):
        if kind == "data":
            kept.append(value)
        elif kind in {"variable_begin", "block_begin", "comment_begin", "raw_begin"}:
            inside = kind
            kept.append("\n" * value.count("\n"))
        else:
            kept.append("\n" * value.count("\n"))
            if kind == "variable_end":
                kept.append("·")
            if kind.endswith("_end"):
                inside = ""
    assert not inside, "the template ends inside a tag"
    return "".join(kept)


class _Reader(HTMLParser):
    """Collects the texts and the attributes of markup."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[tuple[int, str]] = []
        self.tags: list[tuple[int, str, dict[str, str]]] = []
        self._inside = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((self.getpos()[0], tag, {name: value or "" for name, value in attrs}))
        self._inside = tag if tag in VOID_OF_TEXT else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append((self.getpos()[0], data))


def untranslated(source: Source) -> Iterator[str]:
    """Words outside `_()`: between tags, in attributes that people hear or see, in strings given to macros."""
    reader = _Reader(markup_of(source.text))
    for line, text in reader.texts:
        if _needs_translation(text):
            yield f"line {line}: {text.strip()[:30]!r} outside _()"
    for line, tag, attributes in reader.tags:
        for name, value in attributes.items():
            read = name in READ_ATTRIBUTES or (name == "content" and attributes.get("name") == "description")
            if CJK.search(value) or (read and _needs_translation(value)):
                yield f"line {line}: <{tag} {name}={value[:30]!r}> outside _()"
    yield from _untranslated_strings(source)


def _untranslated_strings(source: Source) -> Iterator[str]:
    tree = ENVIRONMENT.parse(source.text)
    calls = [call for call in tree.find_all(nodes.Call) if _translates(call)]
    fine = {id(const) for call in calls for const in call.find_all(nodes.Const)}
    for const in tree.find_all(nodes.Const):
        text = const.value if id(const) not in fine else None
        if isinstance(text, str) and CJK.search(text) and text not in SAME_EVERYWHERE:
            yield f"line {const.lineno}: {text[:30]!r} outside _()"


def _needs_translation(text: str) -> bool:
    for word in SAME_EVERYWHERE:
        text = text.replace(word, "")
    return bool(CJK.search(text) or WORD.search(text))


def _translates(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name in TRANSLATES


def inline(source: Source) -> Iterator[str]:
    """The content policy allows the one stylesheet and our own script files; anything inline is silently dropped."""
    for line, tag, attributes in _Reader(markup_of(source.text)).tags:
        for name in attributes:
            if name == "style" or name.startswith("on"):
                yield f"line {line}: <{tag} {name}=…>"
        if tag == "script" and "src" not in attributes:
            yield f"line {line}: <script> without src"
        if any(value.strip().lower().startswith("javascript:") for value in attributes.values()):
            yield f"line {line}: <{tag}> with a javascript: address"


def left_over(source: Source) -> Iterator[str]:
    """Imported macros that nothing uses."""
    tree = ENVIRONMENT.parse(source.text)
    used = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    for statement in tree.find_all((nodes.FromImport, nodes.Import)):
        if isinstance(statement, nodes.Import):
            names = [statement.target]
        else:
            names = [name[1] if isinstance(name, tuple) else name for name in statement.names]
        for name in names:
            if name not in used:
                yield f"line {statement.lineno}: {name} is imported and not used"


def wrong_frame(source: Source) -> Iterator[str]:
    """A page extends exactly one layout; fragments (`_name.html`), layouts and components extend nothing."""
    path = PurePosixPath(source.path)
    extends = [statement.template for statement in ENVIRONMENT.parse(source.text).find_all(nodes.Extends)]
    if path.name.startswith("_") or path.parts[1] in {"layouts", "components"}:
        if extends:
            yield "only pages extend a layout"
        return
    named = [template.value for template in extends if isinstance(template, nodes.Const)]
    if len(named) != 1 or not str(named[0]).startswith("layouts/"):
        yield f"a page extends one layout by name; this one extends {named or 'none'}"


def trusts_markup(source: Source) -> Iterator[str]:
    """`|safe` switches escaping off; only components may, for markup they hold themselves."""
    if source.path.startswith("templates/components/"):
        return
    for found in ENVIRONMENT.parse(source.text).find_all(nodes.Filter):
        if found.name == "safe":
            yield f"line {found.lineno}: |safe outside components"


def asks_for_roles(source: Source) -> Iterator[str]:
    """Templates ask `can(right)`, never what somebody is."""
    for found in ENVIRONMENT.parse(source.text).find_all(nodes.Getattr):
        of_actor = isinstance(found.node, nodes.Name) and found.node.name == "actor"
        if of_actor and found.attr in {"role", "roles", "held", "perms", "is_admin"}:
            yield f"line {found.lineno}: actor.{found.attr}; ask can(…)"


RULES = (untranslated, inline, left_over, wrong_frame, trusts_markup, asks_for_roles)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_templates_keep_the_rule(rule: object) -> None:
    assert not broken(rule, templates())  # type: ignore[arg-type]


PAGE = "templates/teams/page.html"


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (untranslated, PAGE, "<p>打卡</p>"),
        (untranslated, PAGE, "<p>{{ name }} checked in</p>"),
        (untranslated, PAGE, "{% if a %}<b>好</b>{% endif %}"),
        (untranslated, PAGE, '<nav aria-label="Main">{{ x }}</nav>'),
        (untranslated, PAGE, '<input placeholder="{{ x }} 手机">'),
        (untranslated, PAGE, '<a data-busy="正在打卡">{{ x }}</a>'),
        (untranslated, PAGE, '<meta name="description" content="A page">'),
        (untranslated, PAGE, '{{ button("打卡") }}'),
        (untranslated, PAGE, '{{ "打卡" if a else _("好") }}'),
        (inline, PAGE, '<p style="color:red">{{ x }}</p>'),
        (inline, PAGE, '<p{% if a %} onclick="go()"{% endif %}>{{ x }}</p>'),
        (inline, PAGE, "<script>go()</script>"),
        (inline, PAGE, '<a href=" javascript:go()">{{ x }}</a>'),
        (left_over, PAGE, '{% from "components/icons.html" import icon, mark %}{{ icon("x") }}'),
        (left_over, PAGE, '{% from "components/icons.html" import icon as sign %}{{ icon("x") }}'),
        (left_over, PAGE, '{% import "components/icons.html" as icons %}'),
        (wrong_frame, PAGE, "<p></p>"),
        (wrong_frame, PAGE, '{% extends "teams/other.html" %}'),
        (wrong_frame, PAGE, "{% extends layout %}"),
        (wrong_frame, "templates/teams/_row.html", '{% extends "layouts/phone.html" %}'),
        (trusts_markup, PAGE, "{{ text|safe }}"),
        (asks_for_roles, PAGE, "{% if actor.roles %}{% endif %}"),
    ],
)
def test_planted_faults_are_found(rule: object, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))  # type: ignore[operator]


def test_a_good_page_is_left_alone() -> None:
    page = Source(
        PAGE,
        """{% extends "layouts/phone.html" %}
        {% from "components/forms.html" import button %}
        {% block title %}{{ _("打卡") }}{% endblock %}
        {% block content %}
          {# 说明：这是注释 #}
          <h1 class="big {{ 'wide' if a }}">{{ _("打卡") }} · {{ name }} 18:30 → 5</h1>
          <p lang="en" aria-label="{{ _('说明') }}">{{ ngettext("%(num)s 次", "%(num)s 次", n) }}</p>
          <script defer src="{{ asset('js/core.js') }}"></script>
          {% if can("teams:membership:decide") %}{{ button(_("好"), kind="primary") }}{% endif %}
          <button lang="en">English</button>
        {% endblock %}""",
    )
    assert not [complaint for rule in RULES for complaint in rule(page)]
