"""Questionnaires of tests: short to write, and at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from auscult.surveys.questionnaire.document import (
    FORMAT,
    All,
    Any_,
    Asks,
    Choice,
    Condition,
    Exclusions,
    Kind,
    Not,
    Question,
    Questionnaire,
    Quota,
    Row,
    Section,
    Test,
)

Json = dict[str, Any]


def parts(*codes: str, **marks: str) -> list[Json]:
    """Choices or rows whose labels are their codes in capitals; ``exclusive="c"`` marks one."""
    marked = {code: {mark: True} for mark, code in marks.items()}
    return [{"code": code, "label": code.upper()} | marked.get(code, {}) for code in codes]


def single(code: str, *codes: str, **fields: Any) -> Json:
    return {"code": code, "kind": "single", "wording": f"{code}?", "choices": parts(*(codes or ("a", "b")))} | fields


def several(code: str, *codes: str, exclusive: str = "", **fields: Any) -> Json:
    choices = parts(*(codes or ("a", "b", "c")), exclusive=exclusive)
    return {"code": code, "kind": "multiple", "wording": f"{code}?", "choices": choices} | fields


def ranking(code: str, *codes: str, **fields: Any) -> Json:
    return single(code, *(codes or ("a", "b", "c")), **({"kind": "ranking"} | fields))


def matrix(code: str, *rows: str, **fields: Any) -> Json:
    return single(code, "no", "yes", **({"kind": "matrix", "rows": parts(*(rows or ("r", "s")))} | fields))


def number(code: str, **fields: Any) -> Json:
    return {"code": code, "kind": "numeric", "wording": f"{code}?", "bands": [20, 40]} | fields


def day(code: str, **fields: Any) -> Json:
    return {"code": code, "kind": "date", "wording": f"{code}?", "bands": ["2026-01-01"]} | fields


def text(code: str, **fields: Any) -> Json:
    return {"code": code, "kind": "text", "wording": f"{code}?"} | fields


def asks(question: str, *codes: str, **test: Any) -> Json:
    """A condition: ``asks("q", "a", "b")`` is any of these codes, ``asks("q", at_least=3)``, ``asks("q")`` answered."""
    tested = (
        test if {"at_least", "at_most"} & set(test) else test | ({"is": list(codes)} if codes else {"answered": True})
    )
    return {"question": question} | tested


def page(code: str, *questions: Json, **fields: Any) -> Json:
    return {"code": code, "title": code.upper(), "questions": list(questions)} | fields


def document(*questions_or_pages: Json, **fields: Any) -> Json:
    """A document of pages, or of one page with these questions."""
    are_pages = bool(questions_or_pages) and "questions" in questions_or_pages[0]
    sections = list(questions_or_pages) if are_pages else [page("s1", *questions_or_pages)]
    return {"format": FORMAT, "title": "A survey", "sections": sections} | fields


# --- at random ------------------------------------------------------------------------------------------------------

_CODES = ("a", "b", "c")
_words = st.text("aä .?“\n", max_size=12).map(lambda drawn: f"w{drawn}")


@st.composite
def _tests(draw: st.DrawFn, question: Question) -> Asks:
    row = draw(st.sampled_from(question.rows)).code if question.rows else ""
    kinds = [Test.ANSWERED]
    if question.choices:
        kinds += [Test.IS] * 3
    if question.kind in (Kind.NUMERIC, Kind.DATE):
        kinds += [Test.AT_LEAST, Test.AT_MOST]
    test = draw(st.sampled_from(kinds))
    if test == Test.IS:
        codes = [choice.code for choice in question.choices]
        values = tuple(draw(st.lists(st.sampled_from(codes), min_size=1, max_size=2, unique=True)))
        return Asks(question.code, test, values, row)
    if test == Test.ANSWERED:
        return Asks(question.code, test, (), row if draw(st.booleans()) else "")
    days = [f"2026-01-0{n}" for n in range(1, 5)]
    edge = draw(st.sampled_from(days) if question.kind == Kind.DATE else st.integers(0, 4))
    return Asks(question.code, test, (edge,))


def conditions(questions: list[Question]) -> st.SearchStrategy[Condition]:
    """Conditions that ask about some of these questions."""
    leaf: st.SearchStrategy[Condition] = st.sampled_from(questions).flatmap(_tests)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda found: All(tuple(found))),
            st.lists(inner, min_size=1, max_size=3).map(lambda found: Any_(tuple(found))),
            inner.map(Not),
        ),
        max_leaves=4,
    )


@st.composite
def _questions(draw: st.DrawFn, code: str, kinds: tuple[Kind, ...]) -> Question:
    kind = draw(st.sampled_from(kinds))
    fields: dict[str, Any] = {"required": draw(st.booleans()), "help": draw(st.just("") | _words)}
    if kind in (Kind.SINGLE, Kind.LIKERT, Kind.MULTIPLE, Kind.RANKING, Kind.MATRIX):
        codes = _CODES[: 2 if kind == Kind.MATRIX else draw(st.integers(2, 3))]
        alone = draw(st.sampled_from(["", "c"])) if kind == Kind.MULTIPLE else ""
        fields["choices"] = tuple(Choice(each, f"{each} {draw(_words)}", exclusive=each == alone) for each in codes)
        fields["shuffle"] = draw(st.booleans())
        free = sum(not choice.exclusive for choice in fields["choices"])
        if kind in (Kind.MULTIPLE, Kind.RANKING):
            fields["most"] = draw(st.integers(0, len(codes)))
            fields["least"] = draw(st.integers(0, min(fields["most"] or free, free)))
    if kind == Kind.MATRIX:
        fields["rows"] = tuple(Row(each, f"{each} {draw(_words)}") for each in ("r", "s"))
    if kind == Kind.NUMERIC:
        fields |= {"minimum": draw(st.integers(0, 1)), "maximum": draw(st.integers(2, 4)), "bands": (2,), "unit": "h"}
    if kind == Kind.DATE:
        fields |= {"minimum": "2026-01-01", "maximum": "2026-01-03", "bands": ("2026-01-02",)}
    return Question(code, kind, draw(_words), **fields)


@st.composite
def questionnaires(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind), most: int = 6) -> Questionnaire:
    """Valid complete questionnaires."""
    before: list[Question] = []
    sections: list[Section] = []
    count = draw(st.integers(1, most))
    cut = draw(st.integers(0, count))
    for name, numbers in (("s1", range(cut)), ("s2", range(cut, count))):
        shuffle = draw(st.booleans())
        here: list[Question] = []
        show_if = draw(st.none() | conditions(before)) if before else None
        for n in numbers:
            question = draw(_questions(f"q{n}", kinds))
            earlier = before if shuffle else before + here
            changes: dict[str, Any] = {}
            if earlier:
                changes["show_if"] = draw(st.none() | conditions(earlier))
            if n < 5:
                changes["screen_out_if"] = draw(st.none() | conditions([*earlier, question]))
            here.append(Question(**{**vars(question), **changes}))
        sections.append(Section(name, draw(_words).strip(), draw(st.just("") | _words), tuple(here), shuffle, show_if))
        before += here
    quotas = (Quota("quota1", "Group", draw(conditions(before)), draw(st.integers(1, 99))),)
    return Questionnaire(
        draw(_words).strip(),
        tuple(sections),
        translations=draw(st.just({}) | st.just({"de": {"title": "Titel", "question.q0": "Wie?"}})),
        quotas=draw(st.sampled_from([(), quotas])),
        exclusions=Exclusions(draw(st.sampled_from([0.0, 0.3])), draw(st.booleans()), draw(st.booleans())),
        thanks=draw(st.just("") | _words),
    )
