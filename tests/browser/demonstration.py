"""The real demonstration, played once, and every page of it that anyone can reach by links.

In a run of the whole suite it is the case that tests/demo/test_main.py played. `PLAYED` may name a
folder in which it was played already (a demo's `var`); otherwise it is played here, in a folder of
its own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Page

from tests.system.processes import ROOT, eventually
from ui.languages import page_start, without_language

#: Who walks the site, and as whom they sign in.
WALKERS = {
    "anonymous": "",
    "filer": "owner-a@demo.example",
    "moderator": "moderator@demo.example",
    "adjudicator": "adjudicator@demo.example",
    "company": "company@demo.example",
    "operator": "operator@demo.example",
}
#: Links that end a session or change something, though they are only asked for.
LEFT_ALONE = re.compile(
    r"/account/logout/|/media/|\.(?:svg|json|pdf|html)(?:$|\?)|/files/|/captures/"
    r"|/original$|/picture$|^/api/v1/|^/ledger/|\.atom$"
)
#: Routes with a link for those who are signed in: in themselves, or beside a public page.
SAYS_MORE = {
    "",
    "account/",
    "claims/<str:ref>/",
    "companies/<uuid:company>/",
    "exhibits/<str:ref>/",
    "sources/<uuid:source>/",
    "desk/",
    "desk/claims/<str:ref>/",
}
#: Folders in which a test of this run left the whole case.
played_already: list[Path] = []
#: Enough to meet every kind of page; the rest are more of the same.
MOST = 400


@dataclass(frozen=True)
class Address:
    """One page: the route it belongs to, where it is (in no language: each browser is led to its
    own), and who is shown it."""

    route: str
    path: str
    walker: str
    status: int = 200

    @property
    def name(self) -> str:
        """For file names and messages."""
        words = re.sub(
            r"[^a-z]+", "-", re.sub(r"<(?:\w+:)?(\w+)>", r"\1", self.route.lower())
        ).strip("-")
        return words or "front"


#: Pages that are there only while something is under way.
SOMETIMES = {
    "desk/verdicts/<str:ref>/": "a verdict waits for its second adjudicator",
    "progress/<uuid:job_id>/": "a job runs",
}
#: What nobody links to, and everybody meets: nothing there, nothing found, not for you.
MET = (
    Address("not-there", "/no/such/page/", "anonymous", 404),
    Address("no-such-claim", "/claims/AC-0000-0000/", "anonymous", 404),
    Address("not-for-you", "/desk/", "filer", 403),
    Address("nothing-found", "/claims/?q=nothing-of-this-kind", "anonymous"),
)


@dataclass
class Demonstration:
    """A running demonstration."""

    url: str
    folder: Path
    contexts: dict[tuple[str, str], BrowserContext] = field(default_factory=dict)
    reached: dict[int, list[Address]] = field(default_factory=dict)

    def outcome(self) -> dict[str, Any]:
        """What `make demo ONCE=1` would print."""
        told: dict[str, Any] = json.loads(
            (self.folder / "demo" / "out" / "outcome.json").read_text()
        )
        return told

    def context(self, browser: Browser, walker: str, locale: str) -> BrowserContext:
        """A browser of their own for each walker and language, signed in once."""
        known = self.contexts.get((walker, locale))
        if known is None or known.browser is not browser:
            there = next(
                (
                    one
                    for (who, _), one in self.contexts.items()
                    if who == walker and one.browser is browser
                ),
                None,
            )
            cookies = there.storage_state() if there else None
            known = browser.new_context(
                base_url=self.url,
                locale=locale,
                viewport={"width": 1440, "height": 900},
                storage_state=cookies,
            )
            if WALKERS[walker] and not there:
                self.sign_in(known.new_page(), WALKERS[walker])
            self.contexts[walker, locale] = known
        return known

    def sign_in(self, page: Page, email: str) -> None:
        """Through the form, as people do."""
        passwords = json.loads((self.folder / "demo" / "logins.json").read_text())
        page.goto("/account/login/")
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(passwords[email])
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/account/login/" not in url)
        page.close()


@contextmanager
def played() -> Iterator[Demonstration]:
    """The demonstration with its case complete, on a port of its own."""
    ready = os.environ.get("PLAYED") or next(iter(played_already), None)
    folder = Path(ready) if ready else Path(os.environ["DATA_DIR"]) / "demonstration"
    folder.mkdir(parents=True, exist_ok=True)
    unset = {
        "DATABASE_URL",
        "REDIS_URL",
        "DJANGO_SETTINGS_MODULE",
        "SITE_URL",
        "FETCH_LOCAL",
        "PYTEST_CURRENT_TEST",
    }
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    said = folder / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", "--port", "8400"],
            cwd=ROOT, env={**environment, "DATA_DIR": str(folder)}, stdout=subprocess.DEVNULL,
            stderr=out,
        )  # fmt: skip
    try:
        assert eventually(
            lambda: "the case is complete" in said.read_text() or process.poll() is not None, 240
        ), said.read_text()
        address = re.search(r"http://127\.0\.0\.1:\d+", said.read_text())
        assert address is not None, said.read_text()
        assert process.poll() is None, said.read_text()
        yield Demonstration(address.group(), folder)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.own: list[str] = []  # where a public page finds what is its reader's own

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
        if tag == "script":
            self.own += [value for name, value in attrs if name == "data-src" and value]


def route_of(path: str) -> str:
    """The route that answers an address, with its language or without."""
    plain = without_language(urlsplit(path).path)
    for address in (page_start() + plain, plain):
        try:
            return resolve(address).route
        except Resolver404:
            continue
    return ""


def reachable(demonstration: Demonstration, browser: Browser, each: int = 1) -> list[Address]:
    """`each` pages of every route that somebody reaches by following links from the front page,
    each as the first walker who does.

    Each walker opens so many pages of a route and goes on from there; of what others reached
    before, only the pages that say more to those who are signed in. Whoever asks again is told what
    was found the first time.
    """
    if each not in demonstration.reached:
        demonstration.reached[each] = _walked(demonstration, browser, each)
    return demonstration.reached[each]


def _walked(demonstration: Demonstration, browser: Browser, each: int) -> list[Address]:
    pages: dict[str, Address] = {}
    for walker in WALKERS:
        client = demonstration.context(browser, walker, "en-GB").request
        known = {one.route for one in pages.values()} - SAYS_MORE
        seen: Counter[str] = Counter()
        queue, asked = ["/"], set()
        while queue and len(asked) < MOST:
            path = queue.pop(0)
            route = route_of(path)
            if (
                (not route and path != "/")
                or path in asked
                or route in known
                or seen[route] == each
                or LEFT_ALONE.search(path)
            ):
                continue
            seen[route] += 1
            asked.add(path)
            answer = client.get(path)
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            assert answer.status == 200, (walker, path, answer.status)
            if (
                route_of(answer.url) != route
            ):  # to the form for signing in: another walker sees the page itself
                seen[route] -= 1
                if walker == "anonymous":  # who sees the form itself
                    queue.append(without_language(urlsplit(answer.url).path))
                continue
            pages.setdefault(path, Address(route, path, walker))
            links = _Links()
            links.feed(answer.text())
            for address in links.own if walker != "anonymous" else ():
                links.feed(client.get(address).text())
            for link in links.found:
                parts = urlsplit(urljoin(f"{demonstration.url}{path}", link))
                if f"{parts.scheme}://{parts.netloc}" == demonstration.url:
                    plain = without_language(parts.path)
                    queue.append(plain + (f"?{parts.query}" if parts.query else ""))
    first = (
        pages.values()
        if each > 1
        else {one.route: one for one in reversed(pages.values())}.values()
    )
    return [*sorted(first, key=lambda one: list(pages).index(one.path)), *MET]
