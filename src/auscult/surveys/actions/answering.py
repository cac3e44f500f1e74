"""Answering: saving as one goes, casting and changing a ballot, withdrawing it, saying no."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from auscult.members.queries.standing import get_state
from auscult.organisations.queries import is_affiliated
from auscult.shared import audit
from auscult.shared.limits import Limit, take
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing, Stratum
from auscult.surveys import access, live, rules, tallies
from auscult.surveys.access import SurveyToAnswer
from auscult.surveys.keys import open_key
from auscult.surveys.models import (
    Ballot,
    BallotDraft,
    BallotKey,
    Invitation,
    InvitationWish,
    SurveyRevision,
    Turnout,
)
from auscult.surveys.queries.ballots import receipt_of
from auscult.surveys.questionnaire.answers import FaultyAnswer, clean_answers
from auscult.surveys.questionnaire.items import Answers, count_answers
from auscult.surveys.questionnaire.logic import holds, screened_out_at
from auscult.surveys.rules import INVITED, BallotMode, InvitationState, Outcome, Receipt, SurveyState

#: An event or a limit about a ballot has a day and no time.
_MIDNIGHT: dict[str, Any] = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
_CHANGES = Limit("ballot changes", rules.MAX_BALLOT_CHANGES_PER_DAY, timedelta(days=1))


class CannotCastBallot(Refused):
    """The ballot was not taken; nothing was changed."""


class CannotSaveAnswers(Refused):
    """The answers were not saved; nothing was changed."""


class CannotWithdrawBallot(Conflict):
    """The ballot cannot be withdrawn."""


class CannotDeclineSurvey(Conflict):
    """There is no invitation that could be declined."""


@dataclass(frozen=True)
class Progress:
    """What became of a saved page: the answers so far, and whether the survey ended with them."""

    answers: Answers
    outcome: Outcome | None


def _load(standing: Standing, now: datetime, survey_id: int, refusal: type[Refused]) -> tuple[SurveyToAnswer, int]:
    survey = access.load_survey_to_answer(standing, survey_id)
    standing.require(
        Permission.BALLOT_CAST, "Only members whose verification is valid vote. Public facts alone are no proof."
    )
    if survey.state != SurveyState.OPEN or now >= survey.closes_at:
        raise refusal("This poll is closed. Your answer was not counted.")
    if survey.paused:
        raise refusal("This survey is paused. What you saved is kept; come back when it goes on.")
    if survey.instrument in INVITED and not survey.is_invited:
        raise refusal("This survey asks a sample that was drawn, and you are not in it. Nobody can join by choice.")
    return survey, standing.require_member()


def save_answers(
    *, standing: Standing, now: datetime, survey_id: int, answers: Mapping[str, Any], seconds: int = 0
) -> Progress:
    """Keep answers that are not submitted yet, so that one can go on elsewhere; end the survey where a screener says so.

    Who may: who may answer. What changes: the draft of the ballot, which counts nothing. Where a screener or a full quota
    ends the survey: the turnout says so, and the draft is gone.

    Args:
        answers: question → answer; replaces what was saved of these questions, an empty one removes it.
        seconds: spent on this page.

    Raises:
        NotFound, NotAllowed: as for casting.
        CannotSaveAnswers: not open, submitted already, or an answer that does not fit.
    """
    with transaction.atomic():
        survey, member_id = _load(standing, now, survey_id, CannotSaveAnswers)
        place = rules.locator(survey.key, member_id)
        saved = BallotDraft.objects.select_for_update().filter(pk=place).first()
        outcome = survey.outcome
        if outcome and outcome != Outcome.COMPLETE:
            return Progress({}, outcome)
        cast: Answers = {}
        if outcome:
            cast = Ballot.objects.filter(pk=place).values_list("answers", flat=True).first() or {}
        merged = {**(saved.answers if saved else cast), **answers}
        questionnaire = survey.questionnaire
        try:
            kept = clean_answers(questionnaire, merged, final=False)
        except FaultyAnswer as error:
            raise CannotSaveAnswers(str(error)) from error
        ended: Outcome | None = None
        if screened_out_at(questionnaire, kept):
            ended = Outcome.SCREENED_OUT
        elif outcome is None and _fills_full_quota(survey, kept):
            ended = Outcome.QUOTA_FULL
        if ended and outcome is None:
            _end_without_ballot(survey.pk, member_id, place, ended)
            return Progress({}, ended)
        if outcome and kept == cast:
            # What is in the ballot already needs no draft; a page's last save may well arrive after its ballot.
            BallotDraft.objects.filter(pk=place).delete()
            return Progress(kept, None)
        spent = (saved.seconds if saved else 0) + rules.counted_seconds(seconds)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO surveys_ballotdraft (locator, survey_id, answers, seconds) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (locator) DO UPDATE SET answers = EXCLUDED.answers, seconds = EXCLUDED.seconds",
                [place, survey.pk, json.dumps(kept), spent],
            )
        # No event: it would tell when each member answered.
    return Progress(kept, None)


def cast_ballot(
    *,
    standing: Standing,
    now: datetime,
    survey_id: int,
    answers: Mapping[str, Any],
    nonces: Mapping[str, str] | None = None,
    seconds: int = 0,
) -> Receipt:
    """Cast or change a ballot; the same ballot a second time changes nothing.

    Who may: a verified member; of a survey with invitations, an invited one. What changes: turnout (once), the ballot (last
    one counts), the tallies; the live figures if ten members' ballots differ from those shown next. What follows: nothing
    that has a time; close_survey puts the count on the trail.

    Args:
        answers: question → answer; unanswered questions are left out.
        nonces: item → half of a nonce, made by the voter's browser; missing ones are made here.
        seconds: spent answering, if it was not saved as one went.

    Returns:
        The receipt; where a screener or a full quota ended the survey one without answers that says so.

    Raises:
        NotFound: no such survey.
        NotAllowed: not verified, or the verification lapsed.
        CannotCastBallot: not open, not invited, or answers that do not fit.
        TooMany: this ballot was changed five times today.
    """
    with transaction.atomic():
        survey, member_id = _load(standing, now, survey_id, CannotCastBallot)
        stratum = standing.stratum
        assert stratum is not None  # whoever may cast a ballot is verified and has one
        questionnaire = survey.questionnaire
        try:
            given = clean_answers(questionnaire, answers, final=False)
            # Whom a screener ends need not answer what comes after it.
            if not screened_out_at(questionnaire, given):
                given = clean_answers(questionnaire, answers, final=True)
        except FaultyAnswer as error:
            raise CannotCastBallot(str(error)) from error
        place = rules.locator(survey.key, member_id)
        draft_seconds = _take_draft(place)
        ended = Outcome.SCREENED_OUT if screened_out_at(questionnaire, given) else None
        first = _note_turnout(survey.pk, member_id, ended or Outcome.COMPLETE)
        before = None if first else Ballot.objects.select_for_update().filter(pk=place).first()
        if before is None and not first:
            # Screened out before, or the quota was full: that stands.
            return _without_answers(survey, Outcome(_outcome(survey.pk, member_id) or Outcome.SCREENED_OUT))
        if ended is None and not _take_quota_places(survey, before.answers if before else None, given):
            ended = Outcome.QUOTA_FULL
        if ended:
            if before is not None:
                raise CannotCastBallot(
                    "Your ballot is in. With these answers you would not belong here; nothing changed."
                )
            Turnout.objects.filter(survey_id=survey.pk, member_id=member_id).update(outcome=ended)
            return _without_answers(survey, ended)
        cell = _cell(survey, stratum, member_id)
        counted = count_answers(questionnaire, given)
        old_digest = rules.ballot_digest(survey.key, before.stratum, before.answers) if before else rules.NO_BALLOT
        new_digest = rules.ballot_digest(survey.key, cell, given)
        if before is not None and old_digest != new_digest:
            _take_change(place, now)
        changes: dict[tuple[str, str, str], int] = {}
        old_items: dict[str, str] = {}
        if before is not None:
            old_items = count_answers(questionnaire, before.answers)
            _count(changes, before.stratum, old_items, -1)
        _count(changes, cell, counted, +1)
        fresh = {item: secrets.token_hex(16) for item in counted}
        kept = rules.keep_or_make_nonces(old_items, before.nonces if before else {}, counted, nonces or {}, fresh)
        spent = before.seconds if before else rules.coarse_seconds(seconds, draft_seconds)
        state = get_state(member_id) if survey.ballot_mode == BallotMode.LINKED else ""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO surveys_ballot (locator, survey_id, stratum, answers, nonces, seconds, state) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (locator) DO UPDATE SET stratum = EXCLUDED.stratum, "
                "answers = EXCLUDED.answers, nonces = EXCLUDED.nonces, state = EXCLUDED.state",
                [place, survey.pk, cell, json.dumps(given), json.dumps(kept), spent, state],
            )
        _add_to_tallies(survey.pk, changes)
        # No event on the trail: written beside the turnout, it would tell when each member voted.
        live.note_change(survey.pk, place, before=old_digest, after=new_digest)
    return receipt_of(survey.freeze_hash, survey.title, counted, kept)


def _without_answers(survey: SurveyToAnswer, outcome: Outcome) -> Receipt:
    return Receipt(survey.freeze_hash, survey.title, (), outcome)


def _cell(survey: SurveyToAnswer, stratum: Stratum, member_id: int) -> str:
    affiliated = is_affiliated(member_id, survey.compared_with) if survey.compared_with else None
    sampled: str | None = None
    if survey.instrument in INVITED:
        # The stratum that the sample was drawn in, whatever the register says of the member by now.
        sampled = Invitation.objects.values_list("stratum", flat=True).get(survey_id=survey.pk, member_id=member_id)
    return tallies.ballot_cell(sampled, stratum, affiliated)


def _take_draft(place: bytes) -> int:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM surveys_ballotdraft WHERE locator = %s RETURNING seconds", [place])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _outcome(survey_id: int, member_id: int) -> Outcome | None:
    found = Turnout.objects.filter(survey_id=survey_id, member_id=member_id).values_list("outcome", flat=True).first()
    return Outcome(found) if found else None


def _end_without_ballot(survey_id: int, member_id: int, place: bytes, outcome: Outcome) -> None:
    _note_turnout(survey_id, member_id, outcome)
    BallotDraft.objects.filter(pk=place).delete()


def _fills_full_quota(survey: SurveyToAnswer, answers: Answers) -> bool:
    """Whether the answers so far put their author into a group that is full already."""
    quotas = [quota for quota in survey.questionnaire.quotas if holds(quota.holds_if, answers)]
    if not quotas:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, count FROM surveys_quotacount WHERE survey_id = %s", [survey.pk])
        counts = dict(cursor.fetchall())
    return any(counts.get(quota.code, 0) >= quota.most for quota in quotas)


def _take_quota_places(survey: SurveyToAnswer, before: Answers | None, answers: Answers) -> bool:
    """Take a place in each quota that holds now and did not before; false, with nothing taken, where one is full."""
    quotas = survey.questionnaire.quotas
    if not quotas:
        return True
    taken, left = [], []
    for quota in sorted(quotas, key=lambda q: q.code):
        was = before is not None and holds(quota.holds_if, before)
        holds_now = holds(quota.holds_if, answers)
        if holds_now and not was:
            taken.append(quota)
        elif was and not holds_now:
            left.append(quota.code)
    with transaction.atomic(), connection.cursor() as cursor:
        for quota in taken:
            cursor.execute(
                "UPDATE surveys_quotacount SET count = count + 1 WHERE survey_id = %s AND code = %s AND count < %s",
                [survey.pk, quota.code, quota.most],
            )
            if cursor.rowcount == 0:
                transaction.set_rollback(True)
                return False
        for code in left:
            cursor.execute(
                "UPDATE surveys_quotacount SET count = count - 1 WHERE survey_id = %s AND code = %s", [survey.pk, code]
            )
    return True


def _note_turnout(survey_id: int, member_id: int, outcome: Outcome) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO surveys_turnout (survey_id, member_id, outcome) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [survey_id, member_id, outcome],
        )
        return bool(cursor.rowcount == 1)


def _count(changes: dict[tuple[str, str, str], int], stratum: str, items: Mapping[str, str], by: int) -> None:
    for item, choice in (("", ""), *items.items()):
        place = (stratum, item, choice)
        changes[place] = changes.get(place, 0) + by


def _add_to_tallies(survey_id: int, changes: Mapping[tuple[str, str, str], int]) -> None:
    # In the same order for everybody, so that two ballots never wait for each other in a circle.
    rows = sorted((place, by) for place, by in changes.items() if by)
    if not rows:
        return
    values = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    parameters = [value for (place, by) in rows for value in (survey_id, *place, by)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO surveys_ballottally AS t (survey_id, stratum, question, choice, count) "  # noqa: S608 - only placeholders
            f"VALUES {values} ON CONFLICT (survey_id, stratum, question, choice) "
            "DO UPDATE SET count = t.count + EXCLUDED.count",
            parameters,
        )


def _take_change(place: bytes, now: datetime) -> None:
    """Count one change of a ballot. The window is the calendar day: its end must not tell when somebody voted."""
    take(_CHANGES, place.hex(), now.replace(**_MIDNIGHT))


def withdraw_ballot(*, standing: Standing, now: datetime, survey_id: int) -> None:
    """Take one's ballot back while the survey is open.

    Who may: who cast it. What changes: ballot, draft, tallies and turnout, as if one had never answered.

    Raises:
        NotFound, NotAllowed: as for casting.
        CannotWithdrawBallot: not open any more, or none was cast.
        TooMany: this ballot was changed five times today.
    """
    with transaction.atomic():
        survey, member_id = _load(standing, now, survey_id, CannotWithdrawBallot)
        place = rules.locator(survey.key, member_id)
        BallotDraft.objects.filter(pk=place).delete()
        ballot = Ballot.objects.select_for_update().filter(pk=place).first()
        if ballot is None:
            raise CannotWithdrawBallot("You have no ballot here that could be withdrawn.")
        _take_change(place, now)
        digest = rules.ballot_digest(survey.key, ballot.stratum, ballot.answers)
        changes: dict[tuple[str, str, str], int] = {}
        _count(changes, ballot.stratum, count_answers(survey.questionnaire, ballot.answers), -1)
        _add_to_tallies(survey.pk, changes)
        _leave_quotas(survey, ballot.answers)
        ballot.delete()
        Turnout.objects.filter(survey_id=survey.pk, member_id=member_id).delete()
        audit.record(
            "surveys.ballot.withdraw", standing=None, thing=f"survey:{survey.pk}", now=now.replace(**_MIDNIGHT)
        )
        live.note_change(survey.pk, place, before=digest, after=rules.NO_BALLOT)


def _leave_quotas(survey: SurveyToAnswer, answers: Answers) -> None:
    for quota in survey.questionnaire.quotas:
        if holds(quota.holds_if, answers):
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE surveys_quotacount SET count = count - 1 WHERE survey_id = %s AND code = %s",
                    [survey.pk, quota.code],
                )


def decline_survey(*, standing: Standing, now: datetime, survey_id: int) -> None:
    """Say that one does not want to answer: no reminder follows.

    Who may: who was invited and has not answered.

    Raises:
        NotFound: no such survey.
        CannotDeclineSurvey: not invited, or answered already.
    """
    with transaction.atomic():
        survey = access.load_survey_to_answer(standing, survey_id)
        member_id = standing.require_member()
        if _outcome(survey.pk, member_id):
            raise CannotDeclineSurvey("You have answered this survey already.")
        changed = Invitation.objects.filter(survey_id=survey.pk, member_id=member_id).update(
            state=InvitationState.DECLINED
        )
        if not changed:
            raise CannotDeclineSurvey("You were not invited to this survey, so there is nothing to decline.")
        BallotDraft.objects.filter(pk=rules.locator(survey.key, member_id)).delete()
        audit.record("surveys.survey.decline", standing=standing, thing=f"survey:{survey.pk}", now=now)


def forget_member(*, standing: Standing, now: datetime) -> None:
    """Take what hangs on a member out of the surveys' room when the member leaves.

    Who may: the member. What changes: drafts of ballots and wishes are deleted, open invitations are declined. Ballots stay
    counted; turnout, invitations and the honoraria's book keep a number without a person.
    """
    member_id = standing.require_member()
    with transaction.atomic():
        keys = BallotKey.objects.filter(survey__state=SurveyState.OPEN).values_list("sealed", flat=True)
        BallotDraft.objects.filter(pk__in=[rules.locator(open_key(sealed), member_id) for sealed in keys]).delete()
        Invitation.objects.filter(member_id=member_id, survey__state=SurveyState.OPEN).exclude(
            survey__turnout__member_id=member_id
        ).update(state=InvitationState.DECLINED)
        InvitationWish.objects.filter(member_id=member_id).delete()
        SurveyRevision.objects.filter(survey__author_id=member_id).delete()
        audit.record("surveys.member.forget", standing=standing, thing=f"member:{member_id}", now=now)
