"""Prints what test_agreement.py freezes: Gwet's AC1 with its interval, and PABAK.

Run by hand in an environment of its own (irrCAC pins SciPy 1.12): `pip install irrCAC==0.4.4`, then
`python irrcac.py`. Two-by-two tables: accepted twice, only first, only second, never.
"""

import pandas as pd
from irrCAC.raw import CAC

for table in ((40, 9, 6, 45), (80, 10, 5, 5), (50, 1, 0, 2), (48, 3, 2, 0)):
    answers = ((1, 1), (1, 0), (0, 1), (0, 0))
    rows = [pair for pair, times in zip(answers, table, strict=True) for _ in range(times)]
    found = CAC(pd.DataFrame(rows), categories=[0, 1])
    gwet, bp = found.gwet()["est"], found.bp()["est"]
    print(table, gwet["coefficient_value"], gwet["confidence_interval"], bp["coefficient_value"])
