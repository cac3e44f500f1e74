"""Weighting and estimation from rows in memory, beside R `survey`, Python `svy` and one pass over the columns.

A synthetic survey: margins of 40 × 51 × 2 × 6 levels, 20 questions of 3 to 5 answers, one byte each. Steps: (a) cells
and raking, (b) with shares, standard errors and intervals of all questions, (c) with the same by 40 specialties, (d) 200
bootstrap replicates of one question, each raked anew, (e) one more batch of ballots to the new weighted result.

Usage: ``make bench B=statistics``, or ``python -m bench.statistics 4156 100000``. R runs where ``Rscript`` finds the
package, svy where it is installed in this Python or in the one that SVY_PYTHON names; each within PEER_SECONDS (300).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.bootstrap import bootstrap_shares
from auscult.statistics.cells import Cells, count_cells
from auscult.statistics.linearisation import Linearisation
from auscult.statistics.raking import Weights, rake
from auscult.statistics.shares import DomainEstimates, QuestionEstimate, estimate_domains, estimate_questions

from .report import Measure, median_ms, report

VARIABLES = {"specialty": 40, "state": 51, "sex": 2, "stage": 6}
QUESTIONS = 20
PERSONS = 1_000_000
BATCH = 50
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Survey:
    """Rows in memory: one byte a value."""

    columns: list[NDArray[np.uint8]]
    answers: list[NDArray[np.uint8]]
    choices: list[int]
    totals: dict[str, dict[str, float]]

    @property
    def levels(self) -> list[tuple[str, ...]]:
        return [tuple(totals) for totals in self.totals.values()]

    @property
    def size(self) -> int:
        return sum(column.nbytes for column in [*self.columns, *self.answers])


def make_survey(n: int) -> Survey:
    random = np.random.default_rng(2009)
    columns, totals = [], {}
    for name, size in VARIABLES.items():
        shares = random.dirichlet(np.full(size, 8.0))
        columns.append(random.choice(size, size=n, p=shares).astype(np.uint8))
        population = shares * random.uniform(0.7, 1.3, size)
        population *= PERSONS / population.sum()
        totals[name] = {f"{name}{level:02d}": float(total) for level, total in enumerate(population)}
    choices = [int(random.integers(3, 6)) for _ in range(QUESTIONS)]
    return Survey(columns, [random.integers(0, a, n).astype(np.uint8) for a in choices], choices, totals)


def weigh(survey: Survey) -> tuple[Cells, Weights]:
    cells = count_cells(tuple(VARIABLES), survey.levels, survey.columns)
    return cells, rake(cells.respondents, [cells.margin(name, survey.totals[name]) for name in VARIABLES])


def tables(survey: Survey, cells: Cells) -> Iterator[tuple[str, tuple[str, ...], NDArray[np.int64]]]:
    for number, (answers, size) in enumerate(zip(survey.answers, survey.choices, strict=True)):
        yield f"q{number}", tuple(f"c{a}" for a in range(size)), cells.tabulate(answers, size)


def estimate(survey: Survey) -> dict[str, QuestionEstimate]:
    cells, weights = weigh(survey)
    everybody = np.zeros(cells.respondents.size, dtype=np.intp)
    return estimate_questions(tables(survey, cells), Linearisation(weights, cells.respondents, everybody, 1))


def estimate_by_specialty(survey: Survey) -> dict[str, DomainEstimates]:
    cells, weights = weigh(survey)
    common = Linearisation(weights, cells.respondents, cells.codes[:, 0], VARIABLES["specialty"])
    return estimate_domains(tables(survey, cells), common)


def live_step(survey: Survey) -> Callable[[], object]:
    """Add a batch to a table that is kept, rake and estimate one question."""
    cells, weights = weigh(survey)
    question = ("q0", tuple(f"c{a}" for a in range(survey.choices[0])))
    counts = cells.tabulate(survey.answers[0], survey.choices[0])
    everybody = np.zeros(cells.respondents.size, dtype=np.intp)
    batch_cells, batch_answers = cells.of_row[:BATCH], survey.answers[0][:BATCH]

    def step() -> object:
        np.add.at(counts, (batch_cells, batch_answers), 1)
        np.add.at(cells.respondents, batch_cells, 1.0)
        common = Linearisation(rake(cells.respondents, weights.margins), cells.respondents, everybody, 1)
        return estimate_questions([(*question, counts)], common)

    return step


def peak_ratio(call: Callable[[], object], survey: Survey) -> float:
    """Peak of what a step allocates, and the data themselves, as a multiple of the data."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak + survey.size) / survey.size


