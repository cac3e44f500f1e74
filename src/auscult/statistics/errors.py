"""The refusals of the statistics room: each says why a number would not be valid and what to do."""


class CannotEstimate(ValueError):
    """An input cannot give a valid number."""


class EmptyMarginLevel(CannotEstimate):
    """A level that exists in the population has no respondent, so no weight can reach its total."""

    def __init__(self, margin: str, level: str) -> None:
        super().__init__(
            f"No respondent has {margin} = {level!r}, but the population has. "
            "Collapse that level with a neighbouring one before raking."
        )
        self.margin = margin
        self.level = level


class DidNotConverge(CannotEstimate):
    """An iteration stopped before its equations were met."""


class RakingDidNotConverge(DidNotConverge):
    """Raking stopped before the margins were met."""

    def __init__(self, iterations: int, worst_relative_error: float) -> None:
        super().__init__(
            f"Raking did not converge in {iterations} iterations (largest relative error of a margin "
            f"{worst_relative_error:.2g}). Collapse sparse levels or use fewer margins."
        )


class CalibrationDidNotConverge(DidNotConverge):
    """No weights within the bounds meet the population totals, or the search did not find them."""

    def __init__(self, iterations: int, worst_relative_error: float) -> None:
        super().__init__(
            f"Calibration did not converge in {iterations} iterations (largest relative error of a total "
            f"{worst_relative_error:.2g}). Widen the bounds, collapse sparse levels or use fewer variables."
        )


class RegressionDidNotConverge(DidNotConverge):
    """The scores of a model did not reach zero; often one term separates the answers completely."""

    def __init__(self, iterations: int) -> None:
        super().__init__(
            f"The regression did not converge in {iterations} iterations. "
            "Leave out a term that separates the answers completely, or take levels together."
        )


class InvalidMargin(CannotEstimate):
    """A margin is not a table of finite, non-negative population totals that agree with the others."""


class InvalidCounts(CannotEstimate):
    """Counts are negative, not finite, not whole, or do not fit the cells."""


class InvalidDesign(CannotEstimate):
    """Weights, strata, clusters or population sizes do not describe a sample."""


class UnknownVariable(CannotEstimate):
    """A variable or level was named that the data do not have."""


class UnknownOption(CannotEstimate):
    """An option was named that does not exist."""


class MissingValues(CannotEstimate):
    """A value is missing (or NaN) where none may be."""

    def __init__(self, names: str) -> None:
        super().__init__(
            f"{names} has missing values. Leave those rows out with na_rm=True, which treats the rest as a domain, "
            "or fill them in."
        )


class LonelyPsu(CannotEstimate):
    """A stratum has one primary sampling unit, so nothing varies within it and its variance is unknown."""

    def __init__(self, stratum: str, stage: int) -> None:
        super().__init__(
            f"Stratum {stratum} has only one sampling unit at stage {stage}. Join it with a similar stratum, or choose "
            "lonely_psu: 'adjust' (conservative), 'average', 'certainty' or 'remove'."
        )


class EmptyDomain(CannotEstimate):
    """A domain has no respondents, or nobody with a weight above zero."""
