"""What a reader's request costs: a verdict's bytes from the front against the same through Django, and lists at depth."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from config.front import VerdictFront
from tests import scenes
from tests.benchmarks.measure import compare
from verdicts.models import VerdictDocument
from verdicts.publishing import write_document

pytestmark = pytest.mark.django_db


def test_a_verdict_from_the_front_against_the_framework(client: Client) -> None:
    verdict = scenes.build_verdict(scenes.build_claim())
    write_document(str(verdict.pk), VerdictDocument.objects.get(pk=verdict.pk).body)
    front = VerdictFront(lambda environ, start: [b""], settings.PUBLISHED_DIR)
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/api/v1/verdicts/{verdict.pk}/"}

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
        how="20 reads of one document, WSGI call against Django's test client (no sockets on either side)",
    )
