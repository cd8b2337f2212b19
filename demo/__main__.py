"""`make demo`: the whole system on this machine, and the founding case worked through in it.

    python -m demo [--once] [--port 8000]

1. Take the lock: two demos never share one folder of data.
2. Start PostgreSQL and Valkey, unless DATABASE_URL and REDIS_URL name others.
3. Start the web server behind its buffering proxy, and migrate; when both are done, say where, and
   start the company's site, the workers and beat.
4. Play the case. It does nothing if it was played before.
5. Stay up until Ctrl-C. With --once, stop when the case ends, with its result as one line of JSON
   on standard output.

Everything but that line goes to standard error. Exit code 0 if the case ended as it should (or,
staying up, when asked to stop),
1 with a sentence and the end of the log otherwise.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings

from demo import COMPANY_HOST
from demo.embedded import EngineFailedError, Postgres, Valkey
from demo.supervisor import Program, Supervisor
from ledger.leaf import VERSION

_ROOT = Path(__file__).resolve().parent.parent
# Celery warns each worker of being root, which a demo may be, and of a choice that the settings
# make on purpose.
_EXPECTED = "ignore:::celery.platforms,ignore:::celery.worker.consumer.consumer"
_ONCE_LIMIT = 20 * 60.0
#: Counted on where the migrations begin anew: data made by the old ones cannot go on with these.
TABLES = 2
# One group of workers per kind of work, so that a slow report never holds up a look at a source.
_WORKERS = {"watch": "watch,deliver", "decode": "decode", "report": "report", "tick": "tick"}


class StoppedError(Exception):
    """Someone asked to stop before the demo was where it wanted to be."""


class ProgramFailedError(Exception):
    """The demo cannot go on; says why."""


def free_port(first: int, taken: set[int]) -> int:
    """The first port from `first` on where nothing listens on loopback. Raises ProgramFailedError
    after a hundred."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            return port
    raise ProgramFailedError(f"no free port between {first} and {first + 99}")


def any_port() -> int:
    """A port on loopback that the kernel chose, so that another demo which starts just now is given
    another one.

    The company's site is bound many seconds after its port is chosen, and two demos must not agree
    on one in between.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def lock(path: Path) -> int:
    """Hold `path` until this process ends. Raises ProgramFailedError, naming the holder, if another
    demo holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ProgramFailedError(
            f"another demo is running here: {os.read(handle, 200).decode().strip()}"
        ) from None
    return handle


def check_form(data: Path) -> None:
    """Refuse data whose log or tables have another form than this code writes; note the form of
    data that begins here. Raises ProgramFailedError."""
    note, form = data / "data-form", f"log {VERSION}, tables {TABLES}"
    if not note.exists() and not (data / "postgres").exists():
        note.write_text(f"{form}\n")
    if not note.exists() or note.read_text().strip() != form:
        raise ProgramFailedError(
            f"the data in {data.name}/ was made by an older version, whose log or tables have "
            f"another form: `make clean` deletes it"
        )


def _python(arguments: str, *more: str) -> list[str]:
    return [sys.executable, *arguments.split(), *more]


def web(port: int) -> Program:
    """The web server: one process with four threads."""
    options = (
        f"--interface wsgi --host 127.0.0.1 --port {port} --blocking-threads 4 --no-ws "
        f"--respawn-failed-workers --log-level warning"
    )
    return Program("web", _python(f"-m granian {options} config.wsgi:application"))


def proxy(port: int, web_port: int) -> Program:
    """What people reach: it waits for slow senders and readers, so that they never hold a thread of
    the web server."""
    return Program(
        "proxy",
        _python(f"-m config.buffering --host 127.0.0.1 --port {port} --to 127.0.0.1:{web_port}"),
    )


