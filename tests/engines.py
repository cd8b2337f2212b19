"""Starts the engines before anything reads the settings: loaded by `-p tests.engines` (pyproject.toml).

A conftest would be too late: pytest-django reads the settings, and with them DATABASE_URL, before any conftest is imported.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from config.engines import Postgres, Valkey

_running: list[Postgres | Valkey] = []
_scratch: list[Path] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Start the engines once per run; workers of xdist inherit the addresses through the environment."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        scratch = Path(tempfile.mkdtemp(prefix="asclaimed-"))
        _scratch.append(scratch)
        os.environ.setdefault("DATA_DIR", str(scratch))
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(scratch / "postgres", durable=False)
            postgres.start()
            _running.append(postgres)
            os.environ["DATABASE_URL"] = postgres.url
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(scratch / "valkey", durable=False)
            valkey.start()
            _running.append(valkey)
            os.environ["REDIS_URL"] = valkey.url
    return (yield)


def pytest_unconfigure() -> None:
    for engine in reversed(_running):
        engine.stop()
    for path in _scratch:
        shutil.rmtree(path, ignore_errors=True)
