from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

import jobs
from jobs import actions, registry, tasks, work
from jobs.models import Job
from jobs.states import State
from tests.jobs import scene
from tests.jobs.conftest import committed, wait_until

pytestmark = [committed, pytest.mark.usefixtures("rows", "broker")]


def expire_lease(job_id: UUID) -> None:
    Job.objects.filter(pk=job_id).update(lease_until=Now() - timedelta(seconds=1))


def claimed(job: Job) -> jobs.Work:
    mine = work.claim(job.id)
    assert mine is not None
    return mine


# Claiming


def test_a_job_is_done_once_and_stays_done() -> None:
    job = scene.file(key="a")
    assert work.run(job.id)
    assert not work.run(job.id)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.token, job.lease_until) == (State.DONE, 1, None, None)
    assert job.finished_at is not None
    assert scene.effects() == 1


def test_a_handler_without_effects_of_its_own_is_finished_for_it() -> None:
    seen = []
    registry.handler("test.silent", queue="watch")(lambda w: seen.append(w.payload))
    job = scene.file("test.silent", key="a", id="7")
    assert work.run(job.id)
    assert seen == [{"id": "7"}]


def race(take: Callable[[UUID], bool], rounds: int = 12) -> list[int]:
    """How many of two simultaneous workers got each of `rounds` jobs."""
    wins = []
    for n in range(rounds):
        job = scene.file(key=f"race:{n}")
        line = threading.Barrier(2)
        won: list[bool] = []

        def worker(
            job_id: UUID = job.id, line: threading.Barrier = line, won: list[bool] = won
        ) -> None:
            line.wait(5)
            won.append(take(job_id))
            connection.close()

        threads = [threading.Thread(target=worker) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        wins.append(sum(won))
    return wins


def test_of_two_workers_one_gets_the_job() -> None:
    assert race(lambda job_id: work.claim(job_id) is not None) == [1] * 12


def test_a_claim_that_reads_before_it_writes_would_be_given_twice() -> None:
    """The proof that the race can be lost."""

    def naive(job_id: UUID) -> bool:
        job = Job.objects.get(pk=job_id)
        if job.state != State.QUEUED:
            return False
        time.sleep(0.02)
        Job.objects.filter(pk=job_id).update(
            state=State.RUNNING, token=uuid4(), attempts=F("attempts") + 1, lease_until=Now()
        )
        return True

    assert 2 in race(naive)


def test_a_running_job_is_left_alone_until_its_lease_runs_out() -> None:
    job = scene.file(key="a")
    claimed(job)
    assert work.claim(job.id) is None
    expire_lease(job.id)
    assert claimed(job).attempt == 2


# Fencing


def overtaken(job: Job) -> tuple[jobs.Work, jobs.Work]:
    """Two workers on one job: the first was away so long that the second took over."""
    first = claimed(job)
    expire_lease(job.id)
    return first, claimed(job)


def finish_with_effect(mine: jobs.Work) -> None:
    with mine.finish():
        scene.leave_effect(mine)


def test_a_worker_that_lost_its_lease_can_finish_nothing() -> None:
    job = scene.file(key="a")
    first, second = overtaken(job)
    with pytest.raises(jobs.LeaseLostError):
        finish_with_effect(first)
    assert scene.effects() == 0
    finish_with_effect(second)
    with pytest.raises(jobs.LeaseLostError):
        finish_with_effect(first)
    assert scene.effects() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DONE, 2)


def test_without_the_fence_the_effect_would_be_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.Work, "_mine", lambda self: Job.objects.filter(pk=self.id))
    first, second = overtaken(scene.file(key="a"))
    finish_with_effect(second)
    finish_with_effect(first)
    assert scene.effects() == 2


def test_an_overtaken_worker_can_neither_show_progress_nor_fail_the_job_of_another() -> None:
    job = scene.file(key="a")
    first, second = overtaken(job)
    with pytest.raises(jobs.LeaseLostError):
        first.progress(1, 2)
    first.fail(RuntimeError("late"))
    job.refresh_from_db()
    assert (job.state, job.last_error) == (State.RUNNING, "")
    assert second.renew()
    assert not first.renew()


