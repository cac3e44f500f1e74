"""The row path: what R's `survey` computes from one row a respondent, on designs with strata, clusters and replicates.

The names follow R (Lumley 2010); ``docs/method/README.md`` sets them side by side. The cell path (``..shares``,
``..domains``) gives the same numbers from counts wherever everybody has the same base weight; a test compares the two.
"""

from auscult.statistics.independence import ChiSquare
from auscult.statistics.intervals import IntervalMethod
from auscult.statistics.rows.calibrate import calibrate, post_stratify, rake_rows, trim_weights
from auscult.statistics.rows.columns import Columns, Factor, indicator, parse_columns
from auscult.statistics.rows.design import Design, LonelyPsuRule, SurveyDesign, survey_design
from auscult.statistics.rows.estimators import (
    Estimates,
    contrast,
    mean,
    mean_by,
    ratio,
    ratio_by,
    total,
    total_by,
    variance,
)
from auscult.statistics.rows.proportions import Proportion, proportion, proportion_by
from auscult.statistics.rows.quantiles import QuantileRule, Quantiles, quantiles
from auscult.statistics.rows.regression import Regression, TermTest, glm, t_test, term_test
from auscult.statistics.rows.replicates import (
    ReplicateDesign,
    balanced_repeated_replication,
    bootstrap,
    jackknife,
    replicate_design,
)
from auscult.statistics.rows.tables import chisq_test, weighted_table

__all__ = [
    "ChiSquare", "Columns", "Design", "Estimates", "Factor", "IntervalMethod", "LonelyPsuRule", "Proportion",
    "QuantileRule", "Quantiles", "Regression", "ReplicateDesign", "SurveyDesign", "TermTest",
    "balanced_repeated_replication", "bootstrap", "calibrate", "chisq_test", "contrast", "glm", "indicator",
    "jackknife", "mean", "mean_by", "parse_columns", "post_stratify", "proportion", "proportion_by", "quantiles",
    "rake_rows", "ratio", "ratio_by", "replicate_design", "survey_design", "t_test", "term_test", "total",
    "total_by", "trim_weights", "variance", "weighted_table",
]  # fmt: skip
