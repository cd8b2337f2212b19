"""The record itself, how to check it, and the rules of judging."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import everyone
from accounts.permissions import is_run_by_one
from claims.paging import page_of
from claims.reference_resolver import resolve_reference
from ledger import proofs
from ledger.bundle import MAX_BYTES
from ledger.files import LogFiles
from ledger.models import Checkpoint, Entry
from ledger.proof import parse_proof
from reports.pages.corrections import corrections as found_corrections
from reports.pages.corrections import read as read_corrections
from reports.pages.dependencies import CHECKPOINT, CLAIMS, EDITS, VERDICTS
from reports.pages.glossary import for_readers
from reports.pages.history import FieldView, Line
from reports.pages.method import contents, to_html
from reports.pages.public_pages import public_page, shows
from reports.pages.views import gone
from reports.wording import verifier_strings
from reports.wording.event_labels import KINDS, ROLES
from ui.languages import page_language
from verdicts.models import Verdict, VerdictDocument

#: What the watchers write all day long; it hides what people did, so it is shown on demand.
ROUTINE = ("source.observed", "rows.batched")
IMMUTABLE = "public, max-age=31536000, immutable"
DOWNLOAD = {"X-Content-Type-Options": "nosniff"}


@require_safe
@everyone
@public_page
def record(request: HttpRequest) -> HttpResponse:
    """The transparency log: latest checkpoint, public key, latest entries, and how to verify
    independently."""
    try:
        head, note, key = proofs.published()
        state = {"size": head.size, "root": head.root.hex(), "note": note, "key": str(key)}
    except proofs.NotLoggedError:
        state = None
    entries = Entry.objects.all()
    outside, everything = request.GET.get("outside") == "1", request.GET.get("all") == "1"
    if outside:
        entries = entries.filter(kind__startswith="outside.")
    elif not everything:
        entries = entries.exclude(kind__in=ROUTINE)
    page = page_of(entries, request.GET, by=("-index",))
    context = {
        "state": state,
        "signed": Checkpoint.objects.order_by("-size").values_list("signed_at", flat=True).first(),
        "page": page,
        "lines": [Line.of(entry) for entry in page.rows],
        "outside": outside,
        "everything": everything,
        "here": settings.SITE_URL.rstrip("/"),
        "run_by_one": is_run_by_one(),
        "example": Verdict.objects.current()
        .order_by("-published_at")
        .values_list("reference", flat=True)
        .first()
        or "AC-…",
    }
    return render(request, "reports/record.html", context)


def _entry(index: int) -> Entry:
    if index >= 1 << 63:
        raise Http404
    return get_object_or_404(Entry, pk=index)


@require_safe
@everyone
@public_page
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One log entry, field by field, with its disclosed texts and its inclusion proof."""
    row = _entry(index)
    data = bytes(row.leaf)
    fields = json.loads(data)
    opened = proofs.openable(index)
    try:
        head, note, key = proofs.published()
    except proofs.NotLoggedError:
        head = None
    state = None
    if head is not None and index < head.size:
        hashes = parse_proof(proofs.inclusion(index)).hashes
        state = {
            "size": head.size,
            "root": head.root.hex(),
            "key": str(key),
            "note": note,
            "hashes": [digest.hex() for digest in hashes],
        }
    context = {
        "entry": row,
        "line": Line.of(row),
        "said": fields,
        "fields": [
            FieldView.of(row.object_label, name, value) for name, value in fields["fields"].items()
        ],
        "commits": [
            (
                FieldView.of(
                    row.object_label, name, opened[name].value if name in opened else None
                ),
                name in opened,
                commitment,
            )
            for name, commitment in fields["commits"].items()
        ],
        "leaf": data.decode(),
        "size": len(data),
        "hash": bytes(row.leaf_hash).hex(),
        "state": state,
        "following": Entry.objects.filter(index=index + 1).exists(),
    }
    return render(request, "reports/entry.html", context)


@require_safe
@everyone
def leaf(request: HttpRequest, index: int) -> HttpResponse:
    """The leaf's bytes, exactly as they were hashed. Only what a published checkpoint covers is
    kept by caches, and then for ever."""
    row = _entry(index)
    kept = IMMUTABLE if index < LogFiles().size() else "no-store"
    headers = {
        **DOWNLOAD,
        "Content-Disposition": f'attachment; filename="entry-{index}.json"',
        "Cache-Control": kept,
    }
    return HttpResponse(bytes(row.leaf), content_type="application/json", headers=headers)


