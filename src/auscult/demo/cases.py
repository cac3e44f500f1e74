"""Cases on the verifier's desk when the demonstration begins: one of each kind that a newcomer should see."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.hashers import make_password

from auscult.demo.people import People, add_account, claim_record, confirm_practice, free_records, verify
from auscult.demo.size import STORY_NOW
from auscult.members.actions.accounts import choose_handle, grant_role
from auscult.members.actions.claims import ask_review, claim_training
from auscult.members.actions.evidence import ask_code, offer_document
from auscult.members.actions.privacy import ask_unmasking
from auscult.members.rules import Via
from auscult.shared.roles import Role
from auscult.shared.standing import CONSOLE, MemberClass

_DOCUMENT = b"%PDF-1.4\n% an invented badge, of a demonstration\n"


def open_cases(people: People) -> None:
    """An applicant with flags, a resident, a letter to post, and a record that two people claim."""
    hashed = make_password(people.password)
    for who in ("second-verifier", "second-custodian", "disputed", "rival", "resident", "moved"):
        people.emails[who] = add_account(who, hashed)
    grant_role(standing=CONSOLE, now=STORY_NOW, email=people.emails["second-verifier"], role=Role.VERIFIER)
    grant_role(standing=CONSOLE, now=STORY_NOW, email=people.emails["second-custodian"], role=Role.CUSTODIAN)

    began = STORY_NOW - timedelta(days=2, hours=3)
    claim_training(
        standing=people.standing("resident", began), now=began, member_class=MemberClass.RESIDENT, last_name="Fernridge",
        first_name="Yumi", programme="Invented General Hospital",
    )  # fmt: skip
    offer_document(standing=people.standing("resident", began), now=began, data=_DOCUMENT)

    moved, disputed = free_records(2, STORY_NOW - timedelta(days=30))
    claim_record(people, "moved", moved, began)
    offer_document(standing=people.standing("moved", began), now=began, data=_DOCUMENT)
    ask_code(standing=people.standing("moved", began), now=began, via=Via.POST)

    earlier = STORY_NOW - timedelta(days=20)
    claim_record(people, "disputed", disputed, earlier - timedelta(hours=20))
    verify(people, "disputed", earlier)
    choose_handle(standing=people.standing("disputed", earlier), now=earlier, handle="late-rounds")
    licence, state = disputed.licences[0]
    ask_review(
        standing=people.standing("rival", began), now=began, number=disputed.number,
        last_name=disputed.last_name.title(), first_name=disputed.first_name.title(), licence=licence,
        licence_state=state,
    )  # fmt: skip
    confirm_practice(people, "rival", began)

    ask_unmasking(
        standing=people.standing("custodian", STORY_NOW), now=STORY_NOW, handle="morning-rounds",
        reason="A patient's safety: the author of a posting describes a fault of a device and can be reached no other way.",
    )  # fmt: skip
