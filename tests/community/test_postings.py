from datetime import timedelta

import pytest

from auscult.community.actions import (
    CannotAddComment,
    CannotCreatePosting,
    CannotRateUsefulness,
    PollDraft,
    add_comment,
    create_posting,
    rate_usefulness,
)
from auscult.community.markup import to_html
from auscult.community.models import Comment, Posting
from auscult.community.queries import get_feed, get_posting_page
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import READER, Level
from auscult.surveys.actions.drafting import CannotDraftSurvey
from auscult.surveys.models import Survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import single_choice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]
QUESTION = single_choice("q1", "Well?", (Choice("a", "A"), Choice("b", "B")))


@pytest.fixture
def author(make_member):
    return make_member()


@pytest.fixture
def posting(author, now):
    return post(author, now)


def post(author, now, **changes):
    fields = {"title": "A title", "body": "Some *text*.", "topic": "health-reform"}
    return create_posting(standing=author, now=now, **(fields | changes))


def comment(standing, posting, now, body="Indeed.", parent=None):
    return add_comment(standing=standing, now=now, posting_id=posting.pk, body=body, parent_id=parent)


def test_a_posting_with_a_poll_is_open_at_once(author, now):
    posting = post(author, now, poll=PollDraft((QUESTION,), now + timedelta(days=7)))
    page = get_posting_page(author, posting.pk, now)
    assert page.poll is not None
    assert page.poll.is_open
    assert page.poll.may_vote
    assert page.html == "<p>Some <em>text</em>.</p>\n"


def test_a_posting_whose_poll_is_faulty_is_not_written(author, now):
    with pytest.raises(CannotDraftSurvey):
        post(author, now, poll=PollDraft((), now + timedelta(days=7)))
    assert not Posting.objects.exists()
    assert not Survey.objects.exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 161}, "161 characters"),
        ({"body": ""}, "Write something"),
        ({"body": "x" * 20_001}, "20,001"),
        ({"topic": "none"}, "topic"),
    ],
)
def test_postings_that_are_refused(author, now, changes, why):
    with pytest.raises(CannotCreatePosting, match=why):
        post(author, now, **changes)


def test_who_may_not_write_or_read(make_member, posting, now):
    for standing in (READER, make_member(level=Level.L0), make_member(level=Level.L1), make_member(until=now)):
        with pytest.raises(NotAllowed):
            post(standing, now)
        with pytest.raises(NotAllowed):
            comment(standing, posting, now)
        with pytest.raises(NotAllowed):
            rate_usefulness(standing=standing, now=now, posting_id=posting.pk, value=2)
    with pytest.raises(NotAllowed, match="handle"):
        post(make_member(handle=None), now)
    for standing in (READER, make_member(level=Level.L0)):
        with pytest.raises(NotAllowed):
            get_feed(standing)
        with pytest.raises(NotAllowed):
            get_posting_page(standing, posting.pk, now)
    assert get_posting_page(make_member(level=Level.L1), posting.pk, now).may_comment is False


def test_answers_stand_under_what_they_answer(make_member, posting, now):
    one, two = make_member(), make_member()
    first = comment(one, posting, now, "first")
    second = comment(two, posting, now, "second")
    comment(two, posting, now, "to first", first.pk)
    inner = Comment.objects.get(body="to first")
    comment(one, posting, now, "to the answer", inner.pk)
    comment(one, posting, now, "to second", second.pk)
    page = get_posting_page(one, posting.pk, now)
    words = [line.html.removeprefix("<p>").removesuffix("</p>\n") for line in page.comments]
    assert words == ["first", "to first", "to the answer", "second", "to second"]
    assert [line.depth for line in page.comments] == [0, 1, 1, 0, 1]
    assert page.comment_count == 5


def test_long_threads_come_in_pages_without_a_gap(make_member, posting, now):
    writer = make_member()
    roots = [comment(writer, posting, now, f"c{n}") for n in range(90)]
    for n in range(45):
        comment(writer, posting, now, f"r{n}", roots[n].pk)
    first = get_posting_page(writer, posting.pk, now)
    assert len(first.comments) == 100
    second = get_posting_page(writer, posting.pk, now, after=first.next_after)
    seen = [line.comment_id for line in (*first.comments, *second.comments)]
    assert len(seen) == len(set(seen)) == 135
    assert second.next_after == ""