def test_an_expired_lease_that_nobody_took_is_still_good() -> None:
    job = scene.file(key="a")
    mine = claimed(job)
    expire_lease(job.id)
    finish_with_effect(mine)
    assert scene.effects() == 1


def test_effects_and_done_are_one_transaction() -> None:
    job = scene.file(key="a")
    mine = claimed(job)

    def half() -> None:
        with mine.finish():
            scene.leave_effect(mine)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert scene.effects() == 0
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_finishing_inside_another_transaction_is_refused() -> None:
    """Its commit would not be ours, and the effect could still be rolled back after the job was
    reported done."""
    mine = claimed(scene.file(key="a"))
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(), mine.finish():
        pass


def test_the_lease_is_held_while_the_handler_works(settings: Settings) -> None:
    settings.JOBS_LEASE = timedelta(seconds=0.6)
    stolen = []

    def slow(mine: jobs.Work) -> None:
        time.sleep(1.2)
        stolen.append(work.claim(mine.id))

    registry.handler("test.slow", queue="watch")(slow)
    assert work.run(scene.file("test.slow", key="a").id)
    assert stolen == [None]


def test_without_renewal_a_slow_job_would_be_taken_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOBS_LEASE = timedelta(seconds=0.3)
    monkeypatch.setattr(jobs.Work, "renew", lambda self: True)
    stolen = []

    def slow(mine: jobs.Work) -> None:
        time.sleep(0.5)
        stolen.append(work.claim(mine.id))

    registry.handler("test.slow", queue="watch")(slow)
    assert not work.run(scene.file("test.slow", key="a").id)
    assert stolen != [None]


# Failing


def test_a_failing_job_waits_longer_each_time_and_fails_after_three() -> None:
    job = scene.file("test.broken", key="a")
    waits = []
    for attempt in (1, 2, 3):
        assert not work.run(job.id)
        job.refresh_from_db()
        assert job.attempts == attempt
        if attempt < 3:
            assert job.state == State.QUEUED
            assert job.sent_at is None
            assert not work.run(job.id), "not before its time"
            now = Job.objects.annotate(now=Now()).get(pk=job.id).now
            waits.append(round((job.run_after - now).total_seconds()))
            Job.objects.filter(pk=job.id).update(run_after=Now())
    assert waits == [10, 40]
    assert job.state == State.FAILED
    assert job.last_error == "RuntimeError: the paper is stuck", (
        "one line: the database's details quote rows"
    )
    assert not work.run(job.id)
    assert scene.effects() == 0


def test_a_failed_job_can_be_tried_again() -> None:
    job = scene.file("test.broken", key="a")
    for _ in range(3):
        work.run(job.id)
        Job.objects.filter(pk=job.id).update(run_after=Now())
    Job.objects.filter(pk=job.id).update(payload={"repaired": True})
    actions.retry(job_id=job.id, by=None)
    assert work.run(job.id)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == (State.DONE, 1, "")
    with pytest.raises(actions.NotInStateError):
        actions.retry(job_id=job.id, by=None)


def test_a_waiting_job_can_be_cancelled_and_a_running_one_cannot() -> None:
    job = scene.file(key="a")
    actions.cancel(job_id=job.id, by=None)
    assert not work.run(job.id)
    running = scene.file(key="b")
    claimed(running)
    with pytest.raises(actions.NotInStateError):
        actions.cancel(job_id=running.id, by=None)


def test_retry_asks_to_come_back_and_may_say_when() -> None:
    job = scene.file("test.later", key="a")
    assert not work.run(job.id)
    job.refresh_from_db()
    assert (job.state, job.last_error) == (State.QUEUED, "Retry: the source asked us to come back")

    @registry.handler("test.tomorrow", queue="watch")
    def tomorrow(mine: jobs.Work) -> None:
        raise jobs.Retry("closed today", after=timedelta(days=1))

    job = scene.file("test.tomorrow", key="b")
    work.run(job.id)
    job.refresh_from_db()
    assert job.run_after - job.created_at > timedelta(hours=23)


