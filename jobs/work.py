"""Doing a job: claim it, hold the lease, finish it or give it back.

A worker may be killed, frozen or cut off at any line of this file. The recovery is always the same:
the lease runs out, the row is claimable again with a new token, and whatever the old worker still
tries fails on its old token and is rolled back.
"""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from failpoints import failpoint
from jobs import registry
from jobs.models import MAX_ATTEMPTS, MAX_BATCH, MAX_WAITS, Job, JobQuerySet
from jobs.states import State

log = logging.getLogger(__name__)

DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
DISK_FULL_WAIT = timedelta(seconds=30)
# Jobs done together are committed after this many seconds at the latest: what they lock, others
# wait for.
BATCH_SECONDS = 1.0


class LeaseLostError(Exception):
    """The job was given to another worker meanwhile: everything this one did for it is thrown
    away."""


class Work:
    """One attempt at one job, as its handler sees it: `payload`, `attempt` (1 is the first),
    `kind`, `id`, and `before`: how the last attempt that could still say so ended, as operators
    read it; empty when none could."""

    def __init__(self, job: Job) -> None:
        assert job.token is not None
        self.id: UUID = job.id
        self.kind: str = job.kind
        self.payload: dict[str, Any] = job.payload
        self.attempt: int = job.attempts
        self.before: str = job.last_error
        self.finished = False
        self.together = False
        self._token: UUID = job.token

    def _mine(self) -> JobQuerySet:
        """The row while it is ours. The token is the fence: it changes with every claim and is gone
        from a row at rest."""
        return Job.objects.filter(pk=self.id, token=self._token)

    def progress(self, done: int, total: int, code: str = "") -> None:
        """Show `done` of `total` and the code of a message on pages, and hold the lease for another
        term. Raises LeaseLostError."""
        shown = {"done": done, "total": total, "code": code}
        if self._mine().update(progress=shown, lease_until=Now() + settings.JOBS_LEASE) != 1:
            raise LeaseLostError(str(self.id))

    def renew(self) -> bool:
        """Hold the lease for another term; False when it is no longer ours."""
        return self._mine().update(lease_until=Now() + settings.JOBS_LEASE) == 1

    @contextmanager
    def finish(self) -> Iterator[None]:
        """The job's effects and its being done, in one transaction. Raises LeaseLostError, with the
        effects rolled back."""
        if self.together:
            # The transaction of them all is around this, and says that they are done at its end.
            yield
            return
        with transaction.atomic(durable=True):
            yield
            if _mark_done(self._mine()) != 1:
                raise LeaseLostError(str(self.id))
            failpoint("job.commit")
        failpoint("job.done")
        self.finished = True

    def _wait(self, after: timedelta, reason: str) -> bool:
        """Give the job back without using up the attempt; False when it has waited too often for
        that, or is not ours."""
        rested = self._mine().filter(waits__lt=MAX_WAITS)
        given_back = rested.update(
            state=State.QUEUED,
            token=None,
            lease_until=None,
            run_after=Now() + after,
            sent_at=None,
            last_error=describe(registry.Retry(reason)),
            attempts=F("attempts") - 1,
            waits=F("waits") + 1,
        )
        return given_back == 1

    def fail(self, error: BaseException) -> None:
        """Give the job back, to be tried again later, or set it aside after the last attempt.
        Silent when it is not ours."""
        if (
            isinstance(error, registry.Retry)
            and error.after is not None
            and self._wait(error.after, str(error))
        ):
            return
        if disk_full(error) and self._wait(DISK_FULL_WAIT, describe(error)):
            log.error("Job %s (%s) waits: %s", self.id, self.kind, describe(error))
            return
        if self.attempt >= MAX_ATTEMPTS:
            self._mine().update(
                state=State.FAILED,
                token=None,
                lease_until=None,
                finished_at=Now(),
                last_error=describe(error),
            )
            log.error(
                "Job %s (%s) was set aside after %d attempts: %s",
                self.id,
                self.kind,
                self.attempt,
                describe(error),
            )
            return
        wait = settings.JOBS_BACKOFF * 4 ** (self.attempt - 1)
        self._mine().update(
            state=State.QUEUED,
            token=None,
            lease_until=None,
            run_after=Now() + wait,
            sent_at=None,
            last_error=describe(error),
        )
        log.warning(
            "Job %s (%s) failed at attempt %d: %s",
            self.id,
            self.kind,
            self.attempt,
            describe(error),
        )


