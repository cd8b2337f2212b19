"""For the workers that these tests start: the jobs app alone, and leases short enough to wait
for."""

from datetime import timedelta

from config.settings.test import *  # noqa: F403  settings files extend each other by name

INSTALLED_APPS = ["jobs"]
JOBS_LEASE = timedelta(seconds=1)
JOBS_BACKOFF = timedelta(seconds=0)
JOBS_RESEND = timedelta(seconds=1)
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 0.0
