"""Servers on loopback and the load that is put on them: one core for the server, the other for
wrk."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.system.processes import ROOT, eventually

PINNED = ["taskset", "-c"]


def needed(*programs: str) -> None:
    """Skip with a sentence where a program of the system is missing."""
    missing = [one for one in programs if shutil.which(one) is None]
    if missing:
        pytest.skip(
            f"{', '.join(missing)} not installed, so nothing is measured against it (Debian: "
            f"apt-get install nginx-light wrk)"
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Server:
    """A server that runs, and what its processes have computed so far."""

    url: str
    pid: int

    def processor_seconds(self) -> float:
        """Of the process and its children, in user and system."""
        own = _family(self.pid)
        return sum(
            int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
            for each in own
            for pid in _threads(each)
        )


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _threads(pid: int) -> list[str]:
    return [f"{pid}/task/{each.name}" for each in Path(f"/proc/{pid}/task").iterdir()]


@contextmanager
def _running(command: list[str], port: int, **environment: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [*PINNED, "0", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(lambda: _listens(port), 20), command
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def granian(published: Path) -> Iterator[str]:
    """The front under the web server of production, one worker with one thread."""
    with _granian("tests.benchmarks.fronted:application", PUBLISHED_DIR=str(published)) as server:
        yield server.url


@contextmanager
def site() -> Iterator[Server]:
    """All of the site under the web server of production, on the database of the test that is
    running: one worker, one thread."""
    database = (
        urlsplit(os.environ["DATABASE_URL"])
        ._replace(path=f"/{connection.settings_dict['NAME']}")
        .geturl()
    )
    with _granian("config.wsgi:application", DATABASE_URL=database) as server:
        yield server


@contextmanager
def _granian(application: str, **environment: str) -> Iterator[Server]:
    port = free_port()
    options = (
        f"--interface wsgi --host 127.0.0.1 --port {port} --workers 1 --blocking-threads 1 "
        f"--no-ws --no-log"
    )
    with _running(
        [sys.executable, "-m", "granian", *options.split(), application], port, **environment
    ) as server:
        yield server


@contextmanager
def nginx(folder: Path, scratch: Path) -> Iterator[Server]:
    """nginx with one worker serving `folder`."""
    port = free_port()
    scratch.mkdir(parents=True, exist_ok=True)
    places = "".join(
        f"{name}_temp_path {scratch}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (scratch / "nginx.conf").write_text(
        f"user root; worker_processes 1; daemon off; pid {scratch}/pid; error_log {scratch}/error;"
        "events { worker_connections 256; }"
        f"http {{ access_log off; keepalive_requests 1000000; {places} "
        "types { application/json json; text/html html; }"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    command = ["nginx", "-p", str(scratch), "-c", str(scratch / "nginx.conf")]
    with _running(command, port) as server:
        yield server


def seconds_a_request(url: str, *, seconds: int = 2) -> float:
    """What one request takes at full load over 16 connections. Bounded: `seconds` long, on
    loopback."""
    return seconds / _load(url, seconds)


def processor_seconds_a_request(server: Server, path: str, *, seconds: int = 2) -> float:
    """What the serving processes compute for one request, at full load over 16 connections."""
    before = server.processor_seconds()
    requests = _load(f"{server.url}{path}", seconds)
    return (server.processor_seconds() - before) / requests


def _load(url: str, seconds: int) -> int:
    """The requests answered in `seconds`."""
    assert url.startswith("http://127.0.0.1:")
    command = [*PINNED, "1", "wrk", "-t1", "-c16", f"-d{seconds}s", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "Non-2xx" not in said, said
    total = re.search(r"(\d+) requests in", said)
    assert total is not None, said
    return int(total[1])
