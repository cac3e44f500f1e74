"""The cell path and the row path are two programs for the same numbers: here they meet on generated surveys."""

import numpy as np
import pytest

from auscult.statistics import rows as svy
from auscult.statistics.bootstrap import bootstrap_shares
from auscult.statistics.cells import count_cells
from auscult.statistics.differences import compare_with_rest, difference_of_domains, difference_of_waves
from auscult.statistics.errors import CannotEstimate, EmptyMarginLevel, InvalidCounts, InvalidMargin
from auscult.statistics.independence import holm, rao_scott_test, saddlepoint_tail
from auscult.statistics.linearisation import Linearisation
from auscult.statistics.raking import rake
from auscult.statistics.representativeness import r_indicator
from auscult.statistics.results import share_as_json
from auscult.statistics.rows.calibrate import margin_of_rows
from auscult.statistics.shares import estimate_domains, estimate_questions

SIZES = {"specialty": 5, "region": 4, "sex": 2}


class Generated:
    def __init__(self, seed: int, n: int = 900, missing: float = 0.1):
        random = np.random.default_rng(seed)
        self.columns, self.population = {}, {}
        for name, size in SIZES.items():
            levels = tuple(f"{name}{i}" for i in range(size))
            self.columns[name] = svy.Factor(random.choice(size, n, p=random.dirichlet(np.full(size, 6.0))), levels)
            people = random.dirichlet(np.full(size, 9.0)) * 10_000
            self.population[name] = dict(zip(levels, people, strict=True))
        lean = 0.3 + 0.08 * self.columns["specialty"].codes
        answer = (random.random(n) < lean).astype(int) + (random.random(n) < 0.2)
        self.answer = np.where(random.random(n) < missing, -1, answer)
        self.columns["q"] = svy.Factor(self.answer, ("a", "b", "c"))
        self.columns["all"] = np.ones(n)
        names = tuple(SIZES)
        levels = [self.columns[name].levels for name in names]
        self.cells = count_cells(names, levels, [self.columns[name].codes for name in names])
        self.weights = rake(
            self.cells.respondents, [self.cells.margin(name, self.population[name]) for name in names], tolerance=1e-13
        )
        self.counts = self.cells.tabulate(self.answer, 3).astype(float)
        design = svy.survey_design(self.columns, weights="all")
        margins = [margin_of_rows(self.columns, [name], self.population[name]) for name in names]
        self.design = svy.rake_rows(design, margins, tolerance=1e-13)

    def common(self, variable: str | None = None) -> Linearisation:
        if variable is None:
            return Linearisation(
                self.weights, self.cells.respondents, np.zeros(len(self.cells.codes), dtype=np.intp), 1
            )
        position = list(SIZES).index(variable)
        return Linearisation(self.weights, self.cells.respondents, self.cells.codes[:, position], SIZES[variable])


@pytest.fixture(params=[1, 2, 3])
def generated(request):
    return Generated(request.param)


def test_weights_are_those_of_the_rows(generated):
    assert generated.weights.weight[generated.cells.of_row] == pytest.approx(generated.design.weights, rel=1e-10)


def test_shares_and_covariances_are_those_of_the_rows(generated):
    of_rows = svy.mean(generated.design, ["q"], na_rm=True, deff="replace")
    found = estimate_questions([("q", ("a", "b", "c"), generated.counts)], generated.common())["q"]
    assert [s.share for s in found.shares] == pytest.approx(of_rows.values, rel=1e-10)
    assert found.covariance == pytest.approx(of_rows.covariance, rel=1e-8)
    intervals = [svy.proportion(generated.design, "q", level, na_rm=True).interval for level in ("a", "b", "c")]
    assert [s.interval.low for s in found.shares] == pytest.approx([i.low for i in intervals], rel=1e-8)
    assert [s.interval.high for s in found.shares] == pytest.approx([i.high for i in intervals], rel=1e-8)


@pytest.mark.parametrize("variable", ["specialty", "sex"])
def test_domains_are_those_of_the_rows(generated, variable):
    of_rows = svy.mean_by(generated.design, ["q"], [variable], na_rm=True)
    found = estimate_domains([("q", ("a", "b", "c"), generated.counts)], generated.common(variable))["q"]
    assert found.shares.T.reshape(-1) == pytest.approx(of_rows.values, rel=1e-10)
    assert found.standard_errors.T.reshape(-1) == pytest.approx(of_rows.standard_errors, rel=1e-7)


def test_many_questions_at_once_equal_each_alone(generated):
    tables = [(f"q{i}", ("a", "b", "c"), np.roll(generated.counts, i, axis=1)) for i in range(9)]
    together = estimate_questions(tables, generated.common())
    for table in tables:
        alone = estimate_questions([table], generated.common())[table[0]]
        assert together[table[0]].covariance == pytest.approx(alone.covariance, rel=1e-9)
        assert [s.share for s in together[table[0]].shares] == pytest.approx([s.share for s in alone.shares])


