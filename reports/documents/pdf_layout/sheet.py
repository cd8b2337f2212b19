"""The whole sheet: a claim report, or a removed-page report."""

from collections.abc import Mapping
from typing import cast

from reports.documents.pdf_layout.aspects import aspect_part, evidence_rows, found_part, reply_part
from reports.documents.pdf_layout.claims import (
    claimed_part,
    disappearance_lines,
    figure_part,
    sighting_pieces,
    translation_of,
)
from reports.documents.pdf_layout.exhibits import entity_parts, exhibit_part, teardown_part
from reports.documents.pdf_layout.pieces import (
    Piece,
    bare_piece,
    claim_title_pieces,
    exact,
    money_text,
    original_piece,
    own_words,
    phrase_pieces,
    primary_language,
    quoted_pieces,
    text_piece,
    written_piece,
)
from reports.documents.pdf_layout.sources import (
    check_rows,
    diff_part,
    digest_part,
    source_head_part,
    source_part,
    thinned_times,
    version_rows,
)
from reports.drawing.version_timeline import day, version_timeline, zoned
from reports.schema import (
    Discrepancy,
    Snapshot,
    Version,
)
from reports.wording.report_strings import PHRASES, Lang, phrase, word
from ui.shortening import shortened


def _frame(
    report: Discrepancy | Snapshot, lang: Lang, title: list[Piece], whole: Piece | None = None
) -> Piece:
    """What every sheet has: who speaks, what it is called, where it stands, and the fixed words of
    the layout."""
    made_from = report["made_from"]
    return {
        "lang": primary_language(lang),
        "region": "CN" if lang == "zh-Hans" else "GB",
        "title": title,
        "whole": whole,
        "kind": phrase(f"kind_{report['kind']}", lang),
        "reference": report["reference"],
        "address": exact(report["address"]),
        "document": {
            "title": exact("".join(piece["s"] for piece in title).replace("\n", " ")),
            "about": exact(f"{phrase('kind_' + report['kind'], lang)} {report['reference']}"),
        },
        "reconstruction": phrase("reconstruction", lang) if report["reconstruction"] else None,
        "reconstruction_long": phrase("reconstruction_long", lang)
        if report["reconstruction"]
        else None,
        "made_from": phrase(
            "made_from", lang, at=zoned(made_from["at"], lang), size=f"{made_from['size']:,}"
        ),
        "page_of": PHRASES["page_of"].to(lang),
        "words": {name: pair.to(lang) for name, pair in PHRASES.items() if "{" not in pair.en},
        "record": {
            "text": phrase("record_text", lang, at=zoned(made_from["at"], lang)),
            "note": exact(made_from["note"].rstrip("\n")),
            "key": exact(report["verify"]["key"]),
            "commands": [
                exact(each.replace(" --", " \\\n    --")) for each in report["verify"]["commands"]
            ],
            "address": exact(report["verify"]["record"]),
        },
    }


def of_discrepancy(
    report: Discrepancy, lang: Lang, pictures: Mapping[str, bytes], files: dict[str, bytes]
) -> Piece:
    claim, option = report["claim"], report["option"]
    stake, summary = claim["at_stake"], written_piece(claim["summary"], lang)
    short = {**summary, "s": shortened(summary["s"])}
    whole = summary if short["s"].endswith("…") else None
    return {
        **_frame(report, lang, claim_title_pieces(short, lang), whole),
        "trail": [
            bare_piece(written_piece(each["name"], lang))
            for each in (report["company"], report["product"], option) if each
        ],
        "claim": {
            "reference": claim["reference"],
            "kind": word("claim_kind", claim["kind"], lang),
            "withdrawn": (
                word("claim_status", "withdrawn", lang) if claim["status"] == "withdrawn" else None
            ),
            "flags": [word("flag", flag, lang) for flag in claim["flags"]],
        },
        "stake": stake and {
            "amount": money_text(stake["amount"], stake["currency"], lang),
            "basis": stake["basis"] and written_piece(stake["basis"], lang),
        },
        "summary": _summary(report, lang),
        "said": claimed_part(report, lang, files),
        "found": [found_part(aspect, lang) for aspect in report["aspects"]],
        "answer": [reply_part(invitation, lang) for invitation in report["invitations"]],
        "sure": evidence_rows(report, lang),
        "aspects": [aspect_part(aspect, lang, files) for aspect in report["aspects"]],
        "sources": [source_part(source, lang) for source in report["sources"]],
        "exhibits": [
            exhibit_part(exhibit, lang, pictures, files) for exhibit in report["exhibits"]
        ],
        "teardowns": [teardown_part(teardown, lang) for teardown in report["teardowns"]],
        "entities": entity_parts(report["company"], lang),
        "limits": [phrase(f"limit_{number}", lang) for number in range(1, 6)],
    }  # fmt: skip


