"""Reading the environment: typed, and loud about nonsense. Only settings call this."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def handed_on(**more: str) -> dict[str, str]:
    """The environment for a program that we start, with what it alone needs: a password on its command line could be read by others."""
    return {**os.environ, **more}


def text(name: str, default: str | None = None) -> str:
    """The variable `name`, or `default`. Raises ImproperlyConfigured when it is unset and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} must be set")
    return value


def boolean(name: str, default: bool) -> bool:
    """`1`, `true`, `yes`, `on` or `0`, `false`, `no`, `off`."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: it must be yes or no")


def integer(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be a whole number") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}: it must be at least {least}")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty items are dropped."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def mapping(name: str) -> dict[str, str]:
    """Comma-separated `key=value` pairs."""
    pairs = {}
    for item in words(name):
        key, equals, value = item.partition("=")
        if not equals or not key or not value:
            raise ImproperlyConfigured(f"{name} has {item!r}: it must be a list of key=value")
        pairs[key] = value
    return pairs


def directory(name: str, default: Path) -> Path:
    """An absolute directory; it is made when first written to."""
    return Path(os.environ.get(name) or default).resolve()


def secret(path: Path) -> str:
    """The secret kept in the file `path`: generated on first use, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        value = secrets.token_urlsafe(48)
        file.write(value)
    return value


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a `postgresql://user:password@host:port/name?option=value` URL.

    Raises ImproperlyConfigured for any other database: the record is kept by PostgreSQL triggers.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must be a postgresql:// address: the record is kept by PostgreSQL triggers")
    options = dict(parse_qsl(parts.query))
    options.setdefault("connect_timeout", "5")  # A database that is away is a 503 soon, not a request that hangs.
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def cache(url: str) -> dict[str, object]:
    """Django's CACHES entry for a `redis://`, `rediss://` or `unix://` URL; with no URL, memory of this process alone."""
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured("CACHE_URL must be a redis://, rediss:// or unix:// address")
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        "KEY_PREFIX": "asclaimed",
    }


def mail(url: str) -> dict[str, object]:
    """Django's EMAIL_… settings for an `smtp://` (STARTTLS) or `smtps://user:password@host:port` URL.

    Raises ImproperlyConfigured for a password that would travel in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must be smtp://host:port (with STARTTLS) or smtps://host:port")
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit,
        "EMAIL_TIMEOUT": 10,
    }


def broker(url: str) -> str:
    """The same address as Celery spells it: Unix sockets have a scheme of their own there."""
    return url.replace("unix://", "redis+socket://", 1)
