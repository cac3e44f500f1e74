"""Samples, invitations, reminders, wishes, bounces, pauses, extensions, quotas: what is done and what is refused."""

from datetime import timedelta
from email.message import EmailMessage
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import signing
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from auscult.shared import mail as shared_mail
from auscult.shared.models import AuditEvent, MailMessage
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.standing import CONSOLE
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions import fieldwork
from auscult.surveys.actions.answering import CannotCastBallot, cast_ballot, decline_survey, save_answers
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import draft_survey, edit_plan
from auscult.surveys.actions.opening import CannotOpenSurvey, open_survey
from auscult.surveys.models import Invitation, InvitationWish, QuotaCount, Survey, Turnout
from auscult.surveys.questionnaire.document import Asks, Choice, Questionnaire, Quota, Section
from auscult.surveys.questionnaire.document import Test as Asked
from auscult.surveys.rules import BallotMode, InvitationState, Outcome, poll, single_choice

pytestmark = pytest.mark.django_db
QUESTION = single_choice("q1", "One?", [Choice("a", "A"), Choice("b", "B")])
PLAN = {"aims": "To know.", "stopping": "On the day.", "analysis": "Shares."}


@pytest.fixture
def researcher(make_member):
    return make_member(roles=("researcher",))


@pytest.fixture
def members(make_member):
    return [make_member(group=["WG01", "WG17"][n % 2], state=["NY", "CA"][n // 2 % 2]) for n in range(20)]


@pytest.fixture
def sample(researcher, members, now):
    def make(design=None, instrument=Instrument.SAMPLE_SURVEY, plan=PLAN, questionnaire=None, **fields):
        survey = draft_survey(
            standing=researcher,
            now=now,
            questionnaire=questionnaire or poll("A sample", [QUESTION]),
            instrument=instrument,
            closes_at=now + timedelta(days=10),
        )
        edit_plan(
            standing=researcher,
            now=now,
            survey_id=survey.pk,
            instrument=instrument,
            mode=BallotMode.DETACHED,
            closes_at=now + timedelta(days=10),
            plan=plan,
            sample_design=design or {"by": ["specialty"], "allocation": "proportional", "size": 10},
            **fields,
        )
        return open_survey(standing=researcher, now=now, survey_id=survey.pk)

    return make


def standing_of(number, now):
    from auscult.members.models import Member
    from auscult.members.queries.standing import get_standing

    return get_standing(Member.objects.get(pk=number).account_id, now)


def test_the_sample_is_the_one_that_the_recorded_seed_gives(sample, now):
    from auscult.members.queries.standing import list_by_stratum
    from auscult.surveys.sampling import draw

    survey = sample()
    frozen = survey.freeze["sample"]
    members = {}
    for stratum, numbers in list_by_stratum(now).items():
        members.setdefault(stratum.specialty, []).extend(numbers)
    drawn = draw(members, frozen["allocation"], frozen["seed"])
    invited = sorted(Invitation.objects.filter(survey=survey).values_list("member_id", flat=True))
    assert invited == sorted(number for numbers in drawn.values() for number in numbers)
    assert len(invited) == sum(frozen["allocation"].values()) == 10


def test_who_was_not_drawn_cannot_answer(sample, members, now):
    survey = sample()
    invited = set(Invitation.objects.filter(survey=survey).values_list("member_id", flat=True))
    outsider = next(m for m in members if m.member_id not in invited)
    with pytest.raises(CannotCastBallot, match="not in it"):
        cast_ballot(standing=outsider, now=now, survey_id=survey.pk, answers={"q1": "a"})
    assert not Turnout.objects.exists()


@pytest.mark.parametrize(
    ("design", "why"),
    [
        ({"by": ["specialty"], "allocation": "proportional", "size": 5000}, "fewer than the 5,000"),
        ({"by": ["specialty"], "allocation": "fixed", "size": 0, "fixed": {"Nobody": 3}}, "no stratum"),
    ],
)
def test_samples_that_cannot_be_drawn(sample, design, why):
    with pytest.raises(CannotOpenSurvey, match=why):
        sample(design)


def test_a_sample_survey_without_plan_does_not_open(sample):
    with pytest.raises(CannotOpenSurvey, match="Aims and hypotheses, Stopping, Planned analysis"):
        sample(plan={})


def test_a_crossed_design_is_weighted_to_its_own_strata(sample, now, researcher):
    survey = sample({"by": ["specialty", "region"], "allocation": "proportional", "size": 12})
    assert survey.freeze["weighting_variables"][-1] == "sampling_stratum"
    assert sum(survey.population["sampling_stratum"].values()) == sum(survey.population["sex"].values())
    for number in Invitation.objects.filter(survey=survey).values_list("member_id", flat=True):
        cast_ballot(standing=standing_of(number, now), now=now, survey_id=survey.pk, answers={"q1": "a"})
    closed = close_survey(standing=researcher, now=survey.closes_at, survey_id=survey.pk)
    assert closed.respondents == 12


def test_a_census_asks_everybody_who_was_verified(sample, members):
    survey = sample(instrument=Instrument.ATTEMPTED_CENSUS)
    assert Invitation.objects.filter(survey=survey).count() == len(members) + 1  # and the researcher
    assert survey.freeze["sample"]["design"] is None


def test_invitations_respect_the_maximum_of_each_member(sample, researcher, members, now):
    surveys = [sample(instrument=Instrument.ATTEMPTED_CENSUS) for _ in range(5)]
    picky = members[0].member_id
    fieldwork.set_wish(standing=members[0], now=now, most_a_month=1)
    for survey in surveys:
        fieldwork.send_invitations(standing=researcher, now=now, survey_id=survey.pk)
        fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=survey.pk, reminder=False)
    states = Invitation.objects.filter(member_id=picky).order_by("survey_id").values_list("state", flat=True)
    assert list(states) == ["sent", "held", "held", "held", "held"]
    states = (
        Invitation.objects.filter(member_id=members[1].member_id).order_by("survey_id").values_list("state", flat=True)
    )
    assert list(states) == ["sent"] * 4 + ["held"]
    later = now + timedelta(days=31)
    Survey.objects.filter(pk=surveys[4].pk).update(closes_at=later + timedelta(days=3))
    fieldwork.send_invitations(standing=researcher, now=later, survey_id=surveys[4].pk)
    fieldwork.send_mails(standing=CONSOLE, now=later, survey_id=surveys[4].pk, reminder=False)
    assert Invitation.objects.get(survey=surveys[4], member_id=picky).state == InvitationState.SENT


def test_a_job_that_runs_twice_writes_once(sample, now):
    survey = sample()
    assert fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=survey.pk, reminder=False).sent == 10
    assert fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=survey.pk, reminder=False).sent == 0
    assert MailMessage.objects.count() == 10


