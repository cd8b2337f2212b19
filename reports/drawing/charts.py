"""The chart of a report: measured values and the threshold. Data in, one SVG string out, the same
each time. `lines` draws the other.

``measured_against`` is drawn by Vega-Lite through altair and vl-convert, on a white ground in plain
colours, and lettered by ``reports.drawing.fonts``: the words never pass through the chart engine,
which sees numbers and place holders. Hence no text of a report can reach an interpreter, and the
layout cannot depend on the fonts of a machine.

It says everything in words too: ``<title>`` and ``<desc>``, for who does not see the picture.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, NamedTuple, cast
from xml.etree import ElementTree

from claims.threshold_words import limits_words, quantity_words
from reports.drawing import fonts
from reports.drawing.palette import light
from reports.schema import Aspect
from reports.wording.report_strings import Lang, phrase
from ui.numbers import plain
from verdicts.conformity import INDEPENDENT

#: For a page or a sheet of paper, and for the column of a phone, where the wide picture's words
#: would be too small to read.
WIDTH, NARROW = 640, 358
INK, INK_2, HAIRLINE, CAME, CAME_TINT, SHEET = (
    light()[name] for name in ("ink", "ink-2", "hairline", "came", "came-tint", "sheet")
)
#: Rows drawn at most; the table beside the chart always holds all.
TOP: Final = 46.0
ROW: Final = 26.0
MOST_ROWS: Final = 30
#: Altair's chart language; vl-convert carries several and must be told which.
VEGA_LITE: Final = "v6.4"


class Value(NamedTuple):
    """One measured value and its standard uncertainty, both in the threshold's unit, as decimal
    strings."""

    label: str
    value: str
    uncertainty: str


def labelled(unit: str, affiliation: str, lang: Lang) -> str:
    """What an item is called in a chart; one measured from a company's side says so."""
    return unit if affiliation == INDEPENDENT else phrase("beside_company", lang, unit=unit)


def chart_of(aspect: Aspect, lang: Lang) -> str | None:
    """The chart of an aspect as its conformity was judged, or None where there is no number to set
    against a threshold."""
    conformity, criterion = aspect["conformity"], aspect["criterion"]
    if conformity is None or criterion is None or not conformity["judged"]:
        return None
    translated = criterion["property"]["translations"].get(lang)
    return measured_against(
        property_name=translated["text"] if translated else criterion["property"]["text"],
        lower=conformity["lower_limit"],
        upper=conformity["upper_limit"],
        claimed=criterion["figure"] is not None
        and is_claimed_limit(
            criterion["comparator"],
            bool(criterion["tolerance"]) and Decimal(criterion["tolerance"] or 0) > 0,
        ),
        unit=conformity["unit"],
        coverage=conformity["coverage"],
        values=[
            Value(
                labelled(each["unit_label"], each["affiliation"], lang),
                each["value"],
                each["uncertainty"],
            )
            for each in conformity["judged"]
        ],
        lang=lang,
    )


def is_claimed_limit(comparator: str, tolerance: bool) -> bool:
    """Whether the limits of a claimed figure are the company's own numbers: no tolerance moved
    them."""
    return comparator in {"at_least", "at_most", "between"} and not tolerance


def expanded(uncertainty: str, coverage: str) -> str:
    """k times the standard uncertainty, exactly, without exponent or trailing zeros."""
    with localcontext(prec=80):
        return plain(Decimal(uncertainty) * Decimal(coverage))


def height_of(values: int) -> int:
    """How high the picture of so many values is, so that a page can keep the room for it before it
    arrives."""
    return int(TOP + ROW * min(values, MOST_ROWS) + (58 if values > MOST_ROWS else 40))


def measured_against(  # noqa: PLR0913 — what the chart shows
    *,
    property_name: str,
    lower: str | None,
    upper: str | None,
    claimed: bool,
    unit: str,
    coverage: str,
    values: Sequence[Value],
    lang: Lang,
    width: int = WIDTH,
) -> str:
    """What meets the threshold as a tinted field, each unit's value as a dot with its expanded
    uncertainty as a bar.

    ``lower`` and ``upper`` are the limits, None where there is none; ``claimed`` says that they are
    the company's own figure. Numbers are decimal strings and printed as they are; only positions
    are floats. Raises ValueError without any value, or without a limit.
    """
    if lower is None and upper is None:
        raise ValueError("a threshold has a limit")
    if not values:
        raise ValueError("a chart needs at least one value")
    return _measured_against(
        property_name, lower, upper, claimed, unit, coverage, tuple(values), lang, width
    )


