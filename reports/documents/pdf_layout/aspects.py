"""The part about each point: what was found, the numbers, the company's reply, the strength of
evidence."""

from decimal import Decimal

from claims.threshold_words import quantity_words, threshold_words
from reports.documents.pdf_layout.claims import figure_part, translation_of
from reports.documents.pdf_layout.exhibits import side_line
from reports.documents.pdf_layout.pieces import (
    Piece,
    bare_piece,
    listed,
    original_piece,
    own_words,
    people_text,
    phrase_pieces,
    pieces_in_quotes,
    quoted_pieces,
    written_piece,
)
from reports.drawing import charts
from reports.drawing.version_timeline import day, zoned
from reports.schema import (
    Aspect,
    Conformity,
    Criterion,
    Discrepancy,
    Invitation,
    Judged,
    Reply,
    Text,
)
from reports.wording.report_strings import Lang, phrase, word
from ui.numbers import plain
from verdicts.conformity import INDEPENDENT
from verdicts.outcome import probability_text


def _in(text: Text | None, lang: Lang) -> str:
    """A text in the reader's language, else as it was written."""
    if text is None:
        return ""
    translated = text["translations"].get(lang)
    return translated["text"] if translated else text["text"]


def threshold_text(criterion: Criterion, lang: Lang) -> str:
    """A threshold in words, as on the page."""
    return threshold_words(
        lang, comparator=criterion["comparator"], value=Decimal(criterion["value"]),
        unit=criterion["unit"], value_to=_decimal(criterion["value_to"]),
        tolerance=Decimal(criterion["tolerance"] or 0), baseline=_in(criterion["baseline"], lang),
    )  # fmt: skip


def claimed_text(criterion: Criterion) -> str:
    """The company's number or numbers."""
    return quantity_words(
        Decimal(criterion["value"]), criterion["unit"], _decimal(criterion["value_to"])
    )


