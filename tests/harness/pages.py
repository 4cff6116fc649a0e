"""What every page must be, whoever wrote it; and a page as a test reads it.

`parse(html)` raises PageFault with every fault at once: not HTML5, not exactly one h1, a title that does not start
with it, a form without method or action, a POST form without its token, a field without a label, style attributes,
inline handlers, foreign addresses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import html5lib
from html5lib.constants import E as MESSAGES

ADDRESSES = {"href", "src", "srcset", "action", "formaction", "poster", "data", "cite", "ping", "xlink:href"}
# The one form that goes without a token: it changes nothing but how this phone shows its pages.
TOKENLESS = "/preferences"
# Schemes that lead to no server; tel: and sms: are buttons on a call for help.
LOCAL_SCHEMES = {"", "tel", "sms", "mailto", "data"}
# Names that documents carry as identifiers and nobody fetches.
NAMESPACES = ("http://www.w3.org/",)


class PageFault(AssertionError):
    """A page breaks the rules for all pages; the message lists how."""


@dataclass
class Form:
    """A form with the values a browser would send."""

    action: str
    method: str
    fields: dict[str, str | list[str]]
    buttons: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **values: object) -> dict[str, object]:
        """Return the data to post: the form's own values with yours on top. KeyError for a field it does not have."""
        unknown = [name for name in values if name not in self.fields and name not in self.buttons]
        if unknown:
            raise KeyError(
                f"the form for {self.action} has no {unknown}; it has {sorted({**self.fields, **self.buttons})}"
            )
        return {**self.fields, **values}


class Page:
    """A parsed page. `html` is the source, `status` and `url` are those of the answer."""

    def __init__(self, html: str, *, status: int = 200, url: str = "") -> None:
        self.html = html
        self.status = status
        self.url = url
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        self.root: ET.Element = parser.parse(html)
        self.parse_errors = [
            f"line {position[0]}: {MESSAGES.get(code, code) % values}" for position, code, values in parser.errors
        ]

    def all(self, tag: str = "*", **attributes: str) -> list[ET.Element]:
        """Elements by tag and attributes; `class_="card"` matches one of the classes, `_` stands for `-`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        found = self.root.iter() if tag == "*" else self.root.iter(tag)
        return [element for element in found if isinstance(element.tag, str) and _matches(element, wanted)]

    def one(self, tag: str = "*", **attributes: str) -> ET.Element:
        """The only such element; AssertionError when there is none, or several."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements <{tag} {attributes}> in {self.url}\n{self.text}"
        return found[0]

    @property
    def title(self) -> str:
        """Text of <title>."""
        return " ".join(text_of(element) for element in self.all("title")[:1])

    @property
    def h1(self) -> str:
        """Text of the page's h1."""
        return " ".join(text_of(element) for element in self.all("h1")[:1])

    @property
    def text(self) -> str:
        """Everything a person can read, in one line."""
        return " ".join(text_of(element) for element in self.all("body"))

    @property
    def links(self) -> dict[str, str]:
        """href -> text of every link."""
        return {link.get("href", ""): text_of(link) for link in self.all("a")}

    @property
    def forms(self) -> list[Form]:
        """Every form, in order."""
        return [_form(element, self.url) for element in self.all("form")]

    def form(self, action: str | None = None) -> Form:
        """The form whose action ends with this; without an argument the only POST form."""
        if action is None:
            found = [form for form in self.forms if form.method == "post"]
        else:
            found = [form for form in self.forms if form.action.split("?")[0].endswith(action)]
        assert len(found) == 1, f"{len(found)} forms for {action} in {self.url}: {[form.action for form in self.forms]}"
        return found[0]


def text_of(element: ET.Element) -> str:
    """Readable text below an element: scripts, styles and templates left out, white space folded."""
    return " ".join("".join(_texts(element)).split())


def _texts(element: ET.Element) -> Iterator[str]:
    if element.tag in {"script", "style", "template"} or not isinstance(element.tag, str):
        return
    yield element.text or ""
    for child in element:
        yield from _texts(child)
        yield child.tail or ""


def _matches(element: ET.Element, wanted: dict[str, str]) -> bool:
    for name, value in wanted.items():
        have = element.get(name)
        if have is None or (value not in have.split() if name == "class" else have != value):
            return False
    return True


def _form(element: ET.Element, url: str) -> Form:
    form = Form(element.get("action") or url, (element.get("method") or "get").lower(), {})
    for control in element.iter():
        name = control.get("name")
        if not name or "disabled" in control.attrib:
            continue
        if control.tag == "button" or (control.tag == "input" and control.get("type") in {"submit", "image"}):
            form.buttons.setdefault(name, []).append(control.get("value", ""))
        else:
            _add(form, name, control)
    return form


