"""An R script that rebuilds the design with the package survey (Lumley) and estimates every item."""

from __future__ import annotations

from auscult.surveys.exports.tables import ExportSurvey

# The texts of the survey are read from codebook.csv, so none of them can become part of the program.
_SCRIPT = """\
# Reads the answers of each item, rebuilds the sampling design and estimates the share of each answer with a 95 %
# interval by the logit method. Run it in this folder: Rscript analyse.R
# Needs the package survey (install.packages("survey")). Writes estimates.csv.
#
# The weights are taken as given: what calibration gains in precision is not seen here, so the intervals of the results
# page may be narrower. Rows whose stratum is withheld are one stratum with one mean weight.
suppressPackageStartupMessages(library(survey))

strata <- c(@STRATA@)
read <- function(path, ...) read.csv(path, na.strings = character(0), encoding = "UTF-8", stringsAsFactors = FALSE, ...)
codebook <- read("codebook.csv", colClasses = "character")
as_labelled <- function(values, codes) factor(values, levels = codes$code, labels = make.unique(codes$label))

estimates <- list()
for (item in setdiff(unique(codebook$item), "")) {
  answers <- read(file.path("data", paste0(item, ".csv")))
  if (nrow(answers) == 0) {
    cat("\\n", item, ": withheld\\n", sep = "")
    next
  }
@DESIGN_STRATUM@  codes <- codebook[codebook$item == item & codebook$variable == "answer", ]
  answers$code <- answers$answer
  answers$answer <- droplevels(as_labelled(answers$answer, codes))
  for (variable in strata) {
    answers[[variable]] <- droplevels(as_labelled(answers[[variable]], codebook[codebook$variable == variable, ]))
  }
  design <- svydesign(@ARGUMENTS@)
  cat("\\n", item, ": ", codes$wording[1], "\\n", sep = "")
  if (nlevels(answers$answer) < 2) {
    cat("Everybody answered: ", levels(answers$answer), "\\n", sep = "")
    next
  }
  print(svymean(~answer, design))
  for (code in intersect(codes$code, answers$code)) {
    design$variables$chosen <- as.numeric(answers$code == code)
    share <- svyciprop(~chosen, design, method = "logit")
    interval <- confint(share)
    estimates[[length(estimates) + 1]] <- data.frame(
      item = item, answer = code, share = as.numeric(share), se = as.numeric(SE(share)),
      low = interval[1], high = interval[2]
    )
  }
  print(do.call(rbind, Filter(function(row) row$item == item, estimates)), row.names = FALSE)
}
if (length(estimates) > 0) write.csv(do.call(rbind, estimates), "estimates.csv", row.names = FALSE)
"""
_DESIGN_STRATUM = "  answers$design_stratum <- interaction(answers[strata], drop = TRUE)\n"


def analyse_r(survey: ExportSurvey) -> bytes:
    """The script ``analyse.R``, which reads ``codebook.csv`` and ``data/<item>.csv`` beside it."""
    arguments = ["ids = ~1"]
    if survey.design == "stratified":
        arguments.append("strata = ~design_stratum")
    if survey.cell_population is not None:
        arguments.append("fpc = ~fpc")
    arguments += ["weights = ~weight", "data = answers"]
    script = _SCRIPT.replace("@STRATA@", ", ".join(f'"{variable}"' for variable in survey.strata))
    script = script.replace("@DESIGN_STRATUM@", _DESIGN_STRATUM if survey.design == "stratified" else "")
    return script.replace("@ARGUMENTS@", ", ".join(arguments)).encode()
