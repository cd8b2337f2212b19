"""Public pages as they went out once, given again until something that they show was changed.

A page is kept with the keys of what it shows (reports.pages.dependencies). What was changed since
is asked of the database at most every LEASE seconds and process, by transactions: those that the
snapshot of the last asking did not show and this one does. Numbers of rows would not do, because
they are drawn before a transaction commits; a snapshot names those that are still open, however
long they take. While the database cannot be asked, nothing kept is given.

So a page is at most LEASE older than the last commit, and who has hidden something and waits for
longer than that (`settle`) knows that no process shows it any more. Lists, which many changes
concern, are given for one second longer, but not when something was hidden.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django.db import Error, connections

from reports.pages.dependencies import EVERYTHING, LISTS

log = logging.getLogger(__name__)

#: For how many seconds an answer of the database holds.
LEASE: Final = 0.25
#: For how many seconds a list is given after something in it was changed.
LIST_SECONDS: Final = 1.0
#: Who did not ask for so many seconds forgets every page: changes are kept for longer than this
#: (reports.page_changes).
SILENCE: Final = 300.0
#: How many keys a cache remembers as changed, for pages that are being made meanwhile.
_REMEMBERED: Final = 10_000

_CHANGES = """
    SELECT pg_current_snapshot()::text, pg_postmaster_start_time()::text, (
        SELECT coalesce(array_agg(DISTINCT key), '{}') FROM reports_pagechange
        WHERE transaction >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
            AND NOT pg_visible_in_snapshot(transaction, %(seen)s::pg_snapshot)
    )
