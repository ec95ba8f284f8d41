"""What others compute with: a frame for iMRMC, R for the main table, Python for the orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rating.export.study import Table
from rating.export.tables import masks_shown, readings_in_order
from rating.models import Rating, Study
from rating.protocol.design import AcceptanceDesign
from rating.protocol.verdict import is_accepted
from rating.queries.design import design_of


def imrmc(study: Study) -> Table:
    """Every rated presentation as iMRMC (R, or FDA's Java) takes readings."""
    design = design_of(study)
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
    return Table(columns, _readings(study, design.primary_analysis, design.boundary_policy))


def _readings(study: Study, analysis: str, policy: str) -> Iterator[list[Any]]:
    """By rater, occasion and item, by name as Python orders names; those of one are held."""
    at = "presentation__"
    rated = Rating.objects.filter(
        **{"version": 1, "outcome": Rating.Outcome.RATED, f"{at}item__withdrawn_at": None}
    )
    said = ("verdict_rater", "verdict_derived", "fp", "fn")
    masks = masks_shown(study)
    for rater, reading in readings_in_order(study):
        for occasion in (1, 2):
            own = rated.filter(**{f"{at}reading": reading, f"{at}occasion": occasion})
            found = own.order_by().values_list(f"{at}item", *said).iterator(2000)
            held = sorted((*masks[item], *answer) for item, *answer in found)
            for key, case, method, by_rater, derived, fp, fn in held:
                score = int(_accepts(by_rater, derived, analysis, policy))
                yield [rater, case, method, score, occasion, key, fp, fn]


def _accepts(said: str, derived: str, analysis: str, policy: str) -> bool:
    return said == "acceptable" if analysis == "rater" else is_accepted(derived, policy)


def main_table_in_r(design: AcceptanceDesign) -> str:
    """This will write an R script that recomputes acceptance from ratings.csv and compares it.

    It needs nothing but R itself, judges the counts anew, and ends with 1 where its numbers and
    those of tables/acceptance.csv differ by more than one in a million, or where a verdict, a line
    or a number is another or missing.
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

rows_of <- function(name, text) {  # names are text, also one like 01 or NA
  read.csv(name, colClasses = setNames(rep("character", length(text)), text),
           na.strings = character())
}
answers <- rows_of("ratings.csv", c("rater", "case"))
answers <- answers[answers$is_analysed == "True" & answers$outcome == "rated", ]

true <- answers$lesions - answers$fp
exceeds <- function(part, whole, over) {
  if (lenient) over[2] * part >= over[1] * whole else over[2] * part > over[1] * whole
}
good <- exceeds(true, answers$lesions, precision) & exceeds(true, true + answers$fn, recall)
good[answers$lesions > 0 & true == 0] <- FALSE
good[answers$lesions == 0] <- answers$fn[answers$lesions == 0] == 0
derived <- answers$verdict_derived
if (any(good != (derived == "acceptable" | lenient & derived == "boundary")))
  stop("ratings.csv has derived verdicts that do not follow from its counts")
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

theirs <- rows_of("tables/acceptance.csv", "rater")
theirs <- theirs[theirs$group == "all" & theirs$is_primary == "True", ]
raters <- c(sort(unique(answers$rater)), "")
number <- function(text) suppressWarnings(as.numeric(text))  # a reason is none
if (any(!is.na(number(theirs$rate[!theirs$rater %in% raters]))))
  stop("tables/acceptance.csv has a rate of somebody who rated nothing")
worst <- 0
for (rater in raters) {
  own <- rater == "" | answers$rater == rater
  found <- korn_graubard(accepted[own], answers$case[own])
  line <- theirs[theirs$rater == rater, ]
  if (nrow(line) != 1) stop("tables/acceptance.csv does not have one line for each rater")
  told <- number(c(line$rate, line$low, line$high))
  cat(sprintf("%-12s %d of %d  %.6f (%.6f to %.6f)\\n", if (rater == "") "all raters" else rater,
              sum(accepted[own]), sum(own), found[1], found[2], found[3]))
  if (any(is.na(found) != is.na(told))) stop("one of them has a number, the other has none")
  worst <- max(worst, abs(found - told), na.rm = TRUE)
}
cat(sprintf("largest difference from tables/acceptance.csv: %.1e\\n", worst))
if (worst > 1e-6) quit(status = 1)
"""

VERIFY = """\
# Checks design, secret and every order, as drawn, shown and rated: python3 verify.py, right here.
import csv, hashlib, json
from orders import draw, rows_by_rater

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()

text, study = open("design.json", "rb").read(), json.load(open("study.json", "rb"))
design, secret = json.loads(text), bytes.fromhex(study["secret"])
assert sha256(secret, text) == study["commitment"], "other design or secret"
drawn, shown, rated = map(rows_by_rater, ("schedule.csv", "presentations.csv", "ratings.csv"))
assert rated.keys() <= shown.keys() == drawn.keys() >= set(design["raters"]), "other raters"
for rater, rows in drawn.items():
    assert draw(secret, study["study"], rater, design) == rows == shown[rater], f"{rater}: order"
    assert {*rated.get(rater, [])} <= {*rows}, f"{rater}: ratings of something else"
for row in csv.DictReader(open("amendments.csv", encoding="utf-8")):  # raters who joined later
    rater = row["rater"].lstrip("'")
    told = "\\n".join([rater, *(item for _, _, item, *_ in drawn.get(rater, []))]).encode()
    assert row["commitment"] in ("", sha256(secret, told)), f"{rater}: not committed to"
print(f"The commitment holds, and so do the orders of {', '.join(drawn)}.")
"""

ORDERS = """\
# How a rater's order follows from the secret, written a second time for verify.py. Two blocks show
# every mask once each, with at least `gap` positions between the two showings of a mask.
import csv, hmac

if not __debug__:
    raise SystemExit("Nothing was checked: Python leaves the checks out with -O. Run it without.")

SHOWN = ("position", "occasion", "item", "case", "method")

def rows_by_rater(name):
    '''What SHOWN names of every row but practice; words without the apostrophe before them.'''
    found = {}
    for row in csv.DictReader(open(name, encoding="utf-8")):
        if row["occasion"] != "0":
            rows = found.setdefault(row["rater"].lstrip("'"), [])
            rows.append(tuple(row[of].lstrip("'") for of in SHOWN))
    return found

def words(secret, label):
    '''64-bit numbers from HMAC-SHA256(secret, "study|rater|counter").'''
    counter = 0
    while True:
        digest = hmac.digest(secret, f"{label}{counter}".encode(), "sha256")
        yield from (int.from_bytes(digest[at : at + 8], "big") for at in (0, 8, 16, 24))
        counter += 1

def below(source, bound):
    '''A number from 0 to bound - 1, each equally likely.'''
    limit = 2**64 - 2**64 % bound
    return next(word for word in source if word < limit) % bound

def draw(secret, study, rater, design):
    '''Rows as above; draws again until no two masks of one case follow each other.'''
    source, order = words(secret, f"{study}|{rater}|"), None
    while order is None:
        order = draw_once(source, design["items"], design["gap"])
    n = len(design["items"])
    return [
        (str(at), "1" if at <= n else "2", item["key"], item["case"], item["method"].lstrip("'"))
        for at, item in enumerate(order, 1)
    ]

def draw_once(source, items, gap):
    n = len(items)
    first, second = list(items), [None] * n
    for at in range(n):
        other = at + below(source, n - at)
        first[at], first[other] = first[other], first[at]
        if at and follow_each_other(first[at - 1], first[at]):
            return None
    free = list(range(max(0, gap - 1), n))  # places in the second block for the last of the first
    for at in reversed(range(n)):
        chosen = below(source, len(free))
        second[free[chosen]] = first[at]
        free[chosen] = free[-1]
        free.pop()
        if at - 1 - n + gap >= 0:  # the one before it may stand one place earlier
            free.append(at - 1 - n + gap)
    order = first + second
    return None if any(map(follow_each_other, order, order[1:])) else order

def follow_each_other(one, other):
    return one["case"] == other["case"] and one["key"] != other["key"]
"""
