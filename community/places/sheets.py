"""What is printed: a post's sign on one A4 sheet, four small ones on a sheet, an area in one run; and samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from markupsafe import Markup

from community.core.clock import local
from community.core.i18n import Text, _
from community.places import codes, printing, qr, queries
from community.places.models import Post, PostPrint
from community.places.printing import Printed

# Side of the code itself in millimetres: ten times less than the distance from which it is read (checkin.md §2.1).
CODE_MM: Final = {"a4": 130.0, "a6": 56.0}
FORMS: Final = tuple(CODE_MM)
# Small signs on one sheet.
ON_A_SHEET: Final = 4


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign on paper. `qr` is ready markup, `short_url` where the 8 characters are typed; `phone` may be empty."""

    title: str
    place: str
    qr: Markup
    code: str
    url: str
    short_url: str
    edition: Text
    phone: str = ""
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """What one print comes to: sheets of `form` with one sign (A4) or up to four (A6) each; `broken` could not be."""

    form: str
    sheets: list[list[Sign]]
    broken: list[str]


def sign(post: Post, printed: PostPrint, address: str, form: str, *, village: str, phone: str) -> Sign:
    """Return a post's valid sign, its code below `address`. Raises KeyGone when its key was withdrawn."""
    url = codes.print_url(post, printed, base=address)
    return Sign(
        title=post.name,
        place=_place(post, village),
        qr=qr.svg(url, _("扫码打卡：%(name)s", name=post.name), symbol_mm=CODE_MM[form]),
        code=printed.typed_code,
        url=url,
        short_url=f"{codes.host_of(address)}/p",
        # With its year: paper hangs longer than this year.
        edition=_(
            "第 %(count)s 版 · %(day)s", count=printed.generation, day=local(printed.printed_at).date().isoformat()
        ),
        phone=phone,
    )


def sample(post: Post, address: str, form: str, *, village: str, phone: str) -> Sign:
    """Return what the next sign would look like: no generation is made, and nothing reads its code."""
    return Sign(
        title=post.name,
        place=_place(post, village),
        qr=qr.sample_svg(_("样张，扫不出"), symbol_mm=CODE_MM[form]),
        code="0" * 8,
        url="",
        short_url=f"{codes.host_of(address)}/p",
        edition=_("样张"),
        phone=phone,
        sample=True,
    )


def paper(lines: Sequence[Printed], address: str, form: str) -> Paper:
    """Return the sheets for posts with their valid signs: one post a sheet (A4), or four posts a sheet (A6)."""
    phones = printing.phones(line.post.scope_path for line in lines)
    paths = {queries.village_path(line.post.scope_path) for line in lines}
    villages = {path: queries.place_line(path) for path in paths}
    signs, broken = [], []
    for line in lines:
        village = villages[queries.village_path(line.post.scope_path)]
        phone = phones[line.post.scope_path]
        try:
            signs.append(sign(line.post, line.sign, address, form, village=village, phone=phone))
        except codes.KeyGone:
            broken.append(line.post.name)
    return Paper(form, [*_sheets(signs, 1 if form == "a4" else ON_A_SHEET)], broken)


def copies(one: Sign, form: str) -> Paper:
    """Return one sheet: the sign once (A4), or four times, as for the doors of one stairwell (A6)."""
    return Paper(form, [[one] * (1 if form == "a4" else ON_A_SHEET)], [])


def known_form(text: str) -> str:
    """Return the form of paper that `text` names; A4 for anything else."""
    return text if text in FORMS else "a4"


def _sheets(signs: Sequence[Sign], each: int) -> Iterator[list[Sign]]:
    rest = iter(signs)
    while sheet := list(islice(rest, each)):
        yield sheet


def around(post: Post) -> dict[str, str]:
    """Return what a sign says of where it hangs: its village and the number to call there."""
    village = queries.place_line(queries.village_path(post.scope_path))
    return {"village": village, "phone": printing.phones([post.scope_path])[post.scope_path]}


def _place(post: Post, village: str) -> str:
    return " · ".join(part for part in (village, str(_("编号 %(number)s", number=post.number))) if part)
