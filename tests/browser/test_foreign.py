"""A stranger's file that is opened in a browser: at the content host it finds nothing of ours,
however few of its guards are left.

The file asks for the cookies and for a page of the account, and writes what it found into its own
root.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponseBase
from playwright.sync_api import Page, TimeoutError

from config import content_host as content_host_module
from config.content_host import ContentHost
from reports.pages.views import sources
from tests import scenes
from tests.browser.stage import verified
from tests.system.test_entry_points import capture_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("foreign"),
]  # one browser

SCRIPT = """
(async () => {
  const found = {cookies: document.cookie, page: ""};
  try {
    const page = await (await fetch("SITE/account/", {credentials: "include"})).text();
    const parsed = new DOMParser().parseFromString(page, "text/html");
    found.page = parsed.querySelector("main").textContent;
  } catch (error) { found.page = ""; }
  document.documentElement.setAttribute("data-found", JSON.stringify(found));
})();
"""
HTML = "<!doctype html><title>hostile</title><p>a stranger's page</p><script>%s</script>"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" '
    'height="9"><script><![CDATA[%s]]></script></svg>'
)
TYPES = {"html": ("text/html", HTML), "svg": ("image/svg+xml", SVG)}


@pytest.fixture
def content_host(live_server: Any, settings: Any) -> str:
    settings.SITE_URL = live_server.url
    settings.CONTENT_HOST = f"content.localhost:{urlsplit(live_server.url).port}"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "content.localhost"]
    return f"http://{settings.CONTENT_HOST}"


def opened(page: Page, address: str) -> dict[str, str] | None:
    """What the file at `address` found, opened beside the pages of who is signed in; None if no
    script ran in it."""
    other = page.context.new_page()
    try:
        other.goto(address)
        handle = other.wait_for_function(
            "() => document.documentElement.getAttribute('data-found')", timeout=3000
        )
        found: dict[str, str] = json.loads(handle.json_value())
    except TimeoutError:
        return None
    finally:
        other.close()
    return found


@pytest.mark.parametrize("kind", TYPES)
def test_a_strangers_file_reaches_no_cookie_and_no_page_of_ours(
    kind: str,
    visit: Callable[..., Any],
    live_server: Any,
    content_host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = scenes.build_claim()
    owner = scene.owners[0]
    verified(owner)
    media_type, frame = TYPES[kind]
    capture = capture_of(
        scene, (frame % SCRIPT.replace("SITE", live_server.url)).encode(), media_type
    )
    path = f"/sources/{scene.source.pk}/captures/{capture.pk}"
    visitor = visit()
    visitor.sign_in(owner.email)
    visitor.context.add_cookies([{"name": "readable", "value": "yes", "url": live_server.url}])
    page = visitor.page

    # 1. As it is served: a download, wherever it was asked for.
    for address in (path, f"{content_host}{path}"):
        page.goto("/account/")
        with page.expect_download() as download:
            page.evaluate("address => { location.href = address }", address)
        assert download.value.suggested_filename == f"capture-{capture.pk}.bin"
        assert download.value.url.startswith(content_host)

    whole, real = ContentHost.__call__, sources.capture_bytes

    def shown(request: Any, **names: Any) -> HttpResponseBase:
        """The guard against opening is off: sent as the type that it claims to be."""
        response = real(request, **names)
        response.headers["Content-Type"] = media_type
        del response.headers["Content-Disposition"]
        response.headers["Cache-Control"] = "no-store"  # each step is asked anew
        return response

    def there(self: ContentHost, request: Any) -> HttpResponseBase:
        if request.path != path or request.get_host() not in content_host:
            return self.get_response(request)
        response = shown(request, source=scene.source.pk, capture=capture.pk)
        for name, value in content_host_module.HEADERS.items():
            response.headers[name] = value
        return response

    def here(self: ContentHost, request: Any) -> HttpResponseBase:
        return (
            shown(request, source=scene.source.pk, capture=capture.pk)
            if request.path == path
            else self.get_response(request)
        )

    # 2. Opened all the same: the sandbox lets no script run.
    monkeypatch.setattr(ContentHost, "__call__", there)
    assert opened(page, f"{content_host}{path}") is None

    # 3. The sandbox gone too: the script runs, and finds nothing of ours from another host.
    monkeypatch.setattr(content_host_module, "HEADERS", {})
    assert opened(page, f"{content_host}{path}") == {"cookies": "", "page": ""}

    # 4. Negative control: the same bytes from our own host, with no guard, reach both.
    monkeypatch.setattr(ContentHost, "__call__", here)
    found = opened(page, f"{live_server.url}{path}")
    assert found is not None
    assert "readable=yes" in found["cookies"]
    assert "Submit photos, teardowns and measurements" in found["page"]

    monkeypatch.setattr(ContentHost, "__call__", whole)
    # Leaving the site and being stopped there is what this is about; the visitor has nothing else
    # to complain of.
    visitor.complaints.clear()
