"""The state machines of agreements, as properties: whatever is tried, in whatever order."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.partnerships import rules
from auscult.partnerships.rules import (
    FINAL,
    REPLY_WINDOW,
    AgreementFacts,
    AgreementState,
    GrantFacts,
    NoticeFact,
    NoticeKind,
    ObligationDraft,
    OccurrenceState,
    Side,
    StepFact,
    StepKind,
)

DUE = date(2008, 2, 29)
BEGINS = datetime(2008, 2, 1, 12, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago")]
tries = st.lists(
    st.tuples(st.sampled_from(list(StepKind)), st.sampled_from(list(Side)), st.integers(0, 40)), max_size=25
)


def play(moves, zone=UTC):
    """Take each step that is open when its time comes; returns (kind, side, at) of those that were taken."""
    now, steps, taken = BEGINS, [], []
    for kind, side, days in moves:
        now += timedelta(days=days)
        if kind in rules.steps_open_to(side, Side.B, DUE, steps, now, zone):
            steps.append(StepFact(kind, now))
            taken.append((kind, side, now))
    return steps, taken, now


@given(tries, st.sampled_from(ZONES))
def test_no_path_from_overdue_to_breached_without_a_reply_window(moves, zone):
    steps, taken, _ = play(moves, zone)
    for index, (kind, side, at) in enumerate(taken):
        if kind not in {StepKind.BREACH, StepKind.EXCUSE}:
            continue
        assert side == Side.ARBITER
        alleged = max(i for i in range(index) if steps[i].kind == StepKind.ALLEGE)
        answered = any(steps[i].kind == StepKind.ANSWER for i in range(alleged, index))
        assert answered or at >= steps[alleged].at + REPLY_WINDOW


@given(tries, st.sampled_from(ZONES))
def test_nothing_is_alleged_before_it_was_due_and_nobody_acts_for_the_other_side(moves, zone):
    for kind, side, at in play(moves, zone)[1]:
        if kind == StepKind.ALLEGE:
            assert rules.day_of(at, zone) > DUE
        own = {StepKind.SUBMIT, StepKind.ANSWER}
        ruling = {StepKind.BREACH, StepKind.EXCUSE}
        assert side == (Side.B if kind in own else Side.ARBITER if kind in ruling else Side.A)


@given(tries)
def test_what_is_settled_stays_settled(moves):
    steps, _, now = play(moves)
    state = rules.occurrence_state(DUE, steps, now, UTC)
    later = now + timedelta(days=400)
    if state in FINAL:
        assert all(not rules.steps_open_to(side, Side.B, DUE, steps, later, UTC) for side in Side)
        assert rules.occurrence_state(DUE, steps, later, UTC) == state


@given(tries)
def test_every_breach_is_reachable_only_through_an_allegation_in_every_zone(moves):
    steps, _, now = play(moves)
    if rules.occurrence_state(DUE, steps, now, UTC) == OccurrenceState.BREACHED:
        assert StepKind.ALLEGE in {step.kind for step in steps}


def test_silence_becomes_no_reply_by_the_clock_alone():
    alleged = [StepFact(StepKind.ALLEGE, datetime(2008, 3, 5, 9, tzinfo=UTC))]
    before, after = datetime(2008, 3, 19, 8, 59, tzinfo=UTC), datetime(2008, 3, 19, 9, tzinfo=UTC)
    assert rules.occurrence_state(DUE, alleged, before, UTC) == OccurrenceState.ALLEGED
    assert rules.steps_open_to(Side.ARBITER, Side.B, DUE, alleged, before, UTC) == []
    assert rules.occurrence_state(DUE, alleged, after, UTC) == OccurrenceState.NO_REPLY
    assert StepKind.BREACH in rules.steps_open_to(Side.ARBITER, Side.B, DUE, alleged, after, UTC)


def test_scheduled_due_overdue_by_the_calendar():
    def state(day):
        return rules.occurrence_state(DUE, [], datetime(2008, *day, 23, 30, tzinfo=UTC), UTC)

    assert [state(day) for day in ((2, 14), (2, 15), (2, 29), (3, 1))] == [
        OccurrenceState.SCHEDULED, OccurrenceState.DUE, OccurrenceState.DUE, OccurrenceState.OVERDUE,
    ]  # fmt: skip


RATIFIED = datetime(2000, 1, 1, tzinfo=UTC)


def facts(starts, ends, *notices):
    return AgreementFacts(starts, ends, RATIFIED, RATIFIED, notices)


days = st.dates(date(2003, 1, 1), date(2013, 12, 31))


@given(days, st.integers(1, 1200), st.datetimes(datetime(2002, 1, 1), datetime(2018, 1, 1)), st.sampled_from(ZONES))
def test_no_access_outside_the_term_over_leap_days_and_time_zones(starts, length, naive, zone):
    now, ends = naive.replace(tzinfo=UTC), starts + timedelta(days=length)
    agreement, grant = facts(starts, ends), GrantFacts(starts, ends)
    local = now.astimezone(zone).date()
    assert (rules.grant_problem(grant, agreement, now, zone) is None) == (starts <= local < ends)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_first_and_the_last_second_of_a_term_that_ends_on_a_leap_day(zone):
    starts, ends = date(2006, 2, 28), date(2008, 2, 29)
    agreement, grant = facts(starts, ends), GrantFacts(starts, ends)
    first = datetime(2006, 2, 28, tzinfo=zone)
    after = datetime(2008, 2, 29, tzinfo=zone)
    second = timedelta(seconds=1)
    assert rules.grant_problem(grant, agreement, (first - second).astimezone(UTC), zone)
    assert rules.grant_problem(grant, agreement, first.astimezone(UTC), zone) is None
    assert rules.grant_problem(grant, agreement, (after - second).astimezone(UTC), zone) is None
    assert "28 February 2008" in (rules.grant_problem(grant, agreement, after.astimezone(UTC), zone) or "")


@given(days, days, days, st.datetimes(datetime(2002, 1, 1), datetime(2015, 1, 1)))
def test_a_termination_ends_access_with_the_agreement(starts, given_on, effective, naive):
    ends, now = starts + timedelta(days=731), naive.replace(tzinfo=UTC)
    notice = NoticeFact(NoticeKind.TERMINATION, Side.A, datetime.combine(given_on, datetime.min.time(), UTC), effective)
    agreement = facts(starts, ends, notice)
    allowed = rules.grant_problem(GrantFacts(starts, ends), agreement, now, UTC) is None
    known = notice.at <= now
    assert allowed == (starts <= now.date() < (min(ends, effective) if known else ends))


def test_suspension_and_resumption():
    starts, ends = date(2007, 5, 25), date(2009, 5, 25)
    at = datetime(2008, 1, 1, tzinfo=UTC)
    stop = NoticeFact(NoticeKind.SUSPENSION, Side.A, at, date(2008, 2, 1))
    go = NoticeFact(NoticeKind.RESUMPTION, Side.A, at + timedelta(days=40), date(2008, 3, 1))
    agreement = facts(starts, ends, stop, go)

    def state(*day):
        return rules.agreement_state(agreement, datetime(*day, 12, tzinfo=UTC), UTC)

    assert state(2008, 1, 31) == AgreementState.ACTIVE
    assert state(2008, 2, 1) == AgreementState.SUSPENDED
    assert state(2008, 3, 1) == AgreementState.ACTIVE
    assert state(2009, 5, 25) == AgreementState.EXPIRED
    inside = datetime(2008, 2, 10, tzinfo=UTC)
    assert "suspended" in (rules.grant_problem(GrantFacts(starts, ends), agreement, inside, UTC) or "")


def test_nothing_is_in_force_before_both_have_ratified():
    once = AgreementFacts(date(2007, 5, 25), date(2009, 5, 25), RATIFIED, None)
    now = datetime(2008, 1, 1, tzinfo=UTC)
    assert rules.agreement_state(once, now, UTC) == AgreementState.PROPOSED
    assert rules.grant_problem(GrantFacts(once.starts_on, once.ends_on), once, now, UTC)
    early = facts(date(2009, 1, 1), date(2010, 1, 1))
    assert rules.agreement_state(early, now, UTC) == AgreementState.RATIFIED


NAMES = {Side.A: "The Operator", Side.B: "The Society", Side.ARBITER: "The arbiter"}


def test_who_ended_it_when_citing_what():
    starts, ends = date(2007, 5, 25), date(2009, 5, 25)
    at = datetime(2009, 5, 4, 15, tzinfo=UTC)
    told = NoticeFact(NoticeKind.NON_RENEWAL, Side.A, at, None, "clause 2")
    offer = NoticeFact(NoticeKind.RENEWAL_OFFERED, Side.A, at)
    no = NoticeFact(NoticeKind.RENEWAL_REFUSED, Side.B, at + timedelta(days=16))
    later = datetime(2009, 7, 1, tzinfo=UTC)
    agreement = facts(starts, ends, told, offer, no)
    assert rules.ending_sentence(agreement, NAMES, later, UTC) == (
        "It ended with its term on 24 May 2009; The Operator gave notice not to renew it on its terms on 4 May 2009, citing "
        "clause 2; The Operator offered new terms on 4 May 2009; The Society refused them on 20 May 2009."
    )
    assert rules.ending_sentence(agreement, NAMES, at, UTC) == ""
    assert "nobody gave notice" in rules.ending_sentence(facts(starts, ends), NAMES, later, UTC)
    ended = facts(starts, ends, NoticeFact(NoticeKind.TERMINATION, Side.B, at, date(2009, 5, 10), "breach"))
    assert rules.ending_sentence(ended, NAMES, later, UTC) == (
        "The Society ended it: by notice of 4 May 2009 it was terminated with 9 May 2009 as its last day, citing breach."
    )


@pytest.mark.parametrize(
    ("starts", "ends", "obligations", "terms", "words"),
    [
        (date(2009, 1, 1), date(2009, 1, 1), ["ok"], "t", "must lie after its first day"),
        (date(2009, 1, 1), date(2019, 1, 1), ["ok"], "t", "at most five years"),
        (date(2009, 1, 1), date(2010, 1, 1), ["ok"], " ", "The terms have"),
        (date(2009, 1, 1), date(2010, 1, 1), [], "t", "at least one obligation"),
        (date(2009, 1, 1), date(2010, 1, 1), ["ok", "ok"], "t", "same code"),
        (date(2009, 1, 1), date(2010, 1, 1), ["late"], "t", "outside the term"),
        (date(2009, 1, 1), date(2010, 1, 1), ["empty"], "t", "needs words"),
        (date(2009, 1, 1), date(2010, 1, 1), ["arbiter"], "t", "not the arbiter"),
    ],
)
def test_proposals_that_will_not_do(starts, ends, obligations, terms, words):
    made = {
        "ok": ObligationDraft("ok", Side.A, "w", "m", (date(2009, 6, 1),)),
        "late": ObligationDraft("late", Side.A, "w", "m", (date(2010, 1, 1),)),
        "empty": ObligationDraft("empty", Side.A, " ", "m", (date(2009, 6, 1),)),
        "arbiter": ObligationDraft("arbiter", Side.ARBITER, "w", "m", (date(2009, 6, 1),)),
    }
    assert words in (rules.proposal_problem(starts, ends, [made[name] for name in obligations], terms) or "")
