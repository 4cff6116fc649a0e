"""Forms hand on what was typed, and no form of rules has a way to write a negative number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import integers, text
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField

from community.points.forms.rules import RuleForm
from community.points.proposals import Proposal
from tests.factories.rules import proposal

NUMBERS = ("amount", "cap_day", "cap_month", "expires_months")


@pytest.fixture
def filled(app: Flask) -> Callable[..., RuleForm]:
    def fill(**changed: object) -> RuleForm:
        fields = {"trigger": "CheckInAccepted", "asset": "points", "once_per": "hour", "min_grade": "D"}
        fields |= {"amount": "6", "cap_day": "12", "expires_months": "24", "text_zh": proposal().text_zh}
        with app.test_request_context():
            return RuleForm(
                formdata=MultiDict(fields | {"text_en": proposal().text_en} | changed), meta={"csrf": False}
            )

    return fill


def test_what_was_typed_becomes_the_proposal(filled: Callable[..., RuleForm]) -> None:
    form = filled()
    assert form.validate()
    assert form.proposal() == proposal()
    assert filled(review="y", team_kind="riders", cap_month="60").proposal() == proposal(
        review=True, team_kind="riders", cap_month=60
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(integers(max_value=0))
def test_no_number_below_one_passes(filled: Callable[..., RuleForm], number: int) -> None:
    for name in NUMBERS:
        assert not filled(**{name: str(number)}).validate(), name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text(max_size=12))
def test_whatever_is_typed_no_proposal_takes_points(filled: Callable[..., RuleForm], typed: str) -> None:
    form = filled(amount=typed)
    if form.validate():
        assert form.proposal().amount > 0


def test_every_number_of_a_rule_has_its_field(filled: Callable[..., RuleForm]) -> None:
    form = filled()
    assert {field.name for field in form if isinstance(field, IntegerField)} == set(NUMBERS)
    assert set(Proposal.__dataclass_fields__) == {field.name for field in form}
