"""Looking at sources. Each handler may run twice; its effects are in `work.finish()`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy

import jobs
from claims.models import Appearance, Source
from engines.fetching import Client, FetchError
from engines.storage.blobs import BlobMissingError, DamagedError, StoredBlob
from engines.storage.buckets import BucketError
from engines.text.classification import classify
from engines.text.extraction import Extract, extract
from evidence.sources import monitoring
from evidence.sources.actions import WATCHER, ObservationData, locate_appearance, record_observation
from evidence.sources.models import Observation, Version, Watch
from evidence.sources.states import PRESENT, ObservationResult
from evidence.stores import BUCKET_AGAIN, CAPTURE_LIMIT, original_file, originals
from ledger import erasure

# A sweep holds the rows that it asks for; looks that just ended wait for it.
SWEEP_SECONDS = 5.0
# "Nothing changed" is the server's own word: once a day it has to show the page itself.
TRUSTED_FOR = timedelta(days=1)


def client() -> Client:
    """The only way out: the safe client, with the hosts that this installation may visit on
    loopback."""
    return Client(settings.FETCH_USER_AGENT, local=settings.FETCH_LOCAL)


def visit(
    url: str, conditions: dict[str, str], latest: Version | None, looked_at: datetime
) -> tuple[ObservationData, dict[str, str] | None]:
    """Fetch an address, tell what came back and store its bytes. Returns that, and the server's
    marks for the next look where it gave any. Everything that an untrusted server can do to us, it
    does in here; the database is not asked."""
    try:
        response = client().get(url, headers=conditions)
    except FetchError as failure:
        seen = classify(asked=url, failure=failure.kind)
        return ObservationData(
            type=str(seen.type), looked_at=looked_at, reason=failure.sentence, final_url=failure.url
        ), None
    content_type = response.header("content-type")
    text = (
        extract(response.body, content_type, response.url) if 200 <= response.status < 300 else None
    )
    seen = classify(
        asked=url, status=response.status, headers=response.headers, final_url=response.url,
        body=response.body, extract=text,
        previous=latest.body if latest else None, previous_url=latest.capture.url if latest else "",
    )  # fmt: skip
    looked = ObservationData(
        type=str(seen.type), looked_at=looked_at, reason=seen.reason, status=response.status,
        final_url=response.url,
        elapsed_ms=int(response.elapsed * 1000), extract=text, content_type=content_type,
    )  # fmt: skip
    if looked.type == ObservationResult.OK:
        stored = _store(response.body)
        looked = replace(looked, digest=stored.sha256, size=stored.size)
    if looked.type not in PRESENT or text is None:
        return looked, None
    return looked, {
        "etag": response.header("etag")[:300],
        "last_modified": response.header("last-modified")[:60],
    }


@jobs.handler("evidence.observe", queue="watch")
def observe(work: jobs.Work) -> None:
    """Visit a source once: fetch, tell what came back, store the bytes, then record what
    follows."""
    source = Source.objects.get(pk=work.payload["source"])
    if not source.watched:
        return
    latest = (
        Version.objects.filter(source=source).select_related("capture").order_by("-number").first()
    )
    looked_at = timezone.now()
    looked, validators = visit(
        source.url, _conditions(source, latest, looked_at), latest, looked_at
    )
    if (
        looked.type in PRESENT
        and looked.extract is not None
        and latest is not None
        and looked.extract.text != latest.body
    ):
        looked = replace(looked, reread=_reread(latest, looked.extract))
    with work.finish():
        if not _still_wanted(source):
            return
        observation = record_observation(
            by=WATCHER, source=source, looked=looked, now=timezone.now()
        )
        if validators is not None and observation.version_id is not None:
            # Always those of the newest text, or none:
            # an older one would later vouch for the wrong text.
            Watch.objects.filter(source=source).update(**validators)


def _still_wanted(source: Source) -> bool:
    """Whether a look may be recorded: not where the source is watched no more, or its text was
    erased while it was looked at."""
    erasure.block_erasure()
    held = Source.objects.select_for_update().get(pk=source.pk)
    latest = Version.objects.filter(source=held).order_by("-number").first()
    return held.watched and not (latest is not None and latest.withheld)


def _reread(latest: Version, by: Extract) -> Extract | None:
    """The bytes of the latest version as the extractor of today reads them; None where it read them
    already, or they are gone."""
    if (latest.extractor, latest.extractor_version) == (
        by.extractor,
        by.version,
    ) or latest.withheld:
        return None
    try:
        content = original_file(latest.capture.digest).read_bytes()
    except (BlobMissingError, DamagedError):
        return None  # then nobody can say whose doing a difference is, and nobody is accused
    return extract(content, latest.capture.content_type, latest.capture.url)


def _conditions(source: Source, latest: Version | None, now: datetime) -> dict[str, str]:
    """What lets the server say "nothing changed" instead of sending the page again."""
    watch = Watch.objects.filter(source=source).first()
    lately = Observation.objects.filter(source=source, status=200, looked_at__gt=now - TRUSTED_FOR)
    if watch is None or latest is None or not lately.exists():
        return {}
    return {
        name: value
        for name, value in (
            ("if-none-match", watch.etag),
            ("if-modified-since", watch.last_modified),
        )
        if value
    }


@jobs.handler("evidence.locate_appearance", queue="watch", together=True)
def locate(work: jobs.Work) -> None:
    """Look for a newly placed claim in the versions that are there already."""
    appearance = Appearance.objects.select_related("claim").get(pk=work.payload["appearance"])
    with work.finish():
        locate_appearance(by=WATCHER, appearance=appearance, now=timezone.now())


@jobs.periodic("evidence.watch", every=max(settings.WATCH_EVERY / 2, timedelta(seconds=1)))
def watch() -> None:
    """Ask for a look at every source whose time has come, until none is left or the time of one
    sweep is over: then another follows."""
    _go_on(monitoring.sweep(now=timezone.now(), seconds=SWEEP_SECONDS))


@jobs.handler("evidence.watch_rest", queue="tick")
def watch_rest(work: jobs.Work) -> None:
    """What a sweep left for the next, at once rather than half a period later."""
    with work.finish():
        _go_on(monitoring.sweep(now=timezone.now(), seconds=SWEEP_SECONDS))


def _go_on(rest: bool) -> None:
    if rest:
        jobs.enqueue("evidence.watch_rest", {}, key=f"watch_rest:{uuid4()}")


@jobs.alarm(
    "asclaimed_looks_overdue",
    "Sources whose look is late",
    lazy("Checks that are late: %(count)s. Start more workers for the queue watch."),
)
def observations_overdue() -> int:
    """How many sources are looked at later than they should be."""
    return monitoring.overdue(timezone.now())


def _store(content: bytes) -> StoredBlob:
    """Raises jobs.Retry while the bucket is away: the look is done again then."""
    try:
        return originals().put(content, limit=CAPTURE_LIMIT)
    except BucketError as error:
        raise jobs.Retry(error.strerror, after=BUCKET_AGAIN) from error
