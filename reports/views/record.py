"""The record itself, how to check it, and the rules of judging."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.doors import everyone
from claims.paging import page_of
from ledger import proofs
from ledger.models import Checkpoint, Entry
from reports.history import Line
from reports.method import to_html

DOWNLOAD = {"X-Content-Type-Options": "nosniff"}


@require_safe
@everyone
def record(request: HttpRequest) -> HttpResponse:
    """The last checkpoint, the key, the newest entries, and how anyone checks them without us."""
    try:
        head, note, key = proofs.published()
        state = {"size": head.size, "root": head.root.hex(), "note": note, "key": str(key)}
    except proofs.NotLogged:
        state = None
    entries = Entry.objects.all()
    outside = request.GET.get("outside") == "1"
    if outside:
        entries = entries.filter(kind__startswith="outside.")
    page = page_of(entries, request.GET, by=("-index",))
    context = {
        "state": state,
        "signed": Checkpoint.objects.order_by("-size").values_list("signed_at", flat=True).first(),
        "page": page,
        "lines": [Line.of(entry) for entry in page.rows],
        "outside": outside,
    }
    return render(request, "reports/record.html", context)


def _entry(index: int) -> Entry:
    if index >= 1 << 63:
        raise Http404
    return get_object_or_404(Entry, pk=index)


@require_safe
@everyone
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry: its leaf, what of it is open to everyone, and its proof."""
    found = _entry(index)
    leaf = bytes(found.leaf)
    opened = {name: one.value for name, one in proofs.openable(index).items()}
    context = {
        "entry": found,
        "line": Line.of(found),
        "leaf": json.dumps(json.loads(leaf), ensure_ascii=False, indent=2),
        "size": len(leaf),
        "hash": bytes(found.leaf_hash).hex(),
        "opened": json.dumps(opened, ensure_ascii=False, indent=2, sort_keys=True) if opened else "",
        "logged": Checkpoint.objects.filter(size__gt=index).exists(),
    }
    return render(request, "reports/entry.html", context)


@require_safe
@everyone
def leaf(request: HttpRequest, index: int) -> HttpResponse:
    """The leaf's bytes, exactly as they were hashed."""
    headers = {**DOWNLOAD, "Content-Disposition": f'attachment; filename="entry-{index}.json"', "Cache-Control": "public, max-age=31536000"}
    return HttpResponse(bytes(_entry(index).leaf), content_type="application/json", headers=headers)


@require_safe
@everyone
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """The proof that the entry stands in the published tree (C2SP tlog-proof)."""
    try:
        text = proofs.inclusion(index)
    except proofs.NotLogged:
        raise Http404 from None
    headers = {**DOWNLOAD, "Content-Disposition": f'attachment; filename="entry-{index}.tlog-proof"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@require_safe
@everyone
def method(request: HttpRequest) -> HttpResponse:
    """The rules of judging, from docs/."""
    name = "method.md" if get_language() == "en" else "method.zh-Hans.md"
    text = (Path(settings.BASE_DIR) / "docs" / name).read_text(encoding="utf-8")
    shown = mark_safe(to_html(text))  # noqa: S308  to_html escapes everything but the tags it makes
    return render(request, "reports/method.html", {"text": shown})
