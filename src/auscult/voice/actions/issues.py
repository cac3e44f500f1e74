"""Writes about issues."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from auscult.community.access import load_posting_to_read
from auscult.publishing import record
from auscult.publishing.models import Release
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice import access, rules
from auscult.voice.models import Issue, IssueStep, Position
from auscult.voice.rules import StepKind


class CannotOpenIssue(Refused):
    """The issue was not opened."""


class CannotAddStep(Refused):
    """The step was not added."""


class CannotCloseIssue(Refused):
    """The issue was not closed."""


def open_issue(*, standing: Standing, now: datetime, title: str, topic: str, summary: str) -> Issue:
    """Open an issue: one matter, followed to its end.

    Who may: a verified member, an editor or a moderator.

    Args:
        topic: slug.

    Raises:
        NotAllowed: none of these.
        CannotOpenIssue: title, summary or topic will not do.
    """
    if not standing.can(Permission.ISSUE_KEEP):
        standing.require(Permission.ISSUE_OPEN, "Only members whose verification is valid open issues.")
    problem = rules.issue_problem(title, summary)
    if problem:
        raise CannotOpenIssue(problem)
    found = Topic.objects.filter(slug=topic).first()
    if found is None:
        raise CannotOpenIssue("Choose a topic.")
    with transaction.atomic():
        issue = Issue.objects.create(
            title=title.strip(),
            topic=found,
            summary=rules.tidy(summary),
            opened_by_id=standing.require_member(),
            opened_at=now,
        )
        audit.record("voice.issue.open", standing=standing, thing=f"issue:{issue.pk}", now=now)
    return issue


def add_step(*, standing: Standing, now: datetime, issue_id: int, kind: StepKind, number: int) -> IssueStep:
    """Add a posting, a result, a position or an appeal to an issue. Deliveries, answers and silences follow from appeals.

    Who may: who opened the issue, an editor or a moderator; what is added must be theirs to read.

    Args:
        kind: one of the four.
        number: of the thing.

    Raises:
        NotFound: no such issue.
        NotAllowed: somebody else's issue, or a posting for who may not read postings.
        CannotAddStep: no such thing, another kind, the issue is closed, or the thing is in it already.
    """
    with transaction.atomic():
        issue = access.load_issue_to_keep(standing, issue_id)
        if issue.closed_at is not None:
            raise CannotAddStep("This issue has ended.")
        try:
            with transaction.atomic():
                step = IssueStep.objects.create(issue=issue, kind=kind, linked_at=now, **_thing(standing, kind, number))
        except IntegrityError as error:
            raise CannotAddStep("That is part of this issue already.") from error
        audit.record("voice.step.add", standing=standing, thing=f"issue:{issue.pk}", now=now, kind=kind.value)
    return step


def _thing(standing: Standing, kind: StepKind, number: int) -> dict[str, int]:
    try:
        if kind == StepKind.POSTING:
            return {"posting_id": load_posting_to_read(standing, number).pk}
        if kind == StepKind.APPEAL:
            appeal = access.load_appeal_to_read(standing, number)
            if appeal.state not in access.PUBLIC:
                raise CannotAddStep("An appeal joins an issue once it is open.")
            return {"appeal_id": appeal.pk}
    except NotFound as error:
        raise CannotAddStep(f"There is no {kind.value} {number} that you may read.") from error
    if kind == StepKind.RESULT and Release.objects.filter(pk=number).exists():
        return {"release_id": number}
    if kind == StepKind.POSITION and Position.objects.filter(pk=number).exists():
        return {"position_id": number}
    if kind in {StepKind.RESULT, StepKind.POSITION}:
        raise CannotAddStep(f"There is no {kind.value} {number}.")
    raise CannotAddStep("Only postings, results, positions and appeals are added; the rest follows from them.")


def remove_step(*, standing: Standing, now: datetime, issue_id: int, step_id: int) -> None:
    """Take something out of an issue again; the thing itself stays where it is.

    Who may: who opened the issue, an editor or a moderator.

    Raises:
        NotFound: no such issue or step.
        NotAllowed: somebody else's issue.
        CannotAddStep: the issue has ended.
    """
    with transaction.atomic():
        issue = access.load_issue_to_keep(standing, issue_id)
        if issue.closed_at is not None:
            raise CannotAddStep("This issue has ended.")
        removed, _ = IssueStep.objects.filter(pk=step_id, issue=issue).delete()
        if not removed:
            raise NotFound
        audit.record("voice.step.remove", standing=standing, thing=f"issue:{issue.pk}", now=now)


def close_issue(*, standing: Standing, now: datetime, issue_id: int, outcome: str) -> Issue:
    """End an issue with a sentence on what came of it.

    Who may: who opened it, an editor or a moderator. What follows: an entry in the record.

    Raises:
        NotFound: no such issue.
        NotAllowed: somebody else's.
        CannotCloseIssue: ended already, or no words.
    """
    with transaction.atomic():
        issue = access.load_issue_to_keep(standing, issue_id)
        words = rules.tidy(outcome)[:500]
        if issue.closed_at is not None or not words:
            raise CannotCloseIssue("An issue ends once, with a sentence on what came of it.")
        issue.outcome, issue.closed_at = words, now
        issue.save(update_fields=["outcome", "closed_at"])
        record.append_and_sign(
            "issue.closed", {"thing": f"issue:{issue.pk}", "title": issue.title, "outcome": words}, at=now
        )
        audit.record("voice.issue.close", standing=standing, thing=f"issue:{issue.pk}", now=now)
    return issue
