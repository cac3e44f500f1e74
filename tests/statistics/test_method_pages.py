"""The pages of docs/method: every one has its parts, every example is executed, every link leads somewhere."""

import doctest
import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from bench import coverage

FOLDER = Path(__file__).parents[2] / "docs" / "method"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
PARTS = ("Question", "Formula", "Source", "Assumptions", "Worked example", "Limits")


def each_page():
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@each_page()
def test_a_page_has_its_parts(page):
    text = page.read_text()
    assert [part for part in PARTS if f"**{part}" not in text] == []


@each_page()
def test_the_example_gives_what_the_page_prints(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks or page.stem == "coverage"
    flags = doctest.ELLIPSIS
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, {}, page.name, page.name, 0)
        assert test.examples
        said: list[str] = []
        doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
        assert not said, "".join(said)


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_index_names_every_page():
    index = (FOLDER / "README.md").read_text()
    assert [page.name for page in PAGES if f"({page.name})" not in index] == []


def test_the_table_of_coverage_is_the_one_that_was_simulated():
    found = [coverage.Coverage(**row) for row in json.loads(coverage.RESULT.read_text())]
    assert {each.repetitions for each in found} == {2000}
    assert [each.scenario for each in found] == list(coverage.SCENARIOS)
    assert coverage.table(found) in coverage.PAGE.read_text()


@pytest.mark.parametrize("scenario", ["stratified", "opt_in_raked", "informative"])
def test_a_part_of_the_simulation_again(scenario):
    """100 other surveys; the binomial error of 95 % in 100 is 2.2 points, so four of them are allowed."""
    people = coverage.make_population()
    again = coverage.simulate(scenario, 100, people)
    kept = next(row for row in json.loads(coverage.RESULT.read_text()) if row["scenario"] == scenario)
    assert abs(asdict(again)["covered"]["logit"] - kept["covered"]["logit"]) < 0.09
    assert abs(again.bias - kept["bias"]) < 0.01
    if scenario == "informative":
        assert again.covered["logit"] < 0.2
        assert again.bias > 0.07
