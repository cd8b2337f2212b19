from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say to the record where this room's files are, and what goes with an erased value; and who has a conflict of interest."""
        from evidence import conflicts, erasure, fixity

        fixity.register()
        erasure.register()
        conflicts.register()
