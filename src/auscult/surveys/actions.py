"""Writes of the surveys' room."""

from __future__ import annotations

import io
import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from auscult.evidence.ballots import BallotLeaf
from auscult.evidence.canonical import digest
from auscult.members.queries.standing import count_by_stratum, count_verified
from auscult.organisations.access import load_organisation
from auscult.organisations.queries import is_affiliated
from auscult.registry.queries import STRATUM_VARIABLES, find_benchmark, find_frame
from auscult.shared import audit, jobs
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import CONSOLE, Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys import access, rules, tallies
from auscult.surveys.models import (
    Ballot,
    BallotKey,
    BallotTally,
    CountedBallot,
    LiveResult,
    Question,
    Survey,
    Turnout,
)
from auscult.surveys.queries import get_cell_table, measure_evenness, receipt_of
from auscult.surveys.rules import BallotMode, QuestionDraft, Receipt, SurveyState

_log = logging.getLogger(__name__)


class CannotDraftSurvey(Refused):
    """The draft is not complete or not coherent."""


class CannotOpenSurvey(Conflict):
    """The survey cannot be opened."""


class CannotCastBallot(Refused):
    """The ballot was not taken; nothing was changed."""


class CannotCloseSurvey(Conflict):
    """The survey cannot be closed now."""


