"""Changes of a draft: none is made over another that its maker has not seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from rating.models.study import FrozenStudy
from segmentation.refusals import Refusal


class DraftChanged(Refusal):
    """A draft was changed since whoever changes or opens it has seen it."""


@dataclass(frozen=True)
class Change:
    """Which change of a draft this is, and which revisions of the draft it may follow.

    Its maker makes `revision` up, so that the same change may be sent again whose answer was lost.
    None follows whatever there is.
    """

    revision: UUID = field(default_factory=uuid4)
    follows: frozenset[UUID] | None = None


def begin_change(draft: FrozenStudy, change: Change) -> None:
    """This will give a draft, held until the transaction ends, the revision of a change.

    Raises DraftChanged.
    """
    if change.follows is not None and draft.revision not in {change.revision, *change.follows}:
        raise DraftChanged(
            f"{draft.title} was changed in another tab or by somebody else since it was shown "
            "here. Nothing of yours was saved over that; copy what you wrote, and reload the page."
        )
    draft.revision = change.revision


def refuse_unseen(draft: FrozenStudy, seen: UUID | None) -> None:
    """Raises DraftChanged where a draft that is to be opened was changed since; None looks not."""
    if seen not in (None, draft.revision):
        raise DraftChanged(
            f"{draft.title} was changed in another tab or by somebody else since it was shown "
            "here. Nothing was opened; reload the page, look at the draft, and open it then."
        )
