"""The public pages."""

from __future__ import annotations

from django.urls import path, re_path

from reports.pages import feeds
from reports.pages.views import claims, companies, exhibits, record, reports, sources
from ui.languages import pages

app_name = "reports"
urlpatterns = [
    *pages(
        path("", claims.front, name="front"),
        path("claims/", claims.claims, name="claims"),
        path("claims/<str:ref>/", claims.claim, name="claim"),
        path("claims/<str:ref>/card.png", claims.claim_card, name="claim-card"),
        path("verdicts/<str:ref>/card.png", claims.verdict_card, name="verdict-card"),
        path("claims/<str:ref>/history/", claims.history, name="history"),
        path("companies/", companies.all_companies, name="companies"),
        path("companies/<uuid:company>/", companies.company, name="company"),
        path("products/<uuid:product>/", companies.product, name="product"),
        path("verdicts/<str:ref>/", claims.verdict, name="verdict"),
        path("sources/<uuid:source>/", sources.source, name="source"),
        path("sources/<uuid:source>/diff/", sources.difference, name="diff"),
        path("sources/<uuid:source>/versions/<int:number>/", sources.version, name="version"),
        path("exhibits/<str:ref>/", exhibits.exhibit, name="exhibit"),
        path("reports/<str:ref>/", reports.report, name="report"),
        path("record/", record.record, name="record"),
        path("record/verify/", record.verify, name="verify"),
        path("record/entries/<int:index>/", record.entry, name="entry"),
        path("corrections/", record.corrections, name="corrections"),
        path("method/", record.method, name="method"),
        path("glossary/", record.glossary, name="glossary"),
        path("feeds/verdicts.atom", feeds.verdicts, name="feed-verdicts"),
        path("feeds/edits.atom", feeds.edits, name="feed-edits"),
        path("feeds/corrections.atom", feeds.corrections, name="feed-corrections"),
        path("feeds/disappearances.atom", feeds.disappearances, name="feed-disappearances"),
    ),
    re_path(
        r"^(?P<kind>claim|verdict)s/(?P<ref>[^/]+)/card\.(?P<lang>en|zh-Hans)\.png$",
        claims.old_card,
        name="old-card",
    ),
    path(
        "companies/<uuid:company>/verdicts.<str:lang>.<str:size>.svg",
        companies.verdicts_chart,
        name="verdicts-chart",
    ),
    path(
        "series/<uuid:series>/chart.<str:lang>.<str:size>.svg",
        companies.series_chart,
        name="series-chart",
    ),
    re_path(
        r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.svg$", claims.chart, name="chart"
    ),
    re_path(
        r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.(?P<size>narrow)\.svg$",
        claims.chart,
        name="narrow-chart",
    ),
    path("sources/<uuid:source>/captures/<uuid:capture>", sources.capture, name="capture"),
    re_path(r"^media/(?P<digest>[0-9a-f]{64})\.jpg$", exhibits.media, name="media"),
    path("reports/<str:ref>/files/<str:name>", reports.file, name="report-file"),
    path("record/entries/<int:index>/leaf.json", record.leaf, name="leaf"),
    path("record/entries/<int:index>/proof", record.proof, name="proof"),
    path("record/entries/<int:index>/bundle.json", record.bundle, name="bundle"),
]
