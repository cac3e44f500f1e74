"""The agreement of 25 May 2007 to May 2009, replayed through the actions that parties use.

Known of it is what both sides said in public: in kind, no money, two years; journals and advocacy against access; each side
said that the other had not delivered; notice in May 2009; new paid terms refused. Everything finer is invented, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from auscult.community.actions.comments import add_comment
from auscult.community.actions.postings import create_posting
from auscult.demo.people import PHYSICIAN_JOINS, People
from auscult.demo.story import Progress
from auscult.organisations.models import Organisation
from auscult.partnerships.actions.agreements import (
    GrantDraft,
    give_notice,
    propose_agreement,
    ratify_agreement,
    reply_to_agreement,
    take_step,
)
from auscult.partnerships.actions.grants import GrantNotInForce, read_topic_aggregate
from auscult.partnerships.models import Agreement, Grant, Occurrence
from auscult.partnerships.rules import NoticeKind, ObligationDraft, Side, StepKind

#: When accounts and organisations of the story are made.
BEFORE = datetime(2007, 5, 2, 9, 0, tzinfo=UTC)
_TERMS = (
    "Two years from 25 May 2007, in kind; no money is paid either way.\n\n"
    "The association gives verified members of the community access to its journals and resources, and takes their issues "
    "into its advocacy. The community gives the association numbers on what its members talk about.\n\n"
    "Either side may say before the end of the term that it will not renew. Nothing renews itself. Access ends with the "
    "term.\n\n"
    "(A demonstration. What was promised follows what both sides said in public in 2009; dates of single obligations, and "
    "what was said about each of them here, are invented.)"
)
_QUARTERS = (
    date(2007, 8, 25), date(2007, 11, 25), date(2008, 2, 25), date(2008, 5, 25), date(2008, 8, 25), date(2008, 11, 25),
    date(2009, 2, 25), date(2009, 5, 24),
)  # fmt: skip
_HALF_YEARS = (date(2007, 11, 25), date(2008, 5, 25), date(2008, 11, 25), date(2009, 5, 24))


def _at(year: int, month: int, day: int, hour: int = 15) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


class _Party:
    """Acts for one side. What it does is only noted; ``replay`` lets it happen in the order of its dates."""

    def __init__(self, people: People, who: str, story: list[tuple[datetime, Callable[[], object]]]) -> None:
        self.people, self.who, self.story = people, who, story

    def step(self, code: str, number: int, kind: StepKind, at: datetime, text: str = "", evidence: str = "") -> None:
        """Take a step about one occurrence."""

        def act() -> None:
            occurrence = Occurrence.objects.get(obligation__code=code, number=number)
            take_step(
                standing=self.people.standing(self.who, at),
                now=at,
                occurrence_id=occurrence.pk,
                kind=kind,
                text=text,
                evidence=evidence,
            )

        self.story.append((at, act))

    def notice(self, kind: NoticeKind, at: datetime, text: str, cites: str = "") -> None:
        """Give a notice."""

        def act() -> None:
            give_notice(
                standing=self.people.standing(self.who, at),
                now=at,
                agreement_id=Agreement.objects.get().pk,
                kind=kind,
                text=text,
                cites=cites,
            )

        self.story.append((at, act))

    def read(self, topic: str, at: datetime) -> None:
        """Read numbers about a topic under the grant."""

        def act() -> None:
            read_topic_aggregate(
                standing=self.people.standing(self.who, at), now=at, grant_id=Grant.objects.get().pk, topic=topic
            )

        self.story.append((at, act))


def replay(people: People, progress: Progress) -> Agreement:
    """From the proposal to the last day of the term."""
    story: list[tuple[datetime, Callable[[], object]]] = []
    operator, association, arbiter = (_Party(people, who, story) for who in ("operator", "representative", "arbiter"))
    proposed = _at(2007, 5, 10)
    agreement = propose_agreement(
        standing=people.standing("operator", proposed),
        now=proposed,
        title="Partnership of 2007: journals and advocacy for access",
        subject="partnership",
        party_a="operator",
        party_b="ama",
        starts_on=date(2007, 5, 25),
        ends_on=date(2009, 5, 25),
        terms=_TERMS,
        obligations=[
            ObligationDraft(
                "journals",
                Side.B,
                "Access of verified members to journals and resources",
                "log-ins through our link that open an article, in the first week",
                (date(2007, 6, 1),),
            ),
            ObligationDraft(
                "advocacy",
                Side.B,
                "Take issues of members into advocacy, and report on each",
                "a written report each half-year that names the issues and what was done",
                _HALF_YEARS,
            ),
            ObligationDraft(
                "access",
                Side.A,
                "Numbers on what members talk about",
                "a quarterly digest, and access to numbers by topic with a receipt for each read",
                _QUARTERS,
            ),
        ],
        grants=[
            GrantDraft(
                Side.B,
                "numbers by topic: postings, comments, authors by specialty, in groups of ten or more",
                "to learn what physicians are concerned about",
            )
        ],
    )
    at = _at(2007, 5, 20)
    ratify_agreement(standing=people.standing("representative", at), now=at, agreement_id=agreement.pk)
    operator.step(
        "journals", 1, StepKind.ALLEGE, _at(2007, 6, 5),
        "In the first week no log-in of our members through the link opened an article.",
        "20 log-ins tried, 0 articles opened",
    )  # fmt: skip
    association.step(
        "journals", 1, StepKind.ANSWER, _at(2007, 6, 12),
        "Access was ready on our side in the agreed week. The list of members who should have it had not reached us.",
    )  # fmt: skip
    _quarters(operator, association, arbiter)
    _advocacy(operator, association)
    _part(operator, association)
    association.read("organised-medicine", _at(2007, 9, 3))
    association.read("payment-and-coding", _at(2008, 3, 10))
    association.read("health-reform", _at(2009, 2, 17))
    _physician_writes(people)
    for index, (_, act) in enumerate(sorted(story, key=lambda row: row[0]), start=1):
        act()
        progress(index, len(story))
    return agreement


def _quarters(operator: _Party, association: _Party, arbiter: _Party) -> None:
    """The operator's digests: all but one in time and confirmed; that one was breached and made good."""
    for number, due in enumerate(_QUARTERS, start=1):
        if number == 5:
            continue
        at = datetime(due.year, due.month, due.day - 2, 15, tzinfo=UTC)
        operator.step("access", number, StepKind.SUBMIT, at, "Digest of the quarter.", f"digest-{due:%Y-%m}.pdf")
        association.step("access", number, StepKind.CONFIRM, at.replace(hour=20))
    association.step(
        "access", 5, StepKind.ALLEGE, _at(2008, 9, 5), "The digest of the summer of 2008 has not come."
    )  # fmt: skip
    # The operator let the reply window pass.
    arbiter.step(
        "access", 5, StepKind.BREACH, _at(2008, 9, 22),
        "Alleged on 5 September; fourteen days have passed without an answer, and there is no digest.",
    )  # fmt: skip
    association.step("access", 5, StepKind.REMEDY, _at(2008, 10, 2), "The digest has come, a month late.")


