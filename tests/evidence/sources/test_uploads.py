"""Saved copies of a source: kept exactly, told from our own looks, never shown as a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from accounts.permissions import NotAllowedError
from claims.models import Flag
from evidence import fixity
from evidence.sources.actions import UPLOAD_LIMIT, upload_capture
from evidence.sources.models import Capture, Disappearance, Observation, Sighting, Version
from evidence.sources.states import ObservationMethod
from evidence.stores import originals
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db

A, B, C = f"{scenes.POST}甲。", f"{scenes.POST}乙。", "另一段文字，与此无关。"


def page(text: str) -> bytes:
    return f"<!doctype html><html><body><p>{text}</p></body></html>".encode()


def upload(scene: scenes.Scene, text: str, seconds: float, **more: Any) -> Observation:
    given = {
        "by": scene.moderator,
        "content": page(text),
        "content_type": "text/html",
        "note": "A reader's disk",
        **more,
    }
    at = scene.now + timedelta(seconds=seconds)
    return upload_capture(
        source=scene.source, captured_at=at, now=scene.now + timedelta(days=1), **given
    )


def intervals(scene: scenes.Scene) -> list[tuple[str, float | None, float]]:
    """Per version: its text, and the seconds between which it came up."""
    return [
        (
            one.body,
            (one.not_before - scene.now).total_seconds() if one.not_before else None,
            (one.not_after - scene.now).total_seconds(),
        )
        for one in Version.objects.order_by("number")
    ]


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def test_a_copy_with_a_new_text_after_every_look_is_the_next_version(scene: scenes.Scene) -> None:
    scenes.look(scene, A, 10)
    seen = upload(scene, C, 20)
    assert (seen.type, seen.method, seen.version and seen.version.number) == ("ok", "upload", 2)
    assert intervals(scene) == [(A, None, 10), (C, 10, 20)]
    capture = Capture.objects.get(pk=seen.capture_id)
    assert (capture.provenance, capture.origin) == ("P1", "A reader's disk")
    assert originals().path(capture.digest).read_bytes() == page(C)
    assert list(Sighting.objects.order_by("version__number").values_list("kind", flat=True)) == [
        "verbatim",
        "absent",
    ]
    assert Flag.objects.raised().get().kind == "edited_after_publication"
    assert Version.objects.get(number=1).capture.provenance == "P3"


def test_the_first_copy_of_a_source_is_its_first_version(scene: scenes.Scene) -> None:
    assert upload(scene, A, 5).version == Version.objects.get(number=1)
    assert intervals(scene) == [(A, None, 5)]


def test_a_known_text_narrows_when_it_came_up_and_when_it_went(scene: scenes.Scene) -> None:
    scenes.look(scene, A, 10)
    scenes.look(scene, B, 100)
    assert intervals(scene) == [(A, None, 10), (B, 10, 100)]
    assert upload(scene, A, 40).version == Version.objects.get(number=1)  # it still stood at 40
    assert upload(scene, B, 70).version == Version.objects.get(number=2)  # the next was there at 70
    assert upload(scene, A, 3).type == "unchanged"  # it was there at 3 already
    assert intervals(scene) == [(A, None, 3), (B, 40, 70)]
    assert Version.objects.count() == 2


def test_a_copy_that_contradicts_the_intervals_widens_nothing(scene: scenes.Scene) -> None:
    scenes.look(scene, A, 10)
    scenes.look(scene, B, 100)
    upload(scene, B, 5)
    upload(scene, A, 200)
    assert intervals(scene) == [(A, None, 10), (B, 10, 100)]
    assert [
        one.version.number
        for one in Observation.objects.filter(method="upload").order_by("looked_at")
    ] == [2, 1]


def test_a_text_that_came_back_narrows_the_version_that_stood_then(scene: scenes.Scene) -> None:
    scenes.look(scene, A, 10)
    scenes.look(scene, B, 100)
    scenes.look(scene, A, 200)
    assert upload(scene, A, 150).version == Version.objects.get(number=3)
    assert upload(scene, A, 50).version == Version.objects.get(number=1)
    assert intervals(scene) == [(A, None, 10), (B, 50, 100), (A, 100, 150)]


def test_an_unknown_text_from_between_is_kept_but_comes_between_nothing(
    scene: scenes.Scene,
) -> None:
    scenes.look(scene, A, 10)
    scenes.look(scene, B, 100)
    before = intervals(scene)
    seen = upload(scene, f"{scenes.POST}丙。", 50)
    assert (seen.type, seen.version) == ("unplaced", None)
    assert seen.reason == (
        "No version has this text, and other texts were seen after it. It holds 1 of 1 quotes "
        "word for word."
    )
    assert intervals(scene) == before
    assert originals().exists(Capture.objects.get(pk=seen.capture_id).digest)
    assert sum(1 for _ in fixity.captures()) == 3


def test_a_copy_neither_starts_nor_ends_a_disappearance(scene: scenes.Scene) -> None:
    scenes.look(scene, A, 10)
    for hour in (4, 8, 12):
        scenes.look(scene, "", hour * 3600, "gone")
    upload(scene, A, 13 * 3600)
    assert Disappearance.objects.get().status == "confirmed"


def test_the_same_copy_twice_is_one(scene: scenes.Scene) -> None:
    assert upload(scene, A, 5) == upload(scene, A, 5)
    assert (Observation.objects.count(), Capture.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"note": " "}, "where the copy came from"),
        ({"content": b"<html><script>only()</script></html>"}, "no text"),
        ({"content": b"%PDF-1.7", "content_type": "application/pdf"}, "no text"),
    ],
)
def test_what_says_nothing_is_refused_and_leaves_no_row(
    scene: scenes.Scene, more: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValidationError, match=fault):
        upload(scene, A, 5, **more)
    assert not Capture.objects.exists()


def test_nothing_was_saved_in_the_future(scene: scenes.Scene) -> None:
    with pytest.raises(ValidationError, match="is in the future"):
        upload(scene, A, 2 * 86400)


@pytest.mark.parametrize("role", [None, Role.ADJUDICATOR, Role.AUDITOR, Role.OPERATOR, Role.FILER])
def test_only_moderators_add_copies(scene: scenes.Scene, role: str | None) -> None:
    with pytest.raises(NotAllowedError):
        upload(scene, A, 5, by=scenes.person("someone", *([role] if role else [])))
    assert not Capture.objects.exists()


@given(
    steps=st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(0, 60), st.booleans()), min_size=1, max_size=8
    )
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_in_whatever_order_copies_come_numbers_and_intervals_hold(
    db: Any, steps: list[tuple[str, int, bool]]
) -> None:
    """Numbers count up without gaps and keep their texts, intervals only narrow, and every copy is
    kept."""
    from django.db import transaction

    with transaction.atomic():
        scene = scenes.build_claim()
        clock = 100.0
        for name, seconds, live in steps:
            before = {one.number: one for one in Version.objects.all()}
            if live:
                clock += 1
                scenes.look(scene, {"A": A, "B": B, "C": C}[name], int(clock))
            else:
                upload(scene, {"A": A, "B": B, "C": C}[name], clock - 60 + seconds)
            after = {one.number: one for one in Version.objects.all()}
            assert sorted(after) == list(range(1, len(after) + 1))
            for number, old in before.items():
                new = after[number]
                assert new.body == old.body
                assert new.not_after <= old.not_after
                assert (
                    old.not_before is None or (new.not_before or old.not_before) >= old.not_before
                )
                assert new.not_before is None or new.not_before <= new.not_after
        for one in Observation.objects.filter(method=ObservationMethod.UPLOAD).select_related(
            "capture"
        ):
            assert one.capture is not None
            assert originals().exists(one.capture.digest)
        transaction.set_rollback(True)


# --- the door -------------------------------------------------------------------------------------


def client_of(user: Any) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def sent(scene: scenes.Scene, **more: Any) -> dict[str, Any]:
    return {"captured_at": "2025-03-01T10:00:00", "note": "A reader's disk", "text": "", **more}


def test_a_moderator_adds_a_file_or_text_and_reads_what_it_shows(scene: scenes.Scene) -> None:
    client = client_of(scene.moderator)
    url = f"/desk/sources/{scene.source.pk}/upload/"
    answer = client.post(
        url, sent(scene, file=SimpleUploadedFile("post.html", page(A), "image/png")), follow=True
    )
    assert "Saved as version 1." in page_text(answer)
    answer = client.post(url, sent(scene, text=A, captured_at="2025-03-02T10:00:00"), follow=True)
    assert "It has the text of version 1." in page_text(answer)
    capture = Capture.objects.order_by("captured_at")[0]
    assert (capture.content_type, str(capture.captured_at)) == (
        "text/html",
        "2025-03-01 10:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 400),
        ({"text": A, "file": SimpleUploadedFile("a.html", b"<p>a")}, 400),
        ({"file": SimpleUploadedFile("a.svg", b"<svg onload=alert(1)>")}, 400),
        ({"text": A, "captured_at": "yesterday"}, 400),
        ({"text": A, "note": ""}, 400),
    ],
)
def test_what_cannot_be_taken_is_said(
    scene: scenes.Scene, more: dict[str, Any], status: int
) -> None:
    answer = client_of(scene.moderator).post(
        f"/desk/sources/{scene.source.pk}/upload/", sent(scene, **more)
    )
    assert answer.status_code == status
    assert not Observation.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidence.sources.forms.UPLOAD_LIMIT", 1000)
    big = SimpleUploadedFile("a.html", b"<p>" + b"x" * 1000)
    answer = client_of(scene.moderator).post(
        f"/desk/sources/{scene.source.pk}/upload/", sent(scene, file=big)
    )
    assert answer.status_code == 413
    assert UPLOAD_LIMIT == 25 * 1024 * 1024
    assert not list(originals().addresses())


HOSTILE = (
    "<script>alert('zz-script')</script><img src=x onerror=alert('zz-image')>"
    "<svg onload=alert('zz-svg')></svg><iframe src='javascript:alert(1)'></iframe>"
    "<a href='javascript:alert(2)'>zz-link</a><base href='https://evil.example/'>"
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>"
    "<style>*{display:none}</style><p>&lt;script&gt;zz-escaped()&lt;/script&gt;</p>"
    "<plaintext><p>zz-end"
)


def test_foreign_markup_never_becomes_markup_of_ours(scene: scenes.Scene) -> None:
    """Neither in the version's page nor in any other; and the bytes of what was handed in are
    nobody's to download."""
    scene.claim.appearance_set.update(exact="zz-link")
    scenes.look(scene, "zz-link first", -2 * 86400)
    client = client_of(scene.moderator)
    saved = (scene.now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    file = SimpleUploadedFile("post.html", page(HOSTILE), "text/html")
    answer = client.post(
        f"/desk/sources/{scene.source.pk}/upload/",
        sent(scene, file=file, captured_at=saved, note="<b>zz-note</b>"),
    )
    assert answer.status_code == 302
    version = Version.objects.get(number=2)
    assert "<script>zz-escaped()</script>" in version.body
    assert "zz-script" not in version.body
    capture = version.capture
    urls = [
        f"/sources/{scene.source.pk}/", f"/sources/{scene.source.pk}/versions/2/",
        f"/sources/{scene.source.pk}/diff/?from=1&to=2",
        f"/sources/{scene.source.pk}/diff/?from=1&to=2&view=sides&all=1",
        f"/claims/{scene.claim.reference}/",
        f"/claims/{scene.claim.reference}/history/", f"/desk/sources/{scene.source.pk}/upload/",
        "/", "/desk/",
    ]  # fmt: skip
    for url in urls:
        text = page_text(client.get(url))
        for live in (
            "<script>zz",
            "onerror=alert",
            "<svg onload",
            "<iframe",
            "javascript:alert",
            "evil.example",
            "<b>zz-note",
            "<plaintext",
        ):
            assert live not in text, (url, live)
    assert "&lt;script&gt;zz-escaped()" in page_text(client.get(urls[1]))
    assert client.get(f"/sources/{scene.source.pk}/captures/{capture.pk}").status_code == 404
    address = f"/sources/{scene.source.pk}/captures/{Version.objects.get(number=1).capture_id}"
    ours = client.get(address, HTTP_HOST="content.localhost")
    assert ours["Content-Disposition"].startswith("attachment")
    assert ours["Content-Type"] == "application/octet-stream"
    ours.close()