def _mark_done(mine: JobQuerySet) -> int:
    return mine.update(
        state=State.DONE, token=None, lease_until=None, finished_at=Now(), last_error=""
    )


def disk_full(error: BaseException) -> bool:
    """Whether a disk is full or read-only, ours or the database's: no fault of the job, and it
    passes."""
    if isinstance(error, OSError):
        return error.errno in DISK_FULL_ERRNOS
    # SQLSTATE class 53: insufficient resources (PostgreSQL, appendix A).
    return isinstance(error, OperationalError) and str(
        getattr(error.__cause__, "sqlstate", "")
    ).startswith("53")


def describe(error: BaseException) -> str:
    """The error in one line for operators: its type and the first line of its words, control
    characters escaped.

    Only the first line, because a database's DETAIL lines quote the values of rows.
    """
    words = (str(error).strip().splitlines() or [""])[0][:300]
    words = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def claim(job_id: UUID) -> Work | None:
    """Take the job, if it is there to be taken: one UPDATE, so that of two workers one gets it. A
    new token each time."""
    token = uuid4()
    taken = (
        Job.objects.claimable()
        .filter(pk=job_id)
        .update(
            state=State.RUNNING,
            token=token,
            attempts=F("attempts") + 1,
            lease_until=Now() + settings.JOBS_LEASE,
            progress={},
        )
    )
    if not taken:
        return None
    job = Job.objects.filter(pk=job_id, token=token).first()
    return Work(job) if job is not None else None


def claim_batch(kind: str, token: UUID, most: int) -> list[Work]:
    """Take up to `most` due jobs of a kind under one token, passing over those that another worker
    is just taking.

    Only those that nobody has tried: a job that kills its worker costs its neighbours one attempt,
    and from then on each is tried alone.
    """
    with transaction.atomic():
        unattempted = Job.objects.unattempted(kind, registry.get_handler(kind).queue).order_by(
            "run_after"
        )
        taken = dict(
            unattempted.select_for_update(skip_locked=True).values_list("id", "payload")[:most]
        )
        held = Job.objects.among(list(taken))
        held.update(
            state=State.RUNNING,
            token=token,
            attempts=1,
            lease_until=Now() + settings.JOBS_LEASE,
            progress={},
        )
    return [
        Work(Job(id=job_id, kind=kind, payload=payload, attempts=1, token=token))
        for job_id, payload in taken.items()
    ]


@contextmanager
def _renewed_leases(works: Sequence[Work]) -> Iterator[None]:
    """Renew the leases from a thread while the handler runs.

    So a lease can be short, and the job of a worker that was killed is soon taken up again, however
    long jobs may take. A handler that hangs is ended by Celery's time limits, not by its lease.
    """
    stop = threading.Event()

    def renew() -> None:
        try:
            while not stop.wait(settings.JOBS_LEASE.total_seconds() / 3):
                still_mine = [work.renew() for work in works if not work.finished]
                if not any(still_mine):
                    return
        except (DatabaseError, InterfaceError) as error:
            # The lease then runs out and someone else takes over,
            # which is what a cut-off worker deserves.
            log.warning(
                "The lease of job %s could not be renewed: %s", works[0].id, describe(error)
            )
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name=f"lease {works[0].id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def run_batch(job_id: UUID) -> int:
    """A worker was notified of this job: do it, and with it others of its kind where those are done
    together. Returns how many were done.

    Where another worker has the job already, others of its kind may still be waiting: one
    notification stands for many of them. Raises as `run` does.
    """
    work = claim(job_id)
    kind = (
        work.kind if work else Job.objects.filter(pk=job_id).values_list("kind", flat=True).first()
    )
    works = [work] if work else []
    if kind is not None and registry.is_batched(kind) and (work is None or work.attempt == 1):
        works += claim_batch(kind, work._token if work else uuid4(), MAX_BATCH - len(works))
    return _run_together(works) if len(works) > 1 else sum(map(_run_claimed, works))


