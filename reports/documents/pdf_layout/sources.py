"""The part about a source over time: versions, changes between them, checks."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from reports.documents.pdf_layout.claims import disappearance_lines, interval_line, source_pieces
from reports.documents.pdf_layout.pieces import (
    Piece,
    exact,
    primary_language,
    written_piece,
)
from reports.drawing.version_timeline import zoned
from reports.schema import (
    Diff,
    Look,
    SourceHead,
    SourceHistory,
    Version,
)
from reports.wording.report_strings import Lang, phrase, word


def source_head_part(source: SourceHead, lang: Lang) -> Piece:
    return {
        "title": source["title"] and written_piece(source["title"], lang),
        "line": [*source_pieces(source, lang)],
        "url": source["url"],
        "address": exact(source["address"]),
    }


def source_part(source: SourceHistory, lang: Lang) -> Piece:
    tags = {version["number"]: version["lang"] for version in source["versions"]}
    sightings = {
        sighting["version"]: word("sighting", sighting["kind"], lang)
        for sighting in source["sightings"]
    }
    observations = source["observations"]
    if observations["total"] and observations["first"] and observations["last"]:
        types = phrase("semicolon", lang).join(
            f"{tally['count']:,} × {word('observation', tally['type'], lang)}"
            for tally in observations["by_type"]
        )
        first, last = zoned(observations["first"], lang), zoned(observations["last"], lang)
        observed = phrase(
            "observed", lang, n=f"{observations['total']:,}", first=first, last=last, types=types
        )
    else:
        observed = phrase("observed_none", lang)
    return {
        **source_head_part(source, lang),
        "observed": observed,
        "gone": disappearance_lines(source["disappearances"], lang),
        "versions": [
            [
                phrase("version_n", lang, n=version["number"]),
                interval_line(version["not_before"], version["not_after"], lang),
                sightings.get(version["number"], phrase("not_known", lang)),
                f"{version['characters']:,}",
                version["provenance"],
            ]
            for version in source["versions"]
        ],
        "digests": [digest_part(version, lang) for version in source["versions"]],
        "diffs": [diff_part(diff, lang, tags) for diff in source["diffs"]],
    }


def digest_part(version: Version, lang: Lang) -> Piece:
    name = phrase("version_n", lang, n=version["number"])
    lines = [f"{name}, {phrase('text_digest', lang)}: {version['sha256']}"]
    if version["capture"]:
        lines.append(f"{name}, {phrase('capture_digest', lang)}: {version['capture']}")
    lines.append(f"{name}, {phrase('extractor', lang)}: {version['extractor']}")
    return exact("\n".join(lines))


def version_rows(version: Version, lang: Lang) -> list[list[str]]:
    return [
        [
            phrase("col_interval", lang),
            interval_line(version["not_before"], version["not_after"], lang),
        ],
        [phrase("col_characters", lang), f"{version['characters']:,}"],
        [
            phrase("provenance", lang),
            version["provenance"]
            + phrase("colon", lang)
            + word("provenance", version["provenance"], lang),
        ],
    ]


def diff_part(diff: Diff, lang: Lang, tags: Mapping[int, str]) -> Piece:
    counts = {"gone": f"{diff['characters_gone']:,}", "came": f"{diff['characters_came']:,}"}
    before = zoned(diff["not_after"], lang)
    if diff["not_before"]:
        when = phrase(
            "diff_when", lang, after=zoned(diff["not_before"], lang), before=before, **counts
        )
    else:
        when = phrase("diff_when_open", lang, before=before, **counts)
    tag = primary_language(tags[diff["new"]])
    return {
        "title": phrase("diff_title", lang, old=diff["old"], new=diff["new"]),
        "when": when,
        "l": tag,
        "r": "CN" if tag == "zh" else None,
        "hunks": [
            {
                "before": phrase("skipped", lang, n=f"{hunk['skipped']:,}")
                if hunk["skipped"]
                else "",
                "runs": [
                    {"k": run["kind"], "side": run["side"], "s": run["text"]}
                    for run in hunk["runs"]
                ],
                "after": phrase("skipped", lang, n=f"{hunk['after']:,}") if hunk["after"] else "",
            }
            for hunk in diff["hunks"]
        ],
        "moved": any(run["kind"] == "moved" for hunk in diff["hunks"] for run in hunk["runs"]),
        "links": [
            phrase(f"links_{link['kind']}", lang, text=link["text"], url=link["url"])
            for link in diff["links"]
        ],
    }


def check_rows(looks: Sequence[Look], lang: Lang) -> list[list[str]]:
    """Every look, with equal neighbours as one row: a year of "unchanged" is one line, and nothing
    is left out."""
    rows = []
    for (kind, status, method), group in groupby(
        looks, key=lambda look: (look["type"], look["status"], look["method"])
    ):
        same = list(group)
        first, last = zoned(same[0]["at"], lang), zoned(same[-1]["at"], lang)
        when = first if len(same) == 1 else phrase("interval", lang, after=first, before=last)
        rows.append(
            [
                when,
                f"{len(same):,}",
                word("observation", kind, lang),
                str(status) if status is not None else phrase("none", lang),
                word("look_method", method, lang),
            ]
        )
    return rows


def thinned_times(times: Sequence[str], most: int = 240) -> list[str]:
    """At most ``most`` of the times, evenly, first and last among them."""
    if len(times) <= most:
        return list(times)
    return [times[index * (len(times) - 1) // (most - 1)] for index in range(most)]
