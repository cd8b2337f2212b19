"""Charts: the right numbers at the right places, the same bytes, and nothing that a text could
break."""

import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.drawing import charts, fonts
from reports.wording.report_strings import LANGS, Lang
from tests.reports import sample

SVG = "{http://www.w3.org/2000/svg}"


def draw(lang: Lang = "en", **changes: Any) -> str:
    given = {
        "property_name": "Air speed",
        "lower": "1.5",
        "upper": None,
        "claimed": False,
        "unit": "m/s",
        "coverage": "2",
        "values": [charts.Value("hood-1", "0.03", "0.02"), charts.Value("hood-2", "1.60", "0.30")],
        "lang": lang,
    }
    return charts.measured_against(**{**given, **changes})


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  (our own picture)


def told(svg: str) -> tuple[str, str]:
    root = parse(svg)
    assert root.attrib["role"] == "img"
    return root.findtext(f"{SVG}title") or "", root.findtext(f"{SVG}desc") or ""


@pytest.mark.parametrize("lang", LANGS)
def test_the_chart_of_the_sample_says_every_number_in_words(lang: Lang) -> None:
    title, description = told(charts.chart_of(sample.discrepancy()["aspects"][0], lang) or "")
    assert title.startswith("Air speed at the duct outlet" if lang == "en" else "风道出口风速")
    for number in (
        "1.5 m/s",
        "0.03 ± 0.04",
        "0.01 ± 0.03",
        "0.04 ± 0.05",
        "hood-1",
        "hood-2",
        "hood-3",
    ):
        assert number in description


def test_an_aspect_without_numbers_has_no_chart() -> None:
    assert charts.chart_of(sample.discrepancy()["aspects"][1], "en") is None
    with pytest.raises(ValueError, match="at least one value"):
        draw(values=[])


@pytest.mark.parametrize("lang", LANGS)
def test_no_text_is_left_to_a_font_of_the_reader(lang: Lang) -> None:
    svg = draw(lang)
    assert "<text" not in svg
    assert "font" not in svg
    root = parse(svg)
    glyphs = {symbol.attrib["id"] for symbol in root.iter(f"{SVG}symbol")}
    uses = [use.attrib["href"] for use in root.iter(f"{SVG}use")]
    assert uses
    assert {use.removeprefix("#") for use in uses} == glyphs


def test_letters_in_pictures_are_regular_and_not_thin() -> None:
    """The trap that outlines are there for: inside an SVG the variable font comes out at its
    default weight, Thin."""

    def ink(weight: int) -> float:
        (lettering,) = fonts.letter([("一", 100, weight)], "zh-Hans")
        (symbol,) = lettering.symbols.values()
        path = next(symbol.iter(f"{SVG}path")).attrib["d"]
        ups = [abs(float(number)) for number in re.findall(r"v (-?[\d.]+)", path)]
        return max(ups, default=0.0)

    thin, regular, bold = ink(100), ink(400), ink(700)
    assert 0 < thin < regular < bold


def test_dots_stand_where_their_numbers_are() -> None:
    svg = draw(
        values=[
            charts.Value("a", "0", "0.1"),
            charts.Value("b", "0.75", "0.1"),
            charts.Value("c", "1.5", "0.1"),
        ]
    )
    zero, half, limit = (
        float(each) for each in re.findall(r'translate\(([\d.]+),[\d.]+\)" d="M4.243', svg)
    )
    assert limit > half > zero > 0
    assert limit - half == pytest.approx(half - zero)


def test_the_side_that_meets_it_is_right_of_at_least_and_left_of_at_most() -> None:
    def field(lower: str | None, upper: str | None) -> tuple[float, float]:
        path = re.search(
            rf'd="M([\d.]+),[\d.]+h([\d.]+)[^"]*" fill="{charts.CAME_TINT}"',
            draw(lower=lower, upper=upper),
        )
        assert path
        return float(path[1]), float(path[1]) + float(path[2])

    left, right = field("1.5", None), field(None, "1.5")
    assert left[0] > right[0]
    assert left[1] == pytest.approx(charts.WIDTH - 128)
    assert right[0] == pytest.approx(108)
    between = field("1.5", "2.5")
    assert 108 < between[0] < between[1] < charts.WIDTH - 128


@pytest.mark.parametrize("lang", LANGS)
def test_two_limits_are_named_as_an_interval_and_the_claimed_one_by_its_numbers(lang: Lang) -> None:
    words = told(draw(lang, lower="6", upper="8"))[1]
    assert words.startswith(
        "threshold: between 6 and 8 m/s" if lang == "en" else "限值：介于6至8 m/s之间"
    )
    claimed = told(draw(lang, lower="6", upper="8", claimed=True))[1]
    assert ("claimed value: 6–8 m/s" if lang == "en" else "宣称值：6–8 m/s") in claimed
    with pytest.raises(ValueError, match="has a limit"):
        draw(lower=None, upper=None)


def test_a_chart_of_many_units_stays_a_picture_and_says_that_more_are_in_the_table() -> None:
    many = [charts.Value(f"u{n}", f"0.{n:03}", "0.01") for n in range(100)]
    svg = draw(values=many)
    assert float(parse(svg).attrib["height"]) < 1000
    assert all(f"u{n}:" in told(svg)[1] for n in range(100))


decimals = st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=4
).map(lambda d: f"{d:f}")


@settings(max_examples=8, deadline=None)
@given(
    limit=decimals, value=decimals, uncertainty=decimals,
    sides=st.sampled_from(["lower", "upper", "both"]), wide=decimals, label=st.text(max_size=40),
    width=st.sampled_from([charts.WIDTH, charts.NARROW]),
)  # fmt: skip
def test_any_numbers_and_any_label_make_a_whole_picture(
    limit: str, value: str, uncertainty: str, sides: str, wide: str, label: str, width: int
) -> None:
    label = label.encode("utf-8", "replace").decode()
    values = [charts.Value(label, value, uncertainty.removeprefix("-"))]
    low, high = sorted([limit, f"{Decimal(limit) + abs(Decimal(wide)) + 1:f}"], key=Decimal)
    svg = draw(
        lower=None if sides == "upper" else low, upper=None if sides == "lower" else high,
        values=values, property_name=label, width=width,
    )  # fmt: skip
    assert value in told(svg)[1]
    places = [float(each) for each in re.findall(r"translate\((-?[\d.]+),", svg)]
    assert all(-1 <= each <= width + 1 for each in places)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ascii", "plain ascii"),
        ("中文，句号。", "中文，句号。"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\x00\x1b[31m", "a[U+0000][U+001B][31m"),
        ("\ud800", "[U+D800]"),
        ("\ue000", "[U+E000]"),
        ("😀", "[U+1F600]"),
        ("שלום", "[U+05E9][U+05DC][U+05D5][U+05DD]"),
        ("a\tb\r\nc", "a b\nc"),
        ("e\u0301\u0301", "e\u0301[U+0301]"),
    ],
)
def test_what_cannot_be_printed_is_shown_as_its_code(text: str, shown: str) -> None:
    assert fonts.printable(text) == shown


def test_only_fonts_of_pinned_packages_are_used() -> None:
    for face in fonts.faces().fonts():
        assert face.path is None or face.path == str(fonts.FILE), (
            f"{face.family} comes from the machine"
        )


@given(st.text())
def test_break_marks_change_nothing_but_the_breaks(text: str) -> None:
    shown = fonts.printable(text)
    assert fonts.BREAK not in shown
    assert fonts.breakable(shown).replace(fonts.BREAK, "") == shown
