from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hand the pages what our codes are called; say to the record where this app's files are,
        what goes with an erased value, what an account holds, who has a conflict of interest, and
        who is told when a claim is withdrawn."""
        from claims.actions.claims import after_withdrawal
        from evidence import erasure, fixity
        from evidence.exhibits import conflicts, own_data, states
        from evidence.exhibits.actions import telling
        from evidence.sources import states as sources
        from evidence.states import Provenance
        from ui import labels

        labels.register(
            affiliation=states.Affiliation, alert=sources.AlertKind, custody=states.CustodyKind,
            disappearance=sources.DisappearanceStatus,
            exhibit=states.ExhibitStatus, information=states.InformationGrade,
            licence=states.Licence, look=sources.ObservationResult,
            method=sources.ObservationMethod, provenance=Provenance, sighting=sources.SightingKind,
            source_grade=states.SourceGrade,
            submission=states.SubmissionStatus,
        )  # fmt: skip
        fixity.register()
        erasure.register()
        conflicts.register()
        own_data.register()
        after_withdrawal.add(telling.claim_withdrawn)
