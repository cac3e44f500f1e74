"""Pure decisions of publishing: the disclosure sheet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from auscult.statistics.representativeness import Instrument
from auscult.surveys.rules import BALLOT_MODE_WORDS, INSTRUMENT_MEANING, INSTRUMENT_WORDS, BallotMode

LONGEST_REPLY = 5_000

#: Kinds of entries of the record, in words.
ENTRY_WORDS = {
    "survey.frozen": "Wording of a poll frozen",
    "release.published": "Result published",
    "reply.given": "Reply",
    "membership.claimed": "Membership figures published",
    "mandates.counted": "Mandates counted",
    "position.stated": "Position stated",
    "position.compared": "Position set beside answers",
    "appeal.opened": "Appeal opened for signature",
    "appeal.amended": "New version of an appeal",
    "appeal.taken_down": "Appeal taken down",
    "appeal.closed": "Appeal closed, signatures counted",
    "appeal.delivered": "Appeal delivered",
    "appeal.answered": "Appeal answered",
    "appeal.silent": "No answer to an appeal within 30 days",
    "appeal.ended": "What came of an appeal",
    "issue.closed": "Issue ended",
    "agreement.proposed": "Agreement proposed",
    "agreement.ratified": "Agreement ratified",
    "agreement.declined": "Proposed agreement declined",
    "agreement.noticed": "Notice given",
    "obligation.submitted": "Delivery of an obligation stated",
    "obligation.confirmed": "Delivery confirmed",
    "obligation.returned": "Delivery not confirmed",
    "obligation.alleged": "Non-delivery alleged",
    "obligation.answered": "Allegation answered",
    "obligation.cured": "Made good",
    "obligation.excused": "Ruled: excused",
    "obligation.breached": "Ruled: breached",
    "obligation.remedied": "Breach remedied",
    "obligation.waived": "Obligation waived",
    "access.read": "Numbers read under a grant",
    "access.refused": "A read was refused",
}


def disclosure_items(
    *,
    freeze: dict[str, Any],
    results: dict[str, Any],
    opened_at: datetime,
    closed_at: datetime,
    instance: str,
    sponsor: str,
) -> list[dict[str, str]]:
    """The eleven items of the AAPOR Code of Professional Ethics and Practices (2021), section III.A, in words.

    Args:
        freeze: frozen document.
        results: card, weighting and questions.
        sponsor: who asked and paid, in words.
    """
    instrument = Instrument(freeze["instrument"])
    card, weighting, universe = results["card"], results["weighting"], freeze["universe"]
    frame = freeze["frame"]
    if weighting:
        margins = ", ".join(weighting["margins"])
        collapsed = "; ".join(f"{c['margin']}: {', '.join(c['levels'])} taken together" for c in weighting["collapsed"])
        weighted = (
            f"Raked to {margins} of {int(weighting['population']):,} physicians ({frame['definition']}, as of "
            f"{frame['as_of']}), equal base weights, {weighting['iterations']} iterations, design effect of the weights "
            f"{weighting['design_effect']:.2f}, effective n {weighting['n_effective']:,.0f}. "
            + (f"Sparse levels collapsed: {collapsed}. " if collapsed else "No level was collapsed. ")
            + f"Method {results['method']}."
        )
    else:
        weighted = f"Not weighted. {results['weighting_refused']}"
    items = [
        (
            "Data collection strategy",
            f"{INSTRUMENT_WORDS[instrument]}: {INSTRUMENT_MEANING[instrument]}.",
        ),
        ("Who sponsored the research and who conducted it", f"{sponsor} Conducted on {instance}."),
        (
            "Measurement tools",
            "Exact wording and choices, in the order shown: "
            + " ".join(
                f"({q['code']}) {q['wording']} [{' / '.join(c['label'] for c in q['choices'])}]"
                for q in freeze["questions"]
            ),
        ),
        (
            "Population under study",
            (f"{freeze['eligibility'].capitalize()} ({card['members']:,}). One would like to speak of {universe['words']} "
            f"({universe['size']:,}; {universe['definition']}; {universe['source']}; as of {universe['as_of']}); "
            f"members are {card['coverage']:.1%} of them."),
        ),
        (
            "Method used to generate and recruit the sample",
            _recruitment(freeze, instrument),
        ),
        (
            "Method and mode of data collection",
            (f"Self-administered on the web, in {_languages(freeze)}; one ballot per member, changeable until close; "
            f"{BALLOT_MODE_WORDS[BallotMode(freeze['ballot_mode'])].lower()} ballots."),
        ),
        ("Dates of data collection", f"{opened_at:%d %B %Y %H:%M} to {closed_at:%d %B %Y %H:%M} UTC."),
        (
            "Sample sizes and precision",
            _precision(instrument, results),
        ),
        ("How the data were weighted", weighted),
        (
            "How the data were processed and procedures to ensure data quality",
            (f"Members were verified against a register with non-public proof; each could answer once. {_left_out(results)} "
            f"Cells of fewer than {freeze['minimum_cell']} people are pooled in tables by stratum. Counts can "
            "be recomputed from the published ballots."),
        ),
        (
            "Limitations",
            (f"“{card['subject']} …” is the strongest sentence this result permits: {card['because']}. Those who did not "
            "answer may think otherwise; worst-case bounds and tipping odds say by how much."),
        ),
    ]  # fmt: skip
    return [{"item": str(number), "title": title, "text": text} for number, (title, text) in enumerate(items, start=1)]


def _languages(freeze: dict[str, Any]) -> str:
    questionnaire = freeze["questionnaire"]
    return ", ".join([questionnaire["language"], *sorted(questionnaire.get("translations", {}))])


def _recruitment(freeze: dict[str, Any], instrument: Instrument) -> str:
    sample = freeze["sample"]
    if instrument == Instrument.SAMPLE_SURVEY:
        return (
            f"A stratified random sample of {sample['invited']:,} of {sum(sample['sizes'].values()):,} verified members, by "
            f"{' × '.join(sample['by'])}, {sample['design']['allocation']} allocation, drawn when the survey opened with the "
            f"seed {sample['seed']}; invited by mail, with at most two reminders. Nobody could join by choice."
            + _honorarium(freeze)
        )
    if instrument == Instrument.ATTEMPTED_CENSUS:
        return (
            f"All {sample['invited']:,} members who were verified at the opening were invited by mail, with at most two "
            f"reminders.{_honorarium(freeze)}"
        )
    return (
        "No sample was drawn. The poll was open to every verified member who came by; participants chose themselves."
        + (_honorarium(freeze))
    )


def _honorarium(freeze: dict[str, Any]) -> str:
    offer = freeze["honorarium"]
    return f" Honorarium: {offer['currency']} {offer['complete_cents'] / 100:,.2f}." if offer else ""


def _precision(instrument: Instrument, results: dict[str, Any]) -> str:
    card, fieldwork = results["card"], results.get("fieldwork") or {}
    rates = fieldwork.get("rates")
    if instrument == Instrument.SAMPLE_SURVEY:
        said = f"{card['respondents']:,} respondents of {card['members']:,} sampled"
        if rates:
            said += (
                f"; AAPOR response rate RR1 {rates['rr1']:.1%}, RR3 {rates['rr3']:.1%} (e = {rates['eligibility']:.2f})"
            )
        return (
            f"{said}. Intervals are margins of sampling error at 95%, with the design effect of the weights; they say "
            "nothing of those who were drawn and did not answer."
        )
    return (
        f"{card['respondents']:,} respondents, participation rate {card['participation']:.1%}. This is not a probability "
        "sample, so no margin of sampling error exists. Intervals are modelled: 95% under the assumption that, within "
        "weighting cells, answering is unrelated to the answer."
    )


def _left_out(results: dict[str, Any]) -> str:
    fieldwork = results.get("fieldwork") or {"left_out": 0, "rules": [], "events": []}
    said = (
        f"{fieldwork['left_out']:,} ballots were left out by rules declared before opening."
        if fieldwork["left_out"]
        else ("No ballot was left out.")
    )
    if fieldwork["rules"]:
        said += f" Declared: {' '.join(fieldwork['rules'])}"
    if fieldwork["events"]:
        said += f" Otherwise than planned: {' '.join(event['text'] for event in fieldwork['events'])}"
    return said


def reply_problem(text: str) -> str | None:
    """Why a reply cannot be taken, or None."""
    if not text.strip():
        return "Write the reply first."
    if len(text) > LONGEST_REPLY:
        return f"The reply has {len(text):,} characters; {LONGEST_REPLY:,} are the most."
    return None
