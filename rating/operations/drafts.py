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
    `follows` None: whatever there is.
    """

    revision: UUID = field(default_factory=uuid4)
    follows: frozenset[UUID] | None = None


def begin_change(draft: FrozenStudy, change: Change) -> None:
    """This will give a draft the revision of a change, and leaves saving it to its caller.

    The draft's row is held until the transaction ends. Raises DraftChanged.
    """
    if change.follows is not None and draft.revision not in {change.revision, *change.follows}:
        raise DraftChanged(
            "This draft was changed in another tab or by somebody else. Nothing was saved over "
            "that; copy what you wrote here, and reload the page."
        )
    draft.revision = change.revision


def refuse_unseen(draft: FrozenStudy, seen: UUID | None) -> None:
    """Raises DraftChanged where a draft that is to be opened or deleted is not as it was seen.

    None: however it is.
    """
    if seen not in (None, draft.revision):
        raise DraftChanged(
            "This draft was changed in another tab or by somebody else. Nothing was done; reload "
            "the page, and look at the draft first."
        )
