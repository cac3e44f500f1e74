"""Reads about issues: one chain as a dated timeline with clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.db.models import Q

from auscult.community.access import can_read_postings
from auscult.community.models import Comment
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.surveys.models import Turnout
from auscult.voice import rules
from auscult.voice.access import can_read_appeal
from auscult.voice.models import Appeal, Delivery, Issue, IssueStep, Signature
from auscult.voice.queries.appeals import shown_versions
from auscult.voice.rules import AddresseeState, Clock, StepKind


@dataclass(frozen=True)
class Event:
    """One dated step of an issue.

    Attributes:
        at: when; in the future for what is only due.
        route, number: the page that shows it, or an empty route.
        clock: what is due because of it, or None.
    """

    at: datetime
    kind: StepKind
    words: str
    detail: str
    route: str
    number: int
    clock: Clock | None


@dataclass(frozen=True)
class IssuePage:
    """An issue with its timeline, oldest first."""

    issue_id: int
    title: str
    topic: str
    topic_slug: str
    summary: str
    opened_at: datetime
    outcome: str
    closed_at: datetime | None
    events: list[Event]
    next_step: str
    took_part: list[str]
    may_keep: bool
    kept: list[tuple[int, str]]


@dataclass(frozen=True)
class IssueLine:
    """One issue in a list."""

    issue_id: int
    title: str
    topic: str
    opened_at: datetime
    closed_at: datetime | None
    steps: int


def list_issues(*, limit: int = 50) -> list[IssueLine]:
    """Newest issues."""
    rows = Issue.objects.select_related("topic").prefetch_related("steps")[:limit]
    return [
        IssueLine(issue.pk, issue.title, issue.topic.name, issue.opened_at, issue.closed_at, len(issue.steps.all()))
        for issue in rows
    ]


def get_issue_page(standing: Standing, issue_id: int, now: datetime) -> IssuePage:
    """One issue, in at most eight queries.

    Raises:
        NotFound: no such issue.
    """
    issue = Issue.objects.select_related("topic").filter(pk=issue_id).first()
    if issue is None:
        raise NotFound("There is no issue of that number.")
    steps = _read_steps([issue.pk])
    events = _events([issue], steps, standing, now)[issue.pk]
    return IssuePage(
        issue.pk,
        issue.title,
        issue.topic.name,
        issue.topic.slug,
        issue.summary,
        issue.opened_at,
        issue.outcome,
        issue.closed_at,
        events,
        _next_step(events, now) if issue.closed_at is None else "",
        _took_part(standing, steps),
        issue.opened_by_id == standing.member_id is not None or standing.can(Permission.ISSUE_KEEP),
        [
            (step.pk, f"{step.kind} {step.posting_id or step.release_id or step.position_id or step.appeal_id}")
            for step in steps
        ],
    )


def _read_steps(issue_ids: list[int]) -> list[IssueStep]:
    """Steps of some issues with everything that their events need, in three queries."""
    return list(
        IssueStep.objects.filter(issue_id__in=issue_ids)
        .select_related("posting__survey", "release__survey", "position__organisation", "appeal")
        .prefetch_related("appeal__versions__count")
        .defer("release__bundle", "release__freeze", "release__manifest", "posting__body", "posting__html")
    )


def _events(issues: list[Issue], steps: list[IssueStep], standing: Standing, now: datetime) -> dict[int, list[Event]]:
    """Events of each issue, oldest first, in one query more."""
    appeals = {step.appeal_id for step in steps if step.appeal_id}
    delivered: dict[int, list[Event]] = {}
    for delivery in Delivery.objects.filter(addressee__appeal_id__in=appeals).select_related("addressee", "version"):
        delivered.setdefault(delivery.addressee.appeal_id, []).extend(_delivery_events(delivery, now))
    found: dict[int, list[Event]] = {issue.pk: [] for issue in issues}
    for step in steps:
        found[step.issue_id] += _step_events(step, standing) + delivered.get(step.appeal_id or 0, [])
    for issue in issues:
        if issue.closed_at:
            found[issue.pk].append(Event(issue.closed_at, StepKind.OUTCOME, "The end", issue.outcome, "", 0, None))
        found[issue.pk].sort(key=lambda event: event.at)
    return found


def _step_events(step: IssueStep, standing: Standing) -> list[Event]:
    if step.posting is not None:
        posting = step.posting
        # What physicians say among themselves is not shown to the public, not even its title.
        title = (
            posting.title if can_read_postings(standing) else "A member's posting; physicians read it after signing in."
        )
        survey = posting.survey
        # A poll closes by itself, so its end is only a clock while it is open.
        clock = Clock("close of the poll", survey.closes_at, None) if survey and survey.closed_at is None else None
        return [
            Event(posting.posted_at, StepKind.POSTING, "A posting", title, "community:posting-read", posting.pk, clock)
        ]
    if step.release is not None:
        release = step.release
        card = release.results["card"]
        detail = f"{release.title}{_stop(release.title)} {card['respondents']:,} answered. “{card['subject']} …”"
        return [
            Event(release.published_at, StepKind.RESULT, f"Result {release.number} on record", detail,
                  "publishing:release-read", release.number, None)
        ]  # fmt: skip
    if step.position is not None:
        position = step.position
        at = datetime.combine(position.stated_on, time(12), tzinfo=UTC)
        return [
            Event(at, StepKind.POSITION, f"Position of {position.organisation.name}", position.title,
                  "voice:position-read", position.pk, None)
        ]  # fmt: skip
    assert step.appeal is not None
    return _appeal_events(step.appeal) if can_read_appeal(standing, step.appeal) else []


def _stop(title: str) -> str:
    return "" if title[-1:] in "?!." else "."


def _appeal_events(appeal: Appeal) -> list[Event]:
    events = []
    for version in shown_versions(appeal.versions.all()):
        if version.number == 1:
            at, words = (
                appeal.opened_at or version.written_at,
                "Appeal opened" if appeal.opened_at else "Appeal drafted",
            )
            detail = f"{appeal.title}{_stop(appeal.title)} {version.count.valid:,} signed this text."
        else:
            at, words = version.written_at, f"Version {version.number} written"
            detail = f"{version.why} {version.count.valid:,} signed it, {version.count.reaffirmed:,} re-affirmed."
        events.append(Event(at, StepKind.APPEAL, words, detail, "voice:appeal-read", appeal.pk, None))
    if appeal.outcome_at:
        events.append(
            Event(appeal.outcome_at, StepKind.OUTCOME, "What came of the appeal", appeal.outcome, "", 0, None)
        )
    return events


def _delivery_events(delivery: Delivery, now: datetime) -> list[Event]:
    name, appeal_id = delivery.addressee.name, delivery.addressee.appeal_id
    due = delivery.sent_at + rules.ANSWER_WITHIN
    clock = Clock("answer", due, delivery.answered_at)
    events = [
        Event(delivery.sent_at, StepKind.DELIVERY, f"Delivered to {name}",
              f"Version {delivery.version.number}, by {delivery.addressee.channel}. {delivery.proof}",
              "voice:appeal-read", appeal_id, clock)
    ]  # fmt: skip
    state = rules.addressee_state(sent_at=delivery.sent_at, answer="", answered_at=None, now=now)
    if state == AddresseeState.SILENT and (delivery.answered_at is None or delivery.answered_at > due):
        events.append(
            Event(due, StepKind.SILENCE, f"Silence of {name}", "30 days without an answer.", "voice:appeal-read",
                  appeal_id, None)
        )  # fmt: skip
    if delivery.answered_at is not None:
        said = "refuses" if delivery.answer == "refused" else "answers"
        events.append(
            Event(delivery.answered_at, StepKind.ANSWER, f"{name} {said}", delivery.answer_text, "voice:appeal-read",
                  appeal_id, None)
        )  # fmt: skip
    return events


def _next_step(events: list[Event], now: datetime) -> str:
    """What has to happen next, in words."""
    awaited = [e for e in events if e.clock and e.clock.done_at is None and e.clock.words == "answer"]
    running = [e for e in awaited if e.clock and now < e.clock.due_at]
    kinds = {event.kind for event in events}
    if not events:
        return "Add the posting, the result or the appeal that this is about."
    if running:
        return f"{len(running)} answer{'s are' if len(running) > 1 else ' is'} awaited."
    if StepKind.DELIVERY in kinds:
        return "Every addressee has answered or is silent. Somebody says what came of it."
    if StepKind.APPEAL in kinds:
        return "The appeal is signed, closed and delivered to its addressees."
    if StepKind.RESULT in kinds:
        return "The result is on record. An appeal or a position may follow."
    return "The poll closes and its result is put on record."


def _took_part(standing: Standing, steps: list[IssueStep]) -> list[str]:
    """By what whoever asks took part, in words."""
    if standing.member_id is None:
        return []
    member, found = standing.member_id, []
    surveys = {step.posting.survey_id for step in steps if step.posting} | {
        step.release.survey_id for step in steps if step.release
    }
    if Turnout.objects.filter(member_id=member, survey_id__in=[s for s in surveys if s]).exists():
        found.append("you voted")
    postings = [step.posting_id for step in steps if step.posting_id]
    if Comment.objects.filter(author_id=member, posting_id__in=postings).exists():
        found.append("you commented")
    appeals = [step.appeal_id for step in steps if step.appeal_id]
    if Signature.objects.filter(member_id=member, version__appeal_id__in=appeals, state=Signature.State.VALID).exists():
        found.append("you signed")
    return found


@dataclass(frozen=True)
class OwnIssueLine:
    """An issue in which one took part, and its newest step."""

    issue_id: int
    title: str
    newest: str
    newest_at: datetime
    closed_at: datetime | None


def list_own_issues(standing: Standing, now: datetime, *, limit: int = 10) -> list[OwnIssueLine]:
    """Issues in which whoever asks voted, commented or signed, with their newest step: what everybody who took part hears."""
    if standing.member_id is None:
        return []
    member = standing.member_id
    surveys = Turnout.objects.filter(member_id=member).values("survey_id")
    signed = Signature.objects.filter(member_id=member, state=Signature.State.VALID).values("version__appeal_id")
    commented = Comment.objects.filter(author_id=member).values("posting_id")
    steps = IssueStep.objects.filter(
        Q(posting__survey__in=surveys)
        | Q(release__survey__in=surveys)
        | Q(appeal__in=signed)
        | Q(posting__in=commented)
    )
    issues = list(Issue.objects.filter(pk__in=steps.values("issue")).order_by("-opened_at")[:limit])
    events = _events(issues, _read_steps([issue.pk for issue in issues]), standing, now)
    lines = []
    for issue in issues:
        past = [event for event in events[issue.pk] if event.at <= now]
        words, at = (past[-1].words, past[-1].at) if past else ("Opened", issue.opened_at)
        lines.append(OwnIssueLine(issue.pk, issue.title, words, at, issue.closed_at))
    return lines
