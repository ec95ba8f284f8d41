"""Figures as files: what the page draws, drawn by the same Vega as SVG and PNG."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from segmentation.publication.document import Figure, Group

VEGA_LITE = "6.4"
PIXELS_PER_POINT = 2.0


def svg(spec: dict[str, Any]) -> str:
    """This will draw a Vega-Lite specification as SVG, which says in words what it shows.

    Nothing is fetched for it.
    """
    words = escape(str(spec["description"]), {'"': "&quot;"})
    label = f'<svg role="img" aria-label="{words}" '
    return _svg_of_text(json.dumps(spec)).replace("<svg ", label, 1)


def png(spec: dict[str, Any]) -> bytes:
    """This will draw a Vega-Lite specification as PNG, two pixels per unit."""
    return _png_of_text(json.dumps(spec))


# Reports and bundles want the same figures over and over; each takes a tenth of a second.
@lru_cache(maxsize=64)
def _svg_of_text(spec: str) -> str:
    import vl_convert  # its engine is large, and only who exports needs it

    drawn: str = vl_convert.vegalite_to_svg(
        spec, vl_version=VEGA_LITE, allowed_base_urls=[], show_warnings=False
    )
    return drawn


@lru_cache(maxsize=64)
def _png_of_text(spec: str) -> bytes:
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(
        spec,
        vl_version=VEGA_LITE,
        scale=PIXELS_PER_POINT,
        allowed_base_urls=[],
        show_warnings=False,
    )
    return drawn


def png_of_svg(drawing: str) -> bytes:
    """This will turn an SVG into PNG, two pixels per unit; pictures within it are in it whole."""
    import vl_convert

    drawn: bytes = vl_convert.svg_to_png(drawing, scale=PIXELS_PER_POINT)
    return drawn


def with_own_names(drawing: str, name: str) -> str:
    """This will prefix the names that parts of an SVG have, so that several fit into one page."""
    named = re.sub(r'\bid="', f'id="{name}-', drawing)
    return re.sub(r"url\(#", f"url(#{name}-", named)


def with_drawings(
    groups: Iterable[Group], figures: Iterable[Figure], drawn: Mapping[str, str]
) -> list[dict[str, Any]]:
    """This will put figures and their drawings (SVG, by name) to their sections, for a template."""
    there: dict[str, list[dict[str, Any]]] = {}
    for figure in figures:
        own = with_own_names(drawn[figure.name], figure.name)
        there.setdefault(figure.section, []).append({"figure": figure, "drawing": own})
    return [
        {
            "group": group,
            "sections": [
                {"section": section, "figures": there.get(section.id, [])}
                for section in group.sections
            ],
        }
        for group in groups
    ]
