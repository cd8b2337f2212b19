"""What a reader's request costs: a verdict's bytes from the front against the same through Django,
and lists at depth."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from rest_framework import generics, serializers

from config.verdict_fast_path import VerdictFastPath
from tests import scenes
from tests.benchmarks.measure import compare
from verdicts.models import Verdict, VerdictDocument
from verdicts.published_files import write_document

pytestmark = pytest.mark.django_db


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    class Meta:
        model = Verdict
        fields = (
            "id",
            "reference",
            "aspect",
            "rating",
            "mechanism",
            "rationale",
            "attempts",
            "conformity",
            "published_at",
        )


class Detail(generics.RetrieveAPIView[Verdict]):
    """The view that one writes first."""

    permission_classes = []
    authentication_classes = []
    serializer_class = VerdictSerializer
    queryset = Verdict.objects.select_related("aspect__claim")


def test_a_verdict_from_the_front_against_a_view_that_reads_its_row() -> None:
    verdict = scenes.build_verdict(scenes.build_claim())
    write_document(str(verdict.pk), VerdictDocument.objects.get(pk=verdict.pk).body)
    front = VerdictFastPath(lambda environ, start: [b""], settings.PUBLISHED_DIR)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/api/v1/verdicts/{verdict.pk}/",
    }
    request, view = RequestFactory().get("/"), Detail.as_view()

    def ours() -> None:
        for _ in range(20):
            b"".join(front(environ, lambda status, headers: None))

    def peer() -> None:
        for _ in range(20):
            assert view(request, pk=verdict.pk).render().status_code == 200

    compare(
        "verdict from the front / a DRF detail view",
        ours=ours,
        peer=peer,
        floor=1 / 8,
        goal=1 / 30,
        how="20 reads; the peer is called past middleware and routing, reads one row and "
        "serializes it",
    )


def test_a_verdict_from_the_front_against_the_framework(client: Client) -> None:
    verdict = scenes.build_verdict(scenes.build_claim())
    write_document(str(verdict.pk), VerdictDocument.objects.get(pk=verdict.pk).body)
    front = VerdictFastPath(lambda environ, start: [b""], settings.PUBLISHED_DIR)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/api/v1/verdicts/{verdict.pk}/",
    }

    def ours() -> None:
        for _ in range(20):
            b"".join(front(environ, lambda status, headers: None))

    def peer() -> None:
        for _ in range(20):
            assert client.get(f"/api/v1/verdicts/{verdict.pk}/").status_code == 200

    compare(
        "verdict from the front / through Django",
        ours=ours,
        peer=peer,
        floor=0.125,
        goal=0.034,
        how="20 reads of one document, WSGI call against Django's test client (no sockets on "
        "either side)",
    )
