"""A message is put into words when it is read, in the language of the reader."""

import pytest
from flask import Flask
from flask_babel import force_locale

from community.core.i18n import _
from community.messages import kinds, wording


@pytest.fixture(autouse=True)
def _own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register("t.x", _("%(team)s 收下了您"), _("%(at)s，%(n)s 分"))


@pytest.mark.usefixtures("app", "frozen_clock")
def test_times_and_numbers_are_written_for_the_reader(app: Flask) -> None:
    params = {"team": "夜巡队", "at": {"at": "2026-11-23T13:07:00+00:00"}, "n": 1280}
    with app.test_request_context():
        assert wording.words("t.x", params) == ("夜巡队 收下了您", "11月23日 21:07，1,280 分")
    with app.test_request_context(), force_locale("en"):
        assert "23 Nov 21:07" in wording.words("t.x", params)[1]


@pytest.mark.usefixtures("app")
def test_an_old_message_without_a_newer_parameter_is_still_read(app: Flask) -> None:
    with app.test_request_context():
        assert wording.words("t.x", {"team": "夜巡队"}) == ("夜巡队 收下了您", "—，— 分")


def test_a_message_of_a_room_that_is_gone_has_a_neutral_title(app: Flask) -> None:
    with app.test_request_context():
        assert wording.words("t.gone", {"x": 1}) == ("一条通知", "")


def test_what_a_person_typed_is_no_format(app: Flask) -> None:
    with app.test_request_context():
        assert wording.words("t.x", {"team": "%(n)s 100% %s", "at": "x", "n": 1})[0] == "%(n)s 100% %s 收下了您"


def test_a_text_without_parameters_may_hold_a_per_cent_sign(app: Flask) -> None:
    kinds.register("t.percent", "完成 100%", "")
    with app.test_request_context():
        assert wording.words("t.percent", {}) == ("完成 100%", "")


@pytest.mark.usefixtures("frozen_clock")
def test_a_day_is_written_without_a_time(app: Flask) -> None:
    with app.test_request_context():
        assert wording.written({"on": "2026-11-24"}) == "11月24日"
        assert wording.written({"on": "2027-01-02"}) == "2027年1月2日"