"""
_PATIENCE = "SET statement_timeout = '2s'"
_FIRST = "SELECT pg_current_snapshot()::text, pg_postmaster_start_time()::text, '{}'::text[]"


@dataclass(frozen=True)
class Changes:
    """What one asking told: the keys of all that became visible since the asking before."""

    keys: frozenset[str]
    #: Nothing is known of before: this is the first asking, or of another server.
    first: bool = False


class Follower:
    """Asks the database what was changed, over a connection of its own."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._seen = ""
        self._server = ""
        self._patience = False

    def ask(self) -> Changes:
        """What was changed since the last asking. Raises django.db.Error while it cannot be told;
        the next asking then tells all of it."""
        if self._connection is None:
            self._connection = connections.create_connection("default")
            self._connection.inc_thread_sharing()
        try:
            with self._connection.cursor() as cursor:
                if not self._patience:
                    cursor.execute(_PATIENCE)
                    self._patience = True
                cursor.execute(_CHANGES if self._seen else _FIRST, {"seen": self._seen})
                seen, server, keys = cursor.fetchone()
        except Error:
            self.close()
            raise
        first = server != self._server
        self._seen, self._server = seen, server
        return Changes(frozenset(keys), first)

    def close(self) -> None:
        """Give the connection up; the next asking makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection, self._patience = None, False


@dataclass(frozen=True)
class Page:
    """What goes out for one address: its bytes, plain and compressed, and its headers."""

    body: bytes
    packed: bytes
    etag: str
    headers: tuple[tuple[str, str], ...]
    keys: frozenset[str]
    is_list: bool = False

    @property
    def size(self) -> int:
        """The bytes that it holds."""
        return len(self.body) + len(self.packed)


@dataclass
class _Kept:
    page: Page
    until: float | None = None


Address = tuple[str, ...]


@dataclass
class PageCache:
    """Pages by address, at most `most` bytes of them; what was asked for least lately goes
    first."""

    most: int
    follower: Follower = field(default_factory=Follower)
    clock: Callable[[], float] = time.monotonic
    _pages: OrderedDict[Address, _Kept] = field(default_factory=OrderedDict)
    _by_key: dict[str, set[Address]] = field(default_factory=dict)
    #: At which asking each key was last told.
    _told: dict[str, int] = field(default_factory=dict)
    #: Pages that were begun before this asking are not kept.
    _least: int = 0
    _asking: int = 0
    _asked_at: float = float("-inf")
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, address: Address, *, now: bool = False) -> Page | None:
        """The page of an address, or None: it is not kept, or it cannot be told whether it still
        holds. `now`: as of this moment, for who just changed something."""
        kept = self._pages.get(address)
        if kept is None or not self._is_current(now):
            return None
        kept = self._pages.get(address)
        if kept is None or (kept.until is not None and (now or self.clock() >= kept.until)):
            return None
        with suppress(KeyError):  # dropped by another thread in this moment
            self._pages.move_to_end(address)
        return kept.page

    def begin(self) -> int | None:
        """Before a page is made: the asking from which on changes are too late for it. None while
        nothing can be kept."""
        return self._asking if self._is_current(now=False) else None

    def put(self, address: Address, page: Page, begun: int) -> None:
        """Keep a page that was begun at the asking `begun`, unless what it shows was changed
        since."""
        with self._lock:
            changed = any(self._told.get(key, 0) > begun for key in page.keys)
            hidden = page.is_list and self._told.get(LISTS, 0) > begun
            if begun < self._least or hidden or (changed and not page.is_list):
                return
            self._remove(address)
            self._pages[address] = _Kept(page, self.clock() + LIST_SECONDS if changed else None)
            self._bytes += page.size
            for key in page.keys:
                self._by_key.setdefault(key, set()).add(address)
            while self._bytes > self.most:
                self._remove(next(iter(list(self._pages))))

    def clear(self) -> None:
        """Forget every page, and ask before the next one."""
        with self._lock:
            self._forget()
            self._asked_at = float("-inf")
            self.follower.close()

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, address: object) -> bool:
        return address in self._pages

    # ── asking ────────────────────────────────────────────────────────────────────────────────────

    def _is_current(self, now: bool) -> bool:
        if not now and self.clock() - self._asked_at < LEASE:
            return True
        wanted = self.clock() if now else float("-inf")
        with self._lock:
            # Who waited for the lock may find that another has asked meanwhile.
            if self._asked_at > wanted and self.clock() - self._asked_at < LEASE:
                return True
            return self._ask()

    def _ask(self) -> bool:
        began = self.clock()
        try:
            changes = self.follower.ask()
        except Error as error:
            log.warning("no kept page is given: the database cannot be asked (%s)", error)
            return False
        self._asking += 1
        if changes.first or began - self._asked_at > SILENCE or EVERYTHING in changes.keys:
            self._forget()
        else:
            self._drop(changes.keys)
        self._asked_at = began
        return self.clock() - began < LEASE  # slower than that, it is old when it comes

    def _drop(self, keys: Iterable[str]) -> None:
        keys = frozenset(keys)
        hidden = LISTS in keys
        for key in keys:
            self._told[key] = self._asking
            for address in list(self._by_key.get(key, ())):
                kept = self._pages[address]
                if not kept.page.is_list:
                    self._remove(address)
                elif kept.until is None:
                    kept.until = self.clock() + LIST_SECONDS
        if hidden:
            for address in [each for each, kept in list(self._pages.items()) if kept.page.is_list]:
                self._remove(address)
        if len(self._told) > _REMEMBERED:
            self._told.clear()
            self._least = self._asking

    def _forget(self) -> None:
        self._pages.clear()
        self._by_key.clear()
        self._told.clear()
        self._bytes = 0
        self._least = self._asking

    def _remove(self, address: Address) -> None:
        kept = self._pages.pop(address, None)
        if kept is None:
            return
        self._bytes -= kept.page.size
        for key in kept.page.keys:
            if held := self._by_key.get(key):
                held.discard(address)
                if not held:
                    del self._by_key[key]


def settle() -> None:
    """Wait until no process gives a page any more that was kept before the last commit. For who has
    hidden something, before saying that it is done."""
    time.sleep(settings.PAGE_SETTLE_SECONDS)