@pytest.mark.parametrize("after", ["x", "1", "-", "1-x", "9" * 30 + "-1"])
def test_nonsense_in_the_address_shows_the_first_page(make_member, posting, now, after):
    comment(make_member(), posting, now)
    assert len(get_posting_page(make_member(), posting.pk, now, after=after).comments) <= 1


def test_comments_that_are_refused(make_member, author, posting, now):
    other = comment(make_member(), post(author, now), now)
    for body, parent, why in (("  ", None, "Write"), ("x" * 5001, None, "5,001"), ("x", other.pk, "not here")):
        with pytest.raises(CannotAddComment, match=why):
            comment(make_member(), posting, now, body, parent)
    with pytest.raises(NotFound):
        add_comment(standing=author, now=now, posting_id=posting.pk + 99, body="x")
    assert Posting.objects.get(pk=posting.pk).comments == 0


def test_usefulness_is_rated_once_changeable_and_not_by_the_author(make_member, author, posting, now):
    reader = make_member()
    rate_usefulness(standing=reader, now=now, posting_id=posting.pk, value=1)
    rate_usefulness(standing=reader, now=now, posting_id=posting.pk, value=3)
    box = get_posting_page(reader, posting.pk, now).usefulness
    assert (box.ratings, box.mean, box.own) == (1, 3, 3)
    with pytest.raises(CannotRateUsefulness, match="Others"):
        rate_usefulness(standing=author, now=now, posting_id=posting.pk, value=3)
    with pytest.raises(CannotRateUsefulness, match="Choose"):
        rate_usefulness(standing=reader, now=now, posting_id=posting.pk, value=4)


def test_the_feed_is_newest_first_by_topic_and_in_pages(make_member, now):
    author = make_member()
    for n in range(25):
        topic = "health-reform" if n % 5 else "organised-medicine"
        post(author, now + timedelta(minutes=n // 2), title=f"p{n}", topic=topic)
    first = get_feed(author)
    second = get_feed(author, before=first.next_before)
    titles = [line.title for line in (*first.postings, *second.postings)]
    assert titles == [f"p{n}" for n in sorted(range(25), reverse=True)]
    assert second.next_before == ""
    assert {line.topic_slug for line in get_feed(author, topic="organised-medicine").postings} == {"organised-medicine"}
    with pytest.raises(NotFound):
        get_feed(author, topic="no-such-topic")


def test_html_scripts_and_odd_links_do_not_survive():
    html = to_html(
        "<script>alert(1)</script> [x](javascript:alert(1)) [y](https://example.org) ![z](https://e.org/z.png)"
    )
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert 'rel="nofollow noopener noreferrer"' in html


def test_the_posting_costs_the_same_queries_at_10_and_1000_comments(make_member, now, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    author, reader = make_member(), make_member()
    posting = post(author, now, poll=PollDraft((QUESTION,), now + timedelta(days=7)))

    def fill(count):
        Comment.objects.bulk_create(
            Comment(posting=posting, author_id=author.member_id, body="x", html="<p>x</p>", commented_at=now)
            for _ in range(count)
        )

    def cost():
        with CaptureQueriesContext(connection) as queries:
            get_posting_page(reader, posting.pk, now)
        return len(queries)

    fill(10)
    few = cost()
    fill(990)
    assert cost() == few <= 9


def test_the_whole_page_takes_at_most_12_queries_whatever_its_size(make_member, client):
    """As a browser asks for it: session, account and standing included."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from auscult.members.models import Account, Member
    from auscult.shared import clock

    present = clock.now()
    until = present + timedelta(days=90)
    author, reader = make_member(until=until), make_member(until=until)
    posting = post(author, present, poll=PollDraft((QUESTION,), present + timedelta(days=7)))
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=reader.member_id).account_id))

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/postings/{posting.pk}/").status_code == 200
        return len(queries)

    Comment.objects.bulk_create(
        Comment(posting=posting, author_id=author.member_id, body="x", html="<p>x</p>", commented_at=present)
        for _ in range(10)
    )
    cost()  # the first visit of a day is noted, with a query of its own
    few = cost()
    Comment.objects.bulk_create(
        Comment(posting=posting, author_id=author.member_id, body="x", html="<p>x</p>", commented_at=present)
        for _ in range(990)
    )
    many = cost()
    assert many == few <= 12
