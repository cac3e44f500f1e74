"""The monthly count of mandates: from private statements to published figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
from django.db import connection

from auscult.members.queries.standing import count_verified
from auscult.organisations.models import Organisation
from auscult.organisations.queries import SPEAKING_KINDS
from auscult.registry.queries import STRATUM_VARIABLES, find_frame
from auscult.registry.rules import coarsen
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.mandates import FEWEST_STATEMENTS, Stance, mandate_figures
from auscult.statistics.results import CellTable, Population, estimate_survey
from auscult.surveys.rules import FEWEST_FOR_WEIGHTS
from auscult.voice import rules
from auscult.voice.models import MandateSnapshot
from auscult.voice.rules import StatementNow

_Pair = tuple[int, int | None]

# The last row of each member about each organisation, as of an instant, of members whose verification is valid then.
_IN_FORCE = """
    SELECT s.id, s.member_id, s.organisation_id, s.stance, s.stated_at, s.expires_at > %(at)s AND s.stance <> 'revoked',
           s.stance = 'revoked', m.specialty_group, m.state, m.sex, m.career, m.verified_at
    FROM (
        SELECT DISTINCT ON (member_id, organisation_id) *
        FROM voice_mandatestatement WHERE topic_id = %(topic)s AND stated_at <= %(at)s
        ORDER BY member_id, organisation_id, id DESC
    ) AS s JOIN members_member AS m ON m.id = s.member_id
    WHERE m.level >= 2 AND m.verified_until > %(at)s AND m.suspended_at IS NULL