def _decimal(number: str | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def _limits(conformity: Conformity, judged: Judged, lang: Lang) -> str:
    """From where a value is accepted and from where it is rejected, guard band included."""
    if judged["acceptance_limit"] is not None:
        return f"{judged['acceptance_limit']} / {judged['rejection_limit']} {conformity['unit']}"
    lower, upper = _decimal(conformity["lower_limit"]), _decimal(conformity["upper_limit"])
    assert lower is not None
    assert upper is not None  # a threshold of one limit has an acceptance limit
    guard = Decimal(judged["guard_band"])
    outside = {
        "least": plain(lower - guard), "most": plain(upper + guard), "unit": conformity["unit"],
    }  # fmt: skip
    if lower + guard >= upper - guard:
        return phrase("limits_too_near", lang, **outside)
    return phrase(
        "limits_between", lang, low=plain(lower + guard), high=plain(upper - guard), **outside
    )


def found_part(aspect: Aspect, lang: Lang) -> Piece:
    """One line of the right column: the verdict, and the numbers it rests on."""
    numbers = []
    criterion, conformity = aspect["criterion"], aspect["conformity"]
    if criterion is not None:
        numbers.append(
            phrase("threshold_short", lang, threshold=threshold_text(criterion, lang))
            if criterion["figure"] is None
            else phrase("claimed_short", lang, value=claimed_text(criterion))
        )
    counted = (
        [each for each in conformity["judged"] if each["affiliation"] == INDEPENDENT]
        if conformity is not None
        else []
    )
    if conformity is not None and counted:
        values = sorted(Decimal(each["value"]) for each in counted)
        low, high = plain(values[0]), plain(values[-1])
        name = (
            "measured_one"
            if len(values) == 1
            else "measured_same"
            if low == high
            else "measured_short"
        )
        numbers.append(
            phrase(
                name,
                lang,
                n=len(values),
                units=conformity["units"],
                low=low,
                high=high,
                unit=conformity["unit"],
            )
        )
    verdict = aspect["verdict"]
    return {
        "statement": pieces_in_quotes(written_piece(aspect["statement"], lang), lang),
        "rating": verdict["rating"] if verdict else None,
        "word": word("rating", verdict["rating"], lang)
        if verdict
        else word("progress", aspect["progress"] or "not_yet_rated", lang),
        "numbers": numbers,
        "reference": verdict["reference"] if verdict else None,
    }


def aspect_part(aspect: Aspect, lang: Lang, files: dict[str, bytes]) -> Piece:
    verdict, criterion, conformity = aspect["verdict"], aspect["criterion"], aspect["conformity"]
    chart = charts.chart_of(aspect, lang)
    due = [
        f"{phrase(name, lang)} {day(date, lang)}"
        for name, date in (("due", aspect["due"]), ("cancelled", aspect["cancelled"]))
        if date is not None
    ]
    return {
        **found_part(aspect, lang),
        "kind": phrase("comma", lang).join([word("aspect_kind", aspect["kind"], lang), *due]),
        "criterion": criterion
        and {
            "property": written_piece(criterion["property"], lang),
            "threshold": threshold_text(criterion, lang),
            "conditions": criterion["conditions"] and written_piece(criterion["conditions"], lang),
            "basis": criterion["basis"] and written_piece(criterion["basis"], lang),
            "basis_kind": word("basis_kind", criterion["basis_kind"], lang),
            "claimed": criterion["figure"]
            and quoted_pieces(original_piece(criterion["figure"], lang), lang),
        },
        "verdict": verdict
        and {
            "mechanism": verdict["mechanism"] and word("mechanism", verdict["mechanism"], lang),
            "rationale": written_piece(verdict["rationale"], lang),
            "attempts": verdict["attempts"] and written_piece(verdict["attempts"], lang),
            "rows": [
                [phrase("published_on", lang), zoned(verdict["published"], lang)],
                [phrase("concluded_by", lang), people_text(verdict["people"], lang)],
                [phrase("method", lang), verdict["method"]],
                [phrase("log_entry", lang), f"{verdict['log_index']:,}"],
                [phrase("bundle", lang), verdict["bundle"] or phrase("withheld", lang)],
                *(
                    [[phrase("supersedes", lang), verdict["supersedes"]]]
                    if verdict["supersedes"]
                    else []
                ),
            ],
        },
        "findings": [
            {
                "conclusion": word("conclusion", finding["conclusion"], lang),
                "reason": written_piece(finding["reason"], lang),
                "from": phrase("semicolon", lang).join(
                    [
                        *(
                            [
                                phrase(
                                    "finding_from", lang, exhibits=listed(finding["exhibits"], lang)
                                )
                            ]
                            if finding["exhibits"]
                            else []
                        ),
                        *([people_text([finding["by"]], lang)] if finding["by"] else []),
                        day(finding["at"], lang),
                    ]
                ),
            }
            for finding in aspect["findings"]
        ],
        "chart": chart and figure_part(chart, lang, files),
        "measurements": [
            {
                "unit": measurement["unit_label"],
                "value": f"{measurement['value']} {measurement['unit']}",
                "uncertainty": f"{measurement['uncertainty']} {measurement['unit']}",
                "expanded": (
                    f"± {charts.expanded(measurement['uncertainty'], coverage)} "
                    f"{measurement['unit']}" + phrase("bracketed", lang, text=coverage)
                ),
                "who": phrase("list_comma", lang).join(
                    [
                        measurement["contributor"],
                        *side_line(measurement["affiliation"], lang),
                        *([measurement["laboratory"]] if measurement["laboratory"] else []),
                        *([day(measurement["measured"], lang)] if measurement["measured"] else []),
                    ]
                ),
            }
            for coverage in [conformity["coverage"] if conformity else "2"]
            for measurement in aspect["measurements"]
        ],
        "methods": _methods(aspect, lang),
        "conformity": conformity and _conformity(conformity, lang),
    }


def _methods(aspect: Aspect, lang: Lang) -> list[Piece]:
    """How the values were measured, once for all units that were measured the same way."""
    methods: list[tuple[list[Piece], list[str], list[str]]] = []
    for measurement in aspect["measurements"]:
        texts = (
            measurement["quantity"],
            measurement["instrument"],
            measurement["method"],
            measurement["conditions"],
        )
        how = [written_piece(each, lang) for each in texts if each]
        same = next((each for each in methods if each[0] == how), None)
        if same is None:
            methods.append((how, [measurement["unit_label"]], list(measurement["exhibits"])))
        else:
            same[1].append(measurement["unit_label"])
            same[2].extend(each for each in measurement["exhibits"] if each not in same[2])
    return [
        {
            "how": how,
            "units": phrase("bracketed", lang, text=listed(units, lang)),
            "exhibits": phrase("bracketed", lang, text=listed(exhibits, lang)) if exhibits else "",
        }
        for how, units, exhibits in methods
    ]


def _conformity(conformity: Conformity, lang: Lang) -> Piece:
    unit = conformity["unit"]
    return {
        "rule": phrase("conformity_rule", lang),
        "independence": phrase(
            "independence",
            lang,
            units=conformity["units"],
            contributors=conformity["contributors"],
            laboratories=conformity["laboratories"],
        ),
        "summary": written_piece(conformity["summary"], lang),
        "judged": [
            [
                listed([each["unit_label"], *side_line(each["affiliation"], lang)], lang),
                (
                    f"{each['value']} ± "
                    f"{charts.expanded(each['uncertainty'], conformity['coverage'])} {unit}"
                ),
                _limits(conformity, each, lang),
                probability_text(each["probability"]),
                word("decision", each["decision"], lang),
            ]
            for each in conformity["judged"]
        ],
    }


def reply_part(invitation: Invitation, lang: Lang) -> Piece:
    waiver, outcome = invitation["waiver"], invitation["outcome"]
    if outcome == "silent":
        closed = invitation["closed"]
        line = (
            phrase("silent_at", lang, at=zoned(closed, lang)) if closed else phrase("silent", lang)
        )
    elif outcome == "no_further_reply":
        line = phrase("no_further_reply", lang)
    else:
        line = phrase("waiting", lang) if outcome == "open" else ""
    return {
        "invited": phrase(
            "invited",
            lang,
            at=zoned(invitation["sent"], lang),
            deadline=zoned(invitation["deadline"], lang),
        ),
        "allegation": invitation["allegation"] and written_piece(invitation["allegation"], lang),
        "line": line,
        "strong": outcome == "silent",
        "waiver": waiver
        and {
            "line": phrase("waived", lang, people=people_text(waiver["people"], lang)),
            "reason": written_piece(waiver["reason"], lang),
        },
        "replies": [
            {
                "line": _replied(reply, lang),
                "text": original_piece(reply["text"], lang),
                "translation": translation_of(reply["text"], lang),
            }
            for reply in invitation["replies"]
        ],
    }


def _replied(reply: Reply, lang: Lang) -> str:
    late = "_late" if reply["late"] else ""
    if reply["letter"]:
        return phrase(f"entered{late}_from", lang, day=day(reply["letter"], lang))
    return phrase(f"replied{late}_at", lang, at=zoned(reply["received"], lang))


def evidence_rows(report: Discrepancy, lang: Lang) -> list[list[Piece]]:
    """How far to trust it: computed from the parts, adding no opinion."""
    lines = []
    findings = [finding for aspect in report["aspects"] for finding in aspect["findings"]]
    if not findings:
        return [[own_words(phrase("sure_none", lang), lang)]]
    for aspect in report["aspects"]:
        conformity = aspect["conformity"]
        if conformity and conformity["judged"]:
            statement = bare_piece(written_piece(aspect["statement"], lang))
            lines.append(
                phrase_pieces(
                    "sure_conformity",
                    lang,
                    aspect=statement,
                    summary=written_piece(conformity["summary"], lang),
                )
            )
    named = {reference for finding in findings for reference in finding["exhibits"]}
    graded = [
        exhibit["grade"]
        for exhibit in report["exhibits"]
        if exhibit["grade"] and exhibit["reference"] in named
    ]
    # What could not be judged (6) comes after all that could.
    grades = sorted(
        (exhibit["source"] + exhibit["information"] for exhibit in graded),
        key=lambda grade: (grade[-1] == "6", grade),
    )
    if grades:
        lines.append(
            [own_words(phrase("sure_exhibits", lang, n=len(named), grade=grades[0]), lang)]
        )
    else:
        lines.append([own_words(phrase("sure_exhibits_ungraded", lang, n=len(named)), lang)])
    support = sum(finding["conclusion"] == "supports" for finding in findings)
    against = sum(finding["conclusion"] == "contradicts" for finding in findings)
    lines.append(
        [
            own_words(
                phrase(
                    "sure_counts",
                    lang,
                    support=support,
                    against=against,
                    open=len(findings) - support - against,
                ),
                lang,
            )
        ]
    )
    return lines
