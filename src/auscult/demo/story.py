"""The story: accounts of each role, postings of two years, the survey of July 2009 and one poll still open."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import numpy as np

from auscult.community.actions.comments import add_comment, rate_usefulness
from auscult.community.actions.postings import PollDraft, create_posting
from auscult.community.models import Posting
from auscult.demo.ballots import Vote, cast_ballots
from auscult.demo.people import People
from auscult.demo.size import BEGINS, HISTORY, PHYSICIANS_2009, SCALED, STORY_NOW, Size
from auscult.members.models import Member
from auscult.members.queries.standing import get_standing
from auscult.organisations.models import Organisation
from auscult.publishing.actions import publish_release, reply_to_release
from auscult.publishing.models import Release
from auscult.registry.actions import set_benchmark
from auscult.registry.taxonomy import group_names
from auscult.shared.jobs import run_worker
from auscult.shared.standing import CONSOLE, Standing
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import single_choice

OPENS, CLOSES = BEGINS, datetime(2009, 7, 7, 23, 59, tzinfo=UTC)
#: The figures of the survey: share and the answer that had it.
SHARES = {"ama_member": 0.75, "speaks_for_me": 0.89, "reflects_opinion": 0.91, "cpt_owner": 0.54}
QUESTIONS = (
    single_choice(
        "ama_member",
        "Are you a member of the American Medical Association?",
        (Choice("no", "No"), Choice("yes", "Yes")),
    ),
    single_choice(
        "speaks_for_me",
        "Does the American Medical Association speak for you?",
        (Choice("no", "It does not speak for me"), Choice("yes", "It speaks for me")),
    ),
    single_choice(
        "reflects_opinion",
        "Does it accurately reflect your opinion as a physician?",
        (Choice("no", "It does not"), Choice("yes", "It does")),
    ),
    single_choice(
        "cpt_owner",
        "Before today, did you know who owns the CPT codes you bill with?",
        (Choice("no", "I did not know"), Choice("yes", "I knew")),
    ),
)
LIVE_QUESTION = single_choice(
    "q1",
    "Which should come first in this year's reform bill?",
    (
        Choice("c1", "Payment reform and the SGR"),
        Choice("c2", "Coverage of the uninsured"),
        Choice("c3", "Malpractice reform"),
        Choice("c4", "Primary care workforce"),
    ),
)
Progress = Callable[[int, int], None]


def set_denominator(size: Size) -> None:
    """Load the universe about which the letter of 2009 spoke, and the share of it that a small demonstration stands for."""
    source = "Becker's Hospital Review: 228,150 members, 23 % of 954,000 physicians"
    definition = "physicians in the United States as counted in press reports on AMA membership"
    universes = {HISTORY: ("US physicians", PHYSICIANS_2009, definition, source)}
    if size.universe_code == SCALED:
        part = f"{size.universe / PHYSICIANS_2009:.0%} of the 954,000"
        universes[SCALED] = ("US physicians (scaled down)", size.universe, f"{part}, for a small demonstration", source)
    for code, (words, persons, meaning, where) in universes.items():
        set_benchmark(
            standing=CONSOLE,
            now=OPENS,
            code=code,
            words=words,
            persons=persons,
            as_of=date(2009, 12, 31),
            definition=meaning,
            source=where,
        )


@dataclass
class _Cast:
    """Members by specialty group, to give each posting and comment a plausible author."""

    by_group: dict[str, list[int]]
    everyone: list[int]
    known: dict[int, Standing]
    rng: np.random.Generator

    def pick(self, specialty: str, now: datetime) -> Standing:
        """A member of a specialty, or of any."""
        group = _GROUP_WORDS.get(specialty)
        pool = self.by_group.get(group, []) if group else []
        pool = pool or self.everyone
        account = pool[int(self.rng.integers(0, min(len(pool), 400)))]
        if account not in self.known:
            self.known[account] = get_standing(account, now)
        return self.known[account]


_GROUP_WORDS = {
    "Internal medicine": "WG01", "Family medicine": "WG02", "Pediatrics": "WG03", "Obstetrics & gynecology": "WG04",
    "Cardiology": "WG05", "Gastroenterology": "WG06", "Hematology/oncology": "WG07", "Pulmonary & critical care": "WG08",
    "Dermatology": "WG10", "Neurology": "WG11", "Psychiatry": "WG12", "Emergency medicine": "WG13",
    "Anesthesiology": "WG14", "Radiology": "WG15", "Pathology": "WG16", "General surgery": "WG17", "Orthopedics": "WG18",
    "Urology & ENT": "WG19", "Ophthalmology": "WG20",
}  # fmt: skip
_SPECIALTY_WORDS = list(_GROUP_WORDS)


def gather_cast() -> _Cast:
    """Verified members by specialty."""
    # Only members whose handle has no digits write: they read like people.
    rows = list(
        Member.objects.filter(level=2, handle__regex="^[a-z]+-[a-z]+$", account__password="!")
        .order_by("pk")
        .values_list("account_id", "specialty_group")
    )
    by_group: dict[str, list[int]] = {group: [] for group in group_names()}
    for account, group in rows:
        by_group[group].append(account)
    return _Cast(by_group, [account for account, _ in rows], {}, np.random.default_rng(1847))


def write_postings(size: Size, progress: Progress) -> None:
    """Postings with comments and ratings over two years, each through its action."""
    cast, rng = gather_cast(), np.random.default_rng(2008)
    postings = _corpus()
    step = max(1, len(postings) // size.postings)
    chosen = postings[::step][: size.postings]
    for index, (topic, entry) in enumerate(chosen):
        on = datetime.fromisoformat(entry["on"]).replace(tzinfo=UTC)
        at = on + timedelta(hours=11, minutes=int(rng.integers(0, 840)))
        author = cast.pick(entry["specialty"], STORY_NOW)
        posting = create_posting(standing=author, now=at, title=entry["title"], body=entry["body"], topic=topic)
        written: list[int] = []
        for comment in entry["comments"]:
            who = author if comment.get("by_author") else cast.pick(_word(rng), STORY_NOW)
            answered = comment.get("reply_to")
            when = min(at + timedelta(hours=float(comment["after_hours"])), STORY_NOW - timedelta(minutes=5))
            written.append(
                add_comment(
                    standing=who,
                    now=when,
                    posting_id=posting.pk,
                    body=comment["body"],
                    parent=written[answered] if answered is not None else None,
                ).number
            )
        for _ in range(int(rng.integers(0, 4))):
            reader = cast.pick(_word(rng), STORY_NOW)
            if reader.member_id != author.member_id:
                value = int(rng.choice([0, 1, 2, 3], p=[0.06, 0.2, 0.42, 0.32]))
                rate_usefulness(standing=reader, now=at, posting_id=posting.pk, value=value)
        if index % 5 == 4:
            progress(index + 1, len(chosen))
    progress(len(chosen), len(chosen))


def _word(rng: np.random.Generator) -> str:
    return _SPECIALTY_WORDS[int(rng.integers(0, len(_SPECIALTY_WORDS)))]


def _corpus() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for file in files("auscult.demo").joinpath("postings").iterdir():
        if file.name.endswith(".jsonl"):
            topic = file.name.removesuffix(".jsonl")
            found += [(topic, json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda row: (row[1]["on"], row[1]["title"]))


def run_survey(size: Size, progress: Progress) -> Posting:
    """The survey of 1–7 July 2009: exactly so many ballots, exactly these raw shares, through the real action."""
    author = gather_cast().pick("Internal medicine", STORY_NOW)
    posting = create_posting(
        standing=author,
        now=OPENS,
        title="Does the AMA speak for us? Four questions, one week",
        body=(
            "After two years of partnership ended in May, each side says that the other did not deliver. Before anybody "
            "writes another open letter in our name, let us measure what we think, and publish how we measured it.\n\n"
            "Four questions. The poll closes on 7 July. Whatever comes out goes on record with the wording, the method and "
            "the sentence it permits, and the association is asked to answer under it."
        ),
        topic="organised-medicine",
        poll=PollDraft(QUESTIONS, CLOSES, size.universe_code),
    )
    assert posting.survey_id is not None
    voters = draw_voters(size.ballots, np.random.default_rng(1776))
    answers = _draw_answers(voters, SHARES, np.random.default_rng(1812))
    span = (CLOSES - OPENS).total_seconds() - 60
    votes = [
        Vote(account_id=account, at=OPENS + timedelta(seconds=span * index / len(voters)), answers=ballot)
        for index, (account, ballot) in enumerate(zip(voters, answers, strict=True))
    ]
    cast_ballots(posting.survey_id, votes)
    progress(len(voters), len(voters))
    return posting


def draw_voters(count: int, rng: np.random.Generator) -> list[int]:
    """Accounts that take part: the old hands, men, surgeons and proceduralists more than others."""
    rows = list(
        Member.objects.filter(level=2, account__password="!")
        .order_by("pk")
        .values_list("account_id", "sex", "career", "specialty_group")
    )
    tilt = np.array(
        [
            (1.0 if sex == "M" else 0.7)
            * {"0-4": 0.5, "5-9": 0.8, "10-17": 1.1, "18+": 1.4}[career]
            * (1.35 if group in {"WG02", "WG17", "WG18", "WG19", "WG20", "WG05"} else 1.0)
            for _, sex, career, group in rows
        ]
    )
    keys = np.log(rng.random(len(rows))) / tilt
    chosen = np.argsort(keys)[-count:]
    return [rows[int(i)][0] for i in rng.permutation(chosen)]


def _draw_answers(voters: list[int], shares: dict[str, float], rng: np.random.Generator) -> list[dict[str, str]]:
    """Answers with exact raw shares: within each question the members most inclined to «no» say it."""
    found = {
        account: (sex, career, group)
        for account, sex, career, group in Member.objects.filter(account_id__in=voters).values_list(
            "account_id", "sex", "career", "specialty_group"
        )
    }
    mood = rng.normal(0, 1.0, len(voters))
    lean = np.array(
        [
            (0.25 if sex == "M" else 0.0)
            + {"0-4": -0.35, "5-9": 0.0, "10-17": 0.25, "18+": 0.1}[career]
            + (0.3 if group in {"WG17", "WG18", "WG19", "WG05", "WG14"} else 0.0)
            for sex, career, group in (found[account] for account in voters)
        ]
    )
    ballots: list[dict[str, str]] = [{} for _ in voters]
    for question, share in shares.items():
        score = mood + lean + rng.normal(0, 1.2, len(voters))
        says_no = set(np.argsort(score)[len(voters) - round(share * len(voters)) :].tolist())
        for index, ballot in enumerate(ballots):
            ballot[question] = "no" if index in says_no else "yes"
    return ballots


def publish(posting: Posting, people: People) -> Release:
    """Close, publish, and let the association answer."""
    assert posting.survey_id is not None
    close_survey(
        standing=people.standing("researcher", CLOSES), now=CLOSES + timedelta(minutes=1), survey_id=posting.survey_id
    )
    run_worker(wait=False)
    at = CLOSES + timedelta(hours=10)
    release = publish_release(
        standing=people.standing("editor", at),
        now=at,
        survey_id=posting.survey_id,
        sponsor="Asked by a member of this community; no sponsor, nobody was paid.",
    )
    at = CLOSES + timedelta(hours=37)
    organisation = Organisation.objects.get(slug="ama")
    reply_to_release(
        standing=people.standing("representative", at),
        now=at,
        number=release.number,
        organisation_id=organisation.pk,
        text=(
            "Our membership figures are public and have not fallen precipitously. A poll that whoever wished to could "
            "answer tells what its participants think. It does not tell what physicians think, as this page itself says."
        ),
    )
    return release


def run_live_poll(size: Size, progress: Progress) -> Posting:
    """A poll that is still open when the demonstration starts."""
    opened = STORY_NOW - timedelta(hours=22)
    author = gather_cast().pick("Family medicine", STORY_NOW)
    posting = create_posting(
        standing=author,
        now=opened,
        title="If the reform bill could do one thing for us first, which?",
        body=(
            "Five committees have reported five drafts of a thousand pages. I would rather know what *we* would put first "
            "than read another summary of what somebody thinks we want.\n\nOne question, two weeks. Say why in the comments."
        ),
        topic="health-reform",
        poll=PollDraft((LIVE_QUESTION,), STORY_NOW + timedelta(days=13), size.universe_code),
    )
    assert posting.survey_id is not None
    rng = np.random.default_rng(1965)
    voters = draw_voters(size.live_ballots, rng)
    choices = rng.choice(["c1", "c2", "c3", "c4"], size=len(voters), p=[0.37, 0.21, 0.27, 0.15])
    votes = [
        Vote(account_id=account, at=opened + timedelta(minutes=5 * index), answers={"q1": str(choice)})
        for index, (account, choice) in enumerate(zip(voters, choices, strict=True))
    ]
    cast_ballots(posting.survey_id, votes)
    for hours, body in (
        (1.5, "Payment first. Coverage without somebody who can afford to see the patient is a card in a wallet."),
        (
            3.0,
            "Coverage. I write off more than I collect on some days, and it is never the fee schedule's fault alone.",
        ),
        (7.2, "Malpractice reform will not be in it, so I voted for it. Somebody should count us."),
    ):
        add_comment(
            standing=gather_cast().pick(_word(rng), STORY_NOW),
            now=opened + timedelta(hours=hours),
            posting_id=posting.pk,
            body=body,
        )
    progress(len(voters), len(voters))
    run_worker(wait=False)
    return posting
