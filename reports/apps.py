from django.apps import AppConfig
from django.utils.functional import lazy


class ReportsConfig(AppConfig):
    name = "reports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hand the pages the words of exhibits; say to the record where this app's files are, and
        what goes with an erased value."""
        from reports import erasure, fixity
        from reports.pages import dependencies, purging
        from reports.wording.event_labels import CUSTODIANS
        from reports.wording.report_strings import DOES_NOT_PROVE, Pair
        from ui import labels
        from ui.languages import page_language

        def in_page_language(pair: Pair) -> str:
            return pair.to(page_language())

        limits = {
            level: lazy(in_page_language, str)(pair) for level, pair in DOES_NOT_PROVE.items()
        }
        labels.register(custodian=CUSTODIANS, does_not_prove=limits)
        fixity.register()
        erasure.register()
        dependencies.register()
        purging.register()