def test_reminders_go_to_those_who_have_not_answered_and_never_more_than_two(sample, researcher, now):
    survey = sample()
    fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=survey.pk, reminder=False)
    invited = list(Invitation.objects.filter(survey=survey).values_list("member_id", flat=True))
    cast_ballot(standing=standing_of(invited[0], now), now=now, survey_id=survey.pk, answers={"q1": "a"})
    decline_survey(standing=standing_of(invited[1], now), now=now, survey_id=survey.pk)
    with pytest.raises(fieldwork.CannotInvite, match="3 days ago"):
        fieldwork.send_reminders(standing=researcher, now=now + timedelta(days=2), survey_id=survey.pk)
    fieldwork.send_reminders(standing=researcher, now=now + timedelta(days=3), survey_id=survey.pk)
    assert (
        AuditEvent.objects.get(event="surveys.reminders.send", thing=f"survey:{survey.pk}").actor_id
        == researcher.member_id
    )
    for day, sent in ((3, 8), (4, 0), (6, 8), (9, 0)):
        run = fieldwork.send_mails(standing=CONSOLE, now=now + timedelta(days=day), survey_id=survey.pk, reminder=True)
        assert run.sent == sent, day
    assert set(Invitation.objects.filter(survey=survey, state="sent").values_list("reminders", flat=True)) == {0, 2}


