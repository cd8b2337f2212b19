"""What a hostile page or server says about itself ends as an observation: never as a fault that
stops the watching."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

import jobs
from claims.models import Source
from evidence.sources.models import Observation, Version, Watch
from jobs.models import Job
from tests import scenes
from tests.engines.fetching.servers import answer, serving

pytestmark = pytest.mark.django_db

POST = f"<html><title>帖子</title><p>{scenes.POST}</p></html>"


@pytest.fixture
def scene(settings: Any, tmp_path: Path) -> scenes.Scene:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.DISAPPEARANCE_SPREAD = timedelta(0)
    scene = scenes.build_claim()
    Source.objects.filter(pk=scene.source.pk).update(
        url="http://brand.example/post/1", watched=True
    )
    scene.source.refresh_from_db()
    Watch.objects.create(source=scene.source, next_look_at=scene.now)
    return scene


def page(text: str | bytes = POST, **headers: str) -> bytes:
    return answer(
        text.encode() if isinstance(text, str) else text,
        **{"Content_Type": "text/html; charset=utf-8", **headers},
    )


ANSWERS: dict[str, tuple[bytes, str]] = {
    "a type of 50 kB": (page(Content_Type="text/html; " + "x" * 50_000), "ok"),
    "a mark of 50 kB": (page(ETag='"' + "é" * 25_000 + '"', Last_Modified="y" * 20_000), "ok"),
    "a language of 5 kB": (page(POST.replace("<html>", f"<html lang='{'x-' * 2_500}'>")), "ok"),
    "a language that is none": (
        page(f"<html lang='q\x01\u202eq-12345678-87654321'><p>{'ﬀ ' * 40}</p></html>"),
        "ok",
    ),
    "a language of many parts": (
        page(
            "<html lang='fr-Latn-FR-1694acad-boite'><p>Deux conduits pour les freins, rien "
            "dedans.</p>"
        ),
        "ok",
    ),
    "a title of 3 MB": (page(f"<h1>{'题' * 1_000_000}</h1>"), "too_large"),
    "a heading of 100,000 characters": (
        page(f"<h1>{'题' * 100_000}</h1><p>{scenes.POST}</p>"),
        "ok",
    ),
    "no character": (
        page(POST.replace("双风道", "双\0风道&#0;&#xD800;&#x110000;&#99999999999999999999;")),
        "ok",
    ),
    "half characters": (
        page(
            "\ufeff".encode("utf-16-le") + POST.encode("utf-16-le")[:-1] + b"\x00\xd8",
            Content_Type="text/html",
        ),
        "ok",
    ),
    "a control in each place": (page(POST + "".join(map(chr, range(1, 160)))), "ok"),
    "10 MB of words": (page("word " * 2_000_000, Content_Type="text/plain"), "too_large"),
    "20 MB of page": (page(POST + "<!-- -->" * 2_500_000), "too_large"),
    "a date beyond the calendar": (
        page(POST + "<time datetime='9999-99-99T99:99:99+99:99' pubdate>"),
        "ok",
    ),
    "links without end": (page(POST + "<a href='//[x'>y" * 50_000), "ok"),
    "a status nobody knows": (page().replace(b"200 OK", b"799 Odd"), "transient"),
    "a picture": (page(b"\xff\xd8\xff\xe0", Content_Type="image/jpeg"), "empty"),
    "no type": (answer(POST.encode()), "ok"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_a_page_says_of_itself_it_is_one_observation(
    scene: scenes.Scene, settings: Any, name: str
) -> None:
    sent, expected = ANSWERS[name]
    with serving(sent) as server:
        settings.FETCH_LOCAL = {"brand.example:80": server.place}
        for number in range(2):  # the second look sends the marks of the first back
            with transaction.atomic():
                job = jobs.enqueue(
                    "evidence.observe", {"source": str(scene.source.pk)}, key=f"look:{number}"
                )
            jobs.drain(["watch"])
            job.refresh_from_db()
            assert (job.state, job.attempts) == ("done", 1), job.last_error
    first, second = Observation.objects.order_by("looked_at")
    assert first.type == expected
    assert second.type == ("unchanged" if expected == "ok" else expected)
    assert first.reason or expected == "ok"
    assert Version.objects.count() == (expected == "ok")
    assert not Job.objects.filter(state="failed").exists()


def test_a_long_way_round_is_kept_shortened(scene: scenes.Scene, settings: Any) -> None:
    def handle(connection: Any, request: bytes) -> None:
        there = f"http://brand.example/{'a' * 4_000}"
        connection.sendall(
            page()
            if request.startswith(b"GET /aaa")
            else answer(status="302 Found", Location=there)
        )

    with serving(handle) as server:
        settings.FETCH_LOCAL = {"brand.example:80": server.place}
        with transaction.atomic():
            job = jobs.enqueue("evidence.observe", {"source": str(scene.source.pk)}, key="look")
        jobs.drain(["watch"])
        job.refresh_from_db()
    assert job.state == "done", job.last_error
    assert Observation.objects.get().type == "ok"
