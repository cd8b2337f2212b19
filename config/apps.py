from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "wiring"

    def ready(self) -> None:
        """Make our Celery app the current one, register the system checks, let the record notify
        its sequencer.

        And have the database hold jobs to their workflow like everything else: `jobs` and `ledger`
        know nothing of each other.
        """
        from config import celery, checks  # noqa: F401  importing them is what wires them: the broker's app, the system checks
        from jobs import messaging
        from jobs.models import Job
        from jobs.states import TRANSITIONS
        from ledger import recording, triggers

        triggers.TransitionsTrigger("state", TRANSITIONS).register(Job)
        recording.set_notifier(lambda: messaging.send("ledger.sequence", "tick"))
