"""Reads about one's own signatures, and how addressees answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import OuterRef, Subquery

from auscult.shared.personal import rows_of
from auscult.shared.standing import Standing
from auscult.voice import rules
from auscult.voice.models import Appeal, AppealVersion, Delivery, Issue, MandateStatement, Signature
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


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """A member's mandates, signatures, appeals and issues, to take away."""
    member = standing.require_member()
    return {
        "Mandates (the last statement on a topic counts)": rows_of(
            MandateStatement.objects.filter(member_id=member),
            topic="topic__name", organisation="organisation__name", stance="stance", stated_at="stated_at",
            expires_at="expires_at",
        ),
        "Signatures": rows_of(
            Signature.objects.filter(member_id=member),
            appeal="version__appeal__title", version="version__number", sha256_of_the_text="version__sha256",
            shown_as="display", specialty="specialty", state_shown="us_state", nonce="nonce", state="state",
            signed_at="signed_at", withdrawn_at="withdrawn_at",
        ),
        "Appeals drafted": rows_of(
            Appeal.objects.filter(author_id=member), title="title", state="state", drafted_at="drafted_at"
        ),
        "Issues opened": rows_of(
            Issue.objects.filter(opened_by_id=member), title="title", summary="summary", opened_at="opened_at"
        ),
    }  # fmt: skip
