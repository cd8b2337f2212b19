from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.db import connection
from django.db.models.functions import Now
from django.utils.timezone import now
from pytest_django import Settings

import jobs
from jobs import dispatching, enqueueing, maintenance, messaging, registry, work
from jobs.health import metrics, read_health
from jobs.models import Heartbeat, Job
from jobs.monotonic_beat import MAX_WAITING, MonotonicBeat
from jobs.states import Queue, State
from tests.jobs import scene
from tests.jobs.conftest import committed

pytestmark = [committed, pytest.mark.usefixtures("rows", "broker")]

MINUTE = timedelta(seconds=60)


@pytest.fixture
def low_water(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(dispatching, "LOW_WATER", 10)
    return 10


@pytest.fixture
def unrung(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are written without a notification."""
    monkeypatch.setattr(enqueueing, "MAX_NOTIFICATIONS_PER_COMMIT", 0)


# Notifying again


@pytest.mark.usefixtures("unrung")
def test_undispatched_jobs_are_notified_once() -> None:
    for n in range(5):
        scene.file(key=f"a:{n}")
    assert dispatching.dispatch() == 5
    assert dispatching.dispatch() == 0
    assert messaging.queue_depth("watch") == 5


def test_a_ring_that_was_lost_is_repeated_after_a_while(settings: Settings) -> None:
    job = scene.file(key="a")
    messaging._client().flushall()
    assert dispatching.dispatch() == 0, "the worker may just be busy"
    Job.objects.filter(pk=job.id).update(
        sent_at=Now() - settings.JOBS_RESEND - timedelta(seconds=1)
    )
    assert dispatching.dispatch() == 1
    assert messaging.queue_depth("watch") == 1


@pytest.mark.usefixtures("unrung")
def test_the_dispatcher_fills_a_queue_to_the_mark_and_no_further(
    low_water: int, settings: Settings
) -> None:
    settings.JOBS_RESEND = timedelta(0)
    for n in range(30):
        scene.file(key=f"a:{n}")
    for _ in range(20):
        dispatching.dispatch()
        assert messaging.queue_depth("watch") == low_water


@pytest.mark.usefixtures("unrung")
def test_a_sweep_without_the_mark_would_bury_the_broker(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.JOBS_RESEND = timedelta(0)
    monkeypatch.setattr(dispatching, "LOW_WATER", 10**6)
    for n in range(30):
        scene.file(key=f"a:{n}")
    for _ in range(5):
        dispatching.dispatch()
    assert messaging.queue_depth("watch") == 150


@pytest.mark.usefixtures("unrung")
def test_jobs_never_notified_come_before_those_notified_long_ago(low_water: int) -> None:
    for n in range(15):
        scene.file(key=f"a:{n}")
    dispatching.dispatch()
    messaging._client().flushall()
    Job.objects.exclude(sent_at=None).update(sent_at=Now() - timedelta(hours=1))
    dispatching.dispatch()
    assert not Job.objects.filter(sent_at=None).exists()


@pytest.mark.usefixtures("unrung")
def test_two_dispatchers_at_once_do_not_ring_twice(low_water: int) -> None:
    for n in range(30):
        scene.file(key=f"a:{n}")
    line = threading.Barrier(3)

    def one() -> None:
        line.wait(5)
        dispatching.dispatch()
        messaging.disconnect()
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert messaging.queue_depth("watch") == low_water


def test_a_job_whose_lease_ran_out_is_notified_and_done() -> None:
    job = scene.file(key="a")
    assert work.claim(job.id) is not None
    messaging._client().flushall()
    assert dispatching.dispatch() == 0
    Job.objects.update(
        lease_until=Now() - timedelta(seconds=1), sent_at=Now() - timedelta(seconds=5)
    )
    assert dispatching.dispatch() == 1
    assert dispatching.dispatch() == 0, "once, not at every tick"
    assert work.run(job.id)


def test_with_the_broker_away_nothing_is_noted_as_notified() -> None:
    with_broker = current_app.conf.broker_url
    current_app.conf.broker_url = "redis+socket:///nowhere/valkey.sock"
    messaging.disconnect()
    messaging.notify(scene.file(key="a").id, "watch")
    scene.file(key="b")
    assert dispatching.dispatch() == 0
    current_app.conf.broker_url = with_broker
    messaging.disconnect()
    assert Job.objects.filter(sent_at=None).count() == 1
    assert dispatching.dispatch() == 1


def test_a_job_that_loses_its_last_worker_fails() -> None:
    job = scene.file(key="a")
    for _ in range(3):
        assert work.claim(job.id) is not None
        Job.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert dispatching.dispatch() == 0
    assert dispatching.fail_exhausted() == 1
    job.refresh_from_db()
    assert (job.state, job.last_error) == (State.FAILED, "the worker vanished at the last attempt")


# Periods


def test_a_period_is_one_job_however_often_the_clock_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    jobs.periodic("test.minute", every=MINUTE)(lambda: ran.append(1))
    monkeypatch.setattr(dispatching, "database_seconds", lambda: 6000)
    for _ in range(3):
        dispatching.run_cycle()
        jobs.drain()
    assert len(ran) == 1
    assert Job.objects.get().dedupe_key == "test.minute:100"
    monkeypatch.setattr(dispatching, "database_seconds", lambda: 6060)
    dispatching.run_cycle()
    jobs.drain()
    assert len(ran) == 2


def test_two_tickers_at_once_make_one_job_per_period(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.periodic("test.minute", every=MINUTE)(lambda: None)
    monkeypatch.setattr(dispatching, "database_seconds", lambda: 6000)
    for _ in range(10):
        line = threading.Barrier(2)

        def one(line: threading.Barrier = line) -> None:
            line.wait(5)
            dispatching.schedule_due()
            connection.close()

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert Job.objects.count() == 1
        Job.objects.all().delete()


def test_a_ticker_by_the_process_clock_would_make_two() -> None:
    """The proof that the test below can fail."""
    jobs.periodic("test.hour", every=timedelta(hours=1))(lambda: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatching, "database_seconds", lambda: int(now().timestamp()))
        dispatching.schedule_due()
        jobs.drain()
        with time_machine.travel(timedelta(days=3), tick=True):
            dispatching.schedule_due()
    assert Job.objects.count() == 2


def test_periods_are_counted_by_the_clock_of_the_database() -> None:
    jobs.periodic("test.year", every=timedelta(days=3650))(lambda: None)
    dispatching.schedule_due()
    jobs.drain()
    for days in (-20000, 20000):
        with time_machine.travel(timedelta(days=days), tick=True):
            dispatching.schedule_due()
    assert Job.objects.count() == 1


def test_periodic_work_never_piles_up_on_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.periodic("test.minute", every=MINUTE)(lambda: None)
    for second in range(6000, 6600, 60):
        monkeypatch.setattr(dispatching, "database_seconds", lambda second=second: second)
        dispatching.schedule_due()
    assert Job.objects.count() == 1


def test_what_a_periodic_function_does_is_in_the_transaction_of_its_job() -> None:
    def enqueues_and_fails() -> None:
        jobs.enqueue("test.simple", {}, key="inside")
        raise ZeroDivisionError

    jobs.periodic("test.minute", every=MINUTE)(enqueues_and_fails)
    dispatching.run_cycle()
    jobs.drain()
    row = Job.objects.get()
    assert (row.kind, row.state, row.last_error) == (
        "test.minute",
        State.QUEUED,
        "ZeroDivisionError",
    )


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-1), timedelta(seconds=1.5)])
def test_a_period_is_a_positive_number_of_seconds(every: timedelta) -> None:
    with pytest.raises(ValueError, match="whole number"):
        jobs.periodic("test.odd", every=every)


def test_one_kind_has_one_handler() -> None:
    with pytest.raises(ValueError, match="has a handler"):
        jobs.handler("test.simple", queue="watch")(scene.simple)


def test_jobs_done_long_ago_are_forgotten_and_no_others(settings: Settings) -> None:
    jobs.periodic("test.minute", every=MINUTE)(lambda: None)
    jobs.periodic("test.day", every=timedelta(days=1))(lambda: None)

    def row(kind: str, age: timedelta, state: State = State.DONE) -> str:
        finished = None if state is State.QUEUED else Now() - age
        error = "x" if state is State.FAILED else ""
        name = f"{kind}:{age}:{state}"
        Job.objects.create(
            kind=kind,
            queue="tick",
            dedupe_key=name,
            state=state,
            finished_at=finished,
            last_error=error,
        )
        return name

    week = settings.JOBS_KEEP / 2
    kept = {
        row("test.simple", week),
        row("test.simple", settings.JOBS_KEEP * 2, State.FAILED),
        row("test.simple", settings.JOBS_KEEP * 2, State.QUEUED),
        row("test.minute", timedelta(minutes=30)),
        row("test.day", timedelta(hours=40)),
    }
    row("test.simple", settings.JOBS_KEEP * 2)
    row("test.simple", settings.JOBS_KEEP * 2, State.CANCELLED)
    row("test.minute", timedelta(hours=2))
    row("test.day", timedelta(hours=50))
    assert dispatching.delete_expired() == 4
    assert set(Job.objects.values_list("dedupe_key", flat=True)) == kept


# Beat


def test_the_metronome_rings_by_interval_and_stops_when_nobody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("jobs.monotonic_beat.time.monotonic", lambda: clock[0])
    beat = MonotonicBeat(current_app, lazy=False)
    assert beat.tick() == pytest.approx(1.0)
    entries = len(beat.schedule)
    assert messaging.queue_depth("tick") == entries
    clock[0] += 0.5
    assert beat.tick() == pytest.approx(0.5)
    assert messaging.queue_depth("tick") == entries
    for _ in range(20):
        clock[0] += 1
        beat.tick()
    assert messaging.queue_depth("tick") == MAX_WAITING
    current_app.conf.broker_url = "redis+socket:///nowhere/valkey.sock"
    messaging.disconnect()
    clock[0] += 1
    assert beat.tick() > 0, "a broker that is away does not end beat"


# Health


def test_health_counts_what_waits_and_knows_when_canaries_came_home() -> None:
    for queue in Queue:
        jobs.periodic(f"test.heartbeat.{queue}", every=MINUTE, queue=queue)(
            maintenance.heartbeat(queue)
        )
    scene.file(key="a")
    Job.objects.update(run_after=Now() - timedelta(seconds=90))
    assert work.claim(scene.file(key="b").id) is not None
    before = read_health()
    assert before.broker
    assert before.heartbeat_age is None
    assert not before.ready
    watch = next(q for q in before.queues if q.queue == "watch")
    assert (watch.queued, watch.running, watch.messages) == (1, 1, 2)
    assert 89 < watch.oldest < 100
    dispatching.run_cycle()
    jobs.drain()
    assert Heartbeat.objects.count() == len(Queue)
    after = read_health()
    assert after.ready
    assert after.heartbeat_age is not None
    assert after.heartbeat_age < 5
    Heartbeat.objects.filter(queue="report").update(at=Now() - timedelta(hours=1))
    assert not read_health().ready, "one queue that nobody works off is enough"


def test_health_without_a_broker_is_not_ready_and_says_so() -> None:
    current_app.conf.broker_url = "redis+socket:///nowhere/valkey.sock"
    messaging.disconnect()
    assert not read_health().broker
    assert not read_health().ready


def test_metrics_name_every_queue() -> None:
    samples = metrics()
    assert {s.labels["queue"] for s in samples if s.labels} == set(Queue.values)
    assert {s.name for s in samples} >= {
        "asclaimed_broker_up",
        "asclaimed_jobs_failed",
        "asclaimed_jobs_queued",
    }


def test_every_queue_has_a_heartbeat() -> None:
    assert {f"jobs.heartbeat.{queue}" for queue in Queue} | {"jobs.clean"} <= _own_periodics()


def _own_periodics() -> set[str]:
    """What `jobs.maintenance` registers, in a registry of its own."""
    import importlib

    registry._handlers.clear()
    importlib.reload(maintenance)
    return {p.name for p in registry.periodics()}
