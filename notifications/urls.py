"""One's own notifications."""

from __future__ import annotations

from django.urls import path

from notifications import views, views_mail
from ui.languages import pages

app_name = "notifications"
urlpatterns = [
    *pages(
        path("account/notifications/", views.inbox, name="inbox"),
        path("account/notifications/read/", views.read_all, name="read-all"),
        path("account/notifications/settings/", views_mail.settings, name="settings"),
        path("account/notifications/settings/retry/", views_mail.try_again, name="try-again"),
        path("account/notifications/off/<str:token>/", views_mail.off, name="off"),
        path("account/notifications/<uuid:notification>/read/", views.read, name="read"),
    ),
]
