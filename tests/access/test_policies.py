"""Who may give which role."""

from __future__ import annotations

import pytest

from community.access import policies
from community.access.models import Role
from community.access.services import Place
from community.core.authz import Actor, Held, Perm, system_actor
from community.core.errors import Forbidden

HERE = Place("晚潮社区", "a/b/", area_id=1)
ROLE = Role(code="r", name="r", perms=["people:member:read", "people:member:fly"])


def holder(path, *perms):
    return Actor(member_id=1, held=(Held("x", frozenset(perms), area_path=path),))


def test_rights_that_this_program_does_not_know_are_ignored():
    assert policies.perms_of(ROLE) == {Perm.MEMBER_READ}


def test_a_right_is_given_where_it_is_held():
    policies.may_give(holder("a/", Perm.MEMBER_READ), ROLE, HERE, 2)
    policies.may_give(system_actor("x"), ROLE, HERE, 0)


@pytest.mark.parametrize(
    ("actor", "member", "code"),
    [
        (holder("a/", Perm.MEMBER_READ), 1, "oneself"),
        (holder("a/c/", Perm.MEMBER_READ), 2, "more_than_held"),
        (holder("a/", Perm.GRANT_MANAGE), 2, "more_than_held"),
    ],
)
def test_not_to_oneself_not_elsewhere_and_not_more_than_held(actor, member, code):
    with pytest.raises(Forbidden) as caught:
        policies.may_give(actor, ROLE, HERE, member)
    assert caught.value.code == code
