from datetime import timedelta

import pytest

from auscult.community.actions.comments import (
    CannotAddComment,
    CannotRateUsefulness,
    add_comment,
    edit_comment,
    rate_usefulness,
    restore_comment,
    retract_comment,
)
from auscult.community.actions.postings import (
    CannotCreatePosting,
    CannotEditPosting,
    CannotRetractPosting,
    PollDraft,
    create_posting,
    edit_posting,
    restore_posting,
    retract_posting,
)
from auscult.community.actions.ties import follow_topic, mute_member, tie_posting
from auscult.community.markup import to_html
from auscult.community.models import Comment, Posting, Revision
from auscult.community.queries.feed import get_feed
from auscult.community.queries.history import get_history, quote_of
from auscult.community.queries.postings import get_posting_page
from auscult.shared.refusals import Conflict, NotAllowed, NotFound, Refused
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
    return add_comment(standing=standing, now=now, posting_id=posting.pk, body=body, parent=parent)


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


def flat(threads):
    for line in threads:
        yield line
        yield from flat(line.answers)


def test_answers_stand_under_what_they_answer(make_member, posting, now):
    one, two = make_member(), make_member()
    first = comment(one, posting, now, "first")
    second = comment(two, posting, now, "second")
    inner = comment(two, posting, now, "to first", first.number)
    comment(one, posting, now, "to the answer", inner.number)
    comment(one, posting, now, "to second", second.number)
    page = get_posting_page(one, posting.pk, now)
    lines = list(flat(page.threads))
    words = [line.html.removeprefix("<p>").removesuffix("</p>\n") for line in lines]
    assert words == ["first", "to first", "to the answer", "second", "to second"]
    assert [line.depth for line in lines] == [0, 1, 2, 0, 1]
    assert [len(page.threads), page.threads[0].below] == [2, 2]
    assert lines[1].answers_handle == one.handle
    assert page.comment_count == 5


def test_deep_answers_stay_at_the_deepest_level_and_name_whom_they_answer(make_member, posting, now):
    parent = None
    for _ in range(9):
        parent = comment(make_member(), posting, now, "deeper", parent).number
    lines = list(flat(get_posting_page(make_member(), posting.pk, now).threads))
    assert [line.depth for line in lines] == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert [line.answers_to for line in lines] == [None, 1, 2, 3, 4, 5, 6, 7, 8]


def test_long_threads_come_in_pages_without_a_gap(make_member, posting, now):
    fill(posting, make_member(), now, 90)
    roots = list(Comment.objects.filter(posting=posting).order_by("number"))
    fill(posting, make_member(), now, 45, parents=roots)
    reader = make_member()
    first = get_posting_page(reader, posting.pk, now)
    assert first.shown <= 100
    second = get_posting_page(reader, posting.pk, now, begin=str(first.next_from))
    seen = [line.number for page in (first, second) for line in flat(page.threads)]
    assert sorted(seen) == list(range(1, 136))
    assert second.next_from == 0


def test_a_thread_longer_than_a_page_is_read_to_its_end(make_member, posting, now):
    fill(posting, make_member(), now, 1)
    root = Comment.objects.get(posting=posting)
    fill(posting, make_member(), now, 250, parents=[root] * 250)
    reader, begin, seen = make_member(), "", []
    for _ in range(10):
        page = get_posting_page(reader, posting.pk, now, begin=begin)
        seen += [line.number for line in flat(page.threads)]
        if not page.next_from:
            break
        begin = str(page.next_from)
    assert seen == list(range(1, 252))


def test_a_link_to_one_comment_shows_it_with_the_start_of_its_thread(make_member, posting, now):
    fill(posting, make_member(), now, 150)
    inner = comment(make_member(), posting, now, "deep", 140)
    page = get_posting_page(make_member(), posting.pk, now, at=str(inner.number))
    assert page.threads[0].number == page.from_number == 140
    assert [line.number for line in page.threads[0].answers] == [151]


def test_a_page_that_begins_at_the_first_comment_leads_to_no_earlier_one(make_member, posting, now):
    first = comment(make_member(), posting, now)
    inner = comment(make_member(), posting, now, "deep", first.number)
    page = get_posting_page(make_member(), posting.pk, now, at=str(inner.number))
    assert (page.threads[0].number, page.from_number) == (1, 0)


def test_the_same_words_sent_twice_at_once_are_there_once(make_member, author, posting, now):
    words = {"title": "Sent twice", "body": "Over a bad line.", "topic": "health-reform"}
    again = now + timedelta(seconds=20)
    first = create_posting(standing=author, now=now, **words)
    assert create_posting(standing=author, now=again, **words) == first
    assert create_posting(standing=make_member(), now=again, **words) != first
    assert create_posting(standing=author, now=now + timedelta(hours=1), **words) != first
    member, said = make_member(), {"posting_id": posting.pk, "body": "Indeed."}
    comment = add_comment(standing=member, now=now, **said)
    assert add_comment(standing=member, now=again, **said) == comment
    assert add_comment(standing=member, now=again, **said, parent=comment.number) != comment
    assert add_comment(standing=member, now=again, posting_id=posting.pk, body="Indeed!") != comment
    assert add_comment(standing=member, now=now + timedelta(minutes=3), **said) != comment
    assert Posting.objects.get(pk=posting.pk).comments == 4


