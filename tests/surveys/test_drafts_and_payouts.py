"""Drafts are undone, copied and thrown away; honoraria are refused with a reason, and listed for those who pay."""

from datetime import date, timedelta

import pytest

from auscult.shared.models import MailMessage
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import Level
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import CannotEditSurvey, copy_survey, discard_draft, edit_questionnaire, undo_edit
from auscult.surveys.actions.honoraria import (
    CannotChangeHonorarium,
    approve_honoraria,
    book,
    list_payouts,
    refuse_honorarium,
)
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.models import HonorariumLine, Survey
from auscult.surveys.rules import HonorariumStep

pytestmark = pytest.mark.django_db


def test_an_edit_is_undone_and_a_draft_thrown_away(draft, author, make_member, now):
    made = draft()
    before = made.questionnaire
    edit_questionnaire(
        standing=author,
        now=now,
        survey_id=made.pk,
        revision=made.revision,
        document=before | {"title": "Other"},
        complete=True,
    )
    assert Survey.objects.get().title == "Other"
    undone = undo_edit(standing=author, now=now, survey_id=made.pk)
    assert (undone.title, undone.questionnaire) == ("A poll", before)
    with pytest.raises(CannotEditSurvey, match="nothing to undo"):
        undo_edit(standing=author, now=now, survey_id=made.pk)
    for act in (undo_edit, discard_draft):
        with pytest.raises(NotFound):
            act(standing=make_member(), now=now, survey_id=made.pk)
    discard_draft(standing=author, now=now, survey_id=made.pk)
    assert not Survey.objects.exists()


def test_an_open_survey_is_copied_and_not_thrown_away(survey, author, make_member, now):
    with pytest.raises(CannotEditSurvey):
        discard_draft(standing=author, now=now, survey_id=survey.pk)
    with pytest.raises(NotAllowed):
        copy_survey(
            standing=make_member(level=Level.L1), now=now, survey_id=survey.pk, closes_at=now + timedelta(days=9)
        )
    copy = copy_survey(standing=author, now=now, survey_id=survey.pk, closes_at=now + timedelta(days=9), as_wave=True)
    assert (copy.title, copy.state, copy.wave_of, copy.author_id) == ("A poll", "draft", survey, author.member_id)
    assert copy.questionnaire == survey.questionnaire
    assert copy.opened_at is None


@pytest.fixture
def earned(draft, author, make_member, now):
    """A closed survey under which two members have earned 40 dollars each; gives it with the two."""
    made = draft()
    offer = {"currency": "USD", "complete_cents": 4000, "screened_out_cents": 0, "due_days": 30}
    Survey.objects.filter(pk=made.pk).update(honorarium=offer)
    survey = open_survey(standing=author, now=now, survey_id=made.pk)
    close_survey(standing=author, now=survey.closes_at, survey_id=survey.pk)
    numbers = [make_member().member_id for _ in range(2)]
    for step in (HonorariumStep.OFFER, HonorariumStep.EARN):
        book(survey, step, [(number, 4000) for number in numbers], at=now, due_on=date(2009, 8, 1))
    return survey, numbers


def balance(account):
    return sum(HonorariumLine.objects.filter(account=account).values_list("cents", flat=True))


def test_one_honorarium_is_refused_and_the_other_listed_for_payment(earned, author, make_member, now):
    survey, (refused, paid) = earned
    researcher = make_member(level=Level.L0, roles=("researcher",))
    operator = make_member(level=Level.L0, roles=("operator",))
    give = {"now": now, "survey_id": survey.pk, "member_id": refused, "reason": "Answered twice, under two accounts."}
    with pytest.raises(CannotChangeHonorarium, match="Write the reason"):
        refuse_honorarium(standing=researcher, **(give | {"reason": "No."}))
    with pytest.raises(NotFound):
        refuse_honorarium(standing=author, **give)
    refuse_honorarium(standing=researcher, **give)
    with pytest.raises(CannotChangeHonorarium, match="does not wait"):
        refuse_honorarium(standing=researcher, **give)
    mail = MailMessage.objects.get(subject="An honorarium was refused: A poll")
    assert "Answered twice, under two accounts." in mail.text
    with pytest.raises(CannotChangeHonorarium, match="Nothing is approved"):
        list_payouts(standing=operator, now=now, survey_id=survey.pk)
    assert approve_honoraria(standing=researcher, now=now, survey_id=survey.pk) == 1
    assert (balance("earned"), balance("approved"), balance("budget")) == (0, 4000, -4000)
    with pytest.raises(NotAllowed):
        list_payouts(standing=researcher, now=now, survey_id=survey.pk)
    (row,) = list_payouts(standing=operator, now=now, survey_id=survey.pk)
    assert (row[0], row[2:]) == (f"{survey.pk}-{paid}", ("USD", "40.00", "2009-08-01"))
    assert row[1].endswith("@example.org")
