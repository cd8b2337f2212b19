"""What goes over the wire compressed, and what does not."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from tests import scenes

pytestmark = pytest.mark.django_db
ASKS = {"accept-encoding": "gzip"}


def test_pages_are_compressed_for_who_can_read_it_so(client: Client) -> None:
    path = f"/claims/{scenes.build_claim().claim.reference}/"
    plain, packed = client.get(path), client.get(path, headers=ASKS)
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in plain["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    assert b"</html>" in gzip.decompress(packed.content)


def test_an_answer_that_did_not_change_is_not_sent_again(client: Client) -> None:
    scenes.build_claim()
    first = client.get("/api/v1/claims/", headers=ASKS)
    assert first["Content-Encoding"] == "gzip"
    assert (
        client.get("/api/v1/claims/", headers=ASKS | {"if-none-match": first["ETag"]}).status_code
        == 304
    )


def test_photos_and_pictures_go_as_they_are(client: Client) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    card = client.get(f"/claims/{scene.claim.reference}/card.png", headers=ASKS)
    assert "Content-Encoding" not in card
    digest = scene.exhibits()[0].rendition_set.get().digest
    photo = client.get(f"/media/{digest}.jpg", headers=ASKS)
    assert "Content-Encoding" not in photo
    assert photo.getvalue()[:2] == b"\xff\xd8"
