"""What every test stands on: directories of its own, no network but loopback. The engines are
started by tests/embedded.py."""

from __future__ import annotations

import gc
import inspect
import socket
from collections.abc import Generator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from tests import clients, embedded, flushing, shared_scenes

clients.install()
flushing.install()
# Thousands of tests are objects that stay, and many more come with them. To look at all of them for
# garbage as often as Python does by itself took a sixth of the suite's own processor time.
gc.set_threshold(50_000, 20, 20)
# How long an example takes says more about what else the machine does than about the property.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each worker's database begins as a copy of one that is migrated once. (pytest-django asks for
    this fixture.)"""
    if embedded.migrated():
        connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]


@pytest.fixture(autouse=True)
def _own_directories(tmp_path: Path, settings: object) -> None:
    """No test writes into another's record, originals or reports."""
    for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR"):
        setattr(settings, name, tmp_path / name.removesuffix("_DIR").lower())


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """No test reads in the language that the last page of another was asked for in."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but loopback or a Unix socket is an error of the test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])  # type: ignore[index]  # an inet address is a tuple
            if not (host.startswith("127.") or host in {"::1", "localhost"}):
                raise AssertionError(f"a test tried to reach {host}")
        real(self, address)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: object, request: pytest.FixtureRequest) -> None:
    """A kept scene stands before the transaction of the test begins, which pytest-django does in
    this fixture."""
    if getattr(fixturedef, "argname", "") == "_django_db_helper":
        shared_scenes.before_database(request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None]:
    """A kept scene stands as long as tests ask for it."""
    try:
        return (yield)
    finally:
        shared_scenes.after_test(nextitem)


def pytest_collection_finish() -> None:
    """What was collected is no garbage."""
    gc.freeze()


def _times_itself(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    code = getattr(inspect.unwrap(item.obj), "__code__", None)
    return code is not None and not {"process_time", "perf_counter"}.isdisjoint(code.co_names)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The case is played before the browsers look at its pages, so that it is played once, in one
    worker."""
    items.sort(key=lambda item: "test_a_demo_plays_its_case" not in item.nodeid)
    if config.pluginmanager.hasplugin("_cov"):  # `make coverage`
        for item in items:
            if _times_itself(item):
                item.add_marker(pytest.mark.skip(reason="it times code, which is traced here"))
    if getattr(config.option, "loadgroup", False) and any(
        item.get_closest_marker("xdist_group") and "@" not in item.nodeid for item in items
    ):
        raise pytest.UsageError(
            "This pytest-xdist keeps no groups of tests together with this pytest: see "
            "https://github.com/pytest-dev/pytest-xdist/issues/1386 and pyproject.toml."
        )
