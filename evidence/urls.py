"""Filing, one's own submissions, and the review of submissions."""

from __future__ import annotations

from django.urls import path

from evidence import views, views_captures

app_name = "evidence"
urlpatterns = [
    path("claims/<str:ref>/file/", views.file, name="file"),
    path("submissions/", views.submissions, name="submissions"),
    path("submissions/<str:ref>/", views.submission, name="submission"),
    path("submissions/<str:ref>/withdraw/", views.withdraw, name="withdraw"),
    path("desk/submissions/<str:ref>/", views.review, name="review"),
    path("desk/exhibits/<str:ref>/picture", views.picture, name="picture"),
    path("desk/exhibits/<str:ref>/original", views.original, name="original"),
    path("desk/sources/<uuid:source>/upload/", views_captures.upload, name="upload"),
    path("desk/alerts/<uuid:alert>/handle/", views.handle_alert, name="handle-alert"),
]
