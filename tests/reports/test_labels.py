"""A code has one label in each language: on pages, in reports, in the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.utils.translation import override

from accounts import labels as role_labels
from accounts.labels import Pair
from accounts.models import Role
from claims import labels as claim_labels
from claims.states import (
    AspectKind,
    BasisKind,
    Channel,
    ClaimKind,
    ClaimStatus,
    Comparator,
    EntityRoleKind,
    FlagKind,
    Progress,
)
from evidence import labels as evidence_labels
from evidence.exhibits.states import (
    Affiliation,
    CustodyKind,
    InformationGrade,
    Licence,
    SourceGrade,
)
from evidence.sources.states import ObservationMethod, ObservationResult, SightingKind
from evidence.states import Provenance
from reports.wording.report_strings import LANGS, VOCABULARIES, word
from verdicts import labels as verdict_labels
from verdicts.conformity import Decision
from verdicts.states import Conclusion, InvitationStatus, Mechanism, Rating

TABLES: list[tuple[Any, Mapping[str, Pair], str]] = [
    (Role, role_labels.ROLE, "role"),
    (Channel, claim_labels.CHANNEL, "channel"),
    (EntityRoleKind, claim_labels.ENTITY_ROLE, "entity_role"),
    (ClaimKind, claim_labels.CLAIM_KIND, "claim_kind"),
    (ClaimStatus, claim_labels.CLAIM_STATUS, "claim_status"),
    (AspectKind, claim_labels.ASPECT_KIND, "aspect_kind"),
    (Progress, claim_labels.PROGRESS, "progress"),
    (Comparator, claim_labels.COMPARATOR, "comparator"),
    (BasisKind, claim_labels.BASIS_KIND, "basis_kind"),
    (FlagKind, claim_labels.FLAG, "flag"),
    (ObservationResult, evidence_labels.OBSERVATION, "observation"),
    (ObservationMethod, evidence_labels.LOOK_METHOD, "look_method"),
    (SightingKind, evidence_labels.SIGHTING, "sighting"),
    (SourceGrade, evidence_labels.GRADE_SOURCE, "grade_source"),
    (InformationGrade, evidence_labels.GRADE_INFORMATION, "grade_information"),
    (Provenance, evidence_labels.PROVENANCE, "provenance"),
    (Affiliation, evidence_labels.AFFILIATION, "affiliation"),
    (Licence, evidence_labels.LICENCE, "licence"),
    (CustodyKind, evidence_labels.CUSTODY, "custody"),
    (Rating, verdict_labels.RATING, "rating"),
    (Mechanism, verdict_labels.MECHANISM, "mechanism"),
    (Conclusion, verdict_labels.CONCLUSION, "conclusion"),
    (InvitationStatus, verdict_labels.INVITATION, "outcome"),
]


@pytest.mark.parametrize(
    ("enum", "table", "vocabulary"),
    TABLES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_state_a_page_and_a_report_say_the_same(
    enum: Any, table: Mapping[str, Pair], vocabulary: str
) -> None:
    assert set(enum.values) == set(table)
    for lang in LANGS:
        with override(lang.lower()):
            assert {member.value: str(member.label) for member in enum} == {
                code: word(vocabulary, code, lang) for code in table
            }


def test_a_label_without_a_page_is_english() -> None:
    with override(None):
        assert str(Rating.NOT_DELIVERED.label) == "Not as claimed"


def test_every_decision_has_a_label() -> None:
    assert {decision.value for decision in Decision} == set(VOCABULARIES["decision"])
