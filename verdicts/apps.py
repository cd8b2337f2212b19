from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VerdictsConfig(AppConfig):
    name = "verdicts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hand the pages what our codes are called; say to the record where this app's files are
        and what goes with an erased value, and what follows when evidence is withdrawn."""
        from ui import labels
        from verdicts import erasure, fixity, lost_evidence, states
        from verdicts.conformity import Decision

        labels.register(
            actor=states.Actor, conclusion=states.Conclusion, exactness=states.Exactness,
            incident_kind=states.IncidentKind,
            invitation=states.InvitationStatus, mechanism=states.Mechanism, rating=states.Rating,
            verdict=states.VerdictStatus,
            decision={
                Decision.CONFORMS.value: _("meets the threshold"),
                Decision.DOES_NOT_CONFORM.value: _("does not meet the threshold"),
                Decision.UNDECIDED.value: _("inconclusive"),
                Decision.DISAGREE.value: _("measurements disagree"),
            },
        )  # fmt: skip

        fixity.register()
        erasure.register()
        lost_evidence.register()
