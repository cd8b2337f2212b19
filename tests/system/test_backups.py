"""A backup made while people work is whole; put back on an empty machine it is the same record, or
says what it lacks."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo

import jobs
import ledger
from claims import actions as claims
from claims.localized_text import write
from claims.models import Claim
from config import backups, checks, key_files
from evidence.exhibits import keyed
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission
from evidence.stores import originals
from ledger import keys, sealing
from ledger.models import Checkpoint, Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.system.processes import ROOT, eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


class EmptyMachine:
    """Another database and other folders, worked on by commands of their own, as after a fire."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = (
            folder,
            f"restored_{uuid4().hex}",
        )  # tests that run beside each other share the server
        self.where = connection.settings_dict
        self.at = make_conninfo(
            "", host=self.where["HOST"], user=self.where["USER"], dbname="postgres"
        )
        with psycopg.connect(self.at, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {self.name}")

    def manage(self, *arguments: str, kept: Path | None = None) -> tuple[int, str]:
        folders = {
            f"{name}_DIR": str(self.folder / name.lower())
            for name in ("DATA", "KEYS", "LEDGER", "BLOBS", "RENDITIONS", "REPORTS", "PUBLISHED")
        }
        url = f"postgresql://{self.where['USER']}@/{self.name}?host={self.where['HOST']}"
        environment = {
            **os.environ,
            **folders,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(make_conninfo(self.at, dbname=self.name)) as database:
            return database.execute(statement).fetchall()

    def gone(self) -> None:
        with psycopg.connect(self.at, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[EmptyMachine]:
    made = EmptyMachine(tmp_path / "machine")
    yield made
    made.gone()


def backup(tmp_path: Path, *options: str) -> str:
    out = StringIO()
    call_command("backup", str(tmp_path / "backups"), *options, stdout=out)
    return out.getvalue()


def _busily(work: Callable[[int], None]) -> tuple[threading.Thread, threading.Event, list[int]]:
    """`work` again and again in a thread of its own until the event is set."""
    enough, done = threading.Event(), []

    def run() -> None:
        try:
            while not enough.is_set():
                work(len(done))
                done.append(1)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, enough, done


def test_a_backup_made_while_people_work_is_put_back_whole_and_an_older_one_is_recognised(
    machine, tmp_path, monkeypatch, request
):
    scene = scenes.build_claim()
    scenes.build_evidence(scene)
    (tmp_path / "keys" / "django").write_text("as production makes one")
    sequence()

    def work(number: int) -> None:
        claims.revise_claim(
            by=scene.moderator,
            claim=Claim.objects.get(pk=scene.claim.pk),
            reason="Again.",
            summary=write("en", f"As said, {number}."),
            now=timezone.now(),
        )
        sequence()

    thread, enough, done = _busily(work)
    try:
        assert eventually(lambda: len(done) >= 2 or not thread.is_alive(), 30)
        said = backup(tmp_path, "--keys", str(tmp_path / "apart"))
    finally:
        enough.set()
        thread.join()
    assert len(done) > 2
    assert "files" in said

    # Keys apart, and no key beside the rest.
    assert {path.name for path in (tmp_path / "apart").iterdir()} == {
        "ledger.key",
        "master.key",
        "evidence.key",
        "django",
    }
    secrets = [path.read_bytes() for path in (tmp_path / "apart").iterdir()]
    for path in (tmp_path / "backups").rglob("*"):
        assert not path.is_file() or not any(secret in path.read_bytes() for secret in secrets)

    # A second one in peace, with a copy of the log as it is then.
    sequence()
    backup(tmp_path)
    copy, newer = tmp_path / "copy", tmp_path / "newer"
    call_command("export_log", str(copy), stdout=StringIO())
    last = Checkpoint.objects.latest("size")
    busy, quiet = sorted(path.parent for path in (tmp_path / "backups").glob("*/manifest.json"))

    # What came after both: an erasure and more work.
    target = Submission.objects.order_by("pk").first()
    assert target is not None
    words = target.narrative
    exhibits = list(Exhibit.objects.filter(submission=target))
    digests = [str(ledger.unseal(exhibit, "digest")) for exhibit in exhibits]
    assert digests
    call_command(
        "erase", "submission", str(target.pk), ground="court", reason="Ordered.", stdout=StringIO()
    )
    for exhibit in exhibits:
        call_command(
            "erase",
            "exhibit",
            str(exhibit.pk),
            ground="court",
            reason="Ordered.",
            stdout=StringIO(),
        )
    jobs.drain(["watch", "report", "decode"])
    sequence()
    call_command("export_log", str(newer), stdout=StringIO())

    # With the copy of its own time it is the same record, to the root.
    status, told = machine.manage(
        "restore", str(quiet), "--keys", str(tmp_path / "apart"), "--copy", str(copy)
    )
    assert (status, told.splitlines()[-1]) == (0, "everything is as the log says"), told
    ((size, root),) = machine.ask(
        "SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"
    )
    assert (size, bytes(root)) == (last.size, bytes(last.root))
    assert {path.name: path.read_bytes() for path in (tmp_path / "machine/keys").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "apart").iterdir()
    }
    # Control: without the newer copy of the log nobody could know of the erasure, and the backup
    # does hold the words and the file.
    assert machine.ask(f"SELECT narrative FROM evidence_submission WHERE id = '{target.pk}'") == [
        (words,)
    ]
    assert all(any((tmp_path / "machine/blobs").rglob(f"*{digest}*")) for digest in digests)
    status, told = machine.manage(
        "restore", str(quiet), "--keys", str(tmp_path / "apart"), "--copy", str(copy)
    )
    assert (status, "not empty" in told) == (1, True), told

    # With the newest copy of the log it is recognised as older, nothing is signed, and what was
    # erased since is erased again.
    machine.gone()
    older = EmptyMachine(tmp_path / "older")
    request.addfinalizer(older.gone)
    status, told = older.manage(
        "restore", str(busy), "--keys", str(tmp_path / "apart"), "--copy", str(newer)
    )
    assert status == 1
    assert f"restored: the published checkpoint has size {Entry.objects.count()}" in told, told
    mismatches = [line for line in told.splitlines() if re.match(r"[a-z]+: ", line)]
    assert {line.split(":")[0] for line in mismatches} == {"restored", "kept"}, (
        told
    )  # of what it holds, all is as the log says
    assert "kept: entry" in told
    ((held,),) = older.ask("SELECT max(size) FROM ledger_checkpoint")
    assert (
        held
        >= int(json.loads((busy / "manifest.json").read_text())["checkpoint"].split("\n")[1])
        > 0
    )
    assert older.ask(f"SELECT narrative FROM evidence_submission WHERE id = '{target.pk}'") == [
        ("",)
    ]
    assert older.ask(
        f"SELECT count(*) FROM evidence_submissionevent WHERE pgh_obj_id = '{target.pk}' AND "
        f"narrative = '{words}'"
    ) == [(0,)]
    assert older.ask(f"SELECT count(*) FROM ledger_sealedkey WHERE object_id = '{target.pk}'") == [
        (0,)
    ]
    assert not any(any((tmp_path / "older/blobs").rglob(f"*{digest}*")) for digest in digests)
    status, told = older.manage("sequence")
    assert status == 1
    assert "an older backup was restored" in told
    assert (tmp_path / "older/ledger/checkpoint").read_bytes() == (
        newer / "checkpoint"
    ).read_bytes()


def test_a_backup_that_is_not_what_it_was_is_refused(machine, tmp_path):
    scenes.build_claim()
    sequence()
    with pytest.raises(CommandError, match="apart"):
        backup(tmp_path, "--keys", str(tmp_path / "backups/keys"))
    backup(tmp_path, "--keys", str(tmp_path / "apart"))
    made = backups.latest(tmp_path / "backups")
    dump = made / "database.dump"
    content = dump.read_bytes()
    dump.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    status, told = machine.manage("restore", str(made), "--keys", str(tmp_path / "apart"))
    assert (status, "two trees of one size" in told) == (1, True), told
    status, told = machine.manage(
        "restore", str(made), "--keys", str(tmp_path / "apart"), "--nothing-signed-since"
    )
    assert (status, "is not the one that the manifest" in told) == (1, True), told
    assert machine.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    dump.write_bytes(content)  # control, and the way back where nothing was signed since
    status, told = machine.manage(
        "restore", str(made), "--keys", str(tmp_path / "apart"), "--nothing-signed-since"
    )
    assert (status, told.splitlines()[-1]) == (0, "everything is as the log says"), told
    assert machine.ask("SELECT max(size) FROM ledger_checkpoint") == [
        (Checkpoint.objects.latest("size").size,)
    ]


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(tmp_path, monkeypatch):
    monkeypatch.setattr(backups, "_address", lambda: "host=/nowhere dbname=nothing")
    with pytest.raises(CommandError, match="pg_dump failed"):
        backup(tmp_path)
    with pytest.raises(backups.BackupRefusedError, match="no backup"):
        backups.latest(tmp_path / "backups")


def test_a_second_backup_copies_only_what_is_new(tmp_path):
    scene = scenes.build_claim()
    scenes.build_evidence(scene)
    assert "(0 new)" not in backup(tmp_path)
    assert "(0 new)" in backup(tmp_path)
    assert len(list((tmp_path / "backups").glob("2*"))) == 2


def _hand_in_again(scene: scenes.Scene) -> Exhibit:
    """Another owner files the bytes of the scene's first photo."""
    digest = str(ledger.unseal(scene.exhibits()[0], "digest"))
    submission = filing.file_submission(
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en",
        licence="cc0-1.0", now=scene.now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(originals().path(digest).read_bytes())))],
    )  # fmt: skip
    return Exhibit.objects.get(submission=submission)


