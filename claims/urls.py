"""Registering and correcting claims."""

from __future__ import annotations

from django.urls import path

from claims import views

app_name = "claims"
urlpatterns = [
    path("desk/claims/new/", views.register, name="register"),
    path("desk/claims/<str:ref>/revise/", views.revise, name="revise"),
]
