from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    name = "claims"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hand the pages what our codes are called; say to the record what goes with an erased
        value, and what an account holds here."""
        from claims import erasure, own_data, states
        from ui import labels

        labels.register(
            aspect_kind=states.AspectKind, basis_kind=states.BasisKind, channel=states.Channel,
            claim_kind=states.ClaimKind, claim_proposal_status=states.ClaimProposalStatus,
            claim_status=states.ClaimStatus, comparator=states.Comparator,
            entity_role=states.EntityRoleKind, flag=states.FlagKind,
            product_kind=states.ProductKind, progress=states.Progress, stance=states.Stance,
        )  # fmt: skip
        erasure.register()
        own_data.register()
