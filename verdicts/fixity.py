"""Published verdicts: the document's row against the digest in the verdict's leaf, and the file
that is served against the row.

A verdict whose document an erasure withheld (verdicts.erasure) has neither. The file is written by
a job some moments after the row; until then the row answers, so a file that is merely late is no
fault.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from ledger import fixity
from verdicts.erasure import is_withheld
from verdicts.models import Verdict
from verdicts.published_files import path_of

BATCH = 500
LATE = timedelta(minutes=10)


def register() -> None:
    """Have `verify_record` read this app's files."""
    fixity.register("verdicts", documents)
    fixity.register("published verdicts", files)


def documents() -> Iterator[fixity.FileOrFault]:
    """The row of every published document, against the SHA-256 in the verdict."""
    rows = (
        Verdict.objects.public()
        .order_by()
        .values_list("pk", "reference", "document_digest", "verdictdocument__body")
    )
    for pk, reference, digest, body in rows.iterator(chunk_size=BATCH):
        what = f"the document of verdict {reference}"
        if body is not None:
            yield partial(io.BytesIO, body.encode()), digest, what
        elif not is_withheld(pk):
            yield f"{what} is missing, and no erasure withheld it"


def files() -> Iterator[fixity.FileOrFault]:
    """Every served file against its row; and files that no published verdict has, which the front
    would serve all the same."""
    late = timezone.now() - LATE
    rows = Verdict.objects.public().exclude(verdictdocument=None).order_by()
    for pk, reference, published_at, successor, body in rows.values_list(
        "pk", "reference", "published_at", "superseded_by", "verdictdocument__body"
    ).iterator(chunk_size=BATCH):
        path = path_of(str(pk))
        what = f"the published file of verdict {reference} (it can be written again from its row)"
        if path.exists() or published_at is None or published_at < late:
            yield path, hashlib.sha256(body.encode()).hexdigest(), what
        if path.with_suffix(".successor").exists():
            named = hashlib.sha256(str(successor).encode()).hexdigest()
            yield (
                path.with_suffix(".successor"),
                named,
                f"the successor that is published for verdict {reference}",
            )
    yield from _unexpected_files(Path(settings.PUBLISHED_DIR) / "verdicts")


def _unexpected_files(folder: Path) -> Iterator[str]:
    names: list[Path] = []
    for path in folder.glob("*.*"):
        if path.name.startswith("."):
            continue  # a draft of a file that is being written
        names.append(path)
        if len(names) == BATCH:
            yield from _without_document(names)
            names = []
    yield from _without_document(names)


def _without_document(paths: list[Path]) -> Iterator[str]:
    public = Verdict.objects.public().filter(pk__in=[pk for path in paths if (pk := _named(path))])
    known = {
        f"{pk}.json" for pk in public.exclude(verdictdocument=None).values_list("pk", flat=True)
    }
    known |= {f"{pk}.successor" for pk in public.values_list("pk", flat=True)}
    for path in paths:
        if path.name not in known:
            yield f"the file {path.name} among the published verdicts belongs to none"


def _named(path: Path) -> UUID | None:
    try:
        return UUID(path.stem)
    except ValueError:
        return None
