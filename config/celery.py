"""Celery: wakes the workers. Its messages carry the id of a job and may be lost, doubled or late;
`jobs` makes up for it (docs/jobs.md).

One group of workers per queue, so that a slow report never holds up a look at a source:

    celery -A config worker -Q watch -c 2 -n watch@%h --without-mingle --without-gossip -O fair
    celery -A config worker -Q tick -c 2 -n tick@%h --without-mingle --without-gossip -O fair
    celery -A config beat
"""

from __future__ import annotations

import os

from celery import Celery, signals
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from jobs.states import Queue as Name
from jobs.worker_watchdog import WorkerWatchdog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

app = Celery("asclaimed")
app.config_from_object("django.conf:settings", namespace="CELERY")
# A queue that nobody listens to is a typing error, not a new queue.
app.conf.task_queues = [Queue(name, routing_key=name) for name in Name.values]
app.conf.task_create_missing_queues = False
# Celery 5 would open a new database connection for every task; ours are looked after by the tasks
# themselves (jobs/tasks.py).
app.conf.CELERY_DB_REUSE_MAX = 500
app.conf.beat_scheduler = "jobs.monotonic_beat:MonotonicBeat"
app.conf.beat_schedule = {
    "tick": {"task": "jobs.schedule_due", "schedule": 1.0, "options": {"queue": Name.TICK.value}},
    "sequence": {"task": "ledger.sequence", "schedule": 1.0, "options": {"queue": Name.TICK.value}},
}
app.steps["consumer"].add(WorkerWatchdog)
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="periodic")


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_unsafe_settings(**kwargs: object) -> None:
    """End before any work is done. SystemExit, because Celery logs any other exception in here and
    goes on, as its maintainer decided (https://github.com/celery/celery/issues/2738)."""
    from config.checks import refuse, refuse_without_keys

    try:
        refuse()
        refuse_without_keys()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error