def test_who_was_signed_out_while_writing_is_told_so(client, posting):
    sent = {"body": "My precious words."}
    refused = client.post(f"/postings/{posting.pk}/comments", sent, headers={"HX-Request": "true"})
    assert refused.status_code == 403
    assert "not signed in any more" in refused.content.decode()
    assert "/accounts/login/" in refused.content.decode()


@pytest.mark.parametrize("begin", ["x", "-", "1-x", "9" * 30, "777"])
def test_nonsense_in_the_address_shows_the_first_page(make_member, posting, now, begin):
    comment(make_member(), posting, now)
    assert get_posting_page(make_member(), posting.pk, now, begin=begin).shown == 1
    assert get_posting_page(make_member(), posting.pk, now, at=begin).shown == 1


def fill(posting, author, now, count, parents=None):
    """Comments without the cost of the action, as it would write them."""
    had = Comment.objects.filter(posting=posting).count()
    rows = []
    for index in range(count):
        number = had + index + 1
        parent = parents[index % len(parents)] if parents else None
        rows.append(
            Comment(
                posting=posting, author_id=author.member_id, number=number, path=[*(parent.path if parent else []), number],
                answers=parent.number if parent else None, body="x", html="<p>x</p>", commented_at=now,
            )
        )  # fmt: skip
    Comment.objects.bulk_create(rows)
    Posting.objects.filter(pk=posting.pk).update(comments=had + count)


def test_comments_that_are_refused(make_member, author, posting, now):
    other = comment(make_member(), post(author, now, title="Another"), now)
    for body, parent, why in (("  ", None, "Write"), ("x" * 5001, None, "5,001"), ("x", other.number, "not here")):
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


def test_html_scripts_and_odd_links_do_not_survive():
    html = to_html(
        "<script>alert(1)</script> [x](javascript:alert(1)) [y](https://example.org) ![z](https://e.org/z.png)"
    )
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert 'rel="nofollow noopener noreferrer"' in html


def test_editing_keeps_what_it_said_and_asks_whose_it_is(make_member, author, posting, now):
    later = now + timedelta(hours=1)
    edit_posting(standing=author, now=now + timedelta(minutes=1), posting_id=posting.pk, title="A title", body="typo")
    assert not Revision.objects.exists()
    edit_posting(standing=author, now=later, posting_id=posting.pk, title="Another", body="Other words.")
    history = get_history(make_member(), posting.pk, None)
    assert [(v.title, v.body) for v in history.versions] == [("Another", "Other words."), ("A title", "typo")]
    assert get_posting_page(author, posting.pk, now).edited
    with pytest.raises(NotFound):
        edit_posting(standing=make_member(), now=later, posting_id=posting.pk, title="x", body="x")
    with pytest.raises(CannotEditPosting, match="title"):
        edit_posting(standing=author, now=later, posting_id=posting.pk, title="", body="x")
    writer = make_member()
    mine = comment(writer, posting, now)
    edit_comment(standing=writer, now=later, posting_id=posting.pk, number=mine.number, body="Rather not.")
    assert [v.body for v in get_history(author, posting.pk, mine.number).versions] == ["Rather not.", "Indeed."]


def test_the_title_of_a_question_stays(author, now):
    posting = post(author, now, poll=PollDraft((QUESTION,), now + timedelta(days=7)))
    with pytest.raises(CannotEditPosting, match="it stays"):
        edit_posting(standing=author, now=now, posting_id=posting.pk, title="Other", body="x")
    with pytest.raises(CannotRetractPosting, match="voting"):
        retract_posting(standing=author, now=now, posting_id=posting.pk)


def test_what_one_takes_back_leaves_a_tombstone_and_can_be_put_back(make_member, author, posting, now):
    writer, reader = make_member(), make_member()
    first = comment(writer, posting, now, "secret words")
    comment(reader, posting, now, "an answer", first.number)
    retract_comment(standing=writer, now=now, posting_id=posting.pk, number=first.number)
    lines = list(flat(get_posting_page(reader, posting.pk, now).threads))
    assert [(line.gone, line.html) for line in lines] == [("retracted", ""), ("", "<p>an answer</p>\n")]
    assert "secret" in next(flat(get_posting_page(writer, posting.pk, now).threads)).html
    with pytest.raises(CannotAddComment, match="not here"):
        comment(reader, posting, now, "x", first.number)
    restore_comment(standing=writer, now=now, posting_id=posting.pk, number=first.number)
    assert not next(flat(get_posting_page(reader, posting.pk, now).threads)).gone
    retract_posting(standing=author, now=now, posting_id=posting.pk)
    page = get_posting_page(reader, posting.pk, now)
    assert (page.gone, page.html, page.title) == ("retracted", "", "A posting that was taken down")
    assert get_feed(reader).postings == []
    with pytest.raises(Conflict):
        comment(reader, posting, now)
    with pytest.raises(NotFound):
        restore_posting(standing=reader, now=now, posting_id=posting.pk)
    restore_posting(standing=author, now=now, posting_id=posting.pk)
    assert len(get_feed(reader).postings) == 1


