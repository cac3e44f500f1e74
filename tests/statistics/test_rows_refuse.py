"""What the row path refuses, and with which words; and properties that hold whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.statistics import errors
from auscult.statistics import rows as svy
from auscult.statistics.calibration import CalibrationFunction, calibration_factors
from auscult.statistics.intervals import IntervalMethod, critical_value, share_interval
from auscult.statistics.rows.calibrate import margin_of_rows
from auscult.statistics.rows.columns import joint_factor, make_factor, parse_column
from tests.properties import examples

COLUMNS = {
    "stratum": make_factor(["a", "a", "a", "b", "b", "b"]),
    "psu": np.array([1.0, 1, 2, 3, 4, 4]),
    "again": np.array([1.0, 1, 2, 1, 2, 2]),
    "y": np.array([1.0, 2, 3, 4, 5, 6]),
    "gap": np.array([1.0, np.nan, 3, 4, 5, 6]),
    "yes": make_factor(["no", "yes", "no", "yes", "no", "yes"]),
    "hole": make_factor(["no", "yes", "", "yes", "no", "yes"]),
    "size": np.array([30.0, 30, 30, 40, 40, 40]),
    "small": np.array([2.0, 2, 2, 2, 2, 2]),
    "bad": np.array([-1.0, 1, 1, 1, 1, 1]),
    "same": make_factor(["s"] * 6),
    "endless": np.array([1.0, np.inf, 3, 4, 5, 6]),
    "empty": make_factor([""] * 6),
    "separate": np.array([0.0, 1, 0, 1, 0, 1]),
}


def design(**more):
    return svy.survey_design(COLUMNS, **({"strata": ["stratum"]} | more))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: svy.mean(design(), ["nothing"]), errors.UnknownVariable, "no variable 'nothing'"),
        (lambda: svy.mean(design(), ["gap"]), errors.MissingValues, "gap has missing values.*na_rm=True"),
        (lambda: design(weights="bad"), errors.InvalidDesign, "Weights must be finite"),
        (lambda: design(weights=np.zeros(6)), errors.InvalidDesign, "not all zero"),
        (lambda: design(ids=["again"]), errors.InvalidDesign, "lies in two strata.*nest=True"),
        (lambda: design(fpc=["small"]), errors.InvalidDesign, "population smaller than its sample"),
        (lambda: design(fpc=["bad"]), errors.InvalidDesign, "must be above zero"),
        (lambda: design(fpc=["y"]), errors.InvalidDesign, "differs within a stratum"),
        (lambda: design(strata=["hole"]), errors.MissingValues, "design variable 'hole'"),
        (lambda: svy.survey_design({"a": np.ones(2), "b": np.ones(3)}), errors.InvalidDesign, "same number of rows"),
        (
            lambda: svy.mean(design(ids=["stratum"], lonely_psu="average"), ["y"]),
            errors.LonelyPsu,
            "only one sampling unit",
        ),
        (lambda: design(lonely_psu="drop"), errors.UnknownOption, "no 'drop' among fail, remove"),
        (
            lambda: svy.proportion(design(), "yes", "yes", method="exact"),
            errors.UnknownOption,
            "no 'exact' among logit",
        ),
        (lambda: svy.quantiles(design(), "y", [0.5], rule="hf9"), errors.UnknownOption, "no 'hf9' among math"),
        (
            lambda: svy.calibrate(design(), ["yes"], {"(Intercept)": 6, "yesyes": 3}, calfun="sinus"),
            errors.UnknownOption,
            "no 'sinus' among linear",
        ),
        (lambda: svy.mean(design(), ["endless"]), errors.CannotEstimate, "endless has infinite values"),
        (lambda: svy.mean_by(design(), ["y"], ["empty"]), errors.EmptyDomain, "in any domain of empty"),
        (lambda: svy.mean(design(ids=["stratum"]), ["y"]), errors.LonelyPsu, "only one sampling unit at stage 1"),
        (lambda: design().subset(COLUMNS["y"] > 99), errors.EmptyDomain, "Nobody is in this domain"),
        (lambda: svy.ratio(design(), "yes", "y"), errors.UnknownVariable, "has levels"),
        (lambda: svy.proportion(design(), "yes", "maybe"), errors.UnknownVariable, "no level 'maybe'"),
        (lambda: svy.chisq_test(design(), "yes", "same"), errors.CannotEstimate, "at least two levels of each"),
        (lambda: svy.chisq_test(design(), "yes", "stratum", statistic="X"), errors.CannotEstimate, "Unknown statistic"),
        (lambda: svy.quantiles(design(), "y", [1.5]), errors.CannotEstimate, "between 0 and 1"),
        (lambda: svy.contrast(svy.mean(design(), ["y"]), {"x": 1}), errors.UnknownVariable, "No estimate is called x"),
        (lambda: svy.t_test(design(), "y", "same"), errors.CannotEstimate, "exactly two groups"),
        (lambda: svy.glm(design(), "yes", ["y"]), errors.UnknownVariable, "binomial family"),
        (lambda: svy.glm(design(), "y", ["psu"], family="binomial"), errors.CannotEstimate, "0 or 1"),
        (lambda: svy.glm(design(), "y", ["psu"], family="gamma"), errors.CannotEstimate, "Unknown family"),
        (
            lambda: svy.glm(design(), "y", ["psu", "again", "size", "y"]),
            errors.CannotEstimate,
            "degrees of freedom|dete",
        ),
        (lambda: svy.glm(design(), "y", ["psu", "psu"]), errors.CannotEstimate, "determine each other"),
        (
            lambda: svy.glm(design(), "yes", ["separate"], family="binomial"),
            errors.CannotEstimate,
            "converge|determine",
        ),
        (lambda: svy.balanced_repeated_replication(design()), errors.InvalidDesign, "two sampling units in every"),
        (lambda: svy.jackknife(design(ids=["stratum"])), errors.LonelyPsu, "only one sampling unit"),
        (
            lambda: svy.bootstrap(design(), replicates=1, random=np.random.default_rng(1)),
            errors.InvalidDesign,
            "two rep",
        ),
        (lambda: svy.trim_weights(design(), lower=2, upper=1), errors.InvalidDesign, "below the upper"),
        (lambda: svy.trim_weights(design(), upper=0.5), errors.InvalidDesign, "mean weight lies outside"),
        (
            lambda: svy.calibrate(design(), ["yes"], {"(Intercept)": 60}),
            errors.InvalidMargin,
            "one population total for",
        ),
        (
            lambda: svy.calibrate(design(), ["yes"], {"(Intercept)": 60, "yesyes": 30}, calfun="logit"),
            errors.InvalidMargin,
            "needs bounds",
        ),
        (
            lambda: svy.calibrate(design(), ["yes"], {"(Intercept)": 60, "yesyes": 30}, bounds=(2, 3)),
            errors.InvalidMargin,
            "around 1",
        ),
        (
            lambda: svy.calibrate(design(), ["yes"], {"(Intercept)": 60, "yesyes": 59}, bounds=(0.9, 1.1)),
            errors.CalibrationDidNotConverge,
            "Widen the bounds",
        ),
        (
            lambda: svy.post_stratify(design(), ["yes"], {"no": 10, "yes": 20, "never": 5}),
            errors.EmptyMarginLevel,
            "Collapse that level",
        ),
        (lambda: svy.post_stratify(design(), ["yes"], {"no": -10, "yes": 20}), errors.InvalidMargin, "above zero"),
        (
            lambda: svy.post_stratify(design(), ["yes"], {"no": np.nan, "yes": 20}),
            errors.InvalidMargin,
            "finite number",
        ),
        (lambda: svy.post_stratify(design(), ["yes"], {"no": 20}), errors.InvalidMargin, "population does not know"),
        (
            lambda: svy.post_stratify(design(), ["hole"], {"no": 1, "yes": 1}),
            errors.MissingValues,
            "weighting variable",
        ),
        (
            lambda: svy.rake_rows(
                design(),
                [
                    margin_of_rows(COLUMNS, ["yes"], {"no": 10, "yes": 20}),
                    margin_of_rows(COLUMNS, ["stratum"], {"a": 5, "b": 6}),
                ],
            ),
            errors.InvalidMargin,
            "adds up to 11, 'yes' to 30",
        ),
        (
            lambda: svy.rake_rows(
                design(),
                [
                    margin_of_rows(COLUMNS, ["yes"], {"no": 10, "yes": 20}),
                    margin_of_rows({**COLUMNS, "copy": COLUMNS["yes"]}, ["copy"], {"no": 20, "yes": 10}),
                ],
            ),
            errors.RakingDidNotConverge,
            "did not converge in 500 iterations",
        ),
        (lambda: critical_value(0, 0.95), errors.CannotEstimate, "No degrees of freedom"),
    ],
)
def test_input_that_cannot_give_a_valid_number_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_every_refusal_is_one_kind_of_error():
    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(kinds) == 14
    assert all(issubclass(kind, errors.CannotEstimate) for kind in kinds)


def test_columns_are_numbers_or_levels():
    assert parse_column(["1", "", "2.5", "NA"]) == pytest.approx([1, np.nan, 2.5, np.nan], nan_ok=True)
    assert parse_column(["b", "a", ""]).levels == ("a", "b")
    joint = joint_factor(COLUMNS, ["stratum", "yes"])
    assert joint.levels == ("a.no", "b.no", "a.yes", "b.yes")


def test_a_mean_without_a_design_is_the_plain_mean():
    found = svy.mean(svy.survey_design(COLUMNS), ["y"])
    assert found.values == pytest.approx([3.5])
    assert found.standard_errors == pytest.approx([np.std([1, 2, 3, 4, 5, 6], ddof=1) / np.sqrt(6)])


def test_a_census_has_no_sampling_variance():
    columns = {**COLUMNS, "all": np.full(6, 3.0)}
    found = svy.total(svy.survey_design(columns, strata=["stratum"], fpc=["all"]), ["y"])
    assert found.values == pytest.approx([21])
    assert found.standard_errors == pytest.approx([0])


def test_missing_values_make_a_domain():
    found = svy.mean(design(), ["gap"], na_rm=True)
    assert found.values == pytest.approx([np.mean([1, 3, 4, 5, 6])])
    assert svy.quantiles(design(), "gap", [0.5], na_rm=True).values == pytest.approx([4])


def test_bootstrap_replicates_keep_the_size_and_the_fpc_shrinks_them():
    finite = svy.survey_design(COLUMNS, strata=["stratum"], fpc=["size"])
    random = np.random.default_rng(3)
    infinite = svy.survey_design(COLUMNS, strata=["stratum"], weights=finite.weights)
    for draws in ("multinomial", "dirichlet"):
        for drawn in (finite, infinite):
            made = svy.bootstrap(drawn, replicates=4000, draws=draws, random=random)
            assert made.replicate_weights.min() >= 0
            assert made.replicate_weights.sum(axis=0) == pytest.approx(np.full(4000, 70.0))
            # The stratum means differ far more than people within them: draws must not move people between strata.
            wanted = svy.mean(drawn, ["y"]).standard_errors
            assert svy.mean(made, ["y"]).standard_errors == pytest.approx(wanted, rel=0.07)
    pairs = svy.survey_design({"stratum": make_factor(["a", "a", "b", "b"]), "y": np.arange(4.0)}, strata=["stratum"])
    with pytest.raises(errors.InvalidDesign, match="three sampling units"):
        svy.bootstrap(pairs, draws="dirichlet", random=random)


def test_negative_calibrated_weights_keep_the_right_variance():
    """Linear calibration may give them. By hand: residuals of y on 1 and x, times the weights."""
    y = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 30])
    plain = svy.survey_design({"y": y, "x": x})
    raked = svy.calibrate(plain, ["x"], {"(Intercept)": 10, "x": 25})
    assert raked.weights.min() < 0
    residual = y - np.column_stack([np.ones(10), x]) @ np.linalg.lstsq(np.column_stack([np.ones(10), x]), y)[0]
    scores = raked.weights * residual
    wanted = np.sqrt(10 / 9 * ((scores - scores.mean()) ** 2).sum())
    assert svy.total(raked, ["y"]).standard_errors == pytest.approx([wanted])


def test_trimming_a_domain_stays_inside_it_and_ends():
    weights = np.array([50.0, 1, 1, 1, 1, 1])
    domain = svy.survey_design(COLUMNS, weights=weights).subset(COLUMNS["y"] < 4)
    trimmed = svy.trim_weights(domain, upper=20)
    assert trimmed.weights[3:].tolist() == [0, 0, 0]
    assert trimmed.weights.sum() == pytest.approx(52)
    with pytest.raises(errors.CalibrationDidNotConverge):
        svy.trim_weights(svy.survey_design(COLUMNS, weights=np.array([9.0, 9, 9, 1, 1, 1])), lower=4, upper=6)


def test_wald_and_saddlepoint_at_their_limits():
    perfect = {"a": make_factor(["x", "y"] * 20), "b": make_factor(["x", "y"] * 20)}
    with pytest.raises(errors.CannotEstimate, match="determine each other"):
        svy.chisq_test(svy.survey_design(perfect), "a", "b", statistic="Wald")
    none = {"a": make_factor(["x", "y"] * 20), "b": make_factor(["x", "x", "y", "y"] * 10)}
    assert svy.chisq_test(svy.survey_design(none), "a", "b", statistic="saddlepoint").p_value == 1


def test_models_that_cannot_be_told_apart_are_refused():
    random = np.random.default_rng(1)
    a, b = random.random(50), random.random(50)
    columns = {"y": random.random(50), "a": a, "b": b, "sum": a + b, "g": make_factor(["p", "q"] * 20 + ["r"] * 10)}
    whole = svy.survey_design(columns)
    with pytest.raises(errors.CannotEstimate, match="determine each other"):
        svy.glm(whole, "y", ["a", "b", "sum"])
    domain = whole.subset(columns["g"].codes > 0)
    model = svy.glm(domain, "y", ["g"])
    assert model.coefficients.names == ("(Intercept)", "gr")
    assert model.coefficients.standard_errors.min() > 0
    assert svy.t_test(domain, "y", "g").p_value == pytest.approx(model.p_values[1])


def test_small_domains_do_not_stop_the_others():
    columns = {"g": make_factor(["big"] * 40 + ["one"] + ["silent"]), "q": make_factor(["y", "n"] * 20 + ["y", ""])}
    found = svy.proportion_by(svy.survey_design(columns), "q", "y", ["g"], na_rm=True)
    assert list(found) == ["big"]


@settings(max_examples=examples(60))
@given(
    st.integers(0, 10_000),
    st.sampled_from(list(CalibrationFunction)),
    st.floats(0.7, 1.4),
)
def test_calibration_meets_its_totals_within_its_bounds(seed, calfun, stretch):
    random = np.random.default_rng(seed)
    matrix = np.column_stack([np.ones(80), random.random(80), random.random(80) < 0.4])
    weights = random.uniform(1, 3, 80)
    totals = weights @ matrix * np.array([1.0, stretch**0.3, stretch**0.2])
    bounds = (0.2, 4.0)
    ratio = calibration_factors(matrix, weights, totals, calfun, bounds=bounds)
    assert (weights * ratio) @ matrix == pytest.approx(totals, rel=1e-8)
    assert ratio.min() >= bounds[0] - 1e-9
    assert ratio.max() <= bounds[1] + 1e-9


def test_calibration_from_weights_of_one_to_a_whole_population_converges():
    random = np.random.default_rng(1)
    matrix = np.column_stack([np.ones(200), random.random(200) < 0.3])
    totals = np.array([900_000.0, 400_000.0])
    ratio = calibration_factors(matrix, np.ones(200), totals, CalibrationFunction.RAKING)
    assert ratio @ matrix == pytest.approx(totals)


@settings(max_examples=examples(400))
@given(
    st.floats(0.001, 0.999),
    st.floats(1e-13, 0.5),
    st.integers(2, 500),
    st.sampled_from([m for m in IntervalMethod if m is not IntervalMethod.MEAN]),
)
def test_every_interval_holds_its_share_and_stays_between_zero_and_one(share, error, df, method):
    found = share_interval(method, share, error, df, n=df + 1, n_effective=df + 1)
    assert -1e-12 <= found.low <= share + 1e-9
    assert share - 1e-9 <= found.high <= 1 + 1e-12


@pytest.mark.parametrize("method", list(IntervalMethod))
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_at_zero_and_one_every_method_gives_the_exact_interval(method, share):
    found = share_interval(method, share, 0.0, 99, n=100, n_effective=80)
    assert found.method == "clopper-pearson"
    # The rule of three: about 3.7 ÷ 80 at a two-sided 95 %.
    assert abs(share - (found.high if share == 0 else found.low)) == pytest.approx(1 - 0.025 ** (1 / 80), rel=1e-6)
