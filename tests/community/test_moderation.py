"""Reporting, deciding with reasons, appealing to somebody else; nothing hidden in secret."""

from datetime import timedelta

import pytest
from django.db import connection

from auscult.community.actions.comments import add_comment
from auscult.community.actions.limits import CannotWrite
from auscult.community.actions.moderation import (
    CannotAppealDecision,
    CannotBeginSession,
    CannotDecideAppeal,
    CannotFlagWords,
    CannotTakeMeasure,
    Details,
    appeal_decision,
    begin_staff_session,
    decide_appeal,
    end_staff_session,
    flag_words,
    take_measure,
)
from auscult.community.actions.postings import create_posting, edit_posting
from auscult.community.models import Comment, Decision, Flag, Notification, Posting, Sanction
from auscult.community.queries.moderation import get_queue, get_statement, list_log, list_months
from auscult.community.queries.postings import get_posting_page
from auscult.community.rules import moderation as rules
from auscult.community.rules.cases import CaseState
from auscult.community.rules.moderation import Measure, Rule, SanctionKind
from auscult.members.models import Account
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import Level

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]
REASON = "The passage names a person."


@pytest.fixture
def author(make_member):
    return make_member()


@pytest.fixture
def moderator(make_member, now):
    standing = make_member(level=Level.L0, roles=("moderator",))
    begin_staff_session(standing=standing, now=now, reason="Going through the reports of today")
    return standing


@pytest.fixture
def posting(author, now):
    return create_posting(standing=author, now=now, title="Title", body="Words of the posting.", topic="health-reform")


def comment(standing, posting, now, body="words", parent=None):
    return add_comment(standing=standing, now=now, posting_id=posting.pk, body=body, parent=parent)


def flag(standing, posting, now, reason="abuse", number=None, words=""):
    return flag_words(standing=standing, now=now, posting_id=posting.pk, number=number, reason=reason, words=words)


def decide(moderator, posting, now, measure="remove", number=None, rule="respect", **changes):
    fields = {"passage": "Words", "reason": REASON, "details": None} | changes
    return take_measure(
        standing=moderator, now=now, posting_id=posting.pk, number=number, measure=measure, rule=rule, **fields
    )


def test_a_report_waits_in_the_queue_without_who_reported(make_member, author, posting, moderator, now):
    reporter = make_member()
    assert flag(reporter, posting, now, words="Look at the second line, please.") is False
    flag(make_member(), posting, now)
    (line,) = get_queue(moderator, now).lines
    assert (line.reasons, line.said) == ({"abuse": 2}, ["Look at the second line, please."])
    assert reporter.handle not in repr(line)
    assert get_posting_page(reporter, posting.pk, now).gone == ""


def test_reports_that_are_refused(make_member, author, posting, now):
    reporter = make_member()
    for standing, reason, words, why in (
        (author, "abuse", "", "your own"),
        (reporter, "because", "", "reason"),
        (reporter, "other", "hm", "few words"),
    ):
        with pytest.raises(CannotFlagWords, match=why):
            flag(standing, posting, now, reason, words=words)
    flag(reporter, posting, now)
    with pytest.raises(CannotFlagWords, match="have reported"):
        flag(reporter, posting, now)
    with pytest.raises(NotAllowed):
        flag(make_member(level=Level.L1), posting, now)
    with pytest.raises(NotFound):
        flag(reporter, posting, now, number=9)
    assert Flag.objects.count() == 1


def test_a_case_reported_as_showing_a_patient_is_hidden_at_once_and_its_author_told(
    make_member, author, moderator, now
):
    case = create_posting(
        standing=author, now=now, title="Case", body="b", topic="health-reform", case_state=CaseState.UNSOLVED
    )
    reader = make_member()
    assert flag(make_member(), case, now, "patient") is True
    assert get_posting_page(reader, case.pk, now).gone == "hidden"
    assert get_posting_page(author, case.pk, now).html
    assert "hidden until a moderator" in Notification.objects.get(member_id=author.member_id).text
    decide(moderator, case, now, "keep", rule="patients", passage="")
    assert get_posting_page(reader, case.pk, now).gone == ""
    # A posting that is no case stands until somebody has looked.
    plain = create_posting(standing=author, now=now, title="Plain", body="b", topic="health-reform")
    assert flag(reader, plain, now, "patient") is False


