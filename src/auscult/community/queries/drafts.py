"""Drafts of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auscult.community.models import Draft
from auscult.shared.refusals import NotFound
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class DraftLine:
    """One draft."""

    draft_id: int
    kind: str
    posting_id: int | None
    posting: str
    parent: int
    title: str
    body: str
    saved_at: datetime


def list_drafts(standing: Standing) -> list[DraftLine]:
    """One's drafts, newest first.

    Raises:
        NotAllowed: nobody is signed in.
    """
    rows = (
        Draft.objects.filter(member_id=standing.require_member())
        .order_by("-saved_at")
        .values_list("pk", "kind", "posting_id", "posting__title", "parent", "fields", "saved_at")
    )
    return [
        DraftLine(pk, kind, posting, title or "", parent, fields.get("title", ""), fields.get("body", "")[:200], at)
        for pk, kind, posting, title, parent, fields, at in rows
    ]


def find_draft_fields(standing: Standing, draft_id: int) -> dict[str, str]:
    """What one's draft of a posting or case holds.

    Raises:
        NotFound: none, or somebody else's.
    """
    found = Draft.objects.filter(pk=draft_id, member_id=standing.member_id or 0).exclude(kind=Draft.Kind.COMMENT)
    fields: dict[str, str] | None = found.values_list("fields", flat=True).first()
    if fields is None:
        raise NotFound
    return fields


def find_comment_draft(standing: Standing, posting_id: int, parent: int) -> str:
    """What one began to write under a posting or a comment; empty for nothing."""
    found = Draft.objects.filter(
        member_id=standing.member_id or 0, posting_id=posting_id, parent=parent, kind=Draft.Kind.COMMENT
    )
    fields: dict[str, str] | None = found.values_list("fields", flat=True).first()
    return fields.get("body", "") if fields else ""
