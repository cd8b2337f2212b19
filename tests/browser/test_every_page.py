"""Every page of the played demonstration: readable by everyone, light, still, and of this site
alone.

One visit of a page answers all questions about it, since starting a page costs more than asking. In
Chinese, and more than one page of each kind: tests/soak/test_pages.py.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, Page

from tests.browser.demonstration import SOMETIMES, Address, Demonstration, reachable
from tests.system import markup

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

LOCALES = {"en": "en-GB", "zh-Hans": "zh-CN"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
MOST_BYTES = 100_000
#: Of a public page. A desk may load its keys, its viewer and its form as modules of their own.
MOST_REQUESTS, MOST_AT_A_DESK = 9, 12

#: Routes that are no page one reaches by a link, each with the reason.
NO_PAGE: dict[str, str] = {
    "healthz": "for probes", "readyz": "for probes", "metrics": "for probes",
    "account/export/": "a form's target",
    "account/fragment/": "a part of public pages",
    "account/inactive/": "shown to a blocked account",
    "account/invitations/<str:token>/": "reached from a mail",
    "account/confirm-email/": "shown after signing up",
    r"account/^confirm-email/(?P<key>[-:\w]+)/$": "reached from a mail",
    "account/password/set/": "for accounts without a password, which cannot be made here",
    "account/password/reset/done/": "shown after a form",
    "account/password/reset/key/done/": "shown after a form",
    r"account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "reached from a mail",
    "account/login/code/confirm/": "switched off", "account/reauthenticate/": "asked in between",
    "account/second-factor/app/": "asks for the password first",
    "account/second-factor/passkeys/add/": "asks for the password first",
    "account/second-factor/passkeys/sign-in/": "a form's target",
    "account/second-factor/passkeys/confirm/": "asked in between",
    "account/second-factor/passkeys/<int:pk>/rename/": "of a passkey, which nobody has",
    "account/second-factor/passkeys/<int:pk>/remove/": "of a passkey, which nobody has",
    "account/second-factor/authenticate/": "asked after the password",
    "account/second-factor/reauthenticate/": "asked in between",
    "account/second-factor/recovery-codes/": "shown once, after setting up",
    "account/second-factor/recovery-codes/new/": "asks for a code first",
    "account/notifications/settings/retry/": "a form's target",
    "account/notifications/off/<str:token>/": "reached from a mail",
    "account/notifications/read/": "a form's target",
    "account/notifications/<uuid:notification>/read/": "a form's target",
    "account/logout/": "left alone by the walk",
    "desk/aspects/<uuid:aspect>/scope/": "a form's target",
    "desk/exhibits/<str:ref>/read/": "a form's target",
    "submissions/<str:ref>/answer/": "a form's target",
}  # fmt: skip
#: Beginnings of routes that answer with something else than a page.
NO_PAGES = ("api/v1/", "ledger/")


@pytest.fixture(scope="module")
def pages(demonstration: Demonstration, chromium: Browser) -> list[Address]:
    return reachable(demonstration, chromium)


def routes(patterns: list[URLPattern | URLResolver], start: str = "") -> Iterator[str]:
    for one in patterns:
        here = start + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, here)
        else:
            yield here


def is_photo(url: str) -> bool:
    """The limits of weight and requests are without photos."""
    return "/media/" in url or urlsplit(url).path.endswith("/picture")


@dataclass
class Visit:
    """What one visit of a page saw; one window for all pages of a walker, since opening one takes
    as long as a page."""

    page: Page
    origin: str
    sizes: list[tuple[str, int]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    shifted: tuple[float, list[str]] = (0, [])
    html: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        session = self.page.context.new_cdp_session(self.page)
        names = self.asked
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on(
            "Network.requestWillBeSent",
            lambda event: names.update({event["requestId"]: event["request"]["url"]}),
        )
        session.on(
            "Network.loadingFinished",
            lambda event: self.sizes.append(
                (names.get(event["requestId"], ""), event["encodedDataLength"])
            ),
        )
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.add_init_script(
            "window.shifts = 0; window.moved = [];new PerformanceObserver(list => { for (const "
            "one of list.getEntries()) { window.shifts += one.value; const box = ({x, y, width, "
            "height}) => [x, y, width, height].map(Math.round).join(); "
            "window.moved.push(...one.sources.map(source => `${box(source.previousRect)} to "
            "${box(source.currentRect)} after ${Math.round(one.startTime)} ms: "
            "${source.node?.outerHTML?.slice(0, 80)}`)) } }).observe({type: 'layout-shift', "
            "buffered: true})"
        )

    def open(self, path: str, status: int = 200) -> None:
        for seen in (self.sizes, self.complaints, self.asked):
            seen.clear()
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        assert answer.status == status, (path, answer.status)
        self.html[path] = answer.text()
        if status != 200:  # Chromium complains of the page itself
            self.complaints[:] = [
                one for one in self.complaints if f"status of {status}" not in one
            ]
        # What modules ask for after the page has loaded belongs to it too.
        self.page.wait_for_function("() => !document.querySelector('.htmx-request')")
        self.page.evaluate(
            "() => new Promise(done => setTimeout(() => requestAnimationFrame(() => "
            "requestAnimationFrame(done)), 60))"
        )
        self.shifted = self.page.evaluate("[window.shifts, window.moved]")

    def faults(self, *, requests: int = MOST_REQUESTS) -> Iterator[str]:
        """A sentence for everything a reader would be right to complain about, by day, and about
        the colours by night."""
        page = self.page
        yield from self.complaints
        yield from (
            f"a request left the site: {url}"
            for url in self.asked.values()
            if not url.startswith((self.origin, "data:", "blob:"))
        )
        counted = [(url, size) for url, size in self.sizes if not is_photo(url)]
        if sum(size for _, size in counted) > MOST_BYTES:
            yield f"{sum(size for _, size in counted)} bytes: {counted}"
        if len(counted) > requests:
            yield f"{len(counted)} requests: {counted}"
        if self.shifted[0]:
            yield f"the layout shifted by {self.shifted}"
        yield from self._axe()
        page.emulate_media(color_scheme="dark")
        yield from (f"in the other scheme: {fault}" for fault in self._axe(only="color-contrast"))
        page.emulate_media(color_scheme="light")
        for width, what in ((640, "at 200 % zoom"), (320, "at 320 pixels")):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.scrollingElement.scrollWidth")
            if wide > width:
                yield f"{what} it is {wide} pixels wide: {page.evaluate(OVERFLOWING)}"
        page.set_viewport_size({"width": 1440, "height": 900})

    def _axe(self, only: str = "") -> Iterator[str]:
        run = {
            "runOnly": {"type": "rule", "values": [only]}
            if only
            else {"type": "tag", "values": RULES},
            "resultTypes": ["violations"],
        }
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        found = self.page.evaluate("run => axe.run(document, run)", run)
        for violation in found["violations"]:
            places = [
                f"{node['target']} {node['failureSummary'][:160]}"
                for node in violation["nodes"][:3]
            ]
            yield f"{violation['id']} ({violation['impact']}): {places}"

    def unreached(self) -> Iterator[str]:
        """Tab goes to every control, in order, is never trapped, and what has the focus is
        outlined."""
        page = self.page
        count = min(page.evaluate(TABBABLE), MOST_TABS)
        for _ in range(
            3
        ):  # a date has a stop for its day, its month and its year, so one round may not do
            if page.evaluate("window.reached.size") >= count:
                break
            for _ in range(count):
                page.keyboard.press("Tab")
        yield from (f"no outline on {one}" for one in page.evaluate("[...window.bare]"))
        if page.evaluate("window.reached.size") < count:
            yield f"the keyboard does not reach {page.evaluate(MISSED)}"


#: Counts what the keyboard should reach, and notes from then on what gets the focus and whether it,
#: or the box that is drawn around it and its button, is outlined.
TABBABLE = """
() => {
  const shown = one => one.checkVisibility({visibilityProperty: true}) && !one.closest('[inert]');
  const all = [...document.querySelectorAll(
    'a[href], button:not(:disabled), input:not(:disabled):not([type=hidden]), select, textarea, ' +
    'summary, [tabindex="0"]')];
  const radios = new Set();
  const first = one => one.type !== 'radio' || !radios.has(one.name) && radios.add(one.name);
  window.tabbable = all.filter(one => shown(one) && one.tabIndex >= 0 && first(one));
  window.reached = new Set();
  window.bare = new Set();
  // Inside a picture the shapes are outlined: their strokes must differ from what they are without
  // the focus.
  const strokes = one => [...one.querySelectorAll('*')].map(each => getComputedStyle(each))
    .map(style => style.stroke + style.strokeWidth).join();
  const before = new Map(
    window.tabbable.filter(one => one.closest('svg')).map(one => [one, strokes(one)]));
  const outlined = one => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  };
  addEventListener('focusin', ({target: one}) => {
    window.reached.add(
      one.type === 'radio' ? window.tabbable.find(other => other.name === one.name) : one);
    const seen = before.has(one)
      ? strokes(one) !== before.get(one)
      : outlined(one) || outlined(one.parentElement);
    if (!seen && one.tagName !== 'VIDEO') window.bare.add(one.outerHTML.slice(0, 120));
  });
  return window.tabbable.length;
}
"""
MISSED = (
    "window.tabbable.filter(one => !window.reached.has(one)).slice(0, 3)"
    ".map(one => one.outerHTML.slice(0, 120))"
)
MOST_TABS = 60


OVERFLOWING = """
[...document.querySelectorAll('main *, header *, footer *')].filter(one => {
  const box = one.getBoundingClientRect();
  if (box.right <= innerWidth + 1 || !box.width) return false;
  for (let up = one.parentElement; up; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== 'visible') return false;
  return true;
}).slice(0, 4).map(one =>
  one.tagName + '.' + one.className + ' ' + Math.round(one.getBoundingClientRect().right))
