"""Static files as pages name them: versioned addresses, and the one stylesheet that pages carry inside.

Both are computed once at start. The inlined stylesheet is a constant, so its hash can stand in the
Content-Security-Policy and no page needs `unsafe-inline` (DESIGN §4 "Pages on the wire").
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from types import MappingProxyType

INLINED = "css/core.css"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLANK = re.compile(r"\n\s*")


def compact(css: str) -> str:
    """Return `css` without comments, indentation and empty lines; nothing else is touched."""
    return _BLANK.sub("\n", _COMMENT.sub("", css.replace("\r\n", "\n"))).strip()


class Assets:
    """The files below `static_folder`, served below `static_url`. Reads every file once; raises FileNotFoundError
    when the folder holds no stylesheet to inline."""

    def __init__(self, static_folder: Path, static_url: str = "/static") -> None:
        self._url = static_url.rstrip("/")
        self._versions = MappingProxyType(
            {
                file.relative_to(static_folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()[:8]
                for file in sorted(static_folder.rglob("*"))
                if file.is_file()
            }
        )
        self.page_css = compact((static_folder / INLINED).read_text("utf-8"))
        if "</" in self.page_css:
            raise ValueError(f"{INLINED} would close the style element it is inlined in")
        digest = hashlib.sha256(self.page_css.encode()).digest()
        self.style_hash = "sha256-" + base64.b64encode(digest).decode()

    def url(self, path: str) -> str:
        """Return the address of `path` ("css/desk.css") with its version; raises KeyError for a file that is not there,
        so that a misspelt name fails in the first test of its page."""
        return f"{self._url}/{path}?v={self._versions[path]}"

    def cache_control(self, path: str, version: str | None) -> str:
        """Return the Cache-Control of a static answer: for ever only when the asked version is the one on disk, so that
        a host that is one release behind never has its old bytes kept under the new name."""
        return IMMUTABLE if version is not None and self._versions.get(path) == version else REVALIDATE
