"""The shape of report.json: strict in every member, and written as one string of bytes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from claims import states as claims
from evidence.exhibits import states as exhibits
from evidence.sources import states as sources
from evidence.states import Provenance
from reports import schema
from reports.wording import report_strings
from tests.reports import sample
from verdicts import states as verdicts
from verdicts.conformity import Decision

MAKERS = {"discrepancy": sample.discrepancy, "snapshot": sample.snapshot}


def objects(value: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for name, each in value.items():
            yield from objects(each, f"{path}.{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from objects(each, f"{path}[{index}]")


def each_member(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """One object and member of every kind of place: the third exhibit's caption says nothing that
    the first did not."""
    seen = set()
    for path, held in list(objects(report)):
        for name in list(held):
            place = re.sub(r"\[\d+\]", "", f"{path}.{name}")
            if place not in seen and held[name] is not None:
                seen.add(place)
                yield path, held, name


def faults(report: Any) -> list[tuple[str, str]]:
    try:
        schema.validate(report)
    except schema.InvalidReportError as invalid:
        return invalid.faults
    return []


@pytest.mark.parametrize("kind", MAKERS)
def test_the_sample_is_a_whole_report(kind: str) -> None:
    assert faults(MAKERS[kind]()) == []


@pytest.mark.parametrize("kind", MAKERS)
def test_a_missing_member_is_named_wherever_it_is_missing(kind: str) -> None:
    report = MAKERS[kind]()
    for path, held, name in each_member(report):
        if path.endswith(".translations") or (path, name) == ("$", "kind"):
            continue
        value = held.pop(name)
        assert (f"{path}.{name}", "is missing") in faults(report)
        held[name] = value


@pytest.mark.parametrize("kind", MAKERS)
def test_an_unknown_member_is_named_wherever_it_is_added(kind: str) -> None:
    report = MAKERS[kind]()
    for path, held, _ in each_member(report):
        held["surprise"] = "x"
        assert any(found.startswith(f"{path}.surprise") for found, _ in faults(report)), path
        del held["surprise"]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("wrong", [1.5, True, []], ids=repr)
def test_no_member_takes_a_value_of_another_type(kind: str, wrong: Any) -> None:
    report = MAKERS[kind]()
    for path, held, name in each_member(report):
        value = held[name]
        if type(value) is type(wrong):
            continue
        held[name] = wrong
        assert faults(report), f"{path}.{name} took {wrong!r}"
        held[name] = value


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("made_from.at", "2025-02-30T00:00:00Z", "is not a UTC time"),
        ("made_from.at", "2025-02-28T00:00:00+08:00", "is not a UTC time"),
        ("made_from.size", -1, "is not an integer"),
        ("made_from.size", 2**53, "is not an integer"),
        ("claim.kind", "boast", "is no claim_kind"),
        ("claim.at_stake.amount", "42,000", "is not a decimal"),
        ("claim.at_stake.amount", "NaN", "is not a decimal"),
        ("claim.at_stake.currency", "yuan", "is not a currency code"),
        ("claim.address", "javascript:alert(1)", "is not an http"),
        ("claim.quote.lang", "zh_Hans", "is not a language tag"),
        ("exhibits.0.picture", "../../etc/passwd", "is not a plain file name"),
        ("exhibits.0.rendition", "ABC", "is not 64 hexadecimal digits"),
        ("id", "1", "is not a UUID"),
        ("company.name.text", "half \ud800", "holds half a surrogate pair"),
    ],
)
def test_a_value_out_of_form_is_refused_with_its_path(path: str, value: Any, sentence: str) -> None:
    report = sample.discrepancy()
    *way, last = path.split(".")
    here: Any = report
    for step in way:
        here = here[int(step)] if step.isdigit() else here[step]
    here[last] = value
    assert [found for found, said in faults(report) if said.startswith(sentence)] == [
        "$." + path.replace(".0.", "[0].")
    ]


def test_the_joints_that_no_type_can_hold_are_checked() -> None:
    def spoiled(change: Any) -> list[str]:
        report = sample.discrepancy()
        change(report)
        return [path for path, _ in faults(report)]

    assert spoiled(lambda r: r["exhibits"].pop()) == ["$.aspects[0].findings[1].exhibits"] + [
        f"$.aspects[0].measurements[{n}].exhibits" for n in range(3)
    ]
    assert "$.exhibits" in spoiled(lambda r: r["exhibits"].append(dict(r["exhibits"][0])))
    assert spoiled(lambda r: r["exhibits"][0].update(rendition=None)) == ["$.exhibits[0]"]
    assert spoiled(lambda r: r["sources"][0]["diffs"][0].update(new=9)) == ["$.sources[0].diffs[0]"]
    assert spoiled(lambda r: r["sources"][0]["sightings"][0].update(version=9)) == [
        "$.sources[0].sightings[0].version"
    ]
    assert spoiled(lambda r: r["sources"][0]["observations"].update(total=1)) == [
        "$.sources[0].observations"
    ]
    assert spoiled(lambda r: r["aspects"][0].update(progress="in_review")) == ["$.aspects[0]"]
    assert spoiled(lambda r: r["verify"]["bundles"].clear()) == [
        "$.aspects[0].verdict.bundle",
        "$.aspects[1].verdict.bundle",
    ]
    snapshot = sample.snapshot()
    snapshot["versions"].reverse()
    assert [path for path, _ in faults(snapshot)] == ["$.versions"]


@pytest.mark.parametrize(
    "nothing", [None, [], {}, {"kind": "essay"}, {"kind": ["discrepancy"]}], ids=repr
)
def test_what_is_no_report_at_all_is_refused(nothing: Any) -> None:
    assert [path for path, _ in faults(nothing)] == ["$.kind"]


@pytest.mark.parametrize("kind", MAKERS)
def test_the_bytes_are_canonical_json_whatever_the_order_of_members(kind: str) -> None:
    report = MAKERS[kind]()
    expected = rfc8785.dumps(report)
    assert schema.to_bytes(report) == expected
    assert schema.to_bytes(json.loads(json.dumps(report, sort_keys=True)[::1])) == expected
    assert json.loads(expected) == report


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_goes_in_and_comes_back(text: str) -> None:
    report = sample.discrepancy()
    report["claim"]["quote"]["text"] = text
    assert json.loads(schema.to_bytes(report))["claim"]["quote"]["text"] == text


def test_every_state_of_the_other_rooms_has_its_words() -> None:
    rooms = {
        "channel": claims.Channel,
        "entity_role": claims.EntityRoleKind,
        "claim_kind": claims.ClaimKind,
        "claim_status": claims.ClaimStatus,
        "aspect_kind": claims.AspectKind,
        "progress": claims.Progress,
        "comparator": claims.Comparator,
        "flag": claims.FlagKind,
        "observation": sources.ObservationResult,
        "look_method": sources.ObservationMethod,
        "sighting": sources.SightingKind,
        "provenance": Provenance,
        "affiliation": exhibits.Affiliation,
        "licence": exhibits.Licence,
        "grade_source": exhibits.SourceGrade,
        "grade_information": exhibits.InformationGrade,
        "custody": exhibits.CustodyKind,
        "conclusion": verdicts.Conclusion,
        "rating": verdicts.Rating,
        "mechanism": verdicts.Mechanism,
        "outcome": verdicts.InvitationStatus,
        "decision": Decision,
    }
    assert {name: set(report_strings.VOCABULARIES[name]) for name in rooms} == {
        name: set(map(str, room)) for name, room in rooms.items()
    }


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    pairs = {
        f"{name}.{code}": pair
        for name, table in report_strings.VOCABULARIES.items()
        for code, pair in table.items()
    }
    pairs |= dict(report_strings.PHRASES) | {
        f"does not prove {level}": pair for level, pair in report_strings.DOES_NOT_PROVE.items()
    }
    for name, pair in pairs.items():
        assert all(text.strip() for text in pair), name
        assert report_strings.places(pair.en) == report_strings.places(pair.zh), name
        assert not any("\u4e00" <= character <= "\u9fff" for character in pair.en), name
    same = {name for name, pair in pairs.items() if pair.en == pair.zh}
    assert same == {
        "col_sha",
        "open_quote",
        "close_quote",
        "licence.cc-by-4.0",
        "licence.cc0-1.0",
    }, "a phrase that is the same in both languages is most likely not translated"
    assert report_strings.DOES_NOT_PROVE.keys() == report_strings.VOCABULARIES["provenance"].keys()


def test_a_place_is_filled_once_and_never_by_what_stands_in_a_value() -> None:
    assert (
        report_strings.phrase("sum_verdict", "en", aspect="{rating}", rating="{aspect}")
        == "“{rating}”: {aspect}."
    )
    with pytest.raises(KeyError):
        report_strings.phrase("sum_verdict", "en", aspect="x")


def test_one_is_said_in_the_singular_and_a_place_with_two_words_needs_only_its_number() -> None:
    for n, said in (
        ("1", "1 measurement on 1 item"),
        ("2", "2 measurements on 1 item:"),
        ("3", "3 measurements on 2 items:"),
    ):
        units = "1" if n != "3" else "2"
        name = "measured_one" if n == "1" else "measured_short"
        assert said in report_strings.phrase(
            name, "en", n=n, units=units, low="1", high="2", unit="m/s"
        )
    once = {"n": 1, "versions": 1, "looks": 1, "size": 1, "gone": 1, "came": 1, "units": 1}
    for name, pair in report_strings.PHRASES.items():
        if name not in {"measured_short", "measured_same"} and {
            "n",
            "versions",
            "size",
            "gone",
            "units",
        } & report_strings.places(pair.en):
            told = report_strings.phrase(
                name, "en", **dict.fromkeys(report_strings.places(pair.en), "x") | once
            )
            assert not re.search(r"\b1 (?!units)\w+s\b", told), (name, told)