def own(survey: Survey, n: int) -> list[Measure]:
    cells, weights = weigh(survey)
    counts = cells.tabulate(survey.answers[0], survey.choices[0])
    limit = median_ms(lambda: [column.sum() for column in [*survey.columns, *survey.answers]], 9)
    steps: dict[str, tuple[Callable[[], object], int]] = {
        "a rake": (lambda: weigh(survey), 9),
        "a + b 20 questions": (lambda: estimate(survey), 9),
        "a + c by 40 specialties": (lambda: estimate_by_specialty(survey), 9),
        "d 200 raked replicates": (
            lambda: bootstrap_shares(counts, cells.respondents, weights.margins, draws=_draws(n),
                                     random=np.random.default_rng(1)), 3,
        ),
        "e a batch, live": (live_step(survey), 30),
    }  # fmt: skip
    measures = []
    for what, (call, times) in steps.items():
        call()
        taken = median_ms(call, times)
        measures.append(Measure(f"{what}, n = {n:,}", taken, "ms", "one pass over the columns", limit))
    for what in ("a + b 20 questions", "a + c by 40 specialties"):
        peak = peak_ratio(steps[what][0], survey)
        measures.append(Measure(f"peak of {what}, n = {n:,}", peak, "× data", "the data", 1.0))
    return measures


def _draws(n: int) -> str:
    """With few people a multinomial replicate can empty a level; Dirichlet weights cannot."""
    return "multinomial" if n >= 50_000 else "dirichlet"


def peers(survey: Survey, n: int, mine: list[Measure]) -> list[Measure]:
    """Ask the peers for the same and report their times beside ours."""
    ours = {measure.what[0]: measure.value for measure in mine if not measure.what.startswith("peak")}
    ours["b"] = next(m.value for m in mine if m.what.startswith("a + b"))
    ours["c"] = next(m.value for m in mine if m.what.startswith("a + c"))
    ours["a"] = mine[0].value
    found = []
    commands = {}
    if shutil.which("Rscript"):
        commands["R survey"] = ["Rscript", str(HERE / "statistics_peer.R")]
    python = os.environ.get("SVY_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import svy"], capture_output=True, check=False).returncode == 0:
        # -P, or this folder would hide the standard library's module ``statistics``.
        commands["svy"] = [python, "-P", str(HERE / "statistics_peer.py")]
    with tempfile.TemporaryDirectory() as folder:
        write_csv(survey, Path(folder))
        for peer, command in commands.items():
            for step, seconds in ask(command, Path(folder)).items():
                name = f"{step}, n = {n:,}"
                found.append(Measure(name, ours[step[0]], "ms", peer, 1000 * seconds))
    return found


def ask(command: list[str], folder: Path) -> dict[str, float]:
    """Run a peer; it prints a line of JSON after each step, so what it finished before the time is up counts."""
    limit = float(os.environ.get("PEER_SECONDS", "300"))
    out = folder / "peer.out"
    with out.open("w") as file:
        process = subprocess.Popen([*command, str(folder)], stdout=file, stderr=subprocess.DEVNULL)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    lines = [json.loads(line) for line in out.read_text().splitlines() if line.startswith("{")]
    return {line["step"]: line["seconds"] for line in lines}


def write_csv(survey: Survey, folder: Path) -> None:
    names = [*VARIABLES, *(f"q{number}" for number in range(QUESTIONS))]
    labels = [*survey.levels, *(tuple(f"c{a}" for a in range(size)) for size in survey.choices)]
    columns = [np.array(level)[codes] for level, codes in zip(labels, [*survey.columns, *survey.answers], strict=True)]
    rows = "\n".join(",".join(row) for row in zip(*columns, strict=True))
    (folder / "data.csv").write_text(",".join(names) + "\n" + rows + "\n")
    lines = [f"{name},{level},{total!r}" for name, levels in survey.totals.items() for level, total in levels.items()]
    (folder / "margins.csv").write_text("variable,level,total\n" + "\n".join(lines) + "\n")


def main(sizes: list[int]) -> None:
    measures: list[Measure] = []
    for n in sizes:
        survey = make_survey(n)
        mine = own(survey, n)
        measures += mine
        if n <= 100_000 and os.environ.get("PEER_SECONDS") != "0":
            measures += peers(survey, n, mine)
    report("statistics", measures)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [4_156, 100_000, 1_000_000])
