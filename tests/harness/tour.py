"""A walk through the demo district as each of its people: which page shows which route, and to whom.

Nothing is listed by hand but the people. Each one follows the links she sees, one page for every GET route, and what no
link leads to (a printed code, a refusal) is tried with the values seen on the way. So a new page is measured because it
is there, and a page that nobody of the cast can reach is found too.
"""

from __future__ import annotations

import html
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.harness.postgres import locked

ROUTES = Path(__file__).parents[1] / "architecture" / "routes.txt"
# "" is nobody; the others are names on the demo's sign-in page, those with fewest rights first: who comes first shows a
# page that several may see.
PEOPLE = ("", "钱桂英", "方小满", "李守田", "周雅琴", "邵文静", "高培源", "章立群", "许明珠")
STARTS = ("/", "/me", "/desk", "/p", "/nothing-here")
# Pages with more than one face: shown to each of these.
FACES = {
    "/": ("", "钱桂英", "方小满", "邵文静"),
    "/me": ("钱桂英", "邵文静"),
    "/desk": ("李守田", "邵文静"),
    "/p/<token>": ("", "钱桂英"),
    "/join/<id:team_id>": ("", "钱桂英"),
}
# Faces that only a query shows, for nobody in particular.
ASKED = {"/search": "q=" + urllib.parse.quote("巡逻"), "/me/data": "of=4"}
# Faces that only some addresses of a route have, told by what stands on the page: the sign of a post that is open to
# anyone asks a first visitor for her name.
SOME = {"/p/<token>": 'name="age_band"'}
# Pages of theirs that answer with something else than 200.
ANSWERS = {"/p/<token>/refused/<code>": 403}
# A person looks at so many pages of one route: the second team, the receipt that has points, the area below.
LOOKS = 4
# Values that no page tells.
KNOWN = {"code": ("not_member", "no_consent"), "kind": ("patrol",)}


@dataclass(frozen=True, order=True)
class Stop:
    """One page: the route's pattern, an address of it, and whom it is shown to ("" is nobody)."""

    route: str
    path: str
    person: str


@dataclass(frozen=True)
class Sights:
    """What a tour came to: every page to be shown, those of them that show one of `SOME`, routes nobody could open."""

    shown: list[Stop]
    some: list[Stop]
    missed: list[str]


def sights(base_url: str, folder: Path) -> Sights:
    """Return what a tour finds, walked by whichever worker of a run comes first and kept in the run's `folder`."""
    kept = folder / "tour.json"
    with locked(folder / "tour.lock"):
        if not kept.exists():
            tour = Tour(base_url)
            kept.write_text(json.dumps(asdict(Sights(tour.shown, tour.some, tour.missed()))))
        found = json.loads(kept.read_text())
    return Sights([Stop(**one) for one in found["shown"]], [Stop(**one) for one in found["some"]], found["missed"])


class Walker:
    """A browser without eyes, signed in as one of the cast."""

    def __init__(self, base_url: str, person: str) -> None:
        self.base_url = base_url
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar), _Stay())
        self.person = person
        if person:
            self._become(person)

    def get(self, path: str, look: str = "") -> tuple[int, str]:
        """Return status and text of a page; "" for what is no page. `look` is "size.theme.language"."""
        headers = {"Accept": "text/html"}
        if look:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in [*self.cookies(), ("linli_look", look)])
        return self._answer(urllib.request.Request(self.base_url + path, headers=headers))  # noqa: S310

    def cookies(self) -> list[tuple[str, str]]:
        """Name and value of what keeps this person signed in."""
        return [(cookie.name, cookie.value or "") for cookie in self._jar]

    def _answer(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as answer:
                page = answer.headers.get_content_type() == "text/html"
                return answer.status, answer.read().decode() if page else ""
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def _become(self, person: str) -> None:
        _status, page = self.get("/sign-in")
        form = page[page.index('action="/sign-in/demo"') :]
        (key,) = re.findall(rf'name="person" value="([^"]+)">(?:(?!</button>).)*?{person}', form, re.DOTALL)
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        data = urllib.parse.urlencode({"csrf_token": token and token[1], "person": key, "next": "", "kept": ""})
        status, _page = self._answer(
            urllib.request.Request(  # noqa: S310 - our own loopback server
                f"{self.base_url}/sign-in/demo", data.encode(), {"Referer": f"{self.base_url}/sign-in"}
            )
        )
        if status not in {302, 303}:
            raise RuntimeError(f"could not become {person}: {status}")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True)
class Route:
    """A GET route of the reviewed list."""

    pattern: str
    regex: re.Pattern[str]
    names: tuple[str, ...]


def routes(listed: str | None = None) -> list[Route]:
    """Return the GET routes, those with fewest open parts first."""
    lines = (listed if listed is not None else ROUTES.read_text("utf-8")).splitlines()
    patterns = {line.split()[0] if "<any" not in line else _any(line) for line in lines if "  GET  " in line}
    made = [Route(one, re.compile(_regex(one)), tuple(re.findall(r"<(?:[^<>]*:)?(\w+)>", one))) for one in patterns]
    return sorted(made, key=lambda route: (len(route.names), route.pattern))


