"""Embedded PostgreSQL and Valkey: for root and for others, alone on their data, and gone when their
parent is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from demo import embedded
from demo.embedded import EngineFailedError, Postgres, Valkey
from tests.system.processes import ROOT, carrying, eventually

STARTS_BOTH = """
import sys, time
from pathlib import Path
from demo.embedded import Postgres, Valkey
at = Path(sys.argv[1])
with Postgres(at / "postgres", durable=False), Valkey(at / "valkey", durable=False):
    print("up", flush=True)
    time.sleep(float(sys.argv[2]))
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up being root")


def owner_of(engine: Postgres) -> int:
    """The user that the server runs as, seen from inside it and from outside."""
    assert engine.process is not None
    return Path(f"/proc/{engine.process.pid}").stat().st_uid


def test_postgres_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    engine = Postgres(tmp_path / "postgres", durable=False)
    with engine, psycopg.connect(engine.url, autocommit=True) as db:
        db.execute("CREATE TABLE kept AS SELECT 1 AS n")
    with engine, psycopg.connect(engine.url) as db:
        assert db.execute("SELECT n FROM kept").fetchone() == (1,)


def test_valkey_keeps_its_data_and_never_evicts(tmp_path: Path) -> None:
    engine = Valkey(tmp_path / "valkey")
    with engine, redis.Redis.from_url(engine.url) as client:
        client.set("kept", "1")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with engine, redis.Redis.from_url(engine.url) as client:
        assert client.get("kept") == b"1"


def test_engines_start_where_the_path_has_blanks_and_is_long(tmp_path: Path) -> None:
    for data in (tmp_path / "a place 数据", tmp_path / ("x" * 90)):
        with (
            Postgres(data / "postgres", durable=False) as postgres,
            psycopg.connect(postgres.url) as db,
        ):
            assert db.execute("SELECT 1").fetchone() == (1,)
        with (
            Valkey(data / "valkey", durable=False) as valkey,
            redis.Redis.from_url(valkey.url) as client,
        ):
            assert client.ping()
        assert not any(engine.sockets.exists() for engine in (postgres, valkey)), (
            "nothing is left in the place for temporary files"
        )


def test_engines_listen_on_no_port(tmp_path: Path) -> None:
    with (
        Postgres(tmp_path / "postgres", durable=False) as engine,
        psycopg.connect(engine.url) as db,
    ):
        assert db.execute("SHOW listen_addresses").fetchone() == ("",)
        assert (engine.sockets.stat().st_mode & 0o077) == 0


@as_root
def test_root_becomes_an_ordinary_user_in_a_namespace(tmp_path: Path) -> None:
    if not embedded._allowed(embedded._renumber):
        pytest.skip("user namespaces are forbidden here; the other way is tested below")
    with Postgres(tmp_path / "postgres", durable=False) as engine:
        assert engine.process is not None
        assert Path(f"/proc/{engine.process.pid}/uid_map").read_text().split() == ["1000", "0", "1"]


@as_root
def test_where_namespaces_are_forbidden_root_becomes_nobody_and_still_enters_a_closed_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = embedded._allowed
    monkeypatch.setattr(
        embedded, "_allowed", lambda step: step is not embedded._renumber and allowed(step)
    )
    tmp_path.chmod(0o700)
    with (
        Postgres(tmp_path / "postgres", durable=False) as engine,
        psycopg.connect(engine.url) as db,
    ):
        assert owner_of(engine) == 65534
        assert db.execute("SELECT 1").fetchone() == (1,)
    monkeypatch.undo()
    with Postgres(tmp_path / "postgres", durable=False) as engine:
        assert owner_of(engine) == 65534, "the cluster belongs to nobody from then on"


@as_root
def test_where_root_can_become_no_one_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_allowed", lambda step: False)
    with pytest.raises(
        EngineFailedError, match="run this as an ordinary user, or set DATABASE_URL"
    ):
        Postgres(tmp_path / "postgres").start()


@as_root
def test_an_ordinary_user_starts_both(tmp_path: Path) -> None:
    """In a namespace where we are user 1000, so that this needs no account on the machine."""
    if not embedded._allowed(embedded._renumber):
        pytest.skip("user namespaces are forbidden here")
    command = [sys.executable, "-c", STARTS_BOTH, str(tmp_path), "0"]
    done = subprocess.run(
        command, cwd=ROOT, preexec_fn=embedded._renumber, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "up\n", done.stderr


def test_engines_die_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_BOTH, str(tmp_path), "300"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        up = parent.stdout.readline()
        family = carrying(str(tmp_path))
        parent.kill()
    assert up == b"up\n"
    assert len(family) >= 3, "the parent, PostgreSQL, Valkey"
    assert eventually(lambda: not carrying(str(tmp_path)), 5), carrying(str(tmp_path))


def test_two_engines_never_share_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded._Engine, "seconds_to_leave", 0.2)
    for kind in (Postgres, Valkey):
        with (
            kind(tmp_path / kind.name, durable=False),
            pytest.raises(EngineFailedError, match="is using"),
        ):
            kind(tmp_path / kind.name, durable=False).start()


def test_a_restart_waits_for_the_one_before_to_leave(tmp_path: Path) -> None:
    first = Valkey(tmp_path / "valkey", durable=False)
    first.start()
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    waker = subprocess.Popen(
        ["sh", "-c", f"sleep 0.5; kill -CONT {first.process.pid}; kill -TERM {first.process.pid}"]
    )
    began = time.monotonic()
    with Valkey(tmp_path / "valkey", durable=False):
        assert time.monotonic() - began > 0.4
    waker.wait()
    first.stop()


def test_a_process_number_from_before_a_power_cut_does_not_stop_postgres(tmp_path: Path) -> None:
    engine = Postgres(tmp_path / "postgres", durable=False)
    with engine:
        pass
    # This process took the number meanwhile;
    # PostgreSQL alone would believe that its server still runs.
    (engine.data / "postmaster.pid").write_text(
        f"{os.getpid()}\n{engine.data}\n0\n5432\n{engine.sockets}\n\n"
    )
    with engine, psycopg.connect(engine.url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_an_interrupted_creation_is_done_again(tmp_path: Path) -> None:
    engine = Postgres(tmp_path / "postgres", durable=False)
    (engine.data / "base").mkdir(parents=True)
    (engine.data / "postgresql.conf").write_text("half written")
    with engine, psycopg.connect(engine.url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_an_engine_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    engine = Postgres(tmp_path / "postgres", durable=False)
    with engine:
        pass
    (engine.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EngineFailedError, match="no_such_setting"):
        engine.start()


@as_root
def test_a_socket_directory_made_by_someone_else_is_not_used(tmp_path: Path) -> None:
    """In a shared place for temporary files anyone can make the directory first and answer in
    it."""
    engine = Valkey(tmp_path / "valkey", durable=False)
    engine.sockets.mkdir()
    os.chown(engine.sockets, 12345, 12345)
    with pytest.raises(EngineFailedError, match="belongs to another user"):
        engine.start()
    os.chown(engine.sockets, 0, 0)
    engine.start()
    engine.stop()
