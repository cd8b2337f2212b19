from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    name = "verdicts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say to the record where this room's files are, what goes with an erased value, and what follows when evidence is withdrawn."""
        from verdicts import erasure, fixity, shaken

        fixity.register()
        erasure.register()
        shaken.register()
