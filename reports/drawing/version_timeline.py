"""The version line: a hairline of time with a tick for each look, a dot for each version, a break
for a disappearance.

Data in, one SVG string out, the same each time. Without ``links`` it is a still picture for a
report: attributes carry its colours, and one ``<title>`` and ``<desc>`` say it in words. With
``links`` it stands in a page: each version and each disappearance is a link that can be reached by
keyboard, and the two lines of text under it tell the one that is hovered or focused (style sheet
only; nothing here needs a script).

Time runs left to right but not to scale: six hours and six weeks must both be seen, so every
stretch between two events gets its least width before the rest is shared by duration. Words never
run into each other: each takes the nearest of two rows where it has room, and one that finds none
is left to the link's own words.

Classes for a page to theme: ``line-time``, ``line-tick``, ``line-version``, ``line-edit``,
``line-fork``, ``line-missing``, ``line-cross``, ``line-label``, ``line-strong``, ``line-event``,
``line-hit``, ``line-tip``, ``line-rest``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from reports.drawing import fonts
from reports.wording.report_strings import Lang, phrase
from ui.times import in_zone, with_zone

WIDTH: Final = 640
INK, INK_2, GONE, GONE_TINT = "#16181d", "#4a4e57", "#9c1c14", "#fbe6e3"
SIZE: Final = 12.5
ROW: Final = 16.0
LANE: Final = 20.0
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Links:
    """Where the parts of a line lead: each version by its number, and a disappearance. A number
    without an address is no link."""

    versions: Mapping[int, str]
    gone: str = ""


class Event(NamedTuple):
    """What stands on the line with words: its name above, its date below, and all of it in a
    sentence for its link."""

    at: str
    name: str
    kind: str
    sentence: str
    when: str
    address: str


# --- how moments are written ----------------------------------------------------------------------


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _local(text: str, lang: Lang) -> datetime:
    return in_zone(moment(text), lang) if "T" in text else moment(text)


def day(text: str, lang: Lang) -> str:
    """A date as people write it: 28 Feb 2025, 2025年2月28日. By hand, because a locale is a thing
    of the machine."""
    at = _local(text, lang)
    return (
        f"{at.day} {MONTHS[at.month - 1]} {at.year}"
        if lang == "en"
        else f"{at.year}年{at.month}月{at.day}日"
    )


def clock(text: str, lang: Lang) -> str:
    """A date with its time of day, to the second, in the zone of the language."""
    return f"{day(text, lang)} {_local(text, lang):%H:%M:%S}"


def zoned(text: str, lang: Lang) -> str:
    """The same, and whose time it is."""
    return with_zone(clock(text, lang), lang)


def stretch(start: str, end: str, lang: Lang) -> str:
    """From one moment to another; neither the day nor the zone is said twice."""
    one_day = _local(start, lang).date() == _local(end, lang).date()
    last = f"{_local(end, lang):%H:%M:%S}" if one_day else clock(end, lang)
    return f"{clock(start, lang)} – {with_zone(last, lang)}"


def _stamps(moments: Sequence[str], lang: Lang) -> list[str]:
    """A short date for each moment in order, only as exact as the whole needs; what the one before
    said is not said again."""
    if not moments:
        return []
    span = moment(moments[-1]) - moment(moments[0])
    by_day = span >= timedelta(days=3)
    exact = "%H:%M:%S" if span < timedelta(hours=3) else "%H:%M"
    stamps: list[str] = []
    before: datetime | None = None
    for text in moments:
        at = _local(text, lang)
        if before is None:
            stamps.append(day(text, lang) if by_day else f"{day(text, lang)} {at:{exact}}")
        elif at.date() == before.date():
            stamps.append(f"{at:{exact}}")
        else:
            bare = f"{at.day} {MONTHS[at.month - 1]}" if lang == "en" else f"{at.month}月{at.day}日"
            dated = bare if at.year == before.year else day(text, lang)
            stamps.append(dated if by_day else f"{dated} {at:{exact}}")
        before = at
    return stamps


# --- the picture ----------------------------------------------------------------------------------


def version_timeline(
    *,
    versions: Sequence[Any],
    ticks: Sequence[str],
    disappearances: Sequence[Any],
    looks: int,
    lang: Lang,
    source: str = "",
    width: int = WIDTH,
    links: Links | None = None,
) -> str:
    """``versions`` are mappings with ``number``, ``not_before``, ``not_after`` and, to find a text
    that came back, ``sha256``; ``disappearances`` have ``last_seen``, ``first_missing`` and
    ``back``; ``ticks`` are times in order, and ``looks`` the number of observations that they stand
    for. All times are RFC 3339. See schema.Version and schema.Disappearance."""
    times = _times(versions, ticks, disappearances)
    events = _events(versions, disappearances, lang, links)
    stamps = _stamps([event.at for event in events], lang)
    half = {
        event.at: max(measured(event.name), measured(stamp)) / 2
        for event, stamp in zip(events, stamps, strict=True)
    }
    place = _places(times, half, 14.0, width - (70.0 if _missing_now(disappearances) else 22.0))

    def at(text: str) -> float:
        return _between(place, moment(text))

    forks = _lanes(
        [
            (at(old["not_after"]), at(new["not_after"]), old["number"])
            for old, new in reverts(versions)
        ]
    )
    names = _LabelRows(width, 2)
    dates = _LabelRows(width, 2)
    for index in _by_weight(events):
        names.put(events[index].name, at(events[index].at))
    for index in _by_weight(events):
        dates.put(stamps[index], at(events[index].at))
    line = 8.0 + ROW * max(names.used, 1) + 12.0
    below = line + (LANE * (1 + max(lane for _, _, _, lane in forks)) + 6.0 if forks else 0.0)
    foot = below + 12.0 + ROW * max(dates.used, 1)
    height = foot + (2 * ROW + 14.0 if links else 6.0)

    parts: list[str] = []
    if times:
        parts += _stretches(times, disappearances, at, line, float(width))
    if ticks:
        every = 1 + len(ticks) * 4 // (width + 1)  # closer than four pixels they would be a bar
        marks = "".join(
            f"M{at(tick):.1f} {line - 4:.1f}v8" for tick in (*ticks[:-1:every], ticks[-1])
        )
        parts.append(f'<path class="line-tick" d="{marks}" stroke="{INK_2}" fill="none"/>')
    for version in versions:
        if version["not_before"]:
            start, end = at(version["not_before"]), at(version["not_after"])
            parts.append(
                f'<rect class="line-edit" x="{start:.1f}" y="{line - 9:.1f}" '
                f'width="{max(end - start, 1):.1f}" height="18" '
                f'fill="{GONE_TINT}" stroke="{GONE}" stroke-dasharray="2 2"/>'
            )
    for start, end, number, lane in forks:
        parts += _fork(
            start, end, line, line + LANE * (lane + 1), phrase("line_fork", lang, n=number)
        )
    labels = [_text(text, x, line - 15 - ROW * row, strong=True) for text, x, row in names.placed]
    labels += [_text(text, x, below + 26 + ROW * row) for text, x, row in dates.placed]
    silent = " aria-hidden=" + quoteattr("true") if links else ""
    parts.append(f'<g class="line-labels"{silent}>{"".join(labels)}</g>')
    for event in events:
        parts.append(_mark(event, at(event.at), line, foot, bool(links)))

    title = phrase("line_title", lang) + (phrase("colon", lang) + source if source else "")
    words = []
    if times:
        words.append(
            phrase(
                "line_desc",
                lang,
                versions=len(versions),
                looks=looks,
                first=zoned(times[0], lang),
                last=zoned(times[-1], lang),
            )
        )
    words += [
        phrase(
            "line_gone",
            lang,
            last=zoned(gone["last_seen"], lang) if gone["last_seen"] else phrase("not_known", lang),
            first=zoned(gone["first_missing"], lang),
        )
        for gone in disappearances
    ]
    description = ("" if lang == "zh-Hans" else " ").join(words) or phrase("observed_none", lang)
    if links and times:
        rest = phrase("line_rest", lang, versions=len(versions), looks=looks)
        readout = _readout(rest, stretch(times[0], times[-1], lang), foot)
        parts.append(f'<g class="line-rest" aria-hidden="true">{readout}</g>')
    described = (
        f"<title>{escape(fonts.printable(title))}</title>"
        f"<desc>{escape(fonts.printable(description))}</desc>"
    )
    label = title if not links else title + phrase("stop", lang) + description
    return (
        f'<svg xmlns="{fonts.SVG}" class="version-line" viewBox="0 0 {width} {height:.0f}" '
        f'width="{width}" height="{height:.0f}" '
        f'role="{"group" if links else "img"}" aria-label={quoteattr(fonts.printable(label))}>'
        f"{'' if links else described}{''.join(parts)}</svg>"
    )


def _times(
    versions: Sequence[Any], ticks: Sequence[str], disappearances: Sequence[Any]
) -> list[str]:
    """Every moment that has a place of its own, in order."""
    times = {version["not_after"] for version in versions} | {
        version["not_before"] for version in versions if version["not_before"]
    }
    for gone in disappearances:
        times |= {at for at in (gone["last_seen"], gone["first_missing"], gone["back"]) if at}
    if ticks:
        times |= {ticks[0], ticks[-1]}
    return sorted(times, key=moment)


def _missing_now(disappearances: Sequence[Any]) -> bool:
    return any(not gone["back"] for gone in disappearances)


def reverts(versions: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each version that brought a text back, beside the last one before that had it: of A→B→A the
    first and the third."""
    seen: dict[str, Any] = {}
    pairs = []
    for before, version in zip([None, *versions], versions, strict=False):
        digest = version.get("sha256")
        if digest and digest in seen and seen[digest] is not before:
            pairs.append((seen[digest], version))
        if digest:
            seen[digest] = version
    return pairs


