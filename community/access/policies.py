"""Who may give which role."""

from __future__ import annotations

from typing import Final

from community.access.models import Role
from community.core.authz import Actor, Perm, Scoped, can
from community.core.errors import Forbidden
from community.core.i18n import _

SYSTEM_ADMIN: Final = "system_admin"
LAST_ADMIN = _("这是最后一位系统管理员，请先任命另一位")

_KNOWN = frozenset(str(perm) for perm in Perm)


def perms_of(role: Role) -> frozenset[Perm]:
    """Return the rights of `role` that this program knows."""
    return frozenset(Perm(name) for name in role.perms if name in _KNOWN)


def may_give(actor: Actor, role: Role, place: Scoped, member_id: int) -> None:
    """Raise Forbidden when `actor` would give `role` to herself, or with it a right that she lacks at `place`."""
    if actor.system:
        return
    if member_id == actor.member_id:
        raise Forbidden(_("不能给自己授权，请由另一位管理员来办"), code="oneself")
    if any(not can(actor, perm, place) for perm in perms_of(role)):
        raise Forbidden(_("不能授予自己没有的权限"), code="more_than_held")
