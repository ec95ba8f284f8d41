"""What an administrator sets up: cohorts and who belongs to them. Masks are never edited here.

The audit log is shown whole, and only shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from segmentation.models import AuditEntry, Cohort, CohortMembership
from segmentation.operations.audit import Act
from segmentation.operations.members import COORDINATOR, record_cohort, record_member
from segmentation.people import signed_in

if TYPE_CHECKING:
    from django.forms import BaseModelFormSet as AnyFormSet
    from django.forms import ModelForm as AnyForm

    ModelForm = AnyForm[Any]
    BaseModelFormSet = AnyFormSet[Any, Any]
    MembershipModelForm = AnyForm[CohortMembership]
else:
    MembershipModelForm = forms.ModelForm


class MembershipForm(MembershipModelForm):
    """A member: whom it is about stays, and a coordinator stays one.

    Ending a membership is `operations.members.remove_member`, which asks for a reason and whether
    anybody waits for the person; the cohort's page of people leads to it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["user"].disabled = True
            self.fields["role"].disabled = self.instance.role == COORDINATOR


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    model = CohortMembership
    form = MembershipForm
    extra = 1
    autocomplete_fields = ["user"]
    can_delete = False
    verbose_name_plural = (
        "members (a coordinator of the cohort removes them, under Cases, People, with a reason)"
    )


@admin.register(Cohort)
class CohortAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["title", "slug"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [MembershipInline]

    def save_model(self, request: HttpRequest, obj: Cohort, form: ModelForm, change: bool) -> None:
        """This will store a cohort and write that down, when anything of it changed."""
        super().save_model(request, obj, form, change)
        act = Act.COHORT_CHANGED if change else Act.COHORT_CREATED
        if form.has_changed() or not change:
            record_cohort(act, obj, by=signed_in(request), now=timezone.now())

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool
    ) -> None:
        """This will store the members and write down who was added or changed."""
        super().save_formset(request, form, formset, change)
        done = {
            Act.MEMBER_ADDED: formset.new_objects,
            Act.MEMBER_CHANGED: [one for one, _ in formset.changed_objects],
        }
        for act, memberships in done.items():
            for membership in memberships:
                record_member(act, membership, by=signed_in(request), now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Cohort) -> None:
        """This will delete a cohort and write that down."""
        record_cohort(Act.COHORT_DELETED, obj, by=signed_in(request), now=timezone.now())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Cohort]) -> None:
        """This will delete several, each written down, all or none."""
        with transaction.atomic():
            for one in queryset:
                self.delete_model(request, one)


@admin.register(AuditEntry)
class AuditAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["at", "actor", "words", "what", "why", "cohort"]
    list_filter = ["act", "cohort"]
    search_fields = ["actor", "what", "why"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """This will refuse: entries come from acts."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """This will refuse, as the database does."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """This will refuse, as the database does."""
        return False
