"""The version line: each look, version, break and revert at its place, links that say where they
lead, words that never collide."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.drawing import version_timeline
from reports.wording.report_strings import LANGS, Lang
from tests.reports import sample

SVG = "{http://www.w3.org/2000/svg}"


def version_line(lang: Lang = "en", **changes: Any) -> str:
    source = sample.discrepancy()["sources"][0]
    given = {
        "versions": source["versions"],
        "ticks": source["observations"]["ticks"],
        "disappearances": source["disappearances"],
        "looks": source["observations"]["total"],
        "lang": lang,
        "source": "The new hood",
    }
    return version_timeline.version_timeline(**{**given, **changes})


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314  (our own picture)


def told(svg: str) -> tuple[str, str]:
    root = parse(svg)
    assert root.attrib["role"] == "img"
    return root.findtext(f"{SVG}title") or "", root.findtext(f"{SVG}desc") or ""


def at(start: datetime, *seconds: float) -> list[str]:
    return [f"{start + timedelta(seconds=each):%Y-%m-%dT%H:%M:%S.%fZ}" for each in seconds]


def build_versions(*moments: str, digests: str = "") -> list[dict[str, Any]]:
    """Versions that came up at these moments, each seen last half way; `digests` gives each its
    text as one letter."""
    found: list[dict[str, Any]] = []
    for number, moment in enumerate(moments, start=1):
        before = version_timeline.moment(found[-1]["not_after"]) if found else None
        middle = (
            f"{before + (version_timeline.moment(moment) - before) / 2:%Y-%m-%dT%H:%M:%S.%fZ}"
            if before
            else None
        )
        found.append(
            {
                "number": number,
                "not_before": middle,
                "not_after": moment,
                "sha256": digests[number - 1 : number] or None,
            }
        )
    return found


def collisions(svg: str) -> list[tuple[str, str]]:
    """Pairs of words of one row whose estimated boxes overlap, but for those that are shown one at
    a time."""
    rows: dict[str, list[tuple[float, float, str]]] = {}
    group = next(
        each for each in parse(svg).iter(f"{SVG}g") if each.attrib["class"] == "line-labels"
    )
    for text in group.iter(f"{SVG}text"):
        half, middle = version_timeline.measured(text.text or "") / 2, float(text.attrib["x"])
        rows.setdefault(text.attrib["y"], []).append(
            (middle - half, middle + half, text.text or "")
        )
    return [
        (one[2], two[2])
        for row in rows.values()
        for one, two in pairwise(sorted(row))
        if one[1] > two[0]
    ]


@given(
    st.text(max_size=30),
    st.sampled_from(["</title><script>alert(1)</script>", '"&<>', "\u202e", "\x00", "]]>"]),
)
@settings(max_examples=30, deadline=None)
def test_what_a_source_is_called_cannot_break_out_of_the_version_line(
    name: str, hostile: str
) -> None:
    source = name.encode("utf-8", "replace").decode() + hostile
    links = version_timeline.Links({1: "/1/", 2: '/2/?a=1&b="2"'}, "/gone/")
    for svg in (version_line(source=source), version_line(source=source, links=links)):
        used = {element.tag.removeprefix(SVG) for element in parse(svg).iter()}
        assert used <= {"svg", "title", "desc", "line", "rect", "circle", "path", "text", "g", "a"}
        assert "\u202e" not in svg


@pytest.mark.parametrize("lang", LANGS)
def test_the_version_line_shows_each_look_each_version_and_the_break(lang: Lang) -> None:
    svg = version_line(lang)
    (ticks,) = re.findall(r'class="line-tick" d="([^"]+)"', svg)
    assert ticks.count("M") == len(sample.TICKS)
    assert svg.count('class="line-version"') == 2
    assert svg.count('class="line-edit"') == 1
    assert svg.count('class="line-cross"') == 1
    assert svg.count('class="line-missing"') == 1
    assert "line-fork" not in svg
    assert "style=" not in svg
    _, description = told(svg)
    assert "214" in description
    assert ("12 May 2025" if lang == "en" else "2025年5月12日") in description


def test_ticks_too_close_to_be_told_apart_are_thinned_but_the_last_stays() -> None:
    start = datetime(2025, 2, 28, tzinfo=UTC)
    many = at(start, *(3600 * each for each in range(500)))
    (drawn,) = re.findall(
        r'class="line-tick" d="([^"]+)"',
        version_line(ticks=many, versions=[], disappearances=[], width=350),
    )
    places = [float(each) for each in re.findall(r"M([\d.-]+) ", drawn)]
    assert 80 <= len(places) <= 100
    assert places[-1] == max(places) == pytest.approx(350 - 22, abs=1)


def test_what_came_back_is_drawn_as_a_line_again() -> None:
    gone = {**sample.DISAPPEARANCE, "back": "2025-05-12T07:15:00Z"}
    assert "back" in version_line(disappearances=[gone])
    assert version_line(disappearances=[gone]).count('class="line-time"') == 2
    assert version_line().count('class="line-time"') == 1


def test_a_source_that_was_never_seen_has_an_empty_line_that_says_so() -> None:
    svg = version_line(versions=[], ticks=[], disappearances=[], looks=0)
    assert told(svg)[1] == "Not checked yet."


@pytest.mark.parametrize("lang", LANGS)
def test_in_a_page_each_version_and_the_break_is_a_link_that_says_its_dates(lang: Lang) -> None:
    svg = version_line(
        lang, links=version_timeline.Links({1: "/versions/1/", 2: "/diff/?to=2"}, "/#gone")
    )
    root = parse(svg)
    assert root.attrib["role"] == "group"
    links = list(root.iter(f"{SVG}a"))
    assert [link.attrib["href"] for link in links] == ["/versions/1/", "/diff/?to=2", "/#gone"]
    said = [link.attrib["aria-label"] for link in links]
    assert ("UTC" if lang == "en" else "（北京时间）") in said[0]
    assert ("Version 2 first seen" if lang == "en" else "第2版首次出现") in said[1]
    assert " – " in said[1]  # between which two looks
    assert "line-event" not in version_line(lang)  # a report is paper: nothing of it leads anywhere


def test_a_text_that_came_back_is_a_fork_from_where_it_stood_before() -> None:
    start = datetime(2025, 2, 28, tzinfo=UTC)
    moments = at(start, 0, 86400 * 20, 86400 * 40, 86400 * 60)
    back = version_line(
        versions=build_versions(*moments, digests="ABAC"), ticks=moments, disappearances=[]
    )
    assert back.count('class="line-fork"') == 1
    assert "v1 again" in back
    onward = version_line(
        versions=build_versions(*moments, digests="ABCD"), ticks=moments, disappearances=[]
    )
    assert "line-fork" not in onward
    twice_the_same = version_line(
        versions=build_versions(*moments, digests="AABB"), ticks=moments, disappearances=[]
    )
    assert (
        "line-fork" not in twice_the_same
    )  # another extractor read the same text: nobody went back to anything


@pytest.mark.parametrize("width", [350, 640, 960])
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "step", [1.0, 40.0, 3600.0, 86400.0 * 9], ids=["seconds", "minutes", "hours", "months"]
)
@pytest.mark.parametrize("count", [1, 3, 14])
def test_words_never_run_into_each_other(step: float, count: int, lang: Lang, width: int) -> None:
    start = datetime(2025, 11, 25, 10, 16, 30, tzinfo=UTC)
    moments = at(start, *(step * number for number in range(count)))
    last, missing = at(start, step * count, step * count * 1.01)
    gone = [{"last_seen": last, "first_missing": missing, "back": None}]
    svg = version_line(
        lang, versions=build_versions(*moments), ticks=[*moments, last, missing],
        disappearances=gone, width=width,
        links=version_timeline.Links(dict.fromkeys(range(1, count + 1), "/"), "/"),
    )  # fmt: skip
    assert collisions(svg) == []
    assert ("unavailable" if lang == "en" else "无法访问") in re.sub(
        r"<g class=\"line-tip\".*?</g>", "", svg
    )  # the break always has its word
    places = [float(each) for each in re.findall(r'(?:cx|x1|x2)="([\d.-]+)"', svg)]
    assert all(0 <= each <= width for each in places)


def test_a_row_without_room_lets_words_collide_only_when_nobody_looks() -> None:
    """Negative control of the test above: words put down without asking for room do collide, and it
    is seen."""
    labels = "".join(f'<text x="{10 * each}" y="9">28 Feb 2025</text>' for each in range(3))
    assert (
        len(
            collisions(
                f'<svg xmlns="http://www.w3.org/2000/svg"><g class="line-labels">{labels}</g></svg>'
            )
        )
        == 2
    )


EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  (hypothesis takes naive bounds)
moments = st.lists(st.datetimes(min_value=EPOCH), min_size=1, max_size=40).map(
    lambda each: [f"{moment:%Y-%m-%dT%H:%M:%S}Z" for moment in sorted(each)]
)


@given(moments)
@settings(max_examples=40, deadline=None)
def test_time_runs_left_to_right_and_stays_inside_the_picture(times: list[str]) -> None:
    versions = [
        {**sample.VERSIONS[0], "number": number + 1, "not_after": at}
        for number, at in enumerate(times[::3])
    ]
    svg = version_line(versions=versions, ticks=times, disappearances=[])
    (drawn,) = re.findall(r'class="line-tick" d="([^"]+)"', svg)
    ticks = [float(each) for each in re.findall(r"M([\d.-]+) ", drawn)]
    assert ticks == sorted(ticks)
    assert all(0 <= each <= version_timeline.WIDTH for each in ticks)


def test_dates_are_written_alike_whatever_the_locale() -> None:
    assert version_timeline.clock("2025-02-28T13:15:00.5Z", "en") == "28 Feb 2025 13:15:00"
    assert version_timeline.clock("2025-02-28T13:15:00Z", "zh-Hans") == "2025年2月28日 21:15:00"
    assert version_timeline.day("2025-02-28", "en") == "28 Feb 2025"
    assert (
        version_timeline.stretch("2025-02-28T13:15:00Z", "2025-02-28T19:15:00Z", "en")
        == "28 Feb 2025 13:15:00 – 19:15:00 UTC"
    )
    assert (
        version_timeline.stretch("2025-02-28T13:15:00Z", "2025-02-28T19:15:00Z", "zh-Hans")
        == "2025年2月28日 21:15:00 – 2025年3月1日 03:15:00（北京时间）"
    )
