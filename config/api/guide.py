"""`/api/docs/`: how to use the API, by examples that run as they stand, and every operation of it.
It needs no script and no other host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from accounts.access import everyone
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
        _("First steps"),
        _(
            "Everything public can be read by programs, without a key. "
            "Answers are JSON in UTF-8; times are UTC; amounts are decimal strings."
        ),
        (
            Example(
                _("The newest claims"),
                _("A list, newest first. Each claim has its words and its aspects."),
                "curl {site}/api/v1/claims/",
            ),
            Example(
                _("One claim"),
                _("By its reference, as it is printed, or by its id."),
                "curl {site}/api/v1/claims/{claim}/",
            ),
            Example(
                _("Verdicts of one kind"),
                _("Lists take filters, and “limit” for the length of a page, at most 200."),
                "curl '{site}/api/v1/verdicts/?rating=not_delivered&limit=10'",
            ),
        ),
    ),
    (
        "verdicts",
        _("Verdicts and their proof"),
        _(
            "A verdict is frozen when it is published: the same bytes for ever, until another "
            "supersedes it."
        ),
        (
            Example(
                _("The verdict as it was published"),
                _(
                    "Exactly the bytes whose SHA-256 stands in the record. "
                    "A header Link names the verdict that superseded it, if there is one."
                ),
                "curl {site}/api/v1/verdicts/{verdict}/",
            ),
            Example(
                _("Verdicts that were replaced"),
                _(
                    "“superseded_by” names the verdict that holds instead, “superseded_at” says "
                    "since when."
                ),
                "curl '{site}/api/v1/verdicts/?status=superseded'",
            ),
            Example(
                _("Its proof, checked offline"),
                _(
                    "A bundle of leaf, proof, checkpoint and document. The program needs neither "
                    "us nor the network."
                ),
                "curl -o verdict.bundle.json {site}/api/v1/verdicts/{verdict}/proof/\n"
                "python -m ledger.verify --key KEY verdict.bundle.json",
            ),
        ),
    ),
    (
        "sources",
        _("What they said, and when"),
        _(
            "A source is an address where a company speaks. Every distinct text of it is a "
            "version with a number."
        ),
        (
            Example(
                _("All versions of a source"),
                _("Oldest first, each with the looks between which it came up."),
                "curl {site}/api/v1/sources/{source}/versions/",
            ),
            Example(
                _("What changed between two versions"),
                _("As runs of text: the same, gone, come, or moved."),
                "curl '{site}/api/v1/sources/{source}/diff/?from=1&to=2'",
            ),
            Example(
                _("What it said at a moment"),
                _("The version that stood there then, as far as anybody had looked."),
                "curl '{site}/api/v1/sources/{source}/as-of/?at={at}'",
            ),
        ),
    ),
    (
        "history",
        _("Every edit, and everything new"),
        _(
            "Nothing is changed here without an entry in the record. Both lists can be resumed "
            "where you stopped."
        ),
        (
            Example(
                _("The history of a claim"),
                _(
                    "Field by field, newest first: who (role and pseudonym), when, why, before "
                    "and after."
                ),
                "curl {site}/api/v1/claims/{claim}/history/",
            ),
            Example(
                _("The feed of all changes"),
                _(
                    "The log itself, in order. Keep the last index you read and ask for what "
                    "comes after it; -1 begins at the beginning."
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
        _("Filing evidence"),
        _(
            "Filing needs a key with the scope to file evidence, which every account can make. "
            "Photos are stored before the answer comes."
        ),
        (
            Example(
                _("Hand in a photo"),
                _(
                    "Send the same Idempotency-Key again whenever no answer came: you get the "
                    "same submission, never a second one. What you give as contact is sealed and "
                    "never public."
                ),
                "curl {site}/api/v1/submissions/ \\\n  -H 'Authorization: Bearer ac_…' \\\n  -H "
                "'Idempotency-Key: my-first-photo' \\\n  -F claim={claim_id} -F "
                "licence=cc-by-4.0 \\\n  -F narrative_lang=en -F 'narrative=No air came through "
                "the duct.' \\\n  -F photos=@duct.jpg",
            ),
            Example(
                _("What became of it"),
                _("Your own submissions, with a key that may read."),
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
                    "name": one["name"],
                    "where": one["in"],
                    "required": one.get("required", False),
                    "description": one.get("description", ""),
                }
                for one in operation.get("parameters", [])
            ],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def published() -> dict[str, str]:
    """What the examples speak of: the newest standing verdict, its claim, and a source with two
    versions."""
    found = dict(NOTHING)
    verdict = (
        Verdict.objects.current().select_related("aspect__claim").order_by("-published_at").first()
    )
    if verdict is not None:
        found |= {
            "verdict": verdict.reference,
            "claim": verdict.aspect.claim.reference,
            "claim_id": str(verdict.aspect.claim_id),
        }
    version = Version.objects.filter(number=2).exclude(digest="").order_by("-pk").first()
    if version is not None:
        found |= {
            "source": str(version.source_id),
            "at": version.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    return found


@require_safe
@everyone
def guide(request: HttpRequest) -> HttpResponse:
    """The page."""
    names = {
        **published(),
        "site": settings.SITE_URL.rstrip("/") or request.build_absolute_uri("/").rstrip("/"),
    }
    sections = [
        (
            target,
            heading,
            text,
            [(one.title, one.text, one.command.format(**names)) for one in examples],
        )
        for target, heading, text, examples in SECTIONS
    ]
    rooms: dict[str, list[dict[str, Any]]] = {}
    for one in operations():
        rooms.setdefault(one["room"], []).append(one)
    return render(request, "api_guide.html", {"sections": sections, "rooms": sorted(rooms.items())})
