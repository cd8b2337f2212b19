"""Every address of the site, room by room."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from config import health

ROOMS = ("ledger", "jobs", "accounts", "claims", "evidence", "verdicts", "reports")

urlpatterns = [
    *health.urlpatterns,
    path("account/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    *[path("", include(f"{room}.urls")) for room in ROOMS if find_spec(f"{room}.urls")],
]
