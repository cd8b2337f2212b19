"""Variables of the environment are typed, and nonsense is loud."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from tests.system.processes import ROOT


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("Yes", True), ("off", False), (" true ", True), ("", False)],
)
def test_a_yes_or_no(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("X", value)
    assert environment.boolean("X", False) is expected


def test_a_yes_or_no_that_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="X is 'perhaps'"):
        environment.boolean("X", False)


def test_lists_and_mappings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "a=1, b=2,,")
    assert environment.words("X") == ["a=1", "b=2"]
    assert environment.mapping("X") == {"a": "1", "b": "2"}
    monkeypatch.setenv("X", "a=1,b")
    with pytest.raises(ImproperlyConfigured, match="'b'"):
        environment.mapping("X")


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = environment.secret(tmp_path / "keys" / "django")
    assert len(first) >= 50
    assert environment.secret(tmp_path / "keys" / "django") == first
    assert (tmp_path / "keys" / "django").stat().st_mode & 0o777 == 0o600


def test_a_database_address_keeps_what_is_quoted_in_it() -> None:
    entry = environment.database(
        "postgresql://app:p%40ss%2Fword@db.example:6432/re%20cord?sslmode=verify-full"
    )
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"], entry["NAME"]) == (
        "app",
        "p@ss/word",
        "db.example",
        "6432",
        "re cord",
    )
    assert entry["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": "5"}
    assert (
        environment.database("postgresql://postgres@/asclaimed?host=/run/a%20b")["HOST"]
        == "/run/a b"
    )


def test_mail_never_travels_with_its_password_in_the_clear() -> None:
    assert environment.mail("smtps://me:s%3Acret@mail.example")["EMAIL_USE_SSL"] is True
    starttls = environment.mail("smtp://me:secret@mail.example")
    assert (starttls["EMAIL_USE_TLS"], starttls["EMAIL_PORT"]) == (True, 587)
    with pytest.raises(ImproperlyConfigured):
        environment.mail("mail.example:25")


def test_the_broker_by_socket_is_spelled_as_celery_wants_it() -> None:
    assert environment.broker("unix:///run/valkey.sock") == "redis+socket:///run/valkey.sock"
    assert environment.broker("rediss://broker.example/0") == "rediss://broker.example/0"


def test_no_cache_address_means_this_process_alone() -> None:
    assert environment.cache("")["BACKEND"] == "django.core.cache.backends.locmem.LocMemCache"


def test_processes_that_start_at_once_end_with_one_key(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from config import "
        "environment\ntime.sleep(max(0, float(sys.argv[2]) - time.time())); "
        "print(environment.secret(Path(sys.argv[1])))"
    )
    start = str(time.time() + 3)
    command = [sys.executable, "-c", code, str(tmp_path / "keys" / "django"), start]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    said = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(said) == 1
    assert len(said.pop()) >= 50
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["django"]


def test_a_key_file_is_never_seen_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process comes while this one has begun to write: it must not read an empty key."""
    place, seen = tmp_path / "django", []
    real = secrets.token_urlsafe

    def meanwhile(length: int) -> str:
        seen.append(place.exists())
        return real(length)

    monkeypatch.setattr(secrets, "token_urlsafe", meanwhile)
    environment.secret(place)
    assert seen == [False]
    place.write_text("")
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        environment.secret(place)


def test_another_user_than_the_datas_own_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, missing = tmp_path / "ledger", tmp_path / "blobs"
    mine.mkdir()
    environment.refuse_another_user(mine, missing)  # control: one's own, and what is not there yet
    monkeypatch.setattr(os, "geteuid", lambda: mine.stat().st_uid + 1)
    with pytest.raises(
        SystemExit,
        match=(
            r"belongs to .*, and this runs as .*Nothing was done\. "
            r"Run it as .*sudo -u .*chown -R"
        ),
    ):
        environment.refuse_another_user(missing, mine)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run as another user")
@pytest.mark.parametrize(
    "command",
    [["-m", "django", "check"], ["-m", "django", "sequence"], ["-c", "import config.wsgi"]],
)
def test_no_process_of_root_touches_what_belongs_to_another(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "ledger").mkdir()
    os.chown(tmp_path / "ledger", 65534, 65534)
    around = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=around, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/ledger belongs to ")
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
