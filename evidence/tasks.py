"""The work of this app: that of sources and of exhibits, and the sweeps of bytes that nothing of
either names."""

from __future__ import annotations

from datetime import timedelta

import jobs
from evidence import orphans
from evidence.exhibits import tasks as exhibits
from evidence.sources import tasks as sources

__all__ = ["exhibits", "sources"]  # where a worker finds their handlers


@jobs.periodic("evidence.sweep_originals", every=timedelta(days=1))
def sweep_originals() -> None:
    """Remove originals that no row names (evidence.orphans). When it refuses, the job is set aside
    and operators read why."""
    orphans.sweep()


@jobs.periodic("evidence.sweep_staged", every=timedelta(hours=1))
def sweep_staged() -> None:
    """Let go of photos that were sent ahead of a form that never came."""
    orphans.sweep_staged()