def test_who_reports_falsely_again_and_again_hides_nothing_by_oneself():
    assert rules.hides_at_once("patient", True, [True] * 4 + [False] * 2)
    assert not rules.hides_at_once("patient", True, [True] * 5)
    assert not rules.hides_at_once("abuse", True, [])


@pytest.mark.parametrize("measure", [each for each in Measure if each != Measure.SPLIT])
@pytest.mark.parametrize("on_comment", [False, True])
def test_nothing_is_decided_without_its_author_seeing_what_and_why(
    make_member, author, posting, moderator, now, measure, on_comment, client
):
    number = comment(author, posting, now, "Words of a comment.").number if on_comment else None
    flag(make_member(), posting, now, number=number)
    decision = decide(
        moderator, posting, now, measure, number, details=Details(slow_seconds=300, topic="organised-medicine")
    )
    told = Notification.objects.get(member_id=author.member_id, kind="decision")
    assert REASON in told.text
    assert told.mail_due
    client.force_login(Account.objects.get(member=author.member_id))
    there = client.get(f"/notifications/{told.pk}/")
    assert there["Location"] == f"/moderation/decisions/{told.decision_id}/"
    assert REASON in client.get(there["Location"]).content.decode()
    page = get_statement(author, decision.pk, now)
    assert (page.decision.reason, page.decision.rule) == (REASON, "respect")
    with pytest.raises(NotFound):
        get_statement(make_member(), decision.pk, now)
    assert not Flag.objects.filter(decision=None).exists()
    line = list_log()[0][0]
    assert (line.measure, line.reason, line.day) == (measure, REASON, now.date())
    assert author.handle not in repr(line)


def test_measures_that_are_refused(make_member, author, posting, moderator, now):
    for changes, why in (
        ({"reason": "no"}, "Write why"),
        ({"rule": "taste"}, "measure and a rule"),
        ({"measure": "vanish"}, "measure and a rule"),
        ({"passage": ""}, "passage"),
        ({"measure": "move"}, "topic"),
        ({"measure": "split"}, "begins the new thread"),
        ({"measure": "slow", "details": Details(slow_seconds=10**6)}, "to a day"),
    ):
        with pytest.raises(CannotTakeMeasure, match=why):
            decide(moderator, posting, now, **changes)
    with pytest.raises(CannotTakeMeasure, match="session is over"):
        decide(moderator, posting, now + timedelta(minutes=61))
    end_staff_session(standing=moderator, now=now)
    with pytest.raises(CannotTakeMeasure, match="session is over"):
        decide(moderator, posting, now)
    with pytest.raises(NotFound):
        decide(make_member(), posting, now)
    with pytest.raises(CannotBeginSession):
        begin_staff_session(standing=moderator, now=now, reason="mod")
    both = make_member(roles=("moderator",))
    begin_staff_session(standing=both, now=now, reason="Going through the reports")
    own = create_posting(standing=both, now=now, title="t", body="b", topic="health-reform")
    with pytest.raises(CannotTakeMeasure, match="own words"):
        decide(both, own, now)
    assert not Decision.objects.exists()


def test_sanctions_escalate_expire_and_are_forgotten(now):
    day = timedelta(days=1)
    assert rules.sanction([], now)[:2] == (1, SanctionKind.WARNING)
    assert rules.sanction([now - day], now) == (2, SanctionKind.SLOWED, now + 7 * day)
    assert rules.sanction([now - day] * 2, now) == (3, SanctionKind.SILENCED, now + 7 * day)
    assert rules.sanction([now - day] * 9, now) == (4, SanctionKind.SILENCED, now + 30 * day)
    assert rules.sanction([now - 366 * day] * 9, now)[:2] == (1, SanctionKind.WARNING)


def test_a_silenced_member_reads_and_writes_again_when_it_is_over(make_member, author, posting, moderator, now):
    for _ in range(3):
        number = comment(author, posting, now, "Bad words.").number
        decide(moderator, posting, now, number=number)
    with pytest.raises(CannotWrite, match="lets you read, not write, until 9 July 2009") as refusal:
        comment(author, posting, now)
    decision = Decision.objects.latest("pk")
    assert str(refusal.value).endswith(f" appeal: http://127.0.0.1:8000/moderation/decisions/{decision.pk}/")
    with pytest.raises(CannotWrite):
        edit_posting(standing=author, now=now, posting_id=posting.pk, title="Title", body="x")
    comment(author, posting, now + timedelta(days=8))