def _advocacy(operator: _Party, association: _Party) -> None:
    """Reports on advocacy: one confirmed, two disputed, one waived when the end was near."""
    association.step("advocacy", 1, StepKind.SUBMIT, _at(2007, 11, 20), "Report of the half-year.", "report-2007.pdf")
    operator.step("advocacy", 1, StepKind.CONFIRM, _at(2007, 12, 1))
    association.step("advocacy", 2, StepKind.SUBMIT, _at(2008, 5, 22), "Report of the half-year.", "report-2008.pdf")
    operator.step(
        "advocacy", 2, StepKind.RETURN, _at(2008, 6, 2), "The report names none of the issues that members had raised."
    )
    operator.step("advocacy", 2, StepKind.ALLEGE, _at(2008, 6, 10), "Eight days later there is no other report.")
    association.step(
        "advocacy", 2, StepKind.ANSWER, _at(2008, 6, 20),
        "Our advocacy covers these issues as a whole; a list by issue was never what was meant.",
    )  # fmt: skip
    operator.step("advocacy", 3, StepKind.ALLEGE, _at(2008, 12, 5), "No report for the second half of 2008.")
    association.step(
        "advocacy", 3, StepKind.ANSWER, _at(2008, 12, 15), "The report was given in our meeting of 20 November."
    )
    operator.step(
        "advocacy", 4, StepKind.WAIVE, _at(2009, 5, 22), "The agreement ends; no further report is asked for."
    )


def _physician_writes(people: People) -> None:
    """The physician whom one signs in as says something that is counted in what was read later."""
    at = _at(2008, 2, 4)
    assert at > PHYSICIAN_JOINS
    physician = people.standing("physician", at)
    posting = create_posting(
        standing=physician,
        now=at,
        title="What do the billing codes cost a practice, all in?",
        body=(
            "I added up the books, the updates, the licence inside our software and the course for the front desk. It is "
            "more than I thought and I cannot tell whom I pay. Has anybody done the sum properly?"
        ),
        topic="payment-and-coding",
    )
    add_comment(
        standing=physician,
        now=at.replace(hour=21),
        posting_id=posting.pk,
        body="To be clear: I do not mind paying for work. I would like to see the bill.",
    )


def _part(operator: _Party, association: _Party) -> None:
    """Notice, new terms, refusal."""
    cites = "journal access due 1 June 2007 and advocacy reports due 2008, all disputed"
    operator.notice(
        NoticeKind.NON_RENEWAL, _at(2009, 5, 4),
        "We shall not renew the partnership on its terms when it ends on 24 May. What we were promised has not reached our "
        "members.", cites,
    )  # fmt: skip
    operator.notice(
        NoticeKind.RENEWAL_OFFERED, _at(2009, 5, 4, 16),
        "We offer a new agreement under which the association pays for access, as other clients do.",
    )  # fmt: skip
    association.notice(
        NoticeKind.RENEWAL_REFUSED, _at(2009, 5, 20),
        "We have kept what we promised, and we do not pay for hearing physicians.",
    )  # fmt: skip


def aftermath(people: People) -> None:
    """After the term: both sides in their own words, and a request that is refused."""
    agreement = Agreement.objects.get()
    at = datetime(2009, 7, 10, 14, 0, tzinfo=UTC)
    for who, slug, text in (
        (
            "operator",
            "operator",
            (
                "Our members were promised journals and a voice. In two years they had neither in a way that anybody could "
                "measure. We asked for other terms, and when they were refused we let the agreement end."
            ),
        ),
        (
            "representative",
            "ama",
            (
                "We delivered what was agreed. The partnership ended because the other side wished to be paid. Our "
                "membership is public and has not fallen precipitously."
            ),
        ),
    ):
        reply_to_agreement(
            standing=people.standing(who, at),
            now=at,
            agreement_id=agreement.pk,
            organisation_id=Organisation.objects.values_list("pk", flat=True).get(slug=slug),
            text=text,
        )
    at = datetime(2009, 7, 15, 10, 30, tzinfo=UTC)
    try:
        read_topic_aggregate(
            standing=people.standing("representative", at),
            now=at,
            grant_id=Grant.objects.values_list("pk", flat=True).get(agreement=agreement),
            topic="health-reform",
        )
    except GrantNotInForce:
        return
    raise AssertionError("Something was read after the term.")
