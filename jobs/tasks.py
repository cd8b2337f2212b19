"""The two tasks that Celery knows. Each makes one call; the work itself is in rows
(`docs/jobs.md`)."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError, close_old_connections

from jobs import dispatching, work
from jobs import maintenance as maintenance  # registers the heartbeats and the cleaning

log = logging.getLogger(__name__)


@shared_task(name="jobs.run")
def run(job_id: str) -> None:
    """A worker was notified of this job: see whether it is there to be done, and do it."""
    close_old_connections()
    try:
        work.run_batch(UUID(job_id))
    except (OperationalError, InterfaceError) as error:
        # The row is untouched, or its lease runs out; the dispatcher notifies again when the
        # database is back.
        log.warning("Job %s waits: the database is away (%s).", job_id, work.describe(error))
    finally:
        close_old_connections()


@shared_task(name="jobs.schedule_due")
def schedule_due() -> None:
    """Beat's only errand here."""
    close_old_connections()
    try:
        dispatching.run_cycle()
    except (OperationalError, InterfaceError) as error:
        log.warning("No tick: the database is away (%s).", work.describe(error))
    finally:
        close_old_connections()
