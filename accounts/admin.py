"""What an administrator does for people: accounts, rights, taking a second factor away.

Everything is written into the audit log, by names; never what a password or an address is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  # both registered what is replaced here
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.decorators import method_decorator

from segmentation.operations.audit import Act, record
from segmentation.operations.members import refuse_needed, remove_member
from segmentation.people import signed_in
from segmentation.refusals import Refusal

admin.site.unregister([EmailAddress, Authenticator, User, Group])


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


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Django's page of accounts; each act is written down in the transaction that does it."""

    def log_addition(self, request: HttpRequest, obj: User, message: object) -> LogEntry:
        """This will write down that an account was made."""
        record_account(Act.ACCOUNT_CREATED, obj, request)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: object) -> LogEntry:
        """This will write down what of an account was changed, by the names of the fields."""
        record_account(Act.ACCOUNT_CHANGED, obj, request, fields_of(message))
        return super().log_change(request, obj, message)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with accounts; whoever is needed somewhere is protected, with the reason."""
        shown, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return shown, counts, lacking, [*protected, *_needed(objs)]

    @method_decorator(transaction.atomic)
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """This will end an account's memberships, delete it, and write that down."""
        by, now = signed_in(request), timezone.now()
        for membership in obj.cohort_memberships.select_related("cohort"):
            remove_member(
                cohort=membership.cohort, user=obj, reason="account deleted", by=by, now=now
            )
        record_account(Act.ACCOUNT_DELETED, obj, request)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """This will delete several, each written down, all or none."""
        with transaction.atomic():
            for one in queryset:
                self.delete_model(request, one)

    @method_decorator(transaction.atomic)
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        """This will set a password and write that down, or neither."""
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """Django's page of groups: whoever is in one has its rights, so their changes are recorded."""

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        """This will store a group and write that down."""
        super().save_model(request, obj, form, change)
        self.note(request, obj, "changed" if change else "made")

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """This will delete a group and write that down."""
        self.note(request, obj, "deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """This will delete several, each written down, all or none."""
        with transaction.atomic():
            for one in queryset:
                self.delete_model(request, one)

    def note(self, request: HttpRequest, group: Group, done: str) -> None:
        """This will write down what was done to a group."""
        what = f"group {group.name} {done}"
        record(Act.GROUP_CHANGED, by=signed_in(request), now=timezone.now(), what=what)


def _needed(accounts: Iterable[User]) -> Iterator[str]:
    """Why accounts cannot be deleted yet, and what to do first."""
    for account in accounts:
        for membership in account.cohort_memberships.select_related("cohort", "user"):
            try:
                refuse_needed(membership)
            except Refusal as refusal:
                yield refusal.message


def record_account(act: Act, user: User, request: HttpRequest, fields: Sequence[str] = ()) -> None:
    """This will write down what an administrator did to an account."""
    what = ": ".join([user.get_username(), ", ".join(fields)] if fields else [user.get_username()])
    record(act, by=signed_in(request), now=timezone.now(), what=what, about=user)


def fields_of(message: Any) -> list[str]:
    """The names of the fields that Django's own log says were changed; empty when it names none."""
    parts = message if isinstance(message, list) else []
    return [name for part in parts for name in part.get("changed", {}).get("fields", [])]
