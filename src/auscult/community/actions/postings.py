"""Postings: writing, editing and taking back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from auscult.community import access
from auscult.community.actions import limits, notifying
from auscult.community.actions.connections import labels_of
from auscult.community.actions.pictures import WITH_PICTURES, hand_over_pictures
from auscult.community.actions.previews import want_previews
from auscult.community.gate import problem_of, text_of
from auscult.community.models import Posting, Revision
from auscult.community.rules import ranking, writing
from auscult.community.rules.cases import CaseState
from auscult.community.rules.moderation import WordsState
from auscult.community.words import render
from auscult.members.queries.standing import get_specialty_group
from auscult.organisations.access import load_representative
from auscult.organisations.rules import Power
from auscult.shared import audit, jobs
from auscult.shared.models import Topic
from auscult.shared.refusals import Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.questionnaire.document import Question
from auscult.surveys.rules import poll as make_poll


class CannotCreatePosting(Refused):
    """The posting was not taken."""


class CannotEditPosting(Refused):
    """The posting was not changed."""


class CannotRetractPosting(Refused):
    """The posting was not taken back."""


@dataclass(frozen=True)
class PollDraft:
    """A poll to attach to a posting."""

    questions: Sequence[Question]
    closes_at: datetime
    universe: str = ""
    compared_with: str = ""


def create_posting(
    *,
    standing: Standing,
    now: datetime,
    title: str,
    body: str,
    topic: str,
    poll: PollDraft | None = None,
    draft_id: int | None = None,
    case_state: CaseState | None = None,
    kept_findings: Mapping[str, str] | None = None,
    organisation_id: int | None = None,
) -> Posting:
    """Post, with a community poll or without.

    Who may: a verified member with a handle; or a representative in the name of an organisation. What changes: the posting;
    its poll is frozen and open at once. What follows: followers of the topic and who is mentioned are told. The same words
    sent again at once, as over a bad line, are the posting that is there already.

    Args:
        body: Markdown.
        topic: slug.
        draft_id: one's own that becomes the posting; its pictures go with it, and it is gone.
        case_state: for a clinical case, which ``actions.cases.publish_case`` lets through its gate first.
        kept_findings: what of the gate's findings its author keeps, and why.
        organisation_id: for a posting in the name of an organisation.

    Raises:
        NotAllowed: not verified, no handle, or no appointment with the power to post.
        NotFound: no such draft, or somebody else's.
        CannotCreatePosting: title, text or topic will not do.
        CannotTakePictures: pictures of the draft wait for an answer.
        CannotWrite: a sanction or a limit is in force.
        CannotDraftSurvey, CannotOpenSurvey: the poll will not do.
    """
    appointed = None
    if organisation_id is not None:
        appointed = load_representative(standing, organisation_id, Power.POST)
        if poll or case_state:
            raise CannotCreatePosting("An organisation posts words: questions and cases are asked by members.")
    else:
        standing.require(Permission.POSTING_CREATE, "Only members whose verification is valid post.")
        access.require_handle(standing)
    problem = writing.posting_problem(title, body)
    if problem:
        raise CannotCreatePosting(problem)
    with transaction.atomic():
        found = Topic.objects.filter(slug=topic).first()
        if found is None:
            raise CannotCreatePosting("Choose a topic.")
        member = standing.require_member()
        sent_before = _find_same(member, organisation_id, found, title.strip(), body, now)
        if sent_before:
            return sent_before
        limits.require_may_post(standing=standing, now=now, title=title, body=body)
        survey = None
        if poll:
            drafted = draft_survey(
                standing=standing,
                now=now,
                questionnaire=make_poll(title, poll.questions),
                instrument=Instrument.COMMUNITY_POLL,
                closes_at=poll.closes_at,
                universe=poll.universe,
                compared_with=poll.compared_with,
            )
            survey = open_survey(standing=standing, now=now, survey_id=drafted.pk)
        words = render(body)
        posting = Posting.objects.create(
            author_id=member,
            topic=found,
            title=title.strip(),
            body=body,
            html=words.html,
            survey=survey,
            case_state=case_state or "",
            kept_findings=dict(kept_findings or {}),
            specialty_group="" if appointed else get_specialty_group(member),
            representative=appointed,
            connections=[] if appointed else labels_of(member, now, found.pk),
            posted_at=now,
            rank_hours=ranking.rank_hours(now, 0, 0),
        )
        audit.record("community.posting.create", standing=standing, thing=f"posting:{posting.pk}", now=now)
        if draft_id is not None:
            draft = access.load_draft_to_write(standing, draft_id, kinds=WITH_PICTURES, lock=True)
            hand_over_pictures(draft, posting)
            draft.delete()
        limits.look_for_spam(posting=posting, comment_id=None, member=member, text=body, now=now)
        notifying.tell_mentioned(posting, None, words.mentioned, actor=member, now=now)
        jobs.queue("community.tell_of_posting", posting_id=posting.pk)
        want_previews(words.html)
    return posting


def _find_same(
    member: int, organisation_id: int | None, topic: Topic, title: str, body: str, now: datetime
) -> Posting | None:
    """What was posted a moment ago in the same words; whoever sends the same at the same time waits for the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"posting of {member}"])
    same = Posting.objects.filter(
        author_id=member,
        posted_at__gt=now - writing.SENT_AGAIN,
        posted_at__lte=now,
        topic=topic,
        title=title,
        body=body,
        representative__organisation=organisation_id,
        state=WordsState.PUBLISHED,
    )
    return same.first()


