"""Texts, differences, sentences, clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.voice import rules
from auscult.voice.rules import APPEAL_STEPS, AddresseeState, AppealState, AppealText, Clock, StatementNow

words = st.lists(st.sampled_from("alpha beta gamma delta the of codes".split()), max_size=12).map(" ".join)


@given(words, words)
def test_a_word_diff_holds_both_texts(old, new):
    parts = rules.word_diff(old, new)

    def text(without):
        return " ".join("".join(f"{p.text} " for p in parts if p.kind != without).split())

    assert text("gone") == new
    assert text("come") == old


def test_words_that_agree_by_chance_are_not_woven_together():
    parts = rules.word_diff("Create an alternative to the codes.", "End systemic support of all that money.")
    assert [part.kind for part in parts] == ["gone", "come"]
    parts = rules.word_diff("Publish what it costs us.", "Publish what it costs and why.")
    assert [(p.kind, p.text.strip()) for p in parts] == [
        ("same", "Publish what it costs"), ("gone", "us."), ("come", "and why."),
    ]  # fmt: skip


def test_clauses_are_counted_as_changed_unless_they_stand_word_for_word():
    assert rules.clauses_changed(("a", "b", "c", "d"), ("x", "y", "z", "d")) == 3
    assert rules.clauses_changed(("a", "b"), ("b", "a")) == 0
    assert rules.clauses_changed(("a", "b"), ("a",)) == 1
    assert rules.clauses_changed((), ("a",)) == 0


def test_the_sentence_of_september_2009():
    said = rules.appeal_sentence(
        signed=10_000, signed_version=1, delivered_version=2, reaffirmed=0, changed=3, clauses=4
    )
    assert said == "10,000 signed version 1; version 2 delivered; 0 re-affirmed; 3 of 4 clauses changed"
    same = rules.appeal_sentence(signed=7, signed_version=1, delivered_version=1, reaffirmed=0, changed=0, clauses=4)
    assert same == "7 signed version 1; version 1 delivered, the text that was signed"
    assert rules.appeal_sentence(
        signed=7, signed_version=1, delivered_version=None, reaffirmed=0, changed=0, clauses=4
    ) == "7 signed version 1"  # fmt: skip


def test_the_hash_is_of_the_text_and_nothing_else():
    text = AppealText("T", "P", ("a", "b"))
    assert text.sha256() == AppealText("T", "P", ("a", "b")).sha256()
    for other in (AppealText("t", "P", ("a", "b")), AppealText("T", "", ("a", "b")), AppealText("T", "P", ("a b",))):
        assert other.sha256() != text.sha256()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AppealText("", "", ("a",)), "a title"),
        (AppealText("x" * 161, "", ("a",)), "a title"),
        (AppealText("t", "x" * 3001, ("a",)), "preamble"),
        (AppealText("t", "", ()), "asks for something"),
        (AppealText("t", "", ("a", "")), "asks for something"),
        (AppealText("t", "", ("a", "a")), "read the same"),
        (AppealText("t", "", ("x" * 1001,)), "A clause has at most"),
    ],
)
def test_texts_that_cannot_be_appeals(text, said):
    assert said in (rules.appeal_problem(text) or "")


def test_no_step_leads_back():
    order = [AppealState.DRAFT, AppealState.REVIEW, AppealState.OPEN, AppealState.CLOSED, AppealState.DELIVERED]
    for state, following in APPEAL_STEPS.items():
        for step in following:
            assert step == AppealState.REFUSED or order.index(step) == order.index(state) + 1


SENT = datetime(2009, 9, 14, 14, tzinfo=UTC)


@given(st.integers(0, 100), st.one_of(st.none(), st.integers(0, 90)))
def test_silence_follows_from_dates_alone(days, answered_after):
    now = SENT + timedelta(days=days)
    answered_at = SENT + timedelta(days=answered_after) if answered_after is not None else None
    state = rules.addressee_state(sent_at=SENT, answer="answered", answered_at=answered_at, now=now)
    if answered_at is not None and answered_at <= now:
        assert state == AddresseeState.ANSWERED
    else:
        assert state == (AddresseeState.SILENT if days >= 30 else AddresseeState.AWAITED)


def test_clocks():
    clock = Clock("answer", SENT, None)
    assert not clock.is_over(SENT - timedelta(days=2))
    assert clock.days(SENT - timedelta(days=2)) == 2
    assert clock.is_over(SENT + timedelta(days=5))
    assert Clock("answer", SENT, SENT - timedelta(days=1)).is_over(SENT + timedelta(days=99)) is False


def test_flows_between_two_counts():
    def said(row, stance):
        return StatementNow(row, stance, SENT)

    before = {1: said(1, "speaks"), 2: said(2, "speaks"), 3: said(3, "partly"), 4: said(4, "partly")}
    after = {1: said(1, "speaks"), 2: said(7, "does_not"), 5: said(8, "speaks"), 3: said(9, "partly")}
    flows = rules.count_flows(before, after, {4})
    assert flows == {"new": 1, "renewed": 1, "switched": 1, "revoked": 1, "expired": 0}
    # Who only renews changes nothing that is published.
    assert rules.count_changes(flows) == 3
    assert rules.count_flows(before, {}, set())["expired"] == 4


def test_flows_and_shares_are_shown_only_where_nobody_can_be_had_by_subtraction():
    assert rules.publishable_flows({"new": 0, "revoked": 9, "expired": 10}) is None
    assert rules.publishable_flows({"new": 0, "revoked": 12, "expired": 10}) == {"new": 0, "revoked": 12, "expired": 10}
    assert [rules.publishable_share(n, 100) for n in (0, 1, 9, 10, 90, 91, 99, 100)] == [
        0, None, None, 0.1, 0.9, None, None, 1,
    ]  # fmt: skip
