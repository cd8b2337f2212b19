"""The way through the site: what stands in the head and the foot of every page, and for whom.

The pages (`ui/templates/base.html`) know no app: they are handed names and addresses, nothing to
decide.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.access import ACCESS_ATTRIBUTE
from accounts.models import User
from config.language_links import PublicAddresses, Switch, public_addresses, switch
from config.own_links import Link, head_links, notices, own_links, page_links
from ui.languages import address, without_language


def is_public(request: HttpRequest) -> bool:
    """Whether the page is the same for every reader: anyone may enter its view, or there is none.

    Such a page asks neither for the user nor for messages, and says nothing of either.
    """
    match = request.resolver_match
    return match is None or getattr(match.func, ACCESS_ATTRIBUTE, None) == "everyone"


class Navigation:
    """Of one request. Nothing is asked of the database before a template shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def _part(self, label: str | Promise, view: str, start: str) -> Link:
        here = without_language(self.request.path).startswith(start)
        return Link(label, address(view), here)

    @cached_property
    def public(self) -> bool:
        return is_public(self.request)

    @cached_property
    def main(self) -> list[Link]:
        """The parts of the site that everyone may read, then the reader's own; on a public page one
        link that leads there, for everyone."""
        return [
            self._part(_("Claims"), "reports:claims", "/claims/"),
            self._part(_("Companies"), "reports:companies", "/companies/"),
            self._part(_("Transparency log"), "reports:record", "/record/"),
            self._part(_("How we rate"), "reports:method", "/method/"),
            *(self._account() if self.public else self._own()),
        ]

    def _account(self) -> list[Link]:
        """A stranger is asked to sign in there. It names the page, so that without a script the
        account offers what the page's fragment would."""
        return [Link(_("Account"), f"{address('accounts:account')}?{self._page}")]

    def _own(self) -> list[Link]:
        user = getattr(self.request, "user", None)
        if not isinstance(user, User):
            return [self._part(_("Sign in"), "account_login", "/account/")]
        return [
            *head_links(user, self.request.path),
            self._part(user.pseudonym, "accounts:account", "/account/"),
        ]

    @property
    def _page(self) -> str:
        return urlencode({"page": self.request.path})

    @cached_property
    def fragment(self) -> str:
        """Where a public page finds what is its reader's own."""
        return f"{address('account-fragment')}?{self._page}"

    @cached_property
    def hint(self) -> str:
        """The cookie that says whether to ask there."""
        name: str = settings.SIGNED_IN_COOKIE_NAME
        return name

    @cached_property
    def own(self) -> list[Link]:
        """For the account's page: the parts of the site that are the reader's own."""
        return own_links(self.request.user)

    @cached_property
    def notices(self) -> list[Link]:
        """For the account's page: what the reader should see to."""
        return notices(self.request.user)

    @cached_property
    def tools(self) -> list[Link]:
        """For the account's page: what may be done about the public page that led there."""
        return page_links(self.request.user, self.request.GET.get("page", ""))

    @cached_property
    def foot(self) -> list[Link]:
        return [
            Link(_("Verify a verdict"), address("reports:verify")),
            Link(_("Transparency log"), address("reports:record")),
            Link(_("How we rate"), address("reports:method")),
            Link(_("Glossary"), address("reports:glossary")),
            Link(_("Corrections"), address("reports:corrections")),
            Link(_("API"), address("api-docs")),
        ]

    @cached_property
    def home(self) -> str:
        return address("reports:front")

    @cached_property
    def switch(self) -> Switch:
        """To this page in the other language."""
        return switch(self.request)

    @cached_property
    def addresses(self) -> PublicAddresses | None:
        """Where this page stands in each language, if everyone may read it."""
        return public_addresses(self.request)

    @cached_property
    def search(self) -> str:
        return address("reports:claims")

    @cached_property
    def log(self) -> str:
        return address("reports:record")


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `navigation` in every page."""
    return {"navigation": Navigation(request)}
