"""The statistics of an acceptance study: rows of answers in, numbers with their reasons out.

`summarise` turns the first answers into one JSON-able document of tables, `tables` lays it out for
CSV files, `data_dictionary` explains every column. Three decisions run through all of it: the case
is the independent unit, so repeated readings never narrow an interval as if they were new cases;
raters are fixed, so nothing is said about raters who did not take part; what the data leave
undefined is said to be undefined, with the reason, and is never 0 or 1.

From the bottom: `intervals`, `agreement` and `counts` are plain formulas; `rows` holds what goes in
and the rules of acceptance; `acceptance`, `concordance` and `completeness` make the tables.
"""

from rating.statistics.rows import RatingRow
from rating.statistics.summary import summarise
from rating.statistics.tables import data_dictionary, tables

__all__ = ["RatingRow", "data_dictionary", "summarise", "tables"]
