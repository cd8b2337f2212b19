"""Work that must not be lost: one row per job, leases, sweeps. Celery only rings the bell. Knows no claim.

`docs/jobs.md` shows how a job lives. What other rooms use is here; it is loaded on first use, because this package is
imported before Django's models are ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.enqueueing import NotInTransaction, enqueue, enqueue_many
    from jobs.models import Job
    from jobs.monitoring import Health, alarm, health, metrics
    from jobs.registry import Retry, handler, periodic
    from jobs.work import LeaseLost, Work, drain

_HOMES = {
    "Health": "jobs.monitoring",
    "Job": "jobs.models",
    "LeaseLost": "jobs.work",
    "NotInTransaction": "jobs.enqueueing",
    "Retry": "jobs.registry",
    "Work": "jobs.work",
    "alarm": "jobs.monitoring",
    "drain": "jobs.work",
    "enqueue": "jobs.enqueueing",
    "enqueue_many": "jobs.enqueueing",
    "handler": "jobs.registry",
    "health": "jobs.monitoring",
    "metrics": "jobs.monitoring",
    "periodic": "jobs.registry",
}

__all__ = [
    "Health",
    "Job",
    "LeaseLost",
    "NotInTransaction",
    "Retry",
    "Work",
    "alarm",
    "drain",
    "enqueue",
    "enqueue_many",
    "handler",
    "health",
    "metrics",
    "periodic",
]


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it. Raises AttributeError for any other."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jobs' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
