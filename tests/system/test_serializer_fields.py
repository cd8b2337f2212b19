"""Every field of every serializer: who may read it, who may write it. A field that is missing from
the table fails the suite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from config.app_order import APPS
from evidence.exhibits.models import Exhibit
from ledger import registry
from tests.system.test_permission_table import TABLE, World, routes

#: Those who differ: who else may enter is the permission table's business.
ROLES_READ: Final = ("anonymous", "owner", "other", "moderator", "key:read")
EVERYONE, FILER, PROPOSER = "everyone", "who filed it", "who proposed it"

#: serializer → (who may read it, its fields)
READ: Final[dict[str, tuple[str, str]]] = {
    # what was said
    "CompanySerializer": (EVERYONE, "id name website"),
    "LegalEntitySerializer": (EVERYONE, "id company name registration jurisdiction seat"),
    "ProductSerializer": (EVERYONE, "id company kind name launched_date"),
    "OptionSerializer": (EVERYONE, "id name price currency"),
    "SourceSerializer": (
        EVERYONE,
        "id company channel url title speaker lang published_at watched",
    ),
    "CriterionSerializer": (
        EVERYONE,
        (
            "property comparator value value_to unit tolerance conditions baseline basis "
            "basis_kind figure"
        ),
    ),
    "AspectSerializer": (
        EVERYONE,
        "id number kind statement progress due_date cancelled_date criterion",
    ),
    "AppearanceSerializer": (EVERYONE, "id source stance exact prefix suffix fragment note"),
    "FlagSerializer": (EVERYONE, "kind raised_at lifted_at"),
    "ClaimSerializer": (
        EVERYONE,
        (
            "id reference company product option quote quote_lang quote_translation summary kind "
            "status made_at stake currency reconstruction flags aspects created_at"
        ),
    ),
    "ClaimDetailSerializer": (
        EVERYONE,
        (
            "id reference company product option quote quote_lang quote_translation summary kind "
            "status made_at stake currency reconstruction flags aspects created_at appearances"
        ),
    ),
    "SeriesSerializer": (EVERYONE, "id company name unit reconstruction points notes"),
    "SeriesPointSerializer": (EVERYONE, "on_date value source"),
    "SeriesNoteSerializer": (EVERYONE, "from_date until_date text stated_value computed source"),
    # what was found
    "VersionSerializer": (
        EVERYONE,
        (
            "id source number title lang characters digest extractor extractor_version not_before "
            "not_after"
        ),
    ),
    "FullVersionSerializer": (
        EVERYONE,
        (
            "id source number title lang characters digest extractor extractor_version not_before "
            "not_after body"
        ),
    ),
    "ObservationSerializer": (
        EVERYONE,
        "id source type method looked_at status final_url reason version elapsed_ms",
    ),
    "SightingSerializer": (EVERYONE, "id appearance version kind start end passage similarity"),
    "DisappearanceSerializer": (
        EVERYONE,
        (
            "id source type status last_seen_at first_missing_at confirmations confirmed_at "
            "reversed_at"
        ),
    ),
    "RenditionSerializer": (EVERYONE, "name digest media_type width height size url"),
    "RegionSerializer": (EVERYONE, "number x y width height caption"),
    "ComparisonSerializer": (EVERYONE, "id claim before after title reconstruction"),
    "ExhibitSerializer": (
        EVERYONE,
        (
            "id reference claim pseudonym filed_date affiliation licence reconstruction number "
            "caption media_type width height status provenance grade_source grade_information "
            "grade_reason renditions regions"
        ),
    ),
    "OwnExhibitSerializer": (FILER, "id reference number caption status"),
    "SubmissionSerializer": (
        FILER,
        (
            "id reference claim pseudonym status narrative narrative_lang licence filed_date "
            "decided_date decision_reason clarifications exhibits"
        ),
    ),
    "ClaimProposalSerializer": (
        PROPOSER,
        (
            "id reference status quote quote_lang company_name product_name channel address place "
            "why proposed_at decided_date decision_reason claim"
        ),
    ),
    "RowSerializer": (PROPOSER, "number field_errors similar proposal"),
    "RowsSerializer": (PROPOSER, "dry_run rows"),
    "ClarificationSerializer": (FILER, "number question answer lang answered_at"),
    "ChangeSerializer": (EVERYONE, "number kind old new gone came characters_gone characters_came"),
    "RunSerializer": (EVERYONE, "kind text number side"),
    "DiffSerializer": (EVERYONE, "format characters changes runs"),
    # what is concluded
    "StandingVerdictSerializer": (EVERYONE, "id reference rating mechanism published_at url"),
    "RatedAspectSerializer": (
        EVERYONE,
        "id number kind statement progress due_date cancelled_date criterion verdict",
    ),
    "RatedClaimSerializer": (
        EVERYONE,
        (
            "id reference company product option quote quote_lang quote_translation summary kind "
            "status made_at stake currency reconstruction flags aspects created_at"
        ),
    ),
    "RatedClaimDetailSerializer": (
        EVERYONE,
        (
            "id reference company product option quote quote_lang quote_translation summary kind "
            "status made_at stake currency reconstruction flags aspects created_at appearances"
        ),
    ),
    "VerdictSerializer": (
        EVERYONE,
        (
            "id reference claim aspect rating mechanism rationale status method_version units "
            "contributors laboratories supersedes superseded_by superseded_at reconstruction "
            "published_at document_digest evidence_withdrawn"
        ),
    ),
    "OccurrenceSerializer": (EVERYONE, "id kind actor happened_at exact_to text source"),
    "LagSerializer": (EVERYONE, "at_least at_most"),
    "CareSerializer": (
        EVERYONE,
        "first_contact_hours first_statement_hours first_action_hours acted_first before_contact",
    ),
    "IncidentSerializer": (EVERYONE, "id company product title summary reconstruction events care"),
    # what is shown
    "ReportFileSerializer": (EVERYONE, "name digest size media_type url"),
    "ReportSerializer": (
        EVERYONE,
        (
            "id reference kind claim source checkpoint_size basis reconstruction created_at "
            "withheld_at files"
        ),
    ),
    "CorrectionSerializer": (
        EVERYONE,
        "index kind at type id reference claim reconstruction reason superseded_by url proof",
    ),
    "StretchSerializer": (EVERYONE, "kind text"),
    "ComparedSerializer": (EVERYONE, "lang runs"),
    "FieldChangeSerializer": (EVERYONE, "name kind state before after diff"),
    "HistoryChangeSerializer": (
        EVERYONE,
        "index kind object at role name reason outside fields_changed proof",
    ),
    "HistorySerializer": (EVERYONE, "next results"),
    "LogEntrySerializer": (EVERYONE, "index leaf"),
    "ChangesSerializer": (EVERYONE, "size next results"),
}
#: operation → what it takes; whoever the permission table lets in may write all of it, and nobody
#: anything else.
WRITTEN: Final[dict[str, str]] = {
    "POST /api/v1/proposals/": (
        "quote quote_lang company_name product_name channel address place why"
    ),
    "POST /api/v1/proposals/bulk/": "proposals csv dry_run",
    "POST /api/v1/submissions/": "claim narrative narrative_lang licence contact photos",
    "POST /api/v1/submissions/{id}/answer/": "answer lang photos",
}
#: serializer that only who filed reads → the closed fields that are its reader's own words, and are
#: nobody else's to read.
OWN_WORDS: Final[dict[str, set[str]]] = {
    "ClarificationSerializer": {"answer", "lang", "answered_at"},
    "ClaimProposalSerializer": {
        "reference",
        "quote",
        "company_name",
        "product_name",
        "address",
        "place",
        "why",
        "proposed_at",
        "decision_reason",
    },
}
#: serializers that are only written.
WRITE_ONLY: Final = {
    "NewSubmissionSerializer", "NewAnswerSerializer", "NewProposalSerializer",
    "NewProposalsSerializer",
}  # fmt: skip
#: serializers that others are made from.
BASES: Final = {"StrictSerializer"}
#: route of the API → the serializer of one row of its answer, or None where it sends a document as
#: it was published.
ANSWERS: Final[dict[str, str | None]] = {
    "api/v1/schema/": None,
    "api/v1/verdicts/<str:id>/proof/": None,
    "api/v1/^verdicts/(?P<id>[^/]{8,64})/$": None,
    "api/v1/changes/": "LogEntrySerializer",
    "api/v1/claims/<str:id>/history/": "HistoryChangeSerializer",
    "api/v1/^claims/(?P<id>[^/]{8,64})/$": "RatedClaimDetailSerializer",
    "api/v1/^sources/(?P<pk>[^/.]+)/as-of/$": "FullVersionSerializer",
    "api/v1/^sources/(?P<pk>[^/.]+)/diff/$": "DiffSerializer",
    "api/v1/^sources/(?P<pk>[^/.]+)/disappearances/$": "DisappearanceSerializer",
    "api/v1/^sources/(?P<pk>[^/.]+)/observations/$": "ObservationSerializer",
    "api/v1/^sources/(?P<pk>[^/.]+)/versions/$": "VersionSerializer",
    "api/v1/^sources/(?P<pk>[^/.]+)/versions/(?P<number>[0-9]{1,6})/$": "FullVersionSerializer",
}


def subclasses(base: Any) -> Iterator[Any]:
    """Every class that is made from `base`, however far."""
    for found in base.__subclasses__():
        yield found
        yield from subclasses(found)


def ours() -> dict[str, Any]:
    """Every serializer of the apps, by name."""
    return {
        one.__name__: one
        for one in subclasses(serializers.BaseSerializer)
        if one.__module__.partition(".")[0] in APPS
    }


def test_every_serializer_and_every_field_stands_in_the_table() -> None:
    found = ours()
    assert set(found) == set(READ) | WRITE_ONLY | BASES
    for name, (_who, fields) in READ.items():
        assert list(found[name]().fields) == fields.split(), name


def test_no_serializer_reads_what_the_record_keeps_sealed_or_closed() -> None:
    """Contacts, metadata, digests of originals, who filed: whatever the record commits to and never
    opens. Nested rows too."""
    for name, found in ours().items():
        model = getattr(getattr(found, "Meta", None), "model", None)
        if model is not None and model._meta.label_lower in registry.names:
            record = registry.of(model)
            read = {
                field.source.split(".")[0]
                for field in found().fields.values()
                if not field.write_only
            }
            assert not read & {*record.sealed, *record.closed} - OWN_WORDS.get(name, set()), name
    assert {READ[name][0] for name in OWN_WORDS} == {FILER, PROPOSER}
    record = registry.of(Exhibit)  # negative control: there is something to leak
    assert {"digest", "filename", "metadata"} <= {*record.sealed, *record.closed}


def taken() -> dict[str, set[str]]:
    """What each operation of the API takes, by its document."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # partly untyped
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                schema = (
                    document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                    if "$ref" in schema
                    else schema
                )
                found[f"{method.upper()} {path}"] = set(schema["properties"])
    return found


