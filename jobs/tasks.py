"""The two tasks that Celery knows. Each makes one call; the work itself is in rows (`docs/jobs.md`)."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError, close_old_connections

from jobs import dispatching, work
from jobs import upkeep as upkeep  # registers the canaries and the cleaning

log = logging.getLogger(__name__)


@shared_task(name="jobs.run")
def run(job_id: str) -> None:
    """Somebody rang for this job: see whether it is there to be done, and do it."""
    close_old_connections()
    try:
        work.answer(UUID(job_id))
    except (OperationalError, InterfaceError) as error:
        # The row is untouched, or its lease runs out; the dispatcher rings again when the database is back.
        log.warning("Job %s waits: the database is away (%s).", job_id, work.describe(error))
    finally:
        close_old_connections()


@shared_task(name="jobs.tick")
def tick() -> None:
    """Beat's only errand here."""
    close_old_connections()
    try:
        dispatching.tick()
    except (OperationalError, InterfaceError) as error:
        log.warning("No tick: the database is away (%s).", work.describe(error))
    finally:
        close_old_connections()
