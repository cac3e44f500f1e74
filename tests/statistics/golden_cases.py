"""Reads the golden cases: builds each design and calls the estimator that R was called with."""

import csv
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from auscult.statistics import rows as svy
from auscult.statistics.rows.calibrate import margin_of_rows

GOLDEN = Path(__file__).parent / "golden"


def names() -> list[str]:
    return sorted(path.stem for path in GOLDEN.glob("pub-*.json"))


def load(name: str) -> dict[str, Any]:
    return json.loads((GOLDEN / f"{name}.json").read_text())


@cache
def read_columns(path: str) -> dict:
    with (GOLDEN / path).open(encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    return svy.parse_columns(header, rows)


def build_design(case: dict[str, Any], linearisation: str) -> svy.Design:
    columns = read_columns(case["input_csv"])
    described = case["design"]
    if described["kind"] == "replicate":
        stored = read_columns("inputs/" + described["repweights_csv"])
        matrix = np.column_stack(list(stored.values()))
        weights = columns[described["weights"]]
        scale = described.get("scale") or 1 / matrix.shape[1]
        rscales = np.array(described["rscales"]) if described.get("rscales") else None
        design = svy.replicate_design(
            columns, weights, matrix, combined_weights=described["combined_weights"], scale=scale, rscales=rscales,
            mse=described["mse"],
        )  # fmt: skip
    else:
        options = [a for a in case["adjust"] if a["op"] == "option"]
        design = svy.survey_design(
            columns,
            ids=described.get("ids") or (),
            strata=described.get("strata") or (),
            weights=described.get("weights"),
            fpc=described.get("fpc") or (),
            nest=bool(described.get("nest")),
            lonely_psu=options[0]["value"] if options else "fail",
        )
    for adjust in case["adjust"]:
        design = apply(design, adjust, linearisation)
    return design


def apply(design, adjust: dict[str, Any], linearisation: str):
    match adjust["op"]:
        case "option":
            return design
        case "subset":
            inside = np.ones(design.weights.size, dtype=bool)
            for test in adjust["where"]:
                column = design.columns[test["var"]]
                if test["op"] == "==":
                    inside &= svy.indicator(design.columns, test["var"], test["value"]) == 1
                else:
                    assert test["op"] == ">"
                    inside &= column > test["value"]
            return design.subset(inside)
        case "postStratify":
            return svy.post_stratify(design, adjust["vars"], population_of(adjust))
        case "rake":
            margins = [margin_of_rows(design.columns, m["vars"], population_of(m)) for m in adjust["margins"]]
            if isinstance(design, svy.ReplicateDesign):
                return svy.rake_rows(design, margins)
            return svy.rake_rows(design, margins, linearisation=linearisation)
        case "calibrate":
            return svy.calibrate(
                design, adjust["formula"].removeprefix("~").replace(" ", "").split("+"), adjust["population"],
                calfun=adjust["calfun"], bounds=adjust.get("bounds") and tuple(adjust["bounds"]),
                trim=adjust.get("trim") and tuple(adjust["trim"]), aggregate_stage=adjust.get("aggregate_stage"),
            )  # fmt: skip
        case "trim":
            return svy.trim_weights(design, lower=adjust["lower"], upper=adjust["upper"], strict=adjust["strict"])
        case "as_svrep":
            if adjust["type"] in {"BRR", "Fay"}:
                rho = adjust.get("fay_rho") or 0.0
                return svy.balanced_repeated_replication(design, fay_rho=rho, mse=adjust["mse"])
            return svy.jackknife(design, mse=adjust["mse"])
    raise AssertionError(f"unknown adjustment {adjust['op']}")


def population_of(margin: dict[str, Any]) -> dict[str, float]:
    return {"|".join(row[v] for v in margin["vars"]): row["Freq"] for row in margin["population"]}


def _interval_json(proportion) -> dict[str, Any]:
    return {
        "estimate": proportion.share, "se": proportion.standard_error, "degf": proportion.degrees_of_freedom,
        "ci": [proportion.interval.low, proportion.interval.high],
    }  # fmt: skip


def _estimates_json(found, **more) -> dict[str, Any]:
    return {"estimate": found.values, "se": found.standard_errors, "vcov": found.covariance} | more


def run(design, estimator: dict[str, Any]) -> dict[str, Any]:  # noqa: C901 (one branch for each estimator of R)
    e = estimator
    na_rm = bool(e.get("na_rm"))
    deff = {None: None, True: "without", "replace": "replace"}[e.get("deff")]
    match e["stat"]:
        case "mean" | "total":
            found = (svy.mean if e["stat"] == "mean" else svy.total)(design, e["vars"], na_rm=na_rm, deff=deff)
            extra = {} if deff is None else {"deff": found.design_effects}
            return _estimates_json(
                found, names=list(found.names), degf=found.degrees_of_freedom,
                ci95_normal=found.interval(df=np.inf), ci95_t_degf=found.interval(), **extra,
            )  # fmt: skip
        case "var":
            found = svy.variance(design, e["vars"])
            k = len(e["vars"])
            matrix = found.values.reshape(k, k)
            return {
                "names": e["vars"], "estimate": np.diag(matrix), "matrix": matrix,
                "se_diag": np.diag(np.reshape(found.standard_errors, (k, k))),
            }  # fmt: skip
        case "ratio":
            found = svy.ratio(design, e["num"], e["den"], na_rm=na_rm, deff=deff)
            extra = {} if deff is None else {"deff": found.design_effects[0]}
            return {
                "estimate": found.values[0], "se": found.standard_errors[0], "degf": found.degrees_of_freedom,
                "ci95_normal": found.interval(df=np.inf)[0], "ci95_t_degf": found.interval()[0],
            } | extra  # fmt: skip
        case "ciprop":
            return _interval_json(
                svy.proportion(design, e["var"], e["value"], method=e["method"], level=e["level"], na_rm=na_rm)
            )
        case "quantile":
            method = e["interval_type"] if e["interval_type"] != "quantile" else "mean"
            found = svy.quantiles(
                design, e["var"], e["probs"], level=1 - e["alpha"], rule=e["qrule"], method=method, na_rm=na_rm
            )
            return {
                "probs": found.probabilities, "quantile": found.values, "ci_low": found.low, "ci_high": found.high,
                "se": found.standard_errors, "degf": design.degrees_of_freedom,
            }  # fmt: skip
        case "by_mean" | "by_total":
            call = svy.mean_by if e["stat"] == "by_mean" else svy.total_by
            found = call(design, e["vars"], e["by"], na_rm=na_rm)
            return _estimates_json(found, coef_names=list(found.names))
        case "by_ratio":
            found = svy.ratio_by(design, e["num"], e["den"], e["by"], na_rm=na_rm)
            return _estimates_json(found, coef_names=list(found.names))
        case "by_ciprop":
            found = svy.proportion_by(design, e["var"], e["value"], e["by"], method=e["method"], level=e["level"])
            each = list(found.values())
            return {
                "estimate": [p.share for p in each], "se": [p.standard_error for p in each],
                "ci_low": [p.interval.low for p in each], "ci_high": [p.interval.high for p in each],
                "degf_by_group": [p.degrees_of_freedom for p in each],
            }  # fmt: skip
        case "contrast_by_mean":
            found = svy.contrast(svy.mean_by(design, e["vars"], e["by"], na_rm=na_rm), e["contrast"])
            return {"estimate": found.values[0], "se": found.standard_errors[0]}
        case "ttest":
            response, group = re.split(r"\s*~\s*", e["formula"])
            found = svy.t_test(design, response, group)
            return {
                "t": found.t, "df": found.degrees_of_freedom, "p_value": found.p_value,
                "difference": found.difference, "ci95": found.interval,
            }  # fmt: skip
        case "chisq":
            found = svy.chisq_test(design, e["rows"], e["cols"], statistic=e["statistic"], r_compatible=True)
            freedom = found.degrees_of_freedom
            labels = ("df",) if len(freedom) == 1 else ("ndf", "ddf")
            return {
                "statistic": found.statistic, "p_value": found.p_value,
                "parameters": dict(zip(labels, freedom, strict=True)) if freedom else None,
            }  # fmt: skip
        case "table":
            found = svy.weighted_table(design, *e["vars"])
            cells = [
                {e["vars"][0]: row, e["vars"][1]: column, "Freq": found.values[r, c]}
                for c, column in enumerate(found.columns)
                for r, row in enumerate(found.rows)
            ]
            return {"cells": cells, "total": found.values.sum()}
        case "glm" | "glm_term":
            response, terms = re.split(r"\s*~\s*", e["formula"])
            family = e["family"].removeprefix("quasi").removesuffix("()")
            model = svy.glm(design, response, re.split(r"\s*\+\s*", terms), family=family)
            if e["stat"] == "glm_term":
                test = svy.term_test(model, e["term"])
                return {"F": test.f, "df": test.numerator, "ddf": test.denominator, "p_value": test.p_value}
            found = model.coefficients
            return _estimates_json(
                found, coef_names=list(found.names), df_residual=found.degrees_of_freedom, t_value=model.t_values,
                p_value=model.p_values, dispersion=model.dispersion, ci95=found.interval(),
                degf=design.degrees_of_freedom,
            )  # fmt: skip
        case "weights":
            w = design.weights
            kish = w.size * (w @ w) / w.sum() ** 2
            return {
                "weights": w, "sum": w.sum(), "min": w.min(), "max": w.max(), "kish_deff": kish,
                "kish_neff": w.size / kish,
            }  # fmt: skip
        case "repweights":
            # The order of the replicates means nothing; see the notes of the cases.
            order = np.lexsort(design.replicate_weights)
            return {
                "scale": design.scale, "rscales": design.rscales[order], "mse": design.mse,
                "n_replicates": design.replicate_weights.shape[1], "degf": design.degrees_of_freedom,
                "analysis_repweights": design.replicate_weights[:, order],
            }  # fmt: skip
    raise AssertionError(f"unknown estimator {e['stat']}")
