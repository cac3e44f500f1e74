"""A job asks the database as often for ten thousand rows as for a hundred, or once more for each batch of a stated size.

Rows are made by ``generate_series``, so that ten thousand cost tenths of a second. Each job returns how many rows it
worked on, which shows that the queries counted are those of the work.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auscult.community.actions import mailing, notifying
from auscult.community.actions.privacy import _forget_mentions
from auscult.members import casework
from auscult.members.actions import life, loads
from auscult.members.actions.evidence import purge_documents
from auscult.members.actions.privacy import notify_unmaskings
from auscult.members.emails import mail_members
from auscult.shared import mail
from auscult.shared.models import MailMessage
from auscult.shared.standing import CONSOLE
from auscult.surveys.actions import closing, fieldwork
from auscult.voice.actions.deliveries import note_due_silences
from auscult.voice.actions.mandates import count_mandates

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]

FEW, MANY = 100, 10_000
NOW = datetime.fromisoformat("2009-07-06T12:00:00+00:00")  # a Monday, outside of quiet hours
LONG_AGO = NOW - timedelta(days=400)
SEALED = b"1:sealed"


def sql(text: str, **values: Any) -> list[Any]:
    """Run a statement; gives the first column of what it returns."""
    with connection.cursor() as cursor:
        cursor.execute(text, {"now": NOW, "long_ago": LONG_AGO, "sealed": SEALED, **values})
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


def members(rows: int, **fields: Any) -> list[int]:
    """Verified members with accounts; their numbers."""
    values = {
        "level": 2, "verified_until": NOW + timedelta(days=300), "suspends_at": None, "suspended_at": None,
        "suspended_for": "",
    } | fields  # fmt: skip
    return sql(
        """
        WITH a AS (
            INSERT INTO members_account (email, password, is_active)
            SELECT gen_random_uuid() || '@example.org', '!', true FROM generate_series(1, %(rows)s) RETURNING id, email),
        e AS (
            INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, email, true, true FROM a)
        INSERT INTO members_member (account_id, level, member_class, specialty_group, state, sex, career, verified_at,
                                    verified_until, lapse_notice, suspends_at, suspended_at, suspended_for)
        SELECT id, %(level)s, 'physician', 'WG01', 'NY', 'F', '18+', %(long_ago)s, %(verified_until)s, '', %(suspends_at)s,
               %(suspended_at)s, %(suspended_for)s FROM a RETURNING id
        """,
        rows=rows,
        **values,
    )


def claims(of: list[int], **fields: Any) -> list[int]:
    """One claim for each of some members; their numbers."""
    values = {
        "kind": "record", "state": "verified", "marks": None, "contested": None, "deadline_at": None,
        "submitted_at": LONG_AGO, "decided_at": None,
    } | fields  # fmt: skip
    return sql(
        """
        INSERT INTO members_claim (member_id, kind, state, wanted, member_class, record_fingerprint, identity_sealed,
                                   specialty_group, practice_state, sex, career, flags, reason, contested_id, deadline_at,
                                   submitted_at, decided_at, automatic, emptied)
        SELECT m, %(kind)s, %(state)s, 2, 'physician', mark, %(sealed)s, 'WG01', 'NY', 'F', '18+', '[]', '', contested,
               %(deadline_at)s, %(submitted_at)s, %(decided_at)s, false, false
        FROM unnest(%(of)s::bigint[], %(marks)s::bytea[], %(contested)s::bigint[]) AS t(m, mark, contested) RETURNING id
        """,
        of=of,
        **values,
    )


def evidence(of: list[int]) -> None:
    """A document for each of some claims."""
    sql(
        "INSERT INTO members_evidence (claim_id, kind, state, points, via, document_sealed, code_tries, offered_at) "
        "SELECT c, 'document', 'confirmed', 1, '', %(sealed)s, 0, %(long_ago)s FROM unnest(%(of)s::bigint[]) AS c",
        of=of,
    )


# What a job finds to do


def announced(rows: int) -> None:
    members(rows, suspends_at=LONG_AGO)


def lapsing(rows: int) -> None:
    members(rows, verified_until=NOW + timedelta(days=10))


def disputes(rows: int) -> None:
    holders = members(rows, suspended_at=LONG_AGO, suspended_for="dispute")
    held = claims(holders)
    claims(holders, kind="defence", state="in_review")
    evidence(claims(members(rows, level=1), state="in_review", contested=held, deadline_at=LONG_AGO))


def abandoned(rows: int) -> None:
    claims(members(rows // 2, level=1), state="submitted")
    evidence(claims(members(rows // 2, level=1), state="rejected", decided_at=LONG_AGO))


def documents(rows: int) -> None:
    evidence(claims(members(rows), state="verified", decided_at=LONG_AGO))


def unmaskings(rows: int) -> None:
    sql(
        "INSERT INTO members_unmasking (member_id, reason, legal_order, asked_at, approved, decided_at, notice_at) "
        "SELECT m, 'why', 'an order', %(long_ago)s, true, %(long_ago)s, %(long_ago)s FROM unnest(%(of)s::bigint[]) AS m",
        of=members(rows),
    )


def changed_records(rows: int) -> int:
    """A load in which every record is deactivated; its number."""
    (load,) = sql(
        "INSERT INTO registry_registerload (register, kind, filename, sha256, as_of, rows, kept, deactivated, other, "
        "rejected, reasons, changes) VALUES ('nppes', 'weekly', 'w', gen_random_uuid()::text, %(now)s, 1, 1, 0, 0, 0, "
        "'{}', '{}') RETURNING id"
    )
    numbers = sql(
        "INSERT INTO registry_registerrecord (register, number, last_name, first_name, other_last_name, credential, sex, "
        "specialty_code, specialty_group, state, phone, fax, address, licences, status, load_id) "
        "SELECT 'nppes', %(load)s || '-' || n, 'A', 'B', '', '', 'F', '207R00000X', 'WG01', 'NY', '', '', '', '[]', "
        "'deactivated', %(load)s FROM generate_series(1, %(rows)s) AS n RETURNING number",
        rows=rows,
        load=load,
    )
    claims(members(rows), marks=casework.record_marks(numbers))
    return load


def apply_load() -> int:
    (load,) = sql("SELECT max(id) FROM registry_registerload")
    return loads.apply_load(standing=CONSOLE, now=NOW, load_id=load)["announced"]


def posting(comments: int = 0) -> int:
    (author,) = members(1)
    return sql(
        "INSERT INTO community_posting (author_id, topic_id, title, body, html, case_state, kept_findings, state, "
        "specialty_group, connections, posted_at, comments, voices, useful, ratings, rating_total, rank_hours, "
        "picture_count, slow_seconds) SELECT %(author)s, min(id), 't', 'b', 'b', '', '{}', 'published', '', '[]', %(now)s, "
        "%(comments)s, 0, 0, 0, 0, 0, 0, 0 FROM shared_topic RETURNING id",
        author=author,
        comments=comments,
    )[0]


def notifications(rows: int, at: datetime = NOW) -> None:
    sql(
        "INSERT INTO community_notification (member_id, kind, posting_id, text, made_at, mail_due) "
        "SELECT m, 'mention', %(posting)s, '', %(at)s, true FROM unnest(%(of)s::bigint[]) AS m",
        of=members(rows),
        posting=posting(),
        at=at,
    )


def followed_topic(rows: int) -> None:
    sql("DELETE FROM community_topicfollow")
    posting()
    sql(
        "INSERT INTO community_topicfollow (member_id, topic_id) "
        "SELECT m, (SELECT min(id) FROM shared_topic) FROM unnest(%(of)s::bigint[]) AS m",
        of=members(rows),
    )


def tell_of_posting() -> int:
    (newest,) = sql("SELECT max(id) FROM community_posting")
    return notifying.tell_of_posting(posting_id=newest, now=NOW)


def followed_thread(rows: int) -> None:
    thread = posting(comments=1)
    (writer,) = members(1)
    sql(
        "INSERT INTO community_comment (posting_id, author_id, number, path, body, html, state, connections, commented_at) "
        "VALUES (%(thread)s, %(writer)s, 1, '{1}', 'b', 'b', 'published', '[]', %(now)s)",
        thread=thread,
        writer=writer,
    )
    sql(
        "INSERT INTO community_reading (member_id, posting_id, read_comments, is_followed, is_muted) "
        "SELECT m, %(thread)s, 0, true, false FROM unnest(%(of)s::bigint[]) AS m",
        of=members(rows),
        thread=thread,
    )


def tell_followers() -> int:
    (newest,) = sql("SELECT max(id) FROM community_posting")
    return notifying.tell_followers(posting_id=newest, after=0)


def mentions(rows: int) -> None:
    (author,) = members(1)
    sql(
        "INSERT INTO community_comment (posting_id, author_id, number, path, body, html, state, connections, commented_at) "
        "SELECT %(thread)s, %(author)s, n, ARRAY[n], 'ask @quiet-otter', 'b', 'published', '[]', %(now)s "
        "FROM generate_series(1, %(rows)s) AS n",
        thread=posting(comments=rows),
        author=author,
        rows=rows,
    )


def forget_mentions() -> int:
    _forget_mentions("quiet-otter")
    (newest,) = sql("SELECT max(id) FROM community_posting")
    changed = "posting_id = %(newest)s AND body = 'ask @somebody-who-left' AND strpos(html, 'who-left') > 0"
    return len(sql(f"SELECT id FROM community_comment WHERE {changed}", newest=newest))


def survey(closes_at: datetime = NOW + timedelta(days=2)) -> int:
    """An open survey of one question; its number."""
    from auscult.members.models import Account, Member
    from auscult.members.queries.standing import get_standing
    from auscult.statistics.representativeness import Instrument
    from auscult.surveys.actions.drafting import draft_survey
    from auscult.surveys.actions.opening import open_survey
    from auscult.surveys.questionnaire.document import Choice
    from auscult.surveys.rules import poll, single_choice

    (author,) = members(1)
    Member.objects.filter(pk=author).update(handle=f"author-{author}")
    standing = get_standing(Account.objects.get(member=author).pk, NOW)
    question = single_choice("q1", "One?", [Choice("a", "A"), Choice("b", "B")])
    opened = closes_at - timedelta(days=2)
    draft = draft_survey(
        standing=standing, now=opened, questionnaire=poll("One", [question]), instrument=Instrument.COMMUNITY_POLL,
        closes_at=closes_at,
    )  # fmt: skip
    return open_survey(standing=standing, now=opened, survey_id=draft.pk).pk


def invitations(rows: int) -> None:
    sql(
        "INSERT INTO surveys_invitation (survey_id, member_id, stratum, design_stratum, state, reminders, disposition) "
        "SELECT %(survey)s, m, '', '', 'waiting', 0, '' FROM unnest(%(of)s::bigint[]) AS m",
        survey=survey(),
        of=members(rows),
    )


def send_invitations() -> int:
    (newest,) = sql("SELECT max(id) FROM surveys_survey")
    return fieldwork.send_mails(standing=CONSOLE, now=NOW, survey_id=newest, reminder=False).sent


def send_reminders() -> int:
    sql("UPDATE surveys_invitation SET state = 'sent', sent_on = %(long_ago)s")
    (newest,) = sql("SELECT max(id) FROM surveys_survey")
    return fieldwork.send_mails(standing=CONSOLE, now=NOW, survey_id=newest, reminder=True).sent


def answers(rows: int) -> None:
    """A survey that is due to be closed."""
    # The job that vacuums waits already after the first run, which takes one statement more to find out.
    sql("DELETE FROM procrastinate_jobs")
    number = survey(closes_at=NOW)
    sql(
        "INSERT INTO surveys_turnout (survey_id, member_id, outcome) "
        "SELECT %(survey)s, m, 'complete' FROM unnest(%(of)s::bigint[]) AS m",
        survey=number,
        of=members(rows),
    )
    sql(
        "INSERT INTO surveys_ballot (locator, survey_id, stratum, answers, nonces, seconds, state) "
        "SELECT sha256((%(survey)s || ' ' || n)::bytea), %(survey)s, 'Primary care|Northeast|F|18+', "
        """'{"q1": "a"}', jsonb_build_object('q1', to_char(n, 'FM0000000000000000')), 0, '' """
        "FROM generate_series(1, %(rows)s) AS n",
        survey=number,
        rows=rows,
    )


def close_due() -> int:
    closing.close_due_surveys(now=NOW)
    return sql("SELECT respondents FROM surveys_survey ORDER BY id DESC LIMIT 1")[0]


def kept_links(rows: int) -> None:
    answers(rows)
    sql("UPDATE surveys_survey SET state = 'closed', link_kept_until = %(long_ago)s WHERE state = 'open'")


def end_links() -> int:
    before = sql("SELECT count(*) FROM surveys_ballot")[0]
    closing.end_links(standing=CONSOLE, now=NOW)
    return before - sql("SELECT count(*) FROM surveys_ballot")[0]


def silences(rows: int) -> None:
    (author,) = members(1)
    sql(
        """
        WITH a AS (
            INSERT INTO voice_appeal (title, topic_id, author_id, state, reason, drafted_at, outcome)
            SELECT 't', min(id), %(author)s, 'delivered', '', %(long_ago)s, '' FROM shared_topic RETURNING id),
        v AS (
            INSERT INTO voice_appealversion (state, appeal_id, number, preamble, clauses, sha256, why, written_at)
            SELECT 'published', id, 1, '', '[]', '', '', %(long_ago)s FROM a RETURNING id),
        d AS (
            INSERT INTO voice_addressee (appeal_id, name, channel)
            SELECT a.id, 'Member of Congress ' || n, '' FROM a, generate_series(1, %(rows)s) AS n RETURNING id)
        INSERT INTO voice_delivery (addressee_id, version_id, sent_at, file_sha256, letter, proof, record_index, answer,
                                    answer_text, answer_html)
        SELECT d.id, v.id, %(long_ago)s, '', '', '', 0, '', '', '' FROM d, v
        """,
        author=author,
        rows=rows,
    )


def statements(rows: int) -> None:
    """What members say of one organization on a topic on which nobody has said anything yet."""
    from auscult.organisations.models import Organisation
    from auscult.organisations.queries import SPEAKING_KINDS
    from auscult.statistics.mandates import Stance

    about, _ = Organisation.objects.get_or_create(slug="theirs", kind=SPEAKING_KINDS[0], defaults={"name": "Theirs"})
    sql(
        "INSERT INTO voice_mandatestatement (member_id, topic_id, organisation_id, stance, stated_at, expires_at) "
        "SELECT m, (SELECT min(id) FROM shared_topic WHERE id NOT IN (SELECT topic_id FROM voice_mandatestatement)), "
        "%(about)s, %(stance)s, %(now)s, %(later)s FROM unnest(%(of)s::bigint[]) AS m",
        of=members(rows),
        about=about.pk,
        stance=next(iter(Stance)).value,
        later=NOW + timedelta(days=300),
    )


def count_statements() -> int:
    count_mandates(standing=CONSOLE, now=NOW)
    (figures,) = sql("SELECT figures::text FROM voice_mandatesnapshot ORDER BY id DESC LIMIT 1")
    return sum(share["count"] for row in json.loads(figures) if not row["withheld"] for share in row["shares"])


def tell_respondents() -> int:
    from auscult.surveys.queries.fieldwork import list_respondents

    (newest,) = sql("SELECT max(id) FROM surveys_survey")
    respondents = list_respondents(newest)
    mail_members(respondents, "The result is out", "It is published.")
    return len(respondents)


def mails(rows: int) -> None:
    mail.queue_mails([mail.Mail(to=f"{n}@example.org", subject="s", text="t") for n in range(rows)])


def deliver() -> int:
    numbers = list(MailMessage.objects.filter(state="queued").values_list("pk", flat=True))
    mail.deliver(numbers)
    return MailMessage.objects.filter(pk__in=numbers, state="kept").count()


@dataclass(frozen=True)
class Job:
    """A job and what it may cost.

    Attributes:
        prepare: makes so many rows of work.
        run: does the work; returns on how many rows.
        more: queries more at ``many`` rows than at ``FEW``.
        portion: rows that one run works on at most; None for all.
        many: rows of the second run.
    """

    prepare: Callable[[int], object]
    run: Callable[[], int]
    more: int = 0
    portion: int | None = None
    many: int = MANY


def at(action: Callable[..., int]) -> Callable[[], int]:
    """An action of the clock."""
    return lambda: action(standing=CONSOLE, now=NOW)


#: Two statements for each 5,000 mails (shared.mail.MAILS_A_STATEMENT): two more at ten thousand.
MAILS = 2
JOBS = {
    "members.suspend_due": Job(announced, at(life.suspend_due), MAILS),
    "members.notify_lapses": Job(lapsing, at(life.notify_lapses), MAILS),
    # Two mails for each dispute: to the holder and to the other side.
    "members.end_disputes": Job(disputes, at(life.end_disputes), 2 * MAILS),
    "members.close_abandoned": Job(abandoned, at(life.close_abandoned)),
    "members.purge_documents": Job(documents, at(purge_documents)),
    "members.notify_unmaskings": Job(unmaskings, at(notify_unmaskings), MAILS),
    # Batches of 5,000 records (loads.RECORDS_A_BATCH): the second one takes as many queries again.
    "members.apply_load": Job(changed_records, apply_load, 10),
    # Ten batches of 1,000 members (mailing.MEMBERS_A_RUN) instead of one, ten queries each.
    "community.send_due_mails": Job(notifications, at(mailing.send_due_mails), 9 * 10),
    "community.forget_seen": Job(lambda rows: notifications(rows, LONG_AGO), at(notifying.forget_seen)),
    "community.tell_of_posting": Job(followed_topic, tell_of_posting),
    "community.tell_followers": Job(followed_thread, tell_followers),
    # What is left is a job of its own; to queue it takes three statements.
    "surveys.send_mails": Job(invitations, send_invitations, 3, portion=fieldwork.MAILS_A_JOB),
    "surveys.send_mails, reminders": Job(invitations, send_reminders, 3, portion=fieldwork.MAILS_A_JOB),
    "surveys.close_due_surveys": Job(answers, close_due),
    "surveys.end_links": Job(kept_links, end_links),
    "voice.note_due_silences": Job(silences, lambda: note_due_silences(now=NOW), 9),
    # The topic of the first run is found to be counted already: two look-ups.
    "voice.count_mandates": Job(statements, count_statements, 2),
    "publishing.tell_respondents": Job(answers, tell_respondents, MAILS),
    "shared.deliver_mails, kept": Job(mails, deliver),
    # Each text is rendered again, so this one ends at 2,000: a second look-up and statement
    # (privacy.WORDS_A_STATEMENT).
    "erasure: mentions of a handle": Job(mentions, forget_mentions, 2, many=2_000),
}


@pytest.mark.parametrize("name", JOBS)
def test_queries_do_not_grow_with_rows(name):
    job = JOBS[name]
    counts = []
    for rows in (FEW, job.many):
        job.prepare(rows)
        # A server that has never looked at these tables plans as if they were empty.
        sql("ANALYZE members_account, members_member, members_claim, members_evidence, community_notification")
        with CaptureQueriesContext(connection) as queries:
            done = job.run()
        assert done == min(rows, job.portion or rows)
        counts.append(len(queries))
    few, many = counts
    assert many - few == job.more, f"{few} queries at {FEW} rows, {many} at {job.many}"
