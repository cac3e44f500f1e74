"""Comments, and ratings of usefulness."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, Sum
from django.db.models.aggregates import Count

from auscult.community import access
from auscult.community.actions import limits, notifying
from auscult.community.actions.connections import labels_of
from auscult.community.deidentification import IdentifierClass
from auscult.community.gate import problem_of
from auscult.community.models import Comment, Posting, Revision, UsefulnessRating
from auscult.community.rules import ranking, writing
from auscult.community.rules.moderation import WordsState
from auscult.community.words import render
from auscult.organisations.access import load_representative
from auscult.organisations.rules import Power
from auscult.shared import audit
from auscult.shared.refusals import Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


class CannotAddComment(Refused):
    """The comment was not taken."""


class CannotEditComment(Refused):
    """The comment was not changed."""


class CannotRateUsefulness(Refused):
    """The rating was not taken."""


def add_comment(
    *,
    standing: Standing,
    now: datetime,
    posting_id: int,
    body: str,
    parent: int | None = None,
    organisation_id: int | None = None,
) -> Comment:
    """Comment on a posting, or answer a comment of it.

    Who may: a verified member with a handle; or a representative who answers in the name of an organisation. What follows:
    the posting's author, who is answered, mentioned or quoted, and its followers are told. The same words sent again at once,
    as over a bad line, are the comment that is there already.

    Args:
        parent: number of the comment that is answered.
        organisation_id: for a comment in the name of an organisation.

    Raises:
        NotFound: no such posting.
        NotAllowed: not verified, no handle, or no appointment with the power to post.
        Conflict: the posting was taken down.
        CannotAddComment: empty, too long, locked, or an answer to a comment that is not under this posting.
        CannotWrite: a sanction, slow mode or a limit is in force.
    """
    with transaction.atomic():
        posting = access.load_posting_to_answer(standing, posting_id)
        appointed = None
        if organisation_id is not None:
            appointed = load_representative(standing, organisation_id, Power.POST)
        else:
            standing.require(Permission.COMMENT_CREATE, "Only members whose verification is valid comment.")
            access.require_handle(standing)
        member = standing.require_member()
        problem = writing.comment_problem(body)
        if problem:
            raise CannotAddComment(problem)
        found = _what_tells_of_patient(posting, member, body)
        if found:
            raise CannotAddComment(found)
        if posting.locked_at is not None:
            raise CannotAddComment("A moderator has locked this thread; it can be read.")
        sent_before, has_commented, path, answered, state = _read_place(posting.pk, member, parent, body, now)
        if sent_before is not None:
            return Comment.objects.defer("search").get(pk=sent_before)
        limits.require_may_comment(standing=standing, now=now, posting=posting, body=body)
        if parent is not None and state != WordsState.PUBLISHED:
            raise CannotAddComment("The comment you answer is not here any more.")
        words = render(body)
        voices = posting.voices + (member != posting.author_id and not has_commented)
        comment = Comment(
            posting=posting,
            author_id=member,
            number=posting.comments + 1,
            path=writing.path_of(posting.comments + 1, path),
            answers=parent,
            body=body,
            html=words.html,
            representative=appointed,
            connections=[] if appointed else labels_of(member, now, posting.topic_id),
            commented_at=now,
        )
        _store(comment, voices, ranking.rank_hours(posting.posted_at, voices, posting.useful))
        audit.record("community.comment.create", standing=standing, thing=f"comment:{comment.pk}", now=now)
        limits.look_for_spam(posting=posting, comment_id=comment.pk, member=member, text=body, now=now)
        notifying.tell_of_comment(posting, comment, answered=answered, words=words, actor=member, now=now)
    return comment


_MAY_STAND = (IdentifierClass.URL, IdentifierClass.PHOTOGRAPH)


def _what_tells_of_patient(posting: Posting, member: int, body: str) -> str:
    """Who wrote a case knows the patient: what they add beneath it goes through the gate too, but for links and quotations."""
    if not posting.case_state or member != posting.author_id:
        return ""
    own = "\n".join(line for line in body.splitlines() if not line.startswith(">"))
    return problem_of(own, posting.kept_findings, but=_MAY_STAND)


_PLACE = """
    SELECT (SELECT id FROM community_comment WHERE author_id = %(author)s AND commented_at > %(since)s
                AND commented_at <= %(now)s AND posting_id = %(posting)s AND COALESCE(answers, 0) = %(parent)s
                AND body = %(body)s AND state = 'published' ORDER BY commented_at DESC LIMIT 1),
           EXISTS (SELECT FROM community_comment WHERE author_id = %(author)s AND posting_id = %(posting)s),
           c.path, c.author_id, c.state
    FROM (SELECT 1) AS one LEFT JOIN community_comment AS c ON c.posting_id = %(posting)s AND c.number = %(parent)s
