"""Reading a questionnaire from its JSON, whose shape is published as JSON Schema (``schema.json`` beside this file)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from auscult.surveys.questionnaire.checking import check_questionnaire
from auscult.surveys.questionnaire.document import (
    FORMAT,
    All,
    Any_,
    Asks,
    Choice,
    Condition,
    Exclusions,
    FaultyQuestionnaire,
    Kind,
    Not,
    Question,
    Questionnaire,
    Quota,
    Row,
    Section,
    Test,
)

SCHEMA_FILE = Path(__file__).with_name("schema.json")


@cache
def schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12)."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return loaded


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def _place(path: Sequence[str | int]) -> str:
    words = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return words or "the document"


def _words(error: jsonschema.ValidationError) -> str:
    """A violation of the schema in words for people."""
    limit: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "maxLength":
            return f"it has {len(instance):,} characters; write at most {limit} characters."
        case "minLength":
            return "write something here; it is empty."
        case "maxItems":
            return f"there are {len(instance)}; at most {limit} are taken."
        case "minItems":
            return f"there are {len(instance)}; at least {limit} are needed."
        case "pattern":
            said = str(instance)[:60]
            return f"“{said}” will not do: codes are lower-case letters, digits and _, beginning with a letter."
        case "enum" | "const":
            return f"“{str(instance)[:60]}” is none of {limit}."
        case _:
            # What is wrong stands at the end, behind the value.
            return error.message if len(error.message) < 200 else "…" + error.message[-160:]


def read_questionnaire(value: Any, *, complete: bool = True) -> Questionnaire:
    """Read a questionnaire from its JSON.

    Args:
        value: what ``json.loads`` gave.
        complete: also refuse what is fine in a draft only: no question, an empty wording, too few choices.

    Raises:
        FaultyQuestionnaire: names the place and says what to do.
    """
    try:
        return _read(value, complete=complete)
    except RecursionError as error:
        raise FaultyQuestionnaire("A condition is nested too deeply. Write it shorter.") from error


def _read(value: Any, *, complete: bool) -> Questionnaire:
    if not isinstance(value, dict):
        raise FaultyQuestionnaire("A questionnaire is one JSON object; see the published schema.")
    _require_storable(value)
    if value.get("format") != FORMAT:
        raise FaultyQuestionnaire(f"The field “format” must be “{FORMAT}”.")
    error = jsonschema.exceptions.best_match(_validator().iter_errors(value))
    if error is not None:
        raise FaultyQuestionnaire(f"At {_place(list(error.absolute_path))}: {_words(error)}")
    questionnaire = Questionnaire(
        title=value["title"].strip(),
        sections=tuple(_section(section) for section in value["sections"]),
        language=value.get("language", "en"),
        introduction=value.get("introduction", ""),
        thanks=value.get("thanks", ""),
        translations=value.get("translations", {}),
        quotas=tuple(
            Quota(q["code"], q["label"], read_condition(q["holds_if"]), int(q["most"])) for q in value.get("quotas", ())
        ),
        exclusions=Exclusions(**value.get("exclusions", {})),
    )
    check_questionnaire(questionnaire, complete=complete)
    return questionnaire


def _require_storable(value: Mapping[str, Any]) -> None:
    """Refuse what Python takes for JSON and a database does not: NaN, Infinity, halves of characters, character 0."""
    try:
        written = json.dumps(value, allow_nan=False, ensure_ascii=False)
        written.encode()
    except (TypeError, ValueError) as error:
        raise FaultyQuestionnaire(
            "The document holds a number or character that JSON does not have, such as NaN. Take it out."
        ) from error
    if "\\u0000" in written:
        raise FaultyQuestionnaire("A text holds the character 0. Take it out.")


def _section(value: Mapping[str, Any]) -> Section:
    return Section(
        value["code"],
        value.get("title", ""),
        value.get("text", ""),
        tuple(_question(question) for question in value["questions"]),
        value.get("shuffle", False),
        read_condition(value["show_if"]) if "show_if" in value else None,
    )


def _question(value: Mapping[str, Any]) -> Question:
    plain = {
        key: value[key]
        for key in ("code wording help required shuffle minimum maximum unit attention".split())
        if key in value
    }
    return Question(
        kind=Kind(value["kind"]),
        choices=tuple(Choice(**choice) for choice in value.get("choices", ())),
        rows=tuple(Row(**row) for row in value.get("rows", ())),
        # JSON Schema takes 2.0 for a whole number.
        most=int(value.get("most", 0)),
        least=int(value.get("least", 0)),
        bands=tuple(value.get("bands", ())),
        show_if=read_condition(value["show_if"]) if "show_if" in value else None,
        screen_out_if=read_condition(value["screen_out_if"]) if "screen_out_if" in value else None,
        **plain,
    )


def read_condition(value: Mapping[str, Any]) -> Condition:
    """A condition from its JSON, whose shape the schema has checked."""
    if "all" in value:
        return All(tuple(read_condition(part) for part in value["all"]))
    if "any" in value:
        return Any_(tuple(read_condition(part) for part in value["any"]))
    if "not" in value:
        return Not(read_condition(value["not"]))
    row = value.get("row", "")
    if "is" in value:
        return Asks(value["question"], Test.IS, tuple(value["is"]), row)
    if "at_least" in value:
        return Asks(value["question"], Test.AT_LEAST, (value["at_least"],), row)
    if "at_most" in value:
        return Asks(value["question"], Test.AT_MOST, (value["at_most"],), row)
    return Asks(value["question"], Test.ANSWERED, (), row)
