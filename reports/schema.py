"""The shape of report.json, and nothing else: what a report holds, checked strictly, written as RFC
8785 bytes.

Two kinds share one format name, ``asclaimed-report@v1``: ``discrepancy`` (a claim from the words to
the verdict) and ``snapshot`` (a source that is no longer available: every version, every diff, the
interval). The TypedDicts below are the one place where the shape is written; ``validate`` walks
their annotations, so the types and the check cannot mismatch apart.

Every member is required and none may be added. What is unknown is ``null``, never left out: a
reader of the file must see that we had nothing to say, and a builder that forgets a member must
fail in a test rather than in court.

There are no floats. Integers are integers, every other quantity is a decimal string as it was
recorded, so a value of ``0.30`` keeps its zero and no two machines can write different bytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypedDict,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from ledger.canonical import MAX_INTEGER, canonical
from reports.wording.report_strings import VOCABULARIES

FORMAT: Final = "asclaimed-report@v1"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Form:
    """A string of one form: what to call it in an error, and the pattern that the whole string must
    match."""

    name: str
    pattern: str

    def fault(self, value: str) -> str | None:
        return None if re.fullmatch(self.pattern, value) else f"is not {self.name}"


@dataclass(frozen=True)
class Moment:
    """A date or a UTC instant that the calendar really has."""

    kind: Literal["date", "time"]

    def fault(self, value: str) -> str | None:
        try:
            if self.kind == "date":
                if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
                    date.fromisoformat(value)
                    return None
            elif re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", value):
                datetime.fromisoformat(value)
                return None
        except ValueError:
            pass
        return (
            "is not a date, YYYY-MM-DD"
            if self.kind == "date"
            else "is not a UTC time, YYYY-MM-DDThh:mm:ss[.ffffff]Z"
        )


@dataclass(frozen=True)
class Code:
    """A code that ``reports.wording.report_strings`` can say in both languages; a report can hold
    no other."""

    vocabulary: str

    def fault(self, value: str) -> str | None:
        return (
            None
            if value in VOCABULARIES[self.vocabulary]
            else f"is no {self.vocabulary} that reports.wording.report_strings knows"
        )


Id = Annotated[str, Form("a UUID", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
#: From whose side it is: only what is independent is counted.
Side = Annotated[str, Code("affiliation")]
Reference = Annotated[str, Form("a reference", r"AC-[0-9A-Z*~$=-]{3,32}")]
Sha256 = Annotated[str, Form("64 hexadecimal digits", r"[0-9a-f]{64}")]
Url = Annotated[str, Form("an http or https address", r"https?://[^\s\x00-\x20\x7f]+")]
#: Plainly written, no exponent: what a person reads is what a program computes with.
Decimal = Annotated[str, Form("a decimal", r"-?(0|[1-9]\d{0,59})(\.\d{1,90})?")]
Currency = Annotated[str, Form("a currency code of ISO 4217", r"[A-Z]{3}")]
LanguageTag = Annotated[str, Form("a language tag", r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")]
#: What a file is called inside the PDF. Nothing that a file system
#: or a viewer could take for a path.
FileName = Annotated[str, Form("a plain file name", r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")]
Date = Annotated[str, Moment("date")]
Time = Annotated[str, Moment("time")]


class Translation(TypedDict):
    text: str
    #: The translator's role, and pseudonym ("" for none). No role where nobody said which text came
    #: first: neither is a translation then.
    role: Annotated[str, Code("role")]
    name: str


class Text(TypedDict):
    """A text in the language it was written in, as ``claims.localized_text`` holds it:
    ``translations`` by language tag."""

    lang: LanguageTag
    text: str
    translations: dict[LanguageTag, Translation]


class Money(TypedDict):
    amount: Decimal
    currency: Currency


class Checkpoint(TypedDict):
    """The signed tree head that the report was made from. ``note`` is the signed note, byte for
    byte; ``at`` is its time, and the only time that a report takes for "now"."""

    origin: str
    size: int
    root: Annotated[str, Form("a base64 SHA-256", r"[A-Za-z0-9+/]{43}=")]
    note: str
    at: Time


class Verify(TypedDict):
    """What a stranger needs to check the report without us. ``commands`` are shown as they are to
    be typed."""

    key: str
    commands: list[str]
    record: Url
    bundles: list[FileName]


class EntityRole(TypedDict):
    role: Annotated[str, Code("entity_role")]
    since: Date | None
    until: Date | None
    source: Url | None


class LegalEntity(TypedDict):
    name: Text
    jurisdiction: str | None
    registration: str | None
    roles: list[EntityRole]


class Company(TypedDict):
    id: Id
    name: Text
    legal_entities: list[LegalEntity]


class Product(TypedDict):
    id: Id
    name: Text


class Option(TypedDict):
    id: Id
    name: Text
    price: Money | None


class Stake(TypedDict):
    amount: Decimal
    currency: Currency
    #: What the amount is: "paid per car for this option".
    basis: Text | None


class Claim(TypedDict):
    id: Id
    reference: Reference
    address: Url
    #: Verbatim, in the language it was said in; its translations are ours and marked so.
    quote: Text
    summary: Text
    kind: Annotated[str, Code("claim_kind")]
    status: Annotated[str, Code("claim_status")]
    made: Time | None
    at_stake: Stake | None
    flags: list[Annotated[str, Code("flag")]]


class SourceHead(TypedDict):
    id: Id
    #: Our page of the source, and the address where the company spoke (null for what was only
    #: handed in).
    address: Url
    url: Url | None
    channel: Annotated[str, Code("channel")]
    title: Text | None
    speaker: Text | None
    published: Time | None


class Version(TypedDict):
    """One text state. It came up after ``not_before`` (null: nothing seen before) and at the latest
    at ``not_after``."""

    number: int
    not_before: Time | None
    not_after: Time
    lang: LanguageTag
    #: Of the text; null while the text is withheld.
    sha256: Sha256 | None
    characters: int
    #: SHA-256 of the preserved bytes of the observation that showed it, if they are published.
    capture: Sha256 | None
    provenance: Annotated[str, Code("provenance")]
    extractor: str


class FullVersion(Version):
    title: str
    text: str


class Tally(TypedDict):
    type: Annotated[str, Code("observation")]
    count: int


class Observations(TypedDict):
    total: int
    first: Time | None
    last: Time | None
    by_type: list[Tally]
    #: At most 240 of the observations' times, in order, evenly thinned:
    #: for drawing the version line.
    ticks: list[Time]


class Look(TypedDict):
    at: Time
    type: Annotated[str, Code("observation")]
    #: The HTTP status, or null when no answer came.
    status: int | None
    method: Annotated[str, Code("look_method")]


class Run(TypedDict):
    kind: Annotated[str, Code("run")]
    #: A moved passage stands twice, once on each side.
    side: Literal["both", "old", "new"]
    text: str


class Hunk(TypedDict):
    """Changes with their surroundings; ``skipped`` unchanged characters stand before, ``after``
    behind them."""

    skipped: int
    runs: list[Run]
    after: int


class LinkChange(TypedDict):
    kind: Literal["gone", "came"]
    text: str
    url: str


class Diff(TypedDict):
    """Version ``old`` against version ``new``. The change fell between ``not_before`` and
    ``not_after``."""

    old: int
    new: int
    not_before: Time | None
    not_after: Time
    characters_gone: int
    characters_came: int
    characters_moved: int
    hunks: list[Hunk]
    links: list[LinkChange]


class Sighting(TypedDict):
    version: int
    kind: Annotated[str, Code("sighting")]
    passage: str | None
    similarity: Decimal | None


class Disappearance(TypedDict):
    type: Annotated[str, Code("observation")]
    last_seen: Time | None
    first_missing: Time
    confirmed: Time | None
    confirmations: list[Look]
    back: Time | None


class SourceHistory(SourceHead):
    versions: list[Version]
    observations: Observations
    diffs: list[Diff]
    #: Of the claim's quote, one for each version.
    sightings: list[Sighting]
    disappearances: list[Disappearance]


class Criterion(TypedDict):
    property: Text
    comparator: Annotated[str, Code("comparator")]
    value: Decimal
    #: The upper end of ``between``.
    value_to: Decimal | None
    unit: str
    #: The half-width of ``exactly`` and ``about``; loosens any other limit.
    tolerance: Decimal | None
    conditions: Text | None
    #: What a value in percent is a percentage of.
    baseline: Text | None
    #: Where the number comes from, which matters most when the company named none.
    basis: Text | None
    basis_kind: Annotated[str, Code("basis_kind")]
    #: The company's own words for the number and its unit; none where it gave none, and the
    #: threshold is not its figure.
    figure: Text | None


class Person(TypedDict):
    role: Annotated[str, Code("role")]
    pseudonym: str


class Verdict(TypedDict):
    id: Id
    reference: Reference
    rating: Annotated[str, Code("rating")]
    mechanism: Annotated[str, Code("mechanism")] | None
    rationale: Text
    published: Time
    people: list[Person]
    method: str
    log_index: int
    #: Null when its document is withheld: the leaf and its proof stand in the log.
    bundle: FileName | None
    supersedes: Reference | None
    #: What was tried, for a verdict of ``unverifiable``.
    attempts: Text | None


class Finding(TypedDict):
    id: Id
    conclusion: Annotated[str, Code("conclusion")]
    reason: Text
    by: Person | None
    at: Time
    exhibits: list[Reference]


class Measurement(TypedDict):
    """One value, in the unit it was read in. ``uncertainty`` is the standard uncertainty (k =
    1)."""

    quantity: Text
    #: The physical unit measured ("hood-2"), the owner's pseudonym, the laboratory's name.
    unit_label: str
    contributor: str
    affiliation: Side
    laboratory: str | None
    value: Decimal
    uncertainty: Decimal
    unit: str
    instrument: Text
    method: Text
    conditions: Text | None
    measured: Date | None
    exhibits: list[Reference]


class Judged(TypedDict):
    """One measurement against the threshold, every number in the threshold's unit
    (``verdicts.conformity.JudgedValue``)."""

    unit_label: str
    value: Decimal
    uncertainty: Decimal
    guard_band: Decimal
    #: Of a threshold with one limit; with two they are a guard band inside and outside each.
    acceptance_limit: Decimal | None
    rejection_limit: Decimal | None
    #: Of conforming to the criterion, given the measured value and its uncertainty.
    probability: Decimal
    decision: Annotated[str, Code("decision")]
    affiliation: Side


class Items(TypedDict):
    """How many physical units have which decision."""

    conforms: int
    does_not_conform: int
    undecided: int
    disagree: int


class Conformity(TypedDict):
    """Measured values against a threshold by a decision rule with a guard band (JCGM 106:2012,
    8.3)."""

    decision: Annotated[str, Code("decision")]
    comparator: Annotated[str, Code("comparator")]
    #: The only limit after the tolerance, null if there are two; both by their names.
    limit: Decimal | None
    lower_limit: Decimal | None
    upper_limit: Decimal | None
    unit: str
    #: The factor k by which uncertainties are expanded.
    coverage: Decimal
    units: int
    contributors: int
    laboratories: int
    #: How many of the units have which decision; where one laboratory contradicts another on one
    #: unit, that.
    items: Items
    laboratories_disagree: bool
    #: What the numbers come to, in words: ``verdicts.outcome``, as on the page of the verdict.
    summary: Text
    judged: list[Judged]


class Aspect(TypedDict):
    id: Id
    statement: Text
    kind: Annotated[str, Code("aspect_kind")]
    #: When it was promised for, and when the company said that it will not come.
    due: Date | None
    cancelled: Date | None
    criterion: Criterion | None
    #: Where the judging stands while there is no verdict; null when there is one.
    progress: Annotated[str, Code("progress")] | None
    verdict: Verdict | None
    findings: list[Finding]
    measurements: list[Measurement]
    conformity: Conformity | None


class Grade(TypedDict):
    """The Admiralty pair: how reliable the source, how credible the information, judged apart."""

    source: Annotated[str, Code("grade_source")]
    information: Annotated[str, Code("grade_information")]
    reason: Text | None


class Custody(TypedDict):
    #: Of the day, never finer: a time would tell which owner was at the keyboard.
    on: Date
    kind: Annotated[str, Code("custody")]
    #: A role or the name of a part of the system, and a word on how it ended ("" for none).
    agent: str
    outcome: str
    note: str


class Exhibit(TypedDict):
    id: Id
    reference: Reference
    address: Url
    media_type: str
    caption: Text | None
    #: What the picture shows, for who cannot see it; null where the caption says it all.
    description: Text | None
    #: The public rendition: its digest and the name under which ``typeset`` gets its bytes. Null
    #: while it is withheld.
    rendition: Sha256 | None
    picture: FileName | None
    grade: Grade | None
    #: What others may do with it; under ``show`` nobody but this site shows it.
    licence: Annotated[str, Code("licence")]
    affiliation: Side
    provenance: Annotated[str, Code("provenance")]
    does_not_prove: Text
    custody: list[Custody]


class Step(TypedDict):
    number: int
    part: Text | None
    done: Text
    seen: Text | None
    exhibit: Reference | None


class Teardown(TypedDict):
    id: Id
    title: Text
    unit_label: str
    contributor: str
    affiliation: Side
    laboratory: str | None
    performed: Date | None
    steps: list[Step]


class Reply(TypedDict):
    #: Verbatim.
    text: Text
    received: Time
    #: The day of the company's letter, where moderators entered it from there and a second person
    #: checked it. None where the company gave it itself.
    letter: Date | None
    #: True when it came after the deadline of the request that it answers.
    late: bool


class Waiver(TypedDict):
    reason: Text
    people: list[Person]


class Invitation(TypedDict):
    """What the company was asked and what came of it."""

    sent: Time
    deadline: Time
    #: What it was told and shown.
    allegation: Text | None
    outcome: Annotated[str, Code("outcome")]
    closed: Time | None
    replies: list[Reply]
    waiver: Waiver | None


class Discrepancy(TypedDict):
    format: Literal["asclaimed-report@v1"]
    kind: Literal["discrepancy"]
    id: Id
    reference: Reference
    #: The permanent address of this report.
    address: Url
    #: True when the case is played through again and not filed by real owners; said on every page.
    reconstruction: bool
    made_from: Checkpoint
    company: Company
    product: Product
    option: Option | None
    claim: Claim
    sources: list[SourceHistory]
    aspects: list[Aspect]
    exhibits: list[Exhibit]
    teardowns: list[Teardown]
    invitations: list[Invitation]
    verify: Verify


class SnapshotClaim(TypedDict):
    reference: Reference
    address: Url
    quote: Text
    sightings: list[Sighting]


class Snapshot(TypedDict):
    format: Literal["asclaimed-report@v1"]
    kind: Literal["snapshot"]
    id: Id
    reference: Reference
    address: Url
    reconstruction: bool
    made_from: Checkpoint
    company: Company
    source: SourceHead
    versions: list[FullVersion]
    diffs: list[Diff]
    #: Every look, oldest first.
    observations: list[Look]
    disappearances: list[Disappearance]
    claims: list[SnapshotClaim]
    verify: Verify


type_of_kind: Final[Mapping[str, type]] = {"discrepancy": Discrepancy, "snapshot": Snapshot}


class InvalidReportError(ValueError):
    """The dict is not a report. ``faults`` holds every (path, sentence), the path as in
    ``$.claim.quote.lang``."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = faults
        super().__init__(
            "; ".join(f"{path} {sentence}" for path, sentence in faults[:8])
            + ("; …" if len(faults) > 8 else "")
        )


