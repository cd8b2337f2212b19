"""What operators ask: is the process alive, is the whole ready, and the numbers.

`/healthz` asks nobody: restarting a web process does not bring a database back. `/readyz` names
each part that is not ready and nothing about why; the why is in the logs. `/metrics` is for
loopback, or for whoever holds METRICS_TOKEN: counts of submissions tell who might be talking to us.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

import jobs
import ledger
from config.unavailable import AWAY
from evidence.stores import bucket_store
from jobs import messaging

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """200 while this process answers."""
    return HttpResponse("alive\n", content_type="text/plain")


def parts() -> dict[str, bool]:
    """Each part of the whole, and whether it is ready: database, broker, sequencer (its lag),
    heartbeat (jobs pass through every queue), and the bucket of originals where there is one."""
    ready = {
        "database": False,
        "broker": messaging.broker_reachable(),
        "sequencer": False,
        "heartbeat": False,
    }
    if (originals := bucket_store()) is not None:
        ready["originals"] = originals.bucket.answers()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        ready["database"] = True
        ready["sequencer"] = ledger.read_health().lag.total_seconds() <= settings.READY_LAG_SECONDS
        ready["heartbeat"] = jobs.read_health().ready
    except AWAY as error:
        logger.warning("Not ready: %s", error)
    return ready


@require_safe
@never_cache
def readiness(request: HttpRequest) -> JsonResponse:
    """`{"ready": false, "not_ready": ["broker", "heartbeat"]}`, 503 unless every part is ready."""
    late = [name for name, well in parts().items() if not well]
    response = JsonResponse({"ready": not late, "not_ready": late}, status=503 if late else 200)
    response._has_been_logged = True  # type: ignore[attr-defined]  # an answer, not an error; Django asks for this name
    return response


class _Metrics(Collector):
    """The numbers of each app, read when they are asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("asclaimed_ready", "Whether a part is ready", labels=["part"])
        well = parts()
        for name, ready in well.items():
            up.add_metric([name], float(ready))
        yield up
        if not well["database"]:
            return
        families: dict[str, GaugeMetricFamily] = {}
        for sample in jobs.metrics():
            family = families.setdefault(
                sample.name, GaugeMetricFamily(sample.name, sample.help, labels=list(sample.labels))
            )
            family.add_metric(list(sample.labels.values()), sample.value)
        log = ledger.read_health()
        for name, help_text, value in (
            ("asclaimed_log_size", "Entries under the last signed checkpoint", log.size),
            ("asclaimed_log_pending", "Changes not yet entered", log.pending),
            ("asclaimed_log_stuck", "Changes that could not be entered", log.stuck),
            (
                "asclaimed_log_lag_seconds",
                "How long the oldest waiting change has waited",
                log.lag.total_seconds(),
            ),
        ):
            families[name] = GaugeMetricFamily(name, help_text, value=float(value))
        yield from families.values()


def _may_read_metrics(request: HttpRequest) -> bool:
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(
        offered.encode(), settings.METRICS_TOKEN.encode()
    ):
        return True
    # Behind a proxy on this machine everyone comes from loopback; a forwarded request has to show
    # the token.
    if (
        "Forwarded" in request.headers
        or "X-Forwarded-For" in request.headers
        or settings.TRUSTED_PROXIES
    ):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text."""
    if not _may_read_metrics(request):
        return HttpResponseForbidden(
            "Loopback only, or with METRICS_TOKEN.\n", content_type="text/plain"
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [
    path("healthz", alive, name="healthz"),
    path("readyz", readiness, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
