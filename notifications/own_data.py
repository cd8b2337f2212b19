"""What an account holds here: what its person was told, and how they want to be told."""

from __future__ import annotations

from typing import Any

from accounts import own_data
from accounts.models import User
from accounts.own_data import rows
from notifications.models import Choice, Notification, Preferences


def register() -> None:
    """Have the notifications of a person in the file of their data."""
    own_data.register("notifications", told)


def told(user: User) -> dict[str, Any]:
    """The inbox, and the settings of mails."""
    return {
        "inbox": rows(
            Notification.objects.filter(recipient=user),
            "kind", "reference", "created_at", "read_at",
        ),
        "settings": rows(
            Preferences.objects.filter(user=user),
            "language", "time_zone", "digest_at", "quiet_from", "quiet_until",
        ),
        "groups": rows(Choice.objects.filter(user=user), "group", "delivery"),
    }  # fmt: skip
