"""The steps of a release in docs/operations.md, taken on fresh engines: the owner migrates, the
application role serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from demo.embedded import Postgres, Valkey
from tests.system.processes import ROOT
from tests.system.test_checks import PRODUCTION

# What is done as one role is done by one process: starting it takes longer than most of the steps.
MANAGE = """
import sys
from django.core.management import execute_from_command_line as manage
def steps(*given):
    for one in given:
        manage(["manage.py", *one.split()])
"""
OWNER = """
steps("migrate --no-input -v 0", "ledger_roles asclaimed_app")
"""
VISIT = """
steps("collectstatic --no-input -v 0")
import json
import config.wsgi
from django.db import connection
from django.db.utils import DatabaseError
from django.test import Client
visitor = Client(headers={"host": "record.example"})
addresses = (
    "/en/", "/zh/claims/", "/en/record/", "/zh/account/login/", "/api/v1/claims/",
    "/api/v1/schema/", "/healthz", "/readyz", "/nothing",
)
answers = {address: visitor.get(address, secure=True).status_code for address in addresses}
sign_in = visitor.get("/en/account/login/", secure=True)
cookies = {
    name: (bool(each["secure"]), each["path"], each["domain"])
    for name, each in sign_in.cookies.items()
}
with connection.cursor() as cursor:
    try:
        cursor.execute("DELETE FROM ledger_entry")
        refused = False
    except DatabaseError:
        refused = True
hsts = sign_in["Strict-Transport-Security"]
print(json.dumps({"answers": answers, "cookies": cookies, "refused": refused, "hsts": hsts}))
steps("sequence", "verify_record")
"""


@pytest.mark.slow
def test_a_release_by_the_guide_serves_pages_as_the_application_role(tmp_path: Path) -> None:
    with (
        Postgres(tmp_path / "db" / "postgres", durable=False) as postgres,
        Valkey(tmp_path / "broker" / "valkey", durable=False) as broker,
        Valkey(tmp_path / "cache" / "valkey", durable=False) as cache,
    ):
        with psycopg.connect(postgres.url, autocommit=True) as db:
            db.execute("CREATE ROLE asclaimed_owner LOGIN")
            db.execute("CREATE ROLE asclaimed_app LOGIN")
            db.execute("CREATE DATABASE record OWNER asclaimed_owner ENCODING 'UTF8'")
        socket = postgres.url.partition("?")[2]
        environment = {
            **PRODUCTION,
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path / "var"),
            "REDIS_URL": broker.url,
            "CACHE_URL": cache.url,
        }

        def run(role: str, steps: str) -> str:
            done = subprocess.run(
                [sys.executable, "-c", MANAGE + steps],
                cwd=ROOT,
                env={**environment, "DATABASE_URL": f"postgresql://{role}@/record?{socket}"},
                capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stdout

        run("asclaimed_owner", OWNER)
        said = run("asclaimed_app", VISIT)
    found = json.loads(next(line for line in said.splitlines() if line.startswith('{"answers"')))
    answers = found["answers"]
    assert answers.pop("/readyz") == 503, "no worker is there yet"
    assert answers.pop("/nothing") == 404
    assert set(answers.values()) == {200}
    assert found["cookies"] == {"__Host-csrf": [True, "/", ""]}
    assert found["refused"], "the application role cannot take entries back"
    assert found["hsts"].startswith("max-age=63072000")