def test_what_stands_in_the_wrong_place_sanctions_nobody(author, posting, moderator, now):
    decide(moderator, posting, now, "move", rule="topic", passage="", details=Details(topic="organised-medicine"))
    assert Posting.objects.get(pk=posting.pk).topic.slug == "organised-medicine"
    assert not Sanction.objects.exists()


def test_an_appeal_is_decided_by_somebody_else_and_gives_back(make_member, author, posting, moderator, now):
    number = comment(author, posting, now, "Fair words.").number
    decision = decide(moderator, posting, now, number=number)
    reader = make_member()
    assert get_posting_page(reader, posting.pk, now).threads[0].gone == "removed"
    with pytest.raises(NotFound):
        appeal_decision(standing=reader, now=now, decision_id=decision.pk, text="This is quite wrong.")
    with pytest.raises(CannotAppealDecision, match="Write why"):
        appeal_decision(standing=author, now=now, decision_id=decision.pk, text="no")
    with pytest.raises(CannotAppealDecision, match="183 days"):
        appeal_decision(standing=author, now=now + timedelta(days=184), decision_id=decision.pk, text="x" * 20)
    appeal_decision(standing=author, now=now, decision_id=decision.pk, text="This is quite wrong.")
    with pytest.raises(CannotAppealDecision, match="have appealed"):
        appeal_decision(standing=author, now=now, decision_id=decision.pk, text="This is quite wrong.")
    with pytest.raises(NotAllowed, match="Somebody else"):
        decide_appeal(standing=moderator, now=now, decision_id=decision.pk, outcome="upheld", reason="I was right.....")
    second = make_member(level=Level.L0, roles=("moderator",))
    with pytest.raises(CannotTakeMeasure, match="session"):
        decide_appeal(
            standing=second, now=now, decision_id=decision.pk, outcome="overturned", reason="Not in that rule."
        )
    begin_staff_session(standing=second, now=now, reason="Deciding the appeals")
    with pytest.raises(CannotDecideAppeal):
        decide_appeal(standing=second, now=now, decision_id=decision.pk, outcome="maybe", reason="Not in that rule.")
    assert get_queue(second, now).appeals[0].may_decide
    assert not get_queue(moderator, now).appeals[0].may_decide
    decide_appeal(standing=second, now=now, decision_id=decision.pk, outcome="overturned", reason="Not in that rule.")
    assert get_posting_page(reader, posting.pk, now).threads[0].gone == ""
    assert not Sanction.objects.filter(lifted_at=None).exists()
    assert Notification.objects.filter(kind="appeal", member_id=author.member_id).count() == 1
    assert list_log()[0][0].outcome == "overturned"
    (month,) = list_months()
    assert (month.decisions, month.appeals, month.overturned) == (1, 1, None)


def test_what_is_purged_leaves_a_tombstone_and_no_word_in_the_database(make_member, author, posting, moderator, now):
    secret = "Xyzzyname"
    target = comment(author, posting, now, f"It was {secret}.")
    from auscult.community.actions.comments import edit_comment

    edit_comment(
        standing=author,
        now=now + timedelta(hours=1),
        posting_id=posting.pk,
        number=target.number,
        body=f"{secret} again",
    )
    flag(make_member(), posting, now, "patient", target.number, f"{secret} is a name")
    decide(moderator, posting, now, number=target.number, passage=secret)
    decide(moderator, posting, now, "purge", target.number, rule="patients", passage=secret)
    assert get_posting_page(author, posting.pk, now).threads[0].gone == "purged"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND "
            "(table_name LIKE 'community%' OR table_name LIKE 'shared%') AND data_type IN "
            "('text', 'character varying', 'jsonb', 'tsvector')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s', [f"%{secret}%"])
            assert cursor.fetchone()[0] == 0, (table, column)


