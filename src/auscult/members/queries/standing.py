"""Who acts, and how many members there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import Lower

from auscult.members.models import Member
from auscult.members.rules import shown_specialty
from auscult.registry.rules import coarsen
from auscult.shared.roles import Role
from auscult.shared.standing import READER, Level, MemberClass, Obstacle, Standing, Stratum

#: What ``standing_of_row`` needs of ``members_member AS m``.
STANDING_COLUMNS = """
    m.id, m.handle, m.level, m.member_class, m.specialty_group, m.state, m.sex, m.career, m.verified_until, m.suspended_at,
    m.suspended_for, m.active_on, ARRAY(SELECT role FROM members_rolegrant AS g WHERE g.member_id = m.id),
    EXISTS(SELECT FROM mfa_authenticator AS f WHERE f.user_id = m.account_id AND f.type IN ('totp', 'webauthn'))
"""
_STANDINGS = f"SELECT m.account_id, {STANDING_COLUMNS} FROM members_member AS m WHERE account_id = ANY(%s)"  # noqa: S608 - as below
_STANDING = f"SELECT {STANDING_COLUMNS} FROM members_member AS m WHERE account_id = %s"  # noqa: S608 - constants of ours


def get_standing(account_id: int, now: datetime) -> Standing:
    """Standing of a signed-in account, in one query.

    MEMBER (for those outside the frame ASSOCIATE) is in force while the level is at least L2, the verification has not
    lapsed, nobody suspended it, and there is a second factor. Granted roles take a second factor too.
    """
    return read_visitor(account_id, now)[0]


def get_standings(instants: Mapping[int, datetime]) -> dict[int, Standing]:
    """Standings of many accounts, each at its instant, in one query; accounts without a member are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, [list(instants)])
        rows = cursor.fetchall()
    return {row[0]: standing_of_row(row[1:], instants[row[0]])[0] for row in rows}


def read_visitor(account_id: int, now: datetime) -> tuple[Standing, date | None]:
    """Standing of a signed-in account, and the day of its last request."""
    # Plain SQL: it runs in every request, and building it by the ORM cost four times the query itself.
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [account_id])
        row = cursor.fetchone()
    return (READER, None) if row is None else standing_of_row(row, now)


def standing_of_row(row: tuple[Any, ...], now: datetime) -> tuple[Standing, date | None]:
    """Standing from ``STANDING_COLUMNS``, and the day of the last request."""
    (
        pk, handle, level, member_class, group, state, sex, career, until, suspended_at, suspended_for, active_on, granted,
        factor,
    ) = row  # fmt: skip
    lacks_factor = settings.SECOND_FACTOR_REQUIRED and not factor
    # Whoever sees names or decides needs more than a password, verified or not.
    roles = set() if lacks_factor else {Role(role) for role in granted}
    obstacle = Obstacle.SECOND_FACTOR if granted and lacks_factor else Obstacle.NONE
    if level >= Level.L2:
        if suspended_at is not None:
            obstacle = Obstacle.FROZEN if suspended_for == Member.Suspension.DISPUTE else Obstacle.SUSPENDED
        elif until is None or now >= until:
            obstacle = Obstacle.LAPSED
        elif lacks_factor:
            obstacle = Obstacle.SECOND_FACTOR
    valid = level >= Level.L2 and obstacle == Obstacle.NONE
    physician = member_class == MemberClass.PHYSICIAN
    if valid:
        roles.add(Role.MEMBER if physician else Role.ASSOCIATE)
    standing = Standing(
        member_id=pk,
        handle=handle,
        level=Level(level),
        roles=frozenset(roles),
        stratum=coarsen(group, state, sex, career) if valid and physician else None,
        specialty=shown_specialty(group, member_class),
        member_class=MemberClass(member_class),
        obstacle=obstacle,
    )
    return standing, active_on


def _valid_physicians(now: datetime) -> Q:
    return Q(level__gte=Level.L2, member_class=MemberClass.PHYSICIAN, verified_until__gt=now, suspended_at__isnull=True)


def count_by_class(now: datetime) -> dict[MemberClass, int]:
    """Valid verified members by class; only physicians are in weights and counts of physicians."""
    rows = (
        Member.objects.filter(level__gte=Level.L2, verified_until__gt=now, suspended_at__isnull=True)
        .values_list("member_class")
        .annotate(members=Count("pk"))
    )
    return {MemberClass(name): members for name, members in rows}


def count_verified(now: datetime) -> int:
    """Physicians at level L2 or higher whose verification is valid."""
    return Member.objects.filter(_valid_physicians(now)).count()


def count_registered() -> int:
    """All members with an account, verified or not."""
    return Member.objects.filter(erased_at=None).count()


def list_active_counts(now: datetime, days: Sequence[int]) -> list[int]:
    """Valid verified members whose last request was within so many days, one count for each of ``days``."""
    valid = _valid_physicians(now)
    counts = Member.objects.aggregate(
        **{f"in_{n}": Count("pk", filter=valid & Q(active_on__gt=now.date() - timedelta(days=n))) for n in days}
    )
    return [counts[f"in_{n}"] for n in days]


def count_by_stratum(now: datetime) -> dict[Stratum, int]:
    """Valid verified members by coarse stratum."""
    rows = (
        Member.objects.filter(_valid_physicians(now))
        .values_list("specialty_group", "state", "sex", "career")
        .annotate(members=Count("pk"))
    )
    counts: dict[Stratum, int] = {}
    for group, state, sex, career, members in rows:
        stratum = coarsen(group, state, sex, career)
        counts[stratum] = counts.get(stratum, 0) + members
    return counts


def find_member_id(email: str) -> int | None:
    """The member of an account address, for operators who give roles; or None."""
    return Member.objects.filter(account__email=email.strip().lower()).values_list("pk", flat=True).first()


def list_by_stratum(now: datetime) -> dict[Stratum, list[int]]:
    """Numbers of the valid verified members of each coarse stratum, rising: the frame that a sample is drawn from."""
    found: dict[Stratum, list[int]] = {}
    rows = (
        Member.objects.filter(_valid_physicians(now))
        .order_by("pk")
        .values_list("pk", "specialty_group", "state", "sex", "career")
    )
    for pk, group, state, sex, career in rows.iterator(chunk_size=5000):
        found.setdefault(coarsen(group, state, sex, career), []).append(pk)
    return found


def get_state(member_id: int) -> str:
    """State of a member's record."""
    return Member.objects.values_list("state", flat=True).get(pk=member_id)


def get_specialty_group(member_id: int) -> str:
    """Specialty group of a member's record; empty for who has none."""
    return Member.objects.values_list("specialty_group", flat=True).get(pk=member_id)


def find_members_by_handle(handles: Iterable[str]) -> dict[str, int]:
    """Members by handle, whatever the case of the letters: lower-case handle → member."""
    rows = Member.objects.annotate(low=Lower("handle")).filter(low__in=[each.lower() for each in handles])
    return dict(rows.values_list("low", "pk"))