def test_one_click_stops_the_mails(sample, now, settings):
    survey = sample()
    fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=survey.pk, reminder=False)
    message = MailMessage.objects.first()
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = message.headers["List-Unsubscribe"].strip("<>").removeprefix(settings.SITE_URL)
    assert address in message.text
    client = Client(enforce_csrf_checks=True)
    assert client.get(address).status_code == 200
    assert not InvitationWish.objects.exists()
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert InvitationWish.objects.get().most_a_month == 0
    forged = reverse("surveys:unsubscribe", args=[signing.dumps(1, salt="another")])
    assert client.post(forged, {"List-Unsubscribe": "One-Click"}).status_code == 404


def test_mail_that_is_refused_for_good_makes_the_invitation_undeliverable(sample, now, smtp_sink):
    survey = sample()
    fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=survey.pk, reminder=False)
    message = MailMessage.objects.order_by("pk").first()
    smtp_sink.refuse[message.to] = 450
    with pytest.raises(SMTPRecipientsRefused):
        shared_mail.deliver([message.pk])
    message.refresh_from_db()
    assert (message.state, message.text != "") == ("queued", True)
    smtp_sink.refuse[message.to] = 550
    shared_mail.deliver([message.pk])
    message.refresh_from_db()
    assert (message.state, message.to, message.text) == ("failed", "", "")
    job = ProcrastinateJob.objects.get(task_name="surveys.note_bounce")
    assert fieldwork.note_bounce(standing=CONSOLE, now=now, member_id=job.args["member_id"]) == 1
    assert Invitation.objects.filter(survey=survey, state=InvitationState.UNDELIVERABLE).count() == 1


def bounce(token, status="5.1.1"):
    return (
        b"From: postmaster@example.org\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n"
        b"--x\nContent-Type: text/plain\n\nIt came back.\n"
        b"--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        b"Final-Recipient: rfc822; someone@example.org\nAction: failed\nStatus: " + status.encode() + b"\n\n"
        b"--x\nContent-Type: text/rfc822-headers\n\n"
        + shared_mail.BOUNCE_HEADER.encode()
        + b": "
        + token.encode()
        + b"\n\n--x--\n"
    )


@pytest.mark.parametrize(("status", "known"), [("5.1.1", True), ("4.2.2", False)])
def test_a_returned_mail_is_read(sample, now, status, known):
    sample_survey = sample()
    fieldwork.send_mails(standing=CONSOLE, now=now, survey_id=sample_survey.pk, reminder=False)
    message = MailMessage.objects.first()
    MailMessage.objects.filter(pk=message.pk).update(state=MailMessage.State.SENT, to="", text="")
    token = signing.dumps(message.pk, salt="shared.bounce")
    assert shared_mail.read_bounce(bounce(token, status)) is known
    assert ProcrastinateJob.objects.filter(task_name="surveys.note_bounce").exists() is known
    assert shared_mail.read_bounce(bounce("forged", status)) is False
    assert shared_mail.read_bounce(b"no mail at all") is False
    assert shared_mail.read_bounce(EmailMessage().as_bytes()) is False


