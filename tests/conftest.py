"""What every test stands on: engines of its own, directories of its own, no network but loopback."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.engines import Postgres, Valkey

_running: list[Postgres | Valkey] = []
_scratch: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the engines once per run; workers of xdist inherit the addresses through the environment."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
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


def pytest_unconfigure(config: pytest.Config) -> None:
    for engine in reversed(_running):
        engine.stop()
    for path in _scratch:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_directories(tmp_path: Path, settings: object) -> None:
    """No test writes into another's record, originals or reports."""
    for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR"):
        setattr(settings, name, tmp_path / name.removesuffix("_DIR").lower())


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A connection to anything but loopback or a Unix socket is an error of the test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])  # type: ignore[index]  # an inet address is a tuple
            if not (host.startswith("127.") or host in {"::1", "localhost"}):
                raise AssertionError(f"a test tried to reach {host}")
        real(self, address)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield
