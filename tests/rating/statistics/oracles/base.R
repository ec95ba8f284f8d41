# Prints what test_bland_altman.py and test_paired.py freeze of published formulas, by R alone.
# Run by hand with Debian's r-base-core: Rscript base.R
cat(R.version.string, "\n")
show <- function(name, ...) cat(name, formatC(c(...), digits = 10, format = "g"), "\n")

# Limits of agreement of repeated readings: Bland and Altman 1999, section 5; their intervals by
# MOVER: Zou 2013, section 3.
first <- list(c(5.1, 5.4), c(7.9, 8.3, 8.0), c(3.2, 3.0), 6.6,
              c(4.4, 4.9, 4.1, 4.6), c(9.0, 8.4), c(2.2, 2.6), c(5.5, 5.9, 5.2))
second <- list(c(5.6, 5.2, 5.9), c(8.8, 8.1), c(3.1, 3.5), c(6.1, 6.9),
               c(5.0, 5.3), 9.9, c(2.0, 2.9, 2.4), c(6.4, 6.0))
within <- function(side) {
  rows <- data.frame(y = unlist(side), case = factor(rep(seq_along(side), lengths(side))))
  table <- anova(lm(y ~ case, rows))
  list(ms = table["Residuals", "Mean Sq"], df = table["Residuals", "Df"],
       share = 1 - mean(1 / lengths(side)))
}
sides <- list(within(first), within(second))
apart <- sapply(first, mean) - sapply(second, mean)
n <- length(apart)
theta <- c(var(apart), sapply(sides, function(one) one$share * one$ms))
df <- c(n - 1, sapply(sides, function(one) one$df))
total <- sum(theta)
z <- qnorm(.975)
of_total <- c(total - sqrt(sum((theta - theta * df / qchisq(.975, df))^2)),
              total + sqrt(sum((theta * df / qchisq(.025, df) - theta)^2)))
of_bias <- mean(apart) + c(-1, 1) * z * sqrt(var(apart) / n)
upper <- mean(apart) + z * sqrt(total)
lower <- mean(apart) - z * sqrt(total)
far <- sqrt((of_bias[2] - mean(apart))^2 + z^2 * (sqrt(of_total[2]) - sqrt(total))^2)
near <- sqrt((mean(apart) - of_bias[1])^2 + z^2 * (sqrt(total) - sqrt(max(0, of_total[1])))^2)
show("replicates bias, sd", mean(apart), sqrt(total))
show("replicates bias interval", of_bias)
show("replicates limits", lower, upper)
show("replicates low interval", lower - far, lower + near)
show("replicates high interval", upper - near, upper + far)

# Tango 1998: the differences at which the score test of two paired shares just rejects. The
# likelihood is maximised by search; b and c are the pairs that differ.
tango <- function(a, b, c, d) {
  n <- a + b + c + d
  score <- function(delta) {
    kept <- function(q) b * log(q + delta) + c * log(q) + (a + d) * log(1 - 2 * q - delta)
    ends <- c(max(0, -delta), (1 - delta) / 2)
    q <- optimize(function(q) -kept(q), ends, tol = 1e-14)$minimum
    (b - c - n * delta) / sqrt(n * (2 * q + delta * (1 - delta)))
  }
  best <- (b - c) / n
  end <- function(sign, from) uniroot(function(x) score(x) - sign * z, sort(c(best, from)),
                                      tol = 1e-13)$root
  c(end(1, -1 + 1e-9), end(-1, 1 - 1e-9))
}
for (table in list(c(36, 12, 2, 0), c(59, 23, 3, 37), c(30, 1, 1, 0), c(1, 1, 7, 12)))
  show(paste("tango", paste(table, collapse = " ")), do.call(tango, as.list(table)))
