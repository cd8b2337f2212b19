"""What a reader's request costs at the web server: the front against nginx, and a list at depth."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
from django.db import connection

from claims.models import Claim
from claims.paging import page_of
from ledger.sequencing import sequence
from tests import scenes
from tests.benchmarks.measure import ROUNDS, compare, kept
from tests.benchmarks.servers import (
    granian,
    needed,
    nginx,
    processor_seconds_a_request,
    seconds_a_request,
    site,
)

DOCUMENT = b'{"document":"' + secrets.token_hex(2_000).encode() + b'"}'


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def test_a_verdict_against_nginx_serving_the_same_bytes(tmp_path: Path) -> None:
    needed("nginx", "wrk", "taskset")
    folder = tmp_path / "published"
    (folder / "verdicts").mkdir(parents=True)
    name = str(uuid4())
    (folder / "verdicts" / f"{name}.json").write_bytes(DOCUMENT)
    tmp_path.chmod(0o755)
    with granian(folder) as ours, nginx(folder, tmp_path / "nginx") as peer:
        pairs = [
            (
                seconds_a_request(f"{ours}/api/v1/verdicts/{name}/"),
                seconds_a_request(f"{peer.url}/verdicts/{name}.json"),
            )
            for _ in range(ROUNDS)
        ]
    mine, theirs = (median([pair[side] for pair in pairs]) for side in (0, 1))
    kept(
        "a published verdict / nginx serving the same bytes", mine, theirs, floor=1 / 0.15,
        goal=1 / 0.60,
        how=f"{len(DOCUMENT)} bytes, one core for the server and one for wrk, 16 connections, "
            f"{ROUNDS} rounds of 2 s",
    )  # fmt: skip


RATE = 200
"""Commits a second of the one writer."""


@contextmanager
def one_writer(claim: Claim) -> Iterator[None]:
    """Someone who changes another claim all the time, in RATE transactions a second."""
    ended = Event()

    def write() -> None:
        began, done = time.monotonic(), 0
        with connection.cursor() as cursor:
            while not ended.is_set():
                cursor.execute(
                    "UPDATE claims_claim SET quote = quote || '.' WHERE id = %s", [claim.pk]
                )
                done += 1
                if done % 100 == 0:  # a quote is no novel
                    cursor.execute("UPDATE claims_claim SET quote = '' WHERE id = %s", [claim.pk])
                time.sleep(max(0, began + done / RATE - time.monotonic()))
        connection.close()
        rates.append(done / (time.monotonic() - began))

    rates: list[float] = []
    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(20)
    assert rates[0] > RATE * 0.9, rates


@pytest.mark.django_db(transaction=True)
def test_public_pages_under_a_writer_against_nginx_serving_the_same_bytes(tmp_path: Path) -> None:
    needed("nginx", "wrk", "taskset")
    scene = scenes.build_post(scenes.build_claim())
    scenes.build_verdict(scene)
    beside = scenes.build_claim_beside(scene)
    sequence()
    folder = tmp_path / "pages"
    folder.mkdir()
    tmp_path.chmod(0o755)
    pages = {
        "a claim's page": f"/en/claims/{scene.claim.reference}/",
        "the front page": "/en/",
        "the list of claims": "/en/claims/",
    }
    with site() as ours, nginx(folder, tmp_path / "nginx") as peer, one_writer(beside):
        for name, path in pages.items():
            with urlopen(f"{ours.url}{path}", timeout=20) as answer:
                page = answer.read()
            (folder / "page.html").write_bytes(page)
            pairs = [
                (
                    processor_seconds_a_request(ours, path),
                    processor_seconds_a_request(peer, "/page.html"),
                )
                for _ in range(ROUNDS)
            ]
            mine, theirs = (median([pair[side] for pair in pairs]) for side in (0, 1))
            kept(
                f"{name} under a writer / nginx serving the same bytes", mine, theirs,
                floor=1 / 0.15, goal=2.5,
                how=f"processor time of the serving processes; {len(page)} bytes, one core for the "
                    f"server and one for wrk, 16 connections of strangers, one writer with {RATE} "
                    f"commits a second about another claim, {ROUNDS} rounds of 2 s",
            )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_first_reader_after_a_change_waits_for_less_than_50_ms() -> None:
    scene = scenes.build_post(scenes.build_claim())
    scenes.build_verdict(scene)
    sequence()
    path, took = f"/en/claims/{scene.claim.reference}/", []
    with site() as ours:
        for number in range(30):
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE claims_claim SET quote = quote || '.' WHERE id = %s", [scene.claim.pk]
                )
            time.sleep(0.3)
            began = time.perf_counter()
            with urlopen(f"{ours.url}{path}", timeout=20) as answer:
                answer.read()
            if number:  # the first one compiles templates
                took.append(time.perf_counter() - began)
    kept(
        "the first reader after a change: seconds, of 0.025 wanted", median(took), 0.025,
        floor=2, goal=1, how=f"{len(took)} changes of the claim, its page asked for after each",
    )  # fmt: skip


LINKS = 50_000
"""File systems allow 65,000 names of one file."""


def test_a_verdict_among_a_million_against_one_among_a_thousand(tmp_path: Path) -> None:
    needed("wrk", "taskset")
    folders = {}
    try:
        for count in (1_000, 1_000_000):
            folder = folders[count] = tmp_path / str(count)
            (folder / "verdicts").mkdir(parents=True)
            for number in range(count):
                place = f"{folder}/verdicts/{UUID(int=number)}.json"
                if number % LINKS == 0:
                    original = place
                    Path(original).write_bytes(DOCUMENT)
                else:
                    os.link(original, place)
        with granian(folders[1_000]) as few, granian(folders[1_000_000]) as many:
            pairs = [
                (
                    seconds_a_request(
                        f"{many}/api/v1/verdicts/{UUID(int=number * 142_857)}/", seconds=1
                    ),
                    seconds_a_request(
                        f"{few}/api/v1/verdicts/{UUID(int=number * 142)}/", seconds=1
                    ),
                )
                for number in range(ROUNDS)
            ]
    finally:
        for folder in folders.values():
            shutil.rmtree(folder)
    mine, theirs = (median([pair[side] for pair in pairs]) for side in (0, 1))
    kept(
        "a verdict among a million / among 1,000", mine, theirs, floor=1.5, goal=1.1,
        how=f"names in one folder, {LINKS:,} of them for one file; {ROUNDS} documents each, 1 s "
            f"each, in turn",
    )  # fmt: skip


@pytest.mark.django_db
def test_a_list_at_depth_900000_against_its_first_page() -> None:
    scene = scenes.build_claim()
    columns = [field.column for field in Claim._meta.concrete_fields]
    own = {"id": "md5(n::text)::uuid", "reference": "'B' || n"}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        chosen = ", ".join(own.get(name, f'"{name}"') for name in columns)
        listed = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"INSERT INTO claims_claim ({listed}) SELECT {chosen} FROM claims_claim, "
            f"generate_series(1, 1000000) n WHERE id = %s",
            [scene.claim.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE claims_claim")
        cursor.execute("SELECT id FROM claims_claim ORDER BY id DESC OFFSET 900000 LIMIT 1")
        deep = cursor.fetchone()[0]
    claims = Claim.objects.public()
    first = page_of(claims, {})
    after = page_of(claims.filter(pk__gte=deep), {}).next_cursor or first.next_cursor

    def cursor_at(pk: object) -> str:
        import base64
        import json

        return base64.urlsafe_b64encode(json.dumps([str(pk)]).encode()).decode().rstrip("=")

    assert after
    assert len(page_of(claims, {"after": cursor_at(deep)}).rows) == 20
    compare(
        "page at depth 900,000 / page 1",
        ours=lambda: page_of(claims, {"after": cursor_at(deep)}),
        peer=lambda: page_of(claims, {}),
        floor=2,
        goal=1.2,
        how="20 claims of a million by keyset, the query and its rows",
    )
