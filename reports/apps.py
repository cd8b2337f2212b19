from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say to the record where this room's files are, and what goes with an erased value."""
        from reports import erasure, fixity

        fixity.register()
        erasure.register()
