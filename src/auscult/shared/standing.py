"""Standing: who acts, with what right. The one thing about a person that rooms beyond ``members`` know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from auscult.shared.refusals import NotAllowed
from auscult.shared.roles import PERMISSIONS, Permission, Role


class Level(IntEnum):
    """Evidence level. L1 is registered, not verified."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3


class MemberClass(StrEnum):
    """What kind of member: only physicians are in the frame, and so in weights and counts of physicians."""

    PHYSICIAN = "physician"
    RESIDENT = "resident"
    STUDENT = "student"
    RETIRED = "retired"


class Obstacle(StrEnum):
    """Why a verified member cannot speak or vote now."""

    NONE = ""
    LAPSED = "lapsed"
    SUSPENDED = "suspended"
    FROZEN = "frozen"
    SECOND_FACTOR = "second factor"


@dataclass(frozen=True)
class Stratum:
    """Coarse weighting cell of a member; never fine enough to name one."""

    specialty: str
    region: str
    sex: str
    career: str


@dataclass(frozen=True)
class Standing:
    """Who acts. Never holds a name or an e-mail address.

    Attributes:
        member_id: the member, or None for a reader without an account or the console.
        handle: pseudonym, or None while none is chosen.
        level: evidence level.
        roles: roles in force now; MEMBER only while verification is valid.
        stratum: weighting cell of a verified member.
        specialty: specialty group as shown beside the handle.
        member_class: physician, or one of those outside weights.
        obstacle: why a verified member cannot speak or vote now.
    """

    member_id: int | None = None
    handle: str | None = None
    level: Level = Level.L0
    roles: frozenset[Role] = frozenset()
    stratum: Stratum | None = None
    specialty: str = ""
    member_class: MemberClass = MemberClass.PHYSICIAN
    obstacle: Obstacle = Obstacle.NONE

    @property
    def is_reader(self) -> bool:
        """Whether nobody is signed in."""
        return self.member_id is None

    def require_member(self) -> int:
        """The number of the member who acts.

        Raises:
            NotAllowed: nobody is signed in.
        """
        if self.member_id is None:
            raise NotAllowed("Sign in first.")
        return self.member_id

    def can(self, permission: Permission) -> bool:
        """Whether any role in force gives the permission."""
        return any(permission in PERMISSIONS[role] for role in self.roles)

    def require(self, permission: Permission, otherwise: str) -> None:
        """Refuse unless permitted.

        Raises:
            NotAllowed: with the text ``otherwise``.
        """
        if not self.can(permission):
            raise NotAllowed(otherwise)


READER = Standing()
#: The operator at the command line of the machine.
CONSOLE = Standing(roles=frozenset({Role.OPERATOR}))
