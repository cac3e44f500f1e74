"""Somebody who reads the whole database after the close tries to put members and ballots together again, and fails.

The attacks are those that were seen to work on PostgreSQL: the order of rows on disk, the transaction that wrote a row
(``xmin``), times, sequences, the trail, the log of the server, and jobs.
"""

import json
import os
import re
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from auscult.config.local import embedded_postgres
from auscult.shared.models import AuditEvent
from auscult.statistics.representativeness import Instrument
from auscult.surveys import traces
from auscult.surveys.actions.answering import cast_ballot, save_answers, withdraw_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.keys import find_key
from auscult.surveys.models import Ballot, BallotDraft, BallotKey, CountedBallot, OpenText, Turnout
from auscult.surveys.questionnaire.document import Choice, Kind, Question
from auscult.surveys.rules import BallotMode, poll, single_choice
from auscult.surveys.tasks import vacuum_ballots
from auscult.surveys.traces import StillRead, clear_statistics

pytestmark = [pytest.mark.django_db(transaction=True)]
VOTERS = 40


def vacuum():
    """Run the job until no other connection, such as autovacuum's, holds it up; the worker tries again the same way."""
    for _ in range(20):
        try:
            return vacuum_ballots()
        except StillRead:
            connection.close()
    raise AssertionError("another connection never let go")


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.fixture
def voted(make_member, now):
    """Forty members vote one after the other, each in a transaction of its own; gives survey, order of voting and answers."""
    author = make_member()
    questions = [
        single_choice("q1", "One?", [Choice("a", "A"), Choice("b", "B")]),
        Question("words", Kind.TEXT, "Words?"),
    ]
    survey = draft_survey(
        standing=author,
        now=now,
        questionnaire=poll("Detached", questions),
        instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=1),
    )
    survey = open_survey(standing=author, now=now, survey_id=survey.pk)
    order = []
    for number in range(VOTERS):
        voter = make_member()
        answers = {"q1": "ab"[(number * 7) % 5 % 2], "words": f"Said by the voter who came as number {number:02d}."}
        if number % 3 == 0:
            save_answers(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a"}, seconds=20)
        cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers=answers, seconds=20)
        order.append((voter.member_id, answers))
    # Autovacuum does this by itself while a survey is open.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    close_survey(standing=author, now=now + timedelta(days=1), survey_id=survey.pk)
    vacuum()
    return survey, order


def agreement(left, right):
    """Share of places at which two orders agree; by chance about one in forty."""
    return sum(a == b for a, b in zip(left, right, strict=True)) / len(left)


def test_during_fieldwork_one_transaction_betrays_the_pair(make_member, survey, now):
    """The attack itself works while a survey is open, which is why everything is written anew at the close."""
    voter = make_member()
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "b"})
    found = rows(
        "SELECT t.member_id, b.answers::text FROM surveys_turnout t JOIN surveys_ballot b ON t.xmin::text = b.xmin::text"
    )
    assert [(member, json.loads(answers)) for member, answers in found] == [(voter.member_id, {"q1": "b"})]


def test_no_ballot_draft_or_key_is_left(voted):
    assert not Ballot.objects.exists()
    assert not BallotDraft.objects.exists()
    assert not BallotKey.objects.exists()


def test_row_order_on_disk_says_nothing(voted):
    _, order = voted
    turnout = [member for (member,) in rows("SELECT member_id FROM surveys_turnout ORDER BY ctid")]
    assert turnout == sorted(turnout)
    leaves = [bytes(leaf) for (leaf,) in rows("SELECT leaf FROM surveys_countedballot ORDER BY ctid")]
    assert leaves == sorted(leaves)
    texts = [text for (text,) in rows("SELECT text FROM surveys_opentext ORDER BY ctid")]
    assert agreement(texts, [answers["words"] for _, answers in order]) < 0.2
    answered = [
        choice for (choice,) in rows("SELECT choice FROM surveys_countedballot WHERE question = 'q1' ORDER BY ctid")
    ]
    assert answered != [answers["q1"] for _, answers in order]


