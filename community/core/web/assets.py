"""Static files as pages name them: versioned addresses, and the stylesheet that pages carry inside.

Both are computed once at start. What is inlined is constant, so its hashes can stand in the Content-Security-Policy and
no page needs `unsafe-inline` (DESIGN §4 "Pages on the wire"). The page of a scanned code carries the first part alone:
who opens it stands in the rain with one bar of signal.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

DOOR = "css/base.css"
FAVICON = "img/favicon.svg"
INLINED = (DOOR, "css/core.css")
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLANK = re.compile(r"\s*\n\s*")


def compact(css: str) -> str:
    """Return `css` in one line, without comments; what stands inside a line is not touched, so no rule may be broken
    between two words."""
    return _BLANK.sub("", _COMMENT.sub("", css.replace("\r\n", "\n"))).strip()


def _data_uri(svg: str) -> str:
    return "data:image/svg+xml," + quote(svg.strip(), safe="/:=;,'()")


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Assets:
    """The files below `static_folder`, served below `static_url`. `page_css` is what pages carry, `door_css` what the
    page of a scanned code does, `style_hashes` name both; `favicon` is the icon as an address that asks for no file.

    Reads every file once; raises FileNotFoundError when the folder lacks a stylesheet to inline, ValueError when one
    would close the element it is inlined in."""

    def __init__(self, static_folder: Path, static_url: str = "/static") -> None:
        self._url = static_url.rstrip("/")
        self._versions = MappingProxyType(
            {
                file.relative_to(static_folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()[:8]
                for file in sorted(static_folder.rglob("*"))
                if file.is_file()
            }
        )
        parts = {name: compact((static_folder / name).read_text("utf-8")) for name in INLINED}
        for name, css in parts.items():
            if "</" in css:
                raise ValueError(f"{name} would close the style element it is inlined in")
        self.door_css = parts[DOOR]
        self.page_css = "".join(parts.values())
        self.favicon = (
            _data_uri((static_folder / FAVICON).read_text("utf-8")) if (static_folder / FAVICON).exists() else ""
        )
        self.style_hashes = (_csp_hash(self.page_css), _csp_hash(self.door_css))

    def url(self, path: str) -> str:
        """Return the address of `path` ("css/desk.css") with its version; raises KeyError for a file that is not there,
        so that a misspelt name fails in the first test of its page."""
        return f"{self._url}/{path}?v={self.version(path)}"

    def version(self, path: str) -> str:
        """Return the version of `path`: eight characters that change when the file does. Raises KeyError like `url`."""
        return self._versions[path]

    def cache_control(self, path: str, version: str | None) -> str:
        """Return the Cache-Control of a static answer: for ever only when the asked version is the one on disk, so that
        a host that is one release behind never has its old bytes kept under the new name."""
        return IMMUTABLE if version is not None and self._versions.get(path) == version else REVALIDATE
