"""Nothing that reads a stored row raises.

Every field gets the worst value that the database takes; then every page, answer and report is
opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import Error, models, transaction
from django.test import Client

from accounts.models import User
from claims.localized_text import LocalizedTextField, write
from claims.models import Claim
from evidence.exhibits.models import Exhibit, Submission
from evidence.sources.models import Version
from ledger import registry
from ledger.models import Checkpoint
from reports import schema
from reports.documents import pdf_layout, report_json
from reports.models import Report
from reports.wording.report_strings import LANGS
from tests import scenes
from verdicts.models import Incident, Verdict

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = "\u202e<script>alert(1)</script> & \ufeff\u0301\x01 {n} % ]]> {{ x }} 㐀"
LONG = HOSTILE + "长" * 3000 + "W" * 3000
WORST: dict[str, dict[type[models.Field[Any, Any]], Any]] = {
    "least": {
        LocalizedTextField: {}, models.CharField: "", models.TextField: "",
        models.DecimalField: "least", models.DateTimeField:
        datetime(1, 1, 1, tzinfo=UTC), models.DateField: date(1, 1, 1), models.IntegerField: 0,
        models.BooleanField: False,
    },
    "most": {
        LocalizedTextField: write("zh-Hans", LONG, en=LONG), models.CharField: HOSTILE * 30,
        models.TextField: LONG,
        models.DecimalField: "most",
        models.DateTimeField: datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        models.DateField: date(9999, 12, 31),
        models.IntegerField: 32767, models.BooleanField: True,
    },
    "odd": {
        LocalizedTextField: write("en", ""), models.CharField: "ZZZ", models.TextField: " \n\t",
        models.DecimalField: "tiny",
        models.DateTimeField: None, models.DateField: None, models.IntegerField: 1,
        models.BooleanField: False,
    },
}  # fmt: skip


def worst(field: models.Field[Any, Any], how: str) -> Any:
    """The value for a field, or the field itself where there is none to try."""
    if field.is_relation or field.primary_key or field.unique:
        return field
    for kind, value in WORST[how].items():
        if isinstance(field, kind):
            if isinstance(field, models.DecimalField):
                unit = Decimal(1).scaleb(-field.decimal_places)
                top = Decimal(10) ** (field.max_digits - field.decimal_places) - unit
                return {"least": -top, "most": top, "tiny": unit}[value]
            return (
                value[: field.max_length]
                if isinstance(field, models.CharField) and field.max_length
                else value
            )
    return field


def spoil(*hows: str) -> Iterator[str]:
    """Give every field of every recorded row a worst value that the database takes, the fields by
    turns another; says which took one."""
    turn = 0
    for record in registry.recorded.values():
        model = record.model
        if model._meta.app_label == "accounts":
            continue
        for field in model._meta.concrete_fields:
            if field.name in {"salt", "document_digest", "digest", "duplicate_key"}:
                continue
            turn += 1
            for how in (*hows[turn % len(hows) :], *hows[: turn % len(hows)]):
                value = worst(field, how)
                if (
                    value is not field
                    and not (value is None and not field.null)
                    and taken(model, field.name, value)
                ):
                    yield f"{model._meta.label}.{field.name}"
                    break


def taken(model: type[models.Model], name: str, value: Any) -> bool:
    """Whether the rows take it: what a constraint or a trigger refuses no row can have."""
    try:
        with transaction.atomic():
            return bool(model._default_manager.update(**{name: value}))
    except Error:
        return False


def paths(scene: scenes.Scene) -> dict[str, list[str]]:
    """Every address about the case, by who opens it."""
    claim, verdict, incident = Claim.objects.get(), Verdict.objects.get(), Incident.objects.get()
    company, product = claim.company_id, claim.product_id
    version, exhibit = (
        Version.objects.order_by("number").last(),
        Exhibit.objects.order_by("pk").first(),
    )
    series = scene.series  # type: ignore[attr-defined]  # set by the fixture
    report = Report.objects.order_by("pk").first()
    assert version
    assert exhibit
    source = version.source_id
    public = [
        "/", "/claims/", "/claims/?q=duct", f"/claims/{claim.reference}/",
        f"/claims/{claim.reference}/history/", "/companies/",
        f"/claims/{claim.reference}/card.png", f"/verdicts/{verdict.reference}/card.png",
        f"/companies/{company}/", f"/products/{product}/", f"/verdicts/{verdict.reference}/",
        f"/verdicts/{verdict.reference}/chart.en.svg",
        f"/verdicts/{verdict.reference}/chart.zh-Hans.narrow.svg",
        f"/companies/{company}/verdicts.en.wide.svg",
        f"/series/{series.pk}/chart.en.wide.svg", f"/sources/{source}/",
        f"/sources/{source}/diff/?to={version.number}",
        f"/sources/{source}/versions/{version.number}/", f"/exhibits/{exhibit.reference}/",
        "/record/", "/record/entries/1/",
        "/corrections/", "/feeds/verdicts.atom", "/feeds/edits.atom", "/feeds/disappearances.atom",
        f"/reports/{report.reference}/" if report else "/",
    ]  # fmt: skip
    api = [f"/api/v1/{name}/" for name in ("companies", "products", "claims", "sources", "exhibits",
        "comparisons", "verdicts", "incidents",
                                           "series", "reports", "changes",
                                           "corrections")]  # fmt: skip
    api += [
        f"/api/v1/companies/{company}/", f"/api/v1/claims/{claim.pk}/",
        f"/api/v1/claims/{claim.pk}/history/",
        f"/api/v1/verdicts/{verdict.pk}/",
        f"/api/v1/verdicts/{verdict.pk}/proof/", f"/api/v1/verdicts/{verdict.pk}/?format=jsonld",
        f"/api/v1/sources/{source}/versions/",
        f"/api/v1/sources/{source}/observations/", f"/api/v1/exhibits/{exhibit.reference}/",
        f"/api/v1/incidents/{incident.pk}/",
    ]  # fmt: skip
    submission = Submission.objects.order_by("pk").first()
    assert submission
    desk = [
        "/desk/", f"/desk/claims/{claim.reference}/", f"/desk/submissions/{submission.reference}/",
        f"/desk/claims/{claim.reference}/revise/",
        f"/desk/claims/{claim.reference}/places/", f"/desk/companies/{company}/entities/",
        f"/desk/companies/{company}/figures/",
        f"/desk/companies/{company}/sources/", f"/desk/series/{series.pk}/", "/desk/claims/new/",
        f"/desk/incidents/{incident.pk}/",
        f"/desk/companies/{company}/incidents/", f"/desk/aspects/{scene.ducts.pk}/finding/",
    ]  # fmt: skip
    return {
        "anonymous": public + api,
        "owner": [
            f"/claims/{claim.reference}/file/",
            "/submissions/",
            f"/submissions/{submission.reference}/",
        ],
        "moderator": desk,
        "adjudicator": [
            f"/desk/aspects/{scene.ducts.pk}/verdict/",
            f"/desk/verdicts/{verdict.reference}/",
        ],
        "company": ["/reply/"],
    }


def faults(scene: scenes.Scene) -> list[str]:
    """Every page, answer and report that cannot be opened."""
    people: dict[str, User | None] = {
        "anonymous": None, "owner": scene.owners[0], "moderator": scene.moderator,
        "adjudicator": scene.adjudicator,
        "company": scene.moderator,
    }  # fmt: skip
    found = []
    for role, asked in paths(scene).items():
        client = Client(raise_request_exception=True)
        if user := people[role]:
            client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        for path in asked:
            try:
                answer = client.get(path, follow=True)
                b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
                if answer.status_code >= 500:
                    found.append(f"{role} {path}: {answer.status_code}")
            except Exception as error:
                found.append(f"{role} {path}: {type(error).__name__}: {str(error)[:200]}")
    checkpoint = Checkpoint.objects.order_by("-size").first()
    assert checkpoint
    for name, build in (
        ("discrepancy", lambda: report_json.discrepancy(Claim.objects.get(), checkpoint)),
        ("snapshot", lambda: report_json.snapshot(scene.source, checkpoint)),
    ):
        try:
            told = build()
            schema.validate(told)
            for exhibit in told.get("exhibits", ()):
                exhibit["picture"] = exhibit["rendition"] = None
            for lang in LANGS:
                held: dict[str, bytes] = {}
                pdf_layout.ready(
                    pdf_layout.of_snapshot(told, lang, held)
                    if name == "snapshot"
                    else pdf_layout.of_discrepancy(told, lang, {}, held)
                )
        except Exception as error:
            found.append(
                f"report {name}: {type(error).__name__}: {getattr(error, 'faults', error)}"
            )
    return found


@pytest.fixture
def case() -> scenes.Scene:
    scene = scenes.build_case()
    scene.series = scenes.build_series(scene)  # type: ignore[attr-defined]
    scenes.build_incident(scene)
    scenes.build_pointing(scene)
    Exhibit.objects.update(status="ready")
    scene.source.refresh_from_db()
    return scene


def test_no_page_answer_or_report_fails_on_the_worst_that_a_row_can_hold(
    case: scenes.Scene,
) -> None:
    """Each field the least, the most or the oddest, by turns; all three of each:
    tests/soak/test_rows.py."""
    with transaction.atomic():
        assert len(list(spoil(*WORST))) > 100
        wrong = faults(case)
        transaction.set_rollback(True)
    assert not wrong, "\n".join(wrong)
