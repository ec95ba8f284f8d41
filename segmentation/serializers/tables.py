"""Tables and figures of results, as the pages lay them out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class CellSerializer(serializers.Serializer[Any]):
    """A value as text; an undefined one says why."""

    text = serializers.CharField()
    is_undefined = serializers.BooleanField()


class RowSerializer(serializers.Serializer[Any]):
    """Cells in the order of the heads."""

    cells = CellSerializer(many=True)
    is_primary = serializers.BooleanField(help_text="Of the design's primary analysis.")


class HeadSerializer(serializers.Serializer[Any]):
    """What a column is called."""

    text = serializers.CharField()
    is_number = serializers.BooleanField()


class ReportTableSerializer(serializers.Serializer[Any]):
    """A table that is ready to be read."""

    caption = serializers.CharField()
    heads = HeadSerializer(many=True)
    rows = RowSerializer(many=True)
    more = serializers.CharField(help_text="Where further rows are; empty if these are all.")


class SectionSerializer(serializers.Serializer[Any]):
    """Tables about one thing; the folded ones are for whoever looks closer."""

    id = serializers.CharField()
    title = serializers.CharField()
    hint = serializers.CharField()
    tables = ReportTableSerializer(many=True)
    folded_title = serializers.CharField()
    folded = ReportTableSerializer(many=True)
    files = serializers.ListField(child=serializers.CharField())


class GroupSerializer(serializers.Serializer[Any]):
    """Sections that answer one question."""

    id = serializers.CharField()
    title = serializers.CharField()
    sections = SectionSerializer(many=True)


class FigureSerializer(serializers.Serializer[Any]):
    """A figure: its Vega-Lite specification, and the section that has its numbers."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    section = serializers.CharField()
    spec = serializers.DictField(help_text="Vega-Lite 6.")
