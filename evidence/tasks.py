"""The work of this room: looking at sources, reading photos. Each handler may run twice; its effects are in `work.finish()`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

import jobs
import ledger
from claims.models import Appearance, Source
from evidence import decoding
from evidence.actions.filing import mark_read
from evidence.actions.looking import WATCHER, Looked, record_look, sight_appearance
from evidence.fetching import Client, FetchFailed
from evidence.models import Exhibit, Rendition, Version, Watch
from evidence.states import PRESENT, ExhibitStatus, LookType, Provenance
from evidence.stores import originals, renditions

CAPTURE_LIMIT = 50 * 1024 * 1024
SWEEP = 500


def client() -> Client:
    """The only way out: the safe client, with the hosts that this installation may visit on loopback."""
    return Client(settings.FETCH_USER_AGENT, local=settings.FETCH_LOCAL)


@jobs.handler("evidence.look", queue="watch")
def look(work: jobs.Work) -> None:
    """Visit a source once: fetch, tell what came back, store the bytes, then record what follows."""
    from evidence.extraction import extract
    from evidence.looking import classify

    source = Source.objects.get(pk=work.payload["source"])
    watch = Watch.objects.filter(source=source).first()
    latest = Version.objects.filter(source=source).order_by("-number").first()
    headers = {}
    if latest is not None and watch is not None:
        headers = {name: value for name, value in (("if-none-match", watch.etag), ("if-modified-since", watch.last_modified)) if value}
    looked_at = timezone.now()
    etag = last_modified = ""
    try:
        response = client().get(source.url, headers=headers)
    except FetchFailed as failure:
        seen = classify(asked=source.url, failure=failure.kind)
        looked = Looked(type=str(seen.type), looked_at=looked_at, reason=failure.sentence, final_url=failure.url)
    else:
        content_type = response.header("content-type")
        text = extract(response.body, content_type, response.url) if response.status == 200 else None
        seen = classify(
            asked=source.url, status=response.status, headers=response.headers, final_url=response.url, body=response.body, extract=text,
            previous=latest.body if latest else None,
        )  # fmt: skip
        looked = Looked(
            type=str(seen.type), looked_at=looked_at, reason=seen.reason, status=response.status, final_url=response.url,
            elapsed_ms=int(response.elapsed * 1000), extract=text, content_type=content_type,
        )  # fmt: skip
        if seen.type == LookType.OK:
            stored = originals().put(response.body, limit=CAPTURE_LIMIT)
            looked = Looked(**{**vars(looked), "digest": stored.sha256, "size": stored.size})
        if str(seen.type) in PRESENT:
            etag, last_modified = response.header("etag")[:300], response.header("last-modified")[:60]
    with work.finish():
        record_look(by=WATCHER, source=source, looked=looked, now=timezone.now())
        if etag or last_modified:
            Watch.objects.filter(source=source).update(etag=etag, last_modified=last_modified)


@jobs.handler("evidence.sight_appearance", queue="watch")
def sight(work: jobs.Work) -> None:
    """Look for a newly placed claim in the versions that are there already."""
    appearance = Appearance.objects.select_related("claim").get(pk=work.payload["appearance"])
    with work.finish():
        sight_appearance(by=WATCHER, appearance=appearance, now=timezone.now())


@jobs.periodic("evidence.watch", every=max(settings.WATCH_EVERY / 2, timedelta(seconds=1)))
def watch() -> None:
    """Ask for a look at every source whose time has come; a sweep takes a bounded number, the next one goes on."""
    now = timezone.now()
    missing = Source.objects.watched().filter(watch=None).values_list("pk", flat=True)[:SWEEP]
    Watch.objects.bulk_create([Watch(source_id=pk, next_look_at=now) for pk in missing], ignore_conflicts=True)
    due = Watch.objects.filter(next_look_at__lte=now, source__watched=True).order_by("next_look_at")
    for row in due.select_for_update(skip_locked=True, of=("self",))[:SWEEP]:
        jobs.enqueue("evidence.look", {"source": str(row.source_id)}, key=f"look:{row.source_id}:{row.next_look_at.timestamp():.6f}")
        Watch.objects.filter(pk=row.pk).update(next_look_at=now + settings.WATCH_EVERY)


@jobs.handler("evidence.read_exhibit", queue="decode")
def read_exhibit(work: jobs.Work) -> None:
    """Read one photo in the decoder child: renditions, fingerprint, sealed metadata; or the reason why it cannot be shown."""
    exhibit = Exhibit.objects.get(pk=work.payload["exhibit"])
    if exhibit.status == ExhibitStatus.READY:
        return
    digest = str(ledger.unseal(exhibit, "digest"))
    match decoding.decode(originals().path(digest)):
        case decoding.Refused() as refused:
            if not refused.final and work.attempt < 3:
                raise jobs.Retry(f"decoder: {refused.code}")
            with work.finish():
                mark_read(by=WATCHER, exhibit=exhibit, now=timezone.now(), outcome=str(refused.code), status=ExhibitStatus.UNREADABLE)
        case decoding.Decoded() as photo:
            made = [(one, renditions().put(one.data, limit=CAPTURE_LIMIT)) for one in photo.renditions]
            with work.finish():
                fields: dict[str, Any] = {
                    "status": ExhibitStatus.READY, "media_type": f"image/{photo.format.lower()}", "width": photo.width, "height": photo.height,
                    "pdq": list(photo.pdq_all8), "pdq_quality": photo.pdq_quality, "provenance": provenance_of(photo.metadata),
                }  # fmt: skip
                mark_read(
                    by=WATCHER, exhibit=exhibit, now=timezone.now(), outcome="ready",
                    metadata=json.dumps(photo.metadata, ensure_ascii=False), **fields,
                )  # fmt: skip
                for one, stored in made:
                    Rendition.objects.update_or_create(
                        exhibit=exhibit, name=one.name,
                        defaults={"digest": stored.sha256, "media_type": one.mime, "width": one.width, "height": one.height, "size": stored.size},
                    )  # fmt: skip


def provenance_of(metadata: dict[str, str | int]) -> str:
    """P2 when the file names its camera and its time, as an original does; else P1: hashed on arrival (DESIGN §6)."""
    return Provenance.P2 if {"make", "model", "taken_at"} <= metadata.keys() else Provenance.P1


@jobs.periodic("evidence.sweep_files", every=timedelta(hours=6))
def sweep_files() -> None:
    """Remove renditions that no row names. Originals are swept by the operators' command alone."""
    known = set(Rendition.objects.values_list("digest", flat=True).iterator())
    renditions().sweep(known, older_than=timedelta(days=1))

