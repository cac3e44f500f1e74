"""Closing: leave out what the declared rules leave out, count, detach, forget."""

from __future__ import annotations

import hmac
import io
import logging
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
from django.db import connection, transaction

from auscult.evidence.ballots import BallotLeaf
from auscult.members.queries.standing import count_by_stratum, count_verified
from auscult.shared import audit, jobs
from auscult.shared.refusals import Conflict
from auscult.shared.standing import CONSOLE, Standing
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.representativeness import Instrument
from auscult.statistics.suppression import MINIMUM_CELL, suppress_table
from auscult.surveys import access, rules
from auscult.surveys.access import frozen_questionnaire
from auscult.surveys.actions.honoraria import earn_honoraria
from auscult.surveys.keys import find_key
from auscult.surveys.live import count_changed_members
from auscult.surveys.models import (
    Ballot,
    BallotChange,
    BallotDraft,
    BallotKey,
    BallotTally,
    CountedBallot,
    Invitation,
    LiveResult,
    OpenText,
    Survey,
    Turnout,
)
from auscult.surveys.queries.fieldwork import count_dispositions, count_invited_by_stratum
from auscult.surveys.queries.results import list_events, measure_evenness, present_result
from auscult.surveys.questionnaire.document import Kind, Questionnaire
from auscult.surveys.questionnaire.items import Answers, count_answers, items_of
from auscult.surveys.questionnaire.quality import BallotFacts, Quality, assess
from auscult.surveys.rules import INVITED, BallotMode, Outcome, SurveyState
from auscult.surveys.sampling import Disposition, rates_of

_log = logging.getLogger(__name__)


class CannotCloseSurvey(Conflict):
    """The survey cannot be closed now."""


