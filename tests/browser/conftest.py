"""Chromium as it is installed on the system, against a live server of the tests."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.demonstration import Demonstration, played

#: Milliseconds. How long a page takes says more about what else the machine does than about the
#: page; that it never comes does not.
PATIENCE = 60_000
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser per module: while it runs its event loop does, and Django would take that for
    asynchronous code."""
    program = next((found for found in map(shutil.which, NAMES) if found), None)
    if program is None:
        pytest.skip(
            "Chromium is not installed, so no browser can walk the pages (Debian: apt-get "
            "install chromium)."
        )
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def demonstration() -> Iterator[Demonstration]:
    """The real demonstration with its case complete; whoever uses it belongs to the xdist group
    "demo", so that it is played once.

    It ends with the last test of this folder: also a system with nobody in it looks for work all
    the time.
    """
    with played() as running:
        yield running


class Visitor:
    """One person with a browser of their own. Whatever the browser complains about fails the
    test."""

    def __init__(
        self,
        browser: Browser,
        server: LiveServer,
        locale: str,
        *,
        width: int = 1440,
        script: bool = True,
    ) -> None:
        self.context = browser.new_context(
            base_url=server.url,
            locale=locale,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", self._fail)
        self.page.on("request", self._watch)
        self.origin = server.url

    def _note(self, message: ConsoleMessage) -> None:
        # htmx says so when the page is left while it still asks. What fails in truth Chromium says
        # too, in words of its own.
        left = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort", "htmx:sendError"))
        if message.type in {"error", "warning"} and not left:
            self.complaints.append(message.text)

    def _fail(self, error: object) -> None:
        # Chromium says so when the page that is left fades and the next one does not: it was there
        # sooner, is Chromium's own of a lost connection, or the window was made smaller meanwhile.
        fades = (
            "ViewTransition opt-in disabled",
            "Transition was aborted because of invalid state. Page already revealed",
            "Transition was aborted because of invalid state. Viewport size changed",
        )
        if not any(one in str(error) for one in fades):
            self.complaints.append(str(error))

    def _watch(self, request: object) -> None:
        url = getattr(request, "url", "")
        if not url.startswith((self.origin, "data:")):
            self.complaints.append(f"a request left the site: {url}")

    def sign_in(self, email: str) -> None:
        """Through the form, as people do."""
        self.page.goto("/account/login/")
        self.page.get_by_label("E-mail").or_(self.page.locator("input[name=login]")).first.fill(
            email
        )
        self.page.locator("input[name=password]").fill("correct horse battery")
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(lambda url: "/account/login/" not in url)


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer) -> Iterator[object]:
    """`visit()` gives a new Visitor; at the end nobody may have had a complaint."""
    visitors: list[Visitor] = []

    def new(locale: str = "en-GB", *, width: int = 1440, script: bool = True) -> Visitor:
        visitors.append(Visitor(chromium, live_server, locale, width=width, script=script))
        return visitors[-1]

    yield new
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    for thread in (
        threading.enumerate()
    ):  # what was asked last may still be answered, over a connection that no test may leave open
        if "process_request_thread" in thread.name:
            thread.join(PATIENCE / 1000)
    assert complaints == []
