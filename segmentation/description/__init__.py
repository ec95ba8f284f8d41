"""What is known about the subject and the acquisition of a case, beside its scans.

`fields` is the one list of what is kept: the form, the manifest, the sidecars, the API and the
export follow it. Nothing in it names a person, a day or a place, and nothing of it is ever shown to
a rater. `manifest` reads the fields of many cases from a CSV file; `bids` takes them from the
sidecars of a BIDS data set.
"""

from segmentation.description.fields import FIELDS, Description, Field, InvalidDescription, checked
from segmentation.description.manifest import (
    COLUMNS,
    InvalidManifest,
    Manifest,
    ManifestRow,
    read_manifest,
)

__all__ = [
    "COLUMNS",
    "FIELDS",
    "Description",
    "Field",
    "InvalidDescription",
    "InvalidManifest",
    "Manifest",
    "ManifestRow",
    "checked",
    "read_manifest",
]
