"""Public pages kept in front of Django: what is given is what Django would give now, whatever was
changed in whatever order. Real transactions, because what is not committed concerns no page."""

from __future__ import annotations

import io
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from claims.actions import raise_flag, revise_claim, withdraw_claim
from claims.localized_text import write
from claims.models import Claim
from config.public_pages import PageFront
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit
from ledger import registry
from ledger.sequencing import sequence
from reports.pages import dependencies, page_cache
from reports.pages.dependencies import LISTS
from reports.pages.page_cache import LEASE, LIST_SECONDS, Changes, Follower, Page, PageCache
from tests import scenes
from verdicts.models import Verdict

START = "/en"


# ── the cache alone ───────────────────────────────────────────────────────────────────────────────


class _Told(Follower):
    """Tells what the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.next: list[set[str] | Exception] = []
        self.asked = 0

    def ask(self) -> Changes:
        self.asked += 1
        told = self.next.pop(0) if self.next else set()
        if isinstance(told, Exception):
            raise told
        return Changes(frozenset(told), first=self.asked == 1)


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def a_page(*keys: str, size: int = 10, is_list: bool = False) -> Page:
    return Page(b"x" * size, b"", '"e"', (), frozenset(keys), is_list)


def a_cache(most: int = 1000) -> tuple[PageCache, _Told, _Clock]:
    told, clock = _Told(), _Clock()
    return PageCache(most, told, clock), told, clock


def put(cache: PageCache, name: str, page: Page) -> None:
    begun = cache.begin()
    assert begun is not None
    cache.put((name,), page, begun)


def test_what_was_changed_drops_the_pages_that_show_it_and_no_other() -> None:
    cache, told, clock = a_cache()
    put(cache, "a", a_page("claim:a"))
    put(cache, "b", a_page("claim:b"))
    told.next = [{"claim:a", "claim:c"}]
    assert cache.get(("a",)) is not None  # within the lease nobody is asked
    clock.now += LEASE
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None
    assert told.asked == 2


def test_who_has_an_account_is_given_what_holds_now() -> None:
    cache, told, _clock = a_cache()
    put(cache, "a", a_page("claim:a"))
    told.next = [set(), {"claim:a"}]
    assert cache.get(("a",), now=True) is not None
    assert cache.get(("a",), now=True) is None


def test_a_page_that_was_changed_while_it_was_made_is_not_kept() -> None:
    cache, told, clock = a_cache()
    begun = cache.begin()
    assert begun is not None
    told.next = [{"claim:a"}]
    clock.now += LEASE
    cache.begin()  # another reader's page
    cache.put(("a",), a_page("claim:a"), begun)
    cache.put(("b",), a_page("claim:b"), begun)
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None


def test_nothing_kept_is_given_while_the_database_cannot_be_asked() -> None:
    cache, told, clock = a_cache()
    put(cache, "a", a_page("claim:a"))
    told.next = [DatabaseError("away")] * 3
    for _ in range(3):
        clock.now += LEASE
        assert cache.get(("a",)) is None
    assert cache.begin() is not None
    assert cache.get(("a",)) is not None  # nothing was changed meanwhile


def test_an_answer_that_took_longer_than_the_lease_is_old_when_it_comes() -> None:
    cache, told, clock = a_cache()
    put(cache, "a", a_page("claim:a"))
    clock.now += LEASE
    real = told.ask

    def slowly() -> Changes:
        clock.now += 1
        return real()

    told.ask = slowly  # type: ignore[method-assign]
    assert cache.get(("a",)) is None


def test_who_did_not_ask_for_long_forgets_everything() -> None:
    cache, _told, clock = a_cache()
    put(cache, "a", a_page("claim:a"))
    clock.now += page_cache.SILENCE + 1
    assert cache.get(("a",)) is None
    assert len(cache) == 0


def test_a_list_is_given_for_a_second_longer_but_not_when_something_was_hidden() -> None:
    cache, told, clock = a_cache()
    put(cache, "list", a_page("claims", is_list=True))
    told.next = [{"claims"}]
    clock.now += LEASE
    assert cache.get(("list",)) is not None
    assert cache.get(("list",), now=True) is None  # to who changed it
    clock.now += LIST_SECONDS / 2
    assert cache.get(("list",)) is not None
    clock.now += LIST_SECONDS / 2
    assert cache.get(("list",)) is None
    put(cache, "list", a_page("claims", is_list=True))
    told.next = [{LISTS}]
    clock.now += LEASE
    assert cache.get(("list",)) is None


def test_a_list_under_a_busy_writer_is_made_once_a_second() -> None:
    cache, told, clock = a_cache()
    made = 0
    for _ in range(200):  # readers, 20 a second for ten seconds
        told.next = [{"claims"}]
        clock.now += 0.05
        if cache.get(("list",)) is None:
            begun = cache.begin()
            assert begun is not None
            clock.now += LEASE  # it takes long to make
            told.next = [{"claims"}]
            cache.begin()
            cache.put(("list",), a_page("claims", is_list=True), begun)
            made += 1
    assert made <= 10


def test_only_so_many_bytes_are_held_and_what_is_asked_for_stays() -> None:
    cache, _told, _clock = a_cache(most=30)
    for name in "abc":
        put(cache, name, a_page(name))
    assert cache.get(("a",)) is not None
    put(cache, "d", a_page("d"))
    assert [name for name in "abcd" if (name,) in cache] == ["a", "c", "d"]
    put(cache, "vast", a_page("v", size=31))
    assert ("vast",) not in cache


# ── the site ──────────────────────────────────────────────────────────────────────────────────────


class Site:
    """Django with the front before it, as the web server has it, and a clock of its own."""

    def __init__(self) -> None:
        self.clock = _Clock()
        self.cache = PageCache(1 << 26, clock=self.clock)
        self.django = WSGIHandler()
        self.front = PageFront(self.django, self.cache, "sessionid")

    def ask(
        self, path: str, *, direct: bool = False, **headers: str
    ) -> tuple[str, dict[str, str], bytes]:
        """Status, headers and body, from the front or from Django itself."""
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SCRIPT_NAME": "",
            "SERVER_NAME": "testserver", "SERVER_PORT": "80", "HTTP_HOST": "testserver",
            "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr, "REMOTE_ADDR": "127.0.0.1", **headers,
        }  # fmt: skip
        said: list[Any] = []

        def start(status: str, sent: list[tuple[str, str]], *_more: Any) -> None:
            said.extend([status, dict(sent)])

        answer = (self.django if direct else self.front)(environ, start)
        body = b"".join(answer)
        if close := getattr(answer, "close", None):
            close()
        return said[0], said[1], body

    def later(self, seconds: float = LEASE) -> None:
        self.clock.now += seconds

    def holds(self, path: str) -> bool:
        return (path, "testserver", "", "http") in self.cache


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.cache.clear()


@pytest.fixture
def scene(db_with_transactions: None) -> scenes.Scene:
    return scenes.build_claim()


@pytest.fixture
def db_with_transactions(transactional_db: None) -> None:
    """So that what is changed is committed."""


def claim_path(claim: Claim) -> str:
    return f"{START}/claims/{claim.reference}/"


def revised(scene: scenes.Scene, claim: Claim, words: str) -> None:
    claim.refresh_from_db()
    revise_claim(
        by=scene.moderator, claim=claim, now=timezone.now(), reason="Clearer.",
        summary=write("en", words, zh_Hans=words),
    )  # fmt: skip


def test_the_second_reader_costs_no_query_and_gets_the_same_bytes(
    site: Site, scene: scenes.Scene
) -> None:
    path = claim_path(scene.claim)
    sequence()
    status, headers, page = site.ask(path)
    with CaptureQueriesContext(connection) as seen:
        again, kept, same = site.ask(path)
    assert (status, page) == (again, same) == ("200 OK", page)
    assert not seen.captured_queries
    own = {"X-Request-Id"}
    assert {n: v for n, v in headers.items() if n not in own} == {
        n: v for n, v in kept.items() if n not in own
    }
    assert headers["X-Request-Id"] != kept["X-Request-Id"]
    assert kept["Cache-Control"] == "public, no-cache"
    assert kept["Vary"] == "Accept-Encoding"
    assert re.fullmatch(r'"[0-9a-f]{64}"', kept["ETag"])
    assert "Set-Cookie" not in {**headers, **kept}


def test_each_form_of_a_page_has_its_etag_and_304(site: Site, scene: scenes.Scene) -> None:
    path = claim_path(scene.claim)
    tags = set()
    for kept in (False, True):
        for encoding in ("", "gzip, br", "gzip;q=0"):
            if not kept:
                site.cache.clear()
            _status, headers, body = site.ask(path, HTTP_ACCEPT_ENCODING=encoding)
            assert (headers.get("Content-Encoding") == "gzip") is (encoding == "gzip, br")
            assert int(headers["Content-Length"]) == len(body) > 0
            tags.add((headers["ETag"], headers.get("Content-Encoding")))
            for condition in (headers["ETag"], f'"other", W/{headers["ETag"]}'):
                known, without, nothing = site.ask(
                    path, HTTP_ACCEPT_ENCODING=encoding, HTTP_IF_NONE_MATCH=condition
                )
                assert (known[:3], nothing) == ("304", b"")
                assert without["ETag"] == headers["ETag"]
            assert site.ask(path, HTTP_IF_NONE_MATCH='"other"')[0] == "200 OK"
            assert site.ask(path, REQUEST_METHOD="HEAD")[1]["ETag"] in {tag for tag, _ in tags}
            assert site.ask(path, REQUEST_METHOD="HEAD")[2] == b""
    assert len(tags) == 2


def test_a_change_about_one_claim_drops_its_pages_and_not_those_of_another(
    site: Site, scene: scenes.Scene
) -> None:
    beside = scenes.build_claim_beside(scene)
    sequence()
    for claim in (scene.claim, beside):
        site.ask(claim_path(claim))
    revised(scene, scene.claim, "Other words")
    site.later()
    assert b"Other words" in site.ask(claim_path(scene.claim))[2]
    assert site.holds(claim_path(beside))
    with CaptureQueriesContext(connection) as seen:
        site.ask(claim_path(beside))
    assert not seen.captured_queries


def test_a_page_waits_for_the_checkpoint_over_its_own_entries_alone(
    site: Site, scene: scenes.Scene
) -> None:
    beside = scenes.build_claim_beside(scene)
    sequence()
    site.ask(claim_path(beside))
    revised(scene, scene.claim, "Other words")
    site.later()
    site.ask(claim_path(scene.claim))
    sequence()
    site.later()
    site.ask(claim_path(beside))
    assert site.holds(claim_path(beside))
    assert not site.holds(claim_path(scene.claim))
    site.ask(claim_path(scene.claim))
    revised(scene, beside, "Others")
    sequence()
    site.later()
    site.ask(f"{START}/none/")
    assert site.holds(claim_path(scene.claim))


def test_a_look_that_finds_nothing_new_drops_no_page_of_a_claim(
    site: Site, scene: scenes.Scene
) -> None:
    path = claim_path(scene.claim)
    never_checked = site.ask(path)[2]
    scenes.look(scene, scenes.POST, 1)
    site.later()
    assert site.ask(path)[2] != never_checked
    sequence()
    site.later()
    paths = [path, f"{START}/", f"{START}/claims/", f"{START}/companies/{scene.company.pk}/"]
    pages = [site.ask(one)[2] for one in paths]
    scenes.look(scene, scenes.POST, 7200)
    sequence()
    site.later()
    site.ask(path)
    assert all(map(site.holds, paths))
    assert pages == [site.ask(one, direct=True)[2] for one in paths]
    scenes.look(scene, scenes.POST[:-5], 9000)  # control: another text does
    site.later()
    site.ask(f"{START}/none/")
    assert pages[0] != site.ask(path)[2]


def test_what_is_not_public_drops_nothing(site: Site, scene: scenes.Scene) -> None:
    """How fast a page is answered tells nobody that evidence came or a verdict was proposed."""
    scenes.build_findings(scenes.build_evidence(scene))
    scenes.build_silence(scene)
    sequence()
    path = claim_path(scene.claim)
    site.ask(path)
    verdict = scenes.propose(scene)
    scenes.build_evidence(scene_of_more_owners(scene), accept=False)
    sequence()
    site.later()
    site.ask(path)
    assert site.holds(path)
    scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=verdict, now=timezone.now()
    )
    site.later()
    assert b"verdict" in site.ask(path)[2]
    assert site.ask(path)[2] == site.ask(path, direct=True)[2]


def scene_of_more_owners(scene: scenes.Scene) -> scenes.Scene:
    """The same case with owners who have filed nothing yet."""
    owners = [scenes.person(f"more{n}") for n in range(3)]
    return replace(scene, owners=owners, submissions=[])


def _elsewhere(change: Callable[[], object]) -> threading.Thread:
    """Over a connection of its own."""

    def run() -> None:
        try:
            change()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_transaction_held_open_while_a_hundred_others_commit_is_seen_when_it_ends(
    site: Site, scene: scenes.Scene
) -> None:
    beside = scenes.build_claim_beside(scene)
    sequence()
    began, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            revised(scene, scene.claim, "Words of the long one")
            began.set()
            assert go_on.wait(30)

    site.ask(claim_path(scene.claim))
    thread = _elsewhere(slowly)
    assert began.wait(30)
    for number in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE claims_claim SET quote = quote || '.' WHERE id = %s", [beside.pk]
            )  # fmt: skip
        if number % 10 == 0:
            site.later()
            site.ask(claim_path(beside))
            site.ask(claim_path(scene.claim))
    assert b"Words of the long one" not in site.ask(claim_path(scene.claim))[2]
    go_on.set()
    thread.join(30)
    site.later()
    assert b"Words of the long one" in site.ask(claim_path(scene.claim))[2]


def test_by_the_highest_number_alone_the_long_transaction_would_be_overlooked(
    site: Site, scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(
        page_cache, "_CHANGES",
        "SELECT (SELECT max(id)::text FROM reports_pagechange), "
        "pg_postmaster_start_time()::text, (SELECT coalesce(array_agg(DISTINCT key), '{}') "
        "FROM reports_pagechange WHERE id > %(seen)s::bigint)",
    )  # fmt: skip
    monkeypatch.setattr(
        page_cache, "_FIRST",
        "SELECT coalesce(max(id), 0)::text, pg_postmaster_start_time()::text, '{}'::text[] "
        "FROM reports_pagechange",
    )  # fmt: skip
    with pytest.raises(AssertionError, match="Words of the long one"):
        test_a_transaction_held_open_while_a_hundred_others_commit_is_seen_when_it_ends(site, scene)


def test_a_follower_that_was_cut_off_tells_all_of_it_afterwards(
    site: Site, scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence()
    path = claim_path(scene.claim)
    site.ask(path)

    def away(*_: object, **__: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as cut:
        site.cache.follower.close()
        cut.setattr(page_cache.connections, "create_connection", away)
        revised(scene, scene.claim, "Written meanwhile")
        for _ in range(6):
            site.later(10)
            assert b"Written meanwhile" in site.ask(path)[2]  # from Django itself
        assert not site.cache.begin()
    assert site.holds(path)
    assert b"Written meanwhile" in site.ask(path)[2]


def test_what_was_hidden_is_gone_from_lists_at_once(site: Site, scene: scenes.Scene) -> None:
    path = f"{START}/claims/"
    site.ask(path)
    raise_flag(
        by=scene.moderator, claim=scene.claim, kind="remedied", now=timezone.now(), role="moderator"
    )
    site.later()
    site.ask(f"{START}/none/")
    assert site.holds(path)  # for a second
    withdraw_claim(by=scene.moderator, claim=scene.claim, reason="Ours.", now=timezone.now())
    site.later()
    assert site.ask(path)[2] == site.ask(path, direct=True)[2]


def test_withdrawn_evidence_leaves_every_page_of_it(site: Site, scene: scenes.Scene) -> None:
    scenes.build_evidence(scene)
    exhibit = Exhibit.objects.select_related("submission").first()
    assert exhibit is not None
    paths = [claim_path(scene.claim), f"{START}/exhibits/{exhibit.reference}/"]
    for path in paths:
        assert exhibit.reference.encode() in site.ask(path)[2]
    filing.withdraw_submission(
        by=exhibit.submission.filed_by,
        submission=exhibit.submission,
        reason="Mine.",
        now=timezone.now(),
    )
    site.later()
    assert exhibit.reference.encode() not in site.ask(paths[0])[2]
    assert site.ask(paths[1])[0][:3] == "404"


def test_a_reader_with_an_account_sees_their_own_change_at_once(
    site: Site, scene: scenes.Scene
) -> None:
    path = claim_path(scene.claim)
    site.ask(path)
    revised(scene, scene.claim, "Mine")
    assert b"Mine" not in site.ask(path)[2]  # within the lease
    assert b"Mine" in site.ask(path, HTTP_COOKIE="a=b; sessionid=x")[2]


@pytest.mark.parametrize(
    "headers",
    [
        {"QUERY_STRING": "x=1"},
        {"REQUEST_METHOD": "POST"},
        {"HTTP_AUTHORIZATION": "Bearer x"},
        {"HTTP_HX_REQUEST": "true"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_X_FORWARDED_PROTO": "gopher"},
    ],
)
def test_what_may_be_answered_otherwise_is_neither_given_nor_kept(
    site: Site, scene: scenes.Scene, headers: dict[str, str]
) -> None:
    path = claim_path(scene.claim)
    before = len(site.cache)
    site.ask(path, **headers)
    assert len(site.cache) == before


# ── every table, and a random history ─────────────────────────────────────────────────────────────

_TABLE = re.compile(r'(?:FROM|JOIN)\s+"?([a-z]+_[a-z_]+)"?')


def _ruled() -> set[str]:
    """The tables that have a rule; event rows have that of what they are the history of."""
    recorded = [registry.recorded[name] for name in dependencies.RECORDED]
    return (
        {record.model._meta.db_table for record in recorded}
        | {record.event_model._meta.db_table for record in recorded}
        | set(dependencies.OTHERS)
    )


@pytest.fixture
def case(db_with_transactions: None) -> scenes.Scene:
    scene = scenes.build_post(scenes.build_claim())
    scenes.build_verdict(scene)
    scenes.build_series(scene)
    scenes.build_incident(scene)
    scenes.build_pointing(scene)
    sequence()
    return scene


def every_path(scene: scenes.Scene) -> list[str]:
    verdict = Verdict.objects.public().get()
    exhibit = Exhibit.objects.public().order_by("reference").first()
    assert exhibit is not None
    return [
        START + path
        for path in (
            "/", "/claims/", "/companies/", f"/claims/{scene.claim.reference}/",
            f"/claims/{scene.claim.reference}/history/", f"/verdicts/{verdict.reference}/",
            f"/companies/{scene.company.pk}/", f"/products/{scene.product.pk}/",
            f"/sources/{scene.source.pk}/", f"/sources/{scene.source.pk}/versions/1/",
            f"/sources/{scene.source.pk}/diff/", f"/exhibits/{exhibit.reference}/",
            "/corrections/", "/method/", "/glossary/", "/feeds/verdicts.atom",
            "/feeds/edits.atom", "/feeds/disappearances.atom", "/feeds/corrections.atom",
        )
    ]  # fmt: skip


def test_every_table_that_a_kept_page_reads_has_a_rule(site: Site, case: scenes.Scene) -> None:
    ruled = _ruled()
    read: dict[str, set[str]] = {}
    for path in every_path(case):
        with CaptureQueriesContext(connection) as seen:
            assert site.ask(path)[0] == "200 OK", path
        assert site.holds(path), path
        for query in seen.captured_queries:
            for table in _TABLE.findall(query["sql"]):
                read.setdefault(table, set()).add(path)
    assert len(read) > 40
    assert {table: paths for table, paths in read.items() if table not in ruled} == {}
    assert "evidence_sighting" in read.keys() & ruled  # control: what is read is seen


def test_every_rule_says_what_it_concerns_or_why_nothing() -> None:
    ours = {one.name for one in registry.records() if not one.model.__module__.startswith("tests")}
    assert dependencies.RECORDED.keys() == ours
    tables = {model._meta.db_table for model in apps.get_models()}
    assert dependencies.OTHERS.keys() <= tables
    for name, rules in {**dependencies.RECORDED, **dependencies.OTHERS}.items():
        for rule in rules:
            assert bool(rule.keys) != bool(rule.why), name


def _changed(field: models.Field[Any, Any], value: Any) -> Any:
    """Another value of the same kind, or the same one where there is none."""
    if field.choices:
        return random.choice([code for code, _label in field.flatchoices])
    if isinstance(field, models.JSONField) and isinstance(value, dict) and "text" in value:
        return {**value, "text": f"{value['text']} anew", "translations": {}}
    if isinstance(field, models.DateTimeField | models.DateField) and value:
        return value + timedelta(days=1)
    if isinstance(field, models.DecimalField) and value is not None:
        return value + Decimal(1)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.TextField | models.CharField) and value:
        return f"{value}x"
    if isinstance(field, models.IntegerField) and value is not None:
        return value + 1
    return value


#: What is no fact of a page: names of files that are there, what stands in signed bytes.
_LEFT_ALONE = {"digest", "document_digest", "basis", "rendition_digest"}


def random_change(chance: random.Random) -> str:
    """Change one column of one recorded row past every action, as someone at the database could.
    Returns what was changed, or nothing if a rule of the database forbade it."""
    record = registry.recorded[chance.choice(sorted(dependencies.RECORDED))]
    if record.name in {"erasure", "batch", "organisation"}:
        return ""
    rows = list(record.model._default_manager.order_by("pk")[:50])
    row = chance.choice(rows) if rows else None
    fields = [
        field
        for field in record.model._meta.concrete_fields
        if not field.primary_key and not field.is_relation and field.name not in _LEFT_ALONE
        and field.name not in record.encrypted
    ]  # fmt: skip
    if row is None or not fields:
        return ""
    field = chance.choice(fields)
    value = _changed(field, getattr(row, field.name))
    try:
        with transaction.atomic():
            type(row)._default_manager.filter(pk=row.pk).update(**{field.name: value})
    except DatabaseError:
        return ""
    return f"{record.name}.{field.name}"


def play(site: Site, scene: scenes.Scene, steps: int, seed: int) -> list[str]:
    """A random history. After every step each page from the front is what Django makes now; says
    where it was not."""
    chance = random.Random(seed)
    random.seed(seed)
    paths, faults, done = every_path(scene), [], 0
    while done < steps:
        told = random_change(chance)
        if not told:
            continue
        done += 1
        if chance.random() < 0.3:
            sequence()
        site.later(LEASE + LIST_SECONDS)
        site.ask(f"{START}/none/")
        for path in chance.sample(paths, 6):
            site.later(LIST_SECONDS)
            given, made = site.ask(path), site.ask(path, direct=True)
            if (given[0], given[2]) != (made[0], made[2]):
                faults.append(f"{path} after {told}")
    return faults


def test_in_a_random_history_a_kept_page_is_always_the_one_made_now(
    site: Site, case: scenes.Scene
) -> None:
    assert play(site, case, 12, seed=1) == []


def test_with_one_dependency_left_out_it_would_not_be(site: Site, case: scenes.Scene) -> None:
    """The control of the test above."""
    site.ask(claim_path(case.claim))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'claims_aspectevent'::regclass "
            "AND tgname LIKE 'pgtrigger_ledger_pages%'"
        )
        [(name,)] = cursor.fetchall()
        cursor.execute(f'ALTER TABLE claims_aspectevent DISABLE TRIGGER "{name}"')
        try:
            cursor.execute(
                "UPDATE claims_aspect SET statement = jsonb_set(statement, '{text}', '\"anew\"') "
                "WHERE claim_id = %s",
                [case.claim.pk],
            )
        finally:
            cursor.execute(f'ALTER TABLE claims_aspectevent ENABLE ALWAYS TRIGGER "{name}"')
    site.later()
    kept, made = (site.ask(claim_path(case.claim), direct=direct)[2] for direct in (False, True))
    assert kept != made