"""


@dataclass(frozen=True)
class TopicCount:
    """Figures of one topic: a list of organisations, in the order of their names."""

    eligible: int
    figures: list[dict[str, Any]]


@dataclass
class _InForce:
    """Statements in force at one instant."""

    statements: dict[_Pair, StatementNow]
    revoked: set[_Pair]
    cells: dict[int, tuple[str, ...]]
    joined_at: dict[int, datetime]


def _read(topic_id: int, at: datetime) -> _InForce:
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, {"topic": topic_id, "at": at})
        rows = cursor.fetchall()
    found = _InForce({}, set(), {}, {})
    coarse: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row, member, organisation, stance, stated_at, in_force, revoked, *fine, joined_at in rows:
        if in_force:
            found.statements[member, organisation] = StatementNow(row, stance, stated_at)
        elif revoked:
            found.revoked.add((member, organisation))
        key = tuple(fine)
        if key not in coarse:
            stratum = coarsen(*fine)
            coarse[key] = tuple(getattr(stratum, variable) for variable in STRATUM_VARIABLES)
        found.cells[member], found.joined_at[member] = coarse[key], joined_at
    return found


def _read_affiliations(members: Collection[int]) -> dict[int, set[int]]:
    """Organization → those of some members who belong to it, in one query for all organizations."""
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation_id, member_id FROM organisations_affiliation "
            "WHERE member_id = ANY(%s) AND ended_at IS NULL",
            [list(members)],
        )
        for organisation_id, member_id in cursor.fetchall():
            found[organisation_id].add(member_id)
    return found


def count_topic(topic_id: int, now: datetime, before: MandateSnapshot | None) -> TopicCount:
    """Count one topic.

    Args:
        before: the last snapshot, for flows, for the waiting badge, and for figures that may not move yet.
    """
    eligible = count_verified(now)
    present = _read(topic_id, now)
    belonging = _read_affiliations(present.cells)
    frame = find_frame()
    shown_before = {row["slug"]: row for row in before.figures} if before else {}
    # Compared with what was counted last for each organisation, not with the month before: small changes add up.
    past: dict[str, _InForce] = {}
    figures = []
    # Every organisation that may speak for physicians has its row: that one is there tells nothing.
    for organisation in Organisation.objects.filter(kind__in=SPEAKING_KINDS).order_by("name"):
        old = shown_before.get(organisation.slug)
        since = old["counted_at"] if old else ""
        if since not in past:
            past[since] = _read(topic_id, datetime.fromisoformat(since)) if since else _InForce({}, set(), {}, {})
        flows = rules.count_flows(
            _about(past[since], organisation.pk), _about(present, organisation.pk), _revoked(present, organisation.pk)
        )
        if old and not old["withheld"] and rules.count_changes(flows) < rules.FEWEST_CHANGES:
            # The figures stay; a verdict that has held for two counts is a badge.
            figures.append(old | {"repeated": True, "waits": False, "badge": old["verdict"]})
            continue
        figures.append(
            {
                "slug": organisation.slug,
                "organisation": organisation.name,
                "repeated": False,
                "counted_at": now.isoformat(),
            }
            | _figures(
                organisation, present, belonging[organisation.pk], eligible, now, old, frame.margins if frame else None
            )
            | {"flows": rules.publishable_flows(flows) if old and not old["withheld"] else None}
        )
    return TopicCount(eligible, figures)


def _about(found: _InForce, organisation_id: int) -> dict[int, StatementNow]:
    """What each member says of one organisation; «nobody» says that it does not speak for its author."""
    said = {
        member: StatementNow(statement.row, Stance.DOES_NOT.value, statement.stated_at)
        for (member, about), statement in found.statements.items()
        if about is None
    }
    return said | {
        member: statement for (member, about), statement in found.statements.items() if about == organisation_id
    }


def _revoked(found: _InForce, organisation_id: int) -> set[int]:
    return {member for member, about in found.revoked if about in {organisation_id, None}}


def _figures(
    organisation: Organisation,
    present: _InForce,
    belonging: set[int],
    eligible: int,
    now: datetime,
    old: dict[str, Any] | None,
    population: Population | None,
) -> dict[str, Any]:
    named = sum(about == organisation.pk for _, about in present.statements)
    if named < FEWEST_STATEMENTS:
        return {"withheld": True}
    statements = _about(present, organisation.pk)
    stances = {member: Stance(statement.stance) for member, statement in statements.items()}
    counts = Counter(stance.value for stance in stances.values())
    met_before = bool(old and not old["withheld"] and old["verdict"] == "mandated")
    result = mandate_figures(counts, eligible, met_before=met_before)
    weighted, refused, n_effective = _weighted(present, stances, counts, population)
    unknown = {"weighted": None, "weighted_low": None, "weighted_high": None}
    result["shares"] = [share | weighted.get(share["stance"], unknown) for share in result["shares"]]
    members = list(stances)
    days = Counter(statement.stated_at.date() for statement in statements.values())
    belong = len(belonging.intersection(members))
    joined = sum(present.joined_at[member] > now - rules.RECENTLY_JOINED for member in members)
    return result | {
        "withheld": False,
        "n_effective": n_effective,
        "weighting_refused": refused,
        "nobody_share": rules.publishable_share(len(members) - named, len(members)),
        "belong_share": rules.publishable_share(belong, len(members)),
        "recently_joined_share": rules.publishable_share(joined, len(members)),
        "median_age_days": float(median((now - statement.stated_at).days for statement in statements.values())),
        "largest_day_share": rules.publishable_share(max(days.values()), len(members)),
    }


def _weighted(
    present: _InForce, stances: dict[int, Stance], counts: Counter[str], population: Population | None
) -> tuple[dict[str, dict[str, float]], str, float | None]:
    """Weighted shares by stance, or why there are none; and the effective number of statements."""
    if population is None:
        return {}, "No register is loaded, so there is no population to weight to.", None
    if min(counts.values()) < FEWEST_STATEMENTS:
        # A weight would tell to which group the few belong.
        return {}, f"An answer has fewer than {FEWEST_STATEMENTS} statements, and a weight would tell of whom.", None
    if len(stances) < FEWEST_FOR_WEIGHTS:
        return {}, f"A weighted share needs at least {FEWEST_FOR_WEIGHTS} statements.", None
    cells = sorted({present.cells[member] for member in stances})
    index = {cell: row for row, cell in enumerate(cells)}
    order = {stance: column for column, stance in enumerate(Stance)}
    table = np.zeros((len(cells), len(order)))
    for member, stance in stances.items():
        table[index[present.cells[member]], order[stance]] += 1
    choices = {"stance": tuple(stance.value for stance in Stance)}
    try:
        estimates = estimate_survey(
            CellTable(STRATUM_VARIABLES, tuple(cells), table.sum(axis=1), choices, {"stance": table}), population
        )
    except CannotEstimate as error:
        return {}, str(error), None
    return (
        {
            share.answer: {
                "weighted": share.share, "weighted_low": share.interval.low, "weighted_high": share.interval.high,
            }
            for share in estimates.questions["stance"].shares
        },
        "",
        estimates.n_effective,
    )  # fmt: skip
