"""`/api/docs/`: how to use the API, by examples that run as they stand, and every operation of it.
It needs no script and no other host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from accounts.access import everyone
from config.languages import asked_of
from evidence.sources.models import Version
from verdicts.models import Verdict

#: What stands in the commands while nothing is published yet.
NOTHING = {
    "claim": "AC-XXXX-XXXX",
    "verdict": "AC-XXXX-XXXX",
    "claim_id": "00000000-0000-0000-0000-000000000000",
    "source": "00000000-0000-0000-0000-000000000000",
    "at": "2025-03-01T00:00:00Z",
}


@dataclass(frozen=True)
class Example:
    """One thing to do with the API: what it is for, and commands in which `{…}` stands for
    something that is published here."""

    title: str | Promise
    text: str | Promise
    command: str


#: (target, heading, what it is about, examples)
SECTIONS: tuple[tuple[str, str | Promise, str | Promise, tuple[Example, ...]], ...] = (
    (
        "first",
        _("Getting started"),
        _(
            "Programs can read everything public without a key. Responses are JSON in UTF-8; "
            "times are UTC; amounts are decimal strings."
        ),
        (
            Example(
                _("Latest claims"),
                _("A list, newest first. Each claim has its quote and its points."),
                "curl {site}/api/v1/claims/",
            ),
            Example(
                _("One claim"),
                _("By its printed reference, or by its id."),
                "curl {site}/api/v1/claims/{claim}/",
            ),
            Example(
                _("Verdicts by rating"),
                _("Lists take filters, and “limit” for the length of a page, at most 200."),
                "curl '{site}/api/v1/verdicts/?rating=not_delivered&limit=10'",
            ),
        ),
    ),
    (
        "verdicts",
        _("Verdicts and their proof"),
        _("A published verdict never changes: the same bytes, until another verdict replaces it."),
        (
            Example(
                _("The verdict as published"),
                _(
                    "Exactly the bytes whose SHA-256 is in the log. A Link header names the "
                    "verdict that replaced it, if there is one."
                ),
                "curl {site}/api/v1/verdicts/{verdict}/",
            ),
            Example(
                _("Verdicts that were replaced"),
                _("“superseded_by” names the verdict that replaced it; “superseded_at” says when."),
                "curl '{site}/api/v1/verdicts/?status=superseded'",
            ),
            Example(
                _("Verify its proof offline"),
                _(
                    "A bundle contains leaf, proof, checkpoint and document. The program works "
                    "offline and does not contact us."
                ),
                "curl -o verdict.bundle.json {site}/api/v1/verdicts/{verdict}/proof/\n"
                "python -m ledger.verify --key KEY verdict.bundle.json",
            ),
        ),
    ),
    (
        "sources",
        _("Sources over time"),
        _(
            "A source is an address where a company publishes. Each distinct text found there is "
            "a numbered version."
        ),
        (
            Example(
                _("All versions of a source"),
                _("Oldest first, each with the checks between which it was first seen."),
                "curl {site}/api/v1/sources/{source}/versions/",
            ),
            Example(
                _("Changes between two versions"),
                _("As runs of text: same, removed, added, or moved."),
                "curl '{site}/api/v1/sources/{source}/diff/?from=1&to=2'",
            ),
            Example(
                _("What it said at a given time"),
                _("The version shown at that time, as far as our checks can tell."),
                "curl '{site}/api/v1/sources/{source}/as-of/?at={at}'",
            ),
        ),
    ),
    (
        "history",
        _("Change history and change feed"),
        _("Every change here is a log entry. You can resume both lists where you stopped."),
        (
            Example(
                _("Change history of a claim"),
                _(
                    "Field by field, newest first: who (role and pseudonym), when, why, before "
                    "and after."
                ),
                "curl {site}/api/v1/claims/{claim}/history/",
            ),
            Example(
                _("Feed of all changes"),
                _(
                    "The log itself, in order. Keep the last index you read and request what "
                    "follows; -1 starts at the beginning."
                ),
                "curl '{site}/api/v1/changes/?after=-1&limit=50'",
            ),
            Example(
                _("Corrections"),
                _(
                    "Verdicts replaced, claims corrected or withdrawn, evidence withheld: newest "
                    "first, each with its reason."
                ),
                "curl {site}/api/v1/corrections/",
            ),
        ),
    ),
    (
        "filing",
        _("Submitting evidence"),
        _(
            "Submitting needs a key with the scope to submit evidence, which every "
            "account can create. We store the photos before we respond."
        ),
        (
            Example(
                _("Submit a photo"),
                _(
                    "If no response came, send the same Idempotency-Key again: you get the same "
                    "submission, never a second one. Your contact details are confidential and "
                    "never public."
                ),
                "curl {site}/api/v1/submissions/ \\\n  -H 'Authorization: Bearer ac_…' \\\n  -H "
                "'Idempotency-Key: my-first-photo' \\\n  -F claim={claim_id} -F "
                "licence=cc-by-4.0 \\\n  -F narrative_lang=en -F 'narrative=No air came through "
                "the duct.' \\\n  -F photos=@duct.jpg",
            ),
            Example(
                _("Status of a submission"),
                _("Your own submissions, with a key that can read."),
                "curl {site}/api/v1/submissions/ -H 'Authorization: Bearer ac_…'",
            ),
        ),
    ),
)


@lru_cache(maxsize=1)
def operations() -> list[dict[str, Any]]:
    """Every operation of the API, as the page lists them: method, path, what it does, its
    parameters."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # partly untyped
    return [
        {
            "method": method.upper(),
            "path": path,
            "room": path.removeprefix("/api/v1/").split("/")[0],
            "description": operation.get("description", ""),
            "parameters": [
                {
                    "name": parameter["name"],
                    "where": parameter["in"],
                    "required": parameter.get("required", False),
                    "description": parameter.get("description", ""),
                }
                for parameter in operation.get("parameters", [])
            ],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def published() -> dict[str, str]:
    """What the examples speak of: the newest standing verdict, its claim, and a source with two
    versions."""
    schema = dict(NOTHING)
    verdict = (
        Verdict.objects.current().select_related("aspect__claim").order_by("-published_at").first()
    )
    if verdict is not None:
        schema |= {
            "verdict": verdict.reference,
            "claim": verdict.aspect.claim.reference,
            "claim_id": str(verdict.aspect.claim_id),
        }
    version = Version.objects.filter(number=2).exclude(digest="").order_by("-pk").first()
    if version is not None:
        schema |= {
            "source": str(version.source_id),
            "at": version.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    return schema


@require_safe
@everyone
def guide(request: HttpRequest) -> HttpResponse:
    """The page, in the language of `?lang=` where there is one."""
    if lang := request.GET.get("lang"):
        translation.activate(asked_of(lang, request.LANGUAGE_CODE))
        request.LANGUAGE_CODE = translation.get_language()
    names = {
        **published(),
        "site": settings.SITE_URL.rstrip("/") or request.build_absolute_uri("/").rstrip("/"),
    }
    sections = [
        (
            target,
            heading,
            text,
            [
                (example.title, example.text, example.command.format(**names))
                for example in examples
            ],
        )
        for target, heading, text, examples in SECTIONS
    ]
    rooms: dict[str, list[dict[str, Any]]] = {}
    for operation in operations():
        rooms.setdefault(operation["room"], []).append(operation)
    return render(request, "api_guide.html", {"sections": sections, "rooms": sorted(rooms.items())})
