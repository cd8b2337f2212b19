"""Each place between two steps of a filing's whole way, killed there once (SIGKILL): nothing
accepted is lost, nothing done twice.

The way: a web process stores the photo, files it and rings; a worker claims the job, decodes,
stores what it made, commits; the sequencer puts it all into the log. What the broker may lose is
killed in tests/jobs/test_workers.py, by a real worker.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

import failpoints
import jobs
from accounts.actions import create_key
from evidence import orphans
from evidence.exhibits.models import CustodyEvent, Exhibit, Rendition, Submission
from jobs.models import Job
from ledger.models import Entry, Pending
from ledger.sequencing import sequence
from ledger.verification import Verification
from ledger.verify import audit
from tests import scenes
from tests.ledger.test_failures import PLACES
from tests.system.processes import eventually, in_a_child

pytestmark = pytest.mark.django_db(transaction=True)

FILING = [
    "blob.received",  # the photo is in a temporary file
    "blob.placed",  # it has its address; no row names it
    "filing.commit",  # all rows written, transaction open
    "enqueue.committed",  # committed, and nobody was told: neither the workers nor the client
]
WORKING = [
    "job.claimed",
    "exhibit.decoded",
    "blob.received",  # of the first rendition
    "blob.placed",
    "exhibit.stored",  # all renditions stored, no row names them
    "job.commit",  # effects and "done" written, transaction open
    "job.done",  # committed; the message is not acknowledged
]


class House:
    """A client that keeps the ids it got a success for, and the three who do the work."""

    def __init__(self, scene: scenes.Scene) -> None:
        self.scene = scene
        self.key = create_key(
            by=scene.owners[0], label="script", scopes=["submit"], now=timezone.now()
        )[1]
        self.accepted: set[str] = set()

    def file(self, idempotency_key: str) -> None:
        """As any client: what was not answered is sent again under the same key."""
        photo = SimpleUploadedFile(
            "a.jpg", scenes.picture(len(self.accepted) + 1), content_type="image/jpeg"
        )
        sent = {
            "claim": str(self.scene.claim.pk),
            "narrative": "No air.",
            "narrative_lang": "en",
            "licence": "show",
            "photos": photo,
        }
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": idempotency_key}
        answer = Client().post("/api/v1/submissions/", sent, headers=headers)
        assert answer.status_code in {200, 201}
        self.accepted.add(answer.json()["id"])

    def work(self) -> None:
        jobs.drain(["decode"])

    def settle(self) -> None:
        """Whoever was killed is missed, and others go on, by themselves."""
        assert eventually(
            lambda: (
                self.work()
                or not Job.objects.filter(queue="decode", state__in=["queued", "running"]).exists()
            ),
            10,
        )
        sequence()

    def check(self, settings: Any) -> None:
        """Everything that is promised of accepted work."""
        assert self.accepted == {str(pk) for pk in Submission.objects.values_list("pk", flat=True)}
        assert set(Job.objects.filter(queue="decode").values_list("state", flat=True)) == {"done"}
        exhibits = list(Exhibit.objects.all())
        assert len(exhibits) == len(self.accepted)
        assert {one.status for one in exhibits} == {"ready"}
        for one in exhibits:  # no constraint keeps these from being two
            assert list(
                CustodyEvent.objects.filter(exhibit=one)
                .order_by("happened_at")
                .values_list("kind", flat=True)
            ) == [
                "received",
                "read",
            ]
            assert Rendition.objects.filter(exhibit=one).exists()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pgh_label, count(*) FROM evidence_exhibitevent GROUP BY 1 ORDER BY 1"
            )
            changes = dict(cursor.fetchall())
        assert sum(changes.values()) == 2 * len(exhibits), (
            "one event for the filing and one for the reading of each"
        )
        assert not Pending.objects.exists()
        entries = Entry.objects.values_list("event_label", "event_id")
        assert len(set(entries)) == len(entries)
        assert audit(Path(settings.LEDGER_DIR)).checkpoint.size == len(entries)
        assert [
            str(mismatch) for mismatch in Verification().mismatches() if mismatch.code != "outside"
        ] == []
        orphans.sweep()
        assert not list((Path(settings.BLOBS_DIR) / "incoming").glob("*"))


@pytest.fixture
def house(settings: Any) -> Iterator[House]:
    settings.JOBS_LEASE = timedelta(seconds=0.6)
    settings.ORPHANS_KEPT_FOR = timedelta(0)
    made = House(scenes.build_claim())
    jobs.drain()
    yield made
    failpoints.disarm()


def killed_at(place: str, action: Callable[[], object]) -> None:
    def armed() -> None:
        failpoints.arm(place, lambda: os.kill(os.getpid(), signal.SIGKILL))
        action()

    assert in_a_child(armed) == -signal.SIGKILL, f"{place} was never reached"


def test_a_web_process_killed_at_each_place_while_it_files(house: House, settings: Any) -> None:
    for place in FILING:
        key = str(uuid4())
        killed_at(place, lambda key=key: house.file(key))
        house.file(key)
    house.settle()
    house.check(settings)


def test_a_worker_killed_at_each_place_while_it_reads_a_photo(house: House, settings: Any) -> None:
    for place in WORKING:
        house.file(str(uuid4()))
        killed_at(place, house.work)
        house.settle()
    house.check(settings)
    assert set(Job.objects.filter(queue="decode").values_list("attempts", flat=True)) == {1, 2}


def test_a_sequencer_killed_at_each_place_while_filings_wait(house: House, settings: Any) -> None:
    for place in PLACES:
        house.file(str(uuid4()))
        killed_at(place, sequence)
    house.settle()
    house.check(settings)


def test_a_filing_without_a_job_in_its_transaction_would_be_lost(
    house: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control, jobs table off: whoever is killed between the commit and the ring
    leaves a photo that nobody reads."""
    killed_at("enqueue.committed", lambda: house.file("one"))
    Job.objects.filter(queue="decode").delete()  # as if only a message had been meant to carry it
    house.file("one")
    house.settle()
    with pytest.raises(AssertionError):
        house.check(settings)
    assert Exhibit.objects.get().status == "stored"


