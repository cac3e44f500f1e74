"""Who is told what, where and when."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from auscult.community.actions import notifying
from auscult.community.actions.comments import add_comment, retract_comment
from auscult.community.actions.mailing import send_due_mails
from auscult.community.actions.notifying import CannotSetWishes, set_wishes, unsubscribe_token
from auscult.community.actions.postings import create_posting
from auscult.community.actions.ties import follow_topic, mute_member, tie_posting
from auscult.community.models import Notification, NotificationWish
from auscult.community.queries.notifications import UNSEEN, list_notifications
from auscult.community.rules import notifying as rules
from auscult.community.rules.notifying import Rhythm
from auscult.members.models import Account, Member
from auscult.shared.models import MailMessage
from auscult.shared.refusals import NotFound
from auscult.shared.standing import CONSOLE, READER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]


@pytest.fixture(autouse=True)
def no_job_is_left_of_a_test_before(db):
    """A transactional test leaves its jobs; here they are counted."""
    ProcrastinateJob.objects.all()._raw_delete("default")


@pytest.fixture
def author(make_member):
    return make_member(handle="first-author")


@pytest.fixture
def posting(author, now):
    return create_posting(standing=author, now=now, title="A thread", body="b", topic="health-reform")


def unseen(standing):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {UNSEEN} FROM members_member AS m WHERE m.id = %s", [standing.member_id])
        return cursor.fetchone()[0]


def pass_over():
    """Do what waits for the worker: tell the followers of threads. Returns how many passes that were."""
    jobs = list(ProcrastinateJob.objects.filter(task_name="community.tell_followers", status="todo").order_by("pk"))
    for job in jobs:
        notifying.tell_followers(**job.args)
    ProcrastinateJob.objects.filter(pk__in=[job.pk for job in jobs])._raw_delete("default")
    return len(jobs)


def comment(standing, posting, now, body="words", parent=None):
    return add_comment(standing=standing, now=now, posting_id=posting.pk, body=body, parent=parent)


def told(standing):
    """What a member was told, once the worker has told the followers of all threads."""
    pass_over()
    return [(line.kind, line.handle) for line in list_notifications(standing).lines]


def test_each_is_told_once_by_what_concerns_most(make_member, author, posting, now):
    answered = make_member(handle="answered-one")
    first = comment(answered, posting, now)
    assert told(author) == [("answer", "answered-one")]
    writer, other = make_member(handle="the-writer"), make_member(handle="other-owl")
    tie_posting(standing=other, now=now, posting_id=posting.pk, verb="follow", on=True)
    comment(
        writer,
        posting,
        now,
        f"> #{first.number}\n> words\n\n@Answered-One and @other-owl and @the-writer, no",
        first.number,
    )
    assert told(answered) == [("answer", "the-writer")]
    assert told(other) == [("mention", "the-writer")]
    assert told(writer) == []
    assert told(author)[0] == ("comment", "the-writer")


def test_a_quotation_and_a_top_level_comment_are_told(make_member, author, posting, now):
    quoted = make_member()
    comment(quoted, posting, now)
    comment(make_member(handle="quoting"), posting, now, "> #1\n> words\n\nno")
    assert told(quoted) == [("quote", "quoting")]


def test_nobody_is_told_what_one_muted(make_member, author, posting, now):
    loud = make_member(handle="loud-goose")
    mute_member(standing=author, now=now, handle="loud-goose", mute=True)
    comment(loud, posting, now)
    assert told(author) == []
    calm = make_member()
    comment(calm, posting, now)
    assert len(told(author)) == 1
    tie_posting(standing=author, now=now, posting_id=posting.pk, verb="mute", on=True)
    comment(calm, posting, now)
    assert len(told(author)) == 1


def test_who_comments_follows_unless_muted(make_member, author, posting, now):
    one, two = make_member(), make_member()
    comment(one, posting, now)
    comment(two, posting, now)
    assert told(one) == [("comment", two.handle)]
    assert unseen(author) == 2


def test_followers_of_a_topic_are_told_once_even_if_the_job_runs_twice(make_member, author, now):
    reader = make_member()
    follow_topic(standing=reader, now=now, topic="health-reform", follow=True)
    follow_topic(standing=author, now=now, topic="health-reform", follow=True)
    posting = create_posting(standing=author, now=now, title="New", body="b", topic="health-reform")
    assert notifying.tell_of_posting(posting_id=posting.pk, now=now) == 1
    assert notifying.tell_of_posting(posting_id=posting.pk, now=now) == 0
    assert told(reader) == [("posting", "first-author")]
    assert told(author) == []


def test_unseen_comments_of_a_thread_stand_together_and_opening_marks_them(make_member, author, posting, now, client):
    from auscult.members.models import Account

    for _ in range(4):
        comment(make_member(), posting, now)
    (line,) = list_notifications(author).lines
    assert (line.count, line.others, line.seen) == (4, 3, False)
    client.force_login(Account.objects.get(member=author.member_id))
    answer = client.get(f"/notifications/{line.notification_id}/")
    assert answer.headers["Location"] == f"/postings/{posting.pk}/?at=4#comment-4"
    assert unseen(author) == 0
    stranger = make_member()
    client.force_login(Account.objects.get(member=stranger.member_id))
    assert client.get(f"/notifications/{line.notification_id}/").status_code == 404


@pytest.mark.parametrize(("hour", "start", "end", "quiet"), [
    (23, 22, 7, True), (3, 22, 7, True), (7, 22, 7, False), (21, 22, 7, False), (13, 12, 14, True), (14, 12, 14, False),
    (5, 6, 6, False),
])  # fmt: skip
def test_quiet_hours_go_across_midnight(hour, start, end, quiet):
    assert rules.is_quiet(hour, start, end) is quiet


def test_digests_follow_the_local_day_also_when_clocks_change():
    zone = ZoneInfo("America/New_York")
    before = datetime(2009, 3, 7, 13, 0, tzinfo=UTC)
    # On 8 March 2009 clocks went forward: seven in the morning is 11:00 UTC, not 12:00.
    at_seven = datetime(2009, 3, 8, 11, 0, tzinfo=UTC)
    assert Rhythm.DAILY in rules.due_rhythms(at_seven, zone, 22, 7, before)
    assert rules.due_rhythms(at_seven - timedelta(minutes=1), zone, 22, 7, before) == frozenset()
    assert rules.due_rhythms(at_seven + timedelta(hours=2), zone, 22, 7, at_seven) == {Rhythm.INSTANT}
    monday = datetime(2009, 3, 9, 12, 0, tzinfo=UTC)
    assert rules.due_rhythms(monday, zone, 22, 7, at_seven) == {Rhythm.INSTANT, Rhythm.DAILY, Rhythm.WEEKLY}


@given(st.integers(0, 24 * 60), st.integers(0, 23), st.integers(0, 23))
def test_no_more_than_one_digest_a_day(minutes, start, end):
    zone = ZoneInfo("Asia/Kathmandu")
    now = datetime(2009, 7, 2, tzinfo=UTC) + timedelta(minutes=minutes)
    assert Rhythm.DAILY not in rules.due_rhythms(now, zone, start, end, now)


def test_one_mail_holds_what_is_due_and_no_words_of_colleagues(make_member, author, posting, now, queued_mail):
    for _ in range(3):
        comment(make_member(), posting, now, "secret clinical words")
    night = datetime(2009, 7, 2, 23, 0, tzinfo=UTC)
    assert send_due_mails(standing=CONSOLE, now=night) == 0
    morning = datetime(2009, 7, 3, 7, 5, tzinfo=UTC)
    assert send_due_mails(standing=CONSOLE, now=morning) >= 1
    mail = MailMessage.objects.get(subject__contains="3 notifications")
    assert "secret" not in mail.text
    assert "A thread" in mail.text
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    count = MailMessage.objects.count()
    assert send_due_mails(standing=CONSOLE, now=morning + timedelta(minutes=5)) == 0
    assert MailMessage.objects.count() == count


def test_what_was_seen_is_not_mailed(make_member, author, posting, now, queued_mail):
    comment(make_member(), posting, now)
    notifying.note_seen(member_id=author.member_id, posting_id=posting.pk, now=now)
    send_due_mails(standing=CONSOLE, now=datetime(2009, 7, 3, 8, 0, tzinfo=UTC))
    assert not MailMessage.objects.filter(subject__contains="notification").exists()


def wishes(**changes):
    fields = {
        "rhythms": {"answer": "instant"},
        "topics": {},
        "time_zone": "Europe/Vienna",
        "quiet_from": 22,
        "quiet_until": 7,
    }
    return fields | changes


def test_wishes_are_checked_and_followed(make_member, author, posting, now, queued_mail):
    for wrong, why in (
        ({"rhythms": {"answer": "hourly"}}, "rhythms"),
        ({"rhythms": {"decision": "never"}}, "within a day"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"quiet_from": 24}, "0 to 23"),
        ({"quiet_until": -1}, "0 to 23"),
        ({"topics": {"health-reform": "yearly"}}, "rhythms"),
    ):
        with pytest.raises(CannotSetWishes, match=why):
            set_wishes(standing=author, now=now, **wishes(**wrong))
    assert not NotificationWish.objects.exists()
    set_wishes(standing=author, now=now, **wishes(topics={"health-reform": "never", "no-such": "daily"}))
    comment(make_member(), posting, now)
    assert send_due_mails(standing=CONSOLE, now=now) == 1
    set_wishes(standing=author, now=now, **wishes(rhythms={"answer": "never"}))
    comment(make_member(), posting, now)
    assert not Notification.objects.filter(member_id=author.member_id, mail_due=True).exists()


def test_one_click_stops_all_mails_but_decisions(author, client, now):
    address = f"/notifications/stop/{unsubscribe_token(author.member_id)}/"
    assert client.get(address).status_code == 200
    assert not NotificationWish.objects.exists()
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    chosen = NotificationWish.objects.get().rhythms
    assert rules.rhythm_of("answer", chosen) == "never"
    assert rules.rhythm_of("decision", chosen) == "instant"
    with pytest.raises(NotFound):
        notifying.unsubscribe(standing=READER, now=now, token="forged")


def test_the_count_comes_with_the_session_and_stops_at_a_hundred(
    client, author, posting, now, django_assert_num_queries
):
    Notification.objects.bulk_create(
        Notification(member_id=author.member_id, kind="answer", posting=posting, made_at=now) for _ in range(150)
    )
    with django_assert_num_queries(1):
        assert unseen(author) == 100
    client.force_login(Account.objects.get(member__pk=author.member_id))
    assert ">99+<" in client.get("/feed/").content.decode()
    client.get(f"/postings/{posting.pk}/")
    assert ">99+<" not in client.get("/feed/").content.decode()
    with django_assert_num_queries(1):
        list_notifications(author)


def test_what_was_seen_or_left_for_ninety_days_is_forgotten_but_not_an_unseen_decision(author, posting, now):
    long_ago = now - timedelta(days=91)
    for kind, made, seen in (
        ("answer", now, None),
        ("answer", long_ago, now),
        ("decision", long_ago, None),
        ("answer", long_ago, long_ago),
        ("comment", long_ago, None),
        ("decision", long_ago, long_ago),
    ):
        Notification.objects.create(member_id=author.member_id, kind=kind, posting=posting, made_at=made, seen_at=seen)
    assert notifying.forget_seen(standing=CONSOLE, now=now) == 3
    left = Notification.objects.order_by("pk").values_list("kind", "made_at", "seen_at")
    assert list(left) == [("answer", now, None), ("answer", long_ago, now), ("decision", long_ago, None)]


# Followers


@pytest.fixture
def follower(make_member, posting, now):
    one = make_member(handle="the-follower")
    tie_posting(standing=one, now=now, posting_id=posting.pk, verb="follow", on=True)
    return one


def test_a_burst_is_one_job_one_pass_and_one_row_for_each_follower(make_member, follower, posting, now):
    people = [make_member() for _ in range(5)]
    for number in range(20):
        comment(people[number % 5], posting, now + timedelta(seconds=number), f"words {number}")
    assert pass_over() == 1
    (line,) = list_notifications(follower).lines
    assert (line.kind, line.count, line.handle, line.made_at) == (
        "comment", 20, people[4].handle, now + timedelta(seconds=19)
    )  # fmt: skip
    assert unseen(follower) == 1
    # Those who wrote follow, and are told of what came after their last words: 3, 2, 1 and 0 of people[1] to people[4].
    assert [list_notifications(person).lines[0].count for person in people[:4]] == [4, 3, 2, 1]
    assert list_notifications(people[4]).lines == []


def test_more_comments_are_added_to_the_row_that_was_not_seen(make_member, follower, posting, now, client):
    writer = make_member()
    comment(writer, posting, now)
    told(follower)
    comment(writer, posting, now + timedelta(hours=1), "more")
    assert [(line.kind, line.count) for line in list_notifications(follower).lines] == [("comment", 1)]
    told(follower)
    (line,) = list_notifications(follower).lines
    assert (line.count, line.made_at) == (2, now + timedelta(hours=1))
    client.force_login(Account.objects.get(member=follower.member_id))
    assert "2 new comments" in client.get("/notifications/").content.decode()
    answer = client.get(f"/notifications/{line.notification_id}/")
    assert answer.headers["Location"] == f"/postings/{posting.pk}/?at=2#comment-2"
    comment(writer, posting, now + timedelta(hours=2), "still more")
    told(follower)
    assert [(line.count, line.seen) for line in list_notifications(follower).lines] == [(1, False), (2, True)]


def test_a_pass_that_runs_twice_tells_once(make_member, follower, posting, now):
    comment(make_member(), posting, now)
    for _ in range(2):
        notifying.tell_followers(posting_id=posting.pk, after=0)
    assert [line.count for line in list_notifications(follower).lines] == [1]


def test_followers_are_not_told_of_what_they_read_or_of_what_was_taken_back(
    make_member, follower, posting, now, client
):
    writer = make_member()
    comment(writer, posting, now, "first")
    client.force_login(Account.objects.get(member=follower.member_id))
    client.get(f"/postings/{posting.pk}/")
    taken_back = comment(writer, posting, now, "second")
    retract_comment(standing=writer, now=now, posting_id=posting.pk, number=taken_back.number)
    assert told(follower) == []
    comment(writer, posting, now, "third")
    assert told(follower) == [("comment", writer.handle)]
    assert list_notifications(follower).lines[0].count == 1


def test_a_follower_who_is_mentioned_is_told_of_that_comment_once_and_at_once(make_member, follower, posting, now):
    comment(make_member(), posting, now, "@the-follower look")
    assert [line.kind for line in list_notifications(follower).lines] == ["mention"]
    assert [kind for kind, _ in told(follower)] == ["mention"]


def test_what_a_muted_colleague_writes_is_not_counted(make_member, follower, posting, now):
    loud, calm = make_member(handle="loud-goose"), make_member()
    mute_member(standing=follower, now=now, handle="loud-goose", mute=True)
    comment(calm, posting, now)
    comment(loud, posting, now)
    assert told(follower) == [("comment", calm.handle)]
    assert list_notifications(follower).lines[0].count == 1


def test_the_list_goes_on_where_the_page_before_ended(author, posting, now):
    Notification.objects.bulk_create(
        Notification(member_id=author.member_id, kind="mention", posting=posting, made_at=now + timedelta(hours=n % 7))
        for n in range(70)
    )
    newest_first = Notification.objects.order_by("-made_at", "-pk").values_list("pk", flat=True)
    seen, before = [], ""
    for _ in range(3):
        page = list_notifications(author, before)
        seen += [line.notification_id for line in page.lines]
        before = page.next_before
    assert (seen, before) == (list(newest_first), "")
    assert list_notifications(author, "nonsense-1").lines == list_notifications(author).lines
    assert list_notifications(author, f"{'9' * 18}-1").lines == list_notifications(author).lines


def test_members_without_an_account_cost_no_mail(make_member, follower, posting, now, django_assert_num_queries):
    Member.objects.filter(pk=follower.member_id).update(account=None)
    comment(make_member(), posting, now)
    pass_over()
    assert not Notification.objects.get(member_id=follower.member_id).mail_due
    Notification.objects.filter(member_id=follower.member_id).update(mail_due=True)
    Notification.objects.exclude(member_id=follower.member_id).delete()
    morning = datetime(2009, 7, 3, 8, 0, tzinfo=UTC)
    with django_assert_num_queries(4):  # time zones, a savepoint, and members: nobody
        assert send_due_mails(standing=CONSOLE, now=morning) == 0
