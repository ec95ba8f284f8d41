"""What an administrator sets up: cohorts and who belongs to them. Masks are never edited here."""

from django.contrib import admin

from segmentation.models import Cohort, CohortMembership


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    model = CohortMembership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Cohort)
class CohortAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["title", "slug"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [MembershipInline]
