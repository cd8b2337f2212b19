"""Figures as a text states them: a number counts with the unit beside it, however both are written,
and with nothing else."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.figure_extraction import extract_figures, words_stating
from claims.units import CHINESE


def says(text: str, value: str, unit: str, comparator: str = "at_least", lang: str = "en") -> str:
    return words_stating(text, lang, value=Decimal(value), unit=unit, comparator=comparator)


@pytest.mark.parametrize(
    ("text", "lang", "value", "unit"),
    [
        ("The air moves at 1.5m/s.", "en", "1.5", "m/s"),
        ("风速达到1,5 m/s", "zh-Hans", "1.5", "m/s"),
        ("１．５ｍ／ｓ的风", "zh-Hans", "1.5", "m/s"),
        ("1.5\u200b\u00a0m/s", "en", "1.5", "m/s"),
        ("1.5 metres per second", "en", "1.5", "m/s"),
        ("1.5 m·s⁻¹", "en", "1.5", "m/s"),
        ("1.5 m / s", "en", "1.5", "m/s"),
        ("1.5米每秒", "zh-Hans", "1.5", "m/s"),
        ("每秒1.5米", "zh-Hans", "1.5", "m/s"),
        ("时速最高可达90公里", "zh-Hans", "90", "km/h"),
        ("90 kilometers an hour", "en", "90", "km/h"),
        ("Up to 90 km/h!", "en", "25", "m/s"),
        ("90 KM/H", "en", "25", "m/s"),
        ("turns at 1500 r/min", "en", "1500", "rpm"),
        ("一千五百转", "zh-Hans", "1500", "rpm"),
        ("每分钟壹仟伍佰转", "zh-Hans", "1500", "rpm"),
        ("1500转/分", "zh-Hans", "1500", "rpm"),
        ("fifteen hundred rpm", "en", "1500", "rpm"),
        ("twenty-five hours of playback", "en", "25", "h"),
        ("42,000 km without service", "en", "42000", "km"),
        ("４２，０００公里", "zh-Hans", "42000", "km"),
        ("42 000 km", "fr", "42000", "km"),
        ("42.000 km", "de", "42000", "km"),
        ("4.2万公里", "zh-Hans", "42000", "km"),
        ("四万二千公里", "zh-Hans", "42000", "km"),
        ("1,50,000 km", "en", "150000", "km"),
        ("1.5×10³ m", "en", "1500", "m"),
        ("1.5 million km", "en", "1500000", "km"),
        ("续航六百公里", "zh-Hans", "600", "km"),
        ("a 600-kilometre range", "en", "600", "km"),
        ("五百千瓦", "zh-Hans", "500", "kW"),
        ("75 %", "en", "75", "percent"),
        ("75％", "zh-Hans", "0.75", ""),
        ("百分之七十五", "zh-Hans", "75", "percent"),
        ("七成", "zh-Hans", "70", "percent"),
        ("three point five seconds", "en", "3.5", "s"),
        ("三点五秒", "zh-Hans", "3.5", "s"),
        ("2.5个小时", "zh-Hans", "2.5", "hour"),
        ("约三十六周", "zh-Hans", "36", "week"),
        ("350牛·米", "zh-Hans", "350", "N*m"),
        ("350 Nm", "en", "350", "N*m"),
        ("at −5 m", "en", "-5", "m"),
        ("100 km/h", "en", "27.77777778", "m/s"),
    ],
)  # fmt: skip
def test_a_figure_is_read_however_it_is_written(
    text: str, lang: str, value: str, unit: str
) -> None:
    words = says(text, value, unit, lang=lang)
    assert words, extract_figures(text, lang)
    assert words in text  # kept as the company's own words


@pytest.mark.parametrize(
    ("text", "lang", "value", "unit"),
    [
        ("It has 1.5 of everything. The air is given in m/s.", "en", "1.5", "m/s"),
        ("两条风道。风速以m/s计。", "zh-Hans", "2", "m/s"),
        ("1.5", "en", "1.5", "m/s"),
        ("1.5 m", "en", "1.5", "m/s"),
        ("1.5 m/s²", "en", "1.5", "m/s"),
        ("1.5 m/s2", "en", "1.5", "m/s"),
        ("11.5 m/s", "en", "1.5", "m/s"),
        ("1.55 m/s", "en", "1.5", "m/s"),
        ("-1.5 m/s", "en", "1.5", "m/s"),
        ("the R1.5 m/s", "en", "1.5", "m/s"),
        ("3/4 h", "en", "4", "h"),
        ("12:30 h", "en", "30", "h"),
        ("2025-10-26 m", "en", "26", "m"),
        ("5 L/100 km", "en", "100", "km"),
        ("5 L per 100 km", "en", "5", "L"),
        ("5升每百公里", "zh-Hans", "5", "L"),
        ("第三天", "zh-Hans", "3", "day"),
        ("100 km/h", "en", "27.8", "m/s"),
        ("42.000 km", "en", "42000", "km"),
        ("42,000 km", "de", "42000", "km"),
        ("五百千瓦", "zh-Hans", "500", "W"),
        ("5 MW", "en", "0.005", "W"),
        ("75 apples", "en", "75", "percent"),
        ("价格为5，6公里外", "zh-Hans", "5.6", "km"),
        ("Made to last.", "en", "10", "year"),
        ("", "en", "0", "m"),
    ],
)  # fmt: skip
def test_what_is_not_that_figure_is_not_read_as_it(
    text: str, lang: str, value: str, unit: str
) -> None:
    assert says(text, value, unit, lang=lang) == ""


@pytest.mark.parametrize(
    "text",
    [
        "10–15 km",
        "10 to 15 km",
        "10 km to 15 km",
        "between 10 and 15 km",
        "10至15公里",
        "十到十五公里",
        "10 ~ 15公里",
    ],
)
def test_of_a_range_the_end_counts_that_is_least_for_the_company(text: str) -> None:
    words = says(text, "10", "km", "at_least")
    assert words
    assert words in text
    assert says(text, "15", "km", "at_least") == ""
    assert says(text, "15", "km", "at_most")
    assert says(text, "10", "km", "at_most") == ""
    assert says(text, "12", "km") == ""


@given(st.decimals(min_value=0, max_value=10**6, places=3), st.sampled_from(sorted(CHINESE)))
def test_any_number_before_any_unit_is_read_as_that(number: Decimal, name: str) -> None:
    text = f"可达{number:f}{name}。"
    if name != "百分之":
        assert (
            says(text, f"{number:f}", CHINESE[name] if name != "度" else "degree", lang="zh-Hans")
            in text
        )
        assert says(text, f"{number + 1:f}", CHINESE[name], lang="zh-Hans") == ""


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_all_words_stand_in_the_text(text: str) -> None:
    assert all(
        one.words in text and one.low <= one.high and one.units for one in extract_figures(text)
    )


@pytest.mark.parametrize(
    "part",
    [
        "1.5 ",
        "一",
        "1,000",
        "one thousand ",
        "m/",
        "每秒",
        "1e1",
        "1.5 million ",
        "1 ",
        "9",
        "5 m m^2 ",
        "时速可达",
    ],
)
def test_a_long_text_takes_time_in_proportion(part: str) -> None:
    def cost(characters: int) -> float:
        text, best = (part * characters)[:characters], 9.0
        for _again in range(5):
            start = time.process_time()
            extract_figures(text)
            best = min(best, time.process_time() - start)
        return best

    assert cost(16_384) <= max(3 * cost(8_192), 0.3)  # what is that quick may be anything
