"""Changes of a draft: none is made over another that its maker has not seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from rating.models.study import FrozenStudy
from segmentation.refusals import Refusal

Revisions = frozenset[UUID] | None  # None: any


class DraftChanged(Refusal):
    """A draft was changed since whoever changes or opens it has seen it."""


@dataclass(frozen=True)
class Change:
    """Which change of a draft this is, and which revisions of the draft it may follow.

    Its maker makes `revision` up, so that the same change may be sent again whose answer was lost.
    `follows` None: whatever there is.
    """

    revision: UUID = field(default_factory=uuid4)
    follows: Revisions = None

    @property
    def may_follow(self) -> Revisions:
        """Its own revision, too: it may be there already, sent again."""
        return None if self.follows is None else self.follows | {self.revision}


def begin_change(draft: FrozenStudy, change: Change) -> None:
    """This will give a draft the revision of a change, and leaves saving it to its caller.

    The draft's row is held until the transaction ends. Raises DraftChanged.
    """
    _refuse_others(
        draft,
        change.may_follow,
        "Nothing was saved over that; copy what you wrote here, and reload the page.",
    )
    draft.revision = change.revision


def refuse_unseen(draft: FrozenStudy, follows: Revisions) -> None:
    """Raises DraftChanged where a draft to be opened or deleted has none of these revisions.

    None: however it is.
    """
    _refuse_others(
        draft, follows, "Nothing was done; reload the page, and look at the draft first."
    )


def _refuse_others(draft: FrozenStudy, known: Revisions, what_now: str) -> None:
    if known is not None and draft.revision not in known:
        raise DraftChanged(f"This draft was changed in another tab or by somebody else. {what_now}")
