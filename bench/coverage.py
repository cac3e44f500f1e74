"""How often a nominal 95 % interval holds the truth: 2,000 simulated surveys of each kind.

Writes bench/results/coverage.json and the table of docs/method/coverage.md. Usage: ``make bench B=coverage``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auscult.statistics import rows as svy
from auscult.statistics.intervals import IntervalMethod, share_interval
from auscult.statistics.rows.calibrate import margin_of_rows
from auscult.statistics.rows.estimators import share_statistic

METHODS = (IntervalMethod.LOGIT, IntervalMethod.BETA, IntervalMethod.WILSON, IntervalMethod.MEAN)
REPETITIONS = 2_000
PEOPLE = 20_000
PAGE = Path(__file__).parents[1] / "docs" / "method" / "coverage.md"
RESULT = Path(__file__).parent / "results" / "coverage.json"


@dataclass(frozen=True)
class Population:
    """Invented people: two margins, strata, clusters, and an answer that depends on the margins."""

    specialty: NDArray[np.intp]
    region: NDArray[np.intp]
    cluster: NDArray[np.intp]
    answer: NDArray[np.intp]
    rare: NDArray[np.intp]

    def totals(self, name: str) -> dict[str, float]:
        codes, counts = np.unique(getattr(self, name), return_counts=True)
        return {f"{code}": float(count) for code, count in zip(codes, counts, strict=True)}


def make_population() -> Population:
    random = np.random.default_rng(1)
    specialty = random.choice(6, PEOPLE, p=[0.3, 0.25, 0.2, 0.13, 0.08, 0.04])
    region = random.choice(4, PEOPLE, p=[0.4, 0.3, 0.2, 0.1])
    cluster = np.sort(random.integers(0, 250, PEOPLE))
    lean = -0.6 + 0.25 * specialty - 0.3 * region + np.repeat(random.normal(0, 0.5, 250), np.bincount(cluster))
    answer = (random.random(PEOPLE) < 1 / (1 + np.exp(-lean))).astype(np.intp)
    return Population(specialty, region, cluster, answer, (random.random(PEOPLE) < 0.012).astype(np.intp))


type Draw = Callable[[Population, np.random.Generator], tuple[svy.SurveyDesign, float]]


def _columns(people: Population, chosen: NDArray[np.intp], outcome: str) -> dict[str, svy.Factor]:
    columns = {}
    for name in ("specialty", "region", "cluster", outcome):
        codes = getattr(people, name)
        used = tuple(str(code) for code in range(int(codes.max()) + 1))
        columns["answer" if name == outcome else name] = svy.Factor(codes[chosen], used)
    return columns


def _raked(design: svy.SurveyDesign, people: Population) -> svy.SurveyDesign:
    names = ("specialty", "region")
    return svy.rake_rows(
        design, [margin_of_rows(design.columns, [name], people.totals(name)) for name in names], tolerance=1e-8
    )


def simple(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    chosen = random.choice(PEOPLE, 400, replace=False)
    return svy.survey_design(_columns(people, chosen, "answer")), float(people.answer.mean())


def rare(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    chosen = random.choice(PEOPLE, 600, replace=False)
    return svy.survey_design(_columns(people, chosen, "rare")), float(people.rare.mean())


def stratified(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    parts = [random.choice(np.flatnonzero(people.region == stratum), 100, replace=False) for stratum in range(4)]
    chosen = np.concatenate(parts)
    sizes = np.bincount(people.region).astype(float)[people.region[chosen]]
    columns = {**_columns(people, chosen, "answer"), "size": sizes}
    return svy.survey_design(columns, strata=["region"], fpc=["size"]), float(people.answer.mean())


def clustered(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    drawn = random.choice(250, 30, replace=False)
    chosen = np.flatnonzero(np.isin(people.cluster, drawn))
    columns = {**_columns(people, chosen, "answer"), "size": np.full(chosen.size, 250.0)}
    design = svy.survey_design(columns, ids=["cluster"], weights=np.full(chosen.size, 250 / 30), fpc=["size"])
    return design, float(people.answer.mean())


def _respond(people: Population, random: np.random.Generator, informative: float) -> NDArray[np.intp]:
    chance = 0.015 * np.exp(0.25 * people.specialty - 0.2 * people.region + informative * people.answer)
    return np.flatnonzero(random.random(PEOPLE) < chance)


def _opt_in(people: Population, chosen: NDArray[np.intp]) -> svy.SurveyDesign:
    equal = np.full(chosen.size, PEOPLE / chosen.size)
    return svy.survey_design(_columns(people, chosen, "answer"), weights=equal)


def opt_in_raw(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    return _opt_in(people, _respond(people, random, 0.0)), float(people.answer.mean())


def opt_in_raked(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    return _raked(_opt_in(people, _respond(people, random, 0.0)), people), float(people.answer.mean())


def informative(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    return _raked(_opt_in(people, _respond(people, random, 0.4)), people), float(people.answer.mean())


def small_domain(people: Population, random: np.random.Generator) -> tuple[svy.SurveyDesign, float]:
    design = _raked(_opt_in(people, _respond(people, random, 0.0)), people)
    specialty = design.columns["specialty"]
    assert isinstance(specialty, svy.Factor)
    return design.subset(specialty.codes == 5), float(people.answer[people.specialty == 5].mean())


SCENARIOS: dict[str, tuple[str, Draw]] = {
    "simple": ("Simple random sample of 400", simple),
    "stratified": ("Stratified, 100 of each of four regions", stratified),
    "clustered": ("30 of 250 hospitals, everybody in them", clustered),
    "rare": ("Simple random sample of 600, share 1.2 %", rare),
    "opt_in_raw": ("Opt-in, response depends on specialty and region, not weighted", opt_in_raw),
    "opt_in_raked": ("The same, raked to specialty and region", opt_in_raked),
    "small_domain": ("The same, one specialty of 34 respondents on average", small_domain),
    "informative": ("Raked, but who agrees is 1.5 times likelier to answer", informative),
}


@dataclass(frozen=True)
class Coverage:
    """What the repetitions of one scenario gave.

    Attributes:
        scenario: key of ``SCENARIOS``.
        repetitions: surveys.
        truth: share in the population.
        respondents: mean over the repetitions.
        bias: mean estimate − truth.
        error_ratio: mean standard error ÷ standard deviation of the estimates.
        covered: method → share of intervals that hold the truth.
    """

    scenario: str
    repetitions: int
    truth: float
    respondents: float
    bias: float
    error_ratio: float
    covered: dict[str, float]


def simulate(scenario: str, repetitions: int, people: Population) -> Coverage:
    draw = SCENARIOS[scenario][1]
    shares, errors, sizes = np.empty(repetitions), np.empty(repetitions), np.empty(repetitions)
    hits = dict.fromkeys(METHODS, 0)
    truth = 0.0
    for turn in range(repetitions):
        design, truth = draw(people, np.random.default_rng([2009, turn]))
        statistic = share_statistic(design, "answer", "1", na_rm=False)
        share = float(np.clip(statistic.evaluate(design.weights)[0], 0, 1))
        error = float(np.sqrt(max(design.covariance(statistic)[0, 0], 0)))
        n = float((design.weights > 0).sum())
        n_effective = float(design.weights.sum() ** 2 / (design.weights @ design.weights))
        for method in METHODS:
            interval = share_interval(method, share, error, design.degrees_of_freedom, n=n, n_effective=n_effective)
            hits[method] += interval.low <= truth <= interval.high
        shares[turn], errors[turn], sizes[turn] = share, error, n
    return Coverage(
        scenario, repetitions, truth, float(sizes.mean()), float(shares.mean() - truth),
        float(errors.mean() / shares.std(ddof=1)), {m.value: hits[m] / repetitions for m in METHODS},
    )  # fmt: skip


def table(found: list[Coverage]) -> str:
    lines = [
        "| survey | truth | respondents | bias | SE ÷ SD | " + " | ".join(m.value for m in METHODS) + " |",
        "|---|" + "--:|" * (4 + len(METHODS)),
    ]
    for each in found:
        covered = " | ".join(f"{100 * each.covered[m.value]:.1f} %" for m in METHODS)
        lines.append(
            f"| {SCENARIOS[each.scenario][0]} | {100 * each.truth:.1f} % | {each.respondents:,.0f} | "
            f"{100 * each.bias:+.1f} | {each.error_ratio:.2f} | {covered} |"
        )
    return "\n".join(lines)


def main(repetitions: int) -> None:
    people = make_population()
    found = [simulate(scenario, repetitions, people) for scenario in SCENARIOS]
    text = table(found)
    print(text)
    if repetitions == REPETITIONS:
        RESULT.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
        page = PAGE.read_text()
        start, end = page.index("| survey |"), page.index("\n\n", page.index("| survey |"))
        PAGE.write_text(page[:start] + text + page[end:])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)