def test_too_early_is_no_failure_until_it_is_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    @registry.handler("test.early", queue="watch")
    def early(mine: jobs.Work) -> None:
        raise jobs.Retry("not logged yet", after=timedelta(0))

    monkeypatch.setattr(work, "MAX_WAITS", 5)
    job = scene.file("test.early", key="a")
    for waits in range(1, 6):
        work.run(job.id)
        job.refresh_from_db()
        assert (job.state, job.attempts, job.waits) == (State.QUEUED, 0, waits)
    for _ in range(3):
        work.run(job.id)
        Job.objects.filter(pk=job.id).update(run_after=Now())
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.FAILED, 3)


def test_a_job_whose_workers_vanish_is_not_taken_a_fourth_time() -> None:
    job = scene.file(key="a")
    for _ in range(3):
        claimed(job)
        expire_lease(job.id)
    assert work.claim(job.id) is None


def test_an_error_is_described_in_one_printable_line() -> None:
    assert work.describe(ValueError("bad\x1b[31m\x00")) == "ValueError: bad\\x1b[31m\\x00"
    assert work.describe(ValueError()) == "ValueError"
    assert len(work.describe(ValueError("x" * 5000))) < 400


def test_a_kind_whose_handler_is_gone_ends_where_operators_see_it() -> None:
    job = scene.file(key="a")
    registry.unregister("test.simple")
    work.run(job.id)
    job.refresh_from_db()
    assert job.last_error == "UnknownKindError: test.simple"


def test_with_the_database_away_the_task_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    job = scene.file(key="a")

    def away(*args: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(work, "claim", away)
        tasks.run(str(job.id))
    tasks.run(str(job.id))
    assert scene.effects() == 1


def test_a_job_that_loses_its_connection_mid_way_is_given_back() -> None:
    @registry.handler("test.cut", queue="watch")
    def cut(mine: jobs.Work) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    job = scene.file("test.cut", key="a")
    tasks.run(str(job.id))
    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert job.last_error.startswith("OperationalError")


# Progress, clocks, constraints


def test_progress_is_shown_and_holds_the_lease() -> None:
    job = scene.file(key="a")
    mine = claimed(job)
    expire_lease(job.id)
    mine.progress(3, 7, "report.pages")
    job.refresh_from_db()
    assert job.progress == {"done": 3, "total": 7, "code": "report.pages"}
    assert work.claim(job.id) is None


@pytest.mark.parametrize("days", [-4000, 4000])
def test_the_clock_of_the_process_does_not_matter(days: int) -> None:
    with time_machine.travel(timedelta(days=days), tick=True):
        job = scene.file(key="a")
        mine = claimed(job)
        assert work.claim(job.id) is None, "a clock ahead must not steal a lease"
        row = Job.objects.annotate(now=Now()).get(pk=job.id)
        assert abs(row.lease_until - row.now - settings.JOBS_LEASE) < timedelta(seconds=5)
        finish_with_effect(mine)
    assert abs(Job.objects.annotate(now=Now()).get(pk=job.id).finished_at - row.now) < timedelta(
        seconds=5
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"state": "lost"},
        {"queue": "nowhere"},
        {"state": State.RUNNING},
        {"token": uuid4()},
        {"state": State.DONE},
        {"finished_at": Now()},
        {"state": State.FAILED, "finished_at": Now()},
        {"kind": ""},
        {"dedupe_key": ""},
    ],
)
def test_what_must_never_be_false_is_a_constraint(nonsense: dict[str, object]) -> None:
    scene.file(key="a")
    with pytest.raises(IntegrityError):
        Job.objects.update(**nonsense)


def test_the_lease_thread_ends_with_its_job() -> None:
    work.run(scene.file(key="a").id)
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("lease ")], 2)
