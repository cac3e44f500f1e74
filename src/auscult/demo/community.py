"""What a newcomer should find in the community: a case, a connection, an organisation's posting, a decision, a flag."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from auscult.community.actions.cases import publish_case
from auscult.community.actions.comments import add_comment, rate_usefulness
from auscult.community.actions.connections import state_connection
from auscult.community.actions.drafts import save_draft
from auscult.community.actions.moderation import begin_staff_session, end_staff_session, flag_words, take_measure
from auscult.community.actions.postings import create_posting
from auscult.community.actions.ties import follow_topic, tie_posting
from auscult.community.rules.cases import CaseState
from auscult.community.rules.moderation import FlagReason, Measure, Rule
from auscult.demo.people import People
from auscult.demo.size import STORY_NOW
from auscult.demo.story import gather_cast
from auscult.organisations.models import Organisation

_CASE = """A woman of 58, never a smoker, a gardener. Four months of dry cough and a fever each evening; eleven kilograms lost.

- CT: upper lobe opacities that wander; the last one faded on its own.
- Eosinophils 18 %, IgE normal, ANCA negative twice. Stool three times without parasites.
- Lavage: 44 % eosinophils, cultures empty. No new drug, no travel, a parrot that died in 2003.

She is better on 20 mg of prednisone and falls ill again under 15. **What would you look for before I call it idiopathic?**"""


def fill_corners(people: People) -> None:
    """Write all of it through its actions, in the last days of the story."""
    cast, rng = gather_cast(), np.random.default_rng(1958)
    physician = people.standing("physician", STORY_NOW)

    def someone(specialty: str, hours: float) -> dict[str, Any]:
        return {"standing": cast.pick(specialty, STORY_NOW), "now": STORY_NOW - timedelta(hours=hours)}

    draft = save_draft(
        standing=physician, now=STORY_NOW - timedelta(hours=31), draft_id=None, kind="case", posting_id=None, parent=0,
        fields={
            "title": "Wandering opacities and eosinophils, steroids or nothing",
            "body": _CASE,
            "topic": "clinical-questions",
            "case_state": CaseState.UNSOLVED,
        },
    )  # fmt: skip
    case = publish_case(standing=physician, now=STORY_NOW - timedelta(hours=30), draft_id=draft)
    first = add_comment(
        **someone("Pulmonary & critical care", 28), posting_id=case.pk,
        body=(
            "Chronic eosinophilic pneumonia wanders like that, and relapse under 15 mg is what it does. I "
            "would still ask about the compost: *Aspergillus* IgE and precipitins once, then treat six "
            "months."
        ),
    )  # fmt: skip
    consultant = cast.pick("Hematology/oncology", STORY_NOW)
    state_connection(
        standing=consultant, now=STORY_NOW - timedelta(days=2), kind="paid", party="Larkspur Therapeutics (invented)",
        product_class="kinase inhibitors", topics=[], began_on=(STORY_NOW - timedelta(days=300)).date(), ended_on=None,
    )  # fmt: skip
    add_comment(
        standing=consultant, now=STORY_NOW - timedelta(hours=25), posting_id=case.pk, parent=first.number,
        body=(
            f"> #{first.number}\n> relapse under 15 mg is what it does\n\nAgreed, but send FIP1L1-PDGFRA "
            "before you settle: one of my last four \"idiopathic\" ones had it, and imatinib ended it."
        ),
    )  # fmt: skip
    add_comment(
        **someone("Internal medicine", 9), posting_id=case.pk,
        body=(
            "@morning-rounds did anybody ask what she takes *besides* drugs? L-tryptophan, herbal mixtures, "
            "the gardener's own tinctures."
        ),
    )  # fmt: skip
    for hours in (20, 14, 6):
        rate_usefulness(**someone("Family medicine", hours), posting_id=case.pk, value=int(rng.choice([2, 3])))

    create_posting(
        standing=people.standing("representative", STORY_NOW), now=STORY_NOW - timedelta(hours=50),
        organisation_id=Organisation.objects.get(slug="ama").pk, topic="organised-medicine",
        title="What our House of Delegates will vote on in November, and how to be heard",
        body=(
            "The agenda is public from today (invented for this demonstration). Ask here; we answer under "
            "our own name until the meeting, and what you say stays yours."
        ),
    )  # fmt: skip

    praise = create_posting(
        **someone("Dermatology", 70), topic="practice-life", title="The one scheduler that gave me my evenings back",
        body="I tried nine. One of them is worth it, write to me for the code that takes 20 % off.",
    )  # fmt: skip
    flag_words(
        **someone("Pathology", 66), posting_id=praise.pk, number=None, reason=FlagReason.SPAM,
        words="A discount code is an advertisement.",
    )  # fmt: skip
    moderator = people.standing("moderator", STORY_NOW)
    begin_staff_session(standing=moderator, now=STORY_NOW - timedelta(hours=60), reason="The queue of the morning")
    take_measure(
        standing=moderator, now=STORY_NOW - timedelta(hours=60), posting_id=praise.pk, number=None, measure=Measure.REMOVE,
        rule=Rule.ADVERTISING, passage="the code that takes 20 % off",
        reason="Recommending what one uses is welcome; handing out discount codes is selling.",
    )  # fmt: skip
    end_staff_session(standing=moderator, now=STORY_NOW - timedelta(hours=59))
    flag_words(
        **someone("Psychiatry", 3), posting_id=case.pk, number=first.number, reason=FlagReason.UNDISCLOSED,
        words="Does the author not advise a maker of precipitin kits?",
    )  # fmt: skip

    follow_topic(standing=physician, now=STORY_NOW - timedelta(days=30), topic="health-reform", follow=True)
    tie_posting(
        standing=physician, now=STORY_NOW - timedelta(hours=40), posting_id=praise.pk - 1, verb="bookmark", on=True
    )
