from dataclasses import replace

import pytest

from auscult.surveys.questionnaire.document import Exclusions
from auscult.surveys.questionnaire.quality import ATTENTION, DUPLICATE, SPEEDER, STRAIGHTLINER, BallotFacts, assess
from auscult.surveys.questionnaire.reading import read_questionnaire
from tests.surveys.questionnaire.documents import asks, document, matrix, page, parts, single

ROWS = ("r1", "r2", "r3", "r4")
SURVEY = read_questionnaire(
    document(
        page("s1", *(single(f"q{n}") for n in range(8))),
        page("s2", matrix("m1", *ROWS), matrix("m2", *ROWS), matrix("small", "r1", "r2")),
        page("s3", single("check", attention="b")),
        exclusions={"speeders": 0, "straightliners": False, "attention": False, "duplicates": False},
    )
)
SAME = dict.fromkeys(ROWS, "yes")
MIXED = SAME | {"r4": "no"}


def reasons(*ballots, rules=None):
    survey = replace(SURVEY, exclusions=rules) if rules else SURVEY
    return assess(survey, [b if isinstance(b, BallotFacts) else BallotFacts(0, b) for b in ballots])


def test_who_took_less_than_three_tenths_of_the_median_is_fast():
    found = reasons(*(BallotFacts(seconds, {"q0": "a"}) for seconds in (100, 100, 100, 30, 29, 0)))
    # The median of the five known times; an unknown time is no fast one.
    assert found.median_seconds == 100
    assert [SPEEDER in each for each in found.reasons] == [False, False, False, False, True, False]
    assert found.counts == {SPEEDER: 1}


def test_the_declared_part_of_the_median_goes_before_that_of_the_report():
    ballots = [BallotFacts(seconds, {"q0": "a"}) for seconds in (100, 100, 49, 25)]
    # Median 74.5, half of it 37.25.
    found = reasons(*ballots, rules=Exclusions(speeders=0.5))
    assert [bool(each) for each in found.excluded] == [False, False, False, True]


def test_without_times_nobody_is_fast():
    found = reasons({"q0": "a"}, {"q0": "b"})
    assert (found.median_seconds, found.counts) == (0.0, {})


@pytest.mark.parametrize(
    ("answers", "straight"),
    [
        ({"m1": SAME}, True),
        ({"m1": SAME, "m2": dict.fromkeys(ROWS, "no")}, True),
        ({"m1": SAME, "m2": MIXED}, False),
        ({"m1": MIXED}, False),
        ({"m1": {"r1": "yes", "r2": "yes", "r3": "yes"}}, False),
        ({"m1": SAME, "m2": {"r1": "yes", "r2": "no"}}, True),
        ({"small": {"r1": "yes", "r2": "yes"}}, False),
        ({"q0": "a"}, False),
    ],
)
def test_straightliners_give_one_answer_in_every_row_of_every_long_matrix(answers, straight):
    assert (STRAIGHTLINER in reasons(answers).reasons[0]) is straight


def test_an_attention_check_is_failed_by_another_answer_and_not_by_none():
    found = reasons({"check": "b"}, {"check": "a"}, {"q0": "a"})
    assert [ATTENTION in each for each in found.reasons] == [False, True, False]


def whole(**changes):
    return {f"q{n}": "a" for n in range(8)} | changes


def test_of_long_ballots_that_are_equal_all_but_one_are_duplicates():
    turned = dict(reversed(whole().items()))
    found = reasons(whole(), whole(q0="b"), turned, whole())
    assert [DUPLICATE in each for each in found.reasons] == [False, False, True, True]


def test_short_ballots_may_be_equal_by_chance():
    short = whole()
    del short["q7"]
    assert reasons(short, short).counts == {}


def test_how_many_are_duplicates_does_not_hang_on_the_order():
    ballots = [whole(), whole(q0="b"), whole(), whole(q0="b"), whole(q1="b")]
    assert reasons(*ballots).counts == reasons(*reversed(ballots)).counts == {DUPLICATE: 2}


EVERY_FAULT = [
    *(BallotFacts(100, {"q0": "a"}) for _ in range(3)),
    BallotFacts(5, {"q0": "b"}),
    BallotFacts(100, {"m1": SAME}),
    BallotFacts(100, {"check": "a"}),
    BallotFacts(100, whole()),
    BallotFacts(100, whole()),
]


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        (Exclusions(0, attention=False), []),
        (Exclusions(0.3, attention=False), [3]),
        (Exclusions(0, straightliners=True, attention=False), [4]),
        (Exclusions(0), [5]),
        (Exclusions(0, attention=False, duplicates=True), [7]),
        (Exclusions(0.3, True, True, True), [3, 4, 5, 7]),
    ],
)
def test_only_declared_rules_leave_ballots_out_and_all_signs_are_reported(rules, left_out):
    found = reasons(*EVERY_FAULT, rules=rules)
    assert [n for n, each in enumerate(found.excluded) if each] == left_out
    assert found.counts == {SPEEDER: 1, STRAIGHTLINER: 1, ATTENTION: 1, DUPLICATE: 1}


def test_declared_rules_are_said_in_sentences():
    found = reasons(rules=Exclusions(0.3, True, True, True))
    assert found.rule_texts == (
        "Ballots answered in less than 30% of the median time are left out.",
        "Ballots with one and the same answer in every row of every matrix are left out.",
        "Ballots that fail an attention check are left out.",
        "Ballots whose every answer equals another's are counted once.",
    )
    assert reasons().rule_texts == ()


def test_a_rule_on_checks_that_are_not_asked_is_not_said_and_quotas_are():
    quota = {"code": "k", "label": "Surgeons", "holds_if": asks("q", "a"), "most": 1200}
    survey = read_questionnaire(document(single("q", choices=parts("a", "b")), quotas=[quota]))
    assert survey.exclusions.attention
    assert assess(survey, []).rule_texts == ("At most 1,200 of: Surgeons.",)