def test_a_split_thread_keeps_its_shape(make_member, author, posting, moderator, now):
    writer = make_member()
    root = comment(author, posting, now, "root")
    for body, parent in (("stays", None), ("one", 1), ("two", 3), ("three", 1), ("under three", 5)):
        comment(writer, posting, now, body, parent)
    decide(moderator, posting, now, "split", root.number, rule="topic", passage="", details=Details(title="Its own"))
    new = Posting.objects.get(title="Its own")
    page = get_posting_page(writer, new.pk, now)
    shape = [(line.html.strip(), [under.html.strip() for under in line.answers]) for line in page.threads]
    assert shape == [("<p>one</p>", ["<p>two</p>"]), ("<p>three</p>", ["<p>under three</p>"])]
    assert [line.number for line in page.threads] == [1, 3]
    assert (page.comment_count, new.voices) == (4, 1)
    left = get_posting_page(writer, posting.pk, now)
    assert [line.number for line in left.threads] == [1, 2]
    assert f"/postings/{new.pk}/" in left.threads[0].html
    added = comment(writer, posting, now, "next")
    assert Comment.objects.filter(posting=posting, number=added.number).count() == 1


def test_locked_and_slowed_threads(make_member, author, posting, moderator, now):
    writer = make_member()
    decide(moderator, posting, now, "slow", passage="", details=Details(slow_seconds=600))
    comment(writer, posting, now)
    with pytest.raises(CannotWrite, match="in 8 minutes"):
        comment(writer, posting, now + timedelta(minutes=3))
    comment(writer, posting, now + timedelta(minutes=10))
    decide(moderator, posting, now, "lock", passage="")
    with pytest.raises(Exception, match="locked this thread"):
        comment(writer, posting, now + timedelta(hours=1))
    decide(moderator, posting, now, "unlock", passage="")
    comment(writer, posting, now + timedelta(hours=1))


def test_limits_of_rate_and_of_new_members(make_member, author, posting, now):
    new = make_member()
    with pytest.raises(CannotWrite, match="links"):
        comment(new, posting, now, "https://a.example https://b.example https://c.example")
    for number in range(rules.NEW_POSTINGS_A_DAY):
        create_posting(standing=new, now=now, title=f"t{number}", body="b", topic="health-reform")
    with pytest.raises(CannotWrite, match="3 are the most"):
        create_posting(standing=new, now=now, title="t", body="b", topic="health-reform")
    create_posting(standing=new, now=now + timedelta(days=1, minutes=1), title="t", body="b", topic="health-reform")
    for number in range(rules.NEW_COMMENTS_AN_HOUR):
        comment(new, posting, now, f"words {number}")
    with pytest.raises(CannotWrite, match="within an hour"):
        comment(new, posting, now)
    comment(new, posting, now + timedelta(minutes=61))


def test_what_looks_like_advertising_stands_and_is_looked_at(make_member, posting, moderator, now):
    seller = make_member()
    text = "Buy now, limited offer, click here for the best price of the year: bit.ly/xyz and more."
    added = comment(seller, posting, now, text)
    (line,) = get_queue(moderator, now).lines
    assert (line.number, line.reasons) == (added.number, {"spam": 1})
    assert "phrases of sellers" in line.said[0]
    assert get_posting_page(make_member(), posting.pk, now).threads[0].gone == ""
    plain = "I would try a lower dose first, and see the patient again after two weeks."
    assert rules.spam_reasons(plain, is_repeated=False) == (0, [])
    comment(make_member(), posting, now, plain)
    assert len(get_queue(moderator, now).lines) == 1


def test_the_queue_costs_the_same_queries_at_any_size(make_member, author, posting, moderator, now):
    from django.test.utils import CaptureQueriesContext

    def cost():
        with CaptureQueriesContext(connection) as queries:
            get_queue(moderator, now)
        return len(queries)

    flag(make_member(), posting, now)
    few = cost()
    reporter = make_member()
    for each in range(15):
        flag(reporter, posting, now, number=comment(author, posting, now, f"words {each}").number)
    assert cost() == few <= 4


def test_rules_of_the_page_are_those_of_the_code(client):
    text = client.get("/rules/").content.decode()
    for rule in Rule:
        assert rules.RULE_WORDS[rule].split(".")[0] in text.replace("&#39;", "'")