@pytest.mark.parametrize("table", ["turnout", "countedballot", "opentext", "ballottally"])
def test_one_transaction_wrote_every_row_that_is_left(voted, table):
    """A join on xmin gives every pair of member and answer, which is none."""
    assert len(rows(f"SELECT DISTINCT xmin::text FROM surveys_{table}")) == 1


def test_no_column_holds_a_time_or_a_running_number(voted):
    for table in ("turnout", "countedballot", "opentext", "ballottally", "ballot", "ballotdraft"):
        columns = rows(
            "SELECT column_name, data_type, column_default FROM information_schema.columns WHERE table_name = %s",
            f"surveys_{table}",
        )
        assert columns
        for name, kind, default in columns:
            assert "timestamp" not in kind, f"{table}.{name}"
            assert kind != "date", f"{table}.{name}"
            assert default is None or "nextval" not in default, f"{table}.{name}"
            assert "identity" not in (default or "")
    assert rows("SELECT count(*) FROM information_schema.sequences WHERE sequence_name LIKE '%%ballot%%'") == [(0,)]


def test_the_trail_and_the_jobs_know_no_voter(voted):
    _, order = voted
    members = {member for member, _ in order}
    assert not AuditEvent.objects.filter(actor_id__in=members, event__startswith="surveys.").exists()
    said = json.dumps(list(ProcrastinateJob.objects.values_list("args", flat=True)))
    assert not re.search(r"member|Said by|answers", said)


def test_a_withdrawal_leaves_a_day_and_no_member(make_member, survey, now):
    voter = make_member()
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "b"})
    withdraw_ballot(standing=voter, now=now, survey_id=survey.pk)
    event = AuditEvent.objects.get(event="surveys.ballot.withdraw")
    assert event.actor_id is None
    assert (event.at.hour, event.at.minute, event.at.second) == (0, 0, 0)
    assert not Turnout.objects.exists()
    assert not Ballot.objects.exists()


def test_the_server_logs_no_statement():
    settings = dict(rows("SELECT name, setting FROM pg_settings WHERE name LIKE 'log_%%'"))
    assert settings["log_statement"] == "none"
    assert settings["log_min_duration_statement"] == "-1"
    assert settings["log_min_error_statement"] == "panic"


def test_items_of_one_ballot_hang_together_by_nothing(voted):
    """Each leaf has a nonce of its own, so rows of different questions cannot be joined."""
    nonces = list(CountedBallot.objects.values_list("nonce", flat=True))
    assert len(set(nonces)) == len(nonces)
    assert OpenText.objects.count() == VOTERS


def test_linked_ballots_keep_the_link_and_say_until_when(make_member, now):
    researcher = make_member(roles=("researcher",))
    survey = draft_survey(
        standing=researcher,
        now=now,
        questionnaire=poll("Linked", [single_choice("q1", "One?", [Choice("a", "A"), Choice("b", "B")])]),
        instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=1),
        mode=BallotMode.LINKED,
    )
    survey = open_survey(standing=researcher, now=now, survey_id=survey.pk)
    cast_ballot(standing=make_member(), now=now, survey_id=survey.pk, answers={"q1": "a"})
    closed = close_survey(standing=researcher, now=now + timedelta(days=1), survey_id=survey.pk)
    assert Ballot.objects.count() == BallotKey.objects.count() == 1
    assert closed.link_kept_until == now + timedelta(days=181)

    from auscult.shared.standing import CONSOLE
    from auscult.surveys.actions.closing import end_links

    assert end_links(standing=CONSOLE, now=now + timedelta(days=180)) == 0
    assert end_links(standing=CONSOLE, now=now + timedelta(days=181)) == 1
    assert not Ballot.objects.exists()
    assert not BallotKey.objects.exists()


