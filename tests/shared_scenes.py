"""Scenes that stand for more than one test: built once, and found by each test as they were built.

Building a case takes longer than most tests of it. `@kept` before a function that builds one makes
a fixture of its name. The scene is built by the first test that asks for it and stands, in a
transaction of its own, until the next test asks for another or for none; what a test does to its
rows is taken back with the test, its files are copied for each test, and so are the objects. Tests
that do not ask for it never see it; tests that commit have one of their own.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import transaction
from django.test import override_settings
from django.utils import translation

FOLDERS = ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR")
_NAMES = "_kept"  # of a module: its builders by their names


@dataclass
class StandingScene:
    """The scene that stands just now."""

    build: Callable[[], Any]
    made: Any
    folder: Path
    end: ExitStack


_now: StandingScene | None = None


def shared_scene(build: Callable[[], Any]) -> Any:
    """A fixture that gives each test a copy of what `build` made; it takes no fixtures itself."""
    build.__globals__.setdefault(_NAMES, {})[build.__name__] = build

    @pytest.fixture(name=build.__name__)
    def copied(request: pytest.FixtureRequest, db: None, tmp_path: Path) -> Any:
        if _commits(request.node):
            return build()
        assert _now is not None
        assert _now.build is build
        caches["default"].clear()  # what the test before had made of the same rows
        shutil.copytree(_now.folder, tmp_path, dirs_exist_ok=True)
        return copy.deepcopy(_now.made)

    return copied


def _commits(item: pytest.Item) -> bool:
    """Whether a test commits what it does, so that it needs a scene of its own."""
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction")) or not {
        "transactional_db",
        "live_server",
    }.isdisjoint(item.fixturenames)


def wanted(item: Any) -> Callable[[], Any] | None:
    """The builder of the scene that is to stand for a test."""
    if _commits(item):
        return None
    builders = getattr(getattr(item, "module", None), _NAMES, {})
    return next(
        (builders[name] for name in getattr(item, "fixturenames", ()) if name in builders), None
    )


def before_database(request: Any) -> None:
    """Let the scene stand that the test asks for. To be called before the test's own transaction
    begins."""
    global _now
    build = wanted(request.node)
    if build is None or _now is not None:
        return
    with ExitStack() as stack:
        blocker = request.getfixturevalue("django_db_blocker")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kept-")))
        stack.enter_context(_transaction(blocker))
        folders = {name: folder / name.removesuffix("_DIR").lower() for name in FOLDERS}
        with blocker.unblock(), override_settings(**folders), translation.override(None):
            made = build()
        _now = StandingScene(build, made, folder, stack.pop_all())


@contextmanager
def _transaction(blocker: Any) -> Iterator[None]:
    """One that is taken back in the end, whatever happened."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # as TestCase marks its own: durable blocks may stand inside
    with blocker.unblock():
        block.__enter__()
    try:
        yield
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            block.__exit__(None, None, None)


def after_test(nextitem: Any) -> None:
    """Take the scene away unless the next test asks for it too."""
    global _now
    if _now is not None and (nextitem is None or wanted(nextitem) is not _now.build):
        standing, _now = _now, None
        standing.end.close()
