"""Every address of the site, app by app. Pages for people stand under their language, what programs
read does not."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from config import health
from config.account_fragment import fragment
from config.api.guide import guide
from config.app_order import APPS
from ui.languages import pages

handler400 = "config.api.problems.bad_request"
handler403 = "config.api.problems.permission_denied"
handler404 = "config.api.problems.page_not_found"
handler500 = "config.api.problems.server_error"
urlpatterns = [
    *health.urlpatterns,
    *pages(
        path("account/fragment/", fragment, name="account-fragment"),
        path("account/", include("allauth.account.urls")),
        path("account/second-factor/", include("accounts.urls_second_factor")),
    ),
    path("api/v1/", include(("config.api.router", "api"))),
    path("api/docs/", guide, name="api-docs"),
    path("ledger/", include("ledger.urls")),
    *[
        path("", include(f"{app}.urls"))
        for app in APPS
        if app != "ledger" and find_spec(f"{app}.urls")
    ],
]
