"""`manage.py jobs`: what the operators' page shows, for a terminal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import actions
from jobs.health import read_health
from jobs.models import Job
from jobs.states import State


class Command(BaseCommand):
    help = (
        "Show background work by queue and what was set aside; --retry ID tries one of those "
        "again, --cancel ID gives it up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--retry",
            type=UUID,
            metavar="ID",
            help="give a job that was set aside three fresh attempts",
        )
        what.add_argument(
            "--cancel", type=UUID, metavar="ID", help="give up a job that waits or was set aside"
        )

    def handle(
        self, *args: Any, retry: UUID | None = None, cancel: UUID | None = None, **options: Any
    ) -> None:
        try:
            if retry is not None:
                actions.retry(job_id=retry, by=None)
                self.stdout.write(f"{retry} will be tried again")
            elif cancel is not None:
                actions.cancel(job_id=cancel, by=None)
                self.stdout.write(f"{cancel} is cancelled")
            else:
                self._show()
        except actions.NotInStateError as error:
            raise CommandError(str(error)) from error

    def _show(self) -> None:
        now = read_health()
        self.stdout.write(
            f"broker {'up' if now.broker else 'away'}, work "
            f"{'goes round' if now.ready else 'does not go round'}"
        )
        for q in now.queues:
            home = "never" if q.heartbeat_age is None else f"{q.heartbeat_age:.0f} s ago"
            self.stdout.write(
                f"{q.queue:8} queued {q.queued:6} running {q.running:4} oldest {q.oldest:6.0f} "
                f"s, heartbeat {home}"
            )
        for job in Job.objects.filter(state=State.FAILED).order_by("-finished_at"):
            self.stdout.write(f"set aside  {job.id}  {job.kind}  {job.last_error}")