def test_after_a_restore_an_erasure_still_leaves_another_owners_original(machine, tmp_path):
    scene = scenes.build_evidence(scenes.build_claim())
    first, again = scene.exhibits()[0], _hand_in_again(scene)
    digest = str(ledger.unseal(first, "digest"))
    sequence()
    backup(tmp_path, "--keys", str(tmp_path / "apart"))
    status, told = machine.manage(
        "restore",
        str(tmp_path / "backups"),
        "--keys",
        str(tmp_path / "apart"),
        "--nothing-signed-since",
    )
    assert status == 0, told
    ordered = ("--ground", "court", "--reason", "Ordered.")
    status, told = machine.manage("erase", "exhibit", str(first.pk), *ordered)
    assert status == 0, told
    assert any((tmp_path / "machine/blobs").rglob(f"*{digest}*")), "another owner's original went"
    status, told = machine.manage("erase", "exhibit", str(again.pk), *ordered)
    assert status == 0, told
    assert not any((tmp_path / "machine/blobs").rglob(f"*{digest}*"))


@pytest.mark.parametrize("name", ["ledger.key", "master.key", "evidence.key", "django"])
def test_a_restore_without_one_of_the_keys_or_with_another_puts_nothing_back(
    machine, tmp_path, name
):
    scenes.build_evidence(scenes.build_claim())
    (tmp_path / "keys" / "django").write_text("as production makes one")
    sequence()
    backup(tmp_path, "--keys", str(tmp_path / "apart"))
    saved = tmp_path / "apart" / name
    right = saved.read_bytes()
    saved.unlink()
    command = (
        "restore",
        str(tmp_path / "backups"),
        "--keys",
        str(tmp_path / "apart"),
        "--nothing-signed-since",
    )
    status, told = machine.manage(*command)
    assert (status, f"{name} is not in" in told, "Nothing was put back" in told) == (
        1,
        True,
        True,
    ), told
    saved.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    status, told = machine.manage(*command)
    assert (status, f"is not the {name} that the backup was made with" in told) == (1, True), told
    assert machine.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    assert not (tmp_path / "machine/blobs").exists()


