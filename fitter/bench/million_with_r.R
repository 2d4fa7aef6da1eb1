# SPDX-License-Identifier: GPL-3.0-or-later
# How long R's segmented takes for a million samples of a line with a knot, and rnnfit for the same:
#
#     scripts/setup --with r
#     Rscript fitter/bench/million_with_r.R build/bin      # needs 2 GB of memory
suppressPackageStartupMessages(library(segmented))
bin <- commandArgs(trailingOnly = TRUE)[1]
folder <- tempfile("million")
dir.create(folder)
csv <- file.path(folder, "samples.csv")
db <- file.path(folder, "samples.db")

set.seed(1)
d <- data.frame(n = rep(5 * (1:400), each = 2500))
d$t <- (0.003 + 2e-4 * d$n + 1e-4 * pmax(d$n - 900, 0)) * (1 + 0.03 * rnorm(nrow(d)))
con <- file(csv, "w")
writeLines("length,time_s", con)
writeLines(sprintf("%d,%.9f", d$n, d$t), con)
close(con)
quiet <- function(...) stopifnot(system2(file.path(bin, ..1), c(...)[-1], stdout = FALSE) == 0)
quiet("rnnprof", "import", csv, "--db", db, "--campaign", "million")

ours <- system.time(quiet("rnnfit", "--db", db, "-q", "--weights", "none"))[["elapsed"]]
theirs <- system.time(fit <- segmented(lm(t ~ n, d), seg.Z = ~n))[["elapsed"]]
cat(sprintf("fit: %d samples with a knot at 900: rnnfit %.2f s, segmented %.1f s (knot %.1f +- %.1f): %.0f times\n",
            nrow(d), ours, theirs, fit$psi[1, "Est."], 1.96 * fit$psi[1, "St.Err"], theirs / ours))
unlink(folder, recursive = TRUE)
