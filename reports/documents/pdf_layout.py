"""The sheet of a report: every word that will be printed, in one language, in order, as plain JSON
for the templates.

All choosing, wording and number writing happens here. ``ready`` then makes every string printable,
in one place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, cast

from claims import currencies
from reports.drawing import charts, fonts
from reports.drawing.pictures import pinned
from reports.drawing.version_timeline import clock, day, version_timeline
from reports.schema import (
    Aspect,
    Company,
    Conformity,
    Diff,
    Disappearance,
    Discrepancy,
    Exhibit,
    Invitation,
    Look,
    Person,
    Reply,
    Sighting,
    Snapshot,
    SourceHead,
    SourceHistory,
    Teardown,
    Text,
    Version,
)
from reports.wording.report_strings import PHRASES, VOCABULARIES, Lang, phrase, word
from ui.numbers import plain
from verdicts.conformity import INDEPENDENT

Piece = dict[str, Any]


def exact(text: str) -> Piece:
    """A string that is copied rather than read (a digest, a key, an address): printable, but never
    given break marks."""
    return {"exact": text}


def ready(value: Any) -> Any:
    """Every string of the sheet made printable and breakable: one place, so that none is
    forgotten."""
    if isinstance(value, str):
        return fonts.breakable(fonts.printable(value))
    if isinstance(value, list):
        return [ready(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"exact"}:
            return {"exact": fonts.printable(value["exact"])}
        return {name: ready(each) for name, each in value.items()}
    return value


def marks(sheet: Piece) -> list[str]:
    """Give every translated or untranslated piece its mark, and return the key to the marks that
    are used.

    A mark stands for the translator's role, or for "no translation yet": said once, and yet beside
    every text it is true of.
    """
    used: dict[str, list[Piece]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, dict):
            if value.get("n"):
                used.setdefault(value["n"], []).append(value)
            for each in value.values():
                walk(each)

    walk(sheet)
    key = []
    for number, note in enumerate(sorted(used)):
        mark = "†‡§¶"[number] if number < 4 else f"†{number}"
        for piece in used[note]:
            piece["n"] = mark
        key.append(f"{mark} {note}")
    return key


# --- words on the sheet ---------------------------------------------------------------------------


def _primary(tag: str) -> str:
    primary = tag.split("-")[0].lower()
    return primary if 2 <= len(primary) <= 3 else "en"


def _piece(text: str, tag: str, note: str = "") -> Piece:
    """A stretch of text in one language: the text, its language and region for typst, a note to
    stand behind it."""
    return {"s": text, "l": _primary(tag), "r": "CN" if _primary(tag) == "zh" else None, "n": note}


def _told(text: Text, lang: Lang) -> Piece:
    """A text in the language of the report if there is one, else as it was written; either way
    saying so."""
    if _primary(text["lang"]) == _primary(lang):
        return _piece(text["text"] or phrase("empty", lang), text["lang"])
    if lang in text["translations"]:
        translation = text["translations"][lang]
        if translation["role"] in {
            "system",
            "",
        }:  # fixed words of the house, or nobody said which came first: of equal standing
            return _piece(translation["text"], lang)
        by = phrase("translated", lang, role=word("role", translation["role"], lang))
        return _piece(translation["text"] or phrase("empty", lang), lang, by)
    return _piece(
        text["text"] or phrase("empty", lang), text["lang"], phrase("original_only", lang)
    )


def _original(text: Text, lang: Lang) -> Piece:
    return _piece(text["text"] or phrase("empty", lang), text["lang"])


def _own(text: str, lang: Lang) -> Piece:
    return _piece(text, lang)


def _mixed(name: str, lang: Lang, **values: str | Piece) -> list[Piece]:
    """A phrase whose places hold texts of other languages: one piece per stretch, so that each
    keeps its language."""
    pieces = []
    for index, part in enumerate(re.split(r"\{(\w+)\}", PHRASES[name].to(lang))):
        value = values[part] if index % 2 else part
        if value:
            pieces.append(value if isinstance(value, dict) else _own(value, lang))
    return pieces


def _bare(piece: Piece) -> Piece:
    return {**piece, "n": ""}


def _quoted(piece: Piece, lang: Lang) -> list[Piece]:
    return [
        _own(phrase("open_quote", lang), lang),
        _bare(piece),
        _own(phrase("close_quote", lang), lang),
    ]


def _in_quotes(piece: Piece, lang: Lang) -> list[Piece]:
    """The same with the note on its translation, which belongs behind the closing mark."""
    opened, bare, closed = _quoted(piece, lang)
    return [opened, bare, {**closed, "n": piece["n"]}]


def _claim_title(piece: Piece, lang: Lang) -> list[Piece]:
    """A claim as the title of its report: what it is, then its words in quotation marks."""
    pieces = _mixed("claim_title", lang, words=_bare(piece))
    return [*pieces[:-1], {**pieces[-1], "n": piece["n"]}]


def _utc(time: str, lang: Lang) -> str:
    return f"{clock(time, lang)} UTC"


def _money(amount: str, currency: str) -> str:
    return f"{currency} {currencies.format_amount(Decimal(amount), currency)}"


def _people(people: Sequence[Person], lang: Lang) -> str:
    each = (
        person["pseudonym"] + phrase("bracketed", lang, text=word("role", person["role"], lang))
        for person in people
    )
    return phrase("semicolon", lang).join(each)


def _coded(code: str, lang: Lang) -> str:
    """A word for what may or may not be a code of ours: an agent of custody is a pseudonym, a role
    or a part of the system."""
    for vocabulary in ("custody_word", "role"):
        if code in VOCABULARIES[vocabulary]:
            return word(vocabulary, code, lang)
    return code


# --- the parts of a sheet -------------------------------------------------------------------------


def _frame(report: Discrepancy | Snapshot, lang: Lang, title: list[Piece]) -> Piece:
    """What every sheet has: who speaks, what it is called, where it stands, and the fixed words of
    the layout."""
    made_from = report["made_from"]
    return {
        "lang": _primary(lang),
        "region": "CN" if lang == "zh-Hans" else "GB",
        "title": title,
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
            "made_from", lang, at=_utc(made_from["at"], lang), size=f"{made_from['size']:,}"
        ),
        "page_of": PHRASES["page_of"].to(lang),
        "words": {name: pair.to(lang) for name, pair in PHRASES.items() if "{" not in pair.en},
        "record": {
            "text": phrase("record_text", lang, at=_utc(made_from["at"], lang)),
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
    stake = claim["at_stake"]
    return {
        **_frame(report, lang, _claim_title(_told(claim["summary"], lang), lang)),
        "trail": [_bare(_told(each["name"], lang)) for each in (report["company"],
        report["product"], option) if each],
        "claim": {
            "reference": claim["reference"],
            "kind": word("claim_kind", claim["kind"], lang),
            "withdrawn": word("claim_status", "withdrawn",
            lang) if claim["status"] == "withdrawn" else None,
            "flags": [word("flag", flag, lang) for flag in claim["flags"]],
        },
        "stake": stake and {
            "amount": _money(stake["amount"], stake["currency"]),
            "basis": stake["basis"] and _told(stake["basis"], lang),
        },
        "summary": _summary(report, lang),
        "said": _said(report, lang, files),
        "found": [_found(aspect, lang) for aspect in report["aspects"]],
        "answer": [_answer(invitation, lang) for invitation in report["invitations"]],
        "sure": _sure(report, lang),
        "aspects": [_aspect(aspect, lang, files) for aspect in report["aspects"]],
        "sources": [_source(source, lang) for source in report["sources"]],
        "exhibits": [_exhibit(exhibit, lang, pictures, files) for exhibit in report["exhibits"]],
        "teardowns": [_teardown(teardown, lang) for teardown in report["teardowns"]],
        "entities": _entities(report["company"], lang),
        "limits": [phrase(f"limit_{number}", lang) for number in range(1, 6)],
    }  # fmt: skip


def of_snapshot(report: Snapshot, lang: Lang, files: dict[str, bytes]) -> Piece:
    source, looks = report["source"], report["observations"]
    title = source["title"] or source["speaker"] or report["company"]["name"]
    lines = []
    if looks:
        lines.append(
            [
                _own(
                    phrase(
                        "snapshot_summary",
                        lang,
                        n=len(looks),
                        first=_utc(looks[0]["at"], lang),
                        last=_utc(looks[-1]["at"], lang),
                        versions=len(report["versions"]),
                    ),
                    lang,
                )
            ]
        )
    lines += [[_own(each, lang)] for each in _disappeared(report["disappearances"], lang)]
    picture = version_timeline(
        versions=cast(list[Version], report["versions"]),
        ticks=_thin([look["at"] for look in looks]),
        disappearances=report["disappearances"],
        looks=len(looks),
        lang=lang,
        source=_told(title, lang)["s"],
    )
    return {
        **_frame(report, lang, [_told(title, lang)]),
        "trail": [
            _bare(_told(report["company"]["name"], lang)),
            _own(word("channel", source["channel"], lang), lang),
        ],
        "summary": lines,
        "source": _source_head(source, lang),
        "line": _figure(picture, lang, files),
        "versions": [
            {
                "name": phrase("version_n", lang, n=version["number"]),
                "rows": _version_rows(version, lang),
                "digest": _digests(version, lang),
                "title": _piece(version["title"], version["lang"]),
                "text": _piece(version["text"] or phrase("empty", lang), version["lang"]),
            }
            for version in report["versions"]
        ],
        "diffs": [
            _diff(
                diff, lang, {version["number"]: version["lang"] for version in report["versions"]}
            )
            for diff in report["diffs"]
        ],
        "looks": _looks(looks, lang),
        "claims": [
            {
                "reference": claim["reference"],
                "address": exact(claim["address"]),
                "quote": _quoted(_original(claim["quote"], lang), lang),
                "translation": _translation(claim["quote"], lang),
                "became": [
                    _became(sighting, claim["quote"]["lang"], lang)
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
    company = _bare(_told(report["company"]["name"], lang))
    source = report["sources"][0] if report["sources"] else None
    quote = _bare(_told(claim["quote"], lang))
    quoted = {**quote, "s": phrase("open_quote", lang) + quote["s"] + phrase("close_quote", lang)}
    lines = []
    if source is None:
        lines.append(_mixed("sum_said_company", lang, company=company, quote=quoted))
    else:
        speaker = (
            _bare(_told(source["speaker"], lang))
            if source["speaker"]
            else _own(phrase("the_company", lang), lang)
        )
        channel = word("channel", source["channel"], lang)
        if source["published"]:
            at = day(source["published"], lang)
            lines.append(
                _mixed(
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
                _mixed(
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
        said = _bare(_told(aspect["statement"], lang))
        lines.append(_mixed("sum_verdict", lang, aspect=said, rating=rating))
    for each in report["sources"]:
        if len(each["versions"]) > 1:
            lines.append([_own(phrase("sum_edited", lang, n=len(each["versions"])), lang)])
        for gone in each["disappearances"]:
            last = _utc(gone["last_seen"], lang) if gone["last_seen"] else phrase("not_known", lang)
            lines.append(
                [
                    _own(
                        phrase(
                            "sum_gone", lang, last=last, first=_utc(gone["first_missing"], lang)
                        ),
                        lang,
                    )
                ]
            )
            if gone["back"]:
                lines.append([_own(phrase("sum_back", lang, at=_utc(gone["back"], lang)), lang)])
    for invitation in report["invitations"]:
        name = {
            "open": "sum_waiting", "replied": "sum_replied", "silent": "sum_silent",
            "no_further_reply": "sum_no_further_reply",
            "waived": "sum_waived",
        }[invitation["outcome"]]  # fmt: skip
        lines.append([_own(phrase(name, lang, deadline=_utc(invitation["deadline"], lang)), lang)])
    stake = claim["at_stake"]
    if stake:
        amount = _money(stake["amount"], stake["currency"])
        if stake["basis"]:
            lines.append(
                _mixed("sum_stake", lang, amount=amount, basis=_bare(_told(stake["basis"], lang)))
            )
        else:
            lines.append(_mixed("sum_stake_bare", lang, amount=amount))
    return lines


def _translation(quote: Text, lang: Lang) -> Piece | None:
    if _primary(quote["lang"]) == _primary(lang):
        return None
    return (
        _told(quote, lang)
        if lang in quote["translations"]
        else _own(phrase("original_only", lang), lang)
    )


def _said(report: Discrepancy, lang: Lang, files: dict[str, bytes]) -> Piece:
    quote = report["claim"]["quote"]
    return {
        "quote": _quoted(_original(quote, lang), lang),
        "translation": _translation(quote, lang),
        "sources": [
            {
                "from": [*_source_line(source, lang)],
                "became": [
                    _became(sighting, quote["lang"], lang) for sighting in source["sightings"]
                ],
                "gone": _disappeared(source["disappearances"], lang),
                "line": _figure(
                    version_timeline(
                        versions=source["versions"],
                        ticks=source["observations"]["ticks"],
                        disappearances=source["disappearances"],
                        looks=source["observations"]["total"],
                        lang=lang,
                        source=_told(source["title"], lang)["s"] if source["title"] else "",
                    ),
                    lang,
                    files,
                ),
                "thinned": len(source["observations"]["ticks"]) < source["observations"]["total"],
            }
            for source in report["sources"]
        ],
    }


def _source_line(source: SourceHead, lang: Lang) -> Iterator[Piece]:
    """Who spoke, where, when: with the commas of the language."""
    comma = phrase("comma", lang)
    if source["speaker"]:
        yield _bare(_told(source["speaker"], lang))
        yield _own(comma, lang)
    yield _own(word("channel", source["channel"], lang), lang)
    if source["published"]:
        yield _own(comma + _utc(source["published"], lang), lang)


def _became(sighting: Sighting, tag: str, lang: Lang) -> list[Piece]:
    if sighting["kind"] == "reworded" and Decimal(sighting["similarity"] or 0) == 1:
        return [_own(phrase("sighted_same_words", lang, n=sighting["version"]), lang)]
    if sighting["kind"] == "reworded":
        passage = _piece(sighting["passage"] or phrase("empty", lang), tag)
        similarity = sighting["similarity"] or phrase("not_known", lang)
        return _mixed(
            "sighted_reworded",
            lang,
            n=str(sighting["version"]),
            similarity=similarity,
            passage=passage,
        )
    return [_own(phrase(f"sighted_{sighting['kind']}", lang, n=sighting["version"]), lang)]


def _disappeared(disappearances: Sequence[Disappearance], lang: Lang) -> list[str]:
    lines = []
    for gone in disappearances:
        last = _utc(gone["last_seen"], lang) if gone["last_seen"] else phrase("not_known", lang)
        first, kind = _utc(gone["first_missing"], lang), word("observation", gone["type"], lang)
        if gone["confirmed"] is None:
            lines.append(phrase("disappeared_unconfirmed", lang, last=last, first=first, type=kind))
        else:
            looks = phrase("semicolon", lang).join(
                _utc(look["at"], lang) for look in gone["confirmations"]
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
            lines.append(phrase("sum_back", lang, at=_utc(gone["back"], lang)))
    return lines


def _figure(svg: str, lang: Lang, files: dict[str, bytes]) -> Piece:
    """A picture of ours for the PDF: lettered by outlines, with its own title and description as
    the alternative text."""
    path = f"figure-{len(files)}.svg"
    files[path] = fonts.outlined(svg, lang).encode()
    told = re.findall(r"<(?:title|desc)>([^<]*+)</(?:title|desc)>", svg)
    alt = ". ".join(
        each.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for each in told[:2]
    )
    return {"file": path, "alt": exact(alt)}


def _found(aspect: Aspect, lang: Lang) -> Piece:
    """One line of the right column: the verdict, and the numbers it rests on."""
    numbers = []
    criterion, conformity = aspect["criterion"], aspect["conformity"]
    if criterion is not None:
        comparator = word("comparator", criterion["comparator"], lang)
        numbers.append(
            phrase(
                "threshold_short",
                lang,
                comparator=comparator,
                value=plain(Decimal(criterion["value"])),
                unit=criterion["unit"],
            )
            if criterion["figure"] is None
            else phrase(
                "claimed_short",
                lang,
                value=plain(Decimal(criterion["value"])),
                unit=criterion["unit"],
            )
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
        "statement": _in_quotes(_told(aspect["statement"], lang), lang),
        "rating": verdict["rating"] if verdict else None,
        "word": word("rating", verdict["rating"], lang)
        if verdict
        else word("progress", aspect["progress"] or "not_yet_rated", lang),
        "numbers": numbers,
        "reference": verdict["reference"] if verdict else None,
    }


def _aspect(aspect: Aspect, lang: Lang, files: dict[str, bytes]) -> Piece:
    verdict, criterion, conformity = aspect["verdict"], aspect["criterion"], aspect["conformity"]
    chart = charts.chart_of(aspect, lang)
    due = [
        f"{phrase(name, lang)} {day(date, lang)}"
        for name, date in (("due", aspect["due"]), ("cancelled", aspect["cancelled"]))
        if date is not None
    ]
    return {
        **_found(aspect, lang),
        "kind": phrase("comma", lang).join([word("aspect_kind", aspect["kind"], lang), *due]),
        "criterion": criterion
        and {
            "property": _told(criterion["property"], lang),
            "threshold": " ".join(
                [
                    word("comparator", criterion["comparator"], lang),
                    plain(Decimal(criterion["value"])),
                    criterion["unit"],
                ]
                + (
                    [
                        (
                            f"({phrase('tolerance', lang)} "
                            f"{plain(Decimal(criterion['tolerance']))} {criterion['unit']})"
                        )
                    ]
                    if criterion["tolerance"] is not None and Decimal(criterion["tolerance"])
                    else []
                )
            ),
            "conditions": criterion["conditions"] and _told(criterion["conditions"], lang),
            "basis": criterion["basis"] and _told(criterion["basis"], lang),
            "basis_kind": word("basis_kind", criterion["basis_kind"], lang),
            "claimed": criterion["figure"] and _quoted(_original(criterion["figure"], lang), lang),
        },
        "verdict": verdict
        and {
            "mechanism": verdict["mechanism"] and word("mechanism", verdict["mechanism"], lang),
            "rationale": _told(verdict["rationale"], lang),
            "attempts": verdict["attempts"] and _told(verdict["attempts"], lang),
            "rows": [
                [phrase("published_on", lang), _utc(verdict["published"], lang)],
                [phrase("concluded_by", lang), _people(verdict["people"], lang)],
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
                "reason": _told(finding["reason"], lang),
                "from": phrase("semicolon", lang).join(
                    [
                        *(
                            [phrase("finding_from", lang, exhibits=", ".join(finding["exhibits"]))]
                            if finding["exhibits"]
                            else []
                        ),
                        *([_people([finding["by"]], lang)] if finding["by"] else []),
                        day(finding["at"], lang),
                    ]
                ),
            }
            for finding in aspect["findings"]
        ],
        "chart": chart and _figure(chart, lang, files),
        "measurements": [
            {
                "unit": measurement["unit_label"],
                "value": f"{measurement['value']} {measurement['unit']}",
                "uncertainty": f"{measurement['uncertainty']} {measurement['unit']}",
                "expanded": (
                    f"± {charts.expanded(measurement['uncertainty'], coverage)} "
                    f"{measurement['unit']} ({coverage})"
                ),
                "who": ", ".join(
                    [
                        measurement["contributor"],
                        *_side(measurement["affiliation"], lang),
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
        told = (
            measurement["quantity"],
            measurement["instrument"],
            measurement["method"],
            measurement["conditions"],
        )
        how = [_told(each, lang) for each in told if each]
        same = next((each for each in methods if each[0] == how), None)
        if same is None:
            methods.append((how, [measurement["unit_label"]], list(measurement["exhibits"])))
        else:
            same[1].append(measurement["unit_label"])
            same[2].extend(each for each in measurement["exhibits"] if each not in same[2])
    return [
        {
            "how": how,
            "units": phrase("bracketed", lang, text=", ".join(units)),
            "exhibits": phrase("bracketed", lang, text=", ".join(exhibits)) if exhibits else "",
        }
        for how, units, exhibits in methods
    ]


def _probability(text: str) -> str:
    """As it was computed, to six places; what rounds to nothing or to certainty is said to be
    beyond the last place."""
    value = Decimal(text)
    if value == 0:
        return "< 0.000001"
    return "> 0.999999" if value == 1 else text


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
        "summary": _told(conformity["summary"], lang),
        "judged": [
            [
                ", ".join([each["unit_label"], *_side(each["affiliation"], lang)]),
                (
                    f"{each['value']} ± "
                    f"{charts.expanded(each['uncertainty'], conformity['coverage'])} {unit}"
                ),
                f"{each['acceptance_limit']} / {each['rejection_limit']} {unit}",
                _probability(each["probability"]),
                word("decision", each["decision"], lang),
            ]
            for each in conformity["judged"]
        ],
    }


def _answer(invitation: Invitation, lang: Lang) -> Piece:
    waiver, outcome = invitation["waiver"], invitation["outcome"]
    if outcome == "silent":
        closed = invitation["closed"]
        line = (
            phrase("silent_at", lang, at=_utc(closed, lang)) if closed else phrase("silent", lang)
        )
    elif outcome == "no_further_reply":
        line = phrase("no_further_reply", lang)
    else:
        line = phrase("waiting", lang) if outcome == "open" else ""
    return {
        "invited": phrase(
            "invited",
            lang,
            at=_utc(invitation["sent"], lang),
            deadline=_utc(invitation["deadline"], lang),
        ),
        "allegation": invitation["allegation"] and _told(invitation["allegation"], lang),
        "line": line,
        "strong": outcome == "silent",
        "waiver": waiver
        and {
            "line": phrase("waived", lang, people=_people(waiver["people"], lang)),
            "reason": _told(waiver["reason"], lang),
        },
        "replies": [
            {
                "line": _replied(reply, lang),
                "text": _original(reply["text"], lang),
                "translation": _translation(reply["text"], lang),
            }
            for reply in invitation["replies"]
        ],
    }


def _replied(reply: Reply, lang: Lang) -> str:
    late = "_late" if reply["late"] else ""
    if reply["letter"]:
        return phrase(f"entered{late}_from", lang, day=day(reply["letter"], lang))
    return phrase(f"replied{late}_at", lang, at=_utc(reply["received"], lang))


def _sure(report: Discrepancy, lang: Lang) -> list[list[Piece]]:
    """How far to trust it: computed from the parts, adding no opinion."""
    lines = []
    findings = [finding for aspect in report["aspects"] for finding in aspect["findings"]]
    if not findings:
        return [[_own(phrase("sure_none", lang), lang)]]
    for aspect in report["aspects"]:
        conformity = aspect["conformity"]
        if conformity and conformity["judged"]:
            said = _bare(_told(aspect["statement"], lang))
            lines.append(
                _mixed(
                    "sure_conformity", lang, aspect=said, summary=_told(conformity["summary"], lang)
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
        (one["source"] + one["information"] for one in graded),
        key=lambda grade: (grade[-1] == "6", grade),
    )
    if grades:
        lines.append([_own(phrase("sure_exhibits", lang, n=len(named), grade=grades[0]), lang)])
    else:
        lines.append([_own(phrase("sure_exhibits_ungraded", lang, n=len(named)), lang)])
    support = sum(finding["conclusion"] == "supports" for finding in findings)
    against = sum(finding["conclusion"] == "contradicts" for finding in findings)
    lines.append(
        [
            _own(
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


def _source_head(source: SourceHead, lang: Lang) -> Piece:
    return {
        "title": source["title"] and _told(source["title"], lang),
        "line": [*_source_line(source, lang)],
        "url": source["url"],
        "address": exact(source["address"]),
    }


def _source(source: SourceHistory, lang: Lang) -> Piece:
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
        first, last = _utc(observations["first"], lang), _utc(observations["last"], lang)
        observed = phrase(
            "observed", lang, n=f"{observations['total']:,}", first=first, last=last, types=types
        )
    else:
        observed = phrase("observed_none", lang)
    return {
        **_source_head(source, lang),
        "observed": observed,
        "gone": _disappeared(source["disappearances"], lang),
        "versions": [
            [
                phrase("version_n", lang, n=version["number"]),
                _interval(version["not_before"], version["not_after"], lang),
                sightings.get(version["number"], phrase("not_known", lang)),
                f"{version['characters']:,}",
                version["provenance"],
            ]
            for version in source["versions"]
        ],
        "digests": [_digests(version, lang) for version in source["versions"]],
        "diffs": [_diff(diff, lang, tags) for diff in source["diffs"]],
    }


def _digests(version: Version, lang: Lang) -> Piece:
    name = phrase("version_n", lang, n=version["number"])
    lines = [f"{name}, {phrase('text_digest', lang)}: {version['sha256']}"]
    if version["capture"]:
        lines.append(f"{name}, {phrase('capture_digest', lang)}: {version['capture']}")
    lines.append(f"{name}, {phrase('extractor', lang)}: {version['extractor']}")
    return exact("\n".join(lines))


def _interval(after: str | None, before: str, lang: Lang) -> str:
    if after is None:
        return phrase("interval_first", lang, before=_utc(before, lang))
    return phrase("interval", lang, after=_utc(after, lang), before=_utc(before, lang))


def _version_rows(version: Version, lang: Lang) -> list[list[str]]:
    return [
        [
            phrase("col_interval", lang),
            _interval(version["not_before"], version["not_after"], lang),
        ],
        [phrase("col_characters", lang), f"{version['characters']:,}"],
        [
            phrase("provenance", lang),
            version["provenance"]
            + phrase("colon", lang)
            + word("provenance", version["provenance"], lang),
        ],
    ]


def _diff(diff: Diff, lang: Lang, tags: Mapping[int, str]) -> Piece:
    counts = {"gone": f"{diff['characters_gone']:,}", "came": f"{diff['characters_came']:,}"}
    before = _utc(diff["not_after"], lang)
    if diff["not_before"]:
        when = phrase(
            "diff_when", lang, after=_utc(diff["not_before"], lang), before=before, **counts
        )
    else:
        when = phrase("diff_when_open", lang, before=before, **counts)
    tag = _primary(tags[diff["new"]])
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


def _looks(looks: Sequence[Look], lang: Lang) -> list[list[str]]:
    """Every look, with equal neighbours as one row: a year of "unchanged" is one line, and nothing
    is left out."""
    rows = []
    for (kind, status, method), group in groupby(
        looks, key=lambda look: (look["type"], look["status"], look["method"])
    ):
        same = list(group)
        first, last = _utc(same[0]["at"], lang), _utc(same[-1]["at"], lang)
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


def _thin(times: Sequence[str], most: int = 240) -> list[str]:
    """At most ``most`` of the times, evenly, first and last among them."""
    if len(times) <= most:
        return list(times)
    return [times[index * (len(times) - 1) // (most - 1)] for index in range(most)]


def _picture(
    exhibit: Exhibit, pictures: Mapping[str, bytes], files: dict[str, bytes]
) -> Piece | None:
    if exhibit["picture"] is None:
        return None
    body, kind, tall = pinned(exhibit["picture"], exhibit["rendition"], pictures)
    path = f"picture-{len(files)}"
    files[path] = body
    return {"file": path, "format": kind, "tall": tall}


def _exhibit(
    exhibit: Exhibit, lang: Lang, pictures: Mapping[str, bytes], files: dict[str, bytes]
) -> Piece:
    grade = exhibit["grade"]
    caption = (
        _told(exhibit["caption"], lang)
        if exhibit["caption"]
        else _own(phrase("no_caption", lang), lang)
    )
    description = exhibit["description"] and _told(exhibit["description"], lang)
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
        "grade_reason": grade["reason"] and _told(grade["reason"], lang) if grade else None,
        "licence": word("licence", exhibit["licence"], lang),
        "side": word("affiliation", exhibit["affiliation"], lang)
        if exhibit["affiliation"] != INDEPENDENT
        else None,
        "provenance": level + phrase("colon", lang) + word("provenance", level, lang),
        "not_proven": _told(exhibit["does_not_prove"], lang),
        "sha256": exhibit["rendition"] and exact(exhibit["rendition"]),
        "custody": [
            " · ".join(
                each
                for each in (
                    day(event["on"], lang),
                    word("custody", event["kind"], lang),
                    _coded(event["agent"], lang),
                    _coded(event["outcome"], lang),
                    event["note"],
                )
                if each
            )
            for event in exhibit["custody"]
        ],
    }


def _side(affiliation: str, lang: Lang) -> list[str]:
    """From whose side something is, where that is a company's."""
    return [] if affiliation == INDEPENDENT else [word("affiliation", affiliation, lang)]