def test_a_pause_keeps_what_was_saved_and_stands_on_record(sample, researcher, now):
    survey = sample()
    member = standing_of(Invitation.objects.filter(survey=survey).first().member_id, now)
    save_answers(standing=member, now=now, survey_id=survey.pk, answers={"q1": "a"})
    with pytest.raises(fieldwork.CannotChangeFieldwork, match="reason"):
        fieldwork.pause_survey(standing=researcher, now=now, survey_id=survey.pk, reason="x")
    fieldwork.pause_survey(standing=researcher, now=now, survey_id=survey.pk, reason="A question is misread by many.")
    with pytest.raises(CannotCastBallot, match="paused"):
        cast_ballot(standing=member, now=now, survey_id=survey.pk, answers={"q1": "a"})
    with pytest.raises(fieldwork.CannotInvite, match="paused"):
        fieldwork.send_invitations(standing=researcher, now=now, survey_id=survey.pk)
    fieldwork.resume_survey(standing=researcher, now=now, survey_id=survey.pk, reason="The help text answers it now.")
    cast_ballot(standing=member, now=now, survey_id=survey.pk, answers={"q1": "a"})
    kinds = [j.args["content"]["what"] for j in ProcrastinateJob.objects.filter(task_name="publishing.append_record")
             if j.args["kind"] == "survey.deviated"]  # fmt: skip
    assert kinds == ["pause", "resumption"]


def test_an_open_survey_is_extended_and_never_cut_short(sample, researcher, now):
    survey = sample()
    later = survey.closes_at + timedelta(days=3)
    with pytest.raises(fieldwork.CannotChangeFieldwork, match="later"):
        fieldwork.extend_survey(
            standing=researcher,
            now=now,
            survey_id=survey.pk,
            closes_at=survey.closes_at - timedelta(days=1),
            reason="Enough.",
        )
    fieldwork.extend_survey(
        standing=researcher, now=now, survey_id=survey.pk, closes_at=later, reason="A storm kept the mails back."
    )
    survey.refresh_from_db()
    assert survey.closes_at == later
    assert survey.events.get().text.endswith("A storm kept the mails back.")
    with pytest.raises(IntegrityError, match="cut short"), transaction.atomic():
        Survey.objects.filter(pk=survey.pk).update(closes_at=later - timedelta(days=1))
    with pytest.raises(Conflict, match="stay open"):
        close_survey(standing=researcher, now=later - timedelta(seconds=1), survey_id=survey.pk)
    closed = close_survey(standing=researcher, now=later, survey_id=survey.pk)
    assert closed.fieldwork["events"][0]["kind"] == "extension"


def test_only_researchers_field(sample, members, now):
    survey = sample()
    for act in (fieldwork.send_invitations, fieldwork.send_reminders):
        with pytest.raises(NotFound):
            act(standing=members[0], now=now, survey_id=survey.pk)
    with pytest.raises(NotFound):
        fieldwork.pause_survey(standing=members[0], now=now, survey_id=survey.pk, reason="Because I can, perhaps.")
    with pytest.raises(NotAllowed):
        edit_plan(
            standing=members[0], now=now, survey_id=survey.pk, instrument=Instrument.SAMPLE_SURVEY,
            mode=BallotMode.DETACHED, closes_at=now + timedelta(days=3), plan={},
        )  # fmt: skip


def test_a_full_quota_turns_later_ones_away_and_takes_no_place(make_member, researcher, now):
    asks = Asks("q1", Asked.IS, ("a",))
    questionnaire = Questionnaire(
        "Quota", (Section("s1", "", "", (QUESTION,)),), quotas=(Quota("a", "Those of a", asks, 2),)
    )
    survey = draft_survey(
        standing=researcher, now=now, questionnaire=questionnaire, instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=2),
    )  # fmt: skip
    survey = open_survey(standing=researcher, now=now, survey_id=survey.pk)
    voters = [make_member() for _ in range(4)]
    outcomes = [
        cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": choice}).outcome
        for voter, choice in zip(voters, "aaab", strict=True)
    ]
    assert outcomes == [Outcome.COMPLETE, Outcome.COMPLETE, Outcome.QUOTA_FULL, Outcome.COMPLETE]
    assert QuotaCount.objects.get().count == 2
    # Somebody of the quota leaves it by changing the answer; the place is free again.
    cast_ballot(standing=voters[0], now=now, survey_id=survey.pk, answers={"q1": "b"})
    assert QuotaCount.objects.get().count == 1
    # Who was turned away stays so: the first answers would otherwise be a way to try.
    assert (
        cast_ballot(standing=voters[2], now=now, survey_id=survey.pk, answers={"q1": "b"}).outcome == Outcome.QUOTA_FULL
    )
    closed = close_survey(standing=researcher, now=survey.closes_at, survey_id=survey.pk)
    assert (closed.respondents, closed.fieldwork["quota_full"]) == (3, 1)


