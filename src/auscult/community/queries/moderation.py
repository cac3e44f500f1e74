"""The moderators' queue, statements to authors, the public log and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from auscult.community import access
from auscult.community.models import Decision, StaffSession
from auscult.community.rules import moderation as rules
from auscult.community.rules.moderation import Measure
from auscult.shared.pages import whole_number
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.shared.topics import TopicLine, list_topics
from auscult.statistics.suppression import MINIMUM_CELL

PER_PAGE = 30


@dataclass(frozen=True)
class QueueLine:
    """Words that were flagged, with all open flags on them.

    Attributes:
        number: of the comment; None for the posting itself.
        reasons: reason → how many; who flagged is not shown.
        said: what those who flagged wrote.
        is_own: whether the moderator who looks wrote them.
    """

    posting_id: int
    number: int | None
    title: str
    body: str
    handle: str
    state: str
    case_state: str
    reasons: dict[str, int]
    said: list[str]
    flagged_at: datetime
    earlier: int
    is_own: bool


@dataclass(frozen=True)
class AppealLine:
    """An appeal that waits."""

    decision_id: int
    measure: str
    rule: str
    reason: str
    passage: str
    text: str
    appealed_at: datetime
    may_decide: bool


@dataclass(frozen=True)
class QueuePage:
    """What waits for moderators."""

    lines: list[QueueLine]
    appeals: list[AppealLine]
    topics: list[TopicLine]
    session_until: datetime | None
    session_reason: str


_QUEUE = """
    SELECT f.posting_id, c.number, p.title, left(COALESCE(c.body, p.body), 5000), m.handle, COALESCE(c.state, p.state),
           p.case_state, f.reasons, f.said, f.flagged_at, m.id,
           (SELECT count(*) FROM community_sanction AS s WHERE s.member_id = m.id AND s.lifted_at IS NULL
            AND s.begins_at > %s)
    FROM (SELECT posting_id, comment_id, array_agg(reason ORDER BY id) AS reasons,
                 array_agg(words ORDER BY id) FILTER (WHERE words <> '') AS said, min(flagged_at) AS flagged_at,
                 bool_or(reason = 'patient') AS urgent
          FROM community_flag WHERE decision_id IS NULL GROUP BY posting_id, comment_id
          ORDER BY urgent DESC, flagged_at LIMIT %s) AS f
    JOIN community_posting AS p ON p.id = f.posting_id
    LEFT JOIN community_comment AS c ON c.id = f.comment_id
    JOIN members_member AS m ON m.id = COALESCE(c.author_id, p.author_id)
    ORDER BY f.urgent DESC, f.flagged_at
