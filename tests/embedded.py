"""Starts the engines before anything reads the settings: loaded by `-p tests.embedded`
(pyproject.toml).

A conftest would be too late: pytest-django reads the settings, and with them DATABASE_URL, before
any conftest is imported.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.embedded import Postgres, Valkey

_running: list[Postgres | Valkey] = []
_scratch: list[Path] = []
_migrating: list[subprocess.Popen[bytes]] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Start the engines once per run; workers of xdist inherit the addresses through the
    environment."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        scratch = Path(tempfile.mkdtemp(prefix="asclaimed-"))
        _scratch.append(scratch)
        os.environ.setdefault("DATA_DIR", str(scratch))
        if not os.environ.get("DATABASE_URL"):
            postgres = Postgres(scratch / "postgres", durable=False)
            postgres.start()
            _running.append(postgres)
            os.environ["DATABASE_URL"] = postgres.url
            os.environ["MIGRATING"] = str(scratch / "migrating")
            _migrate(scratch / "migrating")
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(scratch / "valkey", durable=False)
            valkey.start()
            _running.append(valkey)
            os.environ["REDIS_URL"] = valkey.url
    return (yield)


def _migrate(lock: Path) -> None:
    """Begin to fill the engine's own database, which every worker's is a copy of, while they
    collect their tests.

    The process holds `lock` as long as it lives. Should it fail, the copies are migrated by
    themselves and say why.
    """
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity=0"]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
        _migrating.append(subprocess.Popen(command, env=environment, pass_fds=[held.fileno()]))


def migrated() -> bool:
    """Wait until the engine's own database is filled. False if the engine is not one that was
    started here."""
    if "MIGRATING" not in os.environ:
        return False
    with open(os.environ["MIGRATING"]) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    return True


def pytest_unconfigure() -> None:
    for process in _migrating:
        process.kill()  # who needs no database does not wait for it
        process.wait()
    for engine in reversed(_running):
        engine.stop()
    for path in _scratch:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def models_in(engine: Postgres, folder: Path) -> Iterator[None]:
    """The test's database is this engine's meanwhile, with the tables, rows and triggers of the one
    before. `folder` takes the copy."""
    from django.db import connection  # not before the settings are there

    from config import backups

    before, dump = dict(connection.settings_dict), str(folder / "models.dump")
    backups._run(
        "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--file={dump}",
        backups._address(),
    )
    connection.close()
    connection.settings_dict.update(
        HOST=str(engine.sockets), NAME="asclaimed", PORT="", USER="postgres", PASSWORD=""
    )
    try:
        backups._run(
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            f"--dbname={backups._address()}",
            dump,
        )
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
