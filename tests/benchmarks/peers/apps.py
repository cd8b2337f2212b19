from django.apps import AppConfig


class PeersConfig(AppConfig):
    name = "tests.benchmarks.peers"
    label = "peers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from tests.benchmarks.peers.models import Audited

        auditlog.register(Audited)