def test_a_difference_of_domains_uses_their_covariance(generated):
    of_rows = svy.mean_by(generated.design, ["q"], ["specialty"], na_rm=True)
    names = ["specialty0:qb", "specialty3:qb"]
    wanted = svy.contrast(of_rows, {names[0]: 1, names[1]: -1})
    found = difference_of_domains(generated.common("specialty"), generated.counts, 1, 0, 3)
    assert found.difference == pytest.approx(wanted.values[0], rel=1e-9)
    assert found.standard_error == pytest.approx(wanted.standard_errors[0], rel=1e-7)
    assert found.low < found.difference < found.high


def test_each_domain_beside_the_rest_is_adjusted_for_looking_at_all(generated):
    rows = compare_with_rest(generated.common("specialty"), generated.counts, 1)
    assert len(rows) == 5
    assert all(row.adjusted_p >= row.difference.p_value for row in rows)
    in_domain = generated.columns["specialty"].codes == 4
    shares = [svy.mean(generated.design.subset(part), ["q"], na_rm=True).values[1] for part in (in_domain, ~in_domain)]
    assert rows[4].difference.difference == pytest.approx(shares[0] - shares[1], rel=1e-9)


def test_rao_scott_on_cells_is_that_of_the_rows():
    generated = Generated(4, missing=0.0)
    wanted = svy.chisq_test(generated.design, "q", "sex")
    inside = generated.cells.codes[:, 2][:, None] == np.arange(2)
    crossed = (inside[:, :, None] * generated.counts[:, None, :]).reshape(len(inside), -1)
    found = estimate_questions([("q", tuple("012345"), crossed)], generated.common())["q"]
    shares = np.array([s.share for s in found.shares])
    n = float(generated.cells.respondents.sum())
    test = rao_scott_test(shares, found.covariance, rows=3, n=n, degrees_of_freedom=n - 1)
    assert test.statistic == pytest.approx(wanted.statistic, rel=1e-7)
    assert test.p_value == pytest.approx(wanted.p_value, rel=1e-6)


def test_a_domain_in_which_nobody_answered_is_empty_and_the_others_stand(generated):
    counts = generated.counts.copy()
    counts[generated.cells.codes[:, 0] == 2] = 0
    found = estimate_domains([("q", ("a", "b", "c"), counts)], generated.common("specialty"))["q"]
    assert found.of(2) == ()
    assert np.isnan(found.shares[2]).all()
    assert all(0 <= share.interval.low <= share.share <= share.interval.high <= 1 for share in found.of(1))
    with pytest.raises(InvalidCounts, match="Leave that domain out"):
        generated.common("specialty").covariance_between_domains(counts, 0)
    with pytest.raises(CannotEstimate, match="Only 0 people of domain 2 answered; a comparison needs 30"):
        difference_of_domains(generated.common("specialty"), counts, 0, 1, 2)


@pytest.mark.parametrize("draws", ["multinomial", "poisson", "dirichlet"])
def test_bootstrap_agrees_with_the_linearisation(draws):
    generated = Generated(5, n=2000)
    found = estimate_questions([("q", ("a", "b", "c"), generated.counts)], generated.common())["q"]
    boot = bootstrap_shares(
        generated.counts, generated.cells.respondents, generated.weights.margins, replicates=400, draws=draws,
        random=np.random.default_rng(6),
    )  # fmt: skip
    linear = np.array([s.standard_error for s in found.shares])
    # 400 replicates know a standard error to about 3.5 % each.
    assert boot.standard_errors == pytest.approx(linear, rel=0.12)
    assert boot.replicates.mean(axis=0) == pytest.approx([s.share for s in found.shares], abs=0.004)
    low, high = boot.percentile_interval()[0]
    assert low < found.shares[0].share < high


def test_a_bootstrap_that_empties_a_level_says_so_and_dirichlet_does_not():
    respondents = np.array([2.0, 500.0])
    cells = count_cells(["g"], [("x", "y")], [np.repeat([0, 1], [2, 500])])
    margin = cells.margin("g", {"x": 100.0, "y": 900.0})
    counts = np.array([[1.0, 1.0], [250.0, 250.0]])
    with pytest.raises(EmptyMarginLevel, match="Collapse"):
        bootstrap_shares(counts, respondents, [margin], random=np.random.default_rng(1))
    assert bootstrap_shares(counts, respondents, [margin], draws="dirichlet", random=np.random.default_rng(1))
    with pytest.raises(CannotEstimate, match="somebody who answered"):
        bootstrap_shares(counts * 0, respondents, [margin], random=np.random.default_rng(1))


def test_the_same_seed_gives_the_same_replicates(generated):
    def again():
        return bootstrap_shares(
            generated.counts, generated.cells.respondents, generated.weights.margins, replicates=5,
            random=np.random.default_rng(9),
        )  # fmt: skip

    assert (again().replicates == again().replicates).all()


def test_two_waves_add_their_variances(generated):
    one, other = (Generated(seed) for seed in (7, 8))
    a, b = (estimate_questions([("q", ("a", "b", "c"), g.counts)], g.common())["q"].shares[0] for g in (one, other))
    found = difference_of_waves(a, b)
    assert found.standard_error**2 == pytest.approx(a.standard_error**2 + b.standard_error**2)
    assert found.low < a.share - b.share < found.high


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1, never decreasing.
    assert holm(np.array([0.04, 0.01, 0.02])) == pytest.approx([0.04, 0.03, 0.04])
    with pytest.raises(CannotEstimate, match="between 0 and 1"):
        holm(np.array([0.5, 1.5]))


