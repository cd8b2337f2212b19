"""The work of this app, over a real server on loopback and through the real decoder."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageDraw

import jobs
import ledger
from accounts.models import User
from claims.models import Flag, Source
from engines import decoding
from evidence.exhibits.actions import filing
from evidence.exhibits.models import CustodyEvent, Exhibit, Rendition
from evidence.exhibits.states import ExhibitStatus
from evidence.sources import monitoring, tasks
from evidence.sources.models import Alert, Disappearance, Observation, Sighting, Version, Watch
from evidence.states import Provenance
from evidence.stores import originals, renditions
from jobs.actions import retry
from jobs.models import Job
from tests import scenes
from tests.pages import page_text
from tests.workflows import force

pytestmark = pytest.mark.django_db
EDITED = scenes.POST.replace("内部结构也一起改了，", "")
TAG = '"first"'


class Company(ThreadingHTTPServer):
    """A server that answers what the test says, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.status = 200
        self.content = ""
        self.tag = ""
        self.asked: list[str | None] = []

    @property
    def local(self) -> dict[str, str]:
        return {"brand.example:80": f"127.0.0.1:{self.server_address[1]}"}

    def say(self, text: str, *, status: int = 200, tag: str = "") -> None:
        self.status, self.tag = status, tag
        self.content = f"<!doctype html><html lang=zh><title>帖子</title><main><p>{text}</p></main>"