def test_what_may_be_written_is_what_the_table_says() -> None:
    assert taken() == {operation: set(fields.split()) for operation, fields in WRITTEN.items()}


def serializer_of(route: str, view: Any) -> str | None:
    """The serializer of a route of the API: that of its view, unless ANSWERS names another."""
    if route in ANSWERS:
        return ANSWERS[route]
    return (
        str(view.cls.serializer_class.__name__)
        if getattr(view.cls, "serializer_class", None)
        else "RatedClaimSerializer"
    )


def rows(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list, or the one thing itself."""
    data = answer["results"] if isinstance(answer, dict) and "results" in answer else answer
    return data if isinstance(data, list) else [data]


@pytest.mark.django_db
def test_each_role_reads_the_fields_of_the_table_and_no_other() -> None:
    """Asked by every role: exactly these members, whoever asks; what only its filer may read is
    nobody else's."""
    world, wrong, read = World(), [], set()
    for route, part in routes():
        if not route.startswith("api/v1/") or (name := serializer_of(route, part.callback)) is None:
            continue
        who, fields = READ[name]
        path = TABLE[route][0].format(**world.names)
        for role in ROLES_READ:
            client, headers = world.client(role)
            answer = world.ask(client, "GET", path, headers)
            if answer.status_code != 200:
                continue
            found = rows(json.loads(answer.content))
            wrong += [
                f"{path} as {role}: {sorted(one)}" for one in found if list(one) != fields.split()
            ]
            mine = {"owner", "key:read"}
            if who == PROPOSER and found and role not in mine:
                wrong.append(f"{path} as {role}: someone else's")
            if who == FILER:
                strange = [one for one in found if one["claim"] != str(world.scene.claim.pk)]
                filed = {str(one.pk) for one in world.scene.submissions[1:]}
                allowed = role in mine or role == "other"
                wrong += [
                    f"{path} as {role}: someone else's" for _ in found if not allowed or strange
                ]
                if role in mine:
                    wrong += [
                        f"{path} as {role}: someone else's" for one in found if one["id"] in filed
                    ]
            read |= {name} if found else set()
    assert not wrong, "\n".join(wrong)
    assert read >= {
        "SubmissionSerializer",
        "ExhibitSerializer",
        "RatedClaimDetailSerializer",
        "VerdictSerializer",
        "HistoryChangeSerializer",
    }
