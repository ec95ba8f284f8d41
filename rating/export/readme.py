"""The bundle's first page: how the study was done, what it cannot show, what the files are."""

from __future__ import annotations

import textwrap

from rating.models import Study
from rating.report import Report

FILES = """\
Files
  design.json          the design, frozen when the study opened; its SHA-256 is the design's hash
  study.json           hashes, times, and the secret that the schedule was drawn from
  cases.csv            subject, demographics and acquisition of every case that was shown
  schedule.csv         the order drawn for every rater
  raters.csv           qualification of the raters and what they signed, where the design asks
  sittings.csv         room light and screen of every sitting, where the design asks
  amendments.csv       deviations from the frozen design, with reasons
  audit.csv            what was done to the study: opened, amended, closed, examples
                       chosen; by whom and why
  presentations.csv    what was shown when
  ratings.csv          every version of every answer; the statistics use version 1
  marks.csv            every mark ever stored, removed ones too
  mark_changes.csv     what marks said before their rater changed them
  statistics.json      all statistics; tables/ holds the same as CSV
  report.html          tables, figures, Methods, limits and check lists as one page to read or print
  tables.xlsx          the same tables as one spreadsheet
  figures/             every figure as SVG, PNG and Vega-Lite specification
  examples.csv         which slices the figure of examples shows, and who chose them, if anybody
  imrmc.csv            rated presentations as iMRMC takes them (R, or FDA's program)
  recompute.R          recomputes the main table from ratings.csv: Rscript recompute.R
  verify.py            checks commitment and orders against the secret: python3 verify.py
  orders.py            how verify.py draws an order again from the secret
  data_dictionary.csv  the meaning of every column
  manifest.csv         size and SHA-256 of every file
Text that begins with = + - @ has an apostrophe before it in the CSV files, so that no spreadsheet
takes it for a formula.
"""


def readme(study: Study, report: Report) -> str:
    """This will write the first page of a closed study's bundle, in English."""
    head = [study.title, "=" * len(study.title), "", "Methods", *report.methods, ""]
    limits = ["Limits of this design", *(f"- {text}" for text in report.limits), ""]
    return "\n".join([*map(_wrapped, (*head, *limits)), FILES])


def _wrapped(paragraph: str) -> str:
    """A paragraph in lines of at most 100 characters; those of a list are indented."""
    more = "  " if paragraph.startswith("- ") else ""
    return textwrap.fill(paragraph, 100, subsequent_indent=more, break_long_words=False)
