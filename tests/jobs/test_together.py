"""Jobs that are done many at a time: one transaction for all, and each alone as soon as anything
goes wrong."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

import failpoints
import jobs
from jobs import dispatching, enqueueing, messaging, models, registry, work
from jobs.models import Job
from jobs.states import State
from tests.jobs import scene, worker_settings
from tests.jobs.conftest import Crew, committed, wait_until

pytestmark = [committed, pytest.mark.usefixtures("rows", "broker")]


def file_many(count: int, kind: str = "test.together", **payload: str) -> list[Job]:
    with transaction.atomic():
        jobs.enqueue_many(kind, {f"{kind}:{n}": payload for n in range(count)})
    return list(Job.objects.filter(kind=kind).order_by("dedupe_key"))


def states() -> dict[str, int]:
    return {
        state: Job.objects.filter(state=state).count()
        for state in State.values
        if Job.objects.filter(state=state).exists()
    }


def transactions_of_effects() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM jobs_test_effect")
        return int(cursor.fetchone()[0])


def effects_each() -> set[int]:
    return {scene.effects(job.id) for job in Job.objects.all()}


# Writing many down


def test_many_jobs_are_written_by_one_statement_and_notified_once(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with transaction.atomic():
        with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's fixture has no type of its own
            jobs.enqueue_many("test.together", {f"a:{n}": {"source": uuid4()} for n in range(100)})
        assert messaging.queue_depth("watch") == 0
    assert messaging.queue_depth("watch") == 1
    assert not Job.objects.undispatched().exists()


def test_many_jobs_roll_back_with_their_caller() -> None:
    with transaction.atomic():
        jobs.enqueue_many("test.together", {"a": {}, "b": {}})
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert messaging.queue_depth("watch") == 0


def test_many_jobs_obey_the_rules_of_one() -> None:
    with pytest.raises(jobs.NotInTransactionError):
        jobs.enqueue_many("test.together", {"a": {}})
    with pytest.raises(registry.UnknownKindError), transaction.atomic():
        jobs.enqueue_many("test.nobody", {"a": {}})
    with pytest.raises(ValueError, match="holds ids"), transaction.atomic():
        jobs.enqueue_many("test.together", {"a": {"text": "x" * 201}})
    first = scene.file(key="a")
    with transaction.atomic():
        jobs.enqueue_many("test.together", {"a": {}, "b": {}})
    assert Job.objects.get(dedupe_key="a").id == first.id
    assert Job.objects.count() == 2


def test_jobs_of_other_kinds_get_a_ring_each_and_the_dispatcher_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enqueueing, "MAX_NOTIFICATIONS_PER_COMMIT", 5)
    file_many(12, "test.simple")
    assert messaging.queue_depth("watch") == 5
    assert Job.objects.filter(sent_at=None).count() == 7


def test_a_message_for_many_holds_the_id_of_one_and_nothing_else() -> None:
    filed = file_many(30)
    (message,) = messaging._client().lrange("watch", 0, -1)
    arguments = json.loads(base64.b64decode(json.loads(message)["body"]))[:2]
    assert arguments in [[[str(job.id)], {}] for job in filed]


# Doing them


def test_one_ring_does_them_all_in_one_transaction() -> None:
    filed = file_many(20)
    assert work.run_batch(filed[7].id) == 20
    assert states() == {State.DONE: 20}
    assert effects_each() == {1}
    assert transactions_of_effects() == 1
    assert work.run_batch(filed[0].id) == 0


def test_jobs_of_other_kinds_are_done_one_at_a_time() -> None:
    filed = file_many(3, "test.simple")
    assert work.run_batch(filed[0].id) == 1
    assert states() == {State.DONE: 1, State.QUEUED: 2}


def test_a_ring_for_a_job_that_another_has_is_good_for_its_like() -> None:
    filed = file_many(5)
    theirs = work.claim(filed[0].id)
    assert work.run_batch(filed[0].id) == 4
    assert states() == {State.RUNNING: 1, State.DONE: 4}
    assert theirs is not None
    assert theirs.renew()


def test_not_more_than_so_many_and_none_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MAX_BATCH", 4)
    filed = file_many(6)
    Job.objects.filter(pk=filed[5].id).update(run_after=Now() + timedelta(hours=1))
    assert work.run_batch(filed[0].id) == 4
    assert work.run_batch(filed[4].id) + work.run_batch(filed[0].id) == 1
    assert states() == {State.DONE: 5, State.QUEUED: 1}


def test_jobs_that_take_long_are_committed_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "BATCH_SECONDS", 0.0)
    filed = file_many(5)
    assert work.run_batch(filed[0].id) == 5
    assert transactions_of_effects() == 5


def test_two_workers_share_them_and_do_none_twice() -> None:
    file_many(30)
    mine = work.claim_batch("test.together", uuid4(), 20)
    theirs = work.claim_batch("test.together", uuid4(), 20)
    assert (len(mine), len(theirs)) == (20, 10)
    assert not {one.id for one in mine} & {one.id for one in theirs}


def test_rows_that_another_is_just_taking_are_passed_over() -> None:
    filed = file_many(10)
    held, done = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            list(Job.objects.select_for_update().filter(pk__in=[job.pk for job in filed[:4]]))
            held.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert held.wait(5)
        assert len(work.claim_batch("test.together", uuid4(), 100)) == 6
    finally:
        done.set()
        thread.join(5)


# When something goes wrong


def test_a_poisoned_job_fails_alone() -> None:
    """Its neighbours are done at their first attempt; it is set aside after its third, as if it had
    always been alone."""
    filed = file_many(10)
    Job.objects.filter(pk=filed[4].pk).update(payload={"broken": "yes"})
    assert work.run_batch(filed[0].id) == 9
    poisoned = Job.objects.get(pk=filed[4].pk)
    assert (poisoned.state, poisoned.attempts, poisoned.last_error) == (
        State.QUEUED,
        1,
        "RuntimeError: the paper is stuck",
    )
    for _ in range(2):
        Job.objects.update(run_after=Now())
        assert jobs.drain() == 0
    assert states() == {State.DONE: 9, State.FAILED: 1}
    assert set(Job.objects.filter(state=State.DONE).values_list("attempts", flat=True)) == {1}
    assert scene.effects() == 9


def test_without_going_one_by_one_a_poisoned_job_would_fail_its_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    filed = file_many(10)
    Job.objects.filter(pk=filed[4].pk).update(payload={"broken": "yes"})
    monkeypatch.setattr(work, "_run_claimed", lambda one: one.fail(RuntimeError("all of them")))
    assert work.run_batch(filed[0].id) == 0
    assert states() == {State.QUEUED: 10}


def test_a_job_that_says_not_yet_waits_alone() -> None:
    filed = file_many(5)
    Job.objects.filter(pk=filed[2].pk).update(payload={"later": "yes"})
    assert work.run_batch(filed[0].id) == 4
    waiting = Job.objects.get(pk=filed[2].pk)
    assert (waiting.state, waiting.attempts, waiting.waits) == (State.QUEUED, 0, 1)


def steal(job: Job) -> None:
    """Another worker takes the job over, as after a lease that ran out."""
    Job.objects.filter(pk=job.pk).update(token=uuid4(), attempts=2)


@pytest.mark.parametrize("fenced", [True, False])
def test_a_job_that_was_taken_over_is_not_done_twice(
    monkeypatch: pytest.MonkeyPatch, fenced: bool
) -> None:
    """Its effect is rolled back with all the others, which are then done one by one. The negative
    control, fence off: it stays."""
    filed = file_many(5)
    if not fenced:
        monkeypatch.setattr(
            work,
            "_mark_done",
            lambda mine: Job.objects.filter(pk__in=[j.pk for j in filed]).update(
                last_error="all done"
            ),
        )
    failpoints.arm("jobs.claimed", lambda: steal(filed[3]))
    try:
        assert work.run_batch(filed[0].id) == (4 if fenced else 5)
    finally:
        failpoints.disarm()
    assert scene.effects(filed[3].id) == (0 if fenced else 1)
    if fenced:
        assert scene.effects() == 4
        assert states() == {State.DONE: 4, State.RUNNING: 1}


def test_effects_and_done_of_all_are_one_transaction() -> None:
    """The process ends before the commit: nothing is there, and the leases say who may go on."""

    class End(BaseException):
        pass

    def end() -> None:
        raise End

    filed = file_many(5)
    failpoints.arm("jobs.commit", end)
    try:
        with pytest.raises(End):
            work.run_batch(filed[0].id)
    finally:
        failpoints.disarm()
    assert scene.effects() == 0
    assert states() == {State.RUNNING: 5}
    Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert jobs.drain() == 5
    assert effects_each() == {1}
    assert transactions_of_effects() == 5, "what was interrupted once is done alone"


def test_the_leases_of_all_are_held(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JOBS_LEASE = timedelta(seconds=1.5)  # type: ignore[attr-defined]
    stolen: list[object] = []

    def slow(mine: jobs.Work) -> None:
        time.sleep(1)
        stolen.extend(work.claim(job.id) for job in Job.objects.all())
        with mine.finish():
            pass

    registry.handler("test.slow", queue="watch", together=True)(slow)
    filed = file_many(3, "test.slow")
    assert work.run_batch(filed[0].id) == 3
    assert set(stolen) == {None}


def test_many_are_done_though_the_connection_breaks_among_them() -> None:
    broken: list[int] = []

    @registry.handler("test.cut", queue="watch", together=True)
    def cut(mine: jobs.Work) -> None:
        with mine.finish():
            scene.leave_effect(mine)
            if not broken:
                broken.append(1)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    filed = file_many(4, "test.cut")
    assert work.run_batch(filed[0].id) == 4
    assert effects_each() == {1}


# Real workers


@pytest.fixture
def short(settings: object) -> None:
    for name in ("JOBS_LEASE", "JOBS_BACKOFF", "JOBS_RESEND"):
        setattr(settings, name, getattr(worker_settings, name))


def settled() -> bool:
    dispatching.run_cycle()
    return not Job.objects.filter(state__in=[State.QUEUED, State.RUNNING]).exists()


@pytest.mark.usefixtures("short")
def test_a_worker_killed_in_the_middle_of_many_loses_and_doubles_none(
    crew: Crew, tmp_path: Path
) -> None:
    pid, gate = tmp_path / "pid", tmp_path / "gate"
    filed = file_many(450, pid=str(pid), gate=str(gate))
    assert messaging.queue_depth("watch") == 3
    crew.worker()
    wait_until(lambda: pid.exists() and pid.read_text() != "", 30)
    assert Job.objects.filter(state=State.RUNNING).count() >= models.MAX_BATCH
    while not (written := pid.read_text()):  # every job of the batch writes it anew
        time.sleep(0.01)
    os.kill(int(written), signal.SIGKILL)
    gate.touch()
    wait_until(settled, 30)
    assert states() == {State.DONE: 450}
    assert scene.effects() == len(filed)
    assert effects_each() == {1}
    assert {1, 2} <= set(Job.objects.values_list("attempts", flat=True))


@pytest.mark.usefixtures("short")
def test_a_job_that_kills_its_worker_takes_no_neighbour_with_it(crew: Crew) -> None:
    with transaction.atomic():  # a worker may be there already
        filed = file_many(20, "test.together")
        Job.objects.filter(pk=filed[9].pk).update(payload={"deadly": "yes"})
    crew.worker()
    wait_until(settled, 40)
    assert states() == {State.DONE: 19, State.FAILED: 1}
    assert Job.objects.get(state=State.FAILED).pk == filed[9].pk
    assert scene.effects() == 19