def test_a_worker_without_a_fence_would_do_it_twice(
    house: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control, fencing off: a frozen worker that wakes after another took over leaves
    its effects too."""
    monkeypatch.setattr(jobs.Work, "_mine", lambda self: Job.objects.filter(pk=self.id))
    monkeypatch.setattr(jobs.Work, "renew", lambda self: True)
    # The application has a second guard of its own against reading a photo twice;
    # this is about the first.
    monkeypatch.setattr("evidence.exhibits.tasks.mark_read", unguarded)
    house.file(str(uuid4()))
    slept: list[int] = []

    def freeze() -> None:
        if not slept:
            slept.append(1)
            time.sleep(settings.JOBS_LEASE.total_seconds() + 0.2)
            failpoints.disarm()
            jobs.drain(["decode"])

    failpoints.arm("exhibit.stored", freeze)
    house.work()
    assert CustodyEvent.objects.filter(kind="read").count() == 2
    with pytest.raises(AssertionError):
        house.check(settings)


def unguarded(*, exhibit: Exhibit, now: Any, outcome: str, **more: Any) -> None:
    CustodyEvent.objects.create(
        exhibit=exhibit, kind="read", agent="decoder", outcome=outcome, happened_at=now
    )


def test_with_the_fence_the_same_frozen_worker_leaves_nothing(
    house: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.Work, "renew", lambda self: True)
    house.file(str(uuid4()))

    def freeze() -> None:
        failpoints.disarm()
        time.sleep(settings.JOBS_LEASE.total_seconds() + 0.2)
        jobs.drain(["decode"])

    failpoints.arm("exhibit.stored", freeze)
    house.work()
    house.settle()
    house.check(settings)
