"""Photos sent ahead of their form: kept by themselves, taken once, counted, swept."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import ledger
from engines.storage.blobs import NoSpaceError
from evidence.exhibits.actions import staging
from evidence.exhibits.models import Exhibit, StagedPhoto, Submission
from evidence.stores import originals
from evidence.tasks import sweep_staged
from tests import scenes
from tests.evidence.exhibits.test_pages import form, signed_in
from tests.pages import page_text
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def send(
    client: Client,
    scene: scenes.Scene,
    content: bytes,
    *,
    file_key: str = "one",
    form_key: str = "form",
    name: str = "%E9%A3%8E%E9%81%93.jpg",
    **more: Any,
) -> Any:
    return client.post(
        f"/claims/{scene.claim.reference}/file/photos/", content,
        content_type="application/octet-stream",
        headers={"X-Form-Key": form_key, "X-File-Key": file_key, "X-File-Name": name}, **more,
    )  # fmt: skip


def stored(digest: str) -> bool:
    return originals().exists(digest)


def age(**by: float) -> None:
    """Let everything staged be older."""
    for one in StagedPhoto.objects.all():
        StagedPhoto.objects.filter(pk=one.pk).update(created_at=one.created_at - timedelta(**by))


def test_a_photo_is_kept_by_itself_and_the_same_again_is_one(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[0])
    first, again = (send(client, scene, b"a photo") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    photo = StagedPhoto.objects.get()
    assert photo.filename == "风道.jpg"
    assert originals().path(photo.digest).read_bytes() == b"a photo"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("%2e%2e/%2e%2e%5cduct.jpg", "duct.jpg"),
        ("a%00b%0d%0ac.jpg", "abc.jpg"),
        ("photo%e2%80%aegpj.exe", "photogpj.exe"),
        ("%20" * 300, ""),
        ("%e9%95%bf" * 300, "长" * 200),
    ],
)
def test_a_name_is_kept_without_paths_and_what_is_not_seen(
    scene: scenes.Scene, sent: str, kept: str
) -> None:
    client = signed_in(scene.owners[0])
    assert send(client, scene, b"a photo", name=sent).status_code == 201
    assert StagedPhoto.objects.get().filename == kept


def test_the_form_goes_on_where_it_was_interrupted_and_takes_its_photos_once(
    scene: scenes.Scene,
) -> None:
    client = signed_in(scene.owners[0])
    sent = {**form(client, scene), "photos": []}
    ids = [
        send(
            client, scene, content, file_key=content.decode(), form_key=sent["idempotency_key"]
        ).json()["id"]
        for content in (b"a", b"b")
    ]
    page = page_text(client.get(f"/claims/{scene.claim.reference}/file/"))
    assert re.findall(r'name="staged" value="([^"]+)" checked', page) == ids
    assert f'value="{sent["idempotency_key"]}"' in page
    answers = [
        client.post(f"/claims/{scene.claim.reference}/file/", {**sent, "staged": ids[::-1]})
        for _ in range(2)
    ]
    assert answers[0]["Location"] == answers[1]["Location"]
    submission = Submission.objects.get()
    files = Exhibit.objects.filter(submission=submission).order_by("number")
    assert [originals().path(str(ledger.unseal(one, "digest"))).read_bytes() for one in files] == [
        b"b",
        b"a",
    ]
    assert set(StagedPhoto.objects.values_list("digest", "filename")) == {
        ("", "")
    }  # nothing that is sealed now stays open here
    assert 'name="staged"' not in page_text(client.get(f"/claims/{scene.claim.reference}/file/"))


def test_nobody_takes_or_sees_the_photos_of_another(scene: scenes.Scene) -> None:
    photo = scenes.build_staged(scene.owners[0], scene)
    other = signed_in(scene.owners[1])
    page = page_text(other.get(f"/claims/{scene.claim.reference}/file/"))
    assert str(photo.pk) not in page
    answer = other.post(
        f"/claims/{scene.claim.reference}/file/",
        {**form(other, scene), "idempotency_key": "form", "photos": [], "staged": [str(photo.pk)]},
    )
    assert answer.status_code == 400
    assert not Submission.objects.exists()
    assert other.post(f"/staged/{photo.pk}/discard/").status_code == 404
    assert StagedPhoto.objects.kept().get() == photo


def test_a_discarded_photo_is_not_handed_in(scene: scenes.Scene) -> None:
    photo = scenes.build_staged(scene.owners[0], scene)
    client = signed_in(scene.owners[0])
    assert client.post(f"/staged/{photo.pk}/discard/").status_code == 204
    assert client.post(f"/staged/{photo.pk}/discard/").status_code == 404
    answer = client.post(
        f"/claims/{scene.claim.reference}/file/",
        {**form(client, scene), "idempotency_key": "form", "photos": [], "staged": [str(photo.pk)]},
    )
    assert answer.status_code == 400
    assert "Please choose it again." in page_text(answer)


def test_half_a_photo_is_no_photo(scene: scenes.Scene) -> None:
    answer = send(
        signed_in(scene.owners[0]),
        scene,
        b"half",
        CONTENT_LENGTH="8",
        **{"wsgi.input": io.BytesIO(b"half")},
    )
    assert answer.status_code == 400
    assert not StagedPhoto.objects.exists()
    assert list(originals().addresses()) == []


def test_a_photo_that_is_too_large_is_refused_before_it_is_received(
    scene: scenes.Scene, settings: Any
) -> None:
    settings.EXHIBIT_MAX_BYTES = 3
    assert send(signed_in(scene.owners[0]), scene, b"four").status_code == 413
    assert list(originals().addresses()) == []


def test_a_full_disk_is_said(scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_stream: object) -> None:
        raise NoSpaceError(0, 1)

    monkeypatch.setattr(staging, "receive", full)
    answer = send(signed_in(scene.owners[0]), scene, b"a photo")
    assert (answer.status_code, "there is no space" in answer.json()["error"]) == (507, True)


@pytest.mark.parametrize(("name", "value"), [("STAGED_MAX_PHOTOS", 1), ("STAGED_MAX_BYTES", 11)])
def test_what_an_account_sends_ahead_in_a_day_is_bounded(
    scene: scenes.Scene, settings: Any, name: str, value: int
) -> None:
    client = signed_in(scene.owners[0])
    setattr(settings, name, value)
    first = send(client, scene, b"a photo").json()["id"]
    client.post(f"/staged/{first}/discard/")  # taking it away gives nothing back: the disk was used
    assert send(client, scene, b"another", file_key="two").status_code == 429
    assert send(signed_in(scene.owners[1]), scene, b"another", file_key="two").status_code == 201
    age(days=1, seconds=1)
    assert send(client, scene, b"another", file_key="two").status_code == 201


def test_a_form_holds_no_more_than_a_submission_may(scene: scenes.Scene, settings: Any) -> None:
    settings.SUBMISSION_MAX_EXHIBITS = 1
    client = signed_in(scene.owners[0])
    assert send(client, scene, b"a photo").status_code == 201
    assert send(client, scene, b"another", file_key="two").status_code == 400
    assert (
        send(client, scene, b"another", file_key="two", form_key="another form").status_code == 201
    )


def test_what_was_never_handed_in_is_swept_with_its_bytes(
    scene: scenes.Scene, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging.settings, "STAGED_KEPT_FOR", timedelta(0))
    alone, shared = (
        scenes.build_staged(scene.owners[0], scene, content=content)
        for content in (b"alone", b"in a submission too")
    )
    scenes.filing.file_submission(
        by=scene.owners[1], claim=scene.claim, narrative="x", narrative_lang="en", licence="show",
        now=timezone.now(),
        photos=[scenes.filing.NewPhoto(originals().put(b"in a submission too", limit=99))],
    )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        sweep_staged()
    assert not StagedPhoto.objects.exists()
    assert (stored(alone.digest), stored(shared.digest)) == (False, True)


def test_what_is_young_or_was_sent_again_is_not_swept(
    scene: scenes.Scene, django_capture_on_commit_callbacks: Any
) -> None:
    """The negative control: a sweep that looked at neither age would take both."""
    young = scenes.build_staged(scene.owners[0], scene, content=b"young")
    old = scenes.build_staged(scene.owners[1], scene, content=b"just sent again")
    StagedPhoto.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    with django_capture_on_commit_callbacks(execute=True):
        sweep_staged()
    assert list(StagedPhoto.objects.all()) == [young]
    assert stored(young.digest)
    assert stored(old.digest)


def test_after_a_lost_key_the_sweep_takes_no_bytes_that_a_sealed_address_names(
    scene: scenes.Scene, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyed hashes match nothing any more, as after a restore without evidence.key."""
    monkeypatch.setattr(staging.settings, "STAGED_KEPT_FOR", timedelta(0))
    alone, shared = (
        scenes.build_staged(scene.owners[0], scene, content=content)
        for content in (b"alone", b"in a submission too")
    )
    scenes.filing.file_submission(
        by=scene.owners[1], claim=scene.claim, narrative="x", narrative_lang="en", licence="show",
        now=timezone.now(),
        photos=[scenes.filing.NewPhoto(originals().put(b"in a submission too", limit=99))],
    )  # fmt: skip
    monkeypatch.setattr("evidence.orphans.keyed", lambda purpose, value: "another key")
    with django_capture_on_commit_callbacks(execute=True):
        sweep_staged()
    assert (stored(alone.digest), stored(shared.digest)) == (False, True)