def test_a_restore_from_a_backup_that_names_no_keys_stops_before_anything_is_erased_again(
    machine, tmp_path
):
    scenes.build_evidence(scenes.build_claim())
    sequence()
    backup(tmp_path, "--keys", str(tmp_path / "apart"))
    manifest = backups.latest(tmp_path / "backups") / "manifest.json"
    said = json.loads(manifest.read_text())
    del said["keys"]
    manifest.write_text(json.dumps(said))
    (tmp_path / "apart/evidence.key").unlink()
    command = (
        "restore",
        str(tmp_path / "backups"),
        "--keys",
        str(tmp_path / "apart"),
        "--nothing-signed-since",
    )
    status, told = machine.manage(*command)
    assert (
        status,
        "evidence.key is missing, and the database holds values that were made with it" in told,
    ) == (1, True), told
    assert not (tmp_path / "machine/keys/evidence.key").exists()


def test_a_backup_never_overwrites_the_only_copy_of_a_key(tmp_path, settings):
    scenes.build_evidence(scenes.build_claim())
    backup(tmp_path, "--keys", str(tmp_path / "apart"))
    right = (tmp_path / "keys/evidence.key").read_bytes()
    (tmp_path / "keys/evidence.key").write_bytes(bytes(32))
    with pytest.raises(
        CommandError, match=r"evidence\.key is another key than .* Nothing was saved"
    ):
        backup(tmp_path, "--keys", str(tmp_path / "apart"))
    assert (tmp_path / "apart/evidence.key").read_bytes() == right
    (tmp_path / "keys/evidence.key").unlink()
    with pytest.raises(
        CommandError,
        match=r"evidence\.key is missing, and the database holds values that were made with it",
    ):
        backup(tmp_path, "--keys", str(tmp_path / "apart"))
    assert len(list((tmp_path / "backups").glob("2*"))) == 1


@pytest.mark.parametrize("name", ["ledger.key", "master.key", "evidence.key"])
def test_nothing_starts_without_a_key_that_rows_depend_on_and_none_is_made_anew(tmp_path, name):
    checks.refuse_without_keys()  # an empty installation has none, and starts
    scene = scenes.build_evidence(scenes.build_claim())
    sequence()
    checks.refuse_without_keys()
    key = tmp_path / "keys" / name
    key.rename(tmp_path / name)
    keyed.read.cache_clear()
    with pytest.raises(
        ImproperlyConfigured, match=rf"E023: .*{name} is missing, and the database holds"
    ):
        checks.refuse_without_keys()
    with pytest.raises(
        (keys.KeyUnusableError, sealing.MasterKeyUnusableError), match="put it back"
    ):
        _hand_in_again(scene) if name != "ledger.key" else sequence()
    assert not key.exists()
    (tmp_path / name).rename(key)
    checks.refuse_without_keys()


def test_every_key_that_is_made_is_one_that_is_asked_for_at_the_start(tmp_path):
    """A key that comes later has to be named in config.key_files, or a start without it would be
    silent."""
    scenes.build_evidence(scenes.build_claim())
    sequence()
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {
        key.path().name for key in key_files.OF_ROWS
    }
