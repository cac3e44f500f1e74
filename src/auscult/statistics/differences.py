"""Differences between domains of one survey and between two surveys.

Domains of one survey are weighted together, so their shares are not independent: the variance of a difference needs
their covariance. Source: Särndal, Swensson and Wretman (1992), section 10.3; Holm (1979) for many comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from auscult.statistics.errors import CannotEstimate
from auscult.statistics.independence import holm
from auscult.statistics.intervals import critical_value
from auscult.statistics.linearisation import Linearisation
from auscult.statistics.presentation import FEWEST
from auscult.statistics.shares import ShareEstimate


@dataclass(frozen=True)
class Difference:
    """A difference of two shares.

    Attributes:
        difference: −1 to 1.
        standard_error: ≥ 0.
        low: lower end of the interval.
        high: upper end.
        p_value: two-sided, 0–1; not a number where nothing varies and chance cannot be judged.
    """

    difference: float
    standard_error: float
    low: float
    high: float
    p_value: float


def _difference(value: float, variance: float, df: float, level: float) -> Difference:
    error = math.sqrt(max(variance, 0.0))
    half = critical_value(df, level) * error
    p_value = 2 * float(special.stdtr(df, -abs(value) / error)) if error > 0 else math.nan
    return Difference(value, error, value - half, value + half, p_value)


def _require_people(common: Linearisation, counts: NDArray[np.float64], domains: Sequence[int]) -> None:
    bases = np.bincount(common.domain_of_cell, weights=counts.sum(axis=1), minlength=common.domains)
    for domain in domains:
        if bases[domain] < FEWEST:
            raise CannotEstimate(
                f"Only {bases[domain]:.0f} people of domain {domain} answered; a comparison needs {FEWEST} in each. "
                "Take that domain together with another, or leave it out."
            )


def difference_of_domains(
    common: Linearisation, counts: NDArray[np.float64], answer: int, one: int, other: int, *, level: float = 0.95
) -> Difference:
    """Share of one answer in one domain minus that in another of the same survey.

    Args:
        common: weights, cells and domains.
        counts: respondents by cell and answer of one question, shape (C, A).
        answer: column of the answer.
        one: domain.
        other: domain.
        level: confidence of the interval, between 0 and 1.

    Raises:
        CannotEstimate: fewer than ``presentation.FEWEST`` people of a domain answered, who may all say the same by
            chance and then seem certain.
    """
    _require_people(common, counts, [one, other])
    shares, covariance = common.covariance_between_domains(counts, answer)
    variance = covariance[one, one] + covariance[other, other] - 2 * covariance[one, other]
    return _difference(float(shares[one] - shares[other]), float(variance), common.n - 1, level)


def difference_of_waves(
    one: ShareEstimate, other: ShareEstimate, *, df: float = math.inf, level: float = 0.95
) -> Difference:
    """Share of one answer in one survey minus that in another.

    Args:
        one: estimate of the later wave.
        other: estimate of the earlier wave. Respondents are taken as independent: people who answered both make the
            true standard error of the difference smaller, as long as they tend to repeat their answers.
        df: degrees of freedom.
        level: confidence of the interval, between 0 and 1.
    """
    return _difference(one.share - other.share, one.standard_error**2 + other.standard_error**2, df, level)


@dataclass(frozen=True)
class DomainComparison:
    """One domain beside all the others together; ``adjusted_p`` is Holm's for looking at every domain."""

    domain: int
    difference: Difference
    adjusted_p: float


def compare_with_rest(
    common: Linearisation, counts: NDArray[np.float64], answer: int, *, level: float = 0.95
) -> Sequence[DomainComparison]:
    """Compare each domain with everybody else, adjusted for looking at all of them.

    Args:
        common: weights, cells and domains, at least two.
        counts: respondents by cell and answer of one question, shape (C, A).
        answer: column of the answer.
        level: confidence of the intervals, between 0 and 1.

    Raises:
        CannotEstimate: there are fewer than two domains, or nobody of some domain answered.
    """
    if common.domains < 2:
        raise CannotEstimate("A comparison needs at least two domains.")
    _require_people(common, counts, range(common.domains))
    shares, covariance = common.covariance_between_domains(counts, answer)
    mass = np.bincount(
        common.domain_of_cell, weights=counts.sum(axis=1) * common.weights.weight, minlength=common.domains
    )
    differences = []
    for domain in range(common.domains):
        # The rest is the mean of the others by their weighted number, which is taken as known.
        contrast = np.where(np.arange(common.domains) == domain, 0.0, -mass)
        contrast = contrast / -contrast.sum()
        contrast[domain] = 1.0
        variance = float(contrast @ covariance @ contrast)
        differences.append(_difference(float(contrast @ shares), variance, common.n - 1, level))
    # A comparison without a p-value still counts as one that was looked at.
    adjusted = holm(np.nan_to_num(np.array([each.p_value for each in differences]), nan=1.0))
    return [
        DomainComparison(domain, each, float(p))
        for domain, (each, p) in enumerate(zip(differences, adjusted, strict=True))
    ]
