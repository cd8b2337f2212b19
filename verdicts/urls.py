"""The desk."""

from __future__ import annotations

from django.urls import path

from ui.languages import pages
from verdicts import views, views_incidents, views_reply, views_scope

app_name = "verdicts"
urlpatterns = [
    *pages(
        path("desk/", views.desk, name="desk"),
        path("desk/claims/<str:ref>/", views.case, name="case"),
        path("desk/aspects/<uuid:aspect>/finding/", views.finding, name="finding"),
        path("desk/aspects/<uuid:aspect>/verdict/", views.propose, name="propose"),
        path("desk/aspects/<uuid:aspect>/scope/", views_scope.scope, name="scope"),
        path("desk/verdicts/<str:ref>/", views.decide, name="decide"),
        path(
            "desk/companies/<uuid:company>/incidents/", views_incidents.incidents, name="incidents"
        ),
        path("desk/incidents/<uuid:incident>/", views_incidents.incident, name="incident"),
        path("reply/", views_reply.questions, name="questions"),
        path("reply/<str:ref>/", views_reply.reply, name="reply"),
    ),
]
