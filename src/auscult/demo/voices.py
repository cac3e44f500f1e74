"""Membership figures, a position beside opinion, mandates, the appeal of September 2009, and the issues they belong to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection

from auscult.community.actions.postings import PollDraft, create_posting
from auscult.demo.ballots import Vote, cast_ballots
from auscult.demo.members import copy_events, copy_rows
from auscult.demo.people import People
from auscult.demo.size import STORY_NOW, Size
from auscult.demo.story import Progress, draw_voters, gather_cast
from auscult.members.models import Member
from auscult.organisations.actions import note_quoted_share, publish_membership_claim
from auscult.organisations.models import Organisation
from auscult.organisations.rules import Category, Grade
from auscult.publishing.actions import publish_release, reply_to_membership
from auscult.registry.actions import set_benchmark
from auscult.shared.jobs import run_worker
from auscult.shared.models import Topic
from auscult.shared.standing import CONSOLE, Standing
from auscult.statistics.mandates import Stance
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import single_choice
from auscult.voice.actions import issues, mandates, positions
from auscult.voice.rules import StepKind

_PATIENT_CARE = "AMA Council on Long Range Planning and Development, June 2007, as reported by MedPage Today"
_BECKERS = "Becker's Hospital Review: 228,150 members, 23% of 954,000 physicians"
_MODERN = "Modern Healthcare, 22 May 2012 and 17 May 2013"
#: As of → counts, definition of all, source.
MEMBERSHIPS: tuple[tuple[date, dict[Category, tuple[int, str]], str], ...] = (
    (
        date(2006, 12, 31),
        {
            Category.ALL: (238_977, "members, students and residents included"),
            Category.STUDENT: (48_990, "medical students: 20.5% of members"),
            Category.RESIDENT: (21_508, "residents: 9% of members"),
        },
        _PATIENT_CARE,
    ),
    (date(2007, 12, 31), {Category.ALL: (241_000, "members, rounded in the source")}, _MODERN),
    (
        date(2008, 12, 31),
        {Category.ALL: (236_000, "members, rounded in the source")},
        "Press reports on the AMA annual report",
    ),
    (date(2009, 12, 31), {Category.ALL: (228_150, "members, students and residents included")}, _BECKERS),
    (
        date(2010, 12, 31),
        {
            Category.ALL: (215_854, "members, students and residents included"),
            Category.REDUCED: (71_951, "“up to a third” who do not pay full dues, students and residents among them"),
        },
        "Modern Healthcare, 22 May 2012; Canadian Medical Association Journal, August 2011",
    ),
    (date(2011, 12, 31), {Category.ALL: (217_490, "members, students and residents included")}, _MODERN),
    (
        date(2012, 12, 31),
        {
            Category.ALL: (224_503, "members, students included"),
            Category.STUDENT: (49_840, "medical students: 22.2% of members"),
        },
        _MODERN,
    ),
)
#: Words, what they may mean, by whom, where.
QUOTES = (
    ("15%", 0.145, 0.16, "a medical journal", date(2011, 8, 9),
     "Canadian Medical Association Journal: “in the neighbourhood of 15%”"),
    ("under 20%", 0.185, 0.20, "critics of the association", date(2009, 7, 8), "comments on the open letter of July 2009"),
    ("23%", 0.225, 0.24, "the trade press", date(2010, 6, 30), _BECKERS),
    ("26%", 0.255, 0.27, "the trade press", date(2013, 5, 17),
     "AMA members of 2012 over the FSMB census of licensed physicians"),
)  # fmt: skip


def quote_memberships(people: People) -> None:
    """Membership figures of 2006 to 2012 with the denominators of their time, the quoted shares, and the reply."""
    for code, words, persons, as_of, definition, source in (
        ("physicians-and-students-2006", "physicians and medical students", 1_060_333, date(2006, 12, 31),
         "physicians and medical students in the United States", _PATIENT_CARE),
        ("licensed-physicians-2012", "licensed physicians", 878_194, date(2012, 12, 31),
         "physicians with an active license, counted by the Federation of State Medical Boards", "FSMB census of 2012"),
    ):  # fmt: skip
        set_benchmark(
            standing=CONSOLE,
            now=STORY_NOW,
            code=code,
            words=words,
            persons=persons,
            as_of=as_of,
            definition=definition,
            source=source,
        )
    at = datetime(2009, 7, 20, 12, 0, tzinfo=UTC)
    editor = people.standing("editor", at)
    for as_of, counts, source in MEMBERSHIPS:
        publish_membership_claim(
            standing=editor, now=at, slug="ama", as_of=as_of, counts=counts, source=source, grade=Grade.PUBLISHED
        )
    for words, low, high, said_by, said_on, source in QUOTES:
        note_quoted_share(
            standing=editor,
            now=at,
            slug="ama",
            words=words,
            low=low,
            high=high,
            said_by=said_by,
            said_on=said_on,
            source=source,
        )
    run_worker(wait=False)
    at += timedelta(days=3)
    reply_to_membership(
        standing=people.standing("representative", at),
        now=at,
        slug="ama",
        text=(
            "Our figures are public: 238,977 at the end of 2006, 236,000 at the end of 2008. Whoever says “precipitously” "
            "should say between which years, and of whom."
        ),
    )


HR3200 = single_choice(
    "hr3200",
    "Do you support H.R. 3200, America's Affordable Health Choices Act, as introduced in July 2009?",
    (
        Choice("support", "I support it"),
        Choice("oppose", "I oppose it"),
        Choice("undecided", "I am undecided"),
    ),
)
#: Invented: nobody measured this with a record.
_LEANINGS = {True: (0.46, 0.39, 0.15), False: (0.31, 0.54, 0.15)}


def _say_where_they_belong(rng: np.random.Generator) -> set[int]:
    """A fifth of the members say that they belong to the association; returns their numbers."""
    organisation = Organisation.objects.get(slug="ama")
    members = list(Member.objects.filter(level=2, account__password="!").order_by("pk").values_list("pk", flat=True))
    chosen = [members[int(i)] for i in np.flatnonzero(rng.random(len(members)) < 0.21)]
    at = datetime(2009, 7, 1, 12, 0, tzinfo=UTC)
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            "organisations_affiliation",
            "member_id, organisation_id, declared_at",
            ((member, organisation.pk, at - timedelta(days=int(rng.integers(0, 400)))) for member in chosen),
        )
    return set(chosen)


def run_compared_poll(size: Size, people: People, progress: Progress) -> None:
    """The association's position on a bill, and a poll that counts its members beside others."""
    rng = np.random.default_rng(3200)
    belong = _say_where_they_belong(rng)
    opens = datetime(2009, 8, 10, 14, 0, tzinfo=UTC)
    closes = opens + timedelta(days=14)
    author = gather_cast().pick("Family medicine", STORY_NOW)
    posting = create_posting(
        standing=author,
        now=opens,
        title="H.R. 3200 as introduced: are we for it?",
        body=(
            "The association has written to the House in support. I would like to know two things: what we think here, and "
            "whether its own members among us think otherwise than the rest.\n\nOne question, two weeks."
        ),
        topic="health-reform",
        poll=PollDraft((HR3200,), closes, size.universe_code, "ama"),
    )
    assert posting.survey_id is not None
    # Members of the association are drawn more often: it is their association that is asked about.
    accounts = draw_voters(size.members // 2, rng)
    numbers = dict(Member.objects.filter(account_id__in=accounts).values_list("account_id", "pk"))
    own = [account for account in accounts if numbers[account] in belong]
    others = [account for account in accounts if numbers[account] not in belong]
    voters = own[: size.compared_ballots * 2 // 5] + others[: size.compared_ballots - size.compared_ballots * 2 // 5]
    votes = [
        Vote(
            account_id=account,
            at=opens + (closes - opens) * (index / len(voters)),
            answers={
                "hr3200": str(rng.choice(["support", "oppose", "undecided"], p=_LEANINGS[numbers[account] in belong]))
            },
        )
        for index, account in enumerate(voters)
    ]
    cast_ballots(posting.survey_id, votes)
    run_worker(wait=False)
    at = closes + timedelta(minutes=1)
    close_survey(standing=people.standing("researcher", at), now=at, survey_id=posting.survey_id)
    run_worker(wait=False)
    at = closes + timedelta(days=1)
    release = publish_release(
        standing=people.standing("editor", at),
        now=at,
        survey_id=posting.survey_id,
        sponsor="Asked by a member of this community; no sponsor, nobody was paid.",
    )
    position = positions.state_position(
        standing=people.standing("editor", at),
        now=at,
        organisation="ama",
        topic="health-reform",
        title="Support of H.R. 3200",
        text=(
            "The association supports H.R. 3200, America's Affordable Health Choices Act of 2009, and says so in a letter to "
            "the House of Representatives."
        ),
        source="Letter to the House Committee on Ways and Means, 16 July 2009, as reported by the press",
        stated_on=date(2009, 7, 16),
    )
    positions.compare_position(
        standing=people.standing("editor", at),
        now=at,
        position_id=position.pk,
        release=release.number,
        question="hr3200",
        choice="support",
    )
    at += timedelta(days=1)
    positions.reply_to_position(
        standing=people.standing("representative", at),
        now=at,
        position_id=position.pk,
        text=(
            "(Invented for this demonstration.) A position is taken by delegates after debate, not by a poll of those who "
            "come by. That our members here differ from others is worth knowing, and we shall look at it."
        ),
    )
    issue = issues.open_issue(
        standing=author,
        now=at,
        title="Does the association speak for us on the reform bill?",
        topic="health-reform",
        summary="Its position, what physicians here answer, and what it says to the difference.",
    )
    join_issue(
        author,
        at,
        issue.pk,
        (StepKind.POSTING, posting.pk),
        (StepKind.POSITION, position.pk),
        (StepKind.RESULT, release.number),
    )
    progress(len(voters), len(voters))


def join_issue(standing: Standing, now: datetime, issue_id: int, *things: tuple[StepKind, int]) -> None:
    """Add things to an issue."""
    for kind, number in things:
        issues.add_step(standing=standing, now=now, issue_id=issue_id, kind=kind, number=number)


#: Topic, organisation, share of members who say something by the first count and after it, stances.
_MANDATES = (
    ("organised-medicine", "ama", 0.045, 0.020, (0.17, 0.21, 0.52, 0.10)),
    ("organised-medicine", "rural-physicians", 0.016, 0.006, (0.41, 0.22, 0.11, 0.26)),
    ("health-reform", "ama", 0.030, 0.015, (0.24, 0.27, 0.40, 0.09)),
    ("payment-and-coding", "ama", 0.020, 0.010, (0.11, 0.15, 0.66, 0.08)),
    ("payment-and-coding", "plain-billing", 0.206, 0.012, (0.63, 0.17, 0.12, 0.08)),
)
#: Share of members who say that nobody speaks for them, by topic.
_NOBODY = {"organised-medicine": 0.003}
COUNTS = (datetime(2009, 9, 1, 4, 23, tzinfo=UTC), datetime(2009, 10, 1, 4, 23, tzinfo=UTC))


def give_mandates(progress: Progress) -> None:
    """Statements of some forty thousand, in bulk."""
    rng = np.random.default_rng(29)
    topics = dict(Topic.objects.values_list("slug", "pk"))
    organisations = dict(Organisation.objects.values_list("slug", "pk"))
    members = np.array(
        Member.objects.filter(level=2, account__password="!").order_by("pk").values_list("pk", flat=True)
    )
    begins = datetime(2009, 8, 1, tzinfo=UTC)
    rows: list[tuple[Any, ...]] = []
    for topic, organisation, before, after, shares in _MANDATES:
        speak = rng.choice(members, int((before + after) * len(members)), replace=False)
        early = int(before * len(members))
        for index, member in enumerate(speak):
            first, last = (begins, COUNTS[0]) if index < early else COUNTS
            at = first + (last - first) * float(rng.random())
            stance = str(rng.choice([stance.value for stance in Stance], p=shares))
            rows.append((int(member), topics[topic], organisations[organisation], stance, at, at + timedelta(days=365)))
    for topic, share in _NOBODY.items():
        said = {row[0] for row in rows if row[1] == topics[topic]}
        silent = [int(member) for member in members if int(member) not in said]
        for member in rng.choice(silent, int(share * len(members)), replace=False):
            at = begins + (COUNTS[0] - begins) * float(rng.random())
            rows.append((int(member), topics[topic], None, "nobody", at, at + timedelta(days=365)))
    rows.sort(key=lambda row: row[4])
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            "voice_mandatestatement",
            "member_id, topic_id, organisation_id, stance, stated_at, expires_at",
            rows,
        )
        # Without topic and stance, as ``state_mandate`` writes them.
        copy_events(cursor, "voice.mandate.state", ((member, "", at) for member, _, _, _, at, _ in rows))
        cursor.execute("ANALYZE voice_mandatestatement, organisations_affiliation")
    progress(1, 3)


def count(people: People, month: int, progress: Progress) -> None:
    """What the physician says three days before a monthly count, and the count."""
    at = COUNTS[month]
    earlier = at - timedelta(days=3)
    mandates.state_mandate(
        standing=people.standing("physician", earlier),
        now=earlier,
        topic="payment-and-coding",
        organisation="plain-billing",
        stance=Stance.PARTLY if month == 0 else Stance.SPEAKS,
    )
    mandates.count_mandates(standing=people.standing("operator", at), now=at)
    progress(2 + month, 3)
