from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    name = "verdicts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hand the pages what our codes are called; say to the record where this app's files are
        and what goes with an erased value, and what follows when evidence is withdrawn."""
        from accounts.choices import label
        from ui import labels
        from verdicts import erasure, fixity, lost_evidence, own_data, states
        from verdicts.labels import DECISION

        labels.register(
            actor=states.Actor, conclusion=states.Conclusion, exactness=states.Exactness,
            incident_kind=states.IncidentKind,
            invitation=states.InvitationStatus, mechanism=states.Mechanism, rating=states.Rating,
            verdict=states.VerdictStatus,
            decision={code: label(pair) for code, pair in DECISION.items()},
        )  # fmt: skip

        fixity.register()
        erasure.register()
        lost_evidence.register()
        own_data.register()