def draft_survey(
    *,
    standing: Standing,
    now: datetime,
    title: str,
    instrument: Instrument,
    questions: Sequence[QuestionDraft],
    closes_at: datetime,
    universe: str = "",
    compared_with: str = "",
) -> Survey:
    """Draft a survey.

    Who may: a verified member (community and straw polls) or a researcher (all instruments).

    Args:
        universe: code of a benchmark about which one would like to speak; empty for the frame itself.
        compared_with: slug of an organisation whose members' answers are counted beside those of others, or empty.

    Raises:
        NotFound: no such organisation.
        NotAllowed: neither member nor researcher, or an instrument that needs a researcher.
        CannotDraftSurvey: no title, an impossible closing date, an unknown universe, a faulty questionnaire, or an
            instrument that needs an invitation list, which does not exist yet.
    """
    standing.require(Permission.SURVEY_DRAFT, "Verified members and researchers draft polls.")
    if instrument not in (Instrument.STRAW_POLL, Instrument.COMMUNITY_POLL):
        raise CannotDraftSurvey("Sample surveys and censuses need invitations; this version runs polls.")
    if not title.strip():
        raise CannotDraftSurvey("Give the poll a title.")
    if closes_at <= now:
        raise CannotDraftSurvey("The closing date must lie in the future.")
    if universe and find_benchmark(universe) is None:
        raise CannotDraftSurvey("That universe is not known. Load its benchmark first.")
    organisation = load_organisation(compared_with) if compared_with else None
    problem = rules.questionnaire_problem(questions)
    if problem:
        raise CannotDraftSurvey(problem)
    with transaction.atomic():
        survey = Survey.objects.create(
            title=title.strip(),
            author_id=standing.member_id,
            instrument=instrument,
            ballot_mode=BallotMode.DETACHED,
            closes_at=closes_at,
            universe=universe,
            compared_with=organisation,
        )
        Question.objects.bulk_create(
            Question(
                survey=survey,
                position=position,
                code=question.code,
                wording=question.wording.strip(),
                choices=[{"code": choice.code, "label": choice.label.strip()} for choice in question.choices],
            )
            for position, question in enumerate(questions)
        )
        audit.record("surveys.survey.draft", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def open_survey(*, standing: Standing, now: datetime, survey_id: int) -> Survey:
    """Freeze a draft and open it.

    Who may: its author, or a researcher. What changes: wording and rules are fixed by hash. What follows: the hash
    goes into the record.

    Raises:
        NotFound: not this standing's survey.
        CannotOpenSurvey: not a draft, its closing date has passed, or nobody could answer.
    """
    with transaction.atomic():
        survey = access.load_survey_to_run(standing, survey_id)
        standing.require(Permission.SURVEY_OPEN, "Your verification must be valid to open a poll.")
        if survey.state != SurveyState.DRAFT:
            raise CannotOpenSurvey("This poll is open or closed already.")
        if survey.closes_at <= now:
            raise CannotOpenSurvey("Its closing date has passed. Set a later one.")
        eligible = count_verified(now)
        if eligible == 0:
            raise CannotOpenSurvey("There is no verified member who could answer.")
        frame = find_frame()
        benchmark = find_benchmark(survey.universe) if survey.universe else None
        if benchmark:
            universe = {
                "code": benchmark.code,
                "words": benchmark.words,
                "size": benchmark.persons,
                "as_of": benchmark.as_of.isoformat(),
                "definition": benchmark.definition,
                "source": benchmark.source,
            }
        else:
            universe = {
                "code": "",
                "words": "physicians of the register" if frame else "our verified members",
                "size": frame.total if frame else eligible,
                "as_of": frame.as_of.isoformat() if frame else now.date().isoformat(),
                "definition": frame.definition if frame else "verified members of this instance",
                "source": frame.load.filename if frame else "this instance",
            }
        questions = [
            QuestionDraft(q.code, q.wording, tuple(rules.ChoiceDraft(c["code"], c["label"]) for c in q.choices))
            for q in survey.questions.all()
        ]
        survey.freeze = rules.freeze_document(
            title=survey.title,
            instrument=Instrument(survey.instrument),
            mode=BallotMode(survey.ballot_mode),
            questions=questions,
            opens_at=now,
            closes_at=survey.closes_at,
            eligible=eligible,
            universe=universe,
            frame={
                "definition": frame.definition if frame else "none loaded",
                "as_of": frame.as_of.isoformat() if frame else None,
                "persons": frame.total if frame else 0,
                "register_sha256": frame.load.sha256 if frame else None,
            },
            variables=STRATUM_VARIABLES,
            compared_with=survey.compared_with.name if survey.compared_with else None,
        )
        survey.freeze_hash = digest(survey.freeze)
        survey.frame, survey.eligible = frame, eligible
        survey.state, survey.opened_at = SurveyState.OPEN, now
        survey.save()
        BallotKey.objects.create(survey=survey, key=secrets.token_bytes(32))
        LiveResult.objects.create(survey=survey)
        jobs.queue(
            "publishing.append_record",
            kind="survey.frozen",
            content={"freeze": survey.freeze_hash, "title": survey.title, "instrument": survey.instrument},
            at=now.isoformat(),
        )
        audit.record("surveys.survey.open", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def cast_ballot(
    *,
    standing: Standing,
    now: datetime,
    survey_id: int,
    answers: Mapping[str, str],
    nonces: Mapping[str, str] | None = None,
) -> Receipt:
    """Cast or change a ballot.

    Who may: a verified member. What changes: turnout (once), the ballot (last one counts), the tallies; at each tenth
    new ballot the live result. What follows: nothing that has a time; close_survey puts the count on the trail.

    Args:
        answers: question → choice; unanswered questions are left out.
        nonces: question → half of a nonce, made by the voter's browser; missing ones are made here.

    Raises:
        NotFound: no such survey.
        NotAllowed: not verified, or the verification lapsed.
        CannotCastBallot: not open, or answers that do not fit.
    """
    with transaction.atomic():
        survey = access.load_survey_to_answer(standing, survey_id)
        standing.require(
            Permission.BALLOT_CAST, "Only members whose verification is valid vote. Public facts alone are no proof."
        )
        member_id, stratum = standing.require_member(), standing.stratum
        assert stratum is not None  # whoever may cast a ballot is verified and has one
        if survey.state != SurveyState.OPEN or now >= survey.closes_at:
            raise CannotCastBallot("This poll is closed. Your answer was not counted.")
        questions = {q["code"]: [c["code"] for c in q["choices"]] for q in survey.freeze["questions"]}
        problem = rules.answers_problem(answers, questions)
        if problem:
            raise CannotCastBallot(problem)
        place = rules.locator(survey.key, member_id)
        affiliated = is_affiliated(member_id, survey.compared_with) if survey.compared_with else None
        cell = tallies.stratum_key(stratum, affiliated=affiliated)
        chosen = {question: answers[question] for question in questions if question in answers}
        fresh = {question: secrets.token_hex(16) for question in chosen}
        first = _note_turnout(survey.pk, member_id)
        changes: dict[tuple[str, str, str], int] = {}
        old_answers: dict[str, str] = {}
        old_nonces: dict[str, str] = {}
        if not first:
            old = Ballot.objects.select_for_update().get(pk=place)
            _count(changes, old.stratum, old.answers, -1)
            old_answers, old_nonces = old.answers, old.nonces
        _count(changes, cell, chosen, +1)
        kept = rules.keep_or_make_nonces(old_answers, old_nonces, chosen, nonces or {}, fresh)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO surveys_ballot (locator, survey_id, stratum, answers, nonces) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT (locator) DO UPDATE SET stratum = EXCLUDED.stratum, answers = EXCLUDED.answers, "
                "nonces = EXCLUDED.nonces",
                [place, survey.pk, cell, json.dumps(chosen), json.dumps(kept)],
            )
        _add_to_tallies(survey.pk, changes)
        # No event on the trail: written beside the turnout, it would tell when each member voted.
        # Counting comes last, because every ballot of the survey waits for this row.
        if first:
            _count_ballot(survey.pk)
    return receipt_of(survey.freeze_hash, survey.title, chosen, kept)


def _note_turnout(survey_id: int, member_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO surveys_turnout (survey_id, member_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [survey_id, member_id],
        )
        return bool(cursor.rowcount == 1)


def _count(changes: dict[tuple[str, str, str], int], stratum: str, answers: Mapping[str, str], by: int) -> None:
    for question, choice in (("", ""), *answers.items()):
        place = (stratum, question, choice)
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


def _count_ballot(survey_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surveys_liveresult SET ballots = ballots + 1 WHERE survey_id = %s RETURNING ballots", [survey_id]
        )
        (ballots,) = cursor.fetchone()
    if ballots % rules.LIVE_STEP == 0:
        refresh_live_result(Survey.objects.select_related("frame").get(pk=survey_id), ballots)


def refresh_live_result(survey: Survey, ballots: int) -> None:
    """Show the result of one step ago and keep the present one for the next step.

    One step behind, so that what is shown while the poll is open and what is shown after its close always differ by ten
    ballots or more: nobody's ballot can be had by subtraction. Call it in the transaction that holds the live row.
    """
    LiveResult.objects.filter(survey=survey).update(
        result=F("pending"),
        shown_ballots=F("pending_ballots"),
        pending=_present_result(survey),
        pending_ballots=ballots,
    )


def _present_result(survey: Survey) -> dict[str, Any]:
    assert survey.freeze is not None
    return tallies.make_result(
        get_cell_table(survey),
        survey.frame.margins if survey.frame else None,
        freeze=survey.freeze,
        members=survey.eligible,
        evenness=survey.r_indicator,
    )


def close_survey(*, standing: Standing, now: datetime, survey_id: int) -> Survey:
    """Close a survey: count, detach, forget.

    Who may: its author or a researcher, once the frozen closing date has come. What changes: ballots become leaves in
    the order of their hashes, one per question; the key is destroyed; the tallies are rewritten. What follows: the
    dead rows are vacuumed away.

    Raises:
        NotFound: not this standing's survey.
        CannotCloseSurvey: not open, or its closing date has not come.
    """
    with transaction.atomic():
        survey = access.load_survey_to_run(standing, survey_id)
        if survey.state != SurveyState.OPEN:
            raise CannotCloseSurvey("Only an open poll is closed.")
        if now < survey.closes_at:
            raise CannotCloseSurvey(
                f"This poll is frozen to stay open until {survey.closes_at:%d %B %Y %H:%M} UTC. Closing earlier would "
                "let somebody stop at a result that suits."
            )
        LiveResult.objects.select_for_update().get(survey=survey)
        survey.state, survey.closed_at = SurveyState.CLOSED, now
        survey.eligible = max(count_verified(now), survey.eligible)
        survey.cells_salt = secrets.token_hex(16)
        leaves = _detach_ballots(survey)
        BallotKey.objects.filter(survey=survey).delete()
        _rewrite_tallies(survey)
        survey.respondents = _rewrite_turnout(survey)
        survey.r_indicator = measure_evenness(survey, count_by_stratum(now))
        survey.save()
        enough = survey.freeze is not None and survey.respondents >= survey.freeze["minimum_cell"]
        LiveResult.objects.filter(survey=survey).update(
            result=_present_result(survey) if enough else None,
            shown_ballots=survey.respondents if enough else 0,
            pending=None,
        )
        jobs.queue("surveys.vacuum_ballots")
        audit.record("surveys.survey.close", standing=standing, thing=f"survey:{survey.pk}", now=now, leaves=leaves)
    return survey


def _detach_ballots(survey: Survey) -> int:
    """Turn ballots into leaves, sorted by hash, written in one statement so that all rows look alike."""
    rows = []
    for answers, nonces in Ballot.objects.filter(survey=survey).values_list("answers", "nonces").iterator():
        for question, choice in answers.items():
            leaf = BallotLeaf(survey.freeze_hash, question, choice, nonces[question])
            rows.append((leaf.hash().hex(), question, choice, leaf.nonce))
    rows.sort()
    text = io.StringIO()
    text.writelines(
        f"\\\\x{leaf}\t{survey.pk}\t{question}\t{choice}\t{nonce}\n" for leaf, question, choice, nonce in rows
    )
    table = CountedBallot._meta.db_table
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} (leaf, survey_id, question, choice, nonce) FROM STDIN") as copy,
    ):
        copy.write(text.getvalue())
    Ballot.objects.filter(survey=survey).delete()
    return len(rows)


