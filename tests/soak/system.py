"""The whole system on engines of its own, under the supervisor of the demonstration, with ways to
hurt each part of it.

python -m tests.soak.system     (in the environment of a system) makes a claim, and keys and
                                sessions of those who file, and prints them:
                                {"claim", "reference", "keys": […], "sessions": […]}
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import redis

from demo.embedded import Postgres, Valkey
from demo.supervisor import Program, Supervisor
from tests.system.processes import ROOT

CELERY = ["-m", "celery", "--quiet", "-A", "config"]
WORKER = ["worker", "--without-mingle", "--without-gossip", "-O", "fair", "-l", "WARNING"]
# Runs a module with a wall clock that is so many hours ahead of the machine's, or behind it;
# children inherit it.
SKEWED = (
    "import datetime, runpy, sys, time_machine; sys.path.insert(0, '.'); hours = "
    "float(sys.argv.pop(1)); sys.argv = sys.argv[1:]; "
    "time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours), "
    "tick=True).start(); runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
KEYS = 4


def skewed(hours: int, *arguments: str) -> list[str]:
    return [sys.executable, "-c", SKEWED, str(hours), *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class RunningSystem:
    """Everything that runs in production, once or twice, each process under a name."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "var"
        self.port = free_port()
        self.postgres, self.valkey = Postgres(self.data / "postgres"), Valkey(self.data / "valkey")
        self.environment = {
            "DATA_DIR": str(self.data), "DJANGO_SETTINGS_MODULE": "config.settings.demo",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url, "SITE_URL": f"http://127.0.0.1:{self.port}",
            "FETCH_LOCAL": "", "LOG_LEVEL": "WARNING",
            "FILED_MAX_SUBMISSIONS": "1000000", "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        self.supervisor = Supervisor(self.data / "log", patience=5)
        self.kills: Counter[str] = Counter()

    def __enter__(self) -> Self:
        (self.data / "static").mkdir(parents=True)
        self.postgres.start()
        self.valkey.start()
        self.run("-m", "django", "migrate", "--no-input", "--skip-checks", "-v", "0")
        self.made: dict[str, Any] = json.loads(self.run("-m", "tests.soak.system"))
        with self.ask() as database:
            # Effects are counted where no constraint helps: a table without a key, written in the
            # transaction of the effect.
            database.execute("CREATE TABLE soak_effect (what text, of uuid)")
            database.execute(
                "CREATE FUNCTION soak_read() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT "
                "INTO soak_effect VALUES ('read', NEW.exhibit_id); RETURN NULL; END $$"
            )
            database.execute(
                "CREATE FUNCTION soak_done() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN INSERT INTO soak_effect VALUES ('done', NEW.id); RETURN NULL; END $$"
            )
            database.execute(
                "CREATE TRIGGER soak_read AFTER INSERT ON evidence_custodyevent FOR EACH ROW "
                "WHEN (NEW.kind = 'read') EXECUTE FUNCTION soak_read()"
            )
            database.execute(
                "CREATE TRIGGER soak_done AFTER UPDATE ON jobs_job FOR EACH ROW WHEN (NEW.state "
                "= 'done' AND OLD.state <> 'done') EXECUTE FUNCTION soak_done()"
            )
        self.supervisor.__enter__()
        for program in self.programs():
            self.supervisor.add(program)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.supervisor.__exit__(kind, error, trace)
        self.valkey.stop()
        self.postgres.stop()

    def programs(self) -> list[Program]:
        web = (
            f"--interface wsgi --host 127.0.0.1 --port {self.port} --workers 1 "
            f"--blocking-threads 4 --no-ws --respawn-failed-workers"
        )
        more = ["--respawn-interval", "0.5", "--log-level", "warning", "config.wsgi:application"]
        commands = {
            "web": [sys.executable, "-m", "granian", *web.split(), *more],
            "decode": [
                sys.executable,
                *CELERY,
                *WORKER,
                "-c",
                "2",
                "-n",
                "decode@soak",
                "-Q",
                "decode",
            ],
            # Its clock is three days ahead: to it every message of the others was forgotten long
            # ago, and each lease ran out.
            "ahead": skewed(
                72, *CELERY[1:], *WORKER, "-c", "1", "-n", "ahead@soak", "-Q", "decode"
            ),
            "tick": [
                sys.executable,
                *CELERY,
                *WORKER,
                "-c",
                "2",
                "-n",
                "tick@soak",
                "-Q",
                "tick,watch,report,deliver",
            ],
            "beat": [sys.executable, *CELERY, "beat", "-l", "WARNING", "-s", os.devnull],
            "behind": skewed(-48, *CELERY[1:], "beat", "-l", "WARNING", "-s", os.devnull),
        }
        return [
            Program(name, command, self.environment, shown=False)
            for name, command in commands.items()
        ]

    # Looking

    def ask(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.postgres.url, autocommit=True)

    def broker(self) -> redis.Redis:
        return redis.Redis.from_url(self.valkey.url, socket_timeout=2)

    def run(self, *arguments: str) -> str:
        """The output of a Python program in the environment of the system. Raises with what it said
        when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def turn(self, seconds: float = 0.05) -> None:
        """What the demonstration's loop does: start again what has died."""
        self.supervisor.turn(seconds)
        for engine in (self.postgres, self.valkey):
            if engine.process is not None and engine.process.poll() is not None:
                engine.start()

    def settled(self, name: str) -> bool:
        """Whether a program has been up for so long that killing it does not make the supervisor
        wait ever longer."""
        child = self.supervisor._child(name)
        return child.running and time.monotonic() - child.started > 22

    def serves(self) -> bool:
        """Whether the web server answers."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/healthz", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def pid(self, name: str) -> int:
        process = self.supervisor._child(name).process
        return process.pid if process is not None else 0

    def children(self, name: str) -> list[int]:
        try:
            pid = self.pid(name)
            return [
                int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ]
        except OSError:
            return []

    # Hurting

    def hurt(self, victim: str, dice: random.Random) -> bool:
        """Kill -9; False when it is not there to be killed just now."""
        kind, _, name = victim.partition(" ")
        if kind == "child":
            found = self.children(name)
            if not found:
                return False
            pid = dice.choice(found)
        elif kind == "parent":
            if not self.settled(name):
                return False
            pid = self.pid(name)
        elif victim == "valkey, wiped":
            shutil.rmtree(
                self.valkey.data, ignore_errors=True
            )  # First, so that it cannot come back with its data.
            assert self.valkey.process is not None
            pid = self.valkey.process.pid
        elif victim == "postgres":
            assert self.postgres.process is not None
            pid = self.postgres.process.pid
        else:
            with self.ask() as database:
                row = database.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND "
                    "pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
                ).fetchone()
            if row is None:
                return False
            pid = row[
                0
            ]  # the same number outside: a user namespace leaves those of processes alone
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.kills[victim] += 1
        return True


def prepare() -> None:
    """A claim, and as many people with a key and a session as file."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from accounts.actions import create_key
    from tests import scenes

    scene = scenes.build_claim()
    people = [scenes.person(f"filer{number}") for number in range(KEYS)]
    keys = [
        create_key(by=one, label="soak", scopes=["submit"], now=timezone.now())[1] for one in people
    ]
    sessions = []
    for one in people:
        client = Client()
        client.force_login(one)
        sessions.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    made = {
        "claim": str(scene.claim.pk),
        "reference": scene.claim.reference,
        "keys": keys,
        "sessions": sessions,
    }
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    prepare()