def _any(line: str) -> str:
    return line.partition("  GET")[0]


def _regex(pattern: str) -> str:
    def part(found: re.Match[str]) -> str:
        kind, name = found[1] or "", found[2]
        if kind.startswith("any("):
            return f"(?P<{name}>{'|'.join(choice.strip() for choice in kind[4:].rstrip(':)').split(','))})"
        return f"(?P<{name}>{'.+' if kind.startswith('path') else '[^/]+'})"

    pieces = re.split(r"(<(?:[^<>]*:)?\w+>)", pattern)
    return "".join(
        re.sub(r"<([^<>]*:)?(\w+)>", part, piece) if piece[:1] == "<" else re.escape(piece) for piece in pieces
    )


class Tour:
    """All stops. `values` are the parts of addresses seen on the way, `files` the routes that lead to no page but to
    something to keep, `shown` the stops in the order of the list, `some` those of them that show one of `SOME`."""

    def __init__(self, base_url: str, listed: str | None = None) -> None:
        self.routes = routes(listed)
        self.values: dict[str, list[str]] = {name: list(values) for name, values in KNOWN.items()}
        self.files: set[str] = set()
        self._seen: dict[tuple[str, str], Stop] = {}
        self._routes_of: dict[str, Route | None] = {}
        walkers = [Walker(base_url, person) for person in PEOPLE]
        for walker in walkers:
            self._walk(walker)
        for walker in walkers:
            self._try_the_rest(walker)
        self.some = list(self._find_some(walkers[0]))
        self.shown = list(self._choose())

    def missed(self) -> list[str]:
        """Return the routes that nobody could open."""
        found = {stop.route for stop in self._seen.values()} | self.files
        return [route.pattern for route in self.routes if route.pattern not in found]

    def _walk(self, walker: Walker) -> None:
        waiting, asked, looks = list(STARTS), set(), Counter[str]()
        while waiting:
            path = waiting.pop(0)
            route = self._route_of(path)
            name = route.pattern if route else path
            if path in asked or name in self.files or looks[name] >= (LOOKS if "<" in name or "?" in path else 1):
                continue
            asked.add(path)
            looks[name] += 1
            status, page = walker.get(path)
            if status == 200 and route and page:
                self._remember(route, path, walker.person)
            elif status == 200 and route:
                self.files.add(route.pattern)
            waiting += [link for link in _links(page) if link not in asked and self._route_of(link)]

    def _try_the_rest(self, walker: Walker) -> None:
        for route in self.routes:
            shown_to = {person for pattern, person in self._seen if pattern == route.pattern}
            if walker.person in shown_to or (shown_to and walker.person not in FACES.get(route.pattern, ())):
                continue
            for path in self._addresses(route):
                status, page = walker.get(path)
                if page and status == ANSWERS.get(route.pattern, 200):
                    self._remember(route, path, walker.person)
                    break

    def _find_some(self, nobody: Walker) -> Iterator[Stop]:
        for route in (route for route in self.routes if route.pattern in SOME):
            for path in self._addresses(route, most=None):
                if SOME[route.pattern] in nobody.get(path)[1]:
                    yield Stop(route.pattern, path, "")
                    break

    def _addresses(self, route: Route, most: int | None = 2) -> Iterator[str]:
        several = [self.values.get(name, [])[:most] for name in route.names]
        for number in range(max([len(values) for values in several], default=1)):
            if all(several):
                parts = iter([values[min(number, len(values) - 1)] for values in several])
                yield re.sub(r"<[^<>]+>", lambda _part, parts=parts: next(parts), route.pattern)  # type: ignore[misc]

    def _remember(self, route: Route, path: str, person: str) -> None:
        self._seen.setdefault((route.pattern, person), Stop(route.pattern, path, person))
        found = route.regex.fullmatch(path.partition("?")[0])
        for name, value in (found.groupdict() if found else {}).items():
            if value not in self.values.setdefault(name, []):
                self.values[name].append(value)

    def _route_of(self, path: str) -> Route | None:
        plain = path.partition("?")[0]
        if plain not in self._routes_of:
            found = next((route for route in self.routes if route.regex.fullmatch(plain)), None)
            self._routes_of[plain] = found
        return self._routes_of[plain]

    def _choose(self) -> Iterator[Stop]:
        for route in self.routes:
            people = FACES.get(route.pattern) or PEOPLE
            having = [self._seen[route.pattern, person] for person in people if (route.pattern, person) in self._seen]
            yield from having if route.pattern in FACES else having[:1]
            yield from (stop for stop in self.some if stop.route == route.pattern and stop not in having)
            if route.pattern in ASKED and having:
                plain = having[0].path.partition("?")[0]
                yield Stop(route.pattern, f"{plain}?{ASKED[route.pattern]}", having[0].person)


def _links(page: str) -> Iterable[str]:
    for link in re.findall(r'<a [^>]*?href="(/[^"#]*)', page):
        yield html.unescape(link)
    # A sign prints its code for people to type: that is a link as well.
    for code in re.findall(r'class="typed">(?:<small>[^<]*</small>)?([^<]+)<', page):
        yield "/p/" + re.sub(r"\s", "", code).lower()
