"""Drafts, which save themselves while a member writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from auscult.community import access
from auscult.community.models import Draft
from auscult.community.rules import writing
from auscult.shared import audit
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.standing import Standing

#: What a draft keeps of a form.
FIELDS = ("title", "body", "topic", "question", "choices", "days", "compared_with", "case_state", "organisation")
MOST_DRAFTS = 50


class CannotSaveDraft(Refused):
    """The draft was not saved."""


def save_draft(
    *,
    standing: Standing,
    now: datetime,
    draft_id: int | None,
    kind: str,
    posting_id: int | None,
    parent: int,
    fields: Mapping[str, str],
) -> int:
    """Save what a member is writing. Nobody else sees it, and no event is written: it would tell when somebody types.

    Who may: whoever reads.

    Args:
        draft_id: draft to save into; None for a new one.
        posting_id, parent: for a comment, what it is written under (0: the posting itself).
        fields: of them, ``FIELDS`` are kept.

    Returns:
        Number of the draft.

    Raises:
        NotFound: somebody else's draft, or no such posting.
        CannotSaveDraft: too long, too many, or of no kind.
    """
    access.require_reading(standing)
    member = standing.require_member()
    kept = {key: fields[key] for key in FIELDS if fields.get(key)}
    if kind not in Draft.Kind.values or any(len(value) > 2 * writing.LONGEST_POSTING for value in kept.values()):
        raise CannotSaveDraft("This draft is too long to be saved.")
    with transaction.atomic():
        if kind == Draft.Kind.COMMENT:
            if posting_id is None:
                raise CannotSaveDraft("A comment is written under a posting.")
            posting = access.load_posting_to_read(standing, posting_id)
            draft, _ = Draft.objects.update_or_create(
                member_id=member, posting=posting, parent=parent, kind=kind, defaults={"fields": kept, "saved_at": now}
            )
            return draft.pk
        if draft_id is not None:
            if not Draft.objects.filter(pk=draft_id, member_id=member, kind=kind).update(fields=kept, saved_at=now):
                raise NotFound
            return draft_id
        if Draft.objects.filter(member_id=member).count() >= MOST_DRAFTS:
            raise CannotSaveDraft(f"You have {MOST_DRAFTS} drafts; discard one first.")
        return Draft.objects.create(member_id=member, kind=kind, fields=kept, saved_at=now).pk


def discard_draft(*, standing: Standing, now: datetime, draft_id: int) -> None:
    """Discard one's draft.

    Raises:
        NotFound: none, or somebody else's.
    """
    with transaction.atomic():
        if not Draft.objects.filter(pk=draft_id, member_id=standing.member_id or 0).delete()[0]:
            raise NotFound
        audit.record("community.draft.discard", standing=standing, thing=f"draft:{draft_id}", now=now)
