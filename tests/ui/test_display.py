"""How pages say things."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from ui.templatetags.display import between, clock, day, when, when_in_words

LATE = datetime(2025, 2, 28, 17, 14, 5, 120000, tzinfo=UTC)
EXACT = 'datetime="2025-02-28T17:14:05.120Z" title="2025-02-28 17:14:05.120000 UTC"'


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("t=754,761", '<span class="num" title="#t=754,761">12:34–12:41</span>'),
        ("t=9.5", '<span class="num" title="#t=9.5">0:09</span>'),
        ("t=npt:10", '<span class="mono">#t=npt:10</span>'),
        ("page=3", '<span class="mono">#page=3</span>'),
        ("t=<b>", '<span class="mono">#t=&lt;b&gt;</span>'),
    ],
)
def test_a_place_in_a_recording_is_shown_as_its_counter_shows_it(fragment: str, shown: str) -> None:
    assert clock(fragment) == shown


def test_english_tells_moments_in_utc() -> None:
    with translation.override("en"):
        assert when(LATE) == f"<time {EXACT}>28 February 2025, 17:14 UTC</time>"
        assert day(LATE) == f"<time {EXACT}>28 February 2025</time>"
        assert when_in_words(LATE) == "28 February 2025, 17:14 UTC"


def test_chinese_tells_moments_in_the_time_of_beijing_and_the_utc_instant_behind_it() -> None:
    with translation.override("zh-hans"):
        assert when(LATE) == f"<time {EXACT}>2025年3月1日 01:14（北京时间）</time>"
        assert day(LATE) == f"<time {EXACT}>2025年3月1日</time>"
        assert when_in_words(LATE) == "2025年3月1日 01:14（北京时间）"
        assert "2025年2月28日" in day(date(2025, 2, 28))


@pytest.mark.parametrize(
    ("hours", "chinese", "english"),
    [
        (1, ["2025年3月1日 01:14", "02:14（北京时间）"], ["28 February 2025, 17:14", "18:14 UTC"]),
        (7, ["2025年3月1日 01:14", "08:14（北京时间）"],
         ["28 February 2025, 17:14", "1 March 2025, 00:14 UTC"]),
        (-2, ["2025年2月28日 23:14", "2025年3月1日 01:14（北京时间）"],
         ["28 February 2025, 15:14", "17:14 UTC"]),
    ],
)  # fmt: skip
def test_an_interval_says_its_zone_once_and_its_day_once_if_it_is_one_there(
    hours: int, chinese: list[str], english: list[str]
) -> None:
    start, end = sorted([LATE, LATE + timedelta(hours=hours)])
    for language, ends in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            assert re.findall(r">([^<>]+)</time>", between(start, end)) == ends


def test_a_moment_at_the_end_of_time_is_told_in_utc() -> None:
    with translation.override("zh-hans"):
        assert "9999年12月31日 23:59" in when(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
