from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "wiring"

    def ready(self) -> None:
        """Make our Celery app the current one and register the system checks."""
        from config import celery, checks  # noqa: F401  importing them is what wires them: the broker's app, the system checks