def _events(
    versions: Sequence[Any], disappearances: Sequence[Any], lang: Lang, links: Links | None
) -> list[Event]:
    """Versions, what went missing, what came back; in order of time."""
    back = {new["number"]: old["number"] for old, new in reverts(versions)}
    events = []
    for version in versions:
        number, first = version["number"], version["not_before"]
        name = phrase("line_version", lang, n=number)
        when = (
            stretch(first, version["not_after"], lang)
            if first
            else zoned(version["not_after"], lang)
        )
        sentence = (
            phrase("line_came", lang, n=number) if first else phrase("line_first", lang, n=number)
        )
        if number in back:
            sentence += phrase("line_again", lang, n=back[number])
        events.append(
            Event(
                version["not_after"],
                name,
                "version",
                sentence,
                when,
                links.versions.get(number, "") if links else "",
            )
        )
    for gone in disappearances:
        last, missing = gone["last_seen"], gone["first_missing"]
        when = stretch(last, missing, lang) if last else zoned(missing, lang)
        address = links.gone if links else ""
        events.append(
            Event(
                missing,
                phrase("line_missing", lang),
                "missing",
                phrase("line_vanished", lang),
                when,
                address,
            )
        )
        if gone["back"]:
            sentence = phrase("line_returned", lang)
            events.append(
                Event(
                    gone["back"],
                    phrase("line_back", lang),
                    "back",
                    sentence,
                    zoned(gone["back"], lang),
                    address,
                )
            )
    return sorted(events, key=lambda event: moment(event.at))