def of_snapshot(report: Snapshot, lang: Lang, files: dict[str, bytes]) -> Piece:
    source, looks = report["source"], report["observations"]
    title = source["title"] or source["speaker"] or report["company"]["name"]
    lines = []
    if looks:
        lines.append(
            [
                own_words(
                    phrase(
                        "snapshot_summary",
                        lang,
                        n=len(looks),
                        first=zoned(looks[0]["at"], lang),
                        last=zoned(looks[-1]["at"], lang),
                        versions=len(report["versions"]),
                    ),
                    lang,
                )
            ]
        )
    lines += [
        [own_words(each, lang)] for each in disappearance_lines(report["disappearances"], lang)
    ]
    picture = version_timeline(
        versions=cast(list[Version], report["versions"]),
        ticks=thinned_times([look["at"] for look in looks]),
        disappearances=report["disappearances"],
        looks=len(looks),
        lang=lang,
        source=written_piece(title, lang)["s"],
    )
    return {
        **_frame(report, lang, [written_piece(title, lang)]),
        "trail": [
            bare_piece(written_piece(report["company"]["name"], lang)),
            own_words(word("channel", source["channel"], lang), lang),
        ],
        "summary": lines,
        "source": source_head_part(source, lang),
        "line": figure_part(picture, lang, files),
        "versions": [
            {
                "name": phrase("version_n", lang, n=version["number"]),
                "rows": version_rows(version, lang),
                "digest": digest_part(version, lang),
                "title": text_piece(version["title"], version["lang"]),
                "text": text_piece(version["text"] or phrase("empty", lang), version["lang"]),
            }
            for version in report["versions"]
        ],
        "diffs": [
            diff_part(
                diff, lang, {version["number"]: version["lang"] for version in report["versions"]}
            )
            for diff in report["diffs"]
        ],
        "looks": check_rows(looks, lang),
        "claims": [
            {
                "reference": claim["reference"],
                "address": exact(claim["address"]),
                "quote": quoted_pieces(original_piece(claim["quote"], lang), lang),
                "translation": translation_of(claim["quote"], lang),
                "became": [
                    sighting_pieces(sighting, claim["quote"]["lang"], lang)
                    for sighting in claim["sightings"]
                ],
            }
            for claim in report["claims"]
        ],
        "limits": [phrase(f"snapshot_limit_{number}", lang) for number in (1, 2)]
        + [phrase("limit_3", lang), phrase("limit_4", lang)],
    }


def _summary(report: Discrepancy, lang: Lang) -> list[list[Piece]]:
    """The report in one paragraph, sentence by sentence, from its own fields and nothing else."""
    claim = report["claim"]
    company = bare_piece(written_piece(report["company"]["name"], lang))
    source = report["sources"][0] if report["sources"] else None
    quote = bare_piece(written_piece(claim["quote"], lang))
    quoted = {**quote, "s": phrase("open_quote", lang) + quote["s"] + phrase("close_quote", lang)}
    lines = []
    if source is None:
        lines.append(phrase_pieces("sum_said_company", lang, company=company, quote=quoted))
    else:
        speaker = (
            bare_piece(written_piece(source["speaker"], lang))
            if source["speaker"]
            else own_words(phrase("the_company", lang), lang)
        )
        channel = word("channel", source["channel"], lang)
        if source["published"]:
            at = day(source["published"], lang)
            lines.append(
                phrase_pieces(
                    "sum_said",
                    lang,
                    at=at,
                    speaker=speaker,
                    company=company,
                    channel=channel,
                    quote=quoted,
                )
            )
        else:
            lines.append(
                phrase_pieces(
                    "sum_said_undated",
                    lang,
                    speaker=speaker,
                    company=company,
                    channel=channel,
                    quote=quoted,
                )
            )
    for aspect in report["aspects"]:
        rating = (
            word("rating", aspect["verdict"]["rating"], lang)
            if aspect["verdict"]
            else word("progress", aspect["progress"] or "not_yet_rated", lang)
        )
        statement = bare_piece(written_piece(aspect["statement"], lang))
        lines.append(phrase_pieces("sum_verdict", lang, aspect=statement, rating=rating))
    for each in report["sources"]:
        if len(each["versions"]) > 1:
            lines.append([own_words(phrase("sum_edited", lang, n=len(each["versions"])), lang)])
        for gone in each["disappearances"]:
            last = (
                zoned(gone["last_seen"], lang) if gone["last_seen"] else phrase("not_known", lang)
            )
            lines.append(
                [
                    own_words(
                        phrase(
                            "sum_gone", lang, last=last, first=zoned(gone["first_missing"], lang)
                        ),
                        lang,
                    )
                ]
            )
            if gone["back"]:
                lines.append(
                    [own_words(phrase("sum_back", lang, at=zoned(gone["back"], lang)), lang)]
                )
    for invitation in report["invitations"]:
        name = {
            "open": "sum_waiting", "replied": "sum_replied", "silent": "sum_silent",
            "no_further_reply": "sum_no_further_reply",
            "waived": "sum_waived",
        }[invitation["outcome"]]  # fmt: skip
        lines.append(
            [own_words(phrase(name, lang, deadline=zoned(invitation["deadline"], lang)), lang)]
        )
    stake = claim["at_stake"]
    if stake:
        amount = money_text(stake["amount"], stake["currency"], lang)
        if stake["basis"]:
            lines.append(
                phrase_pieces(
                    "sum_stake",
                    lang,
                    amount=amount,
                    basis=bare_piece(written_piece(stake["basis"], lang)),
                )
            )
        else:
            lines.append(phrase_pieces("sum_stake_bare", lang, amount=amount))
    return lines
