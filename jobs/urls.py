"""The operators' page, and the progress of one job for whoever holds its id."""

from __future__ import annotations

from django.urls import path

from jobs import views
from ui.languages import pages

app_name = "jobs"
urlpatterns = [
    *pages(
        path("operations/jobs/", views.overview, name="overview"),
        path("operations/jobs/<uuid:job_id>/retry/", views.retry, name="retry"),
        path("operations/jobs/<uuid:job_id>/cancel/", views.cancel, name="cancel"),
        path("progress/<uuid:job_id>/", views.progress, name="progress"),
    ),
    path("progress/<uuid:job_id>.json", views.progress_json, name="progress-json"),
]
