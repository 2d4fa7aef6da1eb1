# SPDX-License-Identifier: GPL-3.0-or-later
# The squares that rnnfit leaves beside those of R's lm and segmented (Muggeo 2003), on generated
# and public data, samples weighted alike:
#
#     scripts/setup --with r
#     Rscript fitter/bench/compare_with_r.R build/bin/rnnfit > fitter/bench/compare_with_r.md
#
# Exit status 1: ours are larger by more than 1e-9 of them somewhere.
suppressPackageStartupMessages({
    library(segmented)
    library(strucchange)
})

rnnfit <- commandArgs(trailingOnly = TRUE)[1]
folder <- tempfile("fits")
dir.create(folder)

# The squares of a model's segments, from the document that rnnfit --json prints.
numbers <- function(text, name) {
    found <- regmatches(text, gregexpr(sprintf('"%s": [-+.0-9eE]+', name), text))[[1]]
    as.numeric(sub(".*: ", "", found))
}

ours <- function(d, options) {
    csv <- file.path(folder, "data.csv")
    con <- file(csv, "w")
    writeLines("length,time_s", con)
    writeLines(sprintf("%d,%.9f", d$n, d$t), con)
    close(con)
    out <- suppressWarnings(system2(rnnfit, c("--csv", csv, "--json", "-q", "--weights", "none",
                                              options), stdout = TRUE, stderr = FALSE))
    text <- paste(out, collapse = "\n")
    if (!grepl('"models"', text)) return(list(rss = NA, knots = NA, form = "-"))
    text <- sub('"break_even".*', "", text)
    list(rss = numbers(text, "residual_sd")[1]^2 * (nrow(d) - parameters(text)),
         knots = n_knots(text), form = sub('.*"form": "([a-z]+)".*', "\\1", text))
}

n_knots <- function(text) {
    inside <- sub('.*"knots": \\[([^]]*)\\].*', "\\1", text)
    sum(nchar(trimws(strsplit(inside, ",")[[1]])) > 0)
}

parameters <- function(text) {
    form <- sub('.*"form": "([a-z]+)".*', "\\1", text)
    c(constant = 1, linear = 2, quadratic = 3, piecewise = 2 + 2 * n_knots(text))[[form]]
}

rss_segmented <- function(d, k) {
    line <- lm(t ~ n, d)
    set.seed(1)
    fit <- tryCatch(suppressWarnings(segmented(line, seg.Z = ~n, npsi = k,
                                               control = seg.control(n.boot = 20))),
                    error = function(e) NULL)
    if (is.null(fit) || !inherits(fit, "segmented")) NA else sum(residuals(fit)^2)
}

# Lines that need not be joined (strucchange; Bai and Perron 2003) leave no more than joined ones.
rss_breaks <- function(d, k) {
    means <- aggregate(t ~ n, d, function(x) c(mean(x), length(x)))
    if (any(means$t[, 2] != means$t[1, 2]) || nrow(means) > 150) return(NA)
    fit <- tryCatch(breakpoints(t ~ n, data = data.frame(n = means$n, t = means$t[, 1]), h = 3,
                                breaks = k), error = function(e) NULL)
    if (is.null(fit)) return(NA)
    within <- sum((d$t - ave(d$t, d$n))^2)
    within + means$t[1, 2] * min(summary(fit)$RSS["RSS", as.character(k)])
}

generate <- function(i) {
    set.seed(100 + i)
    knots <- i %% 4
    lengths <- sort(sample(1:1000, c(12, 30, 60, 100)[i %% 4 + 1]))
    n <- rep(lengths, each = c(1, 5, 20)[i %% 3 + 1])
    t <- 0.05 + 0.001 * n
    if (knots > 0) for (k in 1:knots)
        t <- t + c(0.002, -0.0025, 0.001)[k] * pmax(n - 1000 * k / (knots + 1) + runif(1, -30, 30), 0)
    sd <- c(0.001, 0.02, 0.1)[i %% 3 + 1]
    noise <- if (i %% 2) rnorm(length(n)) else rexp(length(n)) - 1
    list(name = sprintf("generated %d", i), k = max(knots, 1),
         d = data.frame(n = n, t = pmax(round(t + sd * noise, 9), 1e-9)))
}

public <- function() {
    pairs <- function(file) {
        p <- read.csv(file.path("datasets", file))
        data.frame(n = rep(p$n_in, p$count), t = rep(p$n_out, p$count))
    }
    air <- na.omit(airquality[, c("Temp", "Ozone")])
    list(list(name = "cars (R)", k = 1, d = data.frame(n = cars$speed, t = cars$dist)),
         list(name = "Nile (R)", k = 1, d = data.frame(n = seq_along(Nile), t = as.numeric(Nile))),
         list(name = "Nile (R)", k = 2, d = data.frame(n = seq_along(Nile), t = as.numeric(Nile))),
         list(name = "airquality (R)", k = 1, d = data.frame(n = air$Temp, t = air$Ozone)),
         list(name = "turk_simplification", k = 1, d = pairs("turk_simplification.csv")),
         list(name = "wmt24_en_de_segments", k = 2, d = pairs("wmt24_en_de_segments.csv")),
         list(name = "cmudict_g2p", k = 1, d = pairs("cmudict_g2p.csv")))
}

cat("# The squares of rnnfit beside those of R\n\n")
cat(sprintf("`fitter/bench/compare_with_r.R` with %s, segmented %s, strucchange %s. Ratios are ours\n",
            sub(" Patched.*", "", R.version.string), packageVersion("segmented"),
            packageVersion("strucchange")))
cat("to theirs, at the same number of knots; below 1 ours are smaller. The last column is the share\n")
cat("of ours that lines which need not be joined would leave: no joined ones can leave less.\n\n")
cat("| data | samples | lengths | knots | line, to lm | knots, to segmented | | unjoined |\n")
cat("| --- | --: | --: | --: | --: | --: | --- | --: |\n")
worse <- 0
for (s in c(lapply(1:24, generate), public())) {
    d <- s$d
    line <- ours(d, c("--form", "linear"))$rss / sum(residuals(lm(t ~ n, d))^2)
    fit <- ours(d, c("--form", "piecewise", "--knots", s$k))
    theirs <- if (is.na(fit$rss)) NA else rss_segmented(d, fit$knots)
    ratio <- fit$rss / theirs
    unjoined <- if (is.na(fit$rss)) NA else rss_breaks(d, fit$knots) / fit$rss
    bad <- line > 1 + 1e-9 || (!is.na(ratio) && ratio > 1 + 1e-9)
    worse <- worse + bad
    cat(sprintf("| %s | %d | %d | %s | %.10f | %s | %s | %s |\n", s$name, nrow(d),
                length(unique(d$n)), fit$knots, line,
                if (is.na(theirs)) "segmented fails" else sprintf("%.10f", ratio),
                if (bad) "**larger**" else if (!is.na(ratio) && ratio < 1 - 1e-9) "smaller" else "",
                if (is.na(unjoined)) "-" else sprintf("%.4f", unjoined)))
}
unlink(folder, recursive = TRUE)
quit(status = if (worse > 0) 1 else 0)
