"""The text of a mail: what happened, and a link. Nothing that anyone typed, and no name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext, override

from accounts.mails import BOTH, at_site
from accounts.models import User
from notifications.kinds import GROUPS, Group
from notifications.models import Mail, Notification, Preferences
from notifications.rendering import show

#: How many notifications one mail lists; the inbox has all.
MOST_LISTED: Final = 50
_SALT: Final = "notifications.off"
_ADDRESS_SALT: Final = "notifications.address"


def address_key(email: str) -> str:
    """A keyed digest of a mailbox: enough to know whether it is still the same."""
    return salted_hmac(_ADDRESS_SALT, email.lower(), algorithm="sha256").hexdigest()


def message_id(mail: Mail) -> str:
    """The Message-ID, by which a bounce names the mail. Only its recipient knows it."""
    return f"<{mail.pk}@{_host()}>"


def mail_named(message: str) -> UUID | None:
    """The id of our mail with this Message-ID, or None for any other."""
    name, _at, host = message.strip().strip("<>").rpartition("@")
    if host.lower() == _host().lower():
        with suppress(ValueError):
            return UUID(name)
    return None


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def off_token(user: User, group: Group) -> str:
    """What turns off the mails of one group for one person, without signing in. It has no end: old
    mails keep their link."""
    return signing.Signer(salt=_SALT).sign_object([user.pk.hex, group.value])


def read_off_token(token: str) -> tuple[UUID, Group] | None:
    """The account and the group that a token names, or None for what is none of ours."""
    try:
        user, group = signing.Signer(salt=_SALT).unsign_object(token)
        return UUID(user), Group(group)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def compose(mail: Mail, rows: Sequence[Notification]) -> EmailMessage:
    """The message of one mail, in the language of its recipient, or in both."""
    user, group = mail.recipient, Group(mail.group)
    own = Preferences.objects.filter(user=user).first()
    languages = [own.language] if own and own.language else list(BOTH)
    subjects, parts = [], []
    for language in languages:
        with override(language):
            subject, part = _in_one_language(user, group, rows)
        subjects.append(subject)
        parts.append(part)
    headers = {"Message-ID": message_id(mail), "Auto-Submitted": "auto-generated"}
    if not GROUPS[group].critical:
        with override(languages[0]):
            headers["List-Unsubscribe"] = f"<{_off(user, group)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    body = "\n\n----\n\n".join(parts) + "\n"
    return EmailMessage(" · ".join(subjects), body, to=[user.email], headers=headers)


def _off(user: User, group: Group) -> str:
    return at_site(reverse("notifications:off", args=[off_token(user, group)]))


def _in_one_language(user: User, group: Group, rows: Sequence[Notification]) -> tuple[str, str]:
    shown = [show(row) for row in rows[:MOST_LISTED]]
    entry = GROUPS[group]
    if len(rows) == 1:
        subject = shown[0].sentence
    else:
        count = ngettext(
            "AsClaimed: %(count)d notification", "AsClaimed: %(count)d notifications", len(rows)
        )
        subject = count % {"count": len(rows)}
    values = {
        "rows": [(row.sentence, row.todo, at_site(row.url) if row.url else "") for row in shown],
        "more": len(rows) - len(shown),
        "group": str(entry.name),
        "critical": entry.critical,
        "inbox": at_site(reverse("notifications:inbox")),
        "settings": at_site(reverse("notifications:settings")),
        "off": _off(user, group),
        "site": _host(),
    }
    return subject, render_to_string("notifications/mail/notifications.txt", values).strip()