class Page(BaseHTTPRequestHandler):
    server: Company

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("If-None-Match"))
        body = self.server.content.encode()
        same = self.server.tag and self.headers.get("If-None-Match") == self.server.tag
        self.send_response(304 if same else self.server.status)
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if not same:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not same:
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing: the tests say what was asked."""


@pytest.fixture
def company(settings) -> Iterator[Company]:
    server = Company()
    settings.FETCH_LOCAL = server.local
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def scene(settings, tmp_path) -> scenes.Scene:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.DISAPPEARANCE_SPREAD = timedelta(0)
    scene = scenes.build_claim()
    Source.objects.filter(pk=scene.source.pk).update(
        url="http://brand.example/post/1", watched=True
    )
    scene.source.refresh_from_db()
    return scene


def look(scene: scenes.Scene) -> Observation:
    """One visit by the worker."""
    with transaction.atomic():
        job = jobs.enqueue(
            "evidence.observe", {"source": str(scene.source.pk)}, key=f"look:{Job.objects.count()}"
        )
    jobs.drain()
    job.refresh_from_db()
    assert job.state == "done", job.last_error
    return Observation.objects.latest("looked_at")


def test_a_post_is_captured_edited_taken_down_and_back(
    scene: scenes.Scene, company: Company
) -> None:
    company.say(scenes.POST)
    first = look(scene)
    assert (first.type, first.status, first.version.number, first.capture.url) == (
        "ok",
        200,
        1,
        "http://brand.example/post/1",
    )
    with originals().open(first.capture.digest) as stored:
        assert stored.read() == company.content.encode()
    assert (first.version.extractor, first.version.extractor_version) == ("blocks", "2")
    assert look(scene).type == "unchanged"
    company.say(EDITED)
    assert look(scene).version.number == 2
    assert list(Sighting.objects.order_by("pk").values_list("kind", flat=True)) == [
        "verbatim",
        "reworded",
    ]
    company.say("该内容已被作者删除")
    assert [look(scene).type for _ in range(3)] == ["tombstone"] * 3
    assert Disappearance.objects.get().status == "confirmed"
    assert set(Flag.objects.raised().values_list("kind", flat=True)) == {
        "edited_after_publication",
        "deleted",
    }
    company.say(EDITED)
    assert look(scene).type == "unchanged"
    assert Disappearance.objects.get().status == "reversed"
    assert list(Alert.objects.order_by("pk").values_list("kind", flat=True)) == [
        "quote_vanished",
        "source_gone",
        "source_back",
    ]


def test_a_server_may_say_that_nothing_changed_but_not_for_ever(
    scene: scenes.Scene, company: Company
) -> None:
    Watch.objects.create(source=scene.source, next_look_at=timezone.now())
    company.say(scenes.POST, tag=TAG)
    assert look(scene).status == 200
    company.say(EDITED, tag=TAG)
    assert (look(scene).status, Version.objects.count()) == (304, 1), (
        "it says so, and we believe it"
    )
    Observation.objects.update(looked_at=timezone.now() - tasks.TRUSTED_FOR)
    assert (look(scene).status, Version.objects.count()) == (200, 2), (
        "but once a day it has to show the page"
    )
    assert company.asked == [None, TAG, None]


def test_a_mark_of_an_older_text_is_never_sent_again(scene: scenes.Scene, company: Company) -> None:
    """Otherwise the first text coming back would count as the second unchanged."""
    Watch.objects.create(source=scene.source, next_look_at=timezone.now())
    for text, tag in ((scenes.POST, TAG), (EDITED, ""), (scenes.POST, TAG)):
        company.say(text, tag=tag)
        look(scene)
    assert company.asked == [None, TAG, None]
    assert list(Version.objects.in_order().values_list("number", flat=True)) == [1, 2, 3]


def test_what_cannot_be_visited_is_an_observation_with_its_reason(
    scene: scenes.Scene, company: Company, settings
) -> None:
    company.say(scenes.POST, status=503)
    assert look(scene).type == "transient"
    settings.FETCH_LOCAL = {"brand.example:80": "127.0.0.1:1"}
    observation = look(scene)
    assert (observation.type, observation.status, observation.version) == ("transient", None, None)
    assert observation.reason
    assert not Disappearance.objects.exists()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_is_visited_for_no_host_but_those_that_settings_name(
    scene: scenes.Scene, company: Company, address: str
) -> None:
    Source.objects.filter(pk=scene.source.pk).update(
        url=f"http://{address}:{company.server_address[1]}/post/1"
    )
    scene.source.refresh_from_db()
    company.say(scenes.POST)
    assert look(scene).type == "refused"
    assert company.asked == []


def test_the_sweep_asks_for_what_is_due_and_for_nothing_twice(
    scene: scenes.Scene, settings
) -> None:
    settings.WATCH_EVERY = timedelta(hours=1)
    Job.objects.all().delete()
    for _ in range(3):
        with transaction.atomic():
            tasks.watch()
    assert Job.objects.filter(kind="evidence.observe").count() == 1
    assert Watch.objects.get().next_look_at > timezone.now() + timedelta(minutes=50)
    Watch.objects.update(next_look_at=timezone.now())
    Source.objects.update(watched=False)
    with transaction.atomic():
        tasks.watch()
    assert Job.objects.filter(kind="evidence.observe").count() == 1


def many_sources(
    scene: scenes.Scene, count: int, *, others: int = 0, late: timedelta = timedelta(0)
) -> None:
    """So many more sources that are due, of one host; the last are of so many others."""
    hosts = ["shop.example"] * (count - others) + [
        f"other{number}.example" for number in range(others)
    ]
    plain = {
        "company": scene.claim.company,
        "channel": scene.source.channel,
        "title": scene.source.title,
        "created_at": scene.now,
    }
    Source.objects.bulk_create(
        Source(url=f"https://{host}/{number}", **plain) for number, host in enumerate(hosts)
    )
    due = timezone.now() - late - timedelta(seconds=count)
    rows = Source.objects.filter(watch=None).order_by("pk")
    Watch.objects.bulk_create(
        Watch(source=one, next_look_at=due + timedelta(milliseconds=number))
        for number, one in enumerate(rows)
    )


def looks() -> list[Job]:
    return list(Job.objects.filter(kind="evidence.observe").order_by("run_after", "id"))


def test_however_many_sources_are_due_one_sweep_asks_for_all(scene: scenes.Scene) -> None:
    Job.objects.all().delete()
    Watch.objects.all().delete()  # those without a row of their own are found as well
    many_sources(scene, 2_500)
    Watch.objects.filter(source__url__endswith="7").delete()
    with transaction.atomic():
        tasks.watch()
    assert {one.payload["source"] for one in looks()} == {
        str(pk) for pk in Source.objects.values_list("pk", flat=True)
    }
    assert len(looks()) == Source.objects.count() == 2_501
    assert not Watch.objects.filter(
        next_look_at__lte=timezone.now() + timedelta(minutes=50)
    ).exists()
    with transaction.atomic():
        tasks.watch()
    assert len(looks()) == 2_501
    assert not Job.objects.filter(kind="evidence.watch_rest").exists()


def test_a_sweep_whose_time_is_over_is_followed_by_another_at_once(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    Job.objects.all().delete()
    many_sources(scene, 60)
    monkeypatch.setattr(monitoring, "BATCH", 20)
    monkeypatch.setattr(tasks, "SWEEP_SECONDS", 0.0)
    with transaction.atomic():
        tasks.watch()
    assert len(looks()) == 20  # the control: without those that follow it would be these alone
    jobs.drain(["tick"])
    assert len(looks()) == 61


def test_a_host_with_many_pages_holds_up_no_other(scene: scenes.Scene) -> None:
    Job.objects.all().delete()
    Watch.objects.all().delete()
    many_sources(scene, 50, others=4)
    with transaction.atomic():
        tasks.watch()
    urls = dict(Source.objects.values_list("pk", "url"))
    first = [urls[UUID(one.payload["source"])].split("/")[2] for one in looks()[:5]]
    assert len(set(first)) == 5, first


def test_a_source_whose_look_is_still_open_is_not_asked_for_again(scene: scenes.Scene) -> None:
    """Otherwise a queue that is behind would only grow. That it is late, operators are told."""
    Job.objects.all().delete()
    for _ in range(2):
        Watch.objects.update(next_look_at=timezone.now() - timedelta(minutes=1))
        with transaction.atomic():
            tasks.watch()
    assert len(looks()) == 1
    force(Job.objects.all(), state="done", finished_at=timezone.now())
    with transaction.atomic():
        tasks.watch()
    assert len(looks()) == 2


def test_late_looks_are_a_metric_and_a_line_for_operators(
    scene: scenes.Scene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Job.objects.all().delete()
    Watch.objects.all().delete()
    many_sources(scene, 3, late=timedelta(hours=2))
    Source.objects.filter(url__endswith="/2").update(watched=False)
    Source.objects.filter(pk=scene.source.pk).update(watched=False)
    assert tasks.observations_overdue() == 2
    assert "asclaimed_looks_overdue 2.0" in page_text(client.get("/metrics"))
    monkeypatch.setattr(User, "is_staff", True)
    client.force_login(scene.moderator)
    assert "Checks that are late: 2." in page_text(client.get("/operations/jobs/"))
    with transaction.atomic():
        tasks.watch()
    assert tasks.observations_overdue() == 0  # asked for just now
    Job.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert tasks.observations_overdue() == 2  # asked for long ago, and nobody did it
    force(Job.objects.all(), state="done", finished_at=timezone.now())
    assert tasks.observations_overdue() == 0
    assert "Checks that are late" not in page_text(client.get("/operations/jobs/"))


# --- photos ---------------------------------------------------------------------------------------


def photo() -> bytes:
    """A drawing as a JPEG with what a phone writes: camera, time, place."""
    image = Image.new("RGB", (900, 600), (40, 44, 52))
    draw = ImageDraw.Draw(image)
    for step in range(0, 900, 30):
        draw.line([(step, 0), (900 - step, 600)], fill=(step % 255, 120, 200), width=6)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    exif.get_ifd(0x8769)[0x9003] = "2025:03:01 10:30:00"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (39.0, 54.0, 27.0), "E", (116.0, 23.0, 50.0)
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


def file(scene: scenes.Scene, *contents: bytes) -> list[Exhibit]:
    photos = [
        filing.NewPhoto(filing.receive(io.BytesIO(content)), "IMG_1.jpg") for content in contents
    ]
    submission = filing.file_submission(
        by=scene.owners[0],
        claim=scene.claim,
        narrative="x",
        narrative_lang="en",
        licence="cc-by-4.0",
        photos=photos,
        now=scene.now,
    )
    return list(Exhibit.objects.filter(submission=submission).order_by("number"))


def hand_in(scene: scenes.Scene, *contents: bytes) -> list[Exhibit]:
    """File photos, and read them."""
    exhibits = file(scene, *contents)
    jobs.drain(["decode"])
    for exhibit in exhibits:
        exhibit.refresh_from_db()
    return exhibits


def test_a_photo_becomes_renditions_without_metadata(scene: scenes.Scene) -> None:
    original = photo()
    (exhibit,) = hand_in(scene, original)
    assert (exhibit.status, exhibit.media_type, exhibit.width, exhibit.height) == (
        ExhibitStatus.READY,
        "image/jpeg",
        900,
        600,
    )
    assert exhibit.provenance == Provenance.P2, "it names its camera and its time"
    assert len(exhibit.pdq) == 8
    sealed = json.loads(str(ledger.unseal(exhibit, "metadata")))
    assert sealed["gps_latitude"].startswith("39.907")
    shown = list(Rendition.objects.filter(exhibit=exhibit).order_by("width"))
    assert [one.name for one in shown] == ["thumb", "page", "full"]
    for one in shown:
        with renditions().open(one.digest) as file:
            content = file.read()
        assert len(content) == one.size
        assert b"Exif" not in content
        with Image.open(io.BytesIO(content)) as copy:
            assert copy.size == (one.width, one.height)
            assert not copy.getexif()
    with originals().open(str(ledger.unseal(exhibit, "digest"))) as file:
        assert file.read() == original, "the original stays as it came"
    assert CustodyEvent.objects.get(exhibit=exhibit, kind="read").outcome == "ready"


def test_what_is_no_photo_is_kept_and_says_why_it_cannot_be_shown(scene: scenes.Scene) -> None:
    text, cut = hand_in(scene, b"not a photo at all", photo()[:2000])
    assert text.status == cut.status == ExhibitStatus.UNREADABLE
    assert CustodyEvent.objects.get(exhibit=text, kind="read").outcome == "not_an_image"
    assert CustodyEvent.objects.get(exhibit=cut, kind="read").outcome in {"truncated", "damaged"}
    assert not Rendition.objects.exists()
    assert not Job.objects.filter(queue="decode").exclude(state="done").exists()


def late(path: Path) -> decoding.RefusedPicture:
    return decoding.RefusedPicture(decoding.Code.TIMEOUT)


def attempts(lost: int) -> Job:
    """Every attempt at the one photo there is, of which the first were lost to kills."""
    Job.objects.filter(queue="decode").update(attempts=lost)
    for _ in range(3 - lost):
        jobs.drain(["decode"])
        Job.objects.filter(state="queued").update(run_after=timezone.now())
    return Job.objects.get(queue="decode")


def test_a_decoder_that_was_late_once_after_two_kills_does_not_condemn_a_photo(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    (exhibit,) = file(scene, photo())
    with monkeypatch.context() as slow:
        slow.setattr(decoding, "decode", late)
        assert attempts(lost=2).state == "failed"
    exhibit.refresh_from_db()
    assert exhibit.status == ExhibitStatus.STORED
    retry(job_id=Job.objects.get(queue="decode").pk, by=None)
    jobs.drain(["decode"])
    exhibit.refresh_from_db()
    assert exhibit.status == ExhibitStatus.READY


@pytest.mark.parametrize("lost", [0, 1])
def test_a_decoder_that_is_late_again_does(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    (exhibit,) = file(scene, photo())
    monkeypatch.setattr(decoding, "decode", late)
    assert attempts(lost).state == "done"
    exhibit.refresh_from_db()
    assert exhibit.status == ExhibitStatus.UNREADABLE


def test_a_photo_without_a_camera_is_only_hashed_on_arrival(scene: scenes.Scene) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(file, "PNG")
    (exhibit,) = hand_in(scene, file.getvalue())
    assert (exhibit.provenance, exhibit.media_type) == (Provenance.P1, "image/png")


def test_reading_a_photo_twice_changes_nothing(scene: scenes.Scene) -> None:
    (exhibit,) = hand_in(scene, photo())
    before = list(Rendition.objects.order_by("pk").values())
    with transaction.atomic():
        jobs.enqueue("evidence.read_exhibit", {"exhibit": str(exhibit.pk)}, key="again")
    jobs.drain(["decode"])
    assert list(Rendition.objects.order_by("pk").values()) == before
    assert CustodyEvent.objects.filter(exhibit=exhibit, kind="read").count() == 1
