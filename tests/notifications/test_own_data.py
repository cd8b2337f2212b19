"""What an account holds here goes into the file of its data, and goes with the account."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import own_data
from accounts.actions import delete_account
from accounts.models import User
from notifications.kinds import Delivery, Group, Kind
from notifications.models import Choice, Mail, Notification, Preferences
from notifications.sending import make_mails
from notifications.telling import tell
from tests import scenes

pytestmark = pytest.mark.django_db


def test_the_inbox_and_its_settings_are_in_the_file_and_go_with_the_account() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    person, other = scenes.person("someone"), scenes.person("other")
    with transaction.atomic():
        tell(Kind.CLAIM_WITHDRAWN, to=User.objects.filter(pk__in=[person.pk, other.pk]),
             about=scene.claim)  # fmt: skip
    make_mails()
    for user in (person, other):
        Preferences.objects.update_or_create(user=user, defaults={"time_zone": "UTC"})
        Choice.objects.create(user=user, group=Group.SUBMISSIONS, delivery=Delivery.DAILY)
    held = own_data.export(person, timezone.now())["notifications"]
    assert [row["reference"] for row in held["inbox"]] == [scene.claim.reference]
    assert held["settings"][0]["time_zone"] == "UTC"
    assert [row["group"] for row in held["groups"]] == [Group.SUBMISSIONS]
    delete_account(by=person, now=timezone.now())
    for model in (Notification, Preferences, Choice, Mail):
        names = {field.name for field in model._meta.get_fields()}
        whose = "recipient" if "recipient" in names else "user"
        rows = model._base_manager.filter(**{f"{whose}__in": [person.pk, other.pk]})
        assert set(rows.values_list(whose, flat=True)) == {other.pk}, model