def edit_posting(*, standing: Standing, now: datetime, posting_id: int, title: str, body: str) -> None:
    """Change the words of one's posting; what it said before stays readable.

    Who may: its author. What does not change: its question, its topic, where it stands.

    Raises:
        NotFound: no such posting, or somebody else's.
        Conflict: it was taken down.
        CannotEditPosting: title or text will not do, or a question was asked in these words.
        CannotWrite: a sanction is in force.
    """
    problem = writing.posting_problem(title, body)
    if problem:
        raise CannotEditPosting(problem)
    with transaction.atomic():
        posting = access.load_posting_to_edit(standing, posting_id)
        if posting.survey_id and title.strip() != posting.title:
            raise CannotEditPosting("A question is asked under this title; it stays. You can change the text.")
        limits.require_may_write(standing=standing, now=now)
        if (posting.title, posting.body) == (title.strip(), body):
            return
        if posting.case_state:
            found = problem_of(text_of({"title": title, "body": body}), posting.kept_findings)
            if found:
                raise CannotEditPosting(found)
        _keep(posting, now)
        words = render(body)
        posting.title, posting.body, posting.html, posting.edited_at = title.strip(), body, words.html, now
        posting.save(update_fields=["title", "body", "html", "edited_at"])
        audit.record("community.posting.edit", standing=standing, thing=f"posting:{posting.pk}", now=now)
        want_previews(words.html)


def _keep(posting: Posting, now: datetime) -> None:
    if now - posting.posted_at > writing.SILENT_EDIT:
        Revision.objects.create(posting=posting, title=posting.title, body=posting.body, replaced_at=now)


def retract_posting(*, standing: Standing, now: datetime, posting_id: int) -> None:
    """Take one's posting back; what others wrote under it stays, and so does its question's result.

    Who may: its author. What follows: a tombstone that says so; ``restore_posting`` undoes it.

    Raises:
        NotFound: no such posting, or somebody else's.
        Conflict: it was taken down already.
        CannotRetractPosting: its question is open: members vote on these words.
    """
    with transaction.atomic():
        posting = access.load_posting_to_edit(standing, posting_id)
        if posting.survey is not None and posting.survey.closes_at > now:
            raise CannotRetractPosting(
                "Members are voting on these words. You can take them back when the poll has closed."
            )
        posting.state = WordsState.RETRACTED
        posting.save(update_fields=["state"])
        audit.record("community.posting.retract", standing=standing, thing=f"posting:{posting.pk}", now=now)


def restore_posting(*, standing: Standing, now: datetime, posting_id: int) -> None:
    """Undo that one took a posting back.

    Raises:
        NotFound: no such posting, somebody else's, or not taken back.
    """
    with transaction.atomic():
        posting = access.load_retracted_posting(standing, posting_id)
        posting.state = WordsState.PUBLISHED
        posting.save(update_fields=["state"])
        audit.record("community.posting.restore", standing=standing, thing=f"posting:{posting.pk}", now=now)
