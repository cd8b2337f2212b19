"""Answers that cost much: made once, by one request at a time, and so many for each address."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

T = TypeVar("T")
CACHE_SECONDS = 60 * 60


class TooManyReadsError(Throttled):
    """429: an address asked for more costly answers within a minute than one may. `wait` says for
    how many seconds to wait."""

    default_detail = (
        "Too many expensive requests from this address within a minute. Try again in a minute."
    )


def count_request(
    name: str, request: HttpRequest | Request, most: int, refusal: Callable[[int], Throttled]
) -> None:
    """Note one more of `name` from an address within this minute. Raises `refusal(seconds to wait)`
    if that is more than `most`."""
    minute, into = divmod(time.time(), 60)
    key = f"{name}:{get_adapter().get_client_ip(request)}:{minute:.0f}"
    cache.add(key, 0, timeout=120)
    if cache.incr(key) > most:
        raise refusal(max(1, round(60 - into)))


def count_expensive_read(request: HttpRequest | Request) -> None:
    """Note a costly answer. Raises TooManyReadsError. While the cache is away nothing is counted:
    reading goes on."""
    with suppress(RedisError):
        count_request(
            "expensive-reads",
            request,
            settings.EXPENSIVE_READS,
            lambda wait: TooManyReadsError(wait=wait),
        )


class ComputeOnce(Generic[T]):
    """What was made, by key, in the memory of this process: the `most` that were asked for last. Of
    several at once, one makes it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is held under the key, or what `make` gives."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            turn = self._making.setdefault(key, Lock())
        with turn:
            with self._lock:
                if key in self._held:
                    return self._held[key]
            try:
                made = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._held[key] = made
                while len(self._held) > self._most:
                    self._held.popitem(last=False)
        return made


_pictures_here: ComputeOnce[bytes] = ComputeOnce(200)


def cached_picture(
    request: HttpRequest, kind: str, content: str, make: Callable[[], bytes]
) -> bytes:
    """A picture of `content`, which says all that the picture depends on: from memory, from the
    cache that all processes share, or made.

    Raises TooManyReadsError only where it has to be made.
    """
    key = f"picture:{kind}:{hashlib.sha256(content.encode()).hexdigest()}"

    def shared() -> bytes:
        stored = None
        with suppress(RedisError):
            stored = cache.get(key)
        if isinstance(stored, bytes):
            return stored
        count_expensive_read(request)
        made = make()
        with suppress(RedisError):
            cache.set(key, made, timeout=CACHE_SECONDS)
        return made

    return _pictures_here.get(key, shared)
