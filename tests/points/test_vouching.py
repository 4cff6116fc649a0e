"""The program's mark is on what it wrote and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask, current_app

from community.core.config import BadSettings, settings
from community.points import vouching

SAID = {"town": "1", "said": {"points": 5}}

pytestmark = pytest.mark.usefixtures("app")


def test_a_mark_is_of_this_document_and_of_a_key_of_ours() -> None:
    kid, mac = vouching.mark(SAID)
    assert vouching.genuine(kid, mac, dict(reversed(SAID.items())))
    assert not vouching.genuine(kid, mac, SAID | {"town": "2"})
    assert not vouching.genuine(kid, None, SAID)
    assert not vouching.genuine(None, mac, SAID)
    assert not vouching.genuine("z", mac, SAID)
    assert vouching.can_tell()


def test_without_keys_nothing_is_marked_and_nothing_is_judged(app: Flask) -> None:
    ours = settings()
    app.extensions["linli_settings"] = replace(ours, secrets=None)
    try:
        assert current_app.extensions["linli_settings"].secrets is None
        assert not vouching.can_tell()
        assert vouching.genuine("", None, SAID)
        with pytest.raises(BadSettings):
            vouching.mark(SAID)
    finally:
        app.extensions["linli_settings"] = ours