def _by_weight(events: Sequence[Event]) -> list[int]:
    """In which order words are given their room: the first, what is missing, the last, then the
    others as they come."""
    weight = {0: 0, len(events) - 1: 2}
    return sorted(
        range(len(events)),
        key=lambda i: (
            weight.get(i, 3) if events[i].kind == "version" else min(1, weight.get(i, 1)),
            i,
        ),
    )


class _LabelRows:
    """Words under or over the line, each centred on its place as far as the edges allow, in the
    nearest row with room."""

    GAP: Final = 8.0

    def __init__(self, width: float, rows: int) -> None:
        self._width = width
        self._taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
        self.placed: list[tuple[str, float, int]] = []

    @property
    def used(self) -> int:
        """How many rows hold words."""
        return sum(1 for row in self._taken if row)

    def put(self, text: str, middle: float) -> None:
        half = measured(text) / 2
        middle = min(max(middle, half + 2), self._width - half - 2)
        for number, row in enumerate(self._taken):
            if all(
                middle + half + self.GAP <= start or middle - half - self.GAP >= end
                for start, end in row
            ):
                row.append((middle - half, middle + half))
                self.placed.append((text, middle, number))
                return


def measured(text: str) -> float:
    """About how wide words are at SIZE; generous, because the reader's font is not known."""
    return sum(SIZE * (1.02 if character > "\u2e7f" else 0.6) for character in text)


