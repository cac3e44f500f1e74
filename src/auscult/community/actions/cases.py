"""Clinical cases: the gate before publication, and what solved them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from auscult.community import access
from auscult.community.actions.postings import create_posting
from auscult.community.deidentification import find_identifiers, finding_key, remove_findings
from auscult.community.gate import find_open, keep_in_mind, text_of
from auscult.community.models import Comment, Notification, Posting
from auscult.community.rules.cases import SHORTEST_REASON, CaseState
from auscult.community.rules.moderation import WordsState
from auscult.community.rules.notifying import Kind
from auscult.shared import audit
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing


class CannotPublishCase(Refused):
    """The case stays a draft."""


class CannotAnswerFinding(Refused):
    """The reason was not taken."""


class CannotSolveCase(Refused):
    """The case was not marked as solved."""


def answer_finding(*, standing: Standing, now: datetime, draft_id: int, key: str, reason: str) -> None:
    """Keep what the gate found, with a reason; the reason stays with the case for moderators.

    Who may: the author of the draft.

    Raises:
        NotFound: no such draft, or somebody else's.
        CannotAnswerFinding: the reason says nothing, or the gate did not find that.
    """
    with transaction.atomic():
        draft = access.load_draft_to_write(standing, draft_id)
        if len(reason.strip()) < SHORTEST_REASON:
            raise CannotAnswerFinding("Say in a few words why this cannot tell who the patient is.")
        known = keep_in_mind(text_of(draft.fields), draft.reasons)
        if key not in {finding_key(each) for each in find_identifiers(text_of(draft.fields), known)}:
            raise CannotAnswerFinding("This does not stand in the text any more.")
        draft.reasons = known | {key: reason.strip()[:300]}
        draft.save(update_fields=["reasons"])
        audit.record("community.finding.answer", standing=standing, thing=f"draft:{draft_id}", now=now)


def replace_findings(*, standing: Standing, now: datetime, draft_id: int, keys: Sequence[str] = ()) -> int:
    """Put the suggested words in place of what the gate found.

    Args:
        keys: keys of the findings; all open ones where empty.

    Returns:
        How many were replaced.

    Raises:
        NotFound: no such draft, or somebody else's.
    """
    with transaction.atomic():
        draft = access.load_draft_to_write(standing, draft_id)
        draft.reasons, count = keep_in_mind(text_of(draft.fields), draft.reasons), 0
        for field in ("title", "body"):
            text = draft.fields.get(field, "")
            chosen = [each for each in find_open(text, draft.reasons) if not keys or finding_key(each) in keys]
            draft.fields[field] = remove_findings(text, chosen)
            count += len(chosen)
        draft.save(update_fields=["fields", "reasons"])
        audit.record("community.finding.replace", standing=standing, thing=f"draft:{draft_id}", now=now, count=count)
    return count


def publish_case(*, standing: Standing, now: datetime, draft_id: int) -> Posting:
    """Publish a case whose findings are all removed or answered.

    Who may: its author, a verified member with a handle.

    Raises:
        NotFound: no such draft, or somebody else's.
        CannotPublishCase: findings wait for an answer, or it says not what kind of case it is.
        NotAllowed, CannotCreatePosting, CannotTakePictures, CannotWrite: as for any posting.
    """
    with transaction.atomic():
        draft = access.load_draft_to_write(standing, draft_id, lock=True)
        fields = draft.fields
        if fields.get("case_state") not in set(CaseState):
            raise CannotPublishCase("Say whether the case is unsolved, solved, or told as a case study.")
        waiting = find_open(text_of(draft.fields), draft.reasons)
        if waiting:
            raise CannotPublishCase(
                f"{len(waiting)} finding{'s wait' if len(waiting) > 1 else ' waits'}: replace each, or say why it stays."
            )
        posting = create_posting(
            standing=standing,
            now=now,
            title=fields.get("title", ""),
            body=fields.get("body", ""),
            topic=fields.get("topic", ""),
            draft_id=draft_id,
            case_state=CaseState(fields["case_state"]),
            kept_findings={key: reason for key, reason in draft.reasons.items() if reason},
        )
        audit.record(
            "community.case.publish",
            standing=standing,
            thing=f"posting:{posting.pk}",
            now=now,
            kept=len(posting.kept_findings),
        )
    return posting


def solve_case(*, standing: Standing, now: datetime, posting_id: int, number: int) -> None:
    """Say which comment solved one's case; its author is told.

    Raises:
        NotFound: no such posting or comment, or somebody else's posting.
        Conflict: it was taken down.
        CannotSolveCase: it is no case, or one's own comment.
    """
    with transaction.atomic():
        posting = access.load_posting_to_edit(standing, posting_id)
        if not posting.case_state:
            raise CannotSolveCase("Only a case is solved.")
        comment = (
            Comment.objects.only("author_id").filter(posting=posting, number=number, state=WordsState.PUBLISHED).first()
        )
        if comment is None:
            raise CannotSolveCase("There is no such comment under this case.")
        posting.case_state, posting.solved_by = CaseState.SOLVED, number
        posting.save(update_fields=["case_state", "solved_by"])
        if comment.author_id != standing.member_id:
            Notification.objects.create(
                member_id=comment.author_id,
                kind=Kind.SOLVED,
                posting=posting,
                comment=comment,
                actor_id=standing.member_id,
                made_at=now,
            )
        audit.record("community.case.solve", standing=standing, thing=f"posting:{posting_id}", now=now)


def reopen_case(*, standing: Standing, now: datetime, posting_id: int) -> None:
    """Say that one's case is not solved after all.

    Raises:
        NotFound: no such posting, or somebody else's.
        CannotSolveCase: it is no solved case.
    """
    with transaction.atomic():
        posting = access.load_posting_to_edit(standing, posting_id)
        if posting.case_state != CaseState.SOLVED:
            raise CannotSolveCase("This is no solved case.")
        posting.case_state, posting.solved_by = CaseState.UNSOLVED, None
        posting.save(update_fields=["case_state", "solved_by"])
        audit.record("community.case.reopen", standing=standing, thing=f"posting:{posting_id}", now=now)
