"""Reading the environment: typed, and loud about nonsense. Only settings call this."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def handed_on(**more: str) -> dict[str, str]:
    """The environment for a program that we start, with what it alone needs: a password on its
    command line could be read by others."""
    return {**os.environ, **more}


def text(name: str, default: str | None = None) -> str:
    """The variable `name`, or `default`. Raises ImproperlyConfigured when it is unset and has no
    default."""
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


def integer(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    """A whole number of at least `least`, and at most `most` where there is one."""
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be a whole number") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}: it must be at least {least}")
    if most is not None and number > most:
        raise ImproperlyConfigured(f"{name} is {number}: it must be at most {most}")
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


def refuse_another_user(*folders: Path) -> None:
    """End the process, with a sentence, if a folder that is there belongs to another user than the
    one who runs this.

    What root writes the application could not write again: the sequencer would stop, and nobody
    would see why.
    """
    me = os.geteuid()
    for folder in folders:
        if folder.exists() and (owner := folder.stat().st_uid) != me:
            theirs, mine = _user(owner), _user(me)
            raise SystemExit(
                f"{folder} belongs to {theirs}, and this runs as {mine}: what it wrote there "
                f"{theirs} could not write again. Nothing was done. Run it as {theirs}: sudo -u "
                f"{theirs} …; or, if the folder was made by mistake, give it back: chown -R "
                f"{mine} {folder}"
            )


def _user(number: int) -> str:
    """The user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def secret(path: Path) -> str:
    """The secret kept in the file `path`: generated on first use, readable by its owner alone.

    It appears complete or not at all, and of two processes that start at once both get the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # unlike rename, fails when another process was first
        draft.unlink()
    value = path.read_text().strip()
    if not value:
        raise ImproperlyConfigured(
            f"{path} is empty: put the key back, or remove the file to have another made"
        )
    return value


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a `postgresql://user:password@host:port/name?option=value` URL.

    Raises ImproperlyConfigured for any other database: the record is kept by PostgreSQL triggers.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must be a postgresql:// address: the record is kept by PostgreSQL "
            "triggers"
        )
    options = dict(parse_qsl(parts.query))
    options.setdefault(
        "connect_timeout", "5"
    )  # A database that is away is a 503 soon, not a request that hangs.
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
    """Django's CACHES entry for a `redis://`, `rediss://` or `unix://` URL; with no URL, memory of
    this process alone."""
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
    """Django's EMAIL_… settings for an `smtp://` (STARTTLS) or `smtps://user:password@host:port`
    URL.

    Raises ImproperlyConfigured for a password that would travel in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL must be smtp://host:port (with STARTTLS) or smtps://host:port"
        )
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
