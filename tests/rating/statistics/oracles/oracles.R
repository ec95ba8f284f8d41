# Prints the values that the tests of rating.statistics freeze. Run by hand with Debian's
# r-base-core, r-cran-survey, r-cran-psych, r-cran-lme4 and r-cran-epir: Rscript oracles.R
suppressMessages({library(survey); library(psych); library(lme4); library(epiR)})
cat(R.version.string, "\n")
for (p in c("survey", "psych", "lme4", "epiR")) cat(p, as.character(packageVersion(p)), "\n")
show <- function(name, ...) cat(name, formatC(c(...), digits = 10, format = "g"), "\n")

# Intraclass correlations with McGraw and Wong's intervals.
counts <- rbind(c(0,1), c(3,2), c(0,0), c(7,9), c(1,1), c(12,10), c(2,5), c(0,0), c(4,3), c(1,2))
icc <- ICC(counts, lmer = FALSE)$results
show("icc_agreement", icc$ICC[2], icc[["lower bound"]][2], icc[["upper bound"]][2])
show("icc_consistency", icc$ICC[3], icc[["lower bound"]][3], icc[["upper bound"]][3])
fleiss <- rbind(c(9,2,5,8), c(6,1,3,2), c(8,4,6,8), c(7,1,2,6), c(10,5,6,9), c(6,2,4,7))
icc <- ICC(fleiss, lmer = FALSE)$results
show("icc_consistency_fleiss", icc$ICC[3], icc[["lower bound"]][3], icc[["upper bound"]][3])

# Variance components by REML: 6 cases x 3 raters x 2 repeats.
case <- rep(1:6, each = 6); rater <- rep(rep(1:3, each = 2), 6)
y <- c(3,4, 5,5, 2,1,  8,7, 11,12, 8,9,  1,0, 3,2, 1,1,  5,6, 9,7, 4,5,  12,10, 13,15, 9,10,  2,3, 3,5, 2,2)
fit <- lmer(y ~ 1 + (1 | case) + (1 | rater) + (1 | case:rater),
            data = data.frame(y, case = factor(case), rater = factor(rater)),
            control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
found <- as.data.frame(VarCorr(fit))
for (i in seq_len(nrow(found))) show(paste("component", found$grp[i]), found$vcov[i])

# How many standard deviations from the bias the interval of a limit of agreement begins and ends.
for (n in c(5, 10, 30, 100)) {
  show(paste("limit", n), qt(c(.025, .975), n - 1, qnorm(.975) * sqrt(n)) / sqrt(n))
}

# Concordance correlation.
x <- c(1.2, 3.4, 2.2, 8.9, 15.1, 4.4, 6.0, 0.7, 11.3, 5.2)
z <- c(1.5, 3.9, 2.0, 10.1, 17.7, 5.0, 6.1, 1.1, 13.9, 5.0)
ccc <- epi.ccc(x, z, ci = "z-transform", conf.level = 0.95)$rho.c
show("ccc", ccc$est, ccc$lower, ccc$upper)
bias <- lm(I(x - z) ~ I((x + z) / 2))
show("trend", coef(bias)[2], confint(bias)[2, ])

# Paired differences over cases: ratio of sums, and equal sizes as a paired t test.
d <- c(1, 0, 0, -1, 2, 0, 1, 0, 0, 3); m <- c(2, 2, 4, 2, 4, 1, 2, 2, 2, 4)
ratio <- svyratio(~d, ~m, svydesign(ids = ~1, weights = ~1, data = data.frame(d, m)))
show("ratio", coef(ratio), SE(ratio))
share <- c(.5, 0, 0, -.5, 1, 0, .5, 0, 0, 1)
show("paired_t", t.test(share)$conf.int)
show("tost", t.test(share, mu = -.1, alternative = "greater")$p.value,
     t.test(share, mu = .5, alternative = "less")$p.value,
     t.test(share, mu = -.5, alternative = "greater")$p.value)

# Log reading time along the order, clustered by case: CR1 through a survey design is CR0 * K/(K-1).
position <- 1:12; id <- c(1,2,3,4,5,6,2,1,4,3,6,5)
seconds <- c(90, 84, 120, 66, 75, 88, 60, 71, 58, 80, 52, 61)
fit <- svyglm(log(seconds) ~ position, svydesign(ids = ~id, weights = ~1,
              data = data.frame(seconds, position, id)))
show("time_trend", coef(fit)[2], SE(fit)[2])

# Smallest n from which on the exact test keeps its power: sawtooth-safe sample sizes.
power <- function(n, claim, truth) {
  k <- qbinom(.025, n, claim, lower.tail = FALSE) + 1
  pbinom(k - 1, n, truth, lower.tail = FALSE)
}
n <- 1:2000
show("sample_size", max(n[power(n, .90, .95) < .8]) + 1, max(n[power(n, .90, .95) < .9]) + 1,
     max(n[power(n, .85, .95) < .8]) + 1, max(n[power(n, .80, .90) < .8]) + 1)

# Acceptance with the case as cluster: 53 masks shown twice, accepted x times; and unequal sizes.
rate <- function(x, m) {
  shown <- data.frame(accepted = unlist(mapply(function(a, b) rep(c(1, 0), c(a, b - a)), x, m,
                                                   SIMPLIFY = FALSE)),
                      cluster = rep(seq_along(m), m))
  p <- svyciprop(~accepted, svydesign(ids = ~cluster, weights = ~1, data = shown), method = "beta")
  c(coef(p), SE(p), attr(p, "ci"))
}
show("first_expert", rate(c(0, 0, 1, rep(2, 50)), rep(2, 53)))
show("second_expert", rate(c(0, 0, 0, 1, rep(2, 49)), rep(2, 53)))
show("unequal", rate(c(2, 0, 3, 1, 4, 2, 1, 0, 2, 4), c(2, 1, 4, 2, 4, 2, 2, 1, 2, 4)))
