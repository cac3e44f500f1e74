"""Reads of publishing; what is here is public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from auscult.community.queries.postings import get_posting_of_survey
from auscult.evidence.bundle import add_replies
from auscult.evidence.signatures import key_fingerprint
from auscult.publishing import record
from auscult.publishing.models import Checkpoint, RecordEntry, Release
from auscult.publishing.replies import ReplyBox, get_reply_box, replies_as_json
from auscult.registry.queries import list_denominators
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import (
    Instrument,
    UnderDenominator,
    standardised_difference,
    under_denominators,
)
from auscult.surveys.models import Survey
from auscult.surveys.queries.ballots import QuestionBox, question_boxes
from auscult.surveys.queries.results import list_frame_shares
from auscult.surveys.questionnaire.document import Kind
from auscult.surveys.questionnaire.items import CHOSEN
from auscult.surveys.rules import INSTRUMENT_MEANING, INSTRUMENT_WORDS, SurveyState


@dataclass(frozen=True)
class ReleaseLine:
    """One release in a list, with its headline: the leading answers."""

    number: int
    title: str
    instrument: str
    published_at: datetime
    respondents: int
    subject: str
    headlines: list[tuple[str, str, float]]


@dataclass(frozen=True)
class StrataTable:
    """A suppressed table of one question by one variable, as shares of each row."""

    variable: str
    wording: str
    labels: list[str]
    rows: list[tuple[str, int, list[float]]]
    pooled: list[str]
    withheld: bool


@dataclass(frozen=True)
class BalanceLine:
    """One level of a margin before and after weighting, in words."""

    margin: str
    level: str
    population: float
    raw: float
    weighted: float
    raw_difference: float
    weighted_difference: float


@dataclass(frozen=True)
class DomainLine:
    """One answer of one group of a poll that compares members of an organisation with others."""

    wording: str
    group: str
    base: int
    label: str
    raw_share: float
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class SensitivityLine:
    """The leading answer of one question under every denominator that is loaded."""

    wording: str
    label: str
    raw_share: float
    weighted: list[tuple[str, date, int, bool, float | None]]
    denominators: list[UnderDenominator]


@dataclass(frozen=True)
class ReleasePage:
    """Everything on the page of a release."""

    number: int
    title: str
    instrument: str
    instrument_meaning: str
    freeze: dict[str, Any]
    results: dict[str, Any]
    domains: list[DomainLine]
    questions: list[QuestionBox]
    leading: dict[str, dict[str, Any]]
    disclosure: list[dict[str, str]]
    strata: list[StrataTable]
    balance: list[BalanceLine]
    collapsed: list[str]
    manifest: dict[str, Any]
    manifest_hash: str
    record_index: int
    published_at: datetime
    opened_at: datetime
    closed_at: datetime
    sensitivity: list[SensitivityLine]
    reply_box: ReplyBox
    posting_id: int | None
    bundle_bytes: int


VARIABLE_WORDS = {
    "specialty": "specialty",
    "region": "region",
    "sex": "sex",
    "career": "years since enumeration",
    "affiliation": "affiliation",
    "sampling_stratum": "stratum of the sample",
}
LEVEL_WORDS = {("sex", "F"): "female", ("sex", "M"): "male", ("sex", "U"): "not stated"}


def level_words(variable: str, level: str) -> str:
    """A level of a weighting variable, in words; of collapsed levels, each of them."""
    if " + " in level:
        return " + ".join(level_words(variable, part) for part in level.split(" + "))
    if variable == "career" and level[:1].isdecimal():
        return f"{level} years"
    return LEVEL_WORDS.get((variable, level), level.replace("|", " · "))


def get_release_page(standing: Standing, number: int) -> ReleasePage:
    """One release, for anybody.

    Raises:
        NotFound: no such release.
    """
    release = Release.objects.defer("bundle").filter(pk=number).first()
    if release is None:
        raise NotFound("There is no release of that number.")
    instrument = Instrument(release.freeze["instrument"])
    wording = {q["code"]: q for q in release.freeze["questions"]}
    strata = [
        StrataTable(
            VARIABLE_WORDS[table["variable"]],
            wording[table["question"]]["wording"],
            [choice["label"] for choice in wording[table["question"]]["choices"]],
            [
                (level_words(table["variable"], stratum), sum(counts), [count / sum(counts) for count in counts])
                for stratum, counts in zip(table["strata"], table["counts"], strict=True)
            ],
            [level_words(table["variable"], level) for level in table["pooled"]],
            table["withheld"],
        )
        for table in release.strata
    ]
    return ReleasePage(
        number=release.number,
        title=release.title,
        instrument=INSTRUMENT_WORDS[instrument],
        instrument_meaning=INSTRUMENT_MEANING[instrument],
        freeze=release.freeze,
        results=release.results,
        domains=_domains(release.freeze, release.results),
        questions=question_boxes(release.freeze, release.results, {}),
        leading={q["question"]: q["leading"] for q in release.results["questions"]},
        disclosure=release.disclosure,
        strata=strata,
        balance=_balance(release.results["weighting"]),
        collapsed=_collapsed(release.results["weighting"]),
        manifest=release.manifest,
        manifest_hash=release.manifest_hash,
        record_index=release.record_index,
        published_at=release.published_at,
        opened_at=datetime.fromisoformat(release.manifest["opened_at"]),
        closed_at=datetime.fromisoformat(release.manifest["closed_at"]),
        sensitivity=_sensitivity(release),
        reply_box=get_reply_box(standing, f"release:{number}"),
        posting_id=get_posting_of_survey(release.survey_id),
        bundle_bytes=_bundle_size(number),
    )


def _sensitivity(release: Release) -> list[SensitivityLine]:
    """Computed when asked, for a denominator may be loaded after the release; the released figures stay what they are."""
    frames = list_frame_shares(release.survey_id)
    denominators = [(f"{words}, {as_of:%Y}", persons) for _, words, persons, as_of in list_denominators()]
    asked = {
        q["code"]: (q["wording"], {c["code"]: c["label"] for c in q["choices"]}) for q in release.freeze["questions"]
    }
    lines = []
    for question in release.results["questions"]:
        wording, labels = asked[question["question"]]
        leading = next(a for a in question["answers"] if a["answer"] == question["leading"]["answer"])
        key = (question["question"], leading["answer"])
        lines.append(
            SensitivityLine(
                wording,
                labels[leading["answer"]],
                leading["raw_share"],
                [(f.definition, f.as_of, f.total, f.is_own, f.shares.get(key)) for f in frames],
                under_denominators(leading["count"], question["base"], denominators),
            )
        )
    return lines


def _domains(freeze: dict[str, Any], results: dict[str, Any]) -> list[DomainLine]:
    asked = {q["code"]: (q["wording"], {c["code"]: c["label"] for c in q["choices"]}) for q in freeze["questions"]}
    lines = []
    for row in results.get("domains") or []:
        wording, labels = asked[row["question"]]
        lines += [
            DomainLine(
                wording,
                row["domain"],
                row["base"],
                labels[a["answer"]],
                a["raw_share"],
                a["share"],
                a["low"],
                a["high"],
            )
            for a in row["answers"]
        ]
    return lines


def _balance(weighting: dict[str, Any] | None) -> list[BalanceLine]:
    lines = [
        BalanceLine(
            VARIABLE_WORDS[row["margin"]],
            level_words(row["margin"], row["level"]),
            row["population"],
            row["raw"],
            row["weighted"],
            round(standardised_difference(row["raw"], row["population"]), 6) + 0.0,
            round(standardised_difference(row["weighted"], row["population"]), 6) + 0.0,  # no minus zero
        )
        for row in (weighting["balance"] if weighting else [])
    ]
    order = list(VARIABLE_WORDS.values())
    return sorted(lines, key=lambda line: (order.index(line.margin), _career_order(line.level)))


def _career_order(level: str) -> int:
    first = level.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0]
    return int(first) if first.isdecimal() else 0


def _collapsed(weighting: dict[str, Any] | None) -> list[str]:
    return [
        f"By {VARIABLE_WORDS[c['margin']]}, {', '.join(level_words(c['margin'], level) for level in c['levels'])} are "
        "taken together, because one of them has too few respondents."
        for c in (weighting["collapsed"] if weighting else [])
    ]


def _bundle_size(number: int) -> int:
    from django.db.models import F
    from django.db.models.functions import Length

    size = Release.objects.filter(pk=number).annotate(size=Length(F("bundle"))).values_list("size", flat=True).first()
    return int(size or 0)


def list_releases(limit: int = 50) -> list[ReleaseLine]:
    """Newest releases with the leading answer of each question."""
    rows = Release.objects.values_list("number", "title", "freeze", "results", "published_at")[:limit]
    lines = []
    for number, title, freeze, results, published_at in rows:
        labels = {q["code"]: (q["wording"], {c["code"]: c["label"] for c in q["choices"]}) for q in freeze["questions"]}
        several = {q["code"] for q in freeze["questions"] if q["kind"] == Kind.MULTIPLE}
        headlines = []
        for question in results["questions"]:
            wording, choices = labels[question["question"]]
            answers = {a["answer"]: a for a in question["answers"]}
            # Of one choice among several what is said is that it was chosen, however few did.
            answer = answers[CHOSEN] if question["question"] in several else answers[question["leading"]["answer"]]
            headlines.append((wording, choices[answer["answer"]], answer["raw_share"]))
        lines.append(
            ReleaseLine(
                number,
                title,
                INSTRUMENT_WORDS[Instrument(freeze["instrument"])],
                published_at,
                results["card"]["respondents"],
                results["card"]["subject"],
                headlines,
            )
        )
    return lines


def get_bundle(number: int) -> bytes:
    """The bundle of a release, with the replies that it has by now.

    Raises:
        NotFound: no such release.
    """
    row = Release.objects.filter(pk=number).values_list("bundle", "record_index").first()
    if row is None:
        raise NotFound("There is no release of that number.")
    data = bytes(row[0])
    # The bundle holds the checkpoint that was signed right after its own entry.
    replies = replies_as_json(f"release:{number}", after=Checkpoint.objects.filter(tree_size=row[1] + 1).first())
    return add_replies(data, replies) if replies else data


def find_release_of(survey_public_id: str) -> int | None:
    """The release of a survey, or None while it is not published."""
    return Release.objects.filter(survey__public_id=survey_public_id).values_list("number", flat=True).first()


@dataclass(frozen=True)
class PublishLine:
    """A closed survey that waits for an editor."""

    survey_id: int
    title: str
    closed_at: datetime | None
    respondents: int


def list_publishable(standing: Standing) -> list[PublishLine]:
    """Closed surveys without a release, for an editor.

    Raises:
        NotFound: no editor.
    """
    if not standing.can(Permission.RELEASE_PUBLISH):
        raise NotFound
    published = Release.objects.values("survey_id")
    rows = Survey.objects.filter(state=SurveyState.CLOSED).exclude(pk__in=published).order_by("-closed_at")
    return [PublishLine(*row) for row in rows.values_list("pk", "title", "closed_at", "respondents")[:100]]


@dataclass(frozen=True)
class RecordPage:
    """The record: newest entries and the newest checkpoint."""

    entries: list[RecordEntry]
    checkpoint: Checkpoint | None
    key: str
    next_before: int | None


def get_record_page(*, before: int | None = None, limit: int = 50) -> RecordPage:
    """Newest entries first.

    Args:
        before: show entries with a smaller index.
    """
    entries = RecordEntry.objects.order_by("-index")
    if before is not None:
        entries = entries.filter(index__lt=before)
    shown = list(entries[:limit])
    checkpoint = Checkpoint.objects.first()
    next_before = shown[-1].index if shown and shown[-1].index > 0 else None
    return RecordPage(shown, checkpoint, key_fingerprint(checkpoint.public_key) if checkpoint else "", next_before)


@dataclass(frozen=True)
class EntryPage:
    """One entry with its proof in the newest checkpoint."""

    entry: RecordEntry
    checkpoint: Checkpoint
    proof: list[str]
    leaf: str


def get_entry_page(index: int) -> EntryPage:
    """One entry of the record.

    Raises:
        NotFound: no such entry.
    """
    entry = RecordEntry.objects.filter(pk=index).first()
    checkpoint = Checkpoint.objects.filter(tree_size__gt=index).first()
    if entry is None or checkpoint is None:
        raise NotFound("The record has no such entry.")
    return EntryPage(entry, checkpoint, record.proof_of(index, checkpoint), bytes(entry.leaf).hex())
