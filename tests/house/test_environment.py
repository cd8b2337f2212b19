"""Variables of the environment are typed, and nonsense is loud."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("off", False), (" true ", True), ("", False)])
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
    entry = environment.database("postgresql://app:p%40ss%2Fword@db.example:6432/re%20cord?sslmode=verify-full")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"], entry["NAME"]) == (
        "app",
        "p@ss/word",
        "db.example",
        "6432",
        "re cord",
    )
    assert entry["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": "5"}
    assert environment.database("postgresql://postgres@/asclaimed?host=/run/a%20b")["HOST"] == "/run/a b"


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