"""


def get_queue(standing: Standing, now: datetime) -> QueuePage:
    """What waits: first what may show a patient, then the oldest; in four queries.

    Raises:
        NotFound: no moderator.
    """
    access.require_moderator(standing)
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [now - rules.FORGOTTEN, PER_PAGE])
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT d.id, d.measure, d.rule, d.reason, d.passage, a.text, a.appealed_at, d.moderator_id, d.author_id "
            "FROM community_moderationappeal AS a JOIN community_decision AS d ON d.id = a.decision_id "
            "WHERE a.outcome = '' ORDER BY a.appealed_at LIMIT %s",
            [PER_PAGE],
        )
        waiting = cursor.fetchall()
    lines = []
    for posting, number, title, body, handle, state, case, reasons, said, at, author, earlier in rows:
        counts: dict[str, int] = {}
        for reason in reasons:
            counts[reason] = counts.get(reason, 0) + 1
        lines.append(
            QueueLine(
                posting, number, title, body, handle or "", state, case, counts, list(said or ()), at, earlier,
                author == standing.member_id,
            )
        )  # fmt: skip
    session = StaffSession.objects.filter(member_id=standing.require_member(), ends_at__gt=now).first()
    return QueuePage(
        lines,
        [_appeal(row, standing) for row in waiting],
        list_topics(),
        session.ends_at if session else None,
        session.reason if session else "",
    )


def _appeal(row: tuple[Any, ...], standing: Standing) -> AppealLine:
    number, measure, rule, reason, passage, text, at, moderator, author = row
    return AppealLine(number, measure, rule, reason, passage, text, at, standing.member_id not in {moderator, author})


@dataclass(frozen=True)
class StatementPage:
    """A decision as its author reads it."""

    decision: Decision
    number: int | None
    title: str
    appeal_text: str
    appeal_outcome: str
    appeal_reason: str
    may_appeal: bool
    sanction: str
    sanction_until: datetime | None


def get_statement(standing: Standing, decision_id: int, now: datetime) -> StatementPage:
    """A decision, for the author of the words and for moderators.

    Raises:
        NotFound: none, or not for whoever asks.
    """
    decision = (
        Decision.objects.select_related("comment", "posting").defer("comment__search").filter(pk=decision_id).first()
    )
    if decision is None or (decision.author_id != standing.member_id and not standing.can(Permission.WORDS_MODERATE)):
        raise NotFound
    appeal = getattr(decision, "appeal", None)
    sanction = decision.sanctions.first()
    may = (
        decision.author_id == standing.member_id
        and appeal is None
        and decision.measure != Measure.KEEP
        and now - decision.decided_at <= timedelta(days=rules.APPEAL_DAYS)
    )
    return StatementPage(
        decision,
        decision.comment.number if decision.comment else None,
        decision.posting.title,
        appeal.text if appeal else "",
        appeal.outcome if appeal else "",
        appeal.reason if appeal else "",
        may,
        sanction.kind if sanction and sanction.lifted_at is None else "",
        sanction.ends_at if sanction and sanction.lifted_at is None else None,
    )


@dataclass(frozen=True)
class LogLine:
    """One decision in the public log: no handle, no words, a day and no hour."""

    number: int
    day: date
    what: str
    measure: str
    rule: str
    reason: str
    outcome: str


def list_log(before: str = "") -> tuple[list[LogLine], str]:
    """The public log, newest first, and where the next page begins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, (d.decided_at AT TIME ZONE 'UTC')::date, d.comment_id IS NULL, d.measure, d.rule, d.reason, "
            "COALESCE(a.outcome, ''), a.id IS NOT NULL FROM community_decision AS d "
            "LEFT JOIN community_moderationappeal AS a ON a.decision_id = d.id WHERE d.id < %s ORDER BY d.id DESC LIMIT %s",
            [whole_number(before) or 2**62, PER_PAGE + 1],
        )
        rows = cursor.fetchall()
    lines = [
        LogLine(pk, day, "posting" if whole else "comment", measure, rule, reason,
                outcome or ("appealed" if appealed else ""))
        for pk, day, whole, measure, rule, reason, outcome, appealed in rows[:PER_PAGE]
    ]  # fmt: skip
    return lines, str(lines[-1].number) if len(rows) > PER_PAGE else ""


@dataclass(frozen=True)
class MonthLine:
    """Moderation in one month.

    Attributes:
        median_hours: from the first flag to the decision; None without flagged decisions.
        overturned: share of decided appeals that overturned; None where fewer than ten were decided.
    """

    month: date
    flags: int
    decisions: int
    taken: int
    median_hours: float | None
    appeals: int
    appeals_decided: int
    overturned: float | None


_MONTHS = """
    WITH d AS (SELECT date_trunc('month', decided_at AT TIME ZONE 'UTC')::date AS month, count(*) AS n,
                      count(*) FILTER (WHERE measure IN ('remove', 'purge')) AS taken,
                      percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - flagged_at) / 3600)
                          FILTER (WHERE flagged_at IS NOT NULL) AS hours
               FROM community_decision GROUP BY 1),
    f AS (SELECT date_trunc('month', flagged_at AT TIME ZONE 'UTC')::date AS month, count(*) AS n
          FROM community_flag GROUP BY 1),
    a AS (SELECT date_trunc('month', appealed_at AT TIME ZONE 'UTC')::date AS month, count(*) AS n,
                 count(*) FILTER (WHERE outcome <> '') AS decided,
                 count(*) FILTER (WHERE outcome = 'overturned') AS overturned
          FROM community_moderationappeal GROUP BY 1)
    SELECT month, COALESCE(f.n, 0), COALESCE(d.n, 0), COALESCE(d.taken, 0), d.hours, COALESCE(a.n, 0),
           COALESCE(a.decided, 0), COALESCE(a.overturned, 0)
    FROM d FULL JOIN f USING (month) FULL JOIN a USING (month) ORDER BY month DESC LIMIT 36
"""


def list_months() -> list[MonthLine]:
    """Figures of the last three years by month, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS)
        rows = cursor.fetchall()
    return [
        MonthLine(month, flags, decisions, taken, hours, appeals, decided,
                  overturned / decided if decided >= MINIMUM_CELL else None)
        for month, flags, decisions, taken, hours, appeals, decided, overturned in rows
    ]  # fmt: skip
