from community.access.words import RIGHTS, rights
from community.core.authz import OWN, Perm

# They open a list or a page and say nothing of an office by themselves.
SILENT = {Perm.AREA_READ, Perm.POST_READ, Perm.TEAM_READ, Perm.DESK_OPEN}


def test_every_right_that_an_office_gives_has_its_words() -> None:
    assert set(Perm) - OWN - SILENT == set(RIGHTS) - OWN


def test_rights_are_read_out_in_one_order_whatever_theirs() -> None:
    held = [Perm.AUDIT_READ, Perm.MEMBER_READ, Perm.AREA_READ]
    assert [str(word) for word in rights(held)] == [str(word) for word in rights(reversed(held))]
    assert [str(word) for word in rights(held)] == ["看居民名册", "看审计记录"]
