"""Pictures over time: the verdicts on a company, and a series of figures with what happened beside
it. Data in, one SVG string out.

Drawn like ``charts``: by Vega-Lite through altair and vl-convert from numbers and place holders
alone, one unit to the pixel, and lettered by ``reports.drawing.fonts``. A figure that someone
stated and the one that follows from the data are two bars beside each other; where sources disagree
each has its own line. Both pictures are drawn at two widths, so that words keep their size on a
phone.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple, cast

from reports.drawing import fonts
from reports.drawing.charts import draw, finished
from reports.drawing.palette import in_both_schemes, light
from reports.drawing.version_timeline import MONTHS, day, measured
from reports.wording.report_strings import VOCABULARIES, Lang, phrase, word
from ui.numbers import thousands

WIDE, NARROW = 720, 358
RATINGS: Final = tuple(VOCABULARIES["rating"])
_NAMES: Final = {"partly_delivered": "partly"}
#: Marks of one row of the verdict chart that find room; the table holds all.
_ROW: Final = 30.0


class VerdictMark(NamedTuple):
    """One verdict: when it was published and what it says."""

    on: date
    rating: str


class Figure(NamedTuple):
    """One figure of a series; figures of one ``line`` are joined."""

    on: date
    value: Decimal
    line: str


class SeriesNoteMark(NamedTuple):
    """What is noted beside a series: on a day, or between two, with the difference that someone
    stated and those computed."""

    start: date
    end: date | None
    stated: Decimal | None
    computed: tuple[Decimal, ...]


def hue(rating: str) -> str:
    """The colour of a rating in the light."""
    return light()[_NAMES.get(rating, rating.replace("_", "-"))]


# --- what both are drawn with ---------------------------------------------------------------------


class Canvas:
    """Marks at pixels, in the order in which they are laid down, and words apart from them."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.marks: list[dict[str, Any]] = []
        self.labels: list[str] = []

    def _lay(
        self,
        mark: Mapping[str, Any],
        rows: Sequence[Mapping[str, object]],
        **more: Mapping[str, Any],
    ) -> None:
        self.marks.append({"mark": dict(mark), "rows": list(rows), "more": more})

    def rule(
        self,
        x: float,
        y: float,
        x2: float,
        y2: float,
        colour: str,
        width: float = 1.0,
        dash: Sequence[int] = (),
    ) -> None:
        mark = {
            "type": "rule",
            "color": colour,
            "strokeWidth": width,
            **({"strokeDash": list(dash)} if dash else {}),
        }
        self._lay(mark, [{"x": x, "y": y, "x2": x2, "y2": y2}])

    def box(self, x: float, y: float, x2: float, y2: float, colour: str) -> None:
        self._lay({"type": "rect", "color": colour}, [{"x": x, "y": y, "x2": x2, "y2": y2}])

    def path(self, points: Sequence[tuple[float, float]], colour: str, width: float) -> None:
        rows = [{"x": x, "y": y, "n": n} for n, (x, y) in enumerate(points)]
        self._lay(
            {
                "type": "line",
                "color": colour,
                "strokeWidth": width,
                "strokeJoin": "round",
                "strokeCap": "round",
            },
            rows,
        )

    def shape(
        self,
        x: float,
        y: float,
        size: float,
        colour: str,
        form: str = "circle",
        *,
        full: bool = True,
        dash: Sequence[int] = (),
    ) -> None:
        mark: dict[str, Any] = {"type": "point", "shape": form, "size": size, "opacity": 1}
        mark |= (
            {"color": colour, "filled": True}
            if full
            else {"stroke": colour, "strokeWidth": 1.8, "fill": light()["sheet"], "filled": False}
        )
        self._lay({**mark, **({"strokeDash": list(dash)} if dash else {})}, [{"x": x, "y": y}])

    def label(
        self,
        text: str,
        x: float,
        y: float,
        anchor: str = "left",
        *,
        size: int = 12,
        colour: str = "",
        weight: int = 400,
    ) -> None:
        self.labels.append(text)
        mark = {
            "type": "text",
            "align": anchor,
            "baseline": "alphabetic",
            "fontSize": size,
            "color": colour or light()["ink"],
        }
        self._lay(
            {**mark, "fontWeight": weight}, [{"x": x, "y": y, "t": f"#{len(self.labels) - 1}"}]
        )

    def svg(self, title: str, description: str, lang: Lang) -> str:
        """The picture, in words too, in both schemes."""
        import altair as alt  # half a second and 60 MB that a web process need not pay for

        across = alt.Scale(domain=[0, self.width], range=[0, self.width], nice=False, zero=False)
        down = alt.Scale(domain=[0, self.height], range=[0, self.height], nice=False, zero=False)
        x, y = alt.X("x:Q", scale=across, axis=None), alt.Y("y:Q", scale=down, axis=None)
        layers = []
        for drawing in self.marks:
            mark, rows = drawing["mark"], drawing["rows"]
            kind = mark.pop("type")
            layer = getattr(alt.Chart(alt.InlineData(values=rows)), f"mark_{kind}")(**mark)
            channels: dict[str, Any] = {"x": x, "y": y}
            if "x2" in rows[0]:
                channels |= {"x2": "x2:Q", "y2": "y2:Q"}
            if "n" in rows[0]:
                channels["order"] = "n:Q"
            if "t" in rows[0]:
                channels["text"] = "t:N"
            layers.append(layer.encode(**channels))
        chart = alt.layer(*layers).properties(
            width=self.width,
            height=self.height,
            padding=0,
            autosize=alt.AutoSizeParams(type="none"),
            background=light()["sheet"],
        )
        spec = cast(
            dict[str, Any],
            chart.configure(aria=False, view=alt.ViewConfig(stroke="transparent")).to_dict(),
        )
        return in_both_schemes(
            fonts.outlined(finished(draw(spec), title, description, self.labels), lang)
        )


