"""Unsafe combinations are refused at start, each by name."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import checks
from tests.system.processes import ROOT

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "SITE_URL": "https://record.example",
    "CONTENT_HOST": "content.record-files.example",
    "LEDGER_ORIGIN": "record.example/log",
    "BUFFERING_PROXY": "nginx",
    "DATABASE_URL": "postgresql://app@db.example/record",
    "REDIS_URL": "redis://broker.example/0",
    "CACHE_URL": "redis://cache.example/0",
    "EMAIL_URL": "smtps://mail.example:465",
    "DEFAULT_FROM_EMAIL": "record@record.example",
}


def manage(*arguments: str, data: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """manage.py with production settings; a change of None leaves the variable out."""
    environment = {**PRODUCTION, "DATA_DIR": str(data), "PATH": os.environ["PATH"], **changes}
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=ROOT, env={name: value for name, value in environment.items() if value is not None},
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def safe(settings: Any, tmp_path: Path) -> Any:
    """What the checks look at, all of it safe."""
    settings.LOOPBACK_ONLY = False
    settings.DEBUG = False
    settings.SECOND_FACTOR_REQUIRED = True
    settings.SITE_URL = "https://record.example"
    settings.CONTENT_HOST = "content.record-files.example"
    settings.ALLOWED_HOSTS = ["record.example"]
    settings.LEDGER_ORIGIN = "record.example/log"
    settings.REDIS_URL = "redis://broker.example/0"
    settings.CACHES = {"default": {"LOCATION": "redis://cache.example/0"}}
    settings.FETCH_LOCAL = {}
    settings.BUFFERING_PROXY = "nginx"
    settings.METRICS_TOKEN = ""
    settings.S3_BUCKET, settings.S3_ENDPOINT = "originals", "https://s3.example"
    for name in (
        "KEYS_DIR",
        "LEDGER_DIR",
        "BLOBS_DIR",
        "RENDITIONS_DIR",
        "REPORTS_DIR",
        "PUBLISHED_DIR",
        "STATIC_ROOT",
    ):
        setattr(settings, name, tmp_path / name)
    checks.refuse()
    return settings


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("E001", "LOOPBACK_ONLY", True),
        ("E002", "SITE_URL", "http://record.example"),
        ("E002", "SITE_URL", "https://record.example/path"),
        ("E002", "SITE_URL", "https://someone@record.example"),
        ("E003", "CONTENT_HOST", ""),
        ("E003", "CONTENT_HOST", "record.example"),
        ("E003", "CONTENT_HOST", "content.record.example"),
        ("E003", "CONTENT_HOST", "CONTENT.Record.example.:8443"),
        ("E004", "ALLOWED_HOSTS", []),
        ("E004", "ALLOWED_HOSTS", ["*"]),
        ("E004", "ALLOWED_HOSTS", [".record.example"]),
        ("E005", "FETCH_LOCAL", {"brand.example:80": "127.0.0.1:8100"}),
        ("E006", "DEBUG", True),
        ("E007", "LEDGER_ORIGIN", "asclaimed.localhost/log"),
        ("E008", "REPLY_WINDOW", timedelta(seconds=10)),
        ("E009", "SECOND_FACTOR_REQUIRED", False),
        ("E010", "CACHES", {"default": {"LOCATION": "redis://broker.example:6379/3"}}),
        ("E010", "REDIS_URL", "redis://cache.example"),
        ("E011", "CELERY_TASK_TIME_LIMIT", 100_000),
        ("E011", "CELERY_VISIBILITY_TIMEOUT", 1),
        ("E012", "CONTENT_HOST", "Record.example.:8443"),
        ("E013", "BUFFERING_PROXY", ""),
        ("E013", "BUFFERING_PROXY", "haproxy"),
        ("E022", "METRICS_TOKEN", "short"),
        ("E031", "S3_ENDPOINT", "http://s3.example"),
        ("E031", "S3_ENDPOINT", "s3.example"),
    ],
)
def test_an_unsafe_setting_is_refused(safe: Any, code: str, name: str, value: object) -> None:
    setattr(safe, name, value)
    with pytest.raises(ImproperlyConfigured, match=f"asclaimed.{code}"):
        checks.refuse()


def test_a_bucket_without_the_sdk_is_refused_with_what_to_install(
    safe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"asclaimed\.E030.*requirements-s3\.txt"):
        checks.refuse()
    safe.S3_BUCKET = ""
    checks.refuse()


@pytest.mark.parametrize(
    "served", ["LEDGER_DIR", "REPORTS_DIR", "PUBLISHED_DIR", "STATIC_ROOT", "RENDITIONS_DIR"]
)
def test_keys_are_never_inside_what_is_served_nor_the_other_way_round(
    safe: Any, served: str
) -> None:
    keys = safe.KEYS_DIR
    safe.KEYS_DIR = getattr(safe, served) / "keys"
    with pytest.raises(ImproperlyConfigured, match="E020"):
        checks.refuse()
    safe.KEYS_DIR = keys
    setattr(safe, served, keys / "inside")
    with pytest.raises(ImproperlyConfigured, match="E020"):
        checks.refuse()


def test_keys_that_others_can_open_are_refused(safe: Any) -> None:
    safe.KEYS_DIR.mkdir(mode=0o750)
    with pytest.raises(ImproperlyConfigured, match="E021"):
        checks.refuse()
    safe.KEYS_DIR.chmod(0o700)
    checks.refuse()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("content.record.example", "record.example"),
        ("a.b.record.co.uk", "record.co.uk"),
        ("record.com.cn", "record.com.cn"),
        ("ours.github.io", "ours.github.io"),
        ("RECORD.org.", "record.org"),
    ],
)
def test_a_registrable_domain_is_what_one_owner_registers(host: str, expected: str) -> None:
    assert checks.registrable(host) == expected


def test_production_is_clean_under_check_deploy(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", data=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"DJANGO_SETTINGS_MODULE", "SECRET_KEY"}))
def test_production_demands_what_it_cannot_guess(tmp_path: Path, name: str) -> None:
    done = manage("check", data=tmp_path, **{name: None})
    assert done.returncode != 0
    assert f"{name} must be set" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "sqlite:///record.db", "must be a postgresql:// address"),
        ("EMAIL_URL", "http://mail.example", "EMAIL_URL must be smtp://"),
        ("CACHE_URL", "memcached://cache.example", "CACHE_URL must be"),
        ("TRUSTED_PROXIES", "many", "it must be a whole number"),
        ("TRUSTED_PROXIES", "-1", "it must be at least 0"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL is 'LOUD'"),
    ],
)
def test_nonsense_in_the_environment_is_said_loudly(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    done = manage("check", data=tmp_path, **{name: value})
    assert done.returncode != 0
    assert sentence in done.stderr


def test_a_web_process_and_a_worker_refuse_to_start_unsafely(tmp_path: Path) -> None:
    environment = {
        **PRODUCTION,
        "DATA_DIR": str(tmp_path),
        "PATH": os.environ["PATH"],
        "CONTENT_HOST": "content.record.example",
    }
    worker = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "solo", "-Q", "tick"]
    beat = [sys.executable, "-m", "celery", "-A", "config", "beat", "-s", os.devnull]
    for command in ([sys.executable, "-c", "import config.wsgi"], worker, beat):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode != 0
        assert "asclaimed.E003" in done.stdout + done.stderr


def test_a_secret_key_is_generated_once_and_kept_closed(tmp_path: Path) -> None:
    for _ in range(2):
        assert (
            manage(
                "check", "--deploy", "--fail-level", "WARNING", data=tmp_path, SECRET_KEY=None
            ).returncode
            == 0
        )
    key = tmp_path / "keys" / "django"
    assert len(key.read_text()) >= 50
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


def test_static_files_can_be_collected_with_their_digests(tmp_path: Path) -> None:
    done = manage("collectstatic", "--no-input", data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "static" / "staticfiles.json").exists()


def test_production_cookies_and_redirects_are_for_tls_alone(tmp_path: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "from django.conf import settings as s\n"
        "plain, tls = Client().get('/anything', headers={'host': 'record.example'}), "
        "Client().get('/healthz', headers={'host': 'record.example'}, secure=True)\n"
        "print(plain.status_code, plain['Location'])\n"
        "print(tls.status_code, tls['Strict-Transport-Security'], tls['Content-Security-Policy'])\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, "
        "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)\n"
        "print(Client().get('/healthz', headers={'host': 'record.example', "
        "'x-forwarded-proto': 'https'}).wsgi_request.is_secure())\n"
    )
    (tmp_path / "static").mkdir()
    environment = {**PRODUCTION, "DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    redirect, answer, cookies, forwarded = done.stdout.splitlines()
    assert redirect == "301 https://record.example/anything"
    assert answer.startswith("200 max-age=63072000 ")
    assert "includeSubDomains" not in answer
    assert "preload" not in answer
    assert "default-src 'none'" in answer
    assert cookies == "__Host-session __Host-csrf True True"
    assert forwarded == "False", "without a proxy of ours a forwarded header says nothing"


def test_hsts_speaks_for_subdomains_only_where_it_is_asked_to(tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s; print(s.SECURE_HSTS_INCLUDE_SUBDOMAINS, "
        "s.SECURE_HSTS_PRELOAD)"
    )
    for said, meant in ({}, "False False"), ({"HSTS_SUBDOMAINS": "yes"}, "True True"):
        environment = {**PRODUCTION, "DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"], **said}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.stdout.strip() == meant, done.stderr
