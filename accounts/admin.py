"""What an administrator does for people who are locked out: take a second factor away."""

from __future__ import annotations

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  # both registered what is replaced here
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from segmentation.operations.audit import Act, record
from segmentation.people import signed_in

admin.site.unregister([EmailAddress, Authenticator])


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["user", "type", "created_at", "last_used_at"]
    search_fields = ["user__username"]
    fields = ["user", "type", "created_at", "last_used_at"]  # never the secret

    def has_add_permission(self, request: HttpRequest) -> bool:
        """This will refuse: only its owner has the authenticator."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """This will refuse: a second factor is there or it is not."""
        return False

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """This will take a second factor away and write that down."""
        what = f"{obj.get_type_display()} of {obj.user}"
        record(Act.TWO_FACTOR_OFF, by=signed_in(request), now=timezone.now(), what=what)
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        """This will take several away, each written down."""
        for one in queryset:
            self.delete_model(request, one)
