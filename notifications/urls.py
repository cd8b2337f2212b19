"""One's own notifications."""

from __future__ import annotations

from django.urls import path

from notifications import views
from ui.languages import pages

app_name = "notifications"
urlpatterns = [
    *pages(
        path("account/notifications/", views.inbox, name="inbox"),
        path("account/notifications/read/", views.read_all, name="read-all"),
        path("account/notifications/<uuid:notification>/read/", views.read, name="read"),
    ),
]
