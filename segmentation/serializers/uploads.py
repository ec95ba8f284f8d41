"""What the API takes and says when cases are taken in."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from segmentation.operations.cases import MASK_ORIGINS
from segmentation.serializers.cases import DescriptionField
from segmentation.serializers.requests import RequestSerializer


class AnnouncedCaseSerializer(RequestSerializer):
    """A case that a browser is about to send."""

    folder = serializers.CharField(
        max_length=2000, trim_whitespace=False, help_text="As seen from the manifest."
    )
    flair_sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$", required=False, allow_blank=True, default=""
    )


class AnnouncementSerializer(RequestSerializer):
    """Cases that a browser is about to send, and the text of the files that describe them."""

    cases = serializers.ListField(child=AnnouncedCaseSerializer(), max_length=5000)
    manifest = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False
    )
    participants = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False
    )


class ForeseenCaseSerializer(serializers.Serializer[Any]):
    """What would become of a case that was announced."""

    folder = serializers.CharField()
    known = serializers.BooleanField(help_text="The cohort has this FLAIR.")
    code = serializers.CharField(allow_null=True)
    subject = serializers.CharField(allow_blank=True)
    description = DescriptionField()


class ForeseenSerializer(serializers.Serializer[Any]):
    """What would become of the cases that were announced."""

    cases = ForeseenCaseSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class UploadSerializer(RequestSerializer):
    """The files of one case. A file's name says what it is: FLAIR, T1, T2, mask, brainmask."""

    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True), min_length=1)
    subject = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)
    mask_origin = serializers.ChoiceField(
        choices=sorted(MASK_ORIGINS), required=False, default="imported"
    )
    description = DescriptionField(required=False)


class TakenSerializer(serializers.Serializer[Any]):
    """One file that was taken in, and the header text that was emptied."""

    sequence = serializers.CharField()
    removed = serializers.ListField(child=serializers.CharField())


class ImportedCaseSerializer(serializers.Serializer[Any]):
    """What became of the files of one case."""

    code = serializers.CharField()
    subject = serializers.CharField()
    taken = TakenSerializer(many=True)
    described = serializers.ListField(child=serializers.CharField())
    ignored = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