def test_the_saddlepoint_is_near_a_simulation_and_r_cuts_its_degrees_of_freedom():
    eigenvalues, d, x = np.array([0.48114644, 1.81811072]), 20.924956887904383, 11.940892080745343
    random = np.random.default_rng(0)
    draws = (random.chisquare(1, (1_000_000, 2)) @ eigenvalues) / (random.chisquare(d, 1_000_000) / d)
    simulated = (draws > x).mean()
    assert saddlepoint_tail(x, eigenvalues, d) == pytest.approx(simulated, rel=0.06)
    assert saddlepoint_tail(x, eigenvalues, d, terms=20.0) > simulated * 1.1


def test_cells_of_a_huge_cross_are_counted_by_sorting():
    columns = [np.array([0, 2999, 0]), np.array([5, 2999, 5]), np.array([7, 2999, 7])]
    cells = count_cells(list("abc"), [tuple(map(str, range(3000)))] * 3, columns)
    assert cells.codes.tolist() == [[0, 5, 7], [2999, 2999, 2999]]
    assert cells.respondents.tolist() == [2, 1]
    assert cells.of_row.tolist() == [0, 1, 0]


def test_answers_outside_the_choices_are_no_answers():
    cells = count_cells(["g"], [("x", "y")], [np.array([0, 0, 1, 1])])
    assert cells.tabulate(np.array([0, 9, -1, 1]), 2).tolist() == [[1, 0], [0, 1]]
    assert cells.tabulate(np.array([0, 255, 1, 1], dtype=np.uint8), 2).tolist() == [[1, 0], [0, 2]]


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ([], InvalidCounts, "no respondents"),
        ([np.array([], dtype=int)], InvalidCounts, "no respondents"),
        ([np.array([0, 2])], InvalidCounts, "no valid level of 'g'"),
        ([np.array([0, -1])], InvalidCounts, "no valid level"),
    ],
)
def test_rows_that_cannot_be_counted_are_refused(columns, error, words):
    with pytest.raises(error, match=words):
        count_cells(["g"], [("x", "y")], columns)


def test_a_margin_must_know_every_level_that_respondents_have():
    cells = count_cells(["g"], [("x", "y")], [np.array([0, 1])])
    with pytest.raises(InvalidMargin, match="'y', which the population does not know"):
        cells.margin("g", {"x": 10.0})
    with pytest.raises(InvalidMargin, match="no weighting variable 'h'"):
        cells.margin("h", {"x": 10.0})
    with pytest.raises(InvalidCounts, match="one answer code"):
        cells.tabulate(np.array([0]), 2)


def test_a_margin_that_another_determines_changes_nothing(generated):
    """Specialties and groups of specialties: the normal matrix is singular beyond the grand total."""
    group = generated.columns["specialty"].codes // 2
    columns = [generated.columns[name].codes for name in SIZES]
    levels = [generated.columns[name].levels for name in SIZES]
    cells = count_cells([*SIZES, "group"], [*levels, ("g0", "g1", "g2")], [*columns, group])
    people = list(generated.population["specialty"].values())
    totals = {"g0": people[0] + people[1], "g1": people[2] + people[3], "g2": people[4]}
    margins = [cells.margin(name, generated.population[name]) for name in SIZES]
    weights = rake(cells.respondents, [*margins, cells.margin("group", totals)], tolerance=1e-13)
    common = Linearisation(weights, cells.respondents, np.zeros(len(cells.codes), dtype=np.intp), 1)
    counts = cells.tabulate(generated.answer, 3)
    nested = estimate_questions([("q", ("a", "b", "c"), counts)], common)["q"]
    plain = estimate_questions([("q", ("a", "b", "c"), generated.counts)], generated.common())["q"]
    assert nested.covariance == pytest.approx(plain.covariance, rel=1e-7)
    assert [s.share for s in nested.shares] == pytest.approx([s.share for s in plain.shares], rel=1e-9)


def test_published_shares_have_a_tenth_of_a_point(generated):
    """To its last digit a weighted share is an equation that can betray how a pooled group is made up."""
    found = estimate_questions([("q", ("a", "b", "c"), generated.counts)], generated.common())["q"]
    for share in found.shares:
        published = share_as_json(share)
        assert published["share"] == round(share.share, 3) != share.share
        assert published["standard_error"] == round(share.standard_error, 4)
        assert published["low"] == round(share.interval.low, 3)


def test_the_r_indicator_takes_off_what_chance_adds():
    random = np.random.default_rng(1)
    people = np.full(2000, 5.0)
    even = r_indicator(people, random.binomial(5, 0.3, 2000).astype(float))
    assert even > 0.93  # 0.59 if the spread of chance were counted
    uneven = r_indicator(people, random.binomial(5, np.repeat([0.1, 0.5], 1000)).astype(float))
    assert uneven == pytest.approx(1 - 2 * 0.2, abs=0.03)
