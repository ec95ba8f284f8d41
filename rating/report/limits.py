"""What the design of an acceptance study cannot show, said beside its numbers."""

from __future__ import annotations

from rating.protocol.design import AcceptanceDesign
from rating.report.wording import plural
from rating.statistics.planner import cases_needed, chance_of_few_rejections

CLAIM, LIKELY = 0.9, 0.95
ANCHORED = """\
Raters saw the mask while they searched for missed lesions and had no independent reference, so
missed lesions are probably under-counted and recall is probably too high."""
REMEMBERED = """\
There was no fixed pause between the two showings of a mask: raters may have remembered masks, which
makes agreement look better than it is."""
ALWAYS = """\
The raters are taken as they are: the intervals speak about these raters and other cases, not about
other raters.

The derived verdict depends on the number of drawn lesions: with few lesions a single error decides.
Compare acceptance within strata of lesion load.

Precision is over drawn lesions and recall over true ones (drawn and confirmed, or missed). The
combined rule, errors of both kinds below a tenth of the true lesions, is another one and is a
sensitivity analysis only.

Values that the data leave undefined are reported as undefined with the reason, never as a number.

Plaque is research software and not a medical device."""


def limits(design: AcceptanceDesign) -> tuple[str, ...]:
    """This will list the limits, the first of them about missed lesions and the number of cases."""
    found = [ANCHORED, *_cases(design)]
    if len(design.raters) == 1:
        found.append("With one rater nothing is known about agreement between raters.")
    if not design.washout_days:
        found.append(REMEMBERED)
    return tuple(" ".join(text.split()) for text in (*found, *ALWAYS.split("\n\n")))


def _cases(design: AcceptanceDesign) -> list[str]:
    """What so many cases can prove of "more than 90 % are acceptable"."""
    cases = len({item.case for item in design.items})
    needed = [cases_needed(claim=CLAIM, rejections=rejections) for rejections in range(6)]
    if cases >= needed[-1]:
        return []
    allowed = sum(cases >= n for n in needed) - 1
    if allowed < 0:
        able = f"{plural(cases, 'case')} cannot show that more than 90 % are acceptable, even "
        able += "without any rejection"
    else:
        most = "no" if allowed == 0 else f"at most {allowed}"
        able = (
            f"{cases} cases can show that more than 90 % are acceptable only with {most} rejected "
            f"case{'s' if allowed > 1 else ''}"
        )
        chance = chance_of_few_rejections(rate=LIKELY, cases=cases, most=allowed)
        able += f" (which chance gives {100 * chance:.0f} % of such studies if 95 % are acceptable)"
    first, *more = needed
    listed = ", ".join(f"{n} for {rejections}" for rejections, n in enumerate(more, 1))
    why = f"an exact 95 % interval above 90 % takes {first} cases with no rejection, {listed}"
    return [f"{able}: {why}. Reading a case again adds little."]
