# Prints what tests/rating/statistics/test_paired.py freezes: the clustered McNemar tests of Eliasziw
# and Donner 1991 and of Yang, Sun and Hardin 2010, written out after clust.bin.pair 0.1.2 (MIT),
# which is not in Debian. Run by hand with Debian's r-base-core: Rscript clustered.R
cat(R.version.string, "\n")
show <- function(name, ...) cat(name, formatC(c(...), digits = 10, format = "g"), "\n")

a <- c(0, 2, 3, 1, 2, 1, 4, 0, 2, 3, 1, 2); b <- c(2, 1, 0, 0, 1, 0, 0, 3, 0, 0, 1, 0)
c <- c(0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0); d <- c(1, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 1)
cells <- cbind(a, b, c, d); n <- rowSums(cells); N <- sum(n); K <- length(n)
mcnemar <- sum(b - c)^2 / sum(b + c)
show("mcnemar", mcnemar)

p <- colSums(cells) / N
mean_n <- N / K
n0 <- mean_n - sum((n - mean_n)^2) / (K * (K - 1) * mean_n)
BMS <- sum((cells - outer(n, p))^2 / n) / K
WMS <- sum(cells * (n - cells) / n) / (K * (mean_n - 1))
star <- (BMS - WMS) / (BMS + (n0 - 1) * WMS)
rho <- 1 / (1 + (p[["b"]] + p[["c"]]) * (1 - star) / star)
S <- b + c; Kd <- sum(S > 0); mean_S <- sum(S) / Kd
S0 <- mean_S - (sum((S - mean_S)^2) - (K - Kd) * mean_S^2) / (Kd * (Kd - 1) * mean_S)
nc <- S0 + Kd * (mean_S - S0)
show("eliasziw_donner", mcnemar / (1 + (nc - 1) * rho))

D <- sum(b - c) / N
show("yang", (K - 1) / K * sum(b - c)^2 / (sum(((b - c) - n * D)^2 + (b - c)^2) / 2))