@require_safe
@everyone
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """The inclusion proof of the entry (C2SP tlog-proof)."""
    try:
        text = proofs.inclusion(index)
    except proofs.NotLoggedError:
        raise Http404 from None
    headers = {
        **DOWNLOAD,
        "Content-Disposition": f'attachment; filename="entry-{index}.tlog-proof"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@require_safe
@everyone
def bundle(request: HttpRequest, index: int) -> HttpResponse:
    """The entry as a proof bundle to verify offline: leaf, proof, key, document and disclosed
    texts."""
    digest = json.loads(bytes(_entry(index).leaf)).get("document")
    document = None
    if digest is not None:
        body = (
            VerdictDocument.objects.filter(verdict__document_digest=digest)
            .values_list("body", flat=True)
            .first()
        )
        if body is None:
            return gone(
                request,
                _(
                    "The document published by this entry is withheld. The entry and its proof "
                    "stay."
                ),
            )
        document = json.loads(body)
    try:
        content = proofs.entry_bundle(index, document)
    except proofs.NotLoggedError:
        raise Http404 from None
    headers = {
        **DOWNLOAD,
        "Content-Disposition": f'attachment; filename="entry-{index}.bundle.json"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type="application/json", headers=headers)


@require_safe
@everyone
@public_page
def verify(request: HttpRequest) -> HttpResponse:
    """Verify a proof bundle in the browser: `?verdict=` and `?entry=` name one to fetch, any
    other is chosen as a file.

    Nothing is sent here. Without a script the page says what is checked, in order, and how to do it
    by a command.
    """
    address, named = "", ""
    if wanted := request.GET.get("verdict"):
        verdict = resolve_reference(
            Verdict.objects.public().select_related("aspect__claim"), wanted
        )
        address, named = reverse("api:verdict-proof", args=[verdict.pk]), verdict.reference
    elif (
        (number := request.GET.get("entry", "")).isascii()
        and number.isdecimal()
        and len(number) < 19
    ):
        row = _entry(int(number))
        address, named = (
            reverse("reports:bundle", args=[row.index]),
            f"{_('Log entry')} {row.index}",
        )
    words = {
        group: {code: str(text) for code, text in texts.items()}
        for group, texts in verifier_strings.groups().items()
    }
    context = {
        "address": address,
        "named": named,
        "steps": [(code, *texts) for code, texts in verifier_strings.STEPS.items()],
        "words": {
            **words,
            "kind": {kind: str(text) for kind, text in KINDS.items()},
            "role": {r: str(t) for r, t in ROLES.items()},
        },
        "limit": MAX_BYTES,
    }
    return render(request, "reports/verify.html", context)


@require_safe
@everyone
@public_page
def corrections(request: HttpRequest) -> HttpResponse:
    """Corrections, newest first, each with its reason and its log entry."""
    page = page_of(found_corrections(), request.GET, by=("-index",))
    shows(request, CHECKPOINT, CLAIMS, VERDICTS, EDITS, as_list=True)
    return render(
        request,
        "reports/corrections.html",
        {"page": page, "corrections": read_corrections(page.rows)},
    )


def _text_of(name: str) -> str:
    return (Path(settings.BASE_DIR) / "docs" / name).read_text(encoding="utf-8")


def _document(request: HttpRequest, text: str, template: str) -> HttpResponse:
    """A page of docs/ as a page of the site."""
    shows(request)
    shown = mark_safe(to_html(text))  # noqa: S308  to_html escapes everything but the tags it makes
    return render(request, template, {"text": shown, "contents": contents(text)})


@require_safe
@everyone
@public_page
def method(request: HttpRequest) -> HttpResponse:
    """How we rate, from docs/."""
    return _document(
        request,
        _text_of("method.md" if get_language() == "en" else "method.zh-Hans.md"),
        "reports/method.html",
    )


@require_safe
@everyone
@public_page
def glossary(request: HttpRequest) -> HttpResponse:
    """Which word stands for a thing in both languages, from docs/."""
    text = for_readers(_text_of("glossary.md"), page_language())
    return _document(request, text, "reports/glossary.html")