def dated(first: date, last: date, most: int) -> list[date]:
    """At most ``most`` round dates from the first to the last: days, weeks, months or years
    apart."""
    for step in (1, 2, 7, 14) if (last - first).days <= 14 * (most + 1) else ():
        days = [
            first + timedelta(days=n)
            for n in range((last - first).days + 1)
            if (first + timedelta(days=n)).toordinal() % step == 0
        ]
        if len(days) <= most:
            return days
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 600):
        count = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        starts = [date(n // 12, n % 12 + 1, 1) for n in count if n % months == 0]
        ticks = [start for start in starts if first <= start <= last]
        if len(ticks) <= most:
            return ticks
    return []


def _stamps(dates: Sequence[date], lang: Lang) -> list[str]:
    """A short word for each date; the year is said where it changes."""
    stamps, year = [], 0
    monthly = all(tick.day == 1 for tick in dates)
    for tick in dates:
        if monthly:
            text = MONTHS[tick.month - 1] if lang == "en" else f"{tick.month}月"
        else:
            text = (
                f"{tick.day} {MONTHS[tick.month - 1]}"
                if lang == "en"
                else f"{tick.month}月{tick.day}日"
            )
        if tick.year != year:
            text = f"{text} {tick.year}" if lang == "en" else f"{tick.year}年{text}"
        year = tick.year
        stamps.append(text)
    return stamps


def _axis(
    canvas: Canvas, first: date, last: date, left: float, right: float, bottom: float, lang: Lang
) -> None:
    """The line of time under a picture, with its dates."""
    colours, most = light(), 6 if right - left > 360 else 3
    canvas.rule(left, bottom, right, bottom, colours["ink"])
    dates = dated(first, last, most)
    for tick, stamp in zip(dates, _stamps(dates, lang), strict=True):
        x = _across(tick, first, last, left, right)
        canvas.rule(x, bottom, x, bottom + 5, colours["ink"])
        half = measured(stamp) * 11 / 24
        middle = min(max(x, half + 1), canvas.width - half - 1)
        canvas.label(stamp, middle, bottom + 19, "center", size=11, colour=colours["ink-2"])


def _across(on: date, first: date, last: date, left: float, right: float) -> float:
    return left + (right - left) * (on - first).days / max(1, (last - first).days)


# --- verdicts over time ---------------------------------------------------------------------------


def verdicts_over_time(verdicts: Sequence[VerdictMark], lang: Lang, width: int = WIDE) -> str:
    """A row per rating, a mark per verdict where it was published; one day stands side by side.
    Raises ValueError without any."""
    if not verdicts:
        raise ValueError("a chart needs at least one verdict")
    return _verdicts_over_time(tuple(sorted(verdicts)), lang, width)


@lru_cache(maxsize=64)
def _verdicts_over_time(verdicts: tuple[VerdictMark, ...], lang: Lang, width: int) -> str:
    colours = light()
    left, right, top = (128.0 if lang == "en" else 100.0), width - 16.0, 8.0
    bottom = top + _ROW * len(RATINGS)
    first, last = verdicts[0].on, verdicts[-1].on
    margin = timedelta(days=max(5, (last - first).days // 12))
    first = max(first, date.min + margin) - margin  # the calendar ends on both sides
    last = min(last, date.max - margin) + margin
    canvas = Canvas(width, bottom + 30)
    for index, rating in enumerate(RATINGS):
        y = top + _ROW * (index + 0.5)
        canvas.rule(left, y, right, y, colours["hairline"])
        count = sum(verdict.rating == rating for verdict in verdicts)
        canvas.label(
            word("rating", rating, lang),
            left - 14,
            y + 4,
            "right",
            colour=hue(rating) if count else colours["ink-3"],
            weight=700 if count else 400,
        )
        taken = -100.0
        for verdict in verdicts:
            if verdict.rating == rating:
                x = taken = max(_across(verdict.on, first, last, left, right), taken + 14)
                if x < right - 7:
                    _mark(canvas, rating, x, y)
    _axis(canvas, first, last, left, right, bottom, lang)
    sentences = [
        phrase(
            "trend_verdict",
            lang,
            rating=word("rating", verdict.rating, lang),
            day=day(verdict.on.isoformat(), lang),
        )
        for verdict in verdicts
    ]
    return canvas.svg(phrase("trend_verdicts", lang), " ".join(sentences), lang)


def _mark(canvas: Canvas, rating: str, x: float, y: float) -> None:
    """The shape that a rating has everywhere on the site."""
    colour = hue(rating)
    if rating == "delivered":
        canvas.shape(x, y, 150, colour)
    elif rating == "misleading":
        canvas.shape(x, y, 120, colour, "triangle-up", full=False)
        canvas.rule(x, y - 2.5, x, y + 2, colour, 1.6)
    else:
        canvas.shape(x, y, 130, colour, full=False, dash=(3, 3) if rating == "unverifiable" else ())
    if rating == "delivered_late":
        canvas.path([(x, y - 4), (x, y), (x + 3, y + 2)], colour, 1.6)
    elif rating == "partly_delivered":
        canvas.shape(x, y, 130, colour, "M0,-1A1,1,0,0,1,0,1Z")
    elif rating == "not_delivered":
        canvas.rule(x - 4, y + 4, x + 4, y - 4, colour, 2)
    elif rating == "unverifiable":
        canvas.rule(x - 3, y, x + 3, y, colour, 1.6)


# --- figures over time ----------------------------------------------------------------------------


def figures_over_time(
    name: str,
    unit: str,
    figures: Sequence[Figure],
    beside: Sequence[SeriesNoteMark],
    lang: Lang,
    width: int = WIDE,
) -> str:
    """A line per source from zero up; what happened on a day as a numbered rule, a stated
    difference as a bar beside the computed ones.

    Numbers stand exactly as they came. Raises ValueError without any figure.
    """
    if not figures:
        raise ValueError("a chart needs at least one figure")
    return _figures_over_time(name, unit, tuple(figures), tuple(beside), lang, width)


@lru_cache(maxsize=64)
def _figures_over_time(
    name: str,
    unit: str,
    figures: tuple[Figure, ...],
    beside: tuple[SeriesNoteMark, ...],
    lang: Lang,
    width: int,
) -> str:
    colours, narrow = light(), width < 500
    compared = next((mark for mark in beside if mark.stated is not None and mark.computed), None)
    left, right, top = 8.0, width - ((128.0 if narrow else 210.0) if compared else 60.0), 54.0
    bottom = top + (190.0 if narrow else 240.0)
    canvas = Canvas(width, bottom + 30)
    first, last = min(figure.on for figure in figures), max(figure.on for figure in figures)
    high = max(max(figure.value for figure in figures), Decimal(1))
    low = min(Decimal(0), *(figure.value for figure in figures))

    def y(value: Decimal) -> float:
        return bottom - float((value - low) / (high - low)) * (bottom - top)

    def x(on: date) -> float:
        return _across(on, first, last, left + 6, right - 6)

    canvas.label(f"{name}, {unit}" if lang == "en" else f"{name}（{unit}）", left, 16, weight=700)
    canvas.rule(left, y(Decimal(0)), right, y(Decimal(0)), colours["ink"])
    days = sorted(
        {mark.start for mark in beside if mark.end is None and first <= mark.start <= last}
    )
    for number, on in enumerate(days, start=1):
        canvas.rule(x(on), top - 4, x(on), bottom, colours["misleading"], 1, (3, 3))
        canvas.shape(x(on), top - 12, 230, colours["misleading"])
        canvas.label(
            str(number), x(on), top - 8, "center", size=11, colour=colours["sheet"], weight=700
        )
    lines: dict[str, list[Figure]] = {}
    for figure in sorted(figures, key=lambda each: each.on):
        lines.setdefault(figure.line, []).append(figure)
    for line in lines.values():
        canvas.path([(x(figure.on), y(figure.value)) for figure in line], colours["ink"], 2)
        for figure in line:
            canvas.shape(x(figure.on), y(figure.value), 34, colours["ink"])
    for line in lines.values():
        canvas.shape(x(line[0].on), y(line[0].value), 70, colours["ink"])
        canvas.label(
            thousands(line[0].value), x(line[0].on) - 4, y(line[0].value) - 11, size=13, weight=700
        )
        if len(line) > 1:
            canvas.shape(x(line[-1].on), y(line[-1].value), 70, colours["ink"])
            canvas.label(
                thousands(line[-1].value),
                x(line[-1].on) + 4,
                y(line[-1].value) + 22,
                "right",
                size=13,
                weight=700,
            )
    if compared and compared.stated is not None:
        _side_by_side(canvas, figures, compared, y, right, lang, narrow=narrow)
    _axis(canvas, first, last, left + 6, right - 6, bottom, lang)
    colon = phrase("colon", lang)
    sentences = [
        f"{day(figure.on.isoformat(), lang)}{colon}{thousands(figure.value)} {unit}"
        for figure in figures
    ]
    if compared and compared.stated is not None:
        computed = phrase("list_comma", lang).join(thousands(value) for value in compared.computed)
        sentences.append(
            phrase(
                "trend_compared",
                lang,
                stated=thousands(compared.stated),
                computed=computed,
                unit=unit,
            )
        )
    end = phrase("stop", lang).strip()
    return canvas.svg(name, phrase("semicolon", lang).join(sentences) + end, lang)


def _side_by_side(
    canvas: Canvas,
    figures: Sequence[Figure],
    note: SeriesNoteMark,
    y: Any,
    right: float,
    lang: Lang,
    *,
    narrow: bool,
) -> None:
    """The difference as it follows from the figures and as someone stated it: two bars hung from
    the same height."""
    colours = light()
    start = max(figure.value for figure in figures if figure.on == note.start)
    step = 54.0 if narrow else 92.0
    at = right + 40.0
    for offset, (name, value, full) in enumerate(
        (
            ("trend_computed", max(note.computed), True),
            ("trend_stated", note.stated or Decimal(0), False),
        )
    ):
        x = at + step * offset
        head, foot = y(start), y(start - value)
        if full:
            canvas.box(x - 7, head, x + 7, foot, colours["ink"])
        else:
            for corner, other in pairwise(
                [(x - 7, head), (x + 7, head), (x + 7, foot), (x - 7, foot), (x - 7, head)]
            ):
                canvas.rule(*corner, *other, colours["ink"], 1.6, (4, 3))
        canvas.label(f"−{thousands(value)}", x, foot + 18, "center", size=13, weight=700)
        canvas.label(phrase(name, lang), x, foot + 34, "center", size=11, colour=colours["ink-2"])
    canvas.rule(right - 4, y(start), at + step + 12, y(start), colours["ink-3"], 1, (2, 3))