def test_quotations_name_their_author_with_the_labels_of_now(make_member, posting, now):
    writer, other = make_member(handle="quiet-heron"), make_member()
    first = comment(writer, posting, now, "One line.\n\n> an older quotation\n\nAnother.")
    text = quote_of(other, posting.pk, first.number)
    assert text.startswith("> #1\n> One line.")
    assert "older" not in text
    comment(other, posting, now, text + "I disagree, see #1 and @quiet-heron.")
    Comment.objects.filter(pk=first.pk).update(connections=["employee of Example Pharma"])
    html = list(flat(get_posting_page(other, posting.pk, now).threads))[1].html
    assert '<cite><a href="#comment-1">#1</a> quiet-heron · employee of Example Pharma</cite>' in html
    assert '<a href="/colleagues/quiet-heron/"' in html


def test_what_is_muted_is_folded_for_the_one_who_muted_alone(make_member, author, posting, now):
    loud, reader = make_member(handle="loud-goose"), make_member()
    comment(loud, posting, now, "honk")
    mute_member(standing=reader, now=now, handle="Loud-Goose", mute=True)
    assert [(c.gone, c.author.handle) for c in get_posting_page(reader, posting.pk, now).threads] == [("muted", "")]
    assert get_posting_page(author, posting.pk, now).threads[0].author.handle == "loud-goose"
    post(loud, now, title="Loud")
    assert [p.title for p in get_feed(reader).postings] == ["A title"]
    tie_posting(standing=reader, now=now, posting_id=posting.pk, verb="mute", on=True)
    assert get_feed(reader).postings == []
    mute_member(standing=reader, now=now, handle="loud-goose", mute=False)
    assert [p.title for p in get_feed(reader).postings] == ["Loud"]
    with pytest.raises(Refused, match="That is you"):
        mute_member(standing=reader, now=now, handle=reader.handle, mute=True)


def test_following_keeping_and_unread_marks_are_ones_own(make_member, author, posting, now):
    reader = make_member()
    tie_posting(standing=reader, now=now, posting_id=posting.pk, verb="follow", on=True)
    tie_posting(standing=reader, now=now, posting_id=posting.pk, verb="bookmark", on=True)
    comment(author, posting, now)
    (line,) = get_feed(reader, kind="followed").postings
    assert (line.unread, line.is_followed, line.bookmarked) == (1, True, True)
    assert len(get_feed(reader, kind="kept").postings) == 1
    assert get_feed(author, kind="kept").postings == []
    assert get_feed(make_member()).postings[0].unread is None
    follow_topic(standing=reader, now=now, topic="health-reform", follow=True)
    assert get_feed(reader).postings[0].why.is_followed
    with pytest.raises(NotFound):
        follow_topic(standing=reader, now=now, topic="none", follow=True)


def cost_of(client, address):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_whole_page_takes_at_most_12_queries_whatever_its_size(make_member, client):
    """As a browser asks for it: session, account and standing included."""
    from auscult.members.models import Account, Member
    from auscult.shared import clock

    present = clock.now()
    until = present + timedelta(days=90)
    author, reader = make_member(until=until), make_member(until=until)
    posting = post(author, present, poll=PollDraft((QUESTION,), present + timedelta(days=7)))
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=reader.member_id).account_id))
    page = f"/postings/{posting.pk}/"
    fill(posting, author, present, 10)
    # The first visit of a day is noted, and how far one has read, each with a query of its own.
    client.get(page)
    few = cost_of(client, page)
    fill(posting, author, present, 1990)
    client.get(page)
    assert cost_of(client, page) == few <= 12


def test_the_feed_takes_at_most_12_queries_whatever_its_size(make_member, client):
    from auscult.members.models import Account, Member
    from auscult.shared import clock

    present = clock.now()
    author = make_member(until=present + timedelta(days=90))
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=author.member_id).account_id))
    post(author, present)
    client.get("/feed/")
    few = cost_of(client, "/feed/")
    first = Posting.objects.get()
    for index in range(60):
        first.pk, first.title = None, f"t{index}"
        first.save(force_insert=True)
    assert cost_of(client, "/feed/") == few <= 12
    assert cost_of(client, "/feed/?order=newest") == few
