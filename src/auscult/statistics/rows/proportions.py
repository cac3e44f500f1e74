"""Shares with intervals that stay between 0 and 1 (R's ``svyciprop``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auscult.statistics.intervals import Interval, IntervalMethod, share_interval
from auscult.statistics.rows.columns import as_factor, indicator, joint_factor
from auscult.statistics.rows.design import Design
from auscult.statistics.rows.estimators import share_statistic


@dataclass(frozen=True)
class Proportion:
    """A share and its interval.

    Attributes:
        share: 0–1.
        standard_error: of the share.
        interval: at the level asked for.
        degrees_of_freedom: of the design, or of the domain.
    """

    share: float
    standard_error: float
    interval: Interval
    degrees_of_freedom: int


def proportion(
    design: Design,
    name: str,
    value: str | float,
    *,
    method: IntervalMethod | str = IntervalMethod.LOGIT,
    level: float = 0.95,
    na_rm: bool = False,
) -> Proportion:
    """Share that has one value.

    Args:
        design: any design.
        name: variable.
        value: level of a factor, or number.
        method: logit, likelihood, asin, beta, mean, xlogit or wilson. At 0 and 1, where all of them fail,
            Clopper–Pearson on the effective n.
        level: confidence, between 0 and 1.
        na_rm: leave out rows where the variable is missing.

    Raises:
        UnknownVariable, MissingValues, EmptyDomain, LonelyPsu: as their names say.
    """
    statistic = share_statistic(design, name, value, na_rm=na_rm)
    share = float(np.clip(statistic.evaluate(design.weights)[0], 0.0, 1.0))
    error = float(np.sqrt(max(design.covariance(statistic)[0, 0], 0.0)))
    weights = design.weights * statistic.denominators[:, 0]
    freedom = design.degrees_of_freedom
    respondents = float((design.weights != 0).sum())
    interval = share_interval(
        IntervalMethod(method), share, error, freedom, n=respondents, level=level,
        n_effective=float(weights.sum() ** 2 / (weights @ weights)),
    )  # fmt: skip
    return Proportion(share, error, interval, freedom)


def proportion_by(
    design: Design,
    name: str,
    value: str | float,
    by: Sequence[str],
    *,
    method: IntervalMethod | str = IntervalMethod.LOGIT,
    level: float = 0.95,
    na_rm: bool = False,
) -> dict[str, Proportion]:
    """Share within each domain, each with the degrees of freedom that it has itself.

    Args and errors: as ``proportion`` and ``mean_by``.

    Returns:
        Domain → share, for domains in which somebody answered and whose degrees of freedom are enough for an interval.
    """
    factor = joint_factor(design.columns, by) if len(by) > 1 else as_factor(design.columns, by[0])
    found = {}
    for code, group in enumerate(factor.levels):
        inside = factor.codes == code
        answered = inside & ~np.isnan(indicator(design.columns, name, value)) if na_rm else inside
        domain = design.subset(inside) if design.weights[answered].any() else None
        if domain is not None and domain.degrees_of_freedom > 0:
            found[group] = proportion(domain, name, value, method=method, level=level, na_rm=na_rm)
    return found
