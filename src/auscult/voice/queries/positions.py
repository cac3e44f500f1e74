"""Reads about positions and what physicians answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from auscult.publishing.replies import ReplyBox, get_reply_box
from auscult.shared.refusals import NotFound
from auscult.shared.standing import Standing
from auscult.voice.models import Position, PositionComparison


@dataclass(frozen=True)
class DomainLine:
    """How many of one group agree with the position."""

    words: str
    base: int
    raw_share: float
    share: float
    low: float
    high: float
    standard_error: float
    n_effective: float


@dataclass(frozen=True)
class ComparisonBox:
    """One published question beside the position.

    Attributes:
        lines: members of the organisation, then others; empty where ``refused`` says why.
        gap: weighted share of members minus that of others.
        gap_shows: whether it is larger than 1.96 standard errors, the two groups taken as independent.
    """

    release: int
    title: str
    subject: str
    because: str
    wording: str
    choice: str
    lines: list[DomainLine]
    gap: float | None
    gap_shows: bool
    everyone: float
    refused: str


@dataclass(frozen=True)
class PositionLine:
    """One position in a list."""

    position_id: int
    organisation: str
    topic: str
    title: str
    stated_on: date


@dataclass(frozen=True)
class PositionPage:
    """A position, what physicians answer, and the reply."""

    position_id: int
    organisation: str
    organisation_slug: str
    topic: str
    topic_slug: str
    title: str
    text: str
    source: str
    stated_on: date
    stated_by: str
    published_at: datetime
    record_index: int
    comparisons: list[ComparisonBox]
    reply_box: ReplyBox


def list_positions(*, organisation_id: int | None = None, limit: int = 50) -> list[PositionLine]:
    """Newest positions, of one organisation or of all."""
    rows = Position.objects.all()
    if organisation_id is not None:
        rows = rows.filter(organisation_id=organisation_id)
    return [
        PositionLine(*row)
        for row in rows.values_list("pk", "organisation__name", "topic__name", "title", "stated_on")[:limit]
    ]


def get_position_page(standing: Standing, position_id: int) -> PositionPage:
    """One position, in five queries.

    Raises:
        NotFound: no such position.
    """
    position = Position.objects.select_related("organisation", "topic", "representative").filter(pk=position_id).first()
    if position is None:
        raise NotFound("There is no position of that number.")
    comparisons = PositionComparison.objects.filter(position=position).values_list(
        "release_id", "release__title", "release__freeze", "release__results", "question", "choice"
    )
    return PositionPage(
        position.pk,
        position.organisation.name,
        position.organisation.slug,
        position.topic.name,
        position.topic.slug,
        position.title,
        position.text,
        position.source,
        position.stated_on,
        position.representative.public_name if position.representative else "",
        position.published_at,
        position.record_index,
        [_compare(position.organisation.name, *row) for row in comparisons],
        get_reply_box(standing, f"position:{position.pk}", organisations=frozenset({position.organisation_id})),
    )


def _compare(
    organisation: str,
    release: int,
    title: str,
    freeze: dict[str, Any],
    results: dict[str, Any],
    question: str,
    choice: str,
) -> ComparisonBox:
    asked = next(q for q in freeze["questions"] if q["code"] == question)
    label = next(c["label"] for c in asked["choices"] if c["code"] == choice)
    overall = next(q for q in results["questions"] if q["question"] == question)
    everyone = next(a for a in overall["answers"] if a["answer"] == choice)
    lines = {}
    for row in results["domains"] or []:
        if row["question"] != question:
            continue
        answer = next(a for a in row["answers"] if a["answer"] == choice)
        words = f"members of {organisation}" if row["domain"] == "members" else "other members here"
        lines[row["domain"]] = DomainLine(
            words,
            row["base"],
            answer["raw_share"],
            answer["share"],
            answer["low"],
            answer["high"],
            answer["standard_error"],
            answer["n_effective"],
        )
    gap = spread = None
    if len(lines) == 2:
        own, others = lines["members"], lines["others"]
        gap, spread = own.share - others.share, math.hypot(own.standard_error, others.standard_error)
    ordered = [lines[domain] for domain in ("members", "others") if domain in lines]
    return ComparisonBox(
        release,
        title,
        results["card"]["subject"],
        results["card"]["because"],
        asked["wording"],
        label,
        ordered,
        gap,
        gap is not None and spread is not None and abs(gap) > 1.96 * spread,
        everyone["share"] if everyone["share"] is not None else everyone["raw_share"],
        results["domains_refused"] or "",
    )
