"""No accepted work is lost or doubled, while everything that runs is killed, frozen, wiped, filled
and told the wrong time.

SOAK_SUBMISSIONS and SOAK_KILLS say how much; SOAK_SEED which way it goes. What was run, and on
what, stands in docs/reliability.md.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from PIL import Image

from tests.soak.system import RunningSystem

SUBMISSIONS = int(os.environ.get("SOAK_SUBMISSIONS", "10000"))
KILLS = int(os.environ.get("SOAK_KILLS", "200"))
SEED = int(os.environ.get("SOAK_SEED", "20260101"))
LIMIT = (
    float(os.environ.get("SOAK_MINUTES", "27")) * 60
)  # for filing and killing together; what is not reached by then is broken
FROZEN = 60.0
FULL = 15.0
LONGEST_REST = 15.0  # seconds between two kills
# a short one does occur in one photo of some thousands, and cuts it off there
BOUNDARY = "a-boundary-that-no-photo-holds"
# a client that is told to wait when so much is unread: the drain measures recovery, not how fast
# photos are read
BACKLOG = 60
# How often each is hit. Parents only once they are settled, since the supervisor rightly waits
# longer for what dies young.
VICTIMS = {
    "child decode": 12, "child ahead": 6, "child tick": 12, "child web": 5,
    "backend of postgres": 4, "postgres": 2, "valkey, wiped": 5,
    "parent decode": 2, "parent ahead": 1, "parent tick": 2, "parent beat": 2, "parent behind": 1,
    "parent web": 1,
}  # fmt: skip


def photo(dice: random.Random) -> bytes:
    """A small picture that no other filing has."""
    picture = Image.frombytes("RGB", (16, 12), dice.randbytes(16 * 12 * 3)).resize((320, 240))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=60)
    return file.getvalue()


def body(claim: str, content: bytes) -> bytes:
    fields = {
        "claim": claim,
        "narrative": "No air came through.",
        "narrative_lang": "en",
        "licence": "show",
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="photos"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), content, f"\r\n--{BOUNDARY}--\r\n".encode()])


class Filer(threading.Thread):
    """Files one submission after the other, each under a key of its own, and sends again what was
    not answered with a success."""

    def __init__(self, system: RunningSystem, number: int, state: State) -> None:
        super().__init__(name=f"filer {number}", daemon=True)
        self.system, self.key, self.state = system, system.made["keys"][number], state
        self.dice = random.Random(SEED + number)
        self.accepted: dict[str, str] = {}
        self.photos: set[str] = set()  # digests of those accepted
        self.unanswered: set[str] = set()
        self.answers: Counter[int] = Counter()
        self.faults: list[str] = []
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self.state.stop.is_set():
            if (self.state.backlog > BACKLOG and not self.state.frozen) or self.state.enough():
                time.sleep(0.1)
                continue
            key, picture = str(uuid4()), photo(self.dice)
            content = body(self.system.made["claim"], picture)
            self.unanswered.add(key)
            while not self.state.stop.is_set():
                answer = self.send(key, content)
                if answer is not None:
                    self.accepted[key] = answer
                    self.photos.add(hashlib.sha256(picture).hexdigest())
                    self.unanswered.discard(key)
                    break
                time.sleep(0.2)
            if self.state.frozen:
                time.sleep(1)  # what is measured is the waiting of each, not how many pile up
        if self.connection is not None:
            self.connection.close()

    def send(self, key: str, content: bytes) -> str | None:
        """The id, if this was answered with a success."""
        began = time.monotonic()
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": key,
            "Content-Type": kind,
        }
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.system.port, timeout=20
                )
            self.connection.request("POST", "/api/v1/submissions/", content, headers)
            response = self.connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException):
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            self.answers[0] += 1
            return None
        self.answers[response.status] += 1
        if response.status in {200, 201}:
            if self.state.frozen:
                self.state.frozen_seconds.append(time.monotonic() - began)
            return str(json.loads(said)["id"])
        if response.status not in {503, 507}:
            self.faults.append(f"{response.status}: {said[:300]!r}")
        return None


class State:
    """What the filers and the one who kills know of each other."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.backlog = 0
        self.frozen = False
        self.frozen_seconds: list[float] = []
        self.filers: list[Filer] = []
        self.at_most = float("inf")

    @property
    def accepted(self) -> int:
        return sum(len(one.accepted) for one in self.filers)

    def enough(self) -> bool:
        return self.accepted >= self.at_most and not self.frozen


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    with RunningSystem(tmp_path) as made:
        yield made