"""


def test_every_page_is_reached_by_links(pages: list[Address]) -> None:
    known = {one for one in routes(get_resolver().url_patterns) if not one.startswith(NO_PAGES)}
    reached = {one.route for one in pages}
    left = {
        one
        for one in known - reached - NO_PAGE.keys() - SOMETIMES.keys()
        if not is_an_action_or_file(one)
    }
    assert not left, f"nobody reaches {sorted(left)}"
    assert not reached & NO_PAGE.keys(), "a page is listed as none"


def is_an_action_or_file(route: str) -> bool:
    """Routes that only take forms, or give files, by how they are called."""
    return route.endswith(
        ("/retry/", "/cancel/", "/revoke/", "/withdraw/", "/handle/", "/remove/", "/discard/",
        "/comparisons/", "/file/photos/", "/sealed/",
         ".json", ".atom", ".svg", ".svg$", ".png", ".png$", ".jpg$", "/proof", "<str:name>",
         "/picture", "/original",
         "captures/<uuid:capture>")
    )  # fmt: skip


def test_every_page_is_open_to_everyone_light_and_still(
    demonstration: Demonstration, pages: list[Address], chromium: Browser
) -> None:
    """axe finds nothing that WCAG 2.2 A/AA covers, by day, and no colours without contrast, by
    night; no page leaves its window at 320 pixels or 200 % zoom; each is at most 100 kB in at most
    9 requests without photos; nothing moves while it loads; nothing is asked of another site; the
    keyboard reaches all of it; its markup is valid.
    """
    wrong: dict[str, list[str]] = {}
    windows: dict[str, Visit] = {}
    for one in pages:
        if one.walker not in windows:
            windows[one.walker] = Visit(
                demonstration.context(chromium, one.walker, LOCALES["en"]).new_page(),
                demonstration.url,
            )
        if found := list(complaints(windows[one.walker], one, "en")):
            wrong[f"{one.path} ({one.walker})"] = found
    for walker, visit in windows.items():
        if markup.INSTALLED and (found := list(markup.complaints(visit.html))):
            wrong[f"as {walker}, by html-validate"] = found
    assert not wrong, "\n".join(
        f"{path}\n    " + "\n    ".join(found) for path, found in wrong.items()
    )


def complaints(visit: Visit, one: Address, lang: str) -> Iterator[str]:
    """Of one page."""
    visit.page.emulate_media(color_scheme="light")
    visit.open(one.path, one.status)
    assert visit.page.locator("html").get_attribute("lang") == lang, one
    yield from visit.unreached()
    yield from visit.faults(requests=MOST_REQUESTS if one.walker == "anonymous" else MOST_AT_A_DESK)


BROKEN = """<!doctype html><html lang="en"><head><title>Broken</title></head>
<body style="color:#bbb;background:#ccc"><main><h1>Broken</h1><img src="/late.svg">
<p style="width:900px">Too wide</p>
<button style="outline:none">Bare</button><a href="/never">Never</a></main>
<script>
document.querySelector('button').addEventListener('keydown', event => event.preventDefault())
const push = () => document.querySelector('h1').before(
  Object.assign(document.createElement('div'), {style: 'height:200px'}))
