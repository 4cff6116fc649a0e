"""The texts that people agree to."""

from __future__ import annotations

import hashlib

import pytest
from flask_babel import force_locale

from community.core.errors import NotFound
from community.people import consents

pytestmark = pytest.mark.usefixtures("app")


def test_every_scope_has_a_text_with_version_and_words():
    for scope in consents.scopes():
        text = consents.current(scope)
        assert text.scope == scope
        assert 0 < len(text.version) <= 12
        assert len(text.paragraphs) >= 2
        assert len(scope) <= 20


def test_the_digest_is_of_the_very_words_shown():
    text = consents.current(consents.PRESENCE)
    words = "\n".join([str(text.title), *(str(paragraph) for paragraph in text.paragraphs)])
    assert text.digest == hashlib.sha256(words.encode()).hexdigest()
    with force_locale("zh"):
        assert consents.current(consents.PRESENCE).digest == text.digest
    assert consents.current(consents.SERVICE).digest != text.digest


def test_presence_has_a_consent_of_its_own():
    assert {consents.SERVICE, consents.PRESENCE} == set(consents.scopes())
    assert "不保存坐标" in consents.current(consents.PRESENCE).text


def test_a_scope_without_a_text_is_not_found():
    with pytest.raises(NotFound):
        consents.current("marketing")
