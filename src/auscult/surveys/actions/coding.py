"""Sorting open answers into codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from auscult.shared import audit
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing
from auscult.surveys import access
from auscult.surveys.models import CodeFrame, OpenText
from auscult.surveys.questionnaire.editing import read_lines
from auscult.surveys.rules import SurveyState

#: Codes of one question at most.
MOST_CODES = 60


class CannotCodeTexts(Refused):
    """The texts were not sorted; nothing was changed."""


def code_texts(
    *,
    standing: Standing,
    now: datetime,
    survey_id: int,
    question: str,
    frame: str,
    codes: Mapping[str, Sequence[str]],
    hidden: Sequence[str] = (),
) -> int:
    """Set the codes of a question and sort some of its answers into them.

    Who may: a researcher, once the survey is closed.

    Args:
        frame: codes, one a line: ``code | label`` or only the label.
        codes: place of the text in hex → its codes.
        hidden: places of texts that say who somebody is: they are not shown any more.

    Returns:
        How many texts were touched.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotCodeTexts: not closed, too many codes, or a code that is not in the frame.
    """
    with transaction.atomic():
        survey = access.load_survey_to_field(standing, survey_id)
        if survey.state != SurveyState.CLOSED:
            raise CannotCodeTexts("Answers in words are read once the survey is closed.")
        parts = [{"code": part["code"], "label": part["label"]} for part in read_lines(frame, "k")]
        if len(parts) > MOST_CODES or len({part["code"] for part in parts}) < len(parts):
            raise CannotCodeTexts(f"At most {MOST_CODES} codes, each once.")
        known = {part["code"] for part in parts}
        unknown = {code for chosen in codes.values() for code in chosen} - known
        if unknown:
            raise CannotCodeTexts(f"“{min(unknown)}” is no code of this question. Add it to the codes first.")
        CodeFrame.objects.update_or_create(survey_id=survey.pk, question=question, defaults={"codes": parts})
        rows = OpenText.objects.filter(survey=survey, question=question)
        try:
            places = {bytes.fromhex(place): (list(chosen), place in hidden) for place, chosen in codes.items()}
        except ValueError as error:
            raise CannotCodeTexts("The form is damaged. Reload the page.") from error
        touched = 0
        for place, (chosen, is_hidden) in places.items():
            touched += rows.filter(pk=place).update(codes=chosen, is_hidden=is_hidden)
        audit.record("surveys.texts.code", standing=standing, thing=f"survey:{survey.pk}", now=now, texts=touched)
    return touched
