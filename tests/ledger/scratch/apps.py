from django.apps import AppConfig


class ScratchConfig(AppConfig):
    name = "tests.ledger.scratch"
    label = "scratch"
    default_auto_field = "django.db.models.BigAutoField"
