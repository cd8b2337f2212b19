"""Real Celery workers, killed and robbed of their broker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from celery import current_app

import jobs
from demo.embedded import Valkey
from jobs import dispatching, messaging
from jobs.health import read_health
from jobs.models import Job
from jobs.states import State
from tests.jobs import scene
from tests.jobs.conftest import Crew, committed, state_of, wait_until

pytestmark = [
    committed,
    pytest.mark.usefixtures("rows", "broker"),
    pytest.mark.xdist_group("workers"),
]  # one crew


def hanging(tmp_path: Path, key: str) -> tuple[jobs.Job, Path, Path]:
    pid, gate = tmp_path / f"{key}.pid", tmp_path / f"{key}.gate"
    return scene.file("test.hanging", key=key, pid=str(pid), gate=str(gate)), pid, gate


def written(path: Path) -> bool:
    return path.exists() and path.read_text() != ""


def all_done(*, dispatch: bool = True) -> Callable[[], bool]:
    def check() -> bool:
        if dispatch:
            dispatching.dispatch()
        return not Job.objects.exclude(state=State.DONE).exists()

    return check


@pytest.fixture(autouse=True)
def _short(settings: object) -> None:
    """This process dispatches with the same numbers as the workers it starts."""
    from tests.jobs import worker_settings

    for name in ("JOBS_LEASE", "JOBS_BACKOFF", "JOBS_RESEND"):
        setattr(settings, name, getattr(worker_settings, name))


def test_a_job_survives_its_process_and_then_its_whole_worker(crew: Crew, tmp_path: Path) -> None:
    """SIGKILL for the process at work, then for a worker with everything that belongs to it: each
    job is done once."""
    first, pid, _ = hanging(tmp_path, "first")
    worker = crew.worker()
    wait_until(lambda: written(pid))
    assert state_of(first.id) == State.RUNNING
    os.kill(int(pid.read_text()), signal.SIGKILL)
    wait_until(all_done())

    second, pid, _ = hanging(tmp_path, "second")
    wait_until(lambda: written(pid))
    worker.kill()
    assert state_of(second.id) == State.RUNNING
    crew.worker()
    wait_until(all_done())
    assert scene.effects(first.id) == scene.effects(second.id) == 1
    assert set(Job.objects.values_list("attempts", flat=True)) == {2}


def test_jobs_survive_the_loss_of_all_messages_and_a_running_one_survives_the_broker(
    crew: Crew, tmp_path: Path, broker: Valkey
) -> None:
    """The broker's data is wiped, then the broker is killed and comes back empty: all jobs are
    done, none was interrupted."""
    running, pid, gate = hanging(tmp_path, "running")
    crew.worker()
    wait_until(lambda: written(pid))
    for n in range(30):
        scene.file(key=f"a:{n}")
    messaging._client().flushall()
    assert broker.process is not None
    broker.process.kill()
    broker.process.wait()
    broker.start()
    messaging.disconnect()
    gate.touch()
    wait_until(all_done())
    assert scene.effects() == 31
    running.refresh_from_db()
    assert running.attempts == 1


def test_a_worker_that_cannot_hear_any_more_ends_and_another_goes_on(
    crew: Crew, tmp_path: Path, broker: Valkey
) -> None:
    """The broker is away just when a task ends, so its message is never acknowledged: such a worker
    would stay up and receive nothing."""
    crew.dismiss()
    running, pid, gate = hanging(tmp_path, "running")
    worker = crew.another(
        processes=1
    )  # full with one task, so that it asks for nothing while the broker goes
    wait_until(lambda: written(pid))
    assert broker.process is not None
    broker.process.kill()
    broker.process.wait()
    gate.touch()
    wait_until(lambda: state_of(running.id) == State.DONE)
    time.sleep(0.5)
    broker.start()
    messaging.disconnect()
    wait_until(lambda: worker.process.poll() is not None)
    assert worker.process.returncode != 0
    assert "hears no others" in worker.log.read_text()
    crew.worker()
    scene.file(key="next")
    wait_until(all_done())


def send(task: str, key: UUID) -> None:
    """A message that no row stands behind."""
    producer = current_app.amqp.Producer(messaging._connection(), auto_declare=False)
    current_app.send_task(task, args=[str(key)], queue="watch", producer=producer)


@pytest.mark.parametrize("table", [True, False])
def test_a_worker_killed_between_the_pop_and_its_filing(
    crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: bool
) -> None:
    """The message is gone whatever the settings. With its row the job is done once; the negative
    control, jobs table off, loses it."""
    crew.dismiss()
    monkeypatch.setenv("DIES_ONCE", str(tmp_path / "died"))
    monkeypatch.setenv("DIES_AT", "pop")
    key = uuid4()
    if table:
        key = scene.file(key="a").id
    else:
        send("test.plain.late", key)
    worker = crew.another(include="tests.jobs.dying")
    wait_until(lambda: worker.process.poll() is not None)
    assert (tmp_path / "died").exists()
    crew.another(include="tests.jobs.dying")
    if table:
        wait_until(all_done())
        assert scene.effects(key) == 1
    else:
        scene.file(key="after")
        wait_until(all_done())
        time.sleep(1)
        assert scene.effects(key) == 0


@pytest.mark.parametrize(("task", "left"), [("test.plain.late", 1), ("test.plain.early", 0)])
def test_late_acknowledgement_is_what_brings_a_message_back(
    crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, left: int
) -> None:
    """The negative control, late acknowledgement off: the process at work is killed, and without a
    job row nobody would know of it."""
    crew.dismiss()
    monkeypatch.setenv("DIES_ONCE", str(tmp_path / "died"))
    monkeypatch.setenv("DIES_AT", "work")
    key = uuid4()
    send(task, key)
    crew.another(include="tests.jobs.dying")
    wait_until(lambda: (tmp_path / "died").exists())
    scene.file(key="after")
    wait_until(all_done())
    if left:
        wait_until(lambda: scene.effects(key) == left)
    time.sleep(1)
    assert scene.effects(key) == left


def test_beat_and_workers_keep_canaries_going_round(crew: Crew) -> None:
    crew.worker()
    crew.start("beat")
    wait_until(lambda: read_health().ready)
    job = scene.file(key="a")
    wait_until(lambda: state_of(job.id) == State.DONE, 10)