requestAnimationFrame(() => requestAnimationFrame(push)) // once it has been seen
console.error('trouble')</script></body></html>"""


def test_a_visit_sees_everything_that_is_wrong(
    demonstration: Demonstration, chromium: Browser
) -> None:
    """Negative control: one page with each fault."""
    page = chromium.new_context(
        base_url=demonstration.url, viewport={"width": 1440, "height": 900}
    ).new_page()
    padding = "x" * MOST_BYTES
    page.route("**/broken", lambda route: route.fulfill(body=BROKEN, content_type="text/html"))
    page.route(
        "**/late.svg",
        lambda route: route.fulfill(
            body=f"<svg xmlns='http://www.w3.org/2000/svg'><!--{padding}--></svg>",
            content_type="image/svg+xml",
        ),
    )
    page.route("https://elsewhere.example/*", lambda route: route.fulfill(body=""))
    visit = Visit(page, demonstration.url)
    visit.open("/broken")
    page.evaluate("fetch('https://elsewhere.example/x', {mode: 'no-cors'}).catch(() => 0)")
    visit.sizes += [(f"{demonstration.url}/{n}", 1) for n in range(MOST_REQUESTS)]
    found = " | ".join([*visit.unreached(), *visit.faults()])
    for fault in (
        "trouble",
        "no outline on <button",
        "does not reach ['<a",
        "in the other scheme",
        "left the site",
        "requests:",
        "shifted by",
        "image-alt",
        "color-contrast",
        "at 200 %",
        "at 320 pixels",
    ):
        assert fault in found, (fault, found)
    page.context.close()


#: Seconds that a line stalls for. A browser on a busy machine needs more than the first before it
#: paints what it has.
STALLS = (0.3, 1, 3)


@contextmanager
def in_pieces(url: str, stall: float, without: bytes = b"") -> Iterator[str]:
    """The same site over a connection that stops in the middle of the head of each page, and
    between the first marks and their words."""

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with urlopen(url + self.path) as answer:
                content, kind = answer.read(), answer.headers["Content-Type"]
            if kind.startswith("text/html"):
                content = content.replace(without, b"")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            first, *rest = (
                re.split(rb"(?<=</nav>)|(?<=</svg>)", content, maxsplit=3)
                if kind.startswith("text/html")
                else [content]
            )
            self.wfile.write(first)
            for piece in rest:
                time.sleep(stall)
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_page_that_comes_in_pieces_is_shown_when_nothing_of_it_moves_any_more(
    demonstration: Demonstration, chromium: Browser
) -> None:
    def moved(stall: float, without: bytes = b"") -> float:
        with in_pieces(demonstration.url, stall, without) as url:
            page = chromium.new_context(
                base_url=url, locale="zh-CN", viewport={"width": 1440, "height": 900}
            ).new_page()
            visit = Visit(page, url)
            visit.open("/")
            page.context.close()
            return visit.shifted[0]

    as_it_comes = b'<link rel="expect" href="#foot" blocking="render">'
    seen = next((stall for stall in STALLS if moved(stall, as_it_comes)), None)
    assert seen is not None, "the control: shown as it comes, its head moves"
    assert moved(seen) == 0


def test_every_public_page_says_the_same_without_javascript(
    demonstration: Demonstration, pages: list[Address], chromium: Browser
) -> None:
    """And claims are narrowed, read and turned into the other language without it."""
    plain = chromium.new_context(
        base_url=demonstration.url, locale="en-GB", java_script_enabled=False
    )
    page = plain.new_page()
    rich = demonstration.context(chromium, "anonymous", "en-GB").new_page()
    for one in (one for one in pages if one.walker == "anonymous"):
        page.goto(one.path)
        rich.goto(one.path)
        assert page.locator("h1").inner_text() == rich.locator("h1").inner_text(), one.path
        read, enhanced = (len(each.locator("main").inner_text()) for each in (page, rich))
        assert read >= 0.9 * enhanced, (one.path, read, enhanced)
    page.goto("/claims/")
    before = page.locator(".rows > li").count()
    page.locator(".facet-list a", has_text="Not as claimed").click()
    assert "rating=not_delivered" in page.url
    assert 0 < page.locator(".rows > li").count() < before
    page.locator(".rows h3 a").first.click()
    assert page.locator(".verdicts .v").first.inner_text().strip() == "Not as claimed"
    read = page.url
    page.get_by_role("link", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.url == read.replace("/en/", "/zh/")
    assert page.locator(".verdicts .v").first.inner_text().strip() == "与宣称不符"
    plain.close()
    rich.close()


#: What a stranger must find in five seconds, by selector.
FIVE_SECONDS = {
    "the verdict": ".verdicts .v",
    "the quote": ".quote",
    "the measured number": ".verdicts .measured b",
    "the company’s answer": ".answered",
}


def not_at_a_glance(page: Page, height: float) -> list[str]:
    """What stands lower than `height`, or nowhere."""
    found = {what: page.locator(selector).first for what, selector in FIVE_SECONDS.items()}
    boxes = {what: one.bounding_box() if one.count() else None for what, one in found.items()}
    return [
        what
        for what, box in boxes.items()
        if box is None or not box["height"] or box["y"] + box["height"] > height
    ]


@pytest.mark.parametrize("lang", LOCALES)
def test_a_claim_is_understood_in_five_seconds(
    lang: str, demonstration: Demonstration, pages: list[Address], chromium: Browser
) -> None:
    """Verdict, quote, measured number and the company's answer without scrolling at 1440 by 900,
    within a screen and a half at 390."""
    path = urlsplit(demonstration.outcome()["claim"]["url"]).path
    page = demonstration.context(chromium, "anonymous", LOCALES[lang]).new_page()
    for width, height, screens in ((1440, 900, 1), (390, 844, 1.5)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(path)
        assert not_at_a_glance(page, height * screens) == [], (width, lang)
    page.evaluate(
        "document.querySelector('.head').style.marginBottom = '844px'"
    )  # the control: pushed down, they are missed
    assert not_at_a_glance(page, 844 * 1.5)
    page.close()
