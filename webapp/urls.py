"""Every address of Plaque. `webapp.access` says who may use which."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path

import accounts.urls
import rating.urls
import segmentation.urls
from webapp.schema import Description
from webapp.views import health, home, ready, search

api: list[URLPattern | URLResolver] = [
    path("schema/", Description.as_view(), name="schema"),
    path("v1/", include([*segmentation.urls.api, *rating.urls.api])),
]

handler400 = "webapp.errors.unreadable"
handler403 = "webapp.errors.not_allowed"
handler404 = "webapp.errors.not_found"
handler429 = "accounts.views.doors.too_many"
handler500 = "webapp.errors.failed"

# The administration has no door of its own: its log-in would know no limits and no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def to_own_password(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """To the one page that changes one's password: what is done there is audited."""
    return redirect("account_change_password")


admin.site.password_change = to_own_password  # type: ignore[method-assign, assignment]

urlpatterns = [
    path("", home, name="home"),
    path("search/", search, name="search"),
    path("health/", health, name="health"),
    path("ready/", ready, name="ready"),
    path("admin/", admin.site.urls),
    path("api/", include((api, "api"))),
    *accounts.urls.pages,
    *segmentation.urls.pages,
    *rating.urls.pages,
]
