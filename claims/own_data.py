"""What an account holds here: the claims that its person proposed."""

from __future__ import annotations

from accounts import own_data
from accounts.own_data import rows
from claims.models import ClaimProposal


def register() -> None:
    """Have the proposals of a person in the file of their data."""
    own_data.register(
        "proposals",
        lambda user: rows(
            ClaimProposal.objects.filter(proposed_by=user),
            "reference", "pseudonym", "status", "quote", "quote_lang", "channel", "address",
            "place", "company_name", "product_name", "why", "proposed_at", "decision_reason",
        ),
    )  # fmt: skip
