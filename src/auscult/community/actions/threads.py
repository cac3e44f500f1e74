"""Making a thread of its own of a comment and what stands beneath it."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from auscult.community.models import Comment, Posting
from auscult.community.rules import ranking
from auscult.community.rules.moderation import WordsState
from auscult.community.words import render
from auscult.shared import audit
from auscult.shared.standing import Standing

_MOVE = """
    WITH moved AS (
        SELECT id, path, row_number() OVER (ORDER BY number) AS new, number FROM community_comment
        WHERE posting_id = %(old)s AND path @> ARRAY[%(root)s]::integer[] AND number <> %(root)s)
    UPDATE community_comment AS c
    SET posting_id = %(new)s, number = m.new,
        answers = (SELECT a.new FROM moved AS a WHERE a.number = c.answers),
        path = ARRAY(SELECT b.new FROM unnest(m.path) WITH ORDINALITY AS u(old, o) JOIN moved AS b ON b.number = u.old
                     ORDER BY u.o)
    FROM moved AS m WHERE m.id = c.id
"""
_COUNT = """
    UPDATE community_posting AS p SET
        comments = (SELECT COALESCE(max(number), 0) FROM community_comment WHERE posting_id = p.id),
        voices = (SELECT count(DISTINCT author_id) FROM community_comment
                  WHERE posting_id = p.id AND author_id <> p.author_id),
        -- The numbers of what moved away are given again.
        told_comments = CASE WHEN told_comments IS NOT NULL THEN LEAST(told_comments,
            (SELECT COALESCE(max(number), 0) FROM community_comment WHERE posting_id = p.id)) END,
        commented_at = (SELECT max(commented_at) FROM community_comment WHERE posting_id = p.id)
    WHERE p.id = ANY(%s) RETURNING p.id, p.voices
"""


def split_thread(*, standing: Standing, now: datetime, comment: Comment, title: str) -> Posting:
    """Make a posting of a comment, and its thread of what stands beneath it; a pointer stays in its place.

    A step of ``moderation.take_measure``: numbers and paths of what moves are written anew, in the same order.

    Args:
        comment: locked; the first of what moves.
        title: of the new posting.
    """
    with transaction.atomic():
        old = Posting.objects.get(pk=comment.posting_id)
        posting = Posting.objects.create(
            author_id=comment.author_id,
            topic_id=old.topic_id,
            title=title,
            body=comment.body,
            html=comment.html,
            specialty_group=old.specialty_group,
            representative_id=comment.representative_id,
            connections=comment.connections,
            posted_at=comment.commented_at,
            rank_hours=ranking.rank_hours(comment.commented_at, 0, 0),
        )
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, {"old": old.pk, "root": comment.number, "new": posting.pk})
            cursor.execute(_COUNT, [[old.pk, posting.pk]])
            voices = dict(cursor.fetchall())
        for each in (old, posting):
            rank = ranking.rank_hours(each.posted_at, voices[each.pk], each.useful)
            Posting.objects.filter(pk=each.pk).update(rank_hours=rank)
        pointer = f"This became a thread of its own: [{title}](/postings/{posting.pk}/)"
        Comment.objects.filter(pk=comment.pk).update(
            body=pointer, html=render(pointer).html, state=WordsState.PUBLISHED, edited_at=now
        )
        audit.record("community.thread.split", standing=standing, thing=f"posting:{posting.pk}", now=now)
    return posting
