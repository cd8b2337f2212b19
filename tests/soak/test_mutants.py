"""Ten thousand files that mean harm: none brings down who reads it or who takes it, each ends typed, none shows more than a picture."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from evidence.decoding import Code, Decoded, Decoder, Limits, Refused
from evidence.decoding.chamber import Answer, Ended, Used
from tests import scenes
from tests.evidence import mutants
from tests.evidence.test_decoding import CANARY
from tests.evidence.test_hostile_files import through_the_doors

MUTANTS = 10_000
THROUGH_THE_DOORS = 400
AT_ONCE = 2  # children of one decoder


class Watched(Decoder):
    """A decoder that keeps what each of its children cost."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.used: list[Used] = []
        asked = self.chamber.run

        def run(*arguments: Any) -> Answer | Ended:
            ended = asked(*arguments)
            self.used.append(ended.used)
            return ended

        self.chamber.run = run  # type: ignore[method-assign]  # it looks on, and changes nothing


@pytest.fixture(scope="module")
def sources() -> list[bytes]:
    return mutants.pictures(200)


def files(sources: list[bytes]) -> Iterator[tuple[str, bytes]]:
    yield from mutants.bombs()
    yield from mutants.disguises()
    yield from mutants.cuts(sources)
    for number in range(MUTANTS):
        yield f"mutant {number}", mutants.mutant(number, sources)


@pytest.mark.promise("no file kills, holds or fills who reads it, and each ends typed")
def test_no_file_kills_holds_or_fills_who_reads_it(sources: list[bytes], tmp_path: Path, figure: Callable[[str], None]) -> None:
    ends: Counter[str] = Counter()
    slow: list[tuple[float, str]] = []
    carried: list[str] = []
    lock, waiting = threading.Lock(), files(sources)
    began = time.monotonic()
    with Watched() as decoder:
        decoder.facts()
        parent = decoder.chamber.parent_pid

        def work() -> None:
            while True:
                with lock:
                    name, data = next(waiting, ("", None))
                if data is None:
                    return
                started = time.monotonic()
                result = decoder.decode(data)
                took = time.monotonic() - started
                made = [one.data for one in result.renditions] if isinstance(result, Decoded) else []
                with lock:
                    slow.append((took, name))
                    ends["decoded" if isinstance(result, Decoded) else result.code] += 1
                    if not all(mutants.is_bare(one) and CANARY.encode() not in one for one in made):
                        carried.append(name)
                    if made:
                        (tmp_path / f"{len(slow)}.jpg").write_bytes(made[-1])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for worker in [pool.submit(work) for _ in range(AT_ONCE)]:
                worker.result()
        assert decoder.chamber.parent_pid == parent, "the warm parent died"
        used = decoder.used
    lasted = time.monotonic() - began
    told = mutants.told_by_exiftool(tmp_path) if shutil.which("exiftool") else None
    peak, dearest, longest = max(one.peak_kib for one in used) >> 10, max(one.cpu_ms for one in used), max(slow)
    counts = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    figure(
        f"{len(slow)} files in {lasted:.0f} s ({counts}); the most memory {peak} MiB,"
        f" the longest {longest[0]:.1f} s ({longest[1]}), {dearest / 1000:.1f} s computing;"
        + (f" {len(told)} renditions bare to exiftool" if told is not None else " exiftool is not installed, so only by our own look")
    )
    assert len(slow) == sum(ends.values()) >= MUTANTS
    assert set(ends) <= {"decoded", *Code}
    assert not ends[Code.CRASHED], "a decoder was brought down: contained, and to be looked at"
    assert longest[0] <= 10.5
    assert peak <= 1024
    assert not carried
    if told is not None:
        assert len(told) == ends["decoded"]
        assert {tag for one in told for tag in mutants.surplus(one)} == set()


@pytest.mark.promise("control: without its walls a bomb does fill the machine")
def test_without_its_walls_a_bomb_does_fill_the_machine(figure: Callable[[str], None]) -> None:
    bomb = mutants.square(18_000)
    with Watched(limits=Limits(memory=None, cpu_seconds=60, wall_seconds=60), pixels=10**9) as open_decoder:
        result = open_decoder.decode(bomb)
        peak = open_decoder.used[0].peak_kib >> 10
    figure(f"{peak} MiB for {len(bomb) >> 10} KiB")
    assert peak > 1024
    with Decoder() as closed:
        refused = closed.decode(bomb)
    assert isinstance(refused, Refused)
    assert isinstance(result, Decoded | Refused)


@pytest.mark.django_db
@pytest.mark.promise("no file and no name is a fault of the doors")
def test_no_file_and_no_name_is_a_fault_of_the_doors(
    sources: list[bytes], settings: Any, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.STAGED_MAX_PHOTOS = 10_000
    scene = scenes.build_claim()
    told: Counter[str] = Counter()
    handed = [data for _, data in mutants.disguises()] + [mutants.mutant(MUTANTS + number, sources) for number in range(THROUGH_THE_DOORS)]
    for start in range(0, len(handed), 36):
        told += through_the_doors(scene, handed[start : start + 36], offset=start)
    answers = sum(count for name, count in told.items() if name.startswith("status "))
    figure(f"{len(handed)} files handed in, {answers} answers, of which with 5xx 0; {told['ready']} shown, the rest with its reason")
    assert told["ready"] > 50
