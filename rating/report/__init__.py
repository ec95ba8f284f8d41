"""What a closed study found, laid out to be read: sections of tables, figures, methods, limits.

One layout for the page, the report and the bundle: `lay_out` turns the summary of
`rating.statistics` into groups of sections whose cells are text, and `figures` into Vega-Lite
specifications. Internal names become titles here (`Names`), and what is undefined says why. Nothing
here computes a statistic or knows a database.

`document` holds the pieces, `wording` writes values; `found`, `acceptance`, `agreement`, `lesions`
and `course` are the groups, in the order of reading. `methods` writes the paragraph of a paper,
`limits` what the design cannot show, `checklists` fills GRRAS and CLAIM as far as the data answer.
"""

from rating.report.document import Report
from rating.report.facts import Facts
from rating.report.layout import lay_out
from rating.report.wording import Names

__all__ = ["Facts", "Names", "Report", "lay_out"]
