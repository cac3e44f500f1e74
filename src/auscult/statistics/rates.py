"""Response, cooperation, refusal and contact rates of a sample survey, and the participation rate of an opt-in one.

Source: AAPOR (2023), Standard Definitions, 10th edition, section "Calculating outcome rates".
"""

from __future__ import annotations

from dataclasses import dataclass

from auscult.statistics.errors import InvalidCounts


@dataclass(frozen=True)
class Dispositions:
    """How the sampled cases ended, counts of people.

    Attributes:
        complete: I, complete interviews.
        partial: P, partial interviews.
        refusal: R, refusals and break-offs.
        non_contact: NC, eligible but never reached.
        other: O, eligible, reached and not interviewed for another reason.
        unknown: UH + UO, not known whether eligible.
        not_eligible: found not to belong to the population.
    """

    complete: int
    partial: int
    refusal: int
    non_contact: int
    other: int
    unknown: int
    not_eligible: int = 0

    def __post_init__(self) -> None:
        for name, count in vars(self).items():
            if count < 0 or count != int(count):
                raise InvalidCounts(
                    f"The number of cases {name.replace('_', ' ')} must be a whole number of at least 0."
                )

    @property
    def eligible(self) -> int:
        """Cases known to be eligible."""
        return self.complete + self.partial + self.refusal + self.non_contact + self.other

    def proportional_eligibility(self) -> float:
        """E by proportional allocation (CASRO): the share of eligible among cases where that is known, 0–1.

        Raises:
            InvalidCounts: it is known of no case.
        """
        known = self.eligible + self.not_eligible
        if known == 0:
            raise InvalidCounts("Of no case is it known whether it was eligible, so e cannot be estimated.")
        return self.eligible / known


@dataclass(frozen=True)
class OutcomeRates:
    """The rates, each 0–1, and the eligibility that they assume of unknown cases.

    Attributes:
        eligibility: e, share of the unknown cases taken as eligible; to be disclosed with RR3, RR4, REF2, CON2.
        rr1: response rate 1, complete interviews over all that may be eligible: the minimum.
        rr2: rr1 with partial interviews.
        rr3: rr1 with e times the unknown cases.
        rr4: rr3 with partial interviews.
        rr5: no unknown case eligible: the maximum.
        rr6: rr5 with partial interviews.
        coop1: cooperation rate 1, complete over all reached.
        coop2: coop1 with partial interviews.
        coop3: complete over all reached but the incapable.
        coop4: coop3 with partial interviews.
        ref1: refusal rate 1, refusals over all that may be eligible.
        ref2: ref1 with e.
        ref3: ref1 without unknown cases.
        con1: contact rate 1.
        con2: con1 with e.
        con3: con1 without unknown cases.
    """

    eligibility: float
    rr1: float
    rr2: float
    rr3: float
    rr4: float
    rr5: float
    rr6: float
    coop1: float
    coop2: float
    coop3: float
    coop4: float
    ref1: float
    ref2: float
    ref3: float
    con1: float
    con2: float
    con3: float


def outcome_rates(cases: Dispositions, *, eligibility: float | None = None) -> OutcomeRates:
    """Compute all rates.

    Args:
        cases: how the sampled cases ended.
        eligibility: e, 0–1; by proportional allocation if not given.

    Raises:
        InvalidCounts: nobody was eligible or reached, or e is not between 0 and 1.
    """
    e = cases.proportional_eligibility() if eligibility is None else eligibility
    if not 0 <= e <= 1:
        raise InvalidCounts("The share of unknown cases that are eligible must lie between 0 and 1.")
    done, either = cases.complete, cases.complete + cases.partial
    reached = either + cases.refusal + cases.other
    if cases.eligible == 0 or reached == 0 or either + cases.refusal == 0:
        raise InvalidCounts("Rates need at least one eligible person who was reached.")
    widest, expected, known = cases.eligible + cases.unknown, cases.eligible + e * cases.unknown, cases.eligible
    asked = either + cases.refusal
    return OutcomeRates(
        e,
        done / widest, either / widest, done / expected, either / expected, done / known, either / known,
        done / reached, either / reached, done / asked, either / asked,
        cases.refusal / widest, cases.refusal / expected, cases.refusal / known,
        reached / widest, reached / expected, reached / known,
    )  # fmt: skip


def participation_rate(usable: int, invited: int) -> float:
    """Usable responses ÷ people invited: what an opt-in poll has in place of a response rate (AAPOR, section 6).

    Args:
        usable: complete and partial responses, 0 to ``invited``.
        invited: people who were asked, > 0.

    Raises:
        InvalidCounts: the counts contradict each other.
    """
    if not 0 <= usable <= invited or invited == 0:
        raise InvalidCounts(
            "A participation rate needs 0 ≤ usable responses ≤ people invited, and at least one invited."
        )
    return usable / invited