def say(words: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")


def look(system: RunningSystem, state: State) -> None:
    """How many photos wait to be read; left as it was while the database is away."""
    with suppress(psycopg.Error), system.ask() as database:
        row = database.execute(
            "SELECT count(*) FROM jobs_job WHERE queue = 'decode' AND state IN ('queued', "
            "'running')"
        ).fetchone()
        state.backlog = row[0] if row else 0


def disturb(system: RunningSystem, dice: random.Random) -> int:
    """Deliver every waiting message of the photos twice, in another order."""
    with suppress(redis.RedisError), system.broker() as broker:
        waiting = broker.lrange("decode", 0, 200)
        if 0 < len(waiting) < 50:  # not more than the workers get through
            doubled = [*waiting, *waiting]
            dice.shuffle(doubled)
            broker.lpush("decode", *doubled)
            return len(doubled)
    return 0


def last(system: RunningSystem, state: State, seconds: float) -> None:
    """Let time pass, with the supervisor at work."""
    until, looked = time.monotonic() + seconds, 0.0
    while time.monotonic() < until:
        system.turn()
        if time.monotonic() - looked > 1:
            looked = time.monotonic()
            look(system, state)


def kill_while_they_file(system: RunningSystem, state: State, dice: random.Random) -> int:
    """The first part. Returns how many messages were delivered out of turn.

    The kills are spread over the filings, so that work is under way at each; one comes without any
    when nothing was accepted for long, as it may hit who is just coming up.
    """
    began, looked, disturbed = time.monotonic(), 0.0, 0
    between, next_at, next_kill = SUBMISSIONS / KILLS, 0.0, began
    names, weights = list(VICTIMS), list(VICTIMS.values())
    while time.monotonic() - began < LIMIT and not (
        state.accepted >= SUBMISSIONS and system.kills.total() >= KILLS
    ):
        system.turn()
        now = time.monotonic()
        if (state.accepted >= next_at or now > next_kill) and system.kills.total() < KILLS:
            with suppress(psycopg.Error):
                if system.hurt(dice.choices(names, weights)[0], dice):
                    next_at, next_kill = (
                        state.accepted + between * dice.uniform(0.2, 1.7),
                        now + LONGEST_REST,
                    )
                    if system.kills.total() % 20 == 0:
                        say(
                            f"{system.kills.total()} kills, {state.accepted} accepted, "
                            f"{state.backlog} unread"
                        )
        if now - looked > 1:
            looked = now
            look(system, state)
            if dice.random() < 0.2:
                disturbed += disturb(system, dice)
    return disturbed


def everything_is_done(system: RunningSystem) -> bool:
    with suppress(psycopg.Error), system.ask() as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM jobs_job WHERE kind = 'evidence.read_exhibit' AND "
            "state IN ('queued', 'running')), (SELECT count(*) FROM ledger_pending), (SELECT "
            "coalesce(max(size), 0) FROM ledger_checkpoint) - (SELECT count(*) FROM ledger_entry)"
        ).fetchone()
        return row == (0, 0, 0)
    return False


@pytest.mark.promise("No accepted work is lost or doubled")
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the sockets of answers that a killed server never sent
def test_nothing_accepted_is_lost_or_doubled(
    system: RunningSystem, figure: Callable[[str], None]
) -> None:
    dice, state = random.Random(SEED), State()
    state.filers = [Filer(system, number, state) for number in range(len(system.made["keys"]))]
    for filer in state.filers:
        filer.start()
    until = time.monotonic() + 120
    while (
        time.monotonic() < until
        and not all(system.settled(name) for name in ("web", "decode", "ahead", "tick"))
    ) or not state.accepted:
        last(system, state, 1)  # everything comes up first
        assert time.monotonic() < until, "the system does not start"
    began = time.monotonic()
    disturbed = kill_while_they_file(system, state, dice)
    filed_in = time.monotonic() - began
    say(
        f"filing and killing ended: {state.accepted} accepted, kills {dict(system.kills)}, "
        f"messages out of turn {disturbed}"
    )

    # Valkey frozen, then full. Nothing else is killed meanwhile: what is measured is how long
    # filing waits for a broker.
    last(system, state, 15)
    assert system.valkey.process is not None
    state.frozen = True
    os.kill(system.valkey.process.pid, signal.SIGSTOP)
    last(system, state, FROZEN)
    os.kill(system.valkey.process.pid, signal.SIGCONT)
    state.frozen = False
    frozen = sorted(state.frozen_seconds)
    p99 = frozen[int(len(frozen) * 0.99)] if frozen else float("inf")
    say(
        f"frozen: {len(frozen)} filed, p99 {p99:.2f} s, slowest {frozen[-1] if frozen else 0:.2f} s"
    )
    state.at_most = state.accepted + 100
    with system.broker() as broker:
        broker.config_set("maxmemory", 1)
    last(system, state, FULL)
    with (
        suppress(redis.RedisError),
        system.broker() as broker,
    ):  # it may have been started again, and then it is not full
        broker.config_set("maxmemory", 256 << 20)

    state.stop.set()
    for filer in state.filers:
        filer.join(30)
    stopped = time.monotonic()
    while not everything_is_done(system) and time.monotonic() - stopped < 180:
        last(system, state, 0.5)
    drained = time.monotonic() - stopped
    counted = check(system, state)
    figure(
        f"{state.accepted:,} submissions accepted, {system.kills.total()} kills in "
        f"{filed_in / 60:.1f} min, {disturbed:,} messages doubled and out of order; lost 0, "
        f"doubled 0, set aside {counted['failed']}; drained {drained:.0f} s after the last; "
        f"broker frozen {FROZEN:.0f} s: {len(frozen)} filed, p99 {p99:.2f} s; "
        f"{counted['entries']:,} entries verify"
    )
    assert drained < 60, "the queue does not drain by itself"
    assert p99 < 2
    assert len(frozen) >= 100
    assert system.kills.total() >= KILLS
    assert state.accepted >= SUBMISSIONS


