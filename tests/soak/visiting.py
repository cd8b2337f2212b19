"""Visits as the workers make them: each in a child of its own, forked from a process that has the
program loaded.

    python -m tests.soak.visiting PLACES_JSON AT_ONCE [unguarded]

Steps: 1. the neighbours alone; 2. every hostile server, AT_ONCE at a time, the neighbours going on
beside it; 3. alone once more. Prints `{"visits": {name: {"type", "reason", "seconds", "peak_mib",
"cpu", "status"}}, "alone": [s], "beside": [s], "in_flight"}`; `seconds` counts from the fork,
`status` is how the child ended, 0 for by itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  Django has to be set up first
from django.utils import timezone  # noqa: E402  Django has to be set up first

from engines.fetching import Client, Limits  # noqa: E402  Django has to be set up first
from evidence.sources import tasks  # noqa: E402  Django has to be set up first

NEIGHBOURS = 2
ALONE, BESIDE = 8.0, 75.0  # seconds
EVERY = 0.1


def visit(name: str, answer: int) -> None:
    """In the child: one look at this server, and a line on it."""
    scheme = "https" if name in SAID["tls"] else "http"
    looked, _ = tasks.visit(f"{scheme}://brand.test:{PORTS[name]}/", {}, None, timezone.now())
    os.write(answer, json.dumps({"type": str(looked.type), "reason": looked.reason}).encode())


def neighbour(answer: int, until: float) -> None:
    """In the child: look at the good server again and again until a time, and tell how long each
    look took."""
    took = []
    while time.monotonic() < until:
        began = time.monotonic()
        looked, _ = tasks.visit(f"http://brand.test:{PORTS['good']}/", {}, None, timezone.now())
        assert looked.type == "ok", looked
        took.append(time.monotonic() - began)
        time.sleep(EVERY)
    os.write(answer, json.dumps(took).encode())


def forked(work: Any, *arguments: Any) -> tuple[int, int]:
    """Process number of a child that does this, and where its answer can be read."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(read)
            signal.alarm(120)
            work(arguments[0], write) if len(arguments) == 1 else work(write, arguments[1])
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    return pid, read


def heard(read: int) -> Any:
    text = b""
    while piece := os.read(read, 65536):
        text += piece
    os.close(read)
    return json.loads(text or b"null")


def neighbours(seconds: float) -> list[tuple[int, int]]:
    until = time.monotonic() + seconds
    return [forked(neighbour, None, until) for _ in range(NEIGHBOURS)]


def gathered(started: list[tuple[int, int]]) -> list[float]:
    took = [one for _, read in started for one in heard(read)]
    for pid, _ in started:
        assert os.waitpid(pid, 0)[1] == 0
    return took


def main(at_once: int) -> None:
    alone = gathered(neighbours(ALONE))
    waiting = [name for name in SAID["places"] if name != "good"]
    running: dict[int, tuple[str, int, float]] = {}
    visits: dict[str, Any] = {}
    most = 0
    beside = neighbours(BESIDE)
    pids = {pid for pid, _ in beside}
    ended: dict[int, int] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            name = waiting.pop(0)
            pid, read = forked(visit, name)
            running[pid] = (name, read, time.monotonic())
            most = max(most, len(running))
        pid, status, used = os.wait4(-1, 0)
        if pid in pids:
            ended[pid] = status
            continue
        name, read, began = running.pop(pid)
        visits[name] = {
            **(heard(read) or {}), "seconds": time.monotonic() - began,
            "peak_mib": used.ru_maxrss >> 10,
            "cpu": used.ru_utime + used.ru_stime, "status": status,
        }  # fmt: skip
    took = [one for _, read in beside for one in heard(read)]
    for pid in pids - ended.keys():
        os.waitpid(pid, 0)
    alone += gathered(neighbours(ALONE))
    sys.stdout.write(
        json.dumps({"visits": visits, "alone": alone, "beside": took, "in_flight": most})
    )


if __name__ == "__main__":
    SAID = json.loads(sys.argv[1])
    PORTS = {name: 20_000 + number for number, name in enumerate(SAID["places"])}
    settings.FETCH_LOCAL = {
        f"brand.test:{PORTS[name]}": place for name, place in SAID["places"].items()
    }
    if "unguarded" in sys.argv:
        loose = Limits(ratio=10**9, decoded_bytes=1 << 30)
        tasks.client = lambda: Client(
            "AsClaimed-tests/1 (+https://example.org/bot)", settings.FETCH_LOCAL, loose
        )
        ALONE, BESIDE = 1.0, 5.0
    main(int(sys.argv[2]))