def _rewrite_tallies(survey: Survey) -> None:
    """Write the tallies anew in one statement: their last writers would otherwise show who voted last in a cell."""
    rows = list(
        BallotTally.objects.filter(survey=survey, count__gt=0).values_list("stratum", "question", "choice", "count")
    )
    BallotTally.objects.filter(survey=survey).delete()
    BallotTally.objects.bulk_create(
        [
            BallotTally(survey=survey, stratum=stratum, question=question, choice=choice, count=count)
            for stratum, question, choice, count in sorted(rows)
        ],
        batch_size=None,
    )


def _rewrite_turnout(survey: Survey) -> int:
    """Write the turnout anew in the order of members: its own order was that of voting. Returns how many took part."""
    members = list(
        Turnout.objects.filter(survey_id=survey.pk).order_by("member_id").values_list("member_id", flat=True)
    )
    Turnout.objects.filter(survey_id=survey.pk).delete()
    Turnout.objects.bulk_create([Turnout(survey_id=survey.pk, member_id=member) for member in members])
    return len(members)


def close_due_surveys(*, now: datetime) -> int:
    """Close every survey whose frozen closing date has come; the worker calls it each minute. Returns how many."""
    closed = 0
    for survey_id in Survey.objects.filter(state=SurveyState.OPEN, closes_at__lte=now).values_list("pk", flat=True):
        try:
            close_survey(standing=CONSOLE, now=now, survey_id=survey_id)
        except Exception:  # noqa: BLE001 - logged, whatever it was
            # One survey that fails must not keep the others open; it is tried again in a minute.
            _log.exception("Survey %s could not be closed", survey_id)
        else:
            closed += 1
    return closed
