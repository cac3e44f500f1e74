"""Questionnaires for tests: by hand, and by dice."""

from dataclasses import replace
from datetime import date
from random import Random

from hypothesis import strategies as st

from auscult.surveys.questionnaire.document import (
    FORMAT,
    LIKERT_POINTS,
    WITH_CHOICES,
    All,
    Any_,
    Asks,
    Choice,
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
from auscult.surveys.questionnaire.reading import read_questionnaire


def choices(*codes, **marks):
    return tuple(
        Choice(code, f"Label {code}", **({mark: True for mark in marks if code in marks[mark]})) for code in codes
    )


def single(code="q1", *codes, **changes):
    return Question(code, Kind.SINGLE, f"Wording {code}", choices=choices(*(codes or ("a", "b", "c"))), **changes)


def multiple(code="q1", *codes, exclusive=(), **changes):
    made = choices(*(codes or ("a", "b", "c")), exclusive=exclusive)
    return Question(code, Kind.MULTIPLE, f"Wording {code}", choices=made, **changes)


def ranking(code="q1", *codes, **changes):
    return Question(code, Kind.RANKING, f"Wording {code}", choices=choices(*(codes or ("a", "b", "c"))), **changes)


def numeric(code="q1", **changes):
    return Question(code, Kind.NUMERIC, f"Wording {code}", **({"bands": (10, 20)} | changes))


def day(code="q1", **changes):
    return Question(code, Kind.DATE, f"Wording {code}", **({"bands": ("2009-01-01", "2010-01-01")} | changes))


def text(code="q1", **changes):
    return Question(code, Kind.TEXT, f"Wording {code}", **changes)


def matrix(code="q1", *rows, columns=("a", "b"), **changes):
    made = tuple(Row(row, f"Row {row}") for row in rows or ("r1", "r2"))
    return Question(code, Kind.MATRIX, f"Wording {code}", choices=choices(*columns), rows=made, **changes)


def likert(code="q1", **changes):
    made = tuple(Choice(point, label) for point, label in LIKERT_POINTS)
    return Question(code, Kind.LIKERT, f"Wording {code}", choices=made, **changes)


def questionnaire(*questions, **changes):
    """One page of these questions."""
    return Questionnaire("A title", changes.pop("sections", (Section("s1", "", questions=questions),)), **changes)


def is_(question, *codes, row=""):
    return Asks(question, Test.IS, codes, row)


def at_least(question, value):
    return Asks(question, Test.AT_LEAST, (value,))


def at_most(question, value):
    return Asks(question, Test.AT_MOST, (value,))


def answered(question, row=""):
    return Asks(question, Test.ANSWERED, (), row)


def document(*questions, **more):
    """JSON with one page of these questions (as JSON)."""
    return {"format": FORMAT, "title": "T", "sections": [{"code": "s1", "questions": list(questions)}]} | more


ONE = {
    "code": "q1",
    "kind": "single",
    "wording": "One?",
    "choices": [{"code": "a", "label": "A"}, {"code": "b", "label": "B"}],
}


def read(*questions, complete=True, **more):
    return read_questionnaire(document(*questions, **more), complete=complete)


CODES = ("a", "b", "not", "or", "at")
ALPHABET = "aB ß|[]\n<&>“é中🩺"


def words(dice, most=6):
    return "".join(dice.choices(ALPHABET, k=dice.randint(0, most)))


def number(dice):
    return dice.choice((dice.randint(-50, 50), round(dice.uniform(-50, 50), 2)))


def iso_day(dice):
    return date.fromordinal(733_000 + dice.randint(0, 3000)).isoformat()


def make_question(dice, code, kind, widest=4):
    """A question of a kind without conditions."""
    fields = {"help": words(dice), "required": dice.random() < 0.3, "shuffle": dice.random() < 0.5}
    count = dice.randint(2, widest)
    if kind in WITH_CHOICES:
        fields["choices"] = tuple(
            Choice(
                each,
                f"{place} {words(dice)}",
                exclusive=kind == Kind.MULTIPLE and dice.random() < 0.3,
                fixed=dice.random() < 0.3,
                neutral=dice.random() < 0.3,
            )
            for place, each in enumerate(CODES[:count])
        )
    if kind == Kind.MATRIX:
        fields["rows"] = tuple(Row(f"r{n}", f"{n} {words(dice)}") for n in range(dice.randint(1, widest - 1)))
    if kind in (Kind.MULTIPLE, Kind.RANKING):
        fields["most"] = dice.randint(0, count)
    if kind == Kind.MULTIPLE:
        fields["least"] = dice.randint(0, fields["most"] or count)
    if kind in (Kind.SINGLE, Kind.LIKERT):
        fields["attention"] = dice.choice(("", "a"))
    if kind in (Kind.NUMERIC, Kind.DATE):
        make = number if kind == Kind.NUMERIC else iso_day
        found = sorted({make(dice) for _ in range(dice.randint(1, 4))})
        fields |= {"bands": tuple(found[1:] or found), "unit": words(dice)}
        if len(found) > 1:
            fields |= {"minimum": found[0], "maximum": dice.choice(("", found[-1]))}
    return Question(code, kind, f"Wording {words(dice)}", **fields)


def make_test(dice, question):
    """A condition on one question."""
    row = dice.choice(question.rows).code if question.rows else ""
    if question.kind in (Kind.NUMERIC, Kind.DATE) and dice.random() < 0.8:
        bound = number(dice) if question.kind == Kind.NUMERIC else iso_day(dice)
        return Asks(question.code, dice.choice((Test.AT_LEAST, Test.AT_MOST)), (bound,))
    if question.choices and dice.random() < 0.8:
        codes = [choice.code for choice in question.choices]
        return Asks(question.code, Test.IS, tuple(dice.sample(codes, dice.randint(1, len(codes) - 1))), row)
    return Asks(question.code, Test.ANSWERED, (), row and dice.choice(("", row)))


def make_condition(dice, known, depth=2):
    """A condition on known questions."""
    kind = dice.choice(("test", "test", "not", "all", "any")) if depth else "test"
    if kind == "test":
        return make_test(dice, dice.choice(known))
    if kind == "not":
        return Not(make_condition(dice, known, depth - 1))
    parts = tuple(make_condition(dice, known, depth - 1) for _ in range(dice.randint(1, 3)))
    return All(parts) if kind == "all" else Any_(parts)


def make_questionnaire(dice, kinds=tuple(Kind), most=6, extras=True, conditional=0.5, widest=4):
    """A complete questionnaire with conditions and screeners; with extras also quotas, translations, shuffled pages."""
    known, sections = [], []
    for page in range(dice.randint(1, 3)):
        asked, before = [], list(known)
        shuffle = extras and dice.random() < 0.3
        for _ in range(dice.randint(0 if known else 1, max(1, most // 2))):
            if len(known) == most:
                break
            question = make_question(dice, f"q{len(known) + 1}", dice.choice(kinds), widest)
            earlier = before if shuffle else known
            if earlier and dice.random() < conditional:
                question = replace(question, show_if=make_condition(dice, earlier))
            if dice.random() < 0.25 and sum(q.screen_out_if is not None for q in known) < 5:
                question = replace(question, screen_out_if=make_condition(dice, [*earlier, question]))
            asked.append(question)
            known.append(question)
        show_if = make_condition(dice, before) if before and dice.random() < conditional else None
        sections.append(Section(f"s{page}", words(dice), words(dice), tuple(asked), shuffle, show_if))
    if not extras:
        return Questionnaire("Title", tuple(sections))
    quotas = tuple(
        Quota(f"k{n}", f"Quota {n}", make_condition(dice, known), dice.randint(1, 9)) for n in range(dice.randint(0, 2))
    )
    return Questionnaire(
        f"T{words(dice)}".strip(),
        tuple(sections),
        dice.choice(("en", "pt-BR")),
        words(dice),
        words(dice),
        dice.choice(({}, {"de": {"title": "Titel", f"question.{known[0].code}": words(dice)}})),
        quotas,
        Exclusions(dice.choice((0.0, 0.3)), *(dice.random() < 0.5 for _ in range(3))),
    )


def seeded(make, **options):
    """A strategy of what is made from dice. Ten times as fast as strategies all the way down, so that many are tried."""
    return st.integers(0, 2**32).map(lambda seed: make(Random(seed), **options))


questionnaires = seeded(make_questionnaire)
