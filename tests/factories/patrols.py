"""A post with a sign, a team that serves there and an active member. Call inside `with transaction():`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from community.core.config import settings
from community.patrols.policies import Evidence
from community.people.models import Member
from community.places import codes
from community.places.codes import ScannedPost
from community.places.models import Area, Post, PostPrint
from community.teams.models import Team
from tests.factories.access import make_grant
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_post, make_print, make_village
from tests.factories.teams import make_membership, make_team

DEVICE = "0123456789abcdef0123456789abcdef"
NEAR = Evidence("poster", "near")


@dataclass(frozen=True)
class Scene:
    """What a check-in needs."""

    village: Area
    post: Post
    sign: PostPrint
    team: Team
    member: Member
    admin: Member

    @property
    def token(self) -> str:
        return token_of(self.post, self.sign)

    @property
    def scanned(self) -> ScannedPost:
        return scan(self.post, self.sign)


def token_of(post: Post, sign: PostPrint) -> str:
    """The token printed on `sign`."""
    return codes.print_url(post, sign).rsplit("/", 1)[1]


def scan(post: Post, sign: PostPrint) -> ScannedPost:
    """What scanning `sign` means."""
    return codes.resolve(token_of(post, sign), (settings().public_host,))


def make_scene(*, member: dict[str, Any] | None = None, post: dict[str, Any] | None = None) -> Scene:
    """A community with a post and its sign, a team working there, an active member who consented, and its admin."""
    village = make_village()
    made = make_post(village, **(post or {}))
    sign = make_print(made)
    team = make_team(village)
    person = make_member(village, **(member or {}))
    make_membership(person, team)
    give_consent(person, "presence", "1")
    admin = make_member(village, display_name="周敏", age_band="18-59")
    make_grant(admin, "village_admin", village)
    return Scene(village, made, sign, team, person, admin)
