"""Registering and correcting claims, and what the record knows of a company."""

from __future__ import annotations

from django.urls import path

from claims import views, views_company, views_proposals
from ui.languages import pages

app_name = "claims"
urlpatterns = [
    *pages(
        path("proposals/", views_proposals.proposals, name="proposals"),
        path("proposals/new/", views_proposals.propose, name="propose"),
        path("proposals/import/", views_proposals.propose_many, name="propose-many"),
        path("proposals/<str:ref>/", views_proposals.proposal, name="proposal"),
        path("desk/proposals/<str:ref>/", views_proposals.triage, name="triage"),
        path("desk/claims/new/", views.register, name="register"),
        path("desk/claims/<str:ref>/revise/", views.revise, name="revise"),
        path("desk/claims/<str:ref>/flags/", views.flags, name="flags"),
        path("desk/claims/<str:ref>/thresholds/", views.thresholds, name="thresholds"),
        path("desk/claims/<str:ref>/places/", views_company.places, name="places"),
        path("desk/companies/<uuid:company>/", views_company.company, name="company"),
        path("desk/companies/<uuid:company>/seats/", views_company.seats, name="seats"),
        path("desk/companies/<uuid:company>/entities/", views_company.entities, name="entities"),
        path("desk/companies/<uuid:company>/figures/", views_company.figures, name="figures"),
        path("desk/companies/<uuid:company>/sources/", views_company.sources, name="sources"),
        path("desk/series/<uuid:series>/", views_company.series, name="series"),
    ),
]