def check(system: RunningSystem, state: State) -> dict[str, int]:
    """Everything that must hold afterwards."""
    faults = [fault for filer in state.filers for fault in filer.faults]
    say(f"answers: {sum((filer.answers for filer in state.filers), Counter())}")
    assert faults == [], (
        f"{len(faults)} answers that are neither a success nor 503 or 507, such as {faults[:3]}"
    )
    accepted = {one for filer in state.filers for one in filer.accepted.values()}
    keys = {key for filer in state.filers for key in filer.accepted}
    unanswered = {key for filer in state.filers for key in filer.unanswered}
    assert len(accepted) == len(keys), "two keys were answered with one submission"
    kept = {path.name: path for path in (system.data / "blobs").glob("??/??/*")}
    photos = {one for filer in state.filers for one in filer.photos}
    assert all(
        one in kept and hashlib.sha256(kept[one].read_bytes()).hexdigest() == one for one in photos
    ), "a photo is not what was sent"
    with system.ask() as database:

        def rows(query: str) -> list[tuple[object, ...]]:
            return database.execute(query).fetchall()  # type: ignore[arg-type]  # queries of this file

        stored = {
            str(pk): key for pk, key in rows("SELECT id, idempotency_key FROM evidence_submission")
        }
        assert accepted <= set(stored), "accepted, and lost"
        assert set(stored.values()) <= keys | unanswered
        assert len(set(stored.values())) == len(stored), "one key, two submissions"
        jobs = dict(
            rows(
                "SELECT payload->>'exhibit', state FROM jobs_job WHERE kind = "
                "'evidence.read_exhibit'"
            )
        )
        exhibits = {
            str(pk): status for pk, status in rows("SELECT id, status FROM evidence_exhibit")
        }
        assert len(exhibits) == len(stored)
        assert set(jobs) == set(exhibits)
        open_ = {pk for pk, job in jobs.items() if job not in {"done", "failed"}}
        assert open_ == set(), "accepted − done − failed is not empty"
        failed = {pk for pk, job in jobs.items() if job == "failed"}
        aside = """SELECT kind, last_error, count(*) FROM jobs_job
            WHERE state = 'failed' GROUP BY 1, 2"""
        say(f"set aside: {rows(aside)}")
        unread = {pk for pk, status in exhibits.items() if status != "ready"}
        say(f"not readable: {len(unread)}, of which set aside {len(unread & failed)}")
        ends = """SELECT read.outcome, jobs_job.attempts, waits, last_error
            FROM evidence_exhibit exhibit
            JOIN evidence_custodyevent read ON read.exhibit_id = exhibit.id AND read.kind = 'read'
            JOIN jobs_job ON payload->>'exhibit' = exhibit.id::text
            WHERE exhibit.status <> 'ready'"""
        say(f"how they ended: {rows(ends)}")

        # One effect each, in a table that would hold two.
        effects = Counter(
            str(of) for (of,) in rows("SELECT of FROM soak_effect WHERE what = 'read'")
        )
        assert set(effects) == set(exhibits) - failed
        assert set(effects.values()) <= {1}
        done = rows(
            "SELECT of, count(*) FROM soak_effect WHERE what = 'done' GROUP BY of HAVING "
            "count(*) > 1"
        )
        assert done == []

        # One entry for each change, and no change without one.
        (tables,) = zip(*rows("SELECT DISTINCT event_label FROM ledger_entry"), strict=True)
        say(f"event tables with entries: {len(tables)}")
        ((entries, distinct),) = rows(
            "SELECT count(*), count(DISTINCT (event_label, event_id)) FROM ledger_entry"
        )
        assert entries == distinct
        changes = "SELECT count(*), count(DISTINCT pgh_obj_id) FROM evidence_{}event"
        assert rows(changes.format("submission")) == [(len(stored), len(stored))]
        assert rows(changes.format("exhibit")) == [(len(exhibits) * 2 - len(failed), len(exhibits))]
        assert rows("SELECT count(*) FROM ledger_pending") == [(0,)]
        read = rows(
            "SELECT count(*) FROM jobs_job WHERE kind = 'evidence.sweep_originals' AND state = "
            "'failed'"
        )
        assert read == [(0,)]
        database.execute(
            "DROP TRIGGER soak_read ON evidence_custodyevent; DROP TRIGGER soak_done ON jobs_job"
        )  # verify_record names them
    # Rows against leaves, files against digests, the log from outside.
    said = system.run("-W", "ignore", "-m", "django", "verify_record")
    say(said.strip().splitlines()[-1])
    system.run(
        "-m",
        "ledger.verify",
        "--key",
        str(system.data / "ledger" / "key"),
        str(system.data / "ledger"),
    )
    assert len(unread) <= len(failed) + system.kills["child decode"], (
        "photos that nobody killed could not be read"
    )
    return {"failed": len(failed), "entries": int(str(entries))}
