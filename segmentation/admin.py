"""What an administrator sets up: cohorts and who belongs to them. Masks are never edited here.

The audit log is shown whole, and only shown.
"""

from django.contrib import admin
from django.http import HttpRequest

from segmentation.models import AuditEntry, Cohort, CohortMembership


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    model = CohortMembership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Cohort)
class CohortAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["title", "slug"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [MembershipInline]


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
