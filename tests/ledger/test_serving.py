"""The log over HTTP: exactly the files of the specification, with its types and caching, and
nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from ledger.sequencing import sequence
from ledger.tiles import bundles_for, tiles_for
from tests.ledger.scratch.models import Note

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [path("ledger/", include("ledger.urls"))]


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The pages of the other apps are not part of these tests."""
    return HttpResponse(status=404)


@pytest.fixture
def log(settings) -> Path:
    settings.MIDDLEWARE = []
    Note.objects.bulk_create([Note() for _ in range(300)])
    sequence()
    return Path(settings.LEDGER_DIR)


def test_every_file_of_the_log_is_served(log, client: Client):
    for tile in (*tiles_for(0, 300), *bundles_for(0, 300)):
        response = client.get(f"/ledger/{tile.path}")
        assert (response.status_code, response["Content-Type"]) == (200, "application/octet-stream")
        assert response.content == (log / tile.path).read_bytes()
        assert "immutable" in response["Cache-Control"]
    checkpoint = client.get("/ledger/checkpoint")
    assert checkpoint["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint["Cache-Control"] == "public, max-age=3"
    assert checkpoint.content == (log / "checkpoint").read_bytes()
    assert client.get("/ledger/key").content == (log / "key").read_bytes()


def test_a_reader_who_has_a_file_already_gets_304(log, client: Client):
    first = client.get("/ledger/checkpoint")
    assert (
        client.get("/ledger/checkpoint", headers={"if-none-match": first["ETag"]}).status_code
        == 304
    )
    Note.objects.create()
    sequence()
    again = client.get("/ledger/checkpoint", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again["ETag"] == first["ETag"]) == (200, False)


def test_only_reading_is_possible(log, client: Client):
    head = client.head("/ledger/tile/0/000")
    assert (head.status_code, head.content) == (200, b"")
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client, method)("/ledger/checkpoint").status_code == 405


@pytest.mark.parametrize(
    "near",
    [
        "tile/0/0", "tile/0/00", "tile/00/000", "tile/0/000/", "tile/0/x000/000", "tile/0/000.p/0",
        "tile/0/000.p/256", "tile/0/000.p/044",
        "tile/64/000", "tile/entries/../../key", "tile/0/%2e%2e/%2e%2e/checkpoint",
        "tile/../.drafts/x", "tile/0/002", "tile/9/000",
        "tile/0/000%00", "tile/entries", ".drafts", "Checkpoint", "tile/0/001.p/45",
    ],
)  # fmt: skip
def test_no_other_path_is_there(log, client: Client, near):
    assert client.get(f"/ledger/{near}").status_code == 404


def test_before_the_first_checkpoint_there_is_nothing(client: Client, settings):
    settings.MIDDLEWARE = []
    assert client.get("/ledger/checkpoint").status_code == 404