def test_the_same_ballot_sent_twice_counts_once(sample, now):
    survey = sample()
    member = standing_of(Invitation.objects.filter(survey=survey).first().member_id, now)
    first = cast_ballot(standing=member, now=now, survey_id=survey.pk, answers={"q1": "a"}, nonces={"q1": "0" * 16})
    again = cast_ballot(standing=member, now=now, survey_id=survey.pk, answers={"q1": "a"}, nonces={"q1": "0" * 16})
    assert first == again
    assert Turnout.objects.count() == 1


def test_a_page_that_is_saved_after_its_ballot_keeps_the_other_pages_and_leaves_no_draft(make_member, researcher, now):
    from auscult.surveys.models import Ballot, BallotDraft

    other = single_choice("q2", "Two?", [Choice("a", "A"), Choice("b", "B")])
    two_pages = Questionnaire("Two", (Section("s1", "", "", (QUESTION,)), Section("s2", "", "", (other,))))
    survey = draft_survey(
        standing=researcher, now=now, questionnaire=two_pages, instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=2),
    )  # fmt: skip
    survey = open_survey(standing=researcher, now=now, survey_id=survey.pk)
    voter = make_member()
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a", "q2": "a"})
    save_answers(standing=voter, now=now, survey_id=survey.pk, answers={"q2": "a"})
    assert not BallotDraft.objects.exists()
    progress = save_answers(standing=voter, now=now, survey_id=survey.pk, answers={"q2": "b"})
    assert progress.answers == {"q1": "a", "q2": "b"}
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers=progress.answers)
    assert Ballot.objects.get().answers == {"q1": "a", "q2": "b"}


def test_whom_a_screener_ends_need_not_answer_the_rest(make_member, researcher, now):
    from dataclasses import replace

    screener = replace(QUESTION, screen_out_if=Asks("q1", Asked.IS, ("b",)))
    needed = replace(single_choice("q2", "Two?", [Choice("a", "A"), Choice("b", "B")]), required=True)
    survey = draft_survey(
        standing=researcher, now=now, questionnaire=poll("Screened", [screener, needed]),
        instrument=Instrument.COMMUNITY_POLL, closes_at=now + timedelta(days=2),
    )  # fmt: skip
    survey = open_survey(standing=researcher, now=now, survey_id=survey.pk)
    with pytest.raises(CannotCastBallot, match="needs an answer"):
        cast_ballot(standing=make_member(), now=now, survey_id=survey.pk, answers={"q1": "a"})
    voter = make_member()
    assert (
        cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "b"}).outcome == Outcome.SCREENED_OUT
    )
    assert Turnout.objects.get().outcome == Outcome.SCREENED_OUT
    # Trying again with the other answer does not help.
    again = cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a", "q2": "a"})
    assert again.outcome == Outcome.SCREENED_OUT


def test_a_deviation_noted_after_the_close_stands_beside_the_result(sample, researcher, now):
    from auscult.surveys.queries.results import get_result_sheet

    survey = sample()
    for number in Invitation.objects.filter(survey=survey).values_list("member_id", flat=True):
        cast_ballot(standing=standing_of(number, now), now=now, survey_id=survey.pk, answers={"q1": "a"})
    close_survey(standing=researcher, now=survey.closes_at, survey_id=survey.pk)
    text = "The second question is not analysed: half misread it."
    fieldwork.note_deviation(standing=researcher, now=survey.closes_at, survey_id=survey.pk, text=text)
    assert [event["text"] for event in get_result_sheet(survey.pk).results["fieldwork"]["events"]] == [text]
