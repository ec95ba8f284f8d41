"""What does not exist for somebody until their own work on it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from rating.models import Delineation, Item, Presentation, ReferenceCase, ReferenceStudy, Study
from segmentation.models import Case

UNREAD = Q(reading__study__state=Study.State.OPEN, submitted_at=None, withdrawn_at=None)
AWAITED = Q(submitted_at=None, assignment__left_at=None)
UNDRAWN = AWAITED & Q(of__study__state=ReferenceStudy.State.OPEN)

# By a person's key, whether anything is hidden from them; None where each query has to ask anew.
_hides: ContextVar[dict[int, bool] | None] = ContextVar("hides", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """For a request that only reads, in many queries: whether anything is hidden is asked once.

    From most people nothing is; their queries then leave out what would hide it.
    """
    before = _hides.set({})
    try:
        yield
    finally:
        _hides.reset(before)


def cases_hidden_from(user: User) -> QuerySet[Case, int]:
    """The primary keys of all cases of the open studies of which this user's part is unfinished.

    Blinding: to them these cases do not exist outside their reading, or their delineating. All of
    them, also those that are done already: what reappeared would tell what is left. Whoever left a
    reference study has nothing unfinished in it. Meant for `exclude(pk__in=)`.
    """
    asked = _hides.get()
    if asked is not None:
        if user.pk not in asked:
            asked[user.pk] = _unread(user).exists() or _undrawn(user).exists()
        if not asked[user.pk]:
            return Case.objects.none().values_list("pk", flat=True)
    return Case.objects.filter(
        Q(pk__in=_under_reading(user).values("segmentation__case"))
        | Q(pk__in=_under_delineation(user).values("case"))
    ).values_list("pk", flat=True)


def studies_hidden_from(user: User) -> QuerySet[Item, int]:
    """The primary keys of the acceptance studies with a case that is hidden from this user."""
    hidden = Item.objects.filter(segmentation__case__in=cases_hidden_from(user))
    return hidden.values_list("study", flat=True)


def readers_of(*, people: Iterable[User], cases: Iterable[str]) -> list[str]:
    """Who of these people has yet to finish rating a mask of one of these cases (codes), sorted."""
    shown = UNREAD & Q(item__segmentation__case__code__in=list(cases))
    unread = Presentation.objects.filter(shown, reading__user__in=list(people))
    return sorted(set(unread.order_by().values_list("reading__user__username", flat=True)))


def delineators_of(*, people: Iterable[User], cases: Iterable[int]) -> list[str]:
    """Who of these people has yet to finish delineating one of these cases (keys), sorted."""
    undrawn = Delineation.objects.filter(
        UNDRAWN, assignment__user__in=list(people), of__case__in=list(cases)
    )
    return sorted(set(undrawn.order_by().values_list("assignment__user__username", flat=True)))


def _unread(user: User) -> QuerySet[Presentation]:
    return Presentation.objects.filter(UNREAD, reading__user=user)


def _undrawn(user: User) -> QuerySet[Delineation]:
    return Delineation.objects.filter(UNDRAWN, assignment__user=user)


def _under_reading(user: User) -> QuerySet[Item]:
    """The items of the studies that this user has yet to finish rating."""
    return Item.objects.filter(study__in=_unread(user).values("reading__study"))


def _under_delineation(user: User) -> QuerySet[ReferenceCase]:
    """The cases of the reference studies that this user has yet to finish, both steps."""
    return ReferenceCase.objects.filter(study__in=_undrawn(user).values("of__study"))
