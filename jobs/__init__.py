"""Work that must not be lost: one row per job, leases, sweeps. Celery only wakes the workers. Knows
no claim.

`docs/jobs.md` shows how a job lives. What other apps use is here; it is loaded on first use,
because this package is imported before Django's models are ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.enqueueing import NotInTransactionError, enqueue, enqueue_many
    from jobs.health import Health, alarm, metrics, read_health
    from jobs.models import Job
    from jobs.registry import Retry, handler, periodic
    from jobs.work import LeaseLostError, Work, drain

_EXPORTS = {
    "Health": "jobs.health",
    "Job": "jobs.models",
    "LeaseLostError": "jobs.work",
    "NotInTransactionError": "jobs.enqueueing",
    "Retry": "jobs.registry",
    "Work": "jobs.work",
    "alarm": "jobs.health",
    "drain": "jobs.work",
    "enqueue": "jobs.enqueueing",
    "enqueue_many": "jobs.enqueueing",
    "handler": "jobs.registry",
    "read_health": "jobs.health",
    "metrics": "jobs.health",
    "periodic": "jobs.registry",
}

__all__ = [
    "Health",
    "Job",
    "LeaseLostError",
    "NotInTransactionError",
    "Retry",
    "Work",
    "alarm",
    "drain",
    "enqueue",
    "enqueue_many",
    "handler",
    "metrics",
    "periodic",
    "read_health",
]


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it. Raises AttributeError for any other."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'jobs' has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)
