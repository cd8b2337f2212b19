"""Unsafe combinations of settings, as Django system checks: each with an id, a sentence and a hint.

`refuse()` runs them when a web process, a worker or beat starts, and stops it on the first error: a
check that only runs when someone remembers to type it protects nobody. `refuse_without_keys()` asks
the database besides. Demo and tests set LOOPBACK_ONLY, which allows what is safe only where no one
else comes; the combination of that and a public name is itself an error.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from tld import get_fld

from config.hosts import name_of

BUFFERING_PROXIES = ("nginx", "ours")
_DIRECTORIES = (
    "KEYS_DIR",
    "LEDGER_DIR",
    "BLOBS_DIR",
    "RENDITIONS_DIR",
    "REPORTS_DIR",
    "PUBLISHED_DIR",
    "STATIC_ROOT",
)


def registrable(host: str) -> str:
    """What one owner registers, such as `example.co.uk`: the host itself where no public suffix is
    known (IP addresses too).

    By the Public Suffix List with its private part (github.io is a suffix), as browsers draw the
    line between sites.
    """
    host = host.rstrip(".").lower()
    return get_fld(host, fix_protocol=True, fail_silently=True, search_private=True) or ".".join(
        host.split(".")[-2:]
    )


def loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _error(code: str, sentence: str, hint: str) -> CheckMessage:
    return Error(sentence, hint=hint, id=f"asclaimed.{code}")


@register()
def hosts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """SITE_URL, ALLOWED_HOSTS, CONTENT_HOST, FETCH_LOCAL, LEDGER_ORIGIN."""
    messages: list[CheckMessage] = []
    site = urlsplit(settings.SITE_URL)
    host, content = site.hostname or "", urlsplit(f"//{settings.CONTENT_HOST}").hostname or ""
    if host and name_of(host) == name_of(content):
        hint = "Nothing of the site is answered at CONTENT_HOST."
        messages.append(_error("E012", "CONTENT_HOST is the host of SITE_URL.", hint))
    if settings.LOOPBACK_ONLY:
        public = [
            name
            for name in (host, content, *settings.ALLOWED_HOSTS)
            if not loopback(name) and name != "testserver"
        ]
        if public:
            sentence = f"LOOPBACK_ONLY is on, and {', '.join(public)} can be reached by others."
            messages.append(
                _error(
                    "E001",
                    sentence,
                    "Demo and test settings are for this machine alone; use "
                    "config.settings.production.",
                )
            )
        return messages
    if site.scheme != "https" or not host or site.path or site.query or site.username:
        messages.append(
            _error(
                "E002",
                "SITE_URL must be https:// and a host, nothing else.",
                "SITE_URL=https://record.example",
            )
        )
    if not content or registrable(host) == registrable(content):
        sentence = (
            f"CONTENT_HOST ({settings.CONTENT_HOST}) shares a registrable domain with SITE_URL."
        )
        hint = (
            "Strangers' files are served from it, and a script in one could set cookies for a "
            "sister host: use another domain."
        )
        messages.append(_error("E003", sentence, hint))
    if not settings.ALLOWED_HOSTS or any(
        name.startswith((".", "*")) for name in settings.ALLOWED_HOSTS
    ):
        hint = "Pages and feeds name the host that was asked for."
        messages.append(_error("E004", "ALLOWED_HOSTS must name each host; no wildcard.", hint))
    if settings.FETCH_LOCAL:
        hint = "It is for the demo's own company; leave it empty."
        messages.append(
            _error(
                "E005", "FETCH_LOCAL is set: sources could point the fetcher at this machine.", hint
            )
        )
    if not settings.SECOND_FACTOR_REQUIRED:
        hint = "Only demo and test settings switch it off."
        messages.append(
            _error(
                "E009",
                "SECOND_FACTOR_REQUIRED is off: a stolen password would be enough to decide and "
                "to rate.",
                hint,
            )
        )
    if settings.DEBUG:
        messages.append(
            _error("E006", "DEBUG is on.", "Its pages show settings, queries and source code.")
        )
    if getattr(settings, "REPLY_WINDOW", None):
        hint = "Only REPLY_WINDOW_DAYS counts, in working days; the shortened clock is the demo's."
        messages.append(_error("E008", "REPLY_WINDOW shortens a company's right of reply.", hint))
    if loopback(settings.LEDGER_ORIGIN.split("/")[0]):
        hint = (
            "It is signed into every checkpoint and can never change: set it before the first one."
        )
        messages.append(_error("E007", "LEDGER_ORIGIN still has the demo's name.", hint))
    return messages


@register()
def slow_connections(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Something must wait for slow senders and readers in the web server's place: it has a deadline
    for heads alone."""
    if settings.LOOPBACK_ONLY or settings.BUFFERING_PROXY in BUFFERING_PROXIES:
        return []
    sentence = (
        f"BUFFERING_PROXY is {settings.BUFFERING_PROXY!r}: it must be one of "
        f"{', '.join(BUFFERING_PROXIES)}."
    )
    hint = (
        "Four slow connections would hold the site otherwise; docs/operations.md has the "
        "configurations."
    )
    return [_error("E013", sentence, hint)]


