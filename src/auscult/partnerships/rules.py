"""Pure decisions about agreements: state from dated facts, steps of an occurrence, grants, who ended it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

#: From allegation to ruling, unless the other side has answered (voice.md: 14 days).
REPLY_WINDOW = timedelta(days=14)
#: So long before its date an occurrence is called due.
DUE_FROM = timedelta(days=14)
LONGEST_TEXT, LONGEST_LINE = 10_000, 300


class Side(StrEnum):
    """The two parties of an agreement, and who rules between them."""

    A = "a"
    B = "b"
    ARBITER = "arbiter"


class AgreementState(StrEnum):
    """Where an agreement stands on a day."""

    PROPOSED = "proposed"
    DECLINED = "declined"
    RATIFIED = "ratified"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    EXPIRED = "expired"


class NoticeKind(StrEnum):
    """What one party tells the other, on record."""

    NON_RENEWAL = "non-renewal"
    RENEWAL_OFFERED = "renewal offered"
    RENEWAL_REFUSED = "renewal refused"
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    TERMINATION = "termination"


@dataclass(frozen=True)
class NoticeFact:
    """One notice: what, by which side, given when, in force from when, citing what."""

    kind: NoticeKind
    by: Side
    at: datetime
    effective_on: date | None = None
    cites: str = ""


@dataclass(frozen=True)
class AgreementFacts:
    """Everything on which the state of an agreement depends.

    Attributes:
        starts_on: first day of the term.
        ends_on: first day after the term.
        ratified_a_at, ratified_b_at: when each party ratified, or None.
        notices: in the order in which they were given.
        declined_at: when either side ended a proposal that was not ratified, or None.
    """

    starts_on: date
    ends_on: date
    ratified_a_at: datetime | None
    ratified_b_at: datetime | None
    notices: tuple[NoticeFact, ...] = ()
    declined_at: datetime | None = None


def day_of(instant: datetime, zone: tzinfo) -> date:
    """The calendar day of an instant where the agreement is read: terms are whole days of one time zone."""
    return instant.astimezone(zone).date()


def last_day(facts: AgreementFacts) -> date:
    """First day on which the agreement is no longer in force: end of term, or an earlier termination."""
    ended = [n.effective_on for n in facts.notices if n.kind == NoticeKind.TERMINATION and n.effective_on]
    return min([facts.ends_on, *ended])


def agreement_state(facts: AgreementFacts, now: datetime, zone: tzinfo) -> AgreementState:
    """State at an instant. Facts of later than ``now`` do not count yet."""
    today = day_of(now, zone)
    known = AgreementFacts(
        facts.starts_on,
        facts.ends_on,
        facts.ratified_a_at,
        facts.ratified_b_at,
        tuple(notice for notice in facts.notices if notice.at <= now),
    )
    ratified = [at for at in (known.ratified_a_at, known.ratified_b_at) if at is not None and at <= now]
    if len(ratified) < 2:
        declined = facts.declined_at is not None and facts.declined_at <= now
        return AgreementState.DECLINED if declined else AgreementState.PROPOSED
    if today >= last_day(known):
        return AgreementState.TERMINATED if last_day(known) < known.ends_on else AgreementState.EXPIRED
    if today < known.starts_on:
        return AgreementState.RATIFIED
    return AgreementState.SUSPENDED if _suspended(known, today) else AgreementState.ACTIVE


def _suspended(facts: AgreementFacts, today: date) -> bool:
    """Whether the last of suspension and resumption that is in force by today is a suspension."""
    change = last_suspension(facts, today)
    return change is not None and change.kind == NoticeKind.SUSPENSION


def last_suspension(facts: AgreementFacts, today: date) -> NoticeFact | None:
    """The suspension or resumption that holds today: the one with the latest first day."""
    changes = [
        notice
        for notice in facts.notices
        if notice.kind in {NoticeKind.SUSPENSION, NoticeKind.RESUMPTION}
        and notice.effective_on is not None
        and notice.effective_on <= today
    ]
    return max(changes, key=lambda notice: (notice.effective_on or date.min, notice.at)) if changes else None


def days_in_force(facts: AgreementFacts, now: datetime, zone: tzinfo) -> tuple[date, date] | None:
    """First day of force and first day after it, as known now; None before both sides have ratified.

    What falls due outside them is owed by nobody.
    """
    if facts.ratified_a_at is None or facts.ratified_b_at is None:
        return None
    known = tuple(notice for notice in facts.notices if notice.at <= now)
    ratified = day_of(max(facts.ratified_a_at, facts.ratified_b_at), zone)
    ends = last_day(AgreementFacts(facts.starts_on, facts.ends_on, None, None, known))
    return max(facts.starts_on, ratified), ends


@dataclass(frozen=True)
class GrantFacts:
    """Dates of a grant; it never reaches beyond its agreement."""

    starts_on: date
    ends_on: date


def grant_problem(grant: GrantFacts, agreement: AgreementFacts, now: datetime, zone: tzinfo) -> str | None:
    """Why nothing may be read under a grant at an instant, or None. Computed from dates: no job has to end anything.

    Args:
        zone: time zone of the instance, in which days begin and end.
    """
    today, state = day_of(now, zone), agreement_state(agreement, now, zone)
    if state == AgreementState.SUSPENDED:
        return "The agreement is suspended, and access with it."
    if state in {AgreementState.EXPIRED, AgreementState.TERMINATED}:
        end = last_day(agreement) - timedelta(days=1)
        return f"Access ended with the agreement on {end:%-d %B %Y}."
    if state != AgreementState.ACTIVE:
        return "The agreement is not in force yet."
    if not grant.starts_on <= today < grant.ends_on:
        return f"The grant runs from {grant.starts_on:%-d %B %Y} to {grant.ends_on - timedelta(days=1):%-d %B %Y}."
    return None


class StepKind(StrEnum):
    """What somebody does about one occurrence of an obligation."""

    SUBMIT = "submit"
    CONFIRM = "confirm"
    RETURN = "return"
    ALLEGE = "allege"
    ANSWER = "answer"
    CURE = "cure"
    EXCUSE = "excuse"
    BREACH = "breach"
    REMEDY = "remedy"
    WAIVE = "waive"


class OccurrenceState(StrEnum):
    """Where one occurrence stands at an instant."""

    SCHEDULED = "scheduled"
    DUE = "due"
    OVERDUE = "overdue"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    ALLEGED = "alleged"
    DISPUTED = "disputed"
    NO_REPLY = "no reply"
    CURED = "cured"
    EXCUSED = "excused"
    BREACHED = "breached"
    REMEDIED = "remedied"
    WAIVED = "waived"
    UNOBJECTED = "not objected to"
    LAPSED = "not owed any more"


FINAL = frozenset(
    {
        OccurrenceState.CONFIRMED,
        OccurrenceState.CURED,
        OccurrenceState.EXCUSED,
        OccurrenceState.REMEDIED,
        OccurrenceState.WAIVED,
        OccurrenceState.UNOBJECTED,
        OccurrenceState.LAPSED,
    }
)
#: Delivered, by the other side's word or its silence.
DELIVERED = frozenset({OccurrenceState.CONFIRMED, OccurrenceState.UNOBJECTED})
#: Not counted in what was due.
NOT_DUE = frozenset({OccurrenceState.WAIVED, OccurrenceState.EXCUSED, OccurrenceState.LAPSED})
OPEN_ALLEGATIONS = frozenset({OccurrenceState.ALLEGED, OccurrenceState.DISPUTED, OccurrenceState.NO_REPLY})
_AFTER = {
    StepKind.SUBMIT: OccurrenceState.SUBMITTED,
    StepKind.CONFIRM: OccurrenceState.CONFIRMED,
    StepKind.RETURN: OccurrenceState.RETURNED,
    StepKind.ANSWER: OccurrenceState.DISPUTED,
    StepKind.CURE: OccurrenceState.CURED,
    StepKind.EXCUSE: OccurrenceState.EXCUSED,
    StepKind.BREACH: OccurrenceState.BREACHED,
    StepKind.REMEDY: OccurrenceState.REMEDIED,
    StepKind.WAIVE: OccurrenceState.WAIVED,
}


@dataclass(frozen=True)
class StepFact:
    """One step: what, when."""

    kind: StepKind
    at: datetime


def occurrence_state(
    due_on: date,
    steps: Sequence[StepFact],
    now: datetime,
    zone: tzinfo,
    in_force: tuple[date, date] | None = None,
) -> OccurrenceState:
    """State of an occurrence from its dates and steps.

    Args:
        due_on: last day on which it is in time.
        steps: in the order in which they were taken.
        in_force: first day of the agreement's force and first day after it; what is due outside lapses, unless something
            was said about it before. None looks at the occurrence alone.
    """
    taken = [step for step in steps if step.at <= now]
    if in_force and not taken and not in_force[0] <= due_on < in_force[1]:
        return OccurrenceState.LAPSED
    if taken:
        last = taken[-1]
        if last.kind == StepKind.SUBMIT and now >= last.at + REPLY_WINDOW:
            # Who neither confirms nor objects in fourteen days has taken it.
            return OccurrenceState.UNOBJECTED
        if last.kind == StepKind.ALLEGE:
            return OccurrenceState.NO_REPLY if now >= last.at + REPLY_WINDOW else OccurrenceState.ALLEGED
        return _AFTER[last.kind]
    today = day_of(now, zone)
    if today > due_on:
        return OccurrenceState.OVERDUE
    return OccurrenceState.DUE if today >= due_on - DUE_FROM else OccurrenceState.SCHEDULED


#: State → step → who takes it: the debtor, the creditor, the arbiter.
_DEBTOR, _CREDITOR, _ARBITER = "debtor", "creditor", "arbiter"
_STEPS: dict[OccurrenceState, dict[StepKind, str]] = {
    OccurrenceState.SCHEDULED: {StepKind.SUBMIT: _DEBTOR, StepKind.WAIVE: _CREDITOR},
    OccurrenceState.DUE: {StepKind.SUBMIT: _DEBTOR, StepKind.WAIVE: _CREDITOR},
    OccurrenceState.OVERDUE: {StepKind.SUBMIT: _DEBTOR, StepKind.ALLEGE: _CREDITOR, StepKind.WAIVE: _CREDITOR},
    OccurrenceState.SUBMITTED: {StepKind.CONFIRM: _CREDITOR, StepKind.RETURN: _CREDITOR},
    OccurrenceState.RETURNED: {StepKind.SUBMIT: _DEBTOR, StepKind.ALLEGE: _CREDITOR, StepKind.WAIVE: _CREDITOR},
    OccurrenceState.ALLEGED: {StepKind.ANSWER: _DEBTOR, StepKind.CURE: _CREDITOR, StepKind.WAIVE: _CREDITOR},
    OccurrenceState.NO_REPLY: {
        StepKind.ANSWER: _DEBTOR,
        StepKind.CURE: _CREDITOR,
        StepKind.EXCUSE: _ARBITER,
        StepKind.BREACH: _ARBITER,
    },
    OccurrenceState.DISPUTED: {
        StepKind.CURE: _CREDITOR,
        StepKind.EXCUSE: _ARBITER,
        StepKind.BREACH: _ARBITER,
    },
    OccurrenceState.BREACHED: {StepKind.REMEDY: _CREDITOR},
}


def steps_open_to(
    side: Side | None,
    debtor: Side,
    due_on: date,
    steps: Sequence[StepFact],
    now: datetime,
    zone: tzinfo,
    in_force: tuple[date, date] | None = None,
) -> list[StepKind]:
    """What one side may do now about an occurrence; empty for whoever is none.

    Args:
        side: who asks.
        debtor: A or B, who owes it.
    """
    if side is None:
        return []
    state = occurrence_state(due_on, steps, now, zone, in_force)
    role = _ARBITER if side == Side.ARBITER else _DEBTOR if side == debtor else _CREDITOR
    found = [kind for kind, who in _STEPS.get(state, {}).items() if who == role]
    # Nothing is alleged before it was due, however often it was returned.
    return [kind for kind in found if kind != StepKind.ALLEGE or day_of(now, zone) > due_on]


STEP_WORDS = {
    StepKind.SUBMIT: "says that it was delivered",
    StepKind.CONFIRM: "confirms",
    StepKind.RETURN: "does not confirm",
    StepKind.ALLEGE: "alleges that it was not delivered",
    StepKind.ANSWER: "answers the allegation",
    StepKind.CURE: "accepts that it was made good",
    StepKind.EXCUSE: "rules: excused",
    StepKind.BREACH: "rules: breached",
    StepKind.REMEDY: "accepts the remedy",
    StepKind.WAIVE: "waives it",
}
#: As buttons say it.
STEP_VERBS = {
    StepKind.SUBMIT: "Submit evidence of delivery",
    StepKind.CONFIRM: "Confirm delivery",
    StepKind.RETURN: "Do not confirm",
    StepKind.ALLEGE: "Allege non-delivery",
    StepKind.ANSWER: "Answer the allegation",
    StepKind.CURE: "Accept as made good",
    StepKind.EXCUSE: "Rule: excused",
    StepKind.BREACH: "Rule: breached",
    StepKind.REMEDY: "Accept the remedy",
    StepKind.WAIVE: "Waive",
}
NOTICE_WORDS = {
    NoticeKind.NON_RENEWAL: "gives notice that it will not renew on these terms",
    NoticeKind.RENEWAL_OFFERED: "offers new terms",
    NoticeKind.RENEWAL_REFUSED: "refuses the new terms",
    NoticeKind.SUSPENSION: "suspends the agreement",
    NoticeKind.RESUMPTION: "resumes the agreement",
    NoticeKind.TERMINATION: "terminates the agreement",
}


def ending_sentence(facts: AgreementFacts, names: dict[Side, str], now: datetime, zone: tzinfo) -> str:
    """Who ended it, when, citing what; read off the dated facts alone."""
    state = agreement_state(facts, now, zone)
    if state not in {AgreementState.EXPIRED, AgreementState.TERMINATED}:
        return ""
    end = last_day(facts) - timedelta(days=1)
    given = [notice for notice in facts.notices if notice.at <= now]
    if state == AgreementState.TERMINATED:
        notice = next(n for n in given if n.kind == NoticeKind.TERMINATION and n.effective_on == last_day(facts))
        return (
            f"{names[notice.by]} ended it: by notice of {_day(notice.at, zone)} it was terminated with {end:%-d %B %Y} as its "
            f"last day{_citing(notice)}."
        )
    said = [f"It ended with its term on {end:%-d %B %Y}"]
    said += [
        f"{names[notice.by]} {_PAST[notice.kind]} on {_day(notice.at, zone)}{_citing(notice)}"
        for notice in given
        if notice.kind in _PAST
    ]
    if len(said) == 1:
        said.append("nobody gave notice and nobody renewed it")
    return "; ".join(said) + "."


_PAST = {
    NoticeKind.NON_RENEWAL: "gave notice not to renew it on its terms",
    NoticeKind.RENEWAL_OFFERED: "offered new terms",
    NoticeKind.RENEWAL_REFUSED: "refused them",
    NoticeKind.SUSPENSION: "suspended it",
    NoticeKind.RESUMPTION: "resumed it",
    NoticeKind.TERMINATION: "gave notice to terminate it",
}


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{day_of(at, zone):%-d %B %Y}"


def _citing(notice: NoticeFact) -> str:
    return f", citing {notice.cites}" if notice.cites else ""


@dataclass(frozen=True)
class ObligationDraft:
    """A promise: who owes it, what, how it is measured, and its due dates."""

    code: str
    debtor: Side
    words: str
    measure: str
    due_on: tuple[date, ...]


def proposal_problem(starts_on: date, ends_on: date, obligations: Sequence[ObligationDraft], terms: str) -> str | None:
    """Why an agreement cannot be proposed, or None."""
    if starts_on >= ends_on:
        return "The first day after the term must lie after its first day."
    if ends_on > starts_on + timedelta(days=366 * 5):
        return "A term has at most five years; renew it then."
    if not terms.strip() or len(terms) > LONGEST_TEXT:
        return f"The terms have 1 to {LONGEST_TEXT:,} characters."
    if not obligations:
        return "An agreement names at least one obligation."
    if len({o.code for o in obligations}) < len(obligations):
        return "Two obligations have the same code."
    for obligation in obligations:
        if len(obligation.words) > LONGEST_LINE or len(obligation.measure) > LONGEST_LINE:
            return f"Words and measure of obligation {obligation.code} have at most {LONGEST_LINE} characters each."
        if not obligation.words.strip() or not obligation.measure.strip() or not obligation.due_on:
            return f"Obligation {obligation.code} needs words, a measure and at least one due date."
        if any(not starts_on <= due < ends_on for due in obligation.due_on):
            return f"Obligation {obligation.code} is due outside the term."
        if obligation.debtor == Side.ARBITER:
            return "A party owes an obligation, not the arbiter."
    return None
