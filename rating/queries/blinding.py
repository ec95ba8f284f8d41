"""What does not exist for somebody until their own work on it is done."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from rating.models import Delineation, Item, Presentation, ReferenceCase, ReferenceStudy, Study
from segmentation.models import Case


def cases_hidden_from(user: User) -> QuerySet[Case, int]:
    """The primary keys of all cases of the open studies of which this user's part is unfinished.

    Blinding: to them these cases do not exist outside their reading, or their delineating. All of
    them, also those that are done already: what reappeared would tell what is left. Meant for
    `exclude(pk__in=)`.
    """
    return Case.objects.filter(
        Q(pk__in=_under_reading(user).values("segmentation__case"))
        | Q(pk__in=_under_delineation(user).values("case"))
    ).values_list("pk", flat=True)


def _under_reading(user: User) -> QuerySet[Item]:
    """The items of the studies that this user has yet to finish rating."""
    unfinished = Presentation.objects.filter(
        reading__user=user,
        reading__study__state=Study.State.OPEN,
        submitted_at=None,
        withdrawn_at=None,
    )
    return Item.objects.filter(study__in=unfinished.values("reading__study"))


def _under_delineation(user: User) -> QuerySet[ReferenceCase]:
    """The cases of the reference studies that this user has yet to finish, both steps."""
    unfinished = Delineation.objects.filter(
        assignment__user=user,
        of__study__state=ReferenceStudy.State.OPEN,
        submitted_at=None,
    )
    return ReferenceCase.objects.filter(study__in=unfinished.values("of__study"))
