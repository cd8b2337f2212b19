"""The part about evidence: exhibits, teardowns, and the legal entities."""

from collections.abc import Mapping

from reports.documents.pdf_layout.pieces import Piece, code_label, exact, own_words, written_piece
from reports.drawing.pictures import pinned
from reports.drawing.version_timeline import day
from reports.schema import (
    Company,
    Exhibit,
    Teardown,
)
from reports.wording.report_strings import Lang, phrase, word
from verdicts.conformity import INDEPENDENT


def _picture(
    exhibit: Exhibit, pictures: Mapping[str, bytes], files: dict[str, bytes]
) -> Piece | None:
    if exhibit["picture"] is None:
        return None
    body, kind, tall = pinned(exhibit["picture"], exhibit["rendition"], pictures)
    path = f"picture-{len(files)}"
    files[path] = body
    return {"file": path, "format": kind, "tall": tall}


def exhibit_part(
    exhibit: Exhibit, lang: Lang, pictures: Mapping[str, bytes], files: dict[str, bytes]
) -> Piece:
    grade = exhibit["grade"]
    caption = (
        written_piece(exhibit["caption"], lang)
        if exhibit["caption"]
        else own_words(phrase("no_caption", lang), lang)
    )
    description = exhibit["description"] and written_piece(exhibit["description"], lang)
    alt = phrase("alt_photo", lang, reference=exhibit["reference"], caption=caption["s"])
    level = exhibit["provenance"]
    return {
        "reference": exhibit["reference"],
        "address": exact(exhibit["address"]),
        "picture": _picture(exhibit, pictures, files),
        "alt": exact(alt + phrase("stop", lang) + description["s"] if description else alt),
        "caption": caption,
        "description": description,
        "grade": phrase("not_graded", lang)
        if grade is None
        else phrase(
            "grade_text",
            lang,
            grade=grade["source"] + grade["information"],
            source=word("grade_source", grade["source"], lang),
            information=word("grade_information", grade["information"], lang),
        ),
        "grade_reason": grade["reason"] and written_piece(grade["reason"], lang) if grade else None,
        "licence": word("licence", exhibit["licence"], lang),
        "side": word("affiliation", exhibit["affiliation"], lang)
        if exhibit["affiliation"] != INDEPENDENT
        else None,
        "provenance": level + phrase("colon", lang) + word("provenance", level, lang),
        "not_proven": written_piece(exhibit["does_not_prove"], lang),
        "sha256": exhibit["rendition"] and exact(exhibit["rendition"]),
        "custody": [
            " · ".join(
                each
                for each in (
                    day(event["on"], lang),
                    word("custody", event["kind"], lang),
                    code_label(event["agent"], lang),
                    code_label(event["outcome"], lang),
                    event["note"],
                )
                if each
            )
            for event in exhibit["custody"]
        ],
    }


def side_line(affiliation: str, lang: Lang) -> list[str]:
    """From whose side something is, where that is a company's."""
    return [] if affiliation == INDEPENDENT else [word("affiliation", affiliation, lang)]


def teardown_part(teardown: Teardown, lang: Lang) -> Piece:
    side = side_line(teardown["affiliation"], lang)
    who = phrase("list_comma", lang).join(
        [
            teardown["contributor"],
            *side,
            *([teardown["laboratory"]] if teardown["laboratory"] else []),
        ]
    )
    line = phrase("teardown_of", lang, unit=teardown["unit_label"], who=who)
    return {
        "title": written_piece(teardown["title"], lang),
        "line": f"{line} · {day(teardown['performed'], lang)}" if teardown["performed"] else line,
        "steps": [
            {
                "number": str(step["number"]),
                "part": step["part"] and written_piece(step["part"], lang),
                "done": written_piece(step["done"], lang),
                "seen": step["seen"] and written_piece(step["seen"], lang),
                "exhibit": step["exhibit"] or "",
            }
            for step in teardown["steps"]
        ],
    }


def entity_parts(company: Company, lang: Lang) -> list[Piece]:
    rows = []
    for entity in company["legal_entities"]:
        roles = []
        for role in entity["roles"]:
            span = [
                phrase(name, lang, **{name: day(date, lang)})
                for name, date in (("since", role["since"]), ("until", role["until"]))
                if date is not None
            ]
            source = phrase("bracketed", lang, text=role["source"]) if role["source"] else ""
            roles.append(
                phrase("comma", lang).join([word("entity_role", role["role"], lang), *span])
                + source
            )
        registered = " ".join(
            each for each in (entity["jurisdiction"], entity["registration"]) if each
        )
        rows.append(
            {
                "name": written_piece(entity["name"], lang),
                "roles": roles,
                "registered": registered or phrase("not_known", lang),
            }
        )
    return rows
