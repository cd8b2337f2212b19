"""How moments are written. Knows no Django: pages, reports and pictures write them alike.

English says UTC; Chinese says the time of Beijing and names it. The exact UTC instant stands in the
attributes of pages and in the data of reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, Literal

Lang = Literal["en", "zh-Hans"]

#: Beijing has no other time in summer, and one offset is what the name says.
ZONES: Final[Mapping[Lang, tzinfo]] = {"en": UTC, "zh-Hans": timezone(timedelta(hours=8))}
_NAMED: Final[Mapping[Lang, str]] = {"en": "{} UTC", "zh-Hans": "{}（北京时间）"}


def in_zone(moment: datetime, lang: Lang) -> datetime:
    """A moment in the zone of a language; at the ends of time, where that would be no moment, in
    UTC."""
    try:
        return moment.astimezone(ZONES[lang])
    except OverflowError:
        return moment.astimezone(UTC)


def with_zone(shown: str, lang: Lang) -> str:
    """A time of day as it is shown, and whose it is: `09:14（北京时间）`."""
    return _NAMED[lang].format(shown)
