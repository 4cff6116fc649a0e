"""What every template may use."""

from collections.abc import Callable

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from community.core.slots import Slot, _slots
from community.core.web.templating import Entry


def render(app: Flask, source: str, path: str = "/", **values: object) -> str:
    with app.test_request_context(path):
        return render_template_string(source, **values)


def test_a_visitor_without_a_name_is_nobody_and_may_nothing(app: Flask) -> None:
    assert render(app, "{{ actor is none }} {{ can('audit:entry:read') }}") == "True False"


def test_a_misspelt_right_is_an_error_and_not_a_silent_no(app: Flask) -> None:
    with pytest.raises(ValueError, match="audit:entry:raed"):
        render(app, "{{ can('audit:entry:raed') }}")


def test_the_site_says_whether_it_is_a_demo(make_app: Callable[..., Flask]) -> None:
    source = "{{ site.name }} {{ site.demo }} {{ site.public_url }}"
    assert render(make_app(site_name="邻里"), source) == "邻里 False http://linli.test"
    assert render(make_app(mode="demo", site_name="邻里"), source) == "邻里 True http://linli.test"


def test_the_desks_rail_is_made_on_desk_pages_only(app: Flask) -> None:
    assert render(app, "{{ desk_nav|length }}", "/teams") == "0"


def test_slots_hand_on_markup_and_texts_are_escaped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_slots, "t.slot", Slot("t.slot"))
    _slots["t.slot"].register(lambda page: Markup("<b>{}</b>").format(page))
    assert render(app, "{{ slot('t.slot', thing) }}{{ thing }}", thing="<i>") == "<b>&lt;i&gt;</b>&lt;i&gt;"
    _slots.pop("t.slot")


def test_the_filters_write_as_people_read(app: Flask) -> None:
    assert render(app, "{{ 1280|points }} {{ 5|signed_points }} {{ '王芳'|mask_name }}") == "1,280 +5 王**"


def test_a_place_in_a_navigation_counts_nothing_unless_told() -> None:
    entry = Entry("home.index", "首页", "home")
    assert (entry.current, entry.count) == (False, 0)