def _add(form: Form, name: str, control: ET.Element) -> None:
    match control.tag, control.get("type", "text"):
        case "input", "checkbox" | "radio":
            if "checked" in control.attrib:
                _append(form, name, control.get("value", "on"))
            else:
                form.fields.setdefault(name, [])
        case "input", _:
            _append(form, name, control.get("value", ""))
        case "textarea", _:
            _append(form, name, (control.text or "").removeprefix("\n"))
        case "select", _:
            options = list(control.iter("option"))
            chosen = [option for option in options if "selected" in option.attrib]
            if not chosen and "multiple" not in control.attrib:
                chosen = options[:1]
            form.fields.setdefault(name, [])
            for option in chosen:
                _append(form, name, option.get("value", text_of(option)))


def _append(form: Form, name: str, value: str) -> None:
    have = form.fields.get(name)
    if have is None or have == []:
        form.fields[name] = value
    else:
        form.fields[name] = [*([have] if isinstance(have, str) else have), value]


def faults(page: Page, own_hosts: frozenset[str] = frozenset()) -> list[str]:
    """Every rule for all pages that this one breaks."""
    return [
        *page.parse_errors,
        *_heading_faults(page),
        *_form_faults(page),
        *_wire_faults(page, own_hosts),
        *_label_faults(page),
        *_id_faults(page),
    ]


def _heading_faults(page: Page) -> Iterator[str]:
    headings = page.all("h1")
    if len(headings) != 1:
        yield f"{len(headings)} h1 instead of one"
    elif not page.h1:
        yield "the h1 is empty"
    elif not page.title.startswith(page.h1):
        yield f"title {page.title!r} does not start with the h1 {page.h1!r}"
    if not page.all("html")[0].get("lang"):
        yield "<html> has no lang"


def _form_faults(page: Page) -> Iterator[str]:
    for form in page.all("form"):
        place = f"form {form.get('action')!r}"
        if form.get("action") in {None, ""}:
            yield f"{place}: no action"
        if (form.get("method") or "").lower() not in {"get", "post"}:
            yield f"{place}: no method"
        posts = (form.get("method") or "").lower() == "post" and form.get("action") != TOKENLESS
        if posts and not _has_token(form):
            yield f"{place}: a POST without csrf_token"


def _has_token(form: ET.Element) -> bool:
    return any(control.get("name") == "csrf_token" and control.get("value") for control in form.iter("input"))


def _wire_faults(page: Page, own_hosts: frozenset[str]) -> Iterator[str]:
    for element in page.all():
        for name, value in element.attrib.items():
            plain = str(name).rpartition("}")[2].lower()
            if plain == "style":
                yield f"<{element.tag} style=…>: the content policy drops it"
            if plain.startswith("on"):
                yield f"<{element.tag} {plain}=…>: inline handler"
            if plain in ADDRESSES and _foreign(value, own_hosts):
                yield f"<{element.tag} {plain}={value!r}>: foreign address"
    yield from _stylesheet_faults(page, own_hosts)


def _stylesheet_faults(page: Page, own_hosts: frozenset[str]) -> Iterator[str]:
    for style in page.all("style"):
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", style.text or ""):
            if _foreign("".join(address), own_hosts):
                yield f"stylesheet asks for {''.join(address)!r}: foreign address"


def _foreign(value: str, own_hosts: frozenset[str]) -> bool:
    for part in value.split(",") if " " in value.strip() else [value]:
        address = urlsplit(part.strip().split(" ")[0])
        if address.scheme == "javascript":
            return True
        if value.startswith(NAMESPACES):
            continue
        if address.netloc and address.hostname not in own_hosts:
            return True
        if not address.netloc and address.scheme not in LOCAL_SCHEMES:
            return True
    return False


def _label_faults(page: Page) -> Iterator[str]:
    labelled = {label.get("for") for label in page.all("label")}
    inside = {id(control) for label in page.all("label") for control in label.iter()}
    for tag in ("input", "select", "textarea"):
        for control in page.all(tag):
            if control.get("type") in {"hidden", "submit", "button", "image"}:
                continue
            named = control.get("aria-label") or control.get("aria-labelledby") or control.get("id") in labelled
            if not named and id(control) not in inside:
                yield f"<{tag} name={control.get('name')!r}>: no label"


def _id_faults(page: Page) -> Iterator[str]:
    seen: set[str] = set()
    for element in page.all():
        name = element.get("id")
        if name is not None and name in seen:
            yield f"id {name!r} twice"
        seen.add(name or "")


def parse(html: str, *, status: int = 200, url: str = "", own_hosts: frozenset[str] = frozenset()) -> Page:
    """Return the page; PageFault listing every broken rule."""
    page = Page(html, status=status, url=url)
    found = faults(page, own_hosts)
    if found:
        raise PageFault(f"{url or 'page'} ({status}):\n  " + "\n  ".join(found))
    return page