def _run_together(works: list[Work]) -> int:
    """Do claimed jobs of one kind in as few transactions as SPAN allows. When anything goes wrong,
    what is left is done one by one, so that each fails, waits or is lost for itself alone."""
    failpoint("jobs.claimed")
    rest = works
    with _renewed_leases(works):
        try:
            while rest:
                rest = rest[_run_in_one_transaction(rest) :]
        except Exception as error:  # As in `_do`; whose fault it was is found out one by one.
            log.warning(
                "%d jobs (%s) are done one by one: %s", len(rest), rest[0].kind, describe(error)
            )
            _drop_broken_connection(error)
        for work in rest:
            _run_claimed(work)
    return sum(work.finished for work in works)


def _run_in_one_transaction(works: list[Work]) -> int:
    """Do the first of these jobs, as many as fit into SPAN, at least one: all of their effects and
    their being done, or nothing.

    Returns how many. Raises LeaseLostError, and what a handler raises.
    """
    handler = registry.get_handler(works[0].kind)
    until = time.monotonic() + BATCH_SECONDS
    taken: list[Work] = []
    with transaction.atomic(durable=True):
        for work in works:
            work.together = True
            try:
                handler.function(work)
            finally:
                work.together = False
            taken.append(work)
            if time.monotonic() > until:
                break
        mine = Job.objects.among([work.id for work in taken]).filter(token=taken[0]._token)
        if _mark_done(mine) != len(taken):
            raise LeaseLostError(f"one of {len(taken)}")
        failpoint("jobs.commit")
    failpoint("jobs.done")
    for work in taken:
        work.finished = True
    return len(taken)


def _drop_broken_connection(error: Exception) -> None:
    if isinstance(error, (OperationalError, InterfaceError)) and not connection.in_atomic_block:
        # It may be broken; the next statement opens a new one or says that the database is away.
        connection.close()


def run(job_id: UUID) -> bool:
    """Claim the job and run its handler once. True when it was done by this call.

    Raises nothing a handler raised: its failure is written into the row. Raises OperationalError or
    InterfaceError when the database is away; the lease then runs out by itself.
    """
    work = claim(job_id)
    return work is not None and _run_claimed(work)


def _run_claimed(work: Work) -> bool:
    failpoint("job.claimed")
    try:
        handler = registry.get_handler(work.kind)
        with _renewed_leases([work]):
            handler.function(work)
            if not work.finished:
                with work.finish():
                    pass
    except LeaseLostError:
        log.warning(
            "Job %s (%s) was taken over by another worker; this attempt is thrown away.",
            work.id,
            work.kind,
        )
    except Exception as error:
        # Whatever a handler raises, the row must say so; only what ends the process passes.
        _drop_broken_connection(error)
        if not work.finished:
            work.fail(error)
        else:
            log.exception(
                "Job %s (%s) is done, but its handler failed afterwards.", work.id, work.kind
            )
    return work.finished


def drain(queues: Iterable[str] | None = None, *, limit: int = 1000) -> int:
    """Run what is due in this process, oldest first, until nothing is; for tests and commands.
    Returns how many were done."""
    done = 0
    for _ in range(limit):
        due = (
            Job.objects.claimable()
            if queues is None
            else Job.objects.claimable().filter(queue__in=list(queues))
        )
        job_id = due.order_by("run_after", "id").values_list("id", flat=True).first()
        if job_id is None:
            break
        done += run_batch(job_id)
    return done