@lru_cache(maxsize=64)
def _measured_against(  # noqa: PLR0913 — what the chart shows
    property_name: str,
    lower: str | None,
    upper: str | None,
    claimed: bool,
    unit: str,
    coverage: str,
    values: tuple[Value, ...],
    lang: Lang,
    width: int,
) -> str:
    """Kept, because page and PDF of one report ask for the same picture and the engine needs half a
    second for it."""
    title = phrase("chart_title", lang, property=property_name)
    limits = [Decimal(limit) for limit in (lower, upper) if limit is not None]
    threshold = (
        phrase("chart_claimed", lang, value=quantity_words(limits[0], unit, *limits[1:]))
        if claimed
        else phrase(
            "chart_threshold",
            lang,
            threshold=limits_words(
                lang,
                lower=None if lower is None else limits[0],
                upper=None if upper is None else limits[-1],
                unit=unit,
            ),
        )
    )
    sentences = [
        phrase(
            "chart_unit",
            lang,
            label=each.label,
            value=each.value,
            expanded=expanded(each.uncertainty, coverage),
            unit=unit,
            k=coverage,
        )
        for each in values
    ]
    drawn = values[:MOST_ROWS]
    rest = len(values) - len(drawn)

    points = [
        (Decimal(each.value), Decimal(expanded(each.uncertainty, coverage))) for each in drawn
    ]
    low, high = _domain(
        [value - bar for value, bar in points] + [value + bar for value, bar in points],
        limits,
        only_upper=lower is None,
    )
    gutter, left, right = (14, 108.0, width - 128.0) if width >= WIDTH else (8, 68.0, width - 92.0)
    top, row = TOP, ROW
    bottom = top + row * len(drawn)
    height = float(height_of(len(values)))

    def x(number: Decimal) -> float:
        return left + float((number - low) / (high - low)) * (right - left)

    ticks = _ticks(low, high)[:: 1 if gutter == 14 else 2]
    edges = [x(limit) for limit in limits]
    band = (left if lower is None else edges[0], right if upper is None else edges[-1])
    middle = [top + row * (index + 0.5) for index in range(len(drawn))]

    labels: list[
        tuple[str, float, float, str, int, str, int]
    ] = []  # text, x, y, anchor, size, colour, weight

    def label(
        text: str,
        at: float,
        y: float,
        anchor: str = "start",
        size: int = 12,
        colour: str = INK,
        weight: int = 400,
    ) -> None:
        labels.append((text, at, y, anchor, size, colour, weight))

    at, side = _beside(edges, left, right, only_upper=lower is None)
    if len(edges) == 2:
        threshold_label = _short(threshold, int(width / 7.5))
        half = 3.6 * sum(2 if ord(character) > 0x2E7F else 1 for character in threshold_label)
        at, side = min(max(sum(edges) / 2, half), width - half), "middle"
    else:
        threshold_label = threshold
    label(threshold_label, at, top - 12, side, 12, CAME, 700)
    for value, (number, bar), y in zip(drawn, points, middle, strict=True):
        label(
            _short(value.label, 14 if gutter == 14 else 8),
            left - gutter,
            y + 4,
            "end",
            12,
            INK,
            700,
        )
        label(f"{number:f} ± {plain(bar)}", right + gutter, y + 4, "start", 12)
    for tick in ticks:
        label(plain(tick), x(tick), bottom + 18, "middle", 11, INK_2)
    label(_short(unit, 14), right + gutter, bottom + 18, "start", 11, INK_2)
    if rest:
        label(phrase("chart_rest", lang, n=rest), left, bottom + 40, "start", 11, INK_2)

    spec = _spec(
        width=width,
        height=height,
        band=(*band, top - 26, bottom),
        lines=[
            *((left, y, right, y, HAIRLINE, 0.6) for y in middle),
            *((edge, top - 26, edge, bottom, CAME, 2.0) for edge in edges),
            (left, bottom, right, bottom, INK, 1.0),
            *((x(tick), bottom, x(tick), bottom + 5, INK, 1.0) for tick in ticks),
            *(
                (x(number - bar), y, x(number + bar), y, INK, 2.0)
                for (number, bar), y in zip(points, middle, strict=True)
            ),
            *(
                (x(end), y - 4, x(end), y + 4, INK, 2.0)
                for (number, bar), y in zip(points, middle, strict=True)
                for end in (number - bar, number + bar)
            ),
        ],
        dots=[(x(number), y) for (number, _), y in zip(points, middle, strict=True)],
        labels=labels,
    )
    return fonts.outlined(
        finished(
            draw(spec), title, " ".join([threshold, *sentences]), [each[0] for each in labels]
        ),
        lang,
    )


def _short(text: str, most: int) -> str:
    """A label cut to its gutter; Chinese counts double. The table beside the chart holds it
    whole."""
    text = fonts.printable(text)
    width = 0
    for index, character in enumerate(text):
        width += 2 if ord(character) > 0x2E7F else 1
        if width > most:
            return text[:index].rstrip() + "…"
    return text


