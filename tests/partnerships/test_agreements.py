"""Agreements through the actions: who may, what is refused, what the page computes, what the record proves."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from auscult.evidence.checks import FALSE
from auscult.evidence.verifier import verify_bundle
from auscult.partnerships.actions.agreements import (
    CannotGiveNotice,
    CannotProposeAgreement,
    CannotRatifyAgreement,
    CannotTakeStep,
    decline_agreement,
    give_notice,
    ratify_agreement,
    reply_to_agreement,
    take_step,
)
from auscult.partnerships.models import Agreement, Occurrence, OccurrenceStep
from auscult.partnerships.queries.agreements import get_agreement_page, list_agreements
from auscult.partnerships.rules import AgreementState, NoticeKind, ObligationDraft, OccurrenceState, Side, StepKind
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import RecordEntry
from auscult.publishing.replies import CannotReply
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import READER

from .conftest import at, proposal

pytestmark = pytest.mark.django_db


def step(standing, now, code, kind, number=1, text="Words.", evidence=""):
    occurrence = Occurrence.objects.get(obligation__code=code, number=number)
    return take_step(standing=standing, now=now, occurrence_id=occurrence.pk, kind=kind, text=text, evidence=evidence)


def states(agreement, now):
    page = get_agreement_page(READER, agreement.pk, now)
    return {
        (box_code, o.number): o.state
        for column in page.columns
        for box_code, occurrences in [(b.code, b.occurrences) for b in column.obligations]
        for o in occurrences
    }


def test_proposed_ratified_active_expired(parties):
    made = proposal(parties)
    page = get_agreement_page(parties["society"], made.pk, at(2007, 5, 12))
    assert (page.state, page.may_ratify) == (AgreementState.PROPOSED, True)
    with pytest.raises(NotAllowed, match="other side ratifies"):
        ratify_agreement(standing=parties["operator"], now=at(2007, 5, 12), agreement_id=made.pk)
    for standing in (parties["arbiter"], READER):
        with pytest.raises(NotAllowed):
            ratify_agreement(standing=standing, now=at(2007, 5, 12), agreement_id=made.pk)
    with pytest.raises(CannotTakeStep, match="before both sides"):
        step(parties["society"], at(2007, 5, 30), "journals", StepKind.SUBMIT)
    ratify_agreement(standing=parties["society"], now=at(2007, 5, 20), agreement_id=made.pk)
    with pytest.raises(CannotRatifyAgreement, match="Both sides"):
        ratify_agreement(standing=parties["society"], now=at(2007, 5, 20), agreement_id=made.pk)

    def state(*day):
        return get_agreement_page(READER, made.pk, at(*day)).state

    assert [state(2007, 5, 24), state(2007, 5, 25), state(2009, 5, 24), state(2009, 5, 25)] == [
        AgreementState.RATIFIED, AgreementState.ACTIVE, AgreementState.ACTIVE, AgreementState.EXPIRED,
    ]  # fmt: skip
    assert "nobody gave notice" in list_agreements(at(2009, 6, 1))[0].ending


def test_a_proposal_that_lapsed_is_not_ratified(parties):
    made = proposal(parties)
    with pytest.raises(CannotRatifyAgreement, match="is over"):
        ratify_agreement(standing=parties["society"], now=at(2009, 5, 25), agreement_id=made.pk)


def test_terms_do_not_overlap_whoever_proposes(parties, agreement):
    second = proposal(parties, standing=parties["society"], party_a="society", party_b="operator", starts_on=date(2009, 5, 24),
                      ends_on=date(2010, 5, 24),
                      obligations=[ObligationDraft("o", Side.A, "w", "m", (date(2009, 6, 1),))])  # fmt: skip
    with pytest.raises(CannotRatifyAgreement, match="overlaps"):
        ratify_agreement(standing=parties["operator"], now=at(2009, 5, 1), agreement_id=second.pk)
    after = proposal(parties, starts_on=date(2009, 5, 25), ends_on=date(2010, 5, 25),
                     obligations=[ObligationDraft("o", Side.A, "w", "m", (date(2009, 6, 1),))])  # fmt: skip
    ratify_agreement(standing=parties["society"], now=at(2009, 5, 1), agreement_id=after.pk)
    other = proposal(parties, subject="another subject")
    ratify_agreement(standing=parties["society"], now=at(2007, 6, 1), agreement_id=other.pk)


def test_refused_proposals_leave_nothing(parties):
    for change, error in (
        ({"title": " "}, CannotProposeAgreement),
        ({"party_b": "operator"}, CannotProposeAgreement),
        ({"obligations": []}, CannotProposeAgreement),
        ({"party_b": "none"}, NotFound),
        ({"standing": parties["society"]}, NotAllowed),
        ({"standing": READER}, NotAllowed),
    ):
        with pytest.raises(error):
            proposal(parties, **change)
    assert not Agreement.objects.exists()
    assert not RecordEntry.objects.exists()


def test_what_both_signed_cannot_be_changed(agreement):
    for act in (
        lambda: Agreement.objects.update(terms="Other."),
        lambda: Agreement.objects.update(ends_on=date(2019, 1, 1)),
        lambda: Agreement.objects.update(ratified_b_at=None),
        lambda: Occurrence.objects.update(due_on=date(2019, 1, 1)),
        lambda: agreement.obligations.update(words="Other."),
        lambda: agreement.grants.update(ends_on=date(2019, 1, 1)),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_delivered_and_confirmed_in_time(parties, agreement):
    step(parties["society"], at(2007, 5, 31), "journals", StepKind.SUBMIT, evidence="20 log-ins")
    with pytest.raises(CannotTakeStep, match="is submitted"):
        step(parties["society"], at(2007, 5, 31), "journals", StepKind.CONFIRM)
    step(parties["operator"], at(2007, 6, 3), "journals", StepKind.CONFIRM, text="")
    column = get_agreement_page(READER, agreement.pk, at(2007, 6, 10)).columns[1]
    assert (column.due, column.confirmed, column.on_time, column.open_allegations) == (1, 1, 1, 0)


def test_allegation_reply_window_ruling(parties, agreement):
    operator, society, arbiter = parties["operator"], parties["society"], parties["arbiter"]
    with pytest.raises(CannotTakeStep, match="is due"):
        step(operator, at(2007, 6, 1), "journals", StepKind.ALLEGE)
    step(operator, at(2007, 6, 5), "journals", StepKind.ALLEGE)
    assert states(agreement, at(2007, 6, 6))["journals", 1] == OccurrenceState.ALLEGED
    with pytest.raises(CannotTakeStep):
        step(arbiter, at(2007, 6, 18), "journals", StepKind.BREACH)
    assert states(agreement, at(2007, 6, 19))["journals", 1] == OccurrenceState.NO_REPLY
    for party in (operator, society):
        with pytest.raises(CannotTakeStep):
            step(party, at(2007, 6, 20), "journals", StepKind.BREACH)
    with pytest.raises(CannotTakeStep, match="in words"):
        step(arbiter, at(2007, 6, 20), "journals", StepKind.BREACH, text=" ")
    step(arbiter, at(2007, 6, 20), "journals", StepKind.BREACH)
    step(operator, at(2007, 7, 1), "journals", StepKind.REMEDY)
    assert states(agreement, at(2007, 7, 2))["journals", 1] == OccurrenceState.REMEDIED
    with pytest.raises(NotAllowed):
        step(READER, at(2007, 7, 2), "digest", StepKind.SUBMIT)
    with pytest.raises(NotFound):
        take_step(standing=operator, now=at(2007, 7, 2), occurrence_id=999, kind=StepKind.SUBMIT)


def test_an_answered_allegation_is_disputed_and_the_operator_stands_under_the_same_rules(parties, agreement):
    operator, society, arbiter = parties["operator"], parties["society"], parties["arbiter"]
    step(society, at(2007, 9, 1), "digest", StepKind.ALLEGE)
    step(operator, at(2007, 9, 2), "digest", StepKind.ANSWER)
    assert states(agreement, at(2007, 9, 3))["digest", 1] == OccurrenceState.DISPUTED
    step(arbiter, at(2007, 9, 3), "digest", StepKind.EXCUSE)
    assert states(agreement, at(2007, 9, 4))["digest", 1] == OccurrenceState.EXCUSED


def test_an_arbiter_who_represents_a_party_is_none(parties, agreement):
    from auscult.members.models import Member, RoleGrant
    from auscult.members.queries.standing import get_standing
    from auscult.shared.roles import Permission

    RoleGrant.objects.create(member_id=parties["operator"].member_id, role="arbiter")
    account = Member.objects.values_list("account_id", flat=True).get(pk=parties["operator"].member_id)
    both = get_standing(account, at(2007, 9, 1))
    assert both.can(Permission.RULING_MAKE)
    step(parties["society"], at(2007, 9, 1), "digest", StepKind.ALLEGE)
    with pytest.raises(CannotTakeStep):
        step(both, at(2007, 9, 20), "digest", StepKind.EXCUSE)


def notice(standing, now, agreement, kind, **more):
    return give_notice(standing=standing, now=now, agreement_id=agreement.pk, kind=kind, text="Words.", **more)


def test_notices(parties, agreement):
    operator, society = parties["operator"], parties["society"]
    with pytest.raises(CannotGiveNotice, match="offered no new terms"):
        notice(society, at(2009, 5, 4), agreement, NoticeKind.RENEWAL_REFUSED)
    notice(operator, at(2009, 5, 4), agreement, NoticeKind.NON_RENEWAL, cites="journals")
    notice(operator, at(2009, 5, 4), agreement, NoticeKind.RENEWAL_OFFERED)
    with pytest.raises(CannotGiveNotice):
        notice(operator, at(2009, 5, 5), agreement, NoticeKind.RENEWAL_REFUSED)
    notice(society, at(2009, 5, 20), agreement, NoticeKind.RENEWAL_REFUSED)
    with pytest.raises(CannotGiveNotice, match="ends with its term"):
        notice(society, at(2009, 5, 20), agreement, NoticeKind.TERMINATION, effective_on=date(2009, 5, 25))
    for kind in (NoticeKind.TERMINATION, NoticeKind.SUSPENSION):
        for effective in (None, date(2009, 5, 19)):
            with pytest.raises(CannotGiveNotice, match="from which day"):
                notice(society, at(2009, 5, 20), agreement, kind, effective_on=effective)
    with pytest.raises(CannotGiveNotice, match="not suspended"):
        notice(society, at(2009, 5, 20), agreement, NoticeKind.RESUMPTION, effective_on=date(2009, 5, 21))
    with pytest.raises(NotAllowed):
        notice(parties["arbiter"], at(2009, 5, 20), agreement, NoticeKind.NON_RENEWAL)
    with pytest.raises(CannotGiveNotice, match="while an agreement is in force"):
        notice(operator, at(2009, 5, 25), agreement, NoticeKind.NON_RENEWAL)
    ending = get_agreement_page(READER, agreement.pk, at(2009, 6, 1)).ending
    assert "The Operator gave notice" in ending
    assert "citing journals" in ending
    assert "The Society refused them on 20 May 2009" in ending


def test_a_proposal_is_declined_or_withdrawn(parties):
    for who in ("society", "operator"):
        made = proposal(parties)
        assert get_agreement_page(parties[who], made.pk, at(2007, 5, 11)).may_decline
        decline_agreement(standing=parties[who], now=at(2007, 5, 12), agreement_id=made.pk)
        assert get_agreement_page(READER, made.pk, at(2007, 5, 13)).state == AgreementState.DECLINED
        with pytest.raises(CannotRatifyAgreement, match="declined or withdrawn"):
            ratify_agreement(standing=parties["society"], now=at(2007, 5, 13), agreement_id=made.pk)
        with pytest.raises(CannotRatifyAgreement):
            decline_agreement(standing=parties[who], now=at(2007, 5, 13), agreement_id=made.pk)
    with pytest.raises(NotAllowed):
        decline_agreement(standing=parties["arbiter"], now=at(2007, 5, 13), agreement_id=proposal(parties).pk)


def test_who_suspended_resumes(parties, agreement):
    operator, society = parties["operator"], parties["society"]
    notice(operator, at(2008, 1, 10), agreement, NoticeKind.SUSPENSION, effective_on=date(2008, 1, 11))
    with pytest.raises(CannotGiveNotice, match="that suspended"):
        notice(society, at(2008, 1, 12), agreement, NoticeKind.RESUMPTION, effective_on=date(2008, 1, 12))
    notice(operator, at(2008, 1, 20), agreement, NoticeKind.RESUMPTION, effective_on=date(2008, 1, 21))
    assert get_agreement_page(READER, agreement.pk, at(2008, 1, 21)).state == AgreementState.ACTIVE


def test_what_falls_due_after_the_end_is_owed_by_nobody(parties, agreement):
    notice(parties["society"], at(2007, 9, 1), agreement, NoticeKind.TERMINATION, effective_on=date(2007, 10, 1))
    assert states(agreement, at(2007, 12, 1))["digest", 2] == OccurrenceState.LAPSED
    assert states(agreement, at(2007, 12, 1))["digest", 1] == OccurrenceState.OVERDUE
    with pytest.raises(CannotTakeStep, match="not owed any more"):
        step(parties["society"], at(2007, 12, 1), "digest", StepKind.ALLEGE, number=2)
    assert get_agreement_page(READER, agreement.pk, at(2007, 12, 1)).columns[0].due == 1


def test_who_says_nothing_for_fourteen_days_has_taken_it(parties, agreement):
    step(parties["society"], at(2007, 5, 31), "journals", StepKind.SUBMIT)
    assert states(agreement, at(2007, 6, 13))["journals", 1] == OccurrenceState.SUBMITTED
    assert states(agreement, at(2007, 6, 14))["journals", 1] == OccurrenceState.UNOBJECTED
    column = get_agreement_page(READER, agreement.pk, at(2007, 6, 15)).columns[1]
    assert (column.due, column.confirmed, column.on_time) == (1, 1, 1)
    with pytest.raises(CannotTakeStep):
        step(parties["operator"], at(2007, 6, 15), "journals", StepKind.RETURN)


@pytest.mark.usefixtures("queued_mail")
@pytest.mark.django_db(transaction=True)
def test_the_other_side_is_told_with_its_time_to_answer(parties, agreement):
    from auscult.shared.models import MailMessage

    step(parties["operator"], at(2007, 6, 5), "journals", StepKind.ALLEGE)
    told = MailMessage.objects.order_by("pk").last()
    assert told.to == "society@example.org"
    assert "until 19 June 2007 to answer" in told.text
    assert told.text.endswith(f"See http://127.0.0.1:8000/agreements/{agreement.pk}/\n")


def test_a_termination_ends_it_early(parties, agreement):
    notice(
        parties["society"],
        at(2008, 1, 10),
        agreement,
        NoticeKind.TERMINATION,
        effective_on=date(2008, 2, 1),
        cites="it",
    )
    page = get_agreement_page(READER, agreement.pk, at(2008, 2, 1))
    assert page.state == AgreementState.TERMINATED
    assert page.ending.startswith("The Society ended it: by notice of 10 January 2008")
    assert get_agreement_page(READER, agreement.pk, at(2008, 1, 31)).state == AgreementState.ACTIVE


def test_both_sides_state_their_view_once(parties, agreement, make_member):
    organisation = {"operator": agreement.party_a_id, "society": agreement.party_b_id}
    for who, party in organisation.items():
        given = {
            "standing": parties[who],
            "now": at(2009, 7, 1),
            "agreement_id": agreement.pk,
            "organisation_id": party,
        }
        reply_to_agreement(**given, text="Our view.")
        with pytest.raises(CannotReply, match="replied to this"):
            reply_to_agreement(**given, text="Again.")
    with pytest.raises(NotAllowed):
        reply_to_agreement(**(given | {"organisation_id": 999}), text="x")
    replies = get_agreement_page(READER, agreement.pk, at(2009, 7, 2)).reply_box.replies
    assert [reply.organisation for reply in replies] == ["The Operator", "The Society"]


def test_the_page_costs_the_same_at_any_size(parties, agreement):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            get_agreement_page(parties["operator"], agreement.pk, at(2008, 1, 1))
        return len(queries)

    few = cost()
    occurrence = Occurrence.objects.first()
    OccurrenceStep.objects.bulk_create(
        OccurrenceStep(
            occurrence=occurrence,
            kind="submit",
            side="b",
            text="x",
            taken_at=at(2007, 6, 1) + timedelta(hours=n),
            record_index=0,
        )
        for n in range(200)
    )
    assert cost() == few <= 14


def test_the_record_of_an_agreement_survives_verify(parties, agreement):
    operator, society, arbiter = parties["operator"], parties["society"], parties["arbiter"]
    step(operator, at(2007, 6, 5), "journals", StepKind.ALLEGE)
    step(society, at(2007, 6, 8), "journals", StepKind.ANSWER)
    step(arbiter, at(2007, 6, 9), "journals", StepKind.BREACH)
    notice(operator, at(2009, 5, 4), agreement, NoticeKind.NON_RENEWAL)
    checks = verify_bundle(make_extract([f"agreement:{agreement.pk}"]))
    assert [check for check in checks if check.verdict == FALSE] == []
