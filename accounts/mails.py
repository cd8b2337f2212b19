"""Mails about accounts carry addresses on SITE_URL alone, whatever host was asked: a link goes to
someone who asked for nothing."""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPException
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import override

from accounts import labels
from accounts.client_networks import client_network

log = logging.getLogger(__name__)
#: The languages of a mail to someone whose language nobody knows.
BOTH: Final = ("en", "zh-hans")


def at_site(address: str) -> str:
    """The same path and query at SITE_URL."""
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{settings.SITE_URL.rstrip('/')}{parts.path or '/'}{query}"


class SiteAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """What allauth asks about accounts, with every mail's addresses on SITE_URL."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whose attempts are counted together: a whole network of IPv6 is one. Every limit by
        address asks here."""
        return client_network(str(super().get_client_ip(request)))

    def is_safe_url(self, url: str) -> bool:
        """Whether a reader may be sent there. What is no address is not; allauth 65 reads it
        without expecting that."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def format_email_subject(self, subject: str) -> str:
        """As it is: allauth would put the asked host before it."""
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one. Every address among its values is moved to SITE_URL, those of mails that a
        later version adds too."""
        moved = {
            name: at_site(value) if name.endswith("_url") and isinstance(value, str) else value
            for name, value in context.items()
        }
        host = urlsplit(settings.SITE_URL).netloc
        # The request is not handed on: no template can ask it for the host.
        values = {
            "email": email,
            **moved,
            "current_site": SimpleNamespace(domain=host, name=host),
            "request": None,
        }
        self.render_mail(template_prefix, email, values).send()


def send_role_invitation(
    *, email: str, organisation: str, role: str, token: str, until: datetime
) -> None:
    """Send the link by which someone answers an invitation, in both languages. A mail that cannot
    be sent is logged without its address: the invitation can be sent again."""
    values = {
        "organisation": " ".join(organisation.split()),
        "link": at_site(reverse("accounts:invitation", args=[token])),
        "until": until,
        "site": urlsplit(settings.SITE_URL).netloc,
    }
    subjects, parts = [], []
    for language in BOTH:
        with override(language):
            name = labels.ROLE[role].to("en" if language == "en" else "zh-Hans")
            page = {**values, "role": name}
            subjects.append(render_to_string("accounts/mail/invitation_subject.txt").strip())
            parts.append(render_to_string("accounts/mail/invitation.txt", page).strip())
    mail = EmailMessage(" · ".join(subjects), "\n\n----\n\n".join(parts) + "\n", to=[email])
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        log.warning("the mail of an invitation was not sent: %s", type(error).__name__)
