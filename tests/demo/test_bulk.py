"""The large community is what actions would have left behind."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, F, Q, Sum

from auscult.community.models import Comment, Connection, Posting, UsefulnessRating
from auscult.community.queries.feed import get_feed
from auscult.community.queries.postings import get_posting_page
from auscult.community.queries.search import Search, find_words
from auscult.community.rules import writing
from auscult.community.rules.ranking import rank_hours
from auscult.community.words import render
from auscult.demo.bulk import LENGTHS, fill_community
from auscult.demo.members import fill_members
from auscult.members.models import Account
from auscult.members.queries.standing import get_standing
from tests.database import remember

POSTINGS, COMMENTS = 40, sum(LENGTHS) + 300


def indexes():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'community%' ORDER BY 1")
        return [(name, definition.replace("'", "")) for name, definition in cursor.fetchall()]


@pytest.fixture
def filled(transactional_db, topics, register, now):
    return remember("bulk", lambda: fill(now))


def fill(now):
    before = indexes()
    fill_members(300, now=now)
    steps = []
    long = fill_community(POSTINGS, COMMENTS, until=now, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (POSTINGS + COMMENTS, POSTINGS + COMMENTS)
    assert indexes() == before
    return long


def test_rows_are_what_actions_would_have_written(filled, now):
    assert (Posting.objects.count(), Comment.objects.count()) == (POSTINGS, COMMENTS)
    assert [Posting.objects.get(pk=each).comments for each in filled] == list(LENGTHS)
    for posting in Posting.objects.all():
        comments = Comment.objects.filter(posting=posting)
        assert list(comments.order_by("number").values_list("number", flat=True)) == list(
            range(1, posting.comments + 1)
        )
        voices = comments.exclude(author=posting.author).values("author").distinct().count()
        last = comments.order_by("-commented_at").values_list("commented_at", flat=True).first()
        ratings = UsefulnessRating.objects.filter(posting=posting).aggregate(
            n=Count("pk"), total=Sum("value"), useful=Count("pk", filter=Q(value__gte=2))
        )
        assert (posting.voices, posting.commented_at) == (voices, last)
        assert (posting.ratings, posting.rating_total or None, posting.useful) == (
            ratings["n"], ratings["total"] or None, ratings["useful"],
        )  # fmt: skip
        assert posting.rank_hours == pytest.approx(rank_hours(posting.posted_at, posting.voices, posting.useful))
        assert posting.posted_at < now
        assert posting.html == render(posting.body).html
    assert not UsefulnessRating.objects.filter(member=F("posting__author")).exists()


def test_threads_and_labels_hold_together(filled):
    thread = {each.number: each for each in Comment.objects.filter(posting=filled[1])}
    for comment in thread.values():
        parent = thread[comment.answers].path if comment.answers else None
        assert comment.path == writing.path_of(comment.number, parent)
        assert comment.commented_at >= Posting.objects.get(pk=filled[1]).posted_at
    connected = set(Connection.objects.values_list("member", flat=True))
    labelled = Comment.objects.exclude(connections=[])
    assert labelled.exists()
    assert set(labelled.values_list("author", flat=True)) <= connected
    assert all(each.html == render(each.body).html for each in Comment.objects.order_by("?")[:40])


def test_pages_show_it(filled, now):
    reader = get_standing(Account.objects.filter(member__level=2).latest("pk").pk, now)
    assert len(get_feed(reader).postings) == 20
    page = get_posting_page(reader, filled[2], now)
    assert page.shown == 100 or page.next_from
    assert find_words(reader, Search("patient")).hits


def test_too_small_is_refused(db, now):
    with pytest.raises(ValueError, match="At least 4 postings and 2,520 comments"):
        fill_community(2, 10_000, until=now - timedelta(days=1))
