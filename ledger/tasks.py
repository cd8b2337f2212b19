"""The doorbell of the sequencer. It carries nothing; what is to be done stands in the outbox."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="ledger.sequence", ignore_result=True)
def sequence() -> int:
    """Put what waits into the log. Returns how many entries were added; 0 when another sequencer is at work."""
    from ledger.sequencing import sequence as run

    return run().added
