"""Reads about one's own signatures, and how addressees answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import OuterRef, Subquery

from auscult.shared.standing import Standing
from auscult.voice import rules
from auscult.voice.models import AppealVersion, Delivery, Signature
from auscult.voice.queries.appeals import delivered_version, sentence_from, shown_versions
from auscult.voice.rules import AppealState, Scorecard


def get_scorecard(organisation_id: int, now: datetime) -> Scorecard | None:
    """How an organisation answers appeals, or None below five that were due."""
    rows = Delivery.objects.filter(addressee__organisation_id=organisation_id).values_list("sent_at", "answered_at")
    due = [(sent, answered) for sent, answered in rows if answered or now >= sent + rules.ANSWER_WITHIN]
    if len(due) < rules.FEWEST_FOR_SCORECARD:
        return None
    days = [(answered - sent).days for sent, answered in due if answered]
    return Scorecard(len(due), len(days), float(median(days)) if days else None)


@dataclass(frozen=True)
class OwnSignatureLine:
    """One's own signature, and whether the text has changed since."""

    appeal_id: int
    title: str
    version: int
    newest: int
    state: AppealState
    sentence: str
    nonce: str


def list_own_signatures(standing: Standing) -> list[OwnSignatureLine]:
    """Appeals that one signed, the newest first."""
    if standing.member_id is None:
        return []
    newest = AppealVersion.objects.filter(
        appeal=OuterRef("version__appeal"), state=AppealVersion.State.PUBLISHED
    ).order_by("-number")
    rows = (
        Signature.objects.filter(member_id=standing.member_id, state=Signature.State.VALID)
        .annotate(newest=Subquery(newest.values("number")[:1]))
        .select_related("version__appeal")
        .prefetch_related("version__appeal__versions__count", "version__appeal__addressees__delivery__version")
        .order_by("version__appeal_id", "-version__number")
        .distinct("version__appeal_id")
    )
    return [
        OwnSignatureLine(
            row.version.appeal_id,
            row.version.appeal.title,
            row.version.number,
            row.newest or row.version.number,
            AppealState(row.version.appeal.state),
            sentence_from(shown_versions(row.version.appeal.versions.all()), delivered_version(row.version.appeal)),
            row.nonce,
        )
        for row in reversed(rows[:20])
    ]
