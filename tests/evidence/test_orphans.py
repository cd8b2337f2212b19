"""Originals that nothing names are swept; one that anything names never is, whatever goes on
meanwhile."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

import jobs
import ledger
from engines.storage.blobs import StorageUnavailableError, TooManyOrphansError
from evidence import orphans, tasks
from evidence.exhibits import tasks as exhibit_tasks
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, StagedPhoto, Submission
from evidence.stores import originals, renditions
from jobs.models import Job
from ledger import erasure
from ledger.sequencing import sequence
from tests import scenes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_claim()


def store(content: bytes) -> str:
    return originals().put(content, limit=1 << 20).sha256


def age(digest: str, days: int = 3) -> None:
    path = originals().path(digest)
    then = path.stat().st_mtime - days * 86400
    os.utime(path, (then, then))


def hand_in(scene: scenes.Scene, content: bytes, owner: int = 0) -> Submission:
    return filing.file_submission(
        by=scene.owners[owner], claim=scene.claim, narrative="No air.", narrative_lang="en",
        licence="show", now=timezone.now(),
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(content)))],
    )  # fmt: skip


def swept() -> set[str]:
    return set(orphans.sweep().unreferenced)


def everything_named_is_there() -> None:
    for exhibit in Exhibit.objects.exclude(digest=None):
        assert originals().exists(str(ledger.unseal(exhibit, "digest")))


def test_only_what_nothing_names_goes(scene: scenes.Scene) -> None:
    orphan, young, half = (
        store(b"left by a killed filing"),
        store(b"a filing on its way"),
        originals().root / "incoming" / "half",
    )
    half.write_bytes(b"half")
    hand_in(scene, b"a photo")
    scenes.build_staged(scene.owners[0], scene, content=b"ahead of its form")
    scenes.look(scene, scenes.POST, 1)
    for digest in originals().addresses():
        if digest != young:
            age(digest)
    os.utime(half, (0, 0))
    before = set(originals().addresses())
    assert swept() == {orphan}
    assert set(originals().addresses()) == before - {orphan}
    assert len(before) == 5
    assert not half.exists()
    everything_named_is_there()


def test_the_daily_job_sweeps_and_the_command_lists(scene: scenes.Scene) -> None:
    digest = store(b"left")
    age(digest)
    said = StringIO()
    call_command("sweep_originals", "--dry-run", stdout=said)
    assert said.getvalue() == f"{digest}\n1 originals that nothing names would be removed\n"
    assert originals().exists(digest)
    tasks.sweep_originals()
    assert not originals().exists(digest)


def test_an_exhibit_whose_key_for_duplicates_was_erased_keeps_its_original(
    scene: scenes.Scene,
) -> None:
    """A negative control of step 3: by the keyed hash alone it would be taken for an orphan."""
    exhibit = Exhibit.objects.get(submission=hand_in(scene, b"a photo"))
    digest = str(ledger.unseal(exhibit, "digest"))
    erasure.erase(
        "exhibit",
        exhibit.pk,
        fields=["duplicate_key"],
        ground="court order 1",
        reason="A court ordered it.",
        by=ledger.SYSTEM,
    )
    age(digest)
    assert not Exhibit.objects.exclude(duplicate_key="").exists()
    assert swept() == set()
    assert originals().exists(digest)


def test_with_the_key_of_the_keyed_hashes_lost_nothing_named_goes(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(scene, b"a photo")
    orphan = store(b"left")
    for digest in originals().addresses():
        age(digest)
    monkeypatch.setattr(orphans, "keyed", lambda purpose, value: "another key")
    assert swept() == {orphan}
    everything_named_is_there()


def test_a_sealed_address_that_cannot_be_opened_stops_the_sweep(
    scene: scenes.Scene, settings: Any, tmp_path: Path
) -> None:
    hand_in(scene, b"a photo")
    left = store(b"left")
    age(left)
    Exhibit.objects.update(digest=b"not what was sealed")
    with pytest.raises(orphans.SweepRefusedError, match="cannot be opened"):
        orphans.sweep()
    with pytest.raises(CommandError, match="Nothing was removed"):
        call_command("sweep_originals")
    assert originals().exists(left)


def test_a_database_older_than_the_published_log_stops_the_sweep(
    scene: scenes.Scene, settings: Any
) -> None:
    left = store(b"left")
    age(left)
    sequence()
    assert orphans.find() == [left]
    checkpoint = Path(settings.LEDGER_DIR) / "checkpoint"
    origin, size, rest = checkpoint.read_text().split("\n", 2)
    checkpoint.write_text(
        f"{origin}\n{int(size) + 1}\n{rest}"
    )  # what was published after the backup
    with pytest.raises(orphans.SweepRefusedError, match="older than the published log"):
        orphans.sweep()
    assert originals().exists(left)


def test_more_orphans_than_likely_stop_the_sweep_until_a_person_says_so() -> None:
    for number in range(4):
        age(store(str(number).encode()))
    with pytest.raises(TooManyOrphansError):
        orphans.sweep(at_most=3)
    assert len(list(originals().addresses())) == 4
    call_command("sweep_originals", "--at-most", "4", stdout=StringIO())
    assert list(originals().addresses()) == []


def test_a_sweeper_whose_clock_is_ahead_takes_nothing_that_is_just_being_filed(
    scene: scenes.Scene,
) -> None:
    """Age is told by the file system's clock and the database's. The worker's own would have taken
    all three."""
    digest = store(b"on its way")
    picture = renditions().put(b"about to be named", limit=99).sha256
    scenes.build_staged(scene.owners[0], scene)
    with time_machine.travel(timedelta(days=4000), tick=True):
        tasks.sweep_originals()
        exhibit_tasks.sweep_files()
        tasks.sweep_staged()
    assert originals().exists(digest)
    assert renditions().exists(picture)
    assert StagedPhoto.objects.kept().count() == 1


def race(scene: scenes.Scene, sweep: Callable[[], object]) -> int:
    """One files the same three old photos again and again, another sweeps all the time. Returns how
    often an original was lost."""
    stop = threading.Event()

    def sweeper() -> None:
        while not stop.is_set():
            sweep()
        connection.close()

    thread = threading.Thread(target=sweeper)
    thread.start()
    lost = 0
    try:
        for number in range(12):
            content = f"photo {number % 3}".encode()
            try:
                digest = store(content)
                if not Exhibit.objects.filter(
                    duplicate_key=orphans.keyed("original", digest)
                ).exists():
                    age_quietly(
                        digest
                    )  # as if an earlier filing had been killed days ago: it is an orphan now
                hand_in(scene, content)
                lost += not originals().exists(digest)
            except StorageUnavailableError:  # swept between being found and being made new again
                lost += 1
            with connection.cursor() as cursor:  # given up again, as if it had never been committed
                cursor.execute("SET session_replication_role = replica")
                for table in (
                    "custodyevent WHERE exhibit_id IN (SELECT id FROM evidence_exhibit)",
                    "exhibit",
                    "submission",
                ):
                    cursor.execute(f"DELETE FROM evidence_{table}")
                cursor.execute("SET session_replication_role = DEFAULT")
    finally:
        stop.set()
        thread.join(10)
    return lost


def age_quietly(digest: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # swept already
        age(digest)


def test_a_filing_and_a_sweep_at_the_same_time_lose_nothing(scene: scenes.Scene) -> None:
    assert race(scene, lambda: originals().sweep(orphans.named, timedelta(days=2))) == 0


def test_a_sweep_that_asked_before_it_locked_would_lose_originals(scene: scenes.Scene) -> None:
    """The negative control: the same race, with a sweep that neither looks again under the lock nor
    at the age."""

    def careless() -> None:
        for digest in originals().orphans(orphans.named, timedelta(days=-1)):
            originals().path(digest).unlink(missing_ok=True)

    assert race(scene, careless) > 0


def test_sweeping_is_scheduled() -> None:
    from jobs import dispatching

    dispatching.schedule_due()
    names = set(Job.objects.values_list("kind", flat=True))
    assert {"evidence.sweep_originals", "evidence.sweep_files", "evidence.sweep_staged"} <= names
    jobs.drain(["tick"])
    assert not Job.objects.filter(kind__startswith="evidence.sweep").exclude(state="done").exists()
    assert orphans.sweep_staged() == 0
