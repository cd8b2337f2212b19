"""How a person wants their mails."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.actions import Wishes
from notifications.kinds import GROUPS, Delivery
from notifications.models import DIGEST_AT, ZONE, ZONES, Choice, Preferences

DELIVERIES: Final = {
    Delivery.AT_ONCE: _("at once"),
    Delivery.DAILY: _("one email a day"),
    Delivery.NONE: _("no email"),
}
LANGUAGES: Final = [("", _("English and Chinese")), ("en", _("English")), ("zh-hans", _("Chinese"))]
#: What the zones are called, as their cities are.
ZONE_NAMES: Final = {
    "Asia/Shanghai": _("Beijing"),
    "Asia/Hong_Kong": _("Hong Kong"),
    "Asia/Taipei": _("Taipei"),
    "Asia/Singapore": _("Singapore"),
    "Asia/Tokyo": _("Tokyo"),
    "Asia/Kolkata": _("New Delhi"),
    "Asia/Dubai": _("Dubai"),
    "Europe/Moscow": _("Moscow"),
    "Europe/Berlin": _("Berlin"),
    "Europe/London": _("London"),
    "UTC": "UTC",
    "America/Sao_Paulo": _("São Paulo"),
    "America/New_York": _("New York"),
    "America/Chicago": _("Chicago"),
    "America/Los_Angeles": _("Los Angeles"),
    "Australia/Sydney": _("Sydney"),
}


class _Time(forms.TimeField):
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class PreferencesForm(forms.Form):
    """Language, hours, and how each group comes. A group that is critical is not asked about."""

    language = forms.ChoiceField(label=_("Language of emails"), required=False, choices=LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(zone, ZONE_NAMES[zone]) for zone in ZONES]
    )
    digest_at = _Time(label=_("The daily email comes at"))
    quiet_from = _Time(
        label=_("No emails from"),
        required=False,
        help_text=_("What happens in these hours is sent when they end. Leave empty for none."),
    )
    quiet_until = _Time(label=_("No emails until"), required=False)

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        own = Preferences.objects.filter(user=user).first() or Preferences(
            user=user, time_zone=ZONE, digest_at=DIGEST_AT
        )
        chosen = dict(Choice.objects.filter(user=user).values_list("group", "delivery"))
        for field in list(self.fields):
            self.fields[field].initial = getattr(own, field)
        for group, entry in GROUPS.items():
            name: Any = entry.name  # lazy: in the language of whoever opens the form
            about: Any = entry.about
            if not entry.critical:
                self.fields[group.value] = forms.ChoiceField(
                    label=name,
                    help_text=about,
                    choices=list(DELIVERIES.items()),
                    initial=chosen.get(group.value, entry.delivery),
                    widget=forms.RadioSelect,
                )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        hours = given.get("quiet_from"), given.get("quiet_until")
        if (hours[0] is None) != (hours[1] is None) and not self.errors:
            raise ValidationError(
                _now("Give both the beginning and the end of the quiet hours, or neither.")
            )
        if hours[0] is not None and hours[0] == hours[1]:
            raise ValidationError(
                _now("The quiet hours begin and end at the same time. Change one, or empty both.")
            )
        return given

    def wishes(self) -> Wishes:
        """What was chosen."""
        given = self.cleaned_data
        return Wishes(
            language=given["language"],
            time_zone=given["time_zone"],
            digest_at=given["digest_at"],
            quiet_from=given["quiet_from"],
            quiet_until=given["quiet_until"],
            deliveries={
                group: Delivery(given[group.value])
                for group, entry in GROUPS.items()
                if not entry.critical
            },
        )
