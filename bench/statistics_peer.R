# What R `survey` needs for the steps of bench/statistics.py. Usage: Rscript statistics_peer.R FOLDER
suppressPackageStartupMessages(library(survey))
folder <- commandArgs(TRUE)[1]
d <- read.csv(file.path(folder, "data.csv"), stringsAsFactors = TRUE)
m <- read.csv(file.path(folder, "margins.csv"))
variables <- unique(m$variable)
samples <- lapply(variables, function(v) as.formula(paste("~", v)))
populations <- lapply(variables, function(v) {
  p <- data.frame(m$level[m$variable == v], Freq = m$total[m$variable == v]); names(p)[1] <- v; p })
step <- function(name, call, times = 1) {
  seconds <- system.time(result <- call())[["elapsed"]] * times
  cat(sprintf("{\"step\": \"%s\", \"seconds\": %.4f}\n", name, seconds)); invisible(result) }
des <- svydesign(ids = ~1, weights = rep(1, nrow(d)), data = d)
raked <- step("a rake", function() rake(des, samples, populations, control = list(maxit = 500, epsilon = 1e-3)))
step("b 20 questions (one times 20)", function() svymean(~q0, raked), 20)
step("c by 40 specialties (one question times 20)", function() svyby(~q0, ~specialty, raked, svymean), 20)
step("d 200 raked replicates", function() {
  b <- as.svrepdesign(des, type = "bootstrap", replicates = 200)
  svymean(~q0, rake(b, samples, populations, control = list(maxit = 500, epsilon = 1e-3))) })
