"""What a spreadsheet would calculate (CWE-1236): one rule for every table that leaves the site, and its way back."""

from __future__ import annotations

import re
from typing import Any, Final

# In half and full width, also behind blanks; a line break or tab ahead of anything; and what is led already.
_CALCULATED: Final = re.compile(r"\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05]|[\t\r\n]|'")


def safe(value: Any) -> str:
    """Return the cell as text that a spreadsheet shows and does not calculate: an apostrophe leads what it might."""
    text = "" if value is None else str(value)
    return f"'{text}" if _CALCULATED.match(text) else text


def bare(text: str) -> str:
    """Return what `safe` was given: takes the apostrophe off that it put there, and no other."""
    return text[1:] if text.startswith("'") and _CALCULATED.match(text[1:]) else text
