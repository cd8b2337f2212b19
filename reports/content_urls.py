"""What the content host answers (config.content_host): untrusted bytes, and nothing else."""

from __future__ import annotations

from django.urls import path

from reports.pages.views import sources

urlpatterns = [path("sources/<uuid:source>/captures/<uuid:capture>", sources.capture_bytes)]
