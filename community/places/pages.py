"""What the pages of posts show, made from rows: the poster, the choices of areas, whether a sign is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from community.core.clock import local
from community.core.i18n import Text, _
from community.places import codes, qr, queries
from community.places.models import Area, Post, PostPrint


@dataclass(frozen=True, slots=True)
class Poster:
    """One printed page. `qr` is ready markup; `short_url` is where the 8 characters are typed in."""

    place: str
    qr: Markup
    code: str
    url: str
    short_url: str
    edition: Text


def poster(post: Post, sign: PostPrint, address: str) -> Poster:
    """Return the poster of a post's valid sign, its code below `address`. Raises KeyGone when its key was withdrawn."""
    url = codes.print_url(post, sign, base=address)
    return Poster(
        place=" · ".join(part for part in (_village(post), str(_("编号 %(number)s", number=post.number))) if part),
        qr=qr.svg(url, _("扫码打卡：%(name)s", name=post.name)),
        code=sign.typed_code,
        url=url,
        short_url=f"{codes.host_of(address)}/p",
        # With its year: paper hangs longer than this year.
        edition=_("第 %(count)s 版 · %(day)s", count=sign.generation, day=local(sign.printed_at).date().isoformat()),
    )


def _village(post: Post) -> str:
    return queries.place_line(queries.village_path(post.scope_path))


def needs_sign(post: Post, signs: Sequence[PostPrint]) -> bool:
    """Say whether no valid sign hangs where the post is (`signs` newest first)."""
    valid = next((sign for sign in signs if sign.retired_at is None), None)
    return queries.PostLine(post, "", valid).needs_sign


def area_choices(areas: Sequence[Area]) -> list[tuple[int, str]]:
    """Return (id, label) of areas for a select; a label names what lies above as far as it is among `areas`."""
    by_path = {area.path: area.name for area in areas}
    return [(area.id, " / ".join(_names_above(area.path, by_path))) for area in areas]


def _names_above(path: str, by_path: dict[str, str]) -> list[str]:
    parts = path.strip("/").split("/")
    paths = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
    return [by_path[above] for above in paths if above in by_path]