def close_survey(*, standing: Standing, now: datetime, survey_id: int) -> Survey:
    """Close a survey: count, detach, forget.

    Who may: its author or a researcher, once the closing date has come. What changes: ballots that the declared rules leave
    out are left out; ballots become leaves in the order of their hashes, one per item; tallies and turnout are rewritten;
    dispositions are set; honoraria are earned. Detached: ballots and key are destroyed. Linked: the key stays for a while.
    What follows: the dead rows are vacuumed away.

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
        assert survey.freeze is not None
        live = LiveResult.objects.select_for_update().get(survey=survey)
        questionnaire = frozen_questionnaire(survey.freeze_hash, survey.freeze)
        survey.state, survey.closed_at, survey.paused_at = SurveyState.CLOSED, now, None
        survey.eligible = max(count_verified(now), survey.eligible)
        survey.cells_salt = secrets.token_hex(16)
        quality, leaves, left_out = _count_ballots(survey, questionnaire)
        # 0 is nothing new: what was shown last is final.
        survey.is_held_back = live.shown_ballots > 0 and 0 < count_changed_members(survey, left_out) < rules.LIVE_STEP
        BallotChange.objects.filter(survey=survey).delete()
        dispositions = _set_dispositions(survey)
        BallotDraft.objects.filter(survey=survey).delete()
        outcomes = _rewrite_turnout(survey)
        survey.respondents = outcomes[Outcome.COMPLETE] - sum(map(bool, quality.excluded))
        survey.fieldwork = _fieldwork_figures(survey, questionnaire, quality, outcomes, dispositions)
        if survey.ballot_mode == BallotMode.LINKED:
            survey.link_kept_until = rules.link_ends_at(now)
        else:
            Ballot.objects.filter(survey=survey).delete()
            BallotKey.objects.filter(survey=survey).delete()
        asked = count_invited_by_stratum(survey.pk) if survey.instrument in INVITED else count_by_stratum(now)
        survey.r_indicator = measure_evenness(survey, asked)
        survey.save()
        live.pending = live.pending_progress = live.progress = None
        if not survey.is_held_back:
            enough = survey.respondents >= survey.freeze["minimum_cell"]
            live.result = present_result(survey) if enough else None
            live.shown_ballots = survey.respondents if enough else 0
        live.save()
        if survey.honorarium:
            earn_honoraria(standing=standing, now=now, survey_id=survey.pk)
        jobs.queue("surveys.vacuum_ballots")
        audit.record("surveys.survey.close", standing=standing, thing=f"survey:{survey.pk}", now=now, leaves=leaves)
    return survey


def _count_ballots(survey: Survey, questionnaire: Questionnaire) -> tuple[Quality, int, set[bytes]]:
    """Apply the declared exclusions, write leaves and texts, and write the tallies again from what is counted.

    Returns:
        What the exclusions found, how many leaves there are, and the locators of the ballots left out.
    """
    ballots = Ballot.objects.filter(survey=survey).order_by("locator")
    rows = list(ballots.values_list("answers", "nonces", "stratum", "seconds"))
    quality = assess(questionnaire, [BallotFacts(seconds, answers) for answers, _, _, seconds in rows])
    locators = ballots.values_list("locator", flat=True)
    excluded_locators = {bytes(place) for place, why in zip(locators, quality.excluded, strict=True) if why}
    tallies: Counter[tuple[str, str, str]] = Counter()
    leaves: list[tuple[str, str, str, str, str]] = []
    for (answers, nonces, stratum, _), excluded in zip(rows, quality.excluded, strict=True):
        left_out = ", ".join(sorted(excluded))
        counted = count_answers(questionnaire, answers)
        for item, choice in counted.items():
            leaf = BallotLeaf(survey.freeze_hash, item, choice, nonces[item])
            # Of what is left out only the hash and the rule stay: few share a rule, and answers beside it would hang together.
            kept = ("", "", "") if left_out else (item, choice, leaf.nonce)
            leaves.append((leaf.hash().hex(), *kept, left_out))
        if not excluded:
            tallies[stratum, "", ""] += 1
            tallies.update((stratum, item, choice) for item, choice in counted.items())
    _write_leaves(survey, leaves)
    _write_texts(survey, questionnaire, [row[0] for row in rows])
    # Written anew in one statement: their last writers would otherwise show who voted last in a cell.
    BallotTally.objects.filter(survey=survey).delete()
    BallotTally.objects.bulk_create(
        [
            BallotTally(survey=survey, stratum=stratum, question=item, choice=choice, count=count)
            for (stratum, item, choice), count in sorted(tallies.items())
        ],
        batch_size=None,
    )
    return quality, len(leaves), excluded_locators


def _write_leaves(survey: Survey, leaves: list[tuple[str, str, str, str, str]]) -> None:
    """Leaves sorted by hash, in one statement, so that all rows look alike."""
    leaves.sort()
    text = io.StringIO()
    text.writelines(
        f"\\\\x{leaf}\t{survey.pk}\t{item}\t{choice}\t{nonce}\t{left_out}\n"
        for leaf, item, choice, nonce, left_out in leaves
    )
    table = CountedBallot._meta.db_table
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} (leaf, survey_id, question, choice, nonce, left_out) FROM STDIN") as copy,
    ):
        copy.write(text.getvalue())


def _write_texts(survey: Survey, questionnaire: Questionnaire, ballots: Sequence[Answers]) -> None:
    """Open answers, in an order that a fresh key makes, unlinked from everything else."""
    key = secrets.token_bytes(32)
    found = [
        OpenText(
            place=hmac.digest(key, f"{number}:{question.code}".encode(), "sha256"),
            survey=survey,
            question=question.code,
            text=str(answers[question.code]),
        )
        for question in questionnaire.questions()
        if question.kind == Kind.TEXT
        for number, answers in enumerate(ballots)
        if question.code in answers
    ]
    found.sort(key=lambda text: bytes(text.place))
    OpenText.objects.bulk_create(found, batch_size=None)


def _set_dispositions(survey: Survey) -> dict[Disposition, int] | None:
    if survey.instrument not in INVITED:
        return None
    key = find_key(survey.pk)
    assert key is not None  # it is destroyed after this
    begun = {bytes(place) for place in BallotDraft.objects.filter(survey=survey).values_list("locator", flat=True)}
    answered = dict(Turnout.objects.filter(survey_id=survey.pk).values_list("member_id", "outcome"))
    by_code: dict[str, list[int]] = {}
    rows = Invitation.objects.filter(survey=survey).values_list("member_id", "state")
    for member_id, state in rows.iterator(chunk_size=5000):
        code = rules.disposition(state, answered.get(member_id), begun=rules.locator(key, member_id) in begun)
        by_code.setdefault(code, []).append(member_id)
    for disposition, members in by_code.items():
        with connection.cursor() as cursor:
            # An array is one parameter, whatever its length; a list of parameters ends at 65,535.
            cursor.execute(
                "UPDATE surveys_invitation SET disposition = %s WHERE survey_id = %s AND member_id = ANY(%s)",
                [disposition, survey.pk, members],
            )
    return count_dispositions(survey.pk)


def _rewrite_turnout(survey: Survey) -> Counter[str]:
    """Write the turnout anew in the order of members: its own order was that of voting. Returns how many of each outcome."""
    rows = list(Turnout.objects.filter(survey_id=survey.pk).order_by("member_id").values_list("member_id", "outcome"))
    Turnout.objects.filter(survey_id=survey.pk).delete()
    Turnout.objects.bulk_create(
        [Turnout(survey_id=survey.pk, member_id=member, outcome=outcome) for member, outcome in rows]
    )
    return Counter(outcome for _, outcome in rows)


def _fieldwork_figures(
    survey: Survey,
    questionnaire: Questionnaire,
    quality: Quality,
    outcomes: Counter[str],
    dispositions: dict[Disposition, int] | None,
) -> dict[str, Any]:
    """What is published of how the survey went."""
    seconds = list(Ballot.objects.filter(survey=survey, seconds__gt=0).values_list("seconds", flat=True))
    figures: dict[str, Any] = {
        "complete": outcomes[Outcome.COMPLETE],
        "screened_out": outcomes[Outcome.SCREENED_OUT],
        "quota_full": outcomes[Outcome.QUOTA_FULL],
        "left_out": sum(map(bool, quality.excluded)),
        "found": dict(quality.counts),
        "rules": list(quality.rule_texts),
        "median_seconds": median(seconds) if len(seconds) >= survey.freeze["minimum_cell"] else None,  # type: ignore[index]
        "events": list_events(survey),
    }
    figures |= {"dispositions": None, "rates": None, "states": _count_states(survey, questionnaire, quality)}
    if dispositions is not None:
        figures["dispositions"] = {code.value: count for code, count in dispositions.items()}
        if survey.instrument == Instrument.SAMPLE_SURVEY:
            with suppress(CannotEstimate):
                figures["rates"] = rules.rates_as_json(rates_of(dispositions))
    return figures


def _count_states(survey: Survey, questionnaire: Questionnaire, quality: Quality) -> list[dict[str, Any]]:
    """The commonest answer to each item against all others by state; only linked ballots know a state.

    Two columns rather than all: with them more states hold ten on either side, and a map shows one share anyway.
    """
    if survey.ballot_mode != BallotMode.LINKED:
        return []
    counts: dict[str, Counter[tuple[str, str]]] = {}
    rows = Ballot.objects.filter(survey=survey).order_by("locator").values_list("answers", "state")
    for (answers, state), excluded in zip(rows, quality.excluded, strict=True):
        if not excluded:
            for code, choice in count_answers(questionnaire, answers).items():
                counts.setdefault(code, Counter())[state, choice] += 1
    tables = []
    for item in items_of(questionnaire):
        found = counts.get(item.code, Counter())
        states = sorted({state for state, _ in found})
        if not states:
            continue
        totals = Counter[str]()
        for (_, choice), count in found.items():
            totals[choice] += count
        leading = max((choice.code for choice in item.choices), key=totals.__getitem__)
        answers = {state: sum(n for (where, _), n in found.items() if where == state) for state in states}
        counts_of = np.array([[found[state, leading], answers[state] - found[state, leading]] for state in states])
        table = suppress_table(states, counts_of, minimum=MINIMUM_CELL)
        tables.append(
            {
                "item": item.code,
                "choice": leading,
                "strata": list(table.strata),
                "counts": table.counts.tolist(),
                "pooled": list(table.pooled),
            }
        )
    return tables


def close_due_surveys(*, now: datetime) -> int:
    """Close every survey whose closing date has come; the worker calls it each minute. Returns how many."""
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


def end_links(*, standing: Standing, now: datetime) -> int:
    """Destroy keys and ballots of linked surveys whose link has been kept long enough. Returns how many surveys.

    Who may: the worker, each day.
    """
    with transaction.atomic():
        due = Survey.objects.select_for_update().filter(
            state=SurveyState.CLOSED, link_kept_until__lte=now, ballotkey__isnull=False
        )
        numbers = list(due.values_list("pk", flat=True))
        Ballot.objects.filter(survey__in=numbers).delete()
        BallotKey.objects.filter(survey__in=numbers).delete()
        for number in numbers:
            audit.record("surveys.links.end", standing=standing, thing=f"survey:{number}", now=now)
        if numbers:
            jobs.queue("surveys.vacuum_ballots")
    return len(numbers)
