"""Surveys of the demonstration besides the polls of the story: a sample survey that is published, one to answer, a draft."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np

from auscult.demo.ballots import Vote, cast_ballots
from auscult.demo.people import People
from auscult.demo.size import STORY_NOW, Size
from auscult.demo.story import Progress
from auscult.members.models import Member
from auscult.publishing.actions import publish_release
from auscult.shared.jobs import run_worker
from auscult.shared.standing import CONSOLE
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import copy_survey, draft_survey, edit_plan
from auscult.surveys.actions.fieldwork import extend_survey, send_invitations, send_mails
from auscult.surveys.actions.honoraria import approve_honoraria
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.models import Invitation
from auscult.surveys.questionnaire.document import LIKERT_POINTS
from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.rules import BallotMode

#: After everything that the story has put on record by then: the record is told in order.
OPENS = datetime(2009, 10, 14, 16, 0, tzinfo=UTC)
CLOSES = datetime(2009, 10, 16, 12, 0, tzinfo=UTC)


def _choices(*labels: str) -> list[dict[str, Any]]:
    return [{"code": f"c{number}", "label": label} for number, label in enumerate(labels, start=1)]


_SCALE = [{"code": code, "label": label} for code, label in LIKERT_POINTS]
NIGHTS: dict[str, Any] = {
    "format": "auscult-questionnaire/1",
    "title": "Nights on call",
    "introduction": "Invented for this demonstration. How often physicians work at night, and what they make of it.",
    "thanks": "Thank you.",
    "sections": [
        {
            "code": "work",
            "title": "Your nights",
            "questions": [
                {"code": "oncall", "kind": "single", "wording": "Were you on call at night in the last three months?",
                 "required": True, "choices": [{"code": "yes", "label": "Yes"}, {"code": "no", "label": "No"}],
                 "screen_out_if": {"question": "oncall", "is": ["no"]}},
                {"code": "nights", "kind": "numeric", "wording": "How many nights in a usual month?", "unit": "nights",
                 "minimum": 0, "maximum": 31, "bands": [3, 6, 9]},
                {"code": "place", "kind": "single", "wording": "Where are you on those nights?",
                 "choices": _choices("In the hospital", "At home, and called in", "By telephone only")},
            ],
        },
        {
            "code": "view",
            "title": "What you make of it",
            "text": "Say how far you agree.",
            "questions": [
                {"code": "agree", "kind": "matrix", "wording": "About nights on call", "shuffle": True, "choices": _SCALE,
                 "rows": [{"code": "safe", "label": "After a night I still work safely the next day"},
                          {"code": "paid", "label": "Nights are paid fairly"},
                          {"code": "shared", "label": "Nights are shared fairly among colleagues"},
                          {"code": "quit", "label": "Nights make me think of leaving practice"}]},
                {"code": "helps", "kind": "multiple", "wording": "What would help?", "shuffle": True, "most": 3,
                 "choices": [*_choices("More colleagues in the rota", "A free day after a night", "Fewer forms",
                                       "A better handover", "More pay"),
                             {"code": "none", "label": "Nothing of this", "exclusive": True, "fixed": True}]},
                {"code": "words", "kind": "text", "wording": "What should others know about your nights?", "most": 600},
            ],
        },
    ],
    "exclusions": {"speeders": 0.3, "straightliners": True, "attention": True, "duplicates": False},
}  # fmt: skip
NEXT: dict[str, Any] = {
    "format": "auscult-questionnaire/1",
    "title": "What should we ask next?",
    "introduction": "Invented for this demonstration. One question of every kind.",
    "translations": {"fr": {"title": "Que demander ensuite ?", "question.topic": "Quel sujet d'abord ?"}},
    "sections": [
        {
            "code": "one",
            "title": "Topics",
            "questions": [
                {"code": "topic", "kind": "single", "wording": "Which topic first?", "shuffle": True,
                 "choices": [*_choices("Payment and coding", "Electronic records", "Malpractice"),
                             {"code": "other", "label": "Another one", "fixed": True}]},
                {"code": "which", "kind": "text", "wording": "Which one?", "most": 200,
                 "show_if": {"question": "topic", "is": ["other"]}},
                {"code": "rank", "kind": "ranking", "wording": "Rank what a survey must be", "most": 3,
                 "choices": _choices("Short", "Honest about its limits", "Followed by action", "Paid")},
            ],
        },
        {
            "code": "two",
            "title": "You and surveys",
            "questions": [
                {"code": "often", "kind": "likert", "wording": "Surveys of physicians change something.", "choices": _SCALE},
                {"code": "minutes", "kind": "numeric", "wording": "How many minutes may one take?", "unit": "minutes",
                 "minimum": 1, "maximum": 120, "bands": [5, 10, 20]},
                {"code": "since", "kind": "date", "wording": "When did you last answer one, before this?",
                 "minimum": "2000-01-01", "maximum": "2009-12-31", "bands": ["2008-01-01", "2009-01-01"]},
                {"code": "read", "kind": "multiple", "wording": "What do you read of a result?",
                 "choices": [*_choices("The headline", "The method", "The raw counts"),
                             {"code": "none", "label": "None of it", "exclusive": True}]},
            ],
        },
    ],
}  # fmt: skip
_WORDS = (
    "The handover is the dangerous hour, not the night itself.",
    "I do more forms between two and four than I see patients.",
    "My rota has three names in it. Two would be illegal.",
    "A free morning would be worth more than the money.",
    "Nobody counts the telephone calls.",
)


def field_surveys(size: Size, people: People, progress: Progress) -> None:
    """Draw a sample, let it answer, close, publish; open a survey of all kinds of questions; draft the next wave."""
    researcher = people.standing("researcher", OPENS)
    nights = draft_survey(
        standing=researcher,
        now=OPENS,
        questionnaire=read_questionnaire(NIGHTS),
        instrument=Instrument.SAMPLE_SURVEY,
        closes_at=CLOSES,
    )
    edit_plan(
        standing=researcher,
        now=OPENS,
        survey_id=nights.pk,
        instrument=Instrument.SAMPLE_SURVEY,
        mode=BallotMode.LINKED,
        closes_at=CLOSES,
        plan={
            "aims": "How many nights physicians are on call, and whether they still feel safe the day after. Expected: fewer "
            "than half agree that they do.",
            "sample": f"{size.sampled} members, by specialty, so that a share of one half has an interval of about 5 points.",
            "stopping": "On the closing day, whatever the answers say.",
            "analysis": "Primary: “After a night I still work safely the next day”, by specialty.",
        },
        sample_design={"by": ["specialty"], "allocation": "proportional", "size": size.sampled},
        honorarium={"currency": "USD", "complete_cents": 4000, "screened_out_cents": 500, "due_days": 30},
    )
    open_survey(standing=researcher, now=OPENS, survey_id=nights.pk)
    send_invitations(standing=researcher, now=OPENS, survey_id=nights.pk)
    while send_mails(standing=CONSOLE, now=OPENS, survey_id=nights.pk, reminder=False).left:
        pass
    extend_survey(
        standing=people.standing("researcher", OPENS + timedelta(days=1)),
        now=OPENS + timedelta(days=1),
        survey_id=nights.pk,
        closes_at=CLOSES + timedelta(days=1),
        reason="A storm kept mail servers of two states down for a day.",
    )
    _answer(nights.pk, progress)
    closed = CLOSES + timedelta(days=1, minutes=5)
    close_survey(standing=people.standing("researcher", closed), now=closed, survey_id=nights.pk)
    approve_honoraria(
        standing=people.standing("researcher", closed), now=closed + timedelta(hours=2), survey_id=nights.pk
    )
    run_worker(wait=False)
    published = closed + timedelta(hours=6)
    publish_release(
        standing=people.standing("editor", published),
        now=published,
        survey_id=nights.pk,
        sponsor="Asked and paid by this place; invented for the demonstration.",
    )
    researcher = people.standing("researcher", STORY_NOW)
    following = draft_survey(
        standing=researcher,
        now=STORY_NOW - timedelta(days=1),
        questionnaire=read_questionnaire(NEXT),
        instrument=Instrument.COMMUNITY_POLL,
        closes_at=STORY_NOW + timedelta(days=20),
    )
    open_survey(standing=researcher, now=STORY_NOW - timedelta(days=1), survey_id=following.pk)
    copy_survey(
        standing=researcher, now=STORY_NOW, survey_id=nights.pk, closes_at=STORY_NOW + timedelta(days=60), as_wave=True
    )
    run_worker(wait=False)


#: A short sample survey that the physician one signs in as is invited to.
INVITED: dict[str, Any] = {
    "format": "auscult-questionnaire/1",
    "title": "Time for each patient",
    "introduction": "Invented for this demonstration. Three questions, one minute.",
    "sections": [
        {
            "code": "visit",
            "title": "Your last full day",
            "questions": [
                {"code": "minutes", "kind": "numeric", "wording": "How many minutes did a usual visit last?",
                 "unit": "minutes", "minimum": 1, "maximum": 120, "bands": [10, 15, 20, 30]},
                {"code": "enough", "kind": "likert", "wording": "That was enough time for each patient.", "choices": _SCALE},
                {"code": "first", "kind": "single", "wording": "What would give you more time first?",
                 "choices": _choices("Fewer forms", "More staff", "Fewer patients", "Better records")},
            ],
        },
    ],
}  # fmt: skip


def invite_physician(size: Size, people: People) -> None:
    """Open a sample survey in whose sample the physician is, and send the first invitations."""
    # After the survey before it, and before the poll after it: the record is told in order.
    opened = STORY_NOW - timedelta(hours=23)
    closes = STORY_NOW + timedelta(days=12)
    researcher = people.standing("researcher", opened)
    survey = draft_survey(
        standing=researcher,
        now=opened,
        questionnaire=read_questionnaire(INVITED),
        instrument=Instrument.SAMPLE_SURVEY,
        closes_at=closes,
    )
    edit_plan(
        standing=researcher,
        now=opened,
        survey_id=survey.pk,
        instrument=Instrument.SAMPLE_SURVEY,
        mode=BallotMode.DETACHED,
        closes_at=closes,
        plan={
            "aims": "How long a usual visit lasts, and whether physicians find that enough.",
            "sample": f"{size.sampled} members, by specialty.",
            "stopping": "On the closing day, whatever the answers say.",
            "analysis": "Primary: minutes of a usual visit, by specialty.",
        },
        sample_design={"by": ["specialty"], "allocation": "proportional", "size": size.sampled},
    )
    physician = people.standing("physician", opened).require_member()
    share = 0.3 * size.sampled / size.members
    open_survey(standing=researcher, now=opened, survey_id=survey.pk, sample_seed=_seed_that_draws(physician, share))
    send_invitations(standing=researcher, now=opened, survey_id=survey.pk)
    while send_mails(standing=CONSOLE, now=opened, survey_id=survey.pk, reminder=False).left:
        pass


def _seed_that_draws(member_id: int, share: float) -> str:
    """The first seed by which a member is among the first ``share`` of any list (``sampling.draw``)."""
    for number in count():
        seed = f"demonstration-{number}"
        if int.from_bytes(hashlib.sha256(f"{seed}:{member_id}".encode()).digest()[:8]) < share * 2**64:
            return seed
    raise AssertionError("count() does not end")


def _answer(survey_id: int, progress: Progress) -> None:
    """Some two thirds of the sample answer; each through the actions that the pages call."""
    rng = np.random.default_rng(907)
    invited = list(
        Member.objects.filter(pk__in=Invitation.objects.filter(survey_id=survey_id).values("member_id"))
        .order_by("pk")
        .values_list("account_id", flat=True)
    )
    chosen = rng.permutation(invited)[: int(0.66 * len(invited))]
    codes = [code for code, _ in LIKERT_POINTS]
    votes = []
    for account in chosen:
        at = OPENS + (CLOSES - OPENS) * float(rng.random())
        if rng.random() < 0.12:
            votes.append(Vote(account_id=int(account), at=at, answers={"oncall": "no"}, seconds=8))
            continue
        answers: dict[str, Any] = {
            "oncall": "yes",
            "nights": int(rng.choice([1, 2, 4, 5, 7, 8, 10, 12])),
            "place": f"c{rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15])}",
            "agree": {
                "safe": str(rng.choice(codes, p=[0.24, 0.33, 0.16, 0.2, 0.07])),
                "paid": str(rng.choice(codes, p=[0.3, 0.3, 0.18, 0.17, 0.05])),
                "shared": str(rng.choice(codes, p=[0.1, 0.2, 0.22, 0.36, 0.12])),
                "quit": str(rng.choice(codes, p=[0.18, 0.25, 0.2, 0.22, 0.15])),
            },
            "helps": [f"c{n}" for n in sorted(rng.choice([1, 2, 3, 4, 5], int(rng.integers(1, 4)), replace=False))],
        }
        if rng.random() < 0.25:
            answers["words"] = str(rng.choice(_WORDS))
        spent = int(rng.normal(150, 40)) if rng.random() > 0.03 else 12
        votes.append(Vote(account_id=int(account), at=at, answers=answers, seconds=max(spent, 5)))
    cast_ballots(survey_id, sorted(votes, key=lambda vote: vote.at))
    progress(len(chosen), len(chosen))
