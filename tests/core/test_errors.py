"""Refusals carry a code, a text and the next step."""

import pytest

from community.core import errors
from community.core.errors import Busy, Conflict, DomainError, Forbidden, Gone, NotFound, SignInNeeded


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DomainError("x", "y"), 422, "x"),
        (DomainError("x", "y", status=400), 400, "x"),
        (NotFound(), 404, "not_found"),
        (NotFound(code="token_bad"), 404, "token_bad"),
        (Forbidden(), 403, "forbidden"),
        (SignInNeeded(), 401, "sign_in_needed"),
        (Conflict("taken", "y"), 409, "taken"),
        (Gone("gone", "y"), 410, "gone"),
        (Busy(), 409, "busy"),
    ],
)
def test_each_kind_of_refusal_has_its_status_and_a_code(error: DomainError, status: int, code: str) -> None:
    assert (error.status, error.code) == (status, code)
    assert str(error) == code


@pytest.mark.parametrize("error", [NotFound(), Forbidden(), SignInNeeded(), Busy()])
def test_each_refusal_of_the_house_says_what_to_do_next(error: DomainError) -> None:
    assert str(error.message)
    assert str(error.next_step)


def test_a_status_of_one_refusal_is_not_that_of_its_kind() -> None:
    DomainError("x", "y", status=400)
    assert DomainError("x", "y").status == 422


def test_a_constraint_has_the_error_its_room_registered_made_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_by_constraint", {})
    errors.on_constraint("uq_x", lambda: Conflict("taken", "y"))
    first, second = errors.for_constraint("uq_x"), errors.for_constraint("uq_x")
    assert first is not second
    assert first
    assert first.code == "taken"
    assert errors.for_constraint("uq_other") is None
    assert errors.for_constraint(None) is None