def _server(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (
        (parts.path, 0)
        if parts.scheme in {"unix", "redis+socket"}
        else (parts.hostname or "", parts.port or 6379)
    )


@register()
def work(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Broker and cache apart; no task handed out twice."""
    messages: list[CheckMessage] = []
    if _server(settings.REDIS_URL) in {
        _server(str(cache.get("LOCATION", ""))) for cache in settings.CACHES.values()
    }:
        hint = "A full cache must evict, and a broker must never: give each its own server."
        messages.append(_error("E010", "The cache is on the broker's server.", hint))
    hard = settings.CELERY_TASK_TIME_LIMIT
    broker = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    results = settings.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS
    places = {
        "CELERY_BROKER_TRANSPORT_OPTIONS": broker.get("visibility_timeout", 0),
        "CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS": results.get("visibility_timeout", 0),
        "CELERY_VISIBILITY_TIMEOUT": settings.CELERY_VISIBILITY_TIMEOUT,
    }
    short = [name for name, seconds in places.items() if seconds < 2 * hard]
    if short:
        sentence = (
            f"The visibility timeout is under twice CELERY_TASK_TIME_LIMIT ({hard} s) in "
            f"{', '.join(short)}."
        )
        messages.append(
            _error("E011", sentence, "A task still running would be handed to a second worker.")
        )
    return messages


@register()
def directories(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Keys apart from everything that is served; no directory inside another; keys closed to other
    users."""
    messages: list[CheckMessage] = []
    paths = {name: Path(getattr(settings, name)) for name in _DIRECTORIES}
    for (name, first), (other, second) in combinations(paths.items(), 2):
        if first == second or first in second.parents or second in first.parents:
            hint = "Some of them are served to anyone, others hold secrets or originals."
            messages.append(_error("E020", f"{name} and {other} are one inside the other.", hint))
    keys = paths["KEYS_DIR"]
    if not settings.LOOPBACK_ONLY and keys.exists() and keys.stat().st_mode & 0o077:
        messages.append(
            _error("E021", f"Other users of this machine can open {keys}.", "chmod 700")
        )
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < 24:
        messages.append(
            _error(
                "E022",
                "METRICS_TOKEN is short enough to be guessed.",
                "Use 24 random characters or more.",
            )
        )
    return messages


@register()
def bucket(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What the originals' bucket needs: the SDK, and a connection that nobody reads along."""
    messages: list[CheckMessage] = []
    if not settings.S3_BUCKET:
        return messages
    if find_spec("boto3") is None:
        hint = "pip install --require-hashes -r requirements-s3.txt"
        messages.append(
            _error("E030", "S3_BUCKET is set, and the AWS SDK (boto3) is not installed.", hint)
        )
    endpoint = urlsplit(settings.S3_ENDPOINT)
    if settings.S3_ENDPOINT and (endpoint.scheme not in {"http", "https"} or not endpoint.hostname):
        messages.append(
            _error(
                "E031", "S3_ENDPOINT must be https:// and a host.", "S3_ENDPOINT=https://s3.example"
            )
        )
    elif endpoint.scheme == "http" and not loopback(endpoint.hostname or ""):
        messages.append(
            _error(
                "E031",
                "Originals would go to S3_ENDPOINT unencrypted.",
                "https://, or a server on this machine.",
            )
        )
    return messages


@register(deploy=True)
def deployed(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What an operator should look at once."""
    if settings.LOOPBACK_ONLY:
        return [
            Warning(
                "These settings are for this machine alone.",
                hint="config.settings.production",
                id="asclaimed.W001",
            )
        ]
    return []


def refuse() -> None:
    """Raise ImproperlyConfigured, naming each error and its remedy, if a check above finds one."""
    errors = [
        message
        for check in (hosts, slow_connections, work, directories, bucket)
        for message in check(None)
        if message.is_serious()
    ]
    if errors:
        raise ImproperlyConfigured(
            "Refusing to start:\n"
            + "\n".join(f"{error.id}: {error.msg} {error.hint}" for error in errors)
        )


def refuse_without_keys() -> None:
    """Raise ImproperlyConfigured, naming each key that rows depend on and that is gone.

    A database that is away, or has no tables yet, stops nobody: whoever needs a key asks again, and
    makes no new one in its place.
    """
    from config import key_files

    try:
        lost = key_files.missing()
    except DatabaseError:
        return
    finally:
        connection.close()  # whatever starts here forks, or answers in other threads
    if lost:
        hint = (
            "Put it back from where the keys were saved (docs/operations.md). Never make another."
        )
        raise ImproperlyConfigured(
            "Refusing to start:\n"
            + "\n".join(f"asclaimed.E023: {sentence} {hint}" for sentence in lost)
        )
