"""One's own account. Signing in and out is allauth's, under the same path, and so is most of the
second factor."""

from __future__ import annotations

from django.urls import path

from accounts import (
    views,
    views_endings,
    views_invitations,
    views_organisations,
    views_own_data,
    views_sign_up,
    views_suspensions,
)
from ui.languages import pages

app_name = "accounts"
urlpatterns = [
    *pages(
        path("account/", views.account, name="account"),
        path("account/organisations/", views_organisations.organisations, name="organisations"),
        path(
            "account/organisations/<uuid:organisation>/",
            views_organisations.organisation,
            name="organisation",
        ),
        path("account/sign-up/", views_sign_up.sign_up, name="sign-up"),
        path("account/suspensions/", views_suspensions.suspensions, name="suspensions"),
        path("account/invitations/<str:token>/", views_invitations.invitation, name="invitation"),
        path("account/roles/<uuid:membership>/end/", views_endings.ending, name="ending"),
        path("account/export/", views_own_data.export, name="export"),
        path("account/delete/", views_own_data.delete, name="delete"),
        path("account/keys/", views.keys, name="keys"),
        path("account/keys/<uuid:key>/revoke/", views.revoke, name="revoke"),
    ),
    path("account/second-factor/picture.svg", views.enrolment_picture, name="enrolment-picture"),
]
