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


class RakingDidNotConverge(CannotEstimate):
    """Raking stopped before the margins were met."""

    def __init__(self, iterations: int, worst_relative_error: float) -> None:
        super().__init__(
            f"Raking did not converge in {iterations} iterations (largest relative error of a margin "
            f"{worst_relative_error:.2g}). Collapse sparse levels or use fewer margins."
        )


class InvalidMargin(CannotEstimate):
    """A margin is not a table of finite, non-negative population totals that agree with the others."""


class InvalidCounts(CannotEstimate):
    """Counts are negative, not finite, not whole, or do not fit the cells."""
