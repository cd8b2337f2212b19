"""Servers that mean harm, all at once: each visit ends in time and in little memory, and who is
visited beside them notices little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 32
NO_PAGE = {"transient", "too_large"}
# What sends a page after all: the first is whole as far as it said, the other is no text.
PAGES = {"promises less than it sends": "ok", "is a file as large as may be": "empty"}


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


@pytest.fixture
def servers() -> Iterator[dict[str, Any]]:
    """Those that mean harm in one process, the good one in another, so that it is slowed by nothing
    but the visits."""
    command = [sys.executable, "-m", "tests.soak.hostile_servers"]
    processes = [
        subprocess.Popen(
            [*command, which], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for which in ("hostile", "good")
    ]
    hostile, good = map(told, processes)
    yield {"places": {**hostile["places"], **good["places"]}, "tls": hostile["tls"]}
    for process in processes:
        process.kill()
        process.communicate()


def visiting(servers: dict[str, Any], folder: Path, *more: str) -> dict[str, Any]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATA_DIR": str(folder / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.visiting", json.dumps(servers), str(AT_ONCE), *more],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.promise("no server holds, fills or slows a worker")
def test_no_server_holds_fills_or_slows_a_worker(
    servers: dict[str, Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    seen = visiting(servers, tmp_path)
    visits = seen["visits"]
    alone, beside = (quantiles(seen[name], n=20)[-1] for name in ("alone", "beside"))
    longest, largest, dearest = (
        max(visits, key=lambda name, of=of: visits[name][of])
        for of in ("seconds", "peak_mib", "cpu")
    )
    figure(
        f"{len(visits)} servers, {seen['in_flight']} at once: the longest visit "
        f"{visits[longest]['seconds']:.1f} s, the most memory {visits[largest]['peak_mib']} MiB "
        f"(it {largest}), the most computing {visits[dearest]['cpu']:.1f} s (it {dearest}); "
        f"neighbours' p95 {beside / alone:.2f} × ({alone * 1000:.0f} to {beside * 1000:.0f} ms, "
        f"{len(seen['beside'])} looks)"
    )
    (tmp_path / "visits.json").write_text(json.dumps(visits, indent=1))
    assert seen["in_flight"] == AT_ONCE
    assert {name: visit["status"] for name, visit in visits.items() if visit["status"]} == {}
    assert {
        name: visit["type"] for name, visit in visits.items() if visit["type"] not in NO_PAGE
    } == PAGES
    assert visits[longest]["seconds"] <= 65
    assert visits[largest]["peak_mib"] <= 256
    assert beside < 2 * alone


@pytest.mark.promise("control: without its ceilings a visit does fill the worker")
def test_without_its_ceilings_a_visit_does_fill_the_worker(
    servers: dict[str, Any], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    only = {
        name: place
        for name, place in servers["places"].items()
        if name in {"good", "is a gzip bomb of 400 MB"}
    }
    (visit,) = visiting({**servers, "places": only}, tmp_path, "unguarded")["visits"].values()
    figure(f"{visit['peak_mib']} MiB for 400 kB on the wire")
    assert visit["peak_mib"] > 256
