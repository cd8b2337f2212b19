"""The task that wakes the sequencer. It carries nothing; what is to be done stands in the
outbox."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)


@shared_task(name="ledger.sequence", ignore_result=True)
def sequence() -> int:
    """Put what waits into the log. Returns how many entries were added; 0 when another sequencer is
    at work."""
    from ledger.sequencing import sequence as run

    try:
        return run().added
    except (OperationalError, InterfaceError) as error:
        log.warning("The sequencer waits: the database is away (%s).", type(error).__name__)
        connection.close()  # It may be broken; the next run opens a new one.
        return 0
    except OSError as error:
        log.error(
            "The sequencer waits: the log's files cannot be written (%s).",
            error.strerror or type(error).__name__,
        )
        return 0
