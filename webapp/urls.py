"""Every address of Plaque. `webapp.access` says who may use which."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

import rating.urls
import segmentation.urls
from webapp.accounts import LogInView, LogOutView
from webapp.views import health, home

api: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/", include([*segmentation.urls.api, *rating.urls.api])),
]

urlpatterns = [
    path("", home, name="home"),
    path("health/", health, name="health"),
    path("accounts/login/", LogInView.as_view(), name="account_login"),
    path("accounts/logout/", LogOutView.as_view(), name="account_logout"),
    path("admin/", admin.site.urls),
    path("api/", include((api, "api"))),
    *segmentation.urls.pages,
    *rating.urls.pages,
]
