"""When a share may be shown: the presentation rule of the National Center for Health Statistics.

Source: Parker et al. (2017), "National Center for Health Statistics Data Presentation Standards for Proportions",
Vital and Health Statistics 2(175), figure 2. Widths are those of the 95 % Korn–Graubard interval.
"""

from __future__ import annotations

from dataclasses import dataclass

from auscult.statistics.errors import CannotEstimate
from auscult.statistics.intervals import clopper_pearson_interval, critical_value

#: Fewest respondents, and effective respondents, behind a share.
FEWEST = 30
#: Width of the interval from which a share is not shown, and up to which it always is.
WIDEST, NARROW = 0.30, 0.05
#: Relative width (width ÷ share) above which a share between the two is not shown.
WIDEST_RELATIVE = 1.30
#: Degrees of freedom below which a statistician should look at it.
FEW_DEGREES = 8


@dataclass(frozen=True)
class Presentation:
    """The verdict on one share.

    Attributes:
        show: whether it may be shown.
        reason: why not, or what to say beside it; empty where neither.
        review: whether a statistician should look first (few degrees of freedom, or a share of exactly 0 or 1).
    """

    show: bool
    reason: str
    review: bool


def may_present(
    share: float, standard_error: float, *, n: float, degrees_of_freedom: float, n_effective: float | None = None
) -> Presentation:
    """Apply the rule to one share.

    Args:
        share: 0–1.
        standard_error: of the share, ≥ 0.
        n: respondents.
        degrees_of_freedom: of the design, > 0.
        n_effective: respondents ÷ design effect; from the standard error if not given.

    Returns:
        Whether to show it. A share that may be shown although its complement may not says so in the reason.

    Raises:
        CannotEstimate: an argument is out of its domain.
    """
    if not (0 <= share <= 1 and standard_error >= 0 and n >= 0):
        raise CannotEstimate("The presentation rule needs a share in 0–1, a standard error ≥ 0 and n ≥ 0.")
    certain = share in {0.0, 1.0} or standard_error == 0
    effective = n_effective if n_effective is not None else (n if certain else share * (1 - share) / standard_error**2)
    # A design effect below 1 does not make more people of those who answered.
    effective = min(effective, n)
    review = degrees_of_freedom < FEW_DEGREES or share in {0.0, 1.0}
    if n < FEWEST or effective < FEWEST:
        fewer = "respondents" if n < FEWEST else "effective respondents"
        return Presentation(False, f"fewer than {FEWEST} {fewer}", review)
    shrunk = effective * (critical_value(n - 1, 0.95) / critical_value(degrees_of_freedom, 0.95)) ** 2
    interval = clopper_pearson_interval(share, min(effective, shrunk))
    width = interval.high - interval.low
    if width >= WIDEST:
        return Presentation(False, f"the interval is {width:.0%} wide", review)
    if width <= NARROW:
        return Presentation(True, "", review)
    if share == 0 or width / share > WIDEST_RELATIVE:
        return Presentation(False, f"the interval is more than {WIDEST_RELATIVE:.0%} of the share", review)
    if share == 1 or width / (1 - share) > WIDEST_RELATIVE:
        return Presentation(True, "its complement is too uncertain to be shown", review)
    return Presentation(True, "", review)
