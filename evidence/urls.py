"""Filing, one's own submissions, and the review of submissions."""

from __future__ import annotations

from django.urls import path

from evidence.exhibits import views, views_pointing, views_review
from evidence.sources import views as sources
from ui.languages import pages

app_name = "evidence"
urlpatterns = [
    *pages(
        path("claims/<str:ref>/file/", views.file, name="file"),
        path("claims/<str:ref>/file/photos/", views.stage_photo, name="stage"),
        path("staged/<uuid:photo>/discard/", views.discard_photo, name="discard"),
        path("submissions/", views.submissions, name="submissions"),
        path("submissions/<str:ref>/", views.submission, name="submission"),
        path("submissions/<str:ref>/answer/", views.answer, name="answer"),
        path("submissions/<str:ref>/withdraw/", views.withdraw, name="withdraw"),
        path("desk/submissions/<str:ref>/", views_review.review, name="review"),
        path("desk/submissions/<str:ref>/sealed/", views_review.open_sealed, name="open-sealed"),
        path("desk/exhibits/<str:ref>/original", views.original, name="original"),
        path("desk/exhibits/<str:ref>/read/", views.read_again, name="read-again"),
        path("desk/exhibits/<str:ref>/regions/", views_pointing.regions, name="regions"),
        path(
            "desk/exhibits/<str:ref>/regions/<int:number>/remove/",
            views_pointing.remove_region,
            name="remove-region",
        ),
        path("desk/exhibits/<str:ref>/comparisons/", views_pointing.compare, name="compare"),
        path(
            "desk/comparisons/<uuid:comparison>/remove/",
            views_pointing.remove_comparison,
            name="remove-comparison",
        ),
        path("desk/sources/<uuid:source>/upload/", sources.upload, name="upload"),
        path("desk/alerts/<uuid:alert>/handle/", sources.handle_alert, name="handle-alert"),
    ),
    path("desk/exhibits/<str:ref>/picture", views.picture, name="picture"),
]