def programs(company_port: int, company_dir: Path) -> list[Program]:
    """Everything that runs beside the web server, in the order of starting; the case is the
    last."""
    quiet = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"), "PYTHONWARNINGS": _EXPECTED}
    celery = "-m celery --quiet -A config"
    worker = f"{celery} worker --without-mingle --without-gossip -O fair -c 1 -l WARNING"
    return [
        Program(
            "company", _python(f"-m demo.brand_site {company_port}", str(company_dir)), shown=False
        ),
        *(
            Program(name, _python(f"{worker} -n {name}@demo -Q {queues}"), quiet)
            for name, queues in _WORKERS.items()
        ),
        Program("beat", _python(f"{celery} beat -l WARNING -s {os.devnull}"), quiet),
        Program("case", _python("-m demo.case"), once=True),
    ]


def answers(port: int) -> bool:
    """Whether the web server says it is alive."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Demo:
    """One run of the demonstration."""

    def __init__(self, *, once: bool, port: int) -> None:
        self.once = once
        self.began = time.monotonic()
        # The programs read their settings from the environment, so everything that is chosen here
        # is put there before they start.
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.demo")
        self.data = Path(settings.DATA_DIR)
        self.port = free_port(port, set())
        self.web_port, self.company_port = any_port(), any_port()
        self.engines: list[Postgres | Valkey] = []
        os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{self.port}")
        os.environ.setdefault("FETCH_LOCAL", f"{COMPANY_HOST}=127.0.0.1:{self.company_port}")
        for name, engine in (
            ("DATABASE_URL", Postgres(self.data / "postgres")),
            ("REDIS_URL", Valkey(self.data / "valkey")),
        ):
            if not os.environ.get(name):
                os.environ[name] = engine.url
                self.engines.append(engine)

    def run(self) -> None:
        """Everything of the module's docstring. Raises StoppedError, ProgramFailedError or
        EngineFailedError."""
        with ExitStack() as stack:
            # WhiteNoise warns when it is absent, though nothing is in it here
            # (https://github.com/evansd/whitenoise/issues/215).
            Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
            handle = lock(self.data / "demo.lock")
            check_form(self.data)
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()}, {os.environ['SITE_URL']}".encode())
            supervisor = stack.enter_context(Supervisor(self.data / "demo" / "log"))
            # Entered later, so stopped earlier: the programs end while their engines still answer.
            stack.callback(self._stop_engines)
            stack.callback(supervisor.stop)
            for engine in self.engines:
                engine.begin()
            # Two cores are enough for both: the web server loads while the tables are looked after.
            # It is announced when both are done.
            supervisor.add(web(self.web_port))
            supervisor.add(proxy(self.port, self.web_port))
            for engine in self.engines:
                engine.finish()
            self._migrate(supervisor)
            self._until(
                supervisor, lambda: answers(self.port), 60, "the web server does not answer", "web"
            )
            self._greet(supervisor)
            for program in programs(self.company_port, self.data / "demo" / "company"):
                supervisor.add(program)
            self._play(supervisor)

    def _migrate(self, supervisor: Supervisor) -> None:
        """Bring the tables up to date, unless a note inside the embedded cluster says that this
        very code did so.

        All of the code, since the record's triggers follow the models and not only the migrations.
        """
        postgres = next((engine for engine in self.engines if isinstance(engine, Postgres)), None)
        note = postgres.data / "asclaimed-tables" if postgres else None
        code = [
            path for app in settings.INSTALLED_APPS for path in sorted((_ROOT / app).rglob("*.py"))
        ]
        # Other people's tables change with their versions.
        wanted = hashlib.sha256(
            b"".join(path.read_bytes() for path in [*code, _ROOT / "requirements.txt"])
        )
        if note and note.exists() and note.read_text() == wanted.hexdigest():
            return
        supervisor.say("making the tables")
        supervisor.add(
            Program("tables", _python("-m django migrate --no-input --skip-checks -v 0"), once=True)
        )
        self._until(
            supervisor,
            lambda: supervisor.ended("tables") is not None,
            300,
            "the tables could not be made within five minutes",
        )
        if supervisor.ended("tables"):
            raise ProgramFailedError(f"the tables could not be made:\n{supervisor.tail('tables')}")
        if note:
            note.write_text(wanted.hexdigest())

    def _greet(self, supervisor: Supervisor) -> None:
        supervisor.say(
            f"the site is up after {time.monotonic() - self.began:.1f} s: {os.environ['SITE_URL']}/"
        )
        for login in logins(self.data / "demo" / "logins.json"):
            supervisor.say(
                f"sign in as {login['role']:<24} {login['email']:<36} {login['password']}"
            )
        if not self.once:
            supervisor.say("Ctrl-C stops it; `make clean` forgets it")

    def _play(self, supervisor: Supervisor) -> None:
        limit = _ONCE_LIMIT if self.once else float("inf")
        self._until(
            supervisor,
            lambda: supervisor.ended("case") is not None,
            limit,
            f"the case did not end within {limit / 60:g} minutes",
        )
        result = supervisor.output("case").strip().rpartition("\n")[2]
        sentence = judge(supervisor.ended("case"), result)
        if sentence:
            sentence += f". The end of what it said:\n{supervisor.tail('case')}"
            if self.once:
                raise ProgramFailedError(sentence)
            supervisor.say(sentence)
        else:
            supervisor.say(f"the case is complete after {time.monotonic() - self.began:.0f} s")
        if self.once:
            sys.stdout.write(result + "\n")
            sys.stdout.flush()
        while not self.once and not supervisor.stopping:
            self._turn(supervisor)

    def _until(
        self,
        supervisor: Supervisor,
        happened: Callable[[], bool],
        seconds: float,
        otherwise: str,
        blamed: str = "",
    ) -> None:
        """Turn until it happened. Raises StoppedError; ProgramFailedError after `seconds`, or when
        a program keeps dying (--once)."""
        until = time.monotonic() + seconds
        asked = 0.0
        while not supervisor.stopping:
            if (
                time.monotonic() - asked > 0.2
            ):  # Not at every turn: a chatty program makes many turns.
                asked = time.monotonic()
                if happened():
                    return
            self._turn(supervisor)
            sick = supervisor.sickly() if self.once else None
            if sick:
                raise ProgramFailedError(
                    f"{sick} does not stay up. The end of what it said:\n{supervisor.tail(sick)}"
                )
            if time.monotonic() > until:
                raise ProgramFailedError(
                    f"{otherwise}:\n{supervisor.tail(blamed)}" if blamed else otherwise
                )
        raise StoppedError("stopped before the case had ended")

    def _turn(self, supervisor: Supervisor) -> None:
        supervisor.turn(0.1)
        for engine in self.engines:
            if (
                engine.process is not None
                and engine.process.poll() is not None
                and not supervisor.stopping
            ):
                supervisor.say(f"{engine.name} ended; starting it again")
                self._revive(engine, supervisor)

    def _revive(self, engine: Postgres | Valkey, supervisor: Supervisor) -> None:
        """Start an engine that died. Whatever ended it may still be at it, so this is tried three
        times. Raises EngineFailedError."""
        for last in (False, False, True):
            try:
                engine.start()
            except EngineFailedError as error:
                if last:
                    raise
                supervisor.say(f"{error}; trying again")
            else:
                return

    def _stop_engines(self) -> None:
        for engine in reversed(self.engines):
            engine.stop()


def judge(code: int | None, result: str) -> str:
    """What is wrong with the end of the case, as the beginning of a sentence; empty if nothing
    is."""
    if code != 0:
        return f"the case did not end as it should (exit code {code})"
    try:
        json.loads(result)
    except ValueError:
        return "the case gave no result"
    return ""


def logins(path: Path) -> list[dict[str, str]]:
    """The demonstration's logins: role, e-mail, password. The passwords are made up at the first
    start and kept in `path`."""
    from demo import people

    accounts: list[dict[str, str]] = people.logins(path)
    return accounts


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="The demonstration, on this machine alone."
    )
    parser.add_argument(
        "--once", action="store_true", help="work the case through, print its result as JSON, stop"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        help="where the site is, or the next free port (default 8000)",
    )
    arguments = parser.parse_args()
    try:
        Demo(once=arguments.once, port=arguments.port).run()
    except StoppedError as error:
        if arguments.once:
            sys.stderr.write(f"The demo failed: {error}\n")
        return int(arguments.once)
    except (ProgramFailedError, EngineFailedError) as error:
        sys.stderr.write(f"The demo failed: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
