"""Passkeys with a browser and an authenticator in it, at a host name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from accounts.models import Role
from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("desk"),
]


def authenticator(page: Page) -> None:
    """A phone that keeps keys and whose owner always agrees."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_moderator_adds_a_passkey_and_signs_in_with_it_alone(
    visit: Callable[..., Visitor], live_server: Any, settings: Any
) -> None:
    settings.SITE_URL = live_server.url
    stage.verified(scenes.person("moderator", Role.MODERATOR))
    visitor = visit()
    page = visitor.page
    visitor.sign_in("moderator@example.org")
    authenticator(page)
    page.goto("/account/second-factor/")
    page.get_by_role("link", name="Add a passkey").click()
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Create passkey").click()
    expect(page.locator(".recovery-codes")).to_be_visible()
    settings.SECOND_FACTOR_REQUIRED = True
    page.goto("/desk/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Work queue")

    # after the password, as a second factor
    visitor.context.clear_cookies()
    page.goto("/account/login/?next=/desk/")
    page.locator("input[name=login]").fill("moderator@example.org")
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work queue")

    # instead of the password
    visitor.context.clear_cookies()
    page.goto("/account/login/?next=/desk/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Work queue")

    # gone: it opens nothing any more, and the page says so
    Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).delete()
    visitor.context.clear_cookies()
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey could not be confirmed.")).to_be_visible()
