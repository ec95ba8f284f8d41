"""What others compute with: a frame for iMRMC, and R that recomputes the main table."""

from __future__ import annotations

from rating.export.tables import Table
from rating.models import Study
from rating.protocol.design import AcceptanceDesign
from rating.protocol.verdict import is_accepted
from rating.queries import acceptance as queries


def imrmc(study: Study) -> Table:
    """Every rated presentation as iMRMC (R, or FDA's Java) takes readings."""
    design = queries.design_of(study)
    columns = {
        "readerID": "User name of the rater",
        "caseID": "Code of the case",
        "modalityID": "What made the mask",
        "score": "1 accepted, 0 rejected, by the primary analysis of the design",
        "occasion": "1 for the first showing of a mask, 2 for the second; iMRMC compares showings "
        "when it is given one of them as a modality of its own",
        "item": "The mask's name in the design",
        "fp": "False positives, a score of its own for limits of agreement",
        "fn": "Missed lesions, a score of its own for limits of agreement",
    }
    rows = [
        [
            row.rater,
            row.case,
            row.method,
            int(_accepts(row.verdict_rater, row.verdict_derived, design)),
            row.occasion,
            row.item,
            row.fp,
            row.fn,
        ]
        for row in queries.rating_rows(study)
        if row.outcome == "rated"
    ]
    return Table(columns, sorted(rows, key=lambda row: (row[0], row[4], row[5])))


def _accepts(said: str | None, derived: str | None, design: AcceptanceDesign) -> bool:
    if design.primary_analysis == "rater":
        return said == "acceptable"
    return is_accepted(derived or "", design.boundary_policy)


def main_table_in_r(design: AcceptanceDesign) -> str:
    """This will write an R script that recomputes acceptance from ratings.csv and compares it.

    It needs nothing but R itself, judges the counts anew, and ends with 1 where its numbers and
    those of tables/acceptance.csv differ by more than one in a million.
    """
    return (
        R_SCRIPT.replace("PRECISION", "{}, {}".format(*design.precision_threshold))
        .replace("RECALL", "{}, {}".format(*design.recall_threshold))
        .replace("LENIENT", str(design.boundary_policy == "lenient").upper())
        .replace("BY_RATER", str(design.primary_analysis == "rater").upper())
    )


R_SCRIPT = """\
# Recomputes the acceptance rates of the primary analysis, with Korn-Graubard intervals, from
# ratings.csv, and compares them with tables/acceptance.csv. Run it in the folder of the bundle:
#   Rscript recompute.R
precision <- c(PRECISION); recall <- c(RECALL)   # thresholds, to be exceeded
lenient <- LENIENT                               # is exactly on a threshold enough?
by_rater <- BY_RATER                             # is the rater's own verdict the primary one?

answers <- read.csv("ratings.csv", stringsAsFactors = FALSE)
answers <- answers[answers$is_analysed == "True" & answers$outcome == "rated", ]

true <- answers$lesions - answers$fp
exceeds <- function(part, whole, over) {
  if (lenient) over[2] * part >= over[1] * whole else over[2] * part > over[1] * whole
}
good <- exceeds(true, answers$lesions, precision) & exceeds(true, true + answers$fn, recall)
good[answers$lesions > 0 & true == 0] <- FALSE
good[answers$lesions == 0] <- answers$fn[answers$lesions == 0] == 0
accepted <- if (by_rater) answers$verdict_rater == "acceptable" else good

korn_graubard <- function(yes, case) {
  x <- tapply(yes, case, sum); m <- tapply(yes, case, length)
  n <- length(m); total <- sum(m); p <- sum(x) / total
  if (n < 2) return(c(p, NA, NA))
  v <- n / (n - 1) * sum((x - p * m)^2) / total^2
  size <- if (v < 1e-15) n else
    min(total, p * (1 - p) / v * (qt(.975, total - 1) / qt(.975, n - 1))^2)
  k <- p * size
  c(p, if (k <= 0) 0 else qbeta(.025, k, size - k + 1),
    if (k >= size) 1 else qbeta(.975, k + 1, size - k))
}

theirs <- read.csv("tables/acceptance.csv", stringsAsFactors = FALSE)
theirs <- theirs[theirs$group == "all" & theirs$is_primary == "True", ]
worst <- 0
for (rater in c(sort(unique(answers$rater)), "")) {
  own <- rater == "" | answers$rater == rater
  found <- korn_graubard(accepted[own], answers$case[own])
  line <- theirs[theirs$rater == rater, ]
  told <- suppressWarnings(as.numeric(c(line$rate, line$low, line$high)))
  cat(sprintf("%-12s %d of %d  %.6f (%.6f to %.6f)\\n", if (rater == "") "all raters" else rater,
              sum(accepted[own]), sum(own), found[1], found[2], found[3]))
  worst <- max(worst, abs(found - told), na.rm = TRUE)
}
cat(sprintf("largest difference from tables/acceptance.csv: %.1e\\n", worst))
if (worst > 1e-6) quit(status = 1)
"""

VERIFY = """\
# Draws every order again from the revealed secret and compares: python3 verify.py, in this folder.
import csv, hashlib, hmac, json
text, study = open("design.json", "rb").read(), json.load(open("study.json"))
design, secret = json.loads(text), bytes.fromhex(study["secret"])
assert hashlib.sha256(secret + text).hexdigest() == study["commitment"], "the commitment differs"
keys, gap = [item["key"] for item in design["items"]], design["gap"]
case, n = {item["key"]: item["case"] for item in design["items"]}, len(keys)
def numbers(label, at=0):  # 64-bit words of HMAC-SHA256(secret, "study|rater|counter")
    while digest := hmac.digest(secret, f"{label}{at}".encode(), "sha256"):
        yield from (int.from_bytes(digest[i : i + 8], "big") for i in (0, 8, 16, 24))
        at += 1
def below(words, bound): return next(w for w in words if w < 2**64 - 2**64 % bound) % bound
def meets(a, b): return a != b and case[a] == case[b]  # two masks of one case in a row
def draw(words):
    first, second, free = keys[:], [""] * n, list(range(max(0, gap - 1), n))
    for i in range(n):
        j = i + below(words, n - i)
        first[i], first[j] = first[j], first[i]
        if i and meets(first[i - 1], first[i]): return
    for i in reversed(range(n)):
        k = below(words, len(free))
        second[free[k]], free[k] = first[i], free[-1]
        free[-1:] = [i - 1 - n + gap] if i - 1 - n + gap >= 0 else []
    order = first + second
    return None if any(meets(*pair) for pair in zip(order, order[1:])) else order
shown = {}
late = {row["rater"]: row["commitment"] for row in csv.DictReader(open("amendments.csv"))}
for row in csv.DictReader(open("schedule.csv")):
    shown.setdefault(row["rater"], []).append(row["item"])
for rater, order in shown.items():
    words = numbers(f"{study['study']}|{rater}|")
    while not (drawn := draw(words)): continue
    assert order == drawn, f"{rater}: another order"
    told = "\\n".join([rater, *order]).encode()
    assert late.get(rater, "") in ("", hashlib.sha256(secret + told).hexdigest()), f"{rater}: late"
print(f"The commitment holds, and so do the orders of {', '.join(shown)}.")
"""