def _lanes(forks: Sequence[tuple[float, float, int]]) -> list[tuple[float, float, int, int]]:
    """Each fork with a lane where no other runs; more than three lanes are shared."""
    ends = [-1.0] * 3
    laned = []
    for start, end, number in sorted(forks):
        lane = next((index for index, taken in enumerate(ends) if taken < start), len(ends) - 1)
        ends[lane] = max(ends[lane], end)
        laned.append((start, end, number, lane))
    return laned


def _fork(start: float, end: float, line: float, lane: float, words: str) -> list[str]:
    """From the dot of the old text, under what stood in between, to the dot where the same text
    stands again."""
    bend = min(10.0, (end - start) / 2)
    path = (
        f"M{start:.1f} {line:.1f}V{lane - bend:.1f}"
        f"Q{start:.1f} {lane:.1f} {start + bend:.1f} {lane:.1f}H{end - bend:.1f}"
        f"Q{end:.1f} {lane:.1f} {end:.1f} {lane - bend:.1f}V{line + 8:.1f}"
    )
    arrow = f"M{end - 4:.1f} {line + 12:.1f}L{end:.1f} {line + 7:.1f}L{end + 4:.1f} {line + 12:.1f}"
    parts = [
        (
            f'<path class="line-fork" d="{path}{arrow}" '
            f'stroke="{INK_2}" stroke-width="1.5" fill="none"/>'
        )
    ]
    if measured(words) + 24 < end - start:
        parts.append(_text(words, (start + end) / 2, lane - 5))
    return parts


def _mark(event: Event, x: float, line: float, foot: float, live: bool) -> str:
    """The dot or the cross; in a page as a link with room for a finger, and with its dates for who
    hovers or focuses it."""
    if event.kind == "version":
        shape = f'<circle class="line-version" cx="{x:.1f}" cy="{line:.1f}" r="5.5" fill="{INK}"/>'
    elif event.kind == "missing":
        shape = _cross(x, line)
    else:
        shape = (
            f'<circle class="line-back" cx="{x:.1f}" cy="{line:.1f}" r="5" '
            f'fill="none" stroke="{INK}" stroke-width="1.5"/>'
        )
    if not live or not event.address:
        return shape
    label = quoteattr(fonts.printable(f"{event.sentence}: {event.when}"))
    hit = (
        f'<rect class="line-hit" x="{x - 13:.1f}" y="{line - 34:.1f}" width="26" height="52" '
        'fill="none" pointer-events="all"/>'
    )
    tip = f'<g class="line-tip" aria-hidden="true">{_readout(event.sentence, event.when, foot)}</g>'
    return (
        f'<a class="line-event" href={quoteattr(event.address)} aria-label={label}>'
        f"{hit}{shape}{tip}</a>"
    )