def validate(report: Mapping[str, Any]) -> None:
    """Return nothing if ``report`` is a whole report of a known kind, else raise InvalidReportError
    with every fault.

    After the shape come the joints that no type can hold: exhibits that are named must be there,
    references are unique, versions and diffs fit each other, a verdict and a progress exclude each
    other.
    """
    kind = report.get("kind") if isinstance(report, dict) else None
    shape = type_of_kind.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise InvalidReportError([("$.kind", f"is none of {', '.join(sorted(type_of_kind))}")])
    faults = list(_faults(report, shape, "$"))
    if not faults:
        faults = list(_joints(report))
    if faults:
        raise InvalidReportError(faults)


def to_bytes(report: Mapping[str, Any]) -> bytes:
    """The bytes of report.json: the RFC 8785 form of a valid report. Raises InvalidReportError."""
    validate(report)
    return canonical(dict(report))


def _faults(value: object, shape: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: C901 — one branch for each kind of annotation
    """Every fault of ``value`` against an annotation made of TypedDict, list, dict, Literal,
    Annotated and unions."""
    origin, arguments = _taken_apart(shape)
    if origin is TypedDict:
        yield from _member_faults(value, shape, path)
    elif origin is Annotated:
        faults = list(_faults(value, arguments[0], path))
        yield from faults
        if not faults:
            for check in arguments[1:]:
                if (fault := check.fault(value)) is not None:
                    yield path, fault
    elif origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return
        (inner,) = [each for each in arguments if each is not NoneType]
        yield from _faults(value, inner, path)
    elif origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            yield path, f"is not {' or '.join(arguments)}"
    elif origin is list:
        if not isinstance(value, list):
            yield path, "is not a list"
            return
        for index, each in enumerate(value):
            yield from _faults(each, arguments[0], f"{path}[{index}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield path, "is not an object"
            return
        for name, each in value.items():
            yield from _faults(name, arguments[0], f"{path}.{name}")
            yield from _faults(each, arguments[1], f"{path}.{name}")
    elif shape is int:
        if type(value) is not int or not 0 <= value <= MAX_INTEGER:
            yield path, "is not an integer from 0 to 2^53-1"
    elif shape is bool:
        if type(value) is not bool:
            yield path, "is not true or false"
    elif type(value) is not str:
        yield path, "is not a string"
    elif _SURROGATE.search(value):
        yield path, "holds half a surrogate pair, which is no text"


@cache
def _taken_apart(shape: Any) -> tuple[Any, tuple[Any, ...]]:
    return (TypedDict, ()) if is_typeddict(shape) else (get_origin(shape), get_args(shape))


@cache
def _members(shape: Any) -> Mapping[str, Any]:
    """Resolving annotations costs more than checking a whole report, hence the cache."""
    return get_type_hints(shape, include_extras=True)


def _member_faults(value: object, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "is not an object"
        return
    members = _members(shape)
    for name in sorted(str(name) for name in value.keys() - members.keys()):
        yield f"{path}.{name}", "is no member of this format"
    for name, inner in members.items():
        if name not in value:
            yield f"{path}.{name}", "is missing"
        else:
            yield from _faults(value[name], inner, f"{path}.{name}")


def _joints(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: C901 — one sentence for each pair of fields that must agree
    if report["kind"] == "snapshot":
        snapshot = cast(Snapshot, report)
        numbers = [version["number"] for version in snapshot["versions"]]
        yield from _version_joints(numbers, snapshot["diffs"], "$")
        for index, claim in enumerate(snapshot["claims"]):
            yield from _sighting_joints(numbers, claim["sightings"], f"$.claims[{index}].sightings")
        return
    discrepancy = cast(Discrepancy, report)
    held = [exhibit["reference"] for exhibit in discrepancy["exhibits"]]
    for reference in sorted({each for each in held if held.count(each) > 1}):
        yield "$.exhibits", f"holds {reference} twice"
    pictures = [
        exhibit["picture"] for exhibit in discrepancy["exhibits"] if exhibit["picture"] is not None
    ]
    if len(pictures) != len(set(pictures)):
        yield "$.exhibits", "has two exhibits with one picture name"
    for index, exhibit in enumerate(discrepancy["exhibits"]):
        if (exhibit["picture"] is None) != (exhibit["rendition"] is None):
            yield (
                f"$.exhibits[{index}]",
                "has a picture without its digest, or a digest without its picture",
            )
    for path, references in _named_exhibits(discrepancy):
        for reference in references:
            if reference not in held:
                yield path, f"names {reference}, which is not among the exhibits"
    for index, source in enumerate(discrepancy["sources"]):
        numbers = [version["number"] for version in source["versions"]]
        yield from _version_joints(numbers, source["diffs"], f"$.sources[{index}]")
        yield from _sighting_joints(numbers, source["sightings"], f"$.sources[{index}].sightings")
        observations = source["observations"]
        if sum(tally["count"] for tally in observations["by_type"]) != observations["total"]:
            yield f"$.sources[{index}].observations", "has counts that do not add up to the total"
    for index, aspect in enumerate(discrepancy["aspects"]):
        if (aspect["verdict"] is None) == (aspect["progress"] is None):
            yield f"$.aspects[{index}]", "has both or neither of a verdict and a progress"
        if aspect["verdict"] is not None and aspect["verdict"]["bundle"] not in {
            None,
            *discrepancy["verify"]["bundles"],
        }:
            yield f"$.aspects[{index}].verdict.bundle", "is not among the bundles to verify"


def _version_joints(numbers: list[int], diffs: list[Diff], path: str) -> Iterator[tuple[str, str]]:
    if numbers != sorted(set(numbers)):
        yield f"{path}.versions", "are not in rising order of their numbers"
    for index, diff in enumerate(diffs):
        if diff["old"] not in numbers or diff["new"] not in numbers or diff["old"] >= diff["new"]:
            yield (
                f"{path}.diffs[{index}]",
                "is not from an earlier to a later version of this source",
            )


def _sighting_joints(
    numbers: list[int], sightings: list[Sighting], path: str
) -> Iterator[tuple[str, str]]:
    for index, sighting in enumerate(sightings):
        if sighting["version"] not in numbers:
            yield f"{path}[{index}].version", "is no version of this source"


def _named_exhibits(report: Discrepancy) -> Iterator[tuple[str, list[str]]]:
    for number, aspect in enumerate(report["aspects"]):
        for index, finding in enumerate(aspect["findings"]):
            yield f"$.aspects[{number}].findings[{index}].exhibits", finding["exhibits"]
        for index, measurement in enumerate(aspect["measurements"]):
            yield f"$.aspects[{number}].measurements[{index}].exhibits", measurement["exhibits"]
    for number, teardown in enumerate(report["teardowns"]):
        for index, step in enumerate(teardown["steps"]):
            yield (
                f"$.teardowns[{number}].steps[{index}].exhibit",
                [] if step["exhibit"] is None else [step["exhibit"]],
            )