def _teardown(teardown: Teardown, lang: Lang) -> Piece:
    side = _side(teardown["affiliation"], lang)
    who = ", ".join(
        [
            teardown["contributor"],
            *side,
            *([teardown["laboratory"]] if teardown["laboratory"] else []),
        ]
    )
    line = phrase("teardown_of", lang, unit=teardown["unit_label"], who=who)
    return {
        "title": _told(teardown["title"], lang),
        "line": f"{line} · {day(teardown['performed'], lang)}" if teardown["performed"] else line,
        "steps": [
            {
                "number": str(step["number"]),
                "part": step["part"] and _told(step["part"], lang),
                "done": _told(step["done"], lang),
                "seen": step["seen"] and _told(step["seen"], lang),
                "exhibit": step["exhibit"] or "",
            }
            for step in teardown["steps"]
        ],
    }


def _entities(company: Company, lang: Lang) -> list[Piece]:
    rows = []
    for entity in company["legal_entities"]:
        roles = []
        for role in entity["roles"]:
            span = [
                phrase(name, lang, **{name: day(date, lang)})
                for name, date in (("since", role["since"]), ("until", role["until"]))
                if date is not None
            ]
            said = phrase("bracketed", lang, text=role["source"]) if role["source"] else ""
            roles.append(
                phrase("comma", lang).join([word("entity_role", role["role"], lang), *span]) + said
            )
        registered = " ".join(
            each for each in (entity["jurisdiction"], entity["registration"]) if each
        )
        rows.append(
            {
                "name": _told(entity["name"], lang),
                "roles": roles,
                "registered": registered or phrase("not_known", lang),
            }
        )
    return rows
