"""URL parts: 63-bit ids as decimal text; anything else is no address of ours."""

from __future__ import annotations

from werkzeug.routing import BaseConverter, ValidationError

from community.core.ids import MAX_ID


class IdConverter(BaseConverter):
    """`<id:post_id>`: 1 to 19 digits that fit 63 bits."""

    regex = r"[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValidationError
        return number