"""


def _read_place(
    posting_id: int, member: int, parent: int | None, body: str, now: datetime
) -> tuple[int | None, bool, list[int] | None, int | None, str | None]:
    """The same comment where it came a moment ago; whether the member has commented here; path, author and state above it."""
    values: dict[str, int | str | datetime] = {
        "author": member,
        "posting": posting_id,
        "parent": parent or 0,
        "body": body,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, values | {"now": now, "since": now - writing.SENT_AGAIN})
        row: tuple[int | None, bool, list[int] | None, int | None, str | None] = cursor.fetchone()
    return row


_STORE = """
    WITH stored AS (
        INSERT INTO community_comment (posting_id, author_id, number, path, answers, body, html, state, representative_id,
                                       connections, commented_at)
        VALUES (%(posting)s, %(author)s, %(number)s, %(path)s, %(answers)s, %(body)s, %(html)s, 'published',
                %(representative)s, %(connections)s::jsonb, %(at)s) RETURNING id),
    counted AS (
        UPDATE community_posting SET comments = %(number)s, voices = %(voices)s, rank_hours = %(rank)s, commented_at = %(at)s
        WHERE id = %(posting)s),
    forgotten AS (
        DELETE FROM community_draft WHERE member_id = %(author)s AND posting_id = %(posting)s
            AND parent = COALESCE(%(answers)s, 0) AND kind = 'comment')
    SELECT id FROM stored
"""


def _store(comment: Comment, voices: int, rank: float) -> None:
    """Write a comment, count it at its posting, forget its draft: one statement, for it is the commonest write of all."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "posting": comment.posting_id,
                "author": comment.author_id,
                "number": comment.number,
                "path": comment.path,
                "answers": comment.answers,
                "body": comment.body,
                "html": comment.html,
                "representative": comment.representative_id,
                "connections": json.dumps(comment.connections),
                "at": comment.commented_at,
                "voices": voices,
                "rank": rank,
            },
        )
        comment.pk = cursor.fetchone()[0]


def edit_comment(*, standing: Standing, now: datetime, posting_id: int, number: int, body: str) -> None:
    """Change the words of one's comment; what it said before stays readable.

    Raises:
        NotFound: no such comment, or somebody else's.
        Conflict: it was taken down.
        CannotEditComment: the text will not do.
        CannotWrite: a sanction is in force.
    """
    problem = writing.comment_problem(body)
    if problem:
        raise CannotEditComment(problem)
    with transaction.atomic():
        comment = access.load_comment_to_edit(standing, posting_id, number)
        limits.require_may_write(standing=standing, now=now)
        if comment.body == body:
            return
        found = _what_tells_of_patient(comment.posting, comment.author_id, body)
        if found:
            raise CannotEditComment(found)
        if now - comment.commented_at > writing.SILENT_EDIT:
            Revision.objects.create(comment=comment, body=comment.body, replaced_at=now)
        comment.body, comment.html, comment.edited_at = body, render(body).html, now
        comment.save(update_fields=["body", "html", "edited_at"])
        audit.record("community.comment.edit", standing=standing, thing=f"comment:{comment.pk}", now=now)


def retract_comment(*, standing: Standing, now: datetime, posting_id: int, number: int) -> None:
    """Take one's comment back; answers to it keep their place under a tombstone.

    Raises:
        NotFound: no such comment, or somebody else's.
        Conflict: it was taken down already.
    """
    with transaction.atomic():
        comment = access.load_comment_to_edit(standing, posting_id, number)
        comment.state = WordsState.RETRACTED
        comment.save(update_fields=["state"])
        audit.record("community.comment.retract", standing=standing, thing=f"comment:{comment.pk}", now=now)


def restore_comment(*, standing: Standing, now: datetime, posting_id: int, number: int) -> None:
    """Undo that one took a comment back.

    Raises:
        NotFound: no such comment, somebody else's, or not taken back.
    """
    with transaction.atomic():
        comment = access.load_retracted_comment(standing, posting_id, number)
        comment.state = WordsState.PUBLISHED
        comment.save(update_fields=["state"])
        audit.record("community.comment.restore", standing=standing, thing=f"comment:{comment.pk}", now=now)


def rate_usefulness(*, standing: Standing, now: datetime, posting_id: int, value: int) -> None:
    """Rate how useful a posting is, or change the rating.

    Who may: a verified member, not on the own posting.

    Raises:
        NotFound: no such posting.
        NotAllowed: not verified.
        Conflict: it was taken down.
        CannotRateUsefulness: the own posting, or a value out of range.
    """
    with transaction.atomic():
        posting = access.load_posting_to_answer(standing, posting_id)
        standing.require(Permission.USEFULNESS_RATE, "Only members whose verification is valid rate.")
        if value not in writing.USEFULNESS:
            raise CannotRateUsefulness("Choose one of the ratings.")
        if posting.author_id == standing.member_id:
            raise CannotRateUsefulness("Others say how useful your posting is.")
        UsefulnessRating.objects.update_or_create(
            posting=posting, member_id=standing.require_member(), defaults={"value": value}
        )
        count_ratings(posting)
        audit.record("community.usefulness.rate", standing=standing, thing=f"posting:{posting.pk}", now=now)


def count_ratings(posting: Posting) -> None:
    """Count the ratings of a locked posting anew, and where they let it stand; a step of actions that write their event."""
    found = UsefulnessRating.objects.filter(posting=posting).aggregate(
        ratings=Count("pk"), total=Sum("value"), useful=Count("pk", filter=Q(value__gte=2))
    )
    posting.ratings, posting.rating_total, posting.useful = found["ratings"], found["total"] or 0, found["useful"]
    posting.rank_hours = ranking.rank_hours(posting.posted_at, posting.voices, posting.useful)
    posting.save(update_fields=["ratings", "rating_total", "useful", "rank_hours"])
