"""Writes of the community."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from auscult.community import access, markup, rules
from auscult.community.models import Comment, Posting, UsefulnessRating
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.questionnaire.document import Question
from auscult.surveys.rules import poll as make_poll


class CannotCreatePosting(Refused):
    """The posting was not taken."""


class CannotAddComment(Refused):
    """The comment was not taken."""


class CannotRateUsefulness(Refused):
    """The rating was not taken."""


@dataclass(frozen=True)
class PollDraft:
    """A poll to attach to a posting."""

    questions: Sequence[Question]
    closes_at: datetime
    universe: str = ""
    compared_with: str = ""


def create_posting(
    *, standing: Standing, now: datetime, title: str, body: str, topic: str, poll: PollDraft | None = None
) -> Posting:
    """Post, with a community poll or without.

    Who may: a verified member with a handle. What changes: the posting; its poll is frozen and open at once.

    Args:
        body: Markdown.
        topic: slug.

    Raises:
        NotAllowed: not verified, or no handle.
        CannotCreatePosting: title, text or topic will not do.
        CannotDraftSurvey, CannotOpenSurvey: the poll will not do.
    """
    standing.require(Permission.POSTING_CREATE, "Only members whose verification is valid post.")
    access.require_handle(standing)
    problem = rules.posting_problem(title, body)
    if problem:
        raise CannotCreatePosting(problem)
    with transaction.atomic():
        found = Topic.objects.filter(slug=topic).first()
        if found is None:
            raise CannotCreatePosting("Choose a topic.")
        survey = None
        if poll:
            drafted = draft_survey(
                standing=standing,
                now=now,
                questionnaire=make_poll(title, poll.questions),
                instrument=Instrument.COMMUNITY_POLL,
                closes_at=poll.closes_at,
                universe=poll.universe,
                compared_with=poll.compared_with,
            )
            survey = open_survey(standing=standing, now=now, survey_id=drafted.pk)
        posting = Posting.objects.create(
            author_id=standing.require_member(),
            topic=found,
            title=title.strip(),
            body=body,
            html=markup.to_html(body),
            survey=survey,
            posted_at=now,
        )
        audit.record("community.posting.create", standing=standing, thing=f"posting:{posting.pk}", now=now)
    return posting


def add_comment(
    *, standing: Standing, now: datetime, posting_id: int, body: str, parent_id: int | None = None
) -> Comment:
    """Comment on a posting, or on a comment of it.

    Who may: a verified member with a handle.

    Raises:
        NotFound: no such posting.
        NotAllowed: not verified, or no handle.
        CannotAddComment: empty, too long, or an answer to a comment that is not under this posting.
    """
    with transaction.atomic():
        posting = access.load_posting_to_read(standing, posting_id)
        standing.require(Permission.COMMENT_CREATE, "Only members whose verification is valid comment.")
        access.require_handle(standing)
        problem = rules.comment_problem(body)
        if problem:
            raise CannotAddComment(problem)
        parent = Comment.objects.filter(pk=parent_id, posting=posting).first() if parent_id else None
        if parent_id and parent is None:
            raise CannotAddComment("The comment you answer is not here any more.")
        comment = Comment.objects.create(
            posting=posting,
            author_id=standing.require_member(),
            parent=parent,
            thread_id=(parent.thread_id or parent.pk) if parent else None,
            body=body,
            html=markup.to_html(body),
            commented_at=now,
        )
        Posting.objects.filter(pk=posting.pk).update(comments=F("comments") + 1, commented_at=now)
        audit.record("community.comment.create", standing=standing, thing=f"comment:{comment.pk}", now=now)
    return comment


def rate_usefulness(*, standing: Standing, now: datetime, posting_id: int, value: int) -> None:
    """Rate how useful a posting is, or change the rating.

    Who may: a verified member, not on the own posting.

    Raises:
        NotFound: no such posting.
        NotAllowed: not verified.
        CannotRateUsefulness: the own posting, or a value out of range.
    """
    with transaction.atomic():
        posting = access.load_posting_to_read(standing, posting_id)
        standing.require(Permission.USEFULNESS_RATE, "Only members whose verification is valid rate.")
        if value not in rules.USEFULNESS:
            raise CannotRateUsefulness("Choose one of the ratings.")
        if posting.author_id == standing.member_id:
            raise CannotRateUsefulness("Others say how useful your posting is.")
        UsefulnessRating.objects.update_or_create(
            posting=posting, member_id=standing.require_member(), defaults={"value": value}
        )
        audit.record("community.usefulness.rate", standing=standing, thing=f"posting:{posting.pk}", now=now)


#: What stands where an author took the words away.
REMOVED = "Removed by its author."


def forget_member(*, standing: Standing, now: datetime, remove_words: bool) -> None:
    """Forget a member who erases the account; called by ``web.privacy`` in its transaction.

    What changes: ratings are deleted. Postings and comments stay without a handle, or where wanted without their words; the
    threads of others keep their shape.
    """
    member = standing.require_member()
    with transaction.atomic():
        UsefulnessRating.objects.filter(member_id=member).delete()
        if remove_words:
            gone = {"body": REMOVED, "html": f"<p>{REMOVED}</p>"}
            Comment.objects.filter(author_id=member).update(**gone)
            # A poll was asked in these words, and its result stays on record.
            Posting.objects.filter(author_id=member).update(**gone)
            Posting.objects.filter(author_id=member, survey=None).update(title=REMOVED)
        audit.record(
            "community.member.forget", standing=standing, thing=f"member:{member}", now=now, words=remove_words
        )
