"""The figures: valid, small, in words too, of the numbers in the tables, the same every time."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import pytest

from rating.report.figures import figures
from rating.report.figures.counts import bland_altman, first_and_second
from rating.statistics import summarise
from segmentation.publication.charts import around
from segmentation.publication.document import Figure
from segmentation.publication.drawing import png, svg, with_own_names
from tests.rating.report.studies import NAMES, a_study, results_of

NAMES_OF_FIGURES = ["acceptance", "lesion_load", "agreement", "counts", "bland_altman", "course"]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return results_of(a_study(10))


@pytest.fixture(scope="module")
def drawn(results: dict[str, Any]) -> tuple[Figure, ...]:
    return figures(results, NAMES)


def data_of(spec: Any) -> list[dict[str, Any]]:
    """All rows that a specification draws."""
    if isinstance(spec, list):
        return [row for part in spec for row in data_of(part)]
    if not isinstance(spec, dict):
        return []
    rows = [row for rows in spec.get("datasets", {}).values() for row in rows]
    rows += spec.get("data", {}).get("values", []) if isinstance(spec.get("data"), dict) else []
    return rows + [row for name, part in spec.items() if name != "data" for row in data_of(part)]


def test_all_figures_are_valid_vega_lite_with_words(drawn: tuple[Figure, ...]) -> None:
    assert [figure.name for figure in drawn] == NAMES_OF_FIGURES
    for figure in drawn:
        alt.Chart.from_dict(figure.spec, validate=True)
        assert figure.spec["description"] == figure.description
        assert figure.description.endswith(".")
        assert '"url"' not in json.dumps(figure.spec)  # nothing is fetched


def test_the_forest_plot_has_the_numbers_of_the_table(
    drawn: tuple[Figure, ...], results: dict[str, Any]
) -> None:
    rows = {(row["who"], row["rule"]): row for row in data_of(drawn[0].spec)}
    for line in results["acceptance"]:
        if line["group"] == "all" and line["is_primary"]:
            row = rows[line["rater"] or "All raters", "Counts, strict"]
            assert (row["rate"], row["low"], row["high"]) == (
                line["rate"],
                line["low"],
                line["high"],
            )


def test_the_tables_drawn_are_those_of_the_answers(
    drawn: tuple[Figure, ...], results: dict[str, Any]
) -> None:
    cells = {(r["table"], r["one"], r["other"]): r["n"] for r in data_of(drawn[2].spec)}
    intra = next(line for line in results["intra_rater"] if line["is_primary"])
    title = f"{intra['rater']}, first and second"
    assert cells[title, "accepted", "rejected"] == intra["only_first_accepted"]
    assert cells[title, "rejected", "rejected"] == intra["both_rejected"]
    both = [n for (table, _, _), n in cells.items() if table == "ravi and rita"]
    pairs = next(line["pairs"] for line in results["comparisons"] if line["compared"] == "raters")
    assert sum(both) == pairs


def test_bubbles_add_up_to_the_masks(drawn: tuple[Figure, ...], results: dict[str, Any]) -> None:
    masks = sum(row["masks"] for row in data_of(drawn[3].spec) if "masks" in row)
    assert masks == sum(line["masks"] for line in results["counts"] if not line["other_rater"])


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_without_data_there_is_no_figure(share: float) -> None:
    design = a_study(3)
    for figure in figures(results_of(design, share=share), NAMES):
        assert data_of(figure.spec)
    assert figures(summarise([], design), NAMES) == ()


def test_figures_of_large_studies_stay_small() -> None:
    pairs = [
        {"rater": f"r{r}", "other_rater": "", "count": kind, "first": a, "second": b} | {"masks": 7}
        for r in range(2)
        for kind in ("fp", "fn")
        for a in range(0, 400, 10)
        for b in range(0, 400, 40)
    ]
    counts = [
        {"count": line["count"], "rater": line["rater"], "other_rater": ""}
        | {
            f"{name}{end}": {"undefined": "-"}
            for name in ("mean_difference", "limit_below", "limit_above")
            for end in ("", "_low", "_high")
        }
        for line in pairs
    ]
    for make in (first_and_second, bland_altman):
        figure = make({"count_pairs": pairs, "counts": counts})
        assert figure is not None
        assert len(json.dumps(figure.spec)) < 400_000
        assert "(by 10)" in json.dumps(figure.spec)


def test_drawings_have_the_words_and_are_the_same_every_time(drawn: tuple[Figure, ...]) -> None:
    first = [svg(figure.spec) for figure in drawn[::2]]
    assert [svg(figure.spec) for figure in drawn[::2]] == first
    for figure, one in zip(drawn[::2], first, strict=True):
        root = ET.fromstring(one)  # noqa: S314  # our own drawing, from nobody else
        assert root.get("aria-label") == figure.description
    picture = png(drawn[2].spec)
    assert picture.startswith(b"\x89PNG")
    assert png(drawn[2].spec) == picture


def test_parts_of_drawings_have_names_of_their_own() -> None:
    drawing = '<clipPath id="clip0"></clipPath><g clip-path="url(#clip0)"></g>'
    own = with_own_names(drawing, "counts")
    assert own == ('<clipPath id="counts-clip0"></clipPath><g clip-path="url(#counts-clip0)"></g>')


def test_differences_that_are_all_alike_have_a_unit_around_them() -> None:
    assert around([0.0, 0.0]).to_dict()["domain"] == [-1, 1]
    assert "domain" not in around([0.0, 2.0]).to_dict()