def _beside(
    edges: Sequence[float], left: float, right: float, *, only_upper: bool
) -> tuple[float, str]:
    """Where the name of a single limit stands: on the side of it that has room."""
    edge = edges[0]
    if edge + 8 * 22 < right or (only_upper and edge < left + 8 * 22):
        return edge + 7, "start"
    return edge - 7, "end"


def _domain(
    ends: Sequence[Decimal], limits: Sequence[Decimal], *, only_upper: bool
) -> tuple[Decimal, Decimal]:
    """From where to where the axis goes: all values and bars, the limits with some of the side that
    meets them, and zero if near."""
    low, high = min(*ends, *limits), max(*ends, *limits)
    if low >= 0 or low > -(high - low) / 10:
        low = min(low, Decimal(0))
    span = high - low or abs(high) or Decimal(1)
    limit = limits[0]
    if len(limits) == 2:
        pass  # what meets it lies between them
    elif not only_upper:
        high = max(high, limit + span * Decimal("0.3"))
    elif limit - low < span * Decimal("0.2"):
        low = limit - span * Decimal("0.3")
    return low - span / 50, high + span / 50


def _ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """At most seven round numbers between the ends: steps of 1, 2 or 5 times a power of ten."""
    step = Decimal(1).scaleb((high - low).adjusted() - 1)
    for factor in (1, 2, 5, 10, 20, 50):
        if (high - low) / (step * factor) <= 6:
            step *= factor
            break
    first = (low / step).to_integral_value("ROUND_CEILING")
    return [step * (first + index) for index in range(8) if step * (first + index) <= high]


def _spec(
    *,
    width: int,
    height: float,
    band: tuple[float, float, float, float],
    lines: Sequence[tuple[float, float, float, float, str, float]],
    dots: Sequence[tuple[float, float]],
    labels: Sequence[tuple[str, float, float, str, int, str, int]],
) -> dict[str, Any]:
    """The picture as Vega-Lite: one unit is one pixel, so the engine has nothing to lay out and no
    text to measure."""
    import altair as alt  # half a second and 60 MB that a web process need not pay for

    across = alt.Scale(domain=[0, width], range=[0, width], nice=False, zero=False)
    down = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)

    def layer(rows: Sequence[Mapping[str, object]]) -> Any:
        return alt.Chart(alt.InlineData(values=list(rows)))

    x = alt.X("x:Q", scale=across, axis=None)
    y = alt.Y("y:Q", scale=down, axis=None)
    field = layer([{"x": band[0], "x2": band[1], "y": band[2], "y2": band[3]}]).mark_rect(
        color=CAME_TINT
    )
    rules = [
        layer([{"x": line[0], "y": line[1], "x2": line[2], "y2": line[3]} for line in alike])
        .mark_rule(color=colour, strokeWidth=thick)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
        for (colour, thick), alike in groupby(lines, key=lambda line: line[4:])
    ]
    marks = (
        layer([{"x": at, "y": high} for at, high in dots])
        .mark_circle(size=72, color=INK, opacity=1)
        .encode(x=x, y=y)
    )
    anchors = {"start": "left", "middle": "center", "end": "right"}
    numbered = sorted(enumerate(labels), key=lambda each: each[1][3:])
    texts = [
        layer([{"x": label[1], "y": label[2], "t": f"#{index}"} for index, label in alike])
        .mark_text(
            align=anchors[anchor],
            baseline="alphabetic",
            fontSize=size,
            color=colour,
            fontWeight=weight,
        )
        .encode(x=x, y=y, text="t:N")
        for (anchor, size, colour, weight), alike in groupby(numbered, key=lambda each: each[1][3:])
    ]
    chart = alt.layer(field.encode(x=x, y=y, x2="x2:Q", y2="y2:Q"), *rules, marks, *texts)
    chart = chart.properties(
        width=width,
        height=height,
        padding=0,
        autosize=alt.AutoSizeParams(type="none"),
        background=SHEET,
    )
    return cast(
        dict[str, Any],
        chart.configure(aria=False, view=alt.ViewConfig(stroke="transparent")).to_dict(),
    )


def draw(spec: Mapping[str, Any]) -> str:
    """The specification as the engine draws it, with nothing fetched from anywhere."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(dict(spec), vl_version=VEGA_LITE, allowed_base_urls=[])
    return svg


def finished(svg: str, title: str, description: str, labels: Sequence[str]) -> str:
    """The engine's picture with the real labels in the place of ``#n``, and in words what it
    shows."""
    root = ElementTree.fromstring(svg)  # noqa: S314  (drawn a moment ago from numbers alone)
    for text in root.iter(f"{{{fonts.SVG}}}text"):
        text.text = fonts.printable(labels[int((text.text or "#0")[1:])])
    for element in root.iter():
        for name in ("class", "role", "aria-roledescription", "aria-hidden"):
            element.attrib.pop(name, None)
    root.set("role", "img")
    for place, (name, content) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{fonts.SVG}}}{name}")
        element.text = fonts.printable(content)
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")
