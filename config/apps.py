from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "wiring"

    def ready(self) -> None:
        """Register the system checks."""
        from config import checks  # noqa: F401  registering is what importing it does
