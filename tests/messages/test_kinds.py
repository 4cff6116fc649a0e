"""Kinds of messages are known before they are sent."""

import pytest

from community.core.i18n import _
from community.messages import kinds


@pytest.fixture(autouse=True)
def _own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})


def test_a_kind_knows_which_parameters_its_texts_need() -> None:
    kinds.register("t.approved", _("您已加入 %(team)s"), _("%(who)s 在 %(at)s 通过了申请"))
    known = kinds.get("t.approved")
    assert known is not None
    assert known.needs == {"team", "who", "at"}


def test_a_kind_nobody_registered_is_refused() -> None:
    with pytest.raises(kinds.UnknownKind):
        kinds.must_fit("t.never", set())


def test_a_missing_parameter_is_named() -> None:
    kinds.register("t.x", _("%(team)s 和 %(name)s"))
    with pytest.raises(KeyError, match="needs name"):
        kinds.must_fit("t.x", {"team", "more"})
    kinds.must_fit("t.x", {"team", "name", "more"})
