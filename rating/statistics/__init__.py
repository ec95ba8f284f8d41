"""The statistics of an acceptance study: rows of answers in, numbers with their reasons out.

`summarise` turns the first answers into one JSON-able document of tables, `tables` lays it out for
CSV files, `data_dictionary` explains every column. Three decisions run through all of it: the case
is the independent unit, so repeated readings never narrow an interval as if they were new cases;
raters are fixed, so nothing is said about raters who did not take part; what the data leave
undefined is said to be undefined, with the reason, and is never 0 or 1.

From the bottom. Plain formulas, one idea per file: `intervals`; `agreement` with `redrawing`;
`clustered_mcnemar`, `sign_flip`, `paired_difference`, `several_methods`; `counts`, `icc`,
`variance_components`; `bland_altman`, `replicate_limits`, `concordance_correlation`;
`mark_matching`; `order`, `reading_time`; `planner`, which is asked before a study. `rows` holds
what goes in and the rules of acceptance, `columns` the same as arrays. `acceptance`,
`completeness`, `lesion_rates`, `concordance`, `comparisons`, `count_concordance`, `mark_agreement`
and `along_order` make the tables; `meanings` says what every column means.
"""

from rating.statistics.rows import MarkRow, RatingRow
from rating.statistics.summary import summarise
from rating.statistics.tables import data_dictionary, tables

__all__ = ["MarkRow", "RatingRow", "data_dictionary", "summarise", "tables"]
