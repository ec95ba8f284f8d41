"""What the studies keep: the acceptance study's rows, and the reference study's."""

from rating.models.acceptance import (
    Amendment,
    ExampleSlice,
    Item,
    Mark,
    MarkChange,
    Presentation,
    Rating,
    ReadingKeys,
    Sitting,
    Study,
    StudyMembership,
)
from rating.models.reference import (
    Assignment,
    Candidate,
    CandidateOrigin,
    Delineation,
    Dot,
    DotDecision,
    MethodMask,
    ReferenceCase,
    ReferenceStudy,
)
from rating.models.study import new_token

__all__ = [
    "Amendment",
    "Assignment",
    "Candidate",
    "CandidateOrigin",
    "Delineation",
    "Dot",
    "DotDecision",
    "ExampleSlice",
    "Item",
    "Mark",
    "MarkChange",
    "MethodMask",
    "Presentation",
    "Rating",
    "ReadingKeys",
    "ReferenceCase",
    "ReferenceStudy",
    "Sitting",
    "Study",
    "StudyMembership",
    "new_token",
]