def _readout(name: str, when: str, foot: float) -> str:
    return _text(name, 2, foot + ROW + 4, "start", strong=True) + _text(
        when, 2, foot + 2 * ROW + 4, "start"
    )


def _places(
    times: Sequence[str], half: Mapping[str, float], left: float, right: float
) -> list[tuple[datetime, float]]:
    """Where each event stands: far enough from the one before for the words of both, the rest of
    the room by duration.

    `half` is half the width of the words that stand at a moment. Where there are too many for the
    room, all are pressed together alike.
    """
    if len(times) < 2:
        return [(moment(each), left) for each in times]
    moments = [moment(each) for each in times]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    least: list[float] = []
    # How much of the last words still reaches to the right; the first begin at the edge.
    since = 2 * half.get(times[0], 0.0) - 14.0
    for each in times[1:]:
        apart = max(16.0, since + half[each] + 10.0) if each in half else 16.0
        since = half[each] if each in half else since - apart
        least.append(apart)
    room = right - left
    if sum(least) > room:
        least = [each * room / sum(least) for each in least]
    spare, total = room - sum(least), sum(gaps)
    places, here = [(moments[0], left)], left
    for gap, width, when in zip(gaps, least, moments[1:], strict=True):
        here += width + (spare * gap / total if total else 0.0)
        places.append((when, here))
    return places


def _between(places: Sequence[tuple[datetime, float]], when: datetime) -> float:
    if when <= places[0][0]:
        return places[0][1]
    for (start, left), (end, right) in pairwise(places):
        if when <= end:
            return left + (right - left) * ((when - start) / (end - start))
    return places[-1][1]


def _stretches(
    times: Sequence[str],
    disappearances: Sequence[Any],
    at: Callable[[str], float],
    line: float,
    width: float,
) -> list[str]:
    """The line itself: whole while the source stood, nothing in an interval of disappearance,
    dotted while it is missing."""
    parts = []
    here = at(times[0])
    end = max(at(times[-1]), here + 1)
    for gone in sorted(disappearances, key=lambda each: moment(each["first_missing"])):
        seen = at(gone["last_seen"]) if gone["last_seen"] else here
        missing = at(gone["first_missing"])
        back = at(gone["back"]) if gone["back"] else min(max(end, missing) + 56, width - 6.0)
        parts.append(_line("line-time", here, seen, line, INK))
        parts.append(_line("line-missing", missing, back, line, GONE, ' stroke-dasharray="2 5"'))
        here = back
    if not disappearances or disappearances[-1]["back"]:
        parts.append(_line("line-time", here, min(end + 8, width - 6.0), line, INK))
    return parts


def _line(name: str, start: float, end: float, line: float, colour: str, more: str = "") -> str:
    return (
        f'<line class="{name}" x1="{start:.1f}" y1="{line:.1f}" x2="{end:.1f}" y2="{line:.1f}" '
        f'stroke="{colour}" stroke-width="1.5"{more}/>'
    )


def _cross(at: float, line: float) -> str:
    return (
        '<path class="line-cross" '
        f'd="M{at - 7:.1f} {line - 9:.1f}l14 18M{at + 7:.1f} {line - 9:.1f}l-14 18" '
        f'stroke="{GONE}" stroke-width="2.2" fill="none"/>'
    )


def _text(text: str, at: float, y: float, anchor: str = "middle", *, strong: bool = False) -> str:
    name, colour, more = (
        ("line-label line-strong", INK, ' font-weight="700"')
        if strong
        else ("line-label", INK_2, "")
    )
    place = f'x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return (
        f'<text class="{name}" {place} font-size="{SIZE}"{more} fill="{colour}">'
        f"{escape(text)}</text>"
    )
