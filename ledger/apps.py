from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    name = "ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ledger.act_setting import watch
        from ledger.protection import after_migrate

        connection_created.connect(watch, dispatch_uid="ledger.act_setting")
        post_migrate.connect(after_migrate, sender=self, dispatch_uid="ledger.protection")
