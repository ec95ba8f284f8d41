"""What the studies keep: the acceptance study's rows, and the reference study's."""

from rating.models.acceptance import (
    Amendment,
    Item,
    Mark,
    MarkChange,
    Presentation,
    Rating,
    ReadingKeys,
    Sitting,
    Study,
    StudyMembership,
    new_token,
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

__all__ = [
    "Amendment",
    "Assignment",
    "Candidate",
    "CandidateOrigin",
    "Delineation",
    "Dot",
    "DotDecision",
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
