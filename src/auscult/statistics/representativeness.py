"""The representativeness card: what a result can and cannot say about people who did not answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CannotEstimate


class Instrument(StrEnum):
    """The four declared kinds of measurement. Only a sample survey is a probability sample."""

    STRAW_POLL = "straw_poll"
    COMMUNITY_POLL = "community_poll"
    SAMPLE_SURVEY = "sample_survey"
    ATTEMPTED_CENSUS = "attempted_census"


#: Coverage of the universe by the members below which a sentence about the universe is refused.
LEAST_COVERAGE_FOR_UNIVERSE = 0.95
#: Response rate below which even a probability sample or a census speaks only of its respondents.
LEAST_RESPONSE_FOR_POPULATION = 0.5


@dataclass(frozen=True)
class Bounds:
    """Lower and upper bound of a share, 0–1."""

    low: float
    high: float


def worst_case_bounds(count: int, base: int, population: int) -> Bounds:
    """Share in the population if all who did not answer had said no, or yes (Manski 1995, chapter 2).

    Args:
        count: respondents who chose the answer, 0 to ``base``.
        base: respondents.
        population: people about whom one would like to speak, ≥ ``base``, > 0.

    Raises:
        CannotEstimate: the numbers contradict each other.
    """
    if not 0 <= count <= base <= population or population == 0:
        raise CannotEstimate("Worst-case bounds need 0 ≤ count ≤ base ≤ population and a population above zero.")
    return Bounds(count / population, (count + population - base) / population)


@dataclass(frozen=True)
class UnderDenominator:
    """What one share would be worth if another number of people were the universe.

    Attributes:
        words: of whom one would speak.
        population: how many they are.
        fraction: respondents ÷ population, 0–1.
        worst_case: bounds of the share in that population.
        equivalent_sample: simple random sample with the same error, at a data-defect correlation of 0.005.
    """

    words: str
    population: int
    fraction: float
    worst_case: Bounds
    equivalent_sample: float


def under_denominators(count: int, base: int, denominators: Sequence[tuple[str, int]]) -> list[UnderDenominator]:
    """How much a result depends on which denominator is chosen: the share stays, what it is worth does not.

    Args:
        count: respondents who chose the answer, 0 to ``base``.
        base: respondents, > 0.
        denominators: words and people of each. Those with no more people than respondents cannot be one and are left out.

    Returns:
        One entry for each, the smallest first.

    Raises:
        CannotEstimate: the counts contradict each other.
    """
    return [
        UnderDenominator(
            words, population, base / population, worst_case_bounds(count, base, population),
            equivalent_sample_size(base, population),
        )
        for words, population in sorted(denominators, key=lambda each: each[1])
        if population > base
    ]  # fmt: skip


def tipping_odds(share: float) -> float:
    """P ÷ (1 − p): how many times likelier to answer the majority must have been for it to be a minority.

    Args:
        share: 0–1; a share below one half is turned round, so the result is at least 1.

    Returns:
        Odds, 1 to infinity.

    Raises:
        CannotEstimate: the share is outside 0–1.
    """
    if not 0 <= share <= 1:
        raise CannotEstimate("Tipping odds need a share between 0 and 1.")
    majority = max(share, 1 - share)
    return math.inf if majority == 1 else majority / (1 - majority)


def overlap_bounds(share_a: float, share_b: float) -> Bounds:
    """Bounds of the share that holds both, from two published shares alone (Fréchet 1951).

    Args:
        share_a: 0–1.
        share_b: 0–1, of the same respondents.

    Raises:
        CannotEstimate: a share is outside 0–1.
    """
    if not (0 <= share_a <= 1 and 0 <= share_b <= 1):
        raise CannotEstimate("Bounds of an overlap need two shares between 0 and 1.")
    return Bounds(max(0.0, share_a + share_b - 1), min(share_a, share_b))


def tipping_data_defect_correlation(share: float, base: int, population: int) -> float:
    """Correlation between answering and the answer at which the population share would be one half.

    Args:
        share: raw share among those who answered, strictly between 0 and 1.
        base: respondents, 1 to ``population`` − 1.
        population: people of the universe.

    Returns:
        ρ from Meng (2018), equation 2.3, solved for a population share of ½; NaN where everybody answered.

    Raises:
        CannotEstimate: base is not between 1 and the population.
    """
    if not 0 < base <= population:
        raise CannotEstimate("The data-defect correlation needs a base between 1 and the population.")
    if base == population:
        return math.nan
    fraction = base / population
    return (share - 0.5) / (0.5 * math.sqrt((1 - fraction) / fraction))


def equivalent_sample_size(base: int, population: int, *, correlation: float = 0.005) -> float:
    """Size of the simple random sample with the same mean squared error, at a given data-defect correlation.

    Args:
        base: respondents, 1 to ``population`` − 1.
        population: people of the universe.
        correlation: |ρ|, > 0; 0.005 is what Meng (2018) found in a large opt-in survey.

    Returns:
        Effective number of respondents, f ÷ (1 − f) ÷ ρ² (Meng 2018, equation 3.5).

    Raises:
        CannotEstimate: base or correlation is out of its domain.
    """
    if not (0 < base < population and correlation > 0):
        raise CannotEstimate("The equivalent sample size needs 0 < base < population and a correlation above zero.")
    fraction = base / population
    return min(float(base), fraction / (1 - fraction) / correlation**2)


def r_indicator(cell_population: NDArray[np.float64], cell_respondents: NDArray[np.float64]) -> float:
    """1 − 2·S(ρ̂): how even participation is over the cells; 1 means equally likely everywhere.

    Args:
        cell_population: people of each cell, shape (C,), > 0.
        cell_respondents: respondents of each cell, shape (C,), 0 to the population.

    Source: Schouten, Cobben and Bethlehem (2009), with cell participation rates as propensities, less the variance that
    binomial chance gives them.
    """
    if (cell_population <= 0).any() or (cell_respondents > cell_population).any():
        raise CannotEstimate("The R-indicator needs people in every cell and no more respondents than people.")
    rate = cell_respondents / cell_population
    mean = float(cell_respondents.sum() / cell_population.sum())
    observed = cell_population @ (rate - mean) ** 2
    # Chance alone spreads the rates of small cells; what it adds on average is taken off. A cell of one person shows
    # nothing of its own, so the mean rate stands for it.
    several = cell_population > 1
    noise = np.where(several, rate * (1 - rate) / np.maximum(cell_population - 1, 1), mean * (1 - mean))
    spread = float(observed - cell_population @ noise) / float(cell_population.sum())
    return 1 - 2 * math.sqrt(max(spread, 0.0))


def partial_r_indicators(
    margins: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64]]],
) -> dict[str, float]:
    """How much each variable contributes to uneven participation (unconditional partial R-indicators).

    Args:
        margins: name, people by level and respondents by level, both shape (L,).

    Returns:
        Variable → standard deviation of the participation rate over its levels, 0 to 0.5; 0 means even.

    Raises:
        CannotEstimate: a level without people, or with more respondents than people.

    Source: Schouten, Shlomo and Skinner (2011), equation 4.
    """
    found = {}
    for name, people, respondents in margins:
        if (people <= 0).any() or (respondents > people).any():
            raise CannotEstimate(
                "A partial R-indicator needs people at every level and no more respondents than people."
            )
        rate = respondents / people
        mean = respondents.sum() / people.sum()
        found[name] = math.sqrt(float(people @ (rate - mean) ** 2 / people.sum()))
    return found


def data_defect_correlation(share: float, true_share: float, base: int, population: int) -> float:
    """Correlation between answering and the answer that turned a true share into the one observed.

    Args:
        share: among those who answered, 0–1.
        true_share: in the population, strictly between 0 and 1.
        base: respondents, 1 to ``population`` − 1.
        population: people.

    Returns:
        ρ from Meng (2018), equation 2.3: error = ρ · √((1 − f) ÷ f) · σ.

    Raises:
        CannotEstimate: an argument is out of its domain.
    """
    if not (0 < base < population and 0 < true_share < 1 and 0 <= share <= 1):
        raise CannotEstimate("The data-defect correlation needs 0 < base < population and a true share inside 0–1.")
    fraction = base / population
    return (share - true_share) / math.sqrt((1 - fraction) / fraction * true_share * (1 - true_share))


@dataclass(frozen=True)
class Card:
    """Coverage and participation of one result.

    Attributes:
        respondents: people who answered.
        members: people who were asked.
        universe: people about whom one would like to speak.
        participation: respondents ÷ members, 0–1.
        coverage: members ÷ universe, 0–1.
        r_indicator: evenness of participation over the weighting cells, or None where not known.
    """

    respondents: int
    members: int
    universe: int
    participation: float
    coverage: float
    r_indicator: float | None


def make_card(*, respondents: int, members: int, universe: int, evenness: float | None = None) -> Card:
    """Build the card.

    Raises:
        CannotEstimate: unless 0 < respondents ≤ members ≤ universe.
    """
    if not 0 < respondents <= members <= universe:
        raise CannotEstimate(
            f"A card needs 0 < respondents ≤ members ≤ universe, got {respondents}, {members}, {universe}. "
            "Load a universe that contains the members."
        )
    return Card(respondents, members, universe, respondents / members, members / universe, evenness)


#: Fewest effective respondents for a sentence that reaches beyond those who answered (as in ``presentation``).
FEWEST_EFFECTIVE = 30
#: Largest standardised difference of a margin after weighting that counts as balanced (Austin 2009).
LARGEST_DIFFERENCE = 0.1


@dataclass(frozen=True)
class Diagnostics:
    """What the weighting says about itself.

    Attributes:
        n_effective: respondents ÷ design effect of the weights.
        largest_difference: largest absolute standardised difference of a margin after weighting.
    """

    n_effective: float
    largest_difference: float


@dataclass(frozen=True)
class Sentence:
    """The strongest sentence the evidence permits: of whom it may speak, and in words."""

    speaks_of: str  # "respondents", "members" or "universe"
    subject: str
    because: str


def permitted_sentence(
    instrument: Instrument,
    card: Card,
    *,
    diagnostics: Diagnostics | None = None,
    member_words: str = "our members",
    universe_words: str = "the universe",
) -> Sentence:
    """Decide of whom a result may speak.

    Args:
        instrument: declared before opening.
        card: coverage and participation.
        diagnostics: of the weighting, or None where nothing was weighted; they can only narrow the sentence.
        member_words: how members are called, for example ``"verified members"``.
        universe_words: how the universe is called, for example ``"US physicians"``.

    Returns:
        A sentence about respondents unless a probability sample (or nearly complete census) with at least half
        responding reaches further, and its weights leave enough effective respondents and no margin far from the
        population; about the universe only where the members cover at least 95 % of it.
    """
    n = f"{card.respondents:,}"
    if instrument in (Instrument.STRAW_POLL, Instrument.COMMUNITY_POLL):
        return Sentence(
            "respondents",
            f"Of the {n} who answered",
            f"participants chose to take part: {card.participation:.1%} of {card.members:,} {member_words}",
        )
    if card.participation < LEAST_RESPONSE_FOR_POPULATION:
        return Sentence(
            "respondents",
            f"Of the {n} who answered",
            f"only {card.participation:.1%} of those asked responded",
        )
    if diagnostics is not None and diagnostics.n_effective < FEWEST_EFFECTIVE:
        return Sentence(
            "respondents",
            f"Of the {n} who answered",
            f"unequal weights leave {diagnostics.n_effective:.0f} effective respondents, fewer than {FEWEST_EFFECTIVE}",
        )
    if diagnostics is not None and diagnostics.largest_difference > LARGEST_DIFFERENCE:
        return Sentence(
            "respondents",
            f"Of the {n} who answered",
            f"after weighting a group still differs from the register by {diagnostics.largest_difference:.2f} "
            "standard deviations",
        )
    if card.coverage >= LEAST_COVERAGE_FOR_UNIVERSE:
        return Sentence("universe", f"Of {universe_words}", f"the frame covers {card.coverage:.1%} of {universe_words}")
    return Sentence(
        "members",
        f"Of {member_words}",
        f"{card.participation:.1%} responded, but members are {card.coverage:.1%} of {universe_words}",
    )


@dataclass(frozen=True)
class MarginBalance:
    """One level of a margin before and after weighting, shares 0–1."""

    margin: str
    level: str
    population_share: float
    raw_share: float
    weighted_share: float

    @property
    def raw_difference(self) -> float:
        """Standardised difference before weighting (Austin 2009)."""
        return standardised_difference(self.raw_share, self.population_share)

    @property
    def weighted_difference(self) -> float:
        """Standardised difference after weighting."""
        return standardised_difference(self.weighted_share, self.population_share)


def standardised_difference(share: float, population_share: float) -> float:
    """(share − population share) ÷ √(P·(1 − P)): how many standard deviations of the population apart.

    Args:
        share: 0–1.
        population_share: P, 0–1; where it is 0 or 1 nothing varies and any other share is infinitely far.

    Source: Austin (2009), Statistics in Medicine 28, 3083–3107, with the standard deviation of the population.
    """
    spread = math.sqrt(max(population_share * (1 - population_share), 0.0))
    if spread == 0:
        return 0.0 if abs(share - population_share) < 1e-12 else math.copysign(math.inf, share - population_share)
    return (share - population_share) / spread


def margin_balance(
    name: str,
    levels: Sequence[str],
    population: NDArray[np.float64],
    respondents: NDArray[np.float64],
    weighted: NDArray[np.float64],
) -> tuple[MarginBalance, ...]:
    """Compare a margin's shares in the population, among respondents and after weighting; all shape (L,)."""
    return tuple(
        MarginBalance(name, level, float(p), float(r), float(w))
        for level, p, r, w in zip(
            levels,
            population / population.sum(),
            respondents / respondents.sum(),
            weighted / weighted.sum(),
            strict=True,
        )
    )
