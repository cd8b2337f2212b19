"""The part about what was claimed: the quote, its sources, what became of it."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from reports.documents.pdf_layout.pieces import (
    Piece,
    bare_piece,
    exact,
    original_piece,
    own_words,
    phrase_pieces,
    primary_language,
    quoted_pieces,
    text_piece,
    written_piece,
)
from reports.drawing import fonts
from reports.drawing.version_timeline import version_timeline, zoned
from reports.schema import (
    Disappearance,
    Discrepancy,
    Sighting,
    SourceHead,
    Text,
)
from reports.wording.report_strings import Lang, phrase, word


def translation_of(quote: Text, lang: Lang) -> Piece | None:
    if primary_language(quote["lang"]) == primary_language(lang):
        return None
    return (
        written_piece(quote, lang)
        if lang in quote["translations"]
        else own_words(phrase("original_only", lang), lang)
    )


def claimed_part(report: Discrepancy, lang: Lang, files: dict[str, bytes]) -> Piece:
    quote = report["claim"]["quote"]
    return {
        "quote": quoted_pieces(original_piece(quote, lang), lang),
        "translation": translation_of(quote, lang),
        "sources": [
            {
                "from": [*source_pieces(source, lang)],
                "became": [
                    sighting_pieces(sighting, quote["lang"], lang)
                    for sighting in source["sightings"]
                ],
                "gone": disappearance_lines(source["disappearances"], lang),
                "line": figure_part(
                    version_timeline(
                        versions=source["versions"],
                        ticks=source["observations"]["ticks"],
                        disappearances=source["disappearances"],
                        looks=source["observations"]["total"],
                        lang=lang,
                        source=written_piece(source["title"], lang)["s"] if source["title"] else "",
                    ),
                    lang,
                    files,
                ),
                "thinned": len(source["observations"]["ticks"]) < source["observations"]["total"],
            }
            for source in report["sources"]
        ],
    }


def source_pieces(source: SourceHead, lang: Lang) -> Iterator[Piece]:
    """Who spoke, where, when: with the commas of the language."""
    comma = phrase("comma", lang)
    if source["speaker"]:
        yield bare_piece(written_piece(source["speaker"], lang))
        yield own_words(comma, lang)
    yield own_words(word("channel", source["channel"], lang), lang)
    if source["published"]:
        yield own_words(comma + zoned(source["published"], lang), lang)


def sighting_pieces(sighting: Sighting, tag: str, lang: Lang) -> list[Piece]:
    if sighting["kind"] == "reworded" and Decimal(sighting["similarity"] or 0) == 1:
        return [own_words(phrase("sighted_same_words", lang, n=sighting["version"]), lang)]
    if sighting["kind"] == "reworded":
        passage = text_piece(sighting["passage"] or phrase("empty", lang), tag)
        similarity = sighting["similarity"] or phrase("not_known", lang)
        return phrase_pieces(
            "sighted_reworded",
            lang,
            n=str(sighting["version"]),
            similarity=similarity,
            passage=passage,
        )
    return [own_words(phrase(f"sighted_{sighting['kind']}", lang, n=sighting["version"]), lang)]


def disappearance_lines(disappearances: Sequence[Disappearance], lang: Lang) -> list[str]:
    lines = []
    for gone in disappearances:
        last = zoned(gone["last_seen"], lang) if gone["last_seen"] else phrase("not_known", lang)
        first, kind = zoned(gone["first_missing"], lang), word("observation", gone["type"], lang)
        if gone["confirmed"] is None:
            lines.append(phrase("disappeared_unconfirmed", lang, last=last, first=first, type=kind))
        else:
            looks = phrase("semicolon", lang).join(
                zoned(look["at"], lang) for look in gone["confirmations"]
            ) or phrase("not_known", lang)
            lines.append(
                phrase(
                    "disappeared",
                    lang,
                    last=last,
                    first=first,
                    type=kind,
                    n=len(gone["confirmations"]),
                    looks=looks,
                )
            )
        if gone["back"]:
            lines.append(phrase("sum_back", lang, at=zoned(gone["back"], lang)))
    return lines


def figure_part(svg: str, lang: Lang, files: dict[str, bytes]) -> Piece:
    """A picture of ours for the PDF: lettered by outlines, with its own title and description as
    the alternative text."""
    path = f"figure-{len(files)}.svg"
    files[path] = fonts.outlined(svg, lang).encode()
    texts = re.findall(r"<(?:title|desc)>([^<]*+)</(?:title|desc)>", svg)
    alt = ". ".join(
        each.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for each in texts[:2]
    )
    return {"file": path, "alt": exact(alt)}


def interval_line(after: str | None, before: str, lang: Lang) -> str:
    if after is None:
        return phrase("interval_first", lang, before=zoned(before, lang))
    return phrase("interval", lang, after=zoned(after, lang), before=zoned(before, lang))
