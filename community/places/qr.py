"""QR codes as SVG: one path, four modules of quiet zone, error correction Q (checkin.md §2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup, escape
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode

from community.core.i18n import Text

QUIET_ZONE = 4
# The three squares by which a reader finds a code are seven modules wide.
_FINDER = 7
# As long as an address of ours, so that a sample looks like the code that will be there.
_SAMPLE = "PREVIEW " * 6


def modules(text: str) -> list[list[bool]]:
    """Return the dark (True) and light squares of the code of `text`, quiet zone included."""
    code = QRCode(version=None, error_correction=ERROR_CORRECT_Q, border=QUIET_ZONE)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return [[bool(square) for square in row] for row in code.get_matrix()]


def version(text: str) -> int:
    """Return the version (1 to 40) of the code of `text`: 5 has 37 × 37 squares."""
    return (len(modules(text)) - 2 * QUIET_ZONE - 17) // 4


def svg(text: str, label: Text, *, symbol_mm: float | None = None) -> Markup:
    """Return the code of `text` as an SVG picture called `label`, black on white in every theme.

    `symbol_mm` is the side of the code itself on paper; the quiet zone comes around it.
    """
    return _picture(modules(text), label, symbol_mm)


def sample_svg(label: Text, *, symbol_mm: float) -> Markup:
    """Return what looks like a code from afar and no reader reads: the squares it is found by are missing."""
    rows = modules(_SAMPLE)
    last = len(rows) - QUIET_ZONE - _FINDER
    for top, left in ((QUIET_ZONE, QUIET_ZONE), (QUIET_ZONE, last), (last, QUIET_ZONE)):
        for row in rows[top : top + _FINDER]:
            row[left : left + _FINDER] = [False] * _FINDER
    return _picture(rows, label, symbol_mm)


def _picture(rows: list[list[bool]], label: Text, symbol_mm: float | None) -> Markup:
    size = len(rows)
    side = f"{symbol_mm * size / (size - 2 * QUIET_ZONE):.2f}mm" if symbol_mm else ""
    measure = Markup(' width="{0}" height="{0}"').format(side) if side else Markup("")
    return Markup(
        '<svg viewBox="0 0 {size} {size}"{measure} role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<rect width="{size}" height="{size}" fill="#fff"/><path fill="#000" d="{path}"/></svg>'
    ).format(size=size, measure=measure, label=escape(str(label)), path=_path(rows))


def _path(rows: list[list[bool]]) -> str:
    """One subpath for each run of dark squares: no hairlines between neighbours on paper. Each begins where the one
    before ended, and closes by itself, so that the same shapes are the same letters, and many codes pack well."""
    drawn, at_x, at_y = [], 0, 0
    for y, row in enumerate(rows):
        for x, width in _runs(row):
            drawn.append(f"m{x - at_x} {y - at_y}v1h{width}v-1")
            at_x, at_y = x + width, y
    return "".join(drawn)


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """Where each run of dark squares in a row begins, and how long it is."""
    start = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None
