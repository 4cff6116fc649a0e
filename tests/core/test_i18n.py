"""Texts are put into the reader's language when they are shown, not when they are made."""

from flask import Flask
from flask_babel import force_locale

from community.core.errors import NotFound
from community.core.i18n import _, plain


def test_the_source_text_is_chinese_and_needs_no_request() -> None:
    assert plain(_("申请")) == "申请"
    assert plain(_("%(n)s 分", n=5)) == "5 分"
    assert plain("as it is") == "as it is"


def test_a_text_made_for_one_reader_is_translated_for_another(app: Flask) -> None:
    with app.test_request_context(), force_locale("zh"):
        message = NotFound().message
        chinese = plain(message)
    with app.test_request_context(), force_locale("en"):
        english = plain(message)
    assert chinese == "没有找到这个页面或内容"
    assert english != chinese
    assert english.isascii()
