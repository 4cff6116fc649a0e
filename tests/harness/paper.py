"""A printed PDF as a picture: its pages in order, and what is filled with black on each, drawn in real size.

Enough of PDF for what Chromium prints: page objects in the clear, content under Flate, paths of lines and rectangles.
Letters and curves are left out: codes are squares, and a reader must find them by these alone.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

POINTS_PER_MM = 72 / 25.4
_OBJECT = re.compile(rb"(?:^|\s)(\d+) 0 obj\b(.*?)\bendobj", re.S)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.S)
_TOKEN = re.compile(rb"\((?:\\.|[^\\)])*\)|<<|>>|<[^>]*>|\[|\]|/[^\s/<>\[\]()]+|[^\s/<>\[\]()]+")
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Sheet:
    """A page: its size in millimetres and a picture of it, `dots` to the millimetre."""

    width_mm: float
    height_mm: float
    picture: np.ndarray
    dots: float


def sheets(pdf: bytes, *, dots: float = 6.0) -> list[Sheet]:
    """Return the pages of `pdf` in their order; `dots` per millimetre (6 is what a cheap printer at 150 dpi gives)."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    return [_sheet(objects[number], objects, dots) for number in _page_numbers(objects)]


def _page_numbers(objects: dict[int, bytes]) -> list[int]:
    roots = [number for number, body in objects.items() if re.search(rb"/Type\s*/Pages\b", body[:4000])]
    children = {number: [int(n) for n in re.findall(rb"(\d+) 0 R", _kids(objects[number]))] for number in roots}
    below = {child for kids in children.values() for child in kids}
    (top,) = [number for number in roots if number not in below]

    def leaves(number: int) -> list[int]:
        return [leaf for kid in children[number] for leaf in leaves(kid)] if number in children else [number]

    return leaves(top)


def _kids(body: bytes) -> bytes:
    found = re.search(rb"/Kids\s*\[(.*?)\]", body, re.S)
    return found[1] if found else b""


def _sheet(page: bytes, objects: dict[int, bytes], dots: float) -> Sheet:
    box = re.search(rb"/MediaBox\s*\[\s*[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)", page)
    content = re.search(rb"/Contents\s+(\d+) 0 R", page)
    assert box
    assert content
    width, height = float(box[1]), float(box[2])
    scale = dots / POINTS_PER_MM
    picture = np.full((round(height * scale), round(width * scale)), 255, np.uint8)
    stream = _STREAM.search(objects[int(content[1])])
    assert stream
    # Down the picture is down the page: PDF counts from the bottom.
    _draw(zlib.decompressobj().decompress(stream[1]), (scale, 0, 0, -scale, 0, height * scale), picture)
    return Sheet(width / POINTS_PER_MM, height / POINTS_PER_MM, picture, dots)


class _Pen:
    """Follows a content stream: where it is, what it holds, and what it has filled."""

    def __init__(self, matrix: Matrix, picture: np.ndarray) -> None:
        self.matrix, self.picture, self.ink = matrix, picture, 0
        self.kept: list[tuple[Matrix, int]] = []
        self.path: list[list[tuple[float, float]]] = []

    def act(self, operator: str, numbers: list[float]) -> None:
        """Do what `operator` says with the numbers before it; one that is none of ours does nothing."""
        act = _ACTS.get(operator)
        if act:
            act(self, numbers)

    def keep(self, _numbers: list[float]) -> None:
        self.kept.append((self.matrix, self.ink))

    def go_back(self, _numbers: list[float]) -> None:
        self.matrix, self.ink = self.kept.pop()

    def transform(self, numbers: list[float]) -> None:
        self.matrix = _times(numbers[-6:], self.matrix)

    def dip(self, numbers: list[float]) -> None:
        self.ink = round(255 * sum(numbers) / len(numbers))

    def start(self, numbers: list[float]) -> None:
        self.path.append([_at(numbers[-2:], self.matrix)])

    def go_on(self, numbers: list[float]) -> None:
        self.path[-1].append(_at(numbers[-2:], self.matrix))

    def box(self, numbers: list[float]) -> None:
        x, y, w, h = numbers[-4:]
        corners = ([x, y], [x + w, y], [x + w, y + h], [x, y + h])
        self.path.append([_at(corner, self.matrix) for corner in corners])

    def fill(self, numbers: list[float]) -> None:
        for shape in self.path:
            corners = np.array([[round(x * 16), round(y * 16)] for x, y in shape], np.int32)
            cv2.fillPoly(self.picture, [corners], self.ink, lineType=cv2.LINE_AA, shift=4)
        self.leave(numbers)

    def leave(self, _numbers: list[float]) -> None:
        self.path = []


_ACTS: dict[str, Callable[[_Pen, list[float]], None]] = {
    "q": _Pen.keep, "Q": _Pen.go_back, "cm": _Pen.transform, "rg": _Pen.dip, "g": _Pen.dip,
    "m": _Pen.start, "l": _Pen.go_on, "c": _Pen.go_on, "re": _Pen.box,
    "f": _Pen.fill, "f*": _Pen.fill, "n": _Pen.leave, "S": _Pen.leave,
}  # fmt: skip


def _draw(content: bytes, matrix: Matrix, picture: np.ndarray) -> None:
    pen, numbers = _Pen(matrix, picture), list[float]()
    for token in _TOKEN.findall(content):
        try:
            numbers.append(float(token))
        except ValueError:
            pen.act(token.decode("latin-1"), numbers)
            numbers = []


def _times(numbers: list[float], matrix: Matrix) -> Matrix:
    a, b, c, d, e, f = numbers
    m = matrix
    return (
        a * m[0] + b * m[2], a * m[1] + b * m[3], c * m[0] + d * m[2], c * m[1] + d * m[3],
        e * m[0] + f * m[2] + m[4], e * m[1] + f * m[3] + m[5],
    )  # fmt: skip


def _at(point: list[float], matrix: Matrix) -> tuple[float, float]:
    x, y = point
    return x * matrix[0] + y * matrix[2] + matrix[4], x * matrix[1] + y * matrix[3] + matrix[5]
