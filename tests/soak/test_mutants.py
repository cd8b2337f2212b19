"""Ten thousand files that mean harm: none brings down who reads it or who takes it, each ends
typed, none shows more than a picture."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from config.settings.base import STAGED_MAX_PHOTOS
from engines.decoding import Code, DecodedPicture, Decoder, Limits, RefusedPicture
from engines.decoding.sandbox import AbnormalEnd, Answer, ResourceUse
from tests import scenes
from tests.engines.decoding import mutants
from tests.engines.decoding.test_decoding import CANARY
from tests.evidence.exhibits.test_hostile_files import (
    BOUNDARY,
    NO_NAMES,
    multipart,
    through_the_doors,
)
from tests.soak.system import RunningSystem

MUTANTS = 10_000
THROUGH_THE_DOORS = 400
TO_THE_HOUSE = 2_400  # some are empty, or named so that they are no file of a form
AT_ONCE = 2  # children of one decoder


class Watched(Decoder):
    """A decoder that keeps what each of its children cost."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.used: list[ResourceUse] = []
        asked = self.sandbox.run

        def run(*arguments: Any) -> Answer | AbnormalEnd:
            ended = asked(*arguments)
            self.used.append(ended.used)
            return ended

        self.sandbox.run = run  # type: ignore[method-assign]  # it looks on, and changes nothing


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
def test_no_file_kills_holds_or_fills_who_reads_it(
    sources: list[bytes], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    ends: Counter[str] = Counter()
    slow: list[tuple[float, str]] = []
    carried: list[str] = []
    lock, waiting = threading.Lock(), files(sources)
    began = time.monotonic()
    with Watched() as decoder:
        decoder.facts()
        parent = decoder.sandbox.parent_pid

        def work() -> None:
            while True:
                with lock:
                    name, data = next(waiting, ("", None))
                if data is None:
                    return
                started = time.monotonic()
                result = decoder.decode(data)
                took = time.monotonic() - started
                made = (
                    [one.data for one in result.renditions]
                    if isinstance(result, DecodedPicture)
                    else []
                )
                with lock:
                    slow.append((took, name))
                    ends["decoded" if isinstance(result, DecodedPicture) else result.code] += 1
                    if not all(mutants.is_bare(one) and CANARY.encode() not in one for one in made):
                        carried.append(name)
                    if made:
                        (tmp_path / f"{len(slow)}.jpg").write_bytes(made[-1])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for worker in [pool.submit(work) for _ in range(AT_ONCE)]:
                worker.result()
        assert decoder.sandbox.parent_pid == parent, "the warm parent died"
        used = decoder.used
    lasted = time.monotonic() - began
    told = mutants.told_by_exiftool(tmp_path) if shutil.which("exiftool") else None
    peak, dearest, longest = (
        max(one.peak_kib for one in used) >> 10,
        max(one.cpu_ms for one in used),
        max(slow),
    )
    counts = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    figure(
        f"{len(slow)} files in {lasted:.0f} s ({counts}); the most memory {peak} MiB,"
        f" the longest {longest[0]:.1f} s ({longest[1]}), {dearest / 1000:.1f} s computing;"
        + (
            f" {len(told)} renditions bare to exiftool"
            if told is not None
            else " exiftool is not installed, so only by our own look"
        )
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
    with Watched(
        limits=Limits(memory=None, cpu_seconds=60, wall_seconds=60), pixels=10**9
    ) as open_decoder:
        result = open_decoder.decode(bomb)
        peak = open_decoder.used[0].peak_kib >> 10
    figure(f"{peak} MiB for {len(bomb) >> 10} KiB")
    assert peak > 1024
    with Decoder() as closed:
        refused = closed.decode(bomb)
    assert isinstance(refused, RefusedPicture)
    assert isinstance(result, DecodedPicture | RefusedPicture)


@pytest.mark.django_db
@pytest.mark.promise("no file and no name is a fault of the doors")
def test_no_file_and_no_name_is_a_fault_of_the_doors(
    sources: list[bytes], settings: Any, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.STAGED_MAX_PHOTOS = 10_000
    scene = scenes.build_claim()
    told: Counter[str] = Counter()
    handed = [data for _, data in mutants.disguises()] + [
        mutants.mutant(MUTANTS + number, sources) for number in range(THROUGH_THE_DOORS)
    ]
    for start in range(0, len(handed), 36):
        told += through_the_doors(scene, handed[start : start + 36], offset=start)
    answers = sum(count for name, count in told.items() if name.startswith("status "))
    figure(
        f"{len(handed)} files handed in, {answers} answers, of which with 5xx 0; {told['ready']} "
        f"shown, the rest with its reason"
    )
    assert told["ready"] > 50


class Sender:
    """A stranger's program at the web server of a system: what it sends, and how often each status
    was answered."""

    def __init__(self, system: RunningSystem) -> None:
        self.system = system
        self.answers: Counter[int] = Counter()

    def post(
        self, path: str, content: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any], str]:
        """Status, the body where it is JSON, and where it leads."""
        self.system.turn(0.001)
        connection = http.client.HTTPConnection("127.0.0.1", self.system.port, timeout=60)
        connection.request("POST", path, content, headers)
        response = connection.getresponse()
        said = response.read()
        connection.close()
        self.answers[response.status] += 1
        assert response.status < 500, (response.status, path, said[:300])
        is_json = (response.getheader("Content-Type") or "").startswith("application/json")
        return (
            response.status,
            json.loads(said) if is_json else {},
            response.getheader("Location") or "",
        )

    def file(self, person: int, named: list[tuple[str, bytes]]) -> int:
        """By API, all in one. Returns how many were taken."""
        fields = {
            "claim": self.system.made["claim"],
            "narrative": "n",
            "narrative_lang": "en",
            "licence": "cc-by-4.0",
        }
        named = [(name[:200] or "x", data) for name, data in named if data and name not in NO_NAMES]
        whose = {"Authorization": f"Bearer {self.system.made['keys'][person]}"}
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        status, *_ = self.post("/api/v1/submissions/", multipart(fields, named), whose | kind)
        assert status == 201
        return len(named)

    def send_ahead(self, person: int, form: str, named: list[tuple[str, bytes]]) -> int:
        """Each by itself, then the form that names them, as the page does it. Returns how many were
        taken."""
        token = "t" * 32
        cookies = {
            "Cookie": f"sessionid={self.system.made['sessions'][person]}; csrftoken={token}",
            "X-CSRFToken": token,
        }
        address = f"/en/claims/{self.system.made['reference']}/file/"
        kept = []
        for number, (name, data) in enumerate(named):
            said = {
                "X-Form-Key": form,
                "X-File-Key": str(number),
                "X-File-Name": quote(name, errors="surrogatepass"),
            }
            status, answer, _ = self.post(
                f"{address}photos/",
                data,
                {**cookies, **said, "Content-Type": "application/octet-stream"},
            )
            assert status == (201 if data else 400)
            kept += [answer["id"]] if data else []
        fields = {"narrative": "n", "narrative_lang": "en", "licence": "cc-by-4.0", "consent": "on"}
        sent = urlencode({**fields, "idempotency_key": form, "staged": kept}, doseq=True).encode()
        status, _, leads = self.post(
            address, sent, {**cookies, "Content-Type": "application/x-www-form-urlencoded"}
        )
        assert (status, leads.startswith("/en/submissions/")) == (302, True), (status, leads)
        return len(kept)


@pytest.mark.promise("no file brings down the web server that takes it or the workers that read it")
def test_no_file_brings_down_the_server_that_takes_it(
    sources: list[bytes], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    handed = [mutants.mutant(2 * MUTANTS + number, sources) for number in range(TO_THE_HOUSE)]
    named = [
        (mutants.NAMES[number % len(mutants.NAMES)], data) for number, data in enumerate(handed)
    ]
    with RunningSystem(tmp_path) as system:
        workers = [program.name for program in system.programs() if "worker" in program.command]
        until = time.monotonic() + 120
        while not (all(system.settled(name) for name in ("web", *workers)) and system.serves()):
            system.turn()
            assert time.monotonic() < until, "the system does not start"
        before = {name: system.pid(name) for name in ("web", *workers)}, system.children("web")
        began, sender, taken = time.monotonic(), Sender(system), 0
        people, each = len(system.made["keys"]), 10
        for start in range(0, len(named), each):
            person, turn = start // each % people, start // each // people
            some = named[start : start + each]
            if (
                turn + 1
            ) * each <= STAGED_MAX_PHOTOS:  # more one account may not send ahead in a day
                taken += sender.send_ahead(person, f"form {start}", some)
            else:
                taken += sender.file(person, some)
        sent = time.monotonic() - began
        with system.ask() as database:

            def rows(query: str) -> dict[str, int]:
                return dict(database.execute(query).fetchall())  # type: ignore[arg-type]  # queries of this test

            jobs = (
                "SELECT state, count(*) FROM jobs_job WHERE kind = 'evidence.read_exhibit' GROUP "
                "BY 1"
            )
            while set(rows(jobs)) & {"queued", "running"} and time.monotonic() - began < 300:
                system.turn(0.2)
            lasted = time.monotonic() - began
            states, status = (
                rows(jobs),
                rows("SELECT status, count(*) FROM evidence_exhibit GROUP BY 1"),
            )
            ends = rows(
                "SELECT outcome, count(*) FROM evidence_custodyevent WHERE kind = 'read' GROUP BY 1"
            )
        after = {name: system.pid(name) for name in ("web", *workers)}, system.children("web")
        lost = [
            log.name
            for log in system.supervisor.logs.glob("*.log")
            if b"WorkerLost" in log.read_bytes()
        ]
    counts = ", ".join(
        f"{count} {end}" for end, count in sorted(ends.items(), key=lambda one: -one[1])
    )
    figure(
        f"{taken:,} files over HTTP in {sent:.0f} s, {sender.answers.total():,} answers, of "
        f"which with 5xx 0; all read after {lasted:.0f} s ({counts}); every process the same as "
        f"before"
    )
    assert taken >= 2_000
    assert states == {"done": taken}
    assert set(status) == {"ready", "unreadable"}
    assert set(ends) <= {"ready", *Code}
    assert sum(ends.values()) == sum(status.values()) == taken
    assert ends["ready"] > taken // 10
    assert not ends.get(Code.CRASHED)
    assert after == before, "a process was started anew"
    assert not lost, "a worker lost a child"