def test_statistics_hold_no_value_of_a_ballot(voted):
    """ANALYZE ran before the close; the copies it made would outlive the rows."""
    assert (
        rows(
            "SELECT tablename, attname FROM pg_stats WHERE tablename IN ('surveys_ballotkey', 'surveys_ballot', "
            "'surveys_ballotdraft', 'surveys_ballotchange', 'surveys_turnout')"
        )
        == []
    )


def test_the_job_comes_again_while_an_earlier_transaction_goes_on(voted, monkeypatch):
    """A backup that began before the close may still see the ballots, so rewriting the tables would keep them."""
    monkeypatch.setattr(traces, "WAITS", 3)
    monkeypatch.setattr(traces, "WAIT_SECONDS", 0)
    with psycopg.connect(dsn()) as reader:
        reader.execute("SELECT pg_current_xact_id()")
        # What is committed after the reader began may still be visible to it.
        rows("SELECT pg_current_xact_id()")
        with pytest.raises(StillRead):
            vacuum_ballots()
    vacuum()


def dsn():
    """Address of the database of this test."""
    values = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=values["NAME"],
        user=values["USER"],
        password=values["PASSWORD"],
        host=values["HOST"],
        port=values["PORT"],
    )


def test_statistics_that_somebody_turned_on_are_cleared(voted):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE surveys_turnout ALTER COLUMN member_id SET STATISTICS 100")
        cursor.execute("ANALYZE surveys_turnout")
    assert rows("SELECT attname FROM pg_stats WHERE tablename = 'surveys_turnout'") == [("member_id",)]
    assert clear_statistics() == ["surveys_turnout.member_id"]
    assert rows("SELECT attname FROM pg_stats WHERE tablename = 'surveys_turnout'") == []
    assert rows("SELECT attstattarget FROM pg_attribute WHERE attrelid = 'surveys_turnout'::regclass "
                "AND attname = 'member_id'") == [(0,)]  # fmt: skip


@pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the files of a server of your own cannot be read here"
)
def test_no_file_of_the_server_holds_a_key_a_locator_or_two_nonces_of_one_ballot(make_member, now):
    """Whoever takes the disk after the close: table files, catalog, and write-ahead log."""
    author = make_member()
    questions = [single_choice(code, "?", [Choice("a", "A"), Choice("b", "B")]) for code in ("q1", "q2")]
    survey = draft_survey(
        standing=author,
        now=now,
        questionnaire=poll("Files", questions),
        instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=1),
    )
    survey = open_survey(standing=author, now=now, survey_id=survey.pk)
    for number in range(VOTERS):
        cast_ballot(
            standing=make_member(),
            now=now,
            survey_id=survey.pk,
            answers={"q1": "ab"[number % 2], "q2": "ba"[number % 2]},
        )
    secrets = {find_key(survey.pk), bytes(BallotKey.objects.get().sealed)}
    for locator, nonces in Ballot.objects.values_list("locator", "nonces")[:4]:
        secrets |= {bytes(locator), (nonces["q1"] + nonces["q2"]).encode(), (nonces["q2"] + nonces["q1"]).encode()}
    data = embedded_postgres().data
    ((oid,),) = rows("SELECT oid::text FROM pg_database WHERE datname = current_database()")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("CHECKPOINT")
    # Until the close, the locators are there: the search finds what it looks for.
    assert found_in(data, oid, secrets)
    close_survey(standing=author, now=now + timedelta(days=1), survey_id=survey.pk)
    vacuum()
    assert found_in(data, oid, secrets) == set()
    # The key that was ever stored was sealed; the plain one was in no file at any time.


def found_in(folder, oid, secrets):
    """Names of the files of this database, of the log, and of the server's that hold one of the byte strings."""
    pattern = re.compile(b"|".join(re.escape(secret) for secret in secrets))
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and (path.parts[-3] != "base" or path.parts[-2] == oid):
            with suppress(FileNotFoundError):
                if pattern.search(path.read_bytes()):
                    found.add(str(path.relative_to(folder)))
    return found
