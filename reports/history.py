"""The record in words: what each kind of entry means, what its fields are called, and before and after as a diff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import Role
from evidence.diffing import Run, diff
from ledger import registry
from ledger.history import Change, FieldChange
from ledger.models import Entry

LONGEST: Final = 20_000  # characters of one field that are compared; what is longer is shown as it is

#: Every kind of act that the application can write, as a sentence. A test holds it against the code.
KINDS: Final[Mapping[str, str | Promise]] = {
    "alert.handled": lazy("A moderator took note of an alert"),
    "alert.raised": lazy("An alert was raised for moderators"),
    "aspect.progressed": lazy("Work on an aspect went on"),
    "claim.placed": lazy("The claim was found in a source"),
    "claim.registered": lazy("The claim was registered"),
    "claim.revised": lazy("The claim was corrected"),
    "claim.withdrawn": lazy("The claim was withdrawn"),
    "company.added": lazy("A company was added"),
    "company.invited": lazy("The company was asked for its answer"),
    "company.replied": lazy("The company answered"),
    "company.silent": lazy("The deadline passed without an answer"),
    "entity.added": lazy("A legal person was added"),
    "entity.role_given": lazy("The part of a legal person was recorded"),
    "erased": lazy("Values were erased"),
    "exhibit.compared": lazy("Two exhibits were set against each other"),
    "exhibit.comparison_removed": lazy("Two exhibits were taken apart again"),
    "exhibit.graded": lazy("An exhibit was graded"),
    "exhibit.original_viewed": lazy("The original of an exhibit was looked at"),
    "exhibit.read": lazy("An exhibit was read in the decoder"),
    "exhibit.region_marked": lazy("A region of a picture was marked"),
    "exhibit.region_removed": lazy("A marked region was taken off a picture"),
    "exhibit.withheld": lazy("An exhibit was withheld"),
    "finding.recorded": lazy("A finding was recorded"),
    "flag.lifted": lazy("A flag was lifted"),
    "flag.raised": lazy("A flag was raised"),
    "incident.event_added": lazy("An event after harm was added"),
    "incident.event_corrected": lazy("An event after harm was corrected"),
    "incident.opened": lazy("A chain of events after harm was begun"),
    "key.created": lazy("A key was made"),
    "key.revoked": lazy("A key was revoked"),
    "option.added": lazy("An option was added"),
    "organisation.founded": lazy("An organisation was added"),
    "outside.delete": lazy("A row was deleted outside the application"),
    "outside.insert": lazy("A row was added outside the application"),
    "outside.update": lazy("A row was changed outside the application"),
    "product.added": lazy("A product was added"),
    "quote.sighted": lazy("The words were looked for in a version"),
    "report.built": lazy("A report was built"),
    "report.withheld": lazy("A report was withheld"),
    "role.ended": lazy("A role ended"),
    "role.granted": lazy("A role was granted"),
    "rows.batched": lazy("Several rows were recorded together"),
    "series.added": lazy("A series of figures was added"),
    "series.annotated": lazy("Something was noted beside a series of figures"),
    "series.point_added": lazy("A figure was added to a series"),
    "series.point_corrected": lazy("A figure of a series was corrected"),
    "source.added": lazy("A source was added"),
    "source.back": lazy("A source was back again"),
    "source.captured": lazy("What a source showed was kept"),
    "source.changed": lazy("The text of a source had changed"),
    "source.copy_added": lazy("A saved copy of a source was added"),
    "source.disappeared": lazy("The disappearance of a source was confirmed"),
    "source.first_seen": lazy("A source was seen for the first time"),
    "source.interval_narrowed": lazy("The interval of a change was narrowed"),
    "source.missing": lazy("A source was missing"),
    "source.missing_again": lazy("A source was still missing"),
    "source.observed": lazy("A source was looked at"),
    "source.unwatched": lazy("A source is no longer watched"),
    "submission.accepted": lazy("A submission was accepted"),
    "submission.filed": lazy("Evidence was handed in"),
    "submission.sealed_opened": lazy("What is sealed in a submission was opened"),
    "submission.refused": lazy("A submission was refused"),
    "submission.returned": lazy("A submission was returned with a question"),
    "submission.withdrawn": lazy("A submission was withdrawn by its owner"),
    "verdict.proposed": lazy("A verdict was proposed"),
    "verdict.published": lazy("A verdict was approved and published"),
    "verdict.sent_back": lazy("A proposed verdict was sent back"),
    "verdict.superseded": lazy("A verdict was superseded"),
    "waiver.approved": lazy("A second person agreed to close the reply window early"),
    "waiver.proposed": lazy("Closing the reply window early was proposed"),
}

#: What objects are called. A test holds it against the recorded models.
OBJECTS: Final[Mapping[str, str | Promise]] = {
    "accounts.apikey": lazy("key for programs"),
    "accounts.membership": lazy("role of a person"),
    "accounts.organisation": lazy("organisation"),
    "claims.appearance": lazy("appearance"),
    "claims.aspect": lazy("aspect"),
    "claims.claim": lazy("claim"),
    "claims.company": lazy("company"),
    "claims.criterion": lazy("promised quantity"),
    "claims.entityrole": lazy("part of a legal person"),
    "claims.flag": lazy("flag"),
    "claims.legalentity": lazy("legal person"),
    "claims.product": lazy("product"),
    "claims.productoption": lazy("option"),
    "claims.series": lazy("figures over time"),
    "claims.seriesnote": lazy("note on figures"),
    "claims.seriespoint": lazy("figure of a day"),
    "claims.source": lazy("source"),
    "evidence.alert": lazy("alert"),
    "evidence.capture": lazy("capture"),
    "evidence.comparison": lazy("promised against delivered, side by side"),
    "evidence.custodyevent": lazy("custody of an exhibit"),
    "evidence.disappearance": lazy("disappearance"),
    "evidence.exhibit": lazy("exhibit"),
    "evidence.measurement": lazy("measurement"),
    "evidence.observation": lazy("look at a source"),
    "evidence.part": lazy("part taken apart"),
    "evidence.region": lazy("marked region of a picture"),
    "evidence.sealedview": lazy("view of what is sealed"),
    "evidence.sighting": lazy("sighting of the words"),
    "evidence.submission": lazy("submission"),
    "evidence.teardown": lazy("teardown"),
    "evidence.teardownstep": lazy("step of a teardown"),
    "evidence.unit": lazy("unit"),
    "evidence.version": lazy("version"),
    "ledger.batch": lazy("batch of rows"),
    "ledger.erasure": lazy("erasure"),
    "reports.report": lazy("report"),
    "reports.reportfile": lazy("file of a report"),
    "verdicts.finding": lazy("finding"),
    "verdicts.findingexhibit": lazy("exhibit of a finding"),
    "verdicts.incident": lazy("incident"),
    "verdicts.invitation": lazy("invitation to reply"),
    "verdicts.occurrence": lazy("event of an incident"),
    "verdicts.reply": lazy("reply"),
    "verdicts.verdict": lazy("verdict"),
    "verdicts.verdictexhibit": lazy("exhibit of a verdict"),
}

#: What fields are called. A test holds it against the recorded models.
FIELDS: Final[Mapping[str, str | Promise]] = {
    "actor": lazy("who acted"),
    "after": lazy("picture after"),
    "agent": lazy("by what or whom"),
    "allegation": lazy("what the company was shown"),
    "appearance": lazy("appearance"),
    "aspect": lazy("aspect"),
    "attempts": lazy("what was tried"),
    "basis": lazy("where the number comes from"),
    "before": lazy("picture before"),
    "body": lazy("words"),
    "cancelled_date": lazy("cancelled on"),
    "caption": lazy("caption"),
    "capture": lazy("capture"),
    "captured_at": lazy("captured"),
    "channel": lazy("channel"),
    "characters": lazy("characters"),
    "checkpoint_size": lazy("checkpoint it was made from"),
    "claim": lazy("claim"),
    "closed_at": lazy("closed"),
    "company": lazy("company"),
    "comparator": lazy("comparison"),
    "conclusion": lazy("conclusion"),
    "conditions": lazy("conditions"),
    "confirmations": lazy("confirmations"),
    "confirmed_at": lazy("confirmed"),
    "conformity": lazy("measured against promised"),
    "contact": lazy("contact"),
    "content_type": lazy("media type"),
    "contributor": lazy("contributor"),
    "contributors": lazy("independent contributors"),
    "count": lazy("count"),
    "created_at": lazy("recorded"),
    "currency": lazy("currency"),
    "deadline_at": lazy("deadline"),
    "decided_at": lazy("decided"),
    "decided_by": lazy("decided by"),
    "decided_date": lazy("decided on"),
    "decision_reason": lazy("reason of the decision"),
    "digest": lazy("digest (SHA-256)"),
    "document": lazy("published document (SHA-256)"),
    "document_digest": lazy("published document (SHA-256)"),
    "done": lazy("what was done"),
    "due_date": lazy("due"),
    "duplicate_key": lazy("key for finding duplicates"),
    "elapsed_ms": lazy("milliseconds it took"),
    "end": lazy("ends at"),
    "ended_at": lazy("ended"),
    "entity": lazy("legal person"),
    "erased_at": lazy("erased"),
    "exact": lazy("exact words"),
    "exact_to": lazy("how exactly it is dated"),
    "exhibit": lazy("exhibit"),
    "expires_at": lazy("good until"),
    "extractor": lazy("extractor"),
    "extractor_version": lazy("version of the extractor"),
    "fields": lazy("fields"),
    "filed_at": lazy("filed"),
    "filed_by": lazy("filed by"),
    "filed_date": lazy("filed on"),
    "filename": lazy("file name"),
    "final_url": lazy("address at the end"),
    "finding": lazy("finding"),
    "first_missing_at": lazy("first missing"),
    "fragment": lazy("place in the recording"),
    "from_date": lazy("from"),
    "grade_information": lazy("grade of the information"),
    "grade_reason": lazy("reason of the grade"),
    "grade_source": lazy("grade of the source"),
    "ground": lazy("ground"),
    "handled_at": lazy("handled"),
    "handled_by": lazy("handled by"),
    "happened_at": lazy("happened"),
    "height": lazy("height"),
    "idempotency_key": lazy("key against filing twice"),
    "incident": lazy("incident"),
    "instrument": lazy("instrument"),
    "invitation": lazy("invitation to reply"),
    "invited_by": lazy("asked by"),
    "jurisdiction": lazy("jurisdiction"),
    "kind": lazy("kind"),
    "label": lazy("label"),
    "laboratories": lazy("independent laboratories"),
    "laboratory": lazy("laboratory"),
    "lang": lazy("language"),
    "last_seen_at": lazy("last seen"),
    "launched_date": lazy("launched on"),
    "licence": lazy("licence"),
    "lifted_at": lazy("lifted"),
    "looked_at": lazy("looked at"),
    "made_at": lazy("said on"),
    "measured_date": lazy("measured on"),
    "mechanism": lazy("how it misleads"),
    "media_type": lazy("media type"),
    "metadata": lazy("metadata"),
    "method": lazy("method"),
    "method_version": lazy("version of the method"),
    "moderator": lazy("moderator"),
    "name": lazy("name"),
    "narrative": lazy("narrative"),
    "narrative_lang": lazy("language of the narrative"),
    "not_after": lazy("not after"),
    "not_before": lazy("not before"),
    "note": lazy("note"),
    "number": lazy("number"),
    "object_id": lazy("object"),
    "object_label": lazy("kind of object"),
    "on_date": lazy("date"),
    "opened_at": lazy("opened"),
    "option": lazy("option"),
    "organisation": lazy("organisation"),
    "origin": lazy("origin"),
    "outcome": lazy("outcome"),
    "parent": lazy("part it belongs to"),
    "part": lazy("part"),
    "passage": lazy("nearest passage"),
    "pdq": lazy("fingerprint of the picture"),
    "pdq_quality": lazy("quality of the fingerprint"),
    "performed_date": lazy("performed on"),
    "prefix": lazy("words before"),
    "price": lazy("price"),
    "priced_date": lazy("price of"),
    "product": lazy("product"),
    "progress": lazy("progress"),
    "property": lazy("property"),
    "proposed_at": lazy("proposed"),
    "proposed_by": lazy("proposed by"),
    "provenance": lazy("provenance"),
    "pseudonym": lazy("pseudonym"),
    "published_at": lazy("published"),
    "quantity": lazy("quantity"),
    "quote": lazy("quote"),
    "quote_lang": lazy("language of the quote"),
    "quote_translation": lazy("translation of the quote"),
    "raised_at": lazy("raised"),
    "rating": lazy("rating"),
    "rationale": lazy("reasons"),
    "reason": lazy("reason"),
    "reasoning": lazy("reasons"),
    "received_at": lazy("received"),
    "reconstruction": lazy("reconstruction"),
    "recorded_by": lazy("entered by"),
    "reference": lazy("reference"),
    "registration": lazy("registration"),
    "rendition_digest": lazy("digest of the published picture"),
    "report": lazy("report"),
    "reversed_at": lazy("back again"),
    "revoked_at": lazy("revoked"),
    "role": lazy("role"),
    "root": lazy("root"),
    "salt": lazy("salt"),
    "scopes": lazy("what it may do"),
    "seat": lazy("seat"),
    "seen": lazy("what was seen"),
    "sent_at": lazy("asked"),
    "serial_key": lazy("key of the serial number"),
    "series": lazy("series"),
    "similarity": lazy("similarity"),
    "size": lazy("size in bytes"),
    "source": lazy("source"),
    "speaker": lazy("speaker"),
    "stake": lazy("money at stake"),
    "stance": lazy("what the source says about it"),
    "standard_uncertainty": lazy("standard uncertainty"),
    "start": lazy("begins at"),
    "stated_value": lazy("stated value"),
    "statement": lazy("statement"),
    "status": lazy("status"),
    "submission": lazy("submission"),
    "suffix": lazy("words after"),
    "summary": lazy("summary"),
    "supersedes": lazy("supersedes"),
    "teardown": lazy("teardown"),
    "text": lazy("words"),
    "title": lazy("title"),
    "tolerance": lazy("tolerance"),
    "type": lazy("type"),
    "unit": lazy("unit"),
    "unit_name": lazy("unit of measurement"),
    "units": lazy("independent units"),
    "until_date": lazy("until"),
    "url": lazy("address"),
    "user": lazy("person"),
    "value": lazy("value"),
    "verdict": lazy("verdict"),
    "version": lazy("version"),
    "waiver_approved_by": lazy("closed early, second person"),
    "waiver_proposed_by": lazy("closed early, first person"),
    "waiver_reason": lazy("why it was closed early"),
    "watched": lazy("watched"),
    "website": lazy("website"),
    "width": lazy("width"),
    "withheld_at": lazy("withheld"),
    "x": lazy("from the left"),
    "y": lazy("from the top"),
}

LANGUAGES: Final[Mapping[str, str | Promise]] = {"zh-Hans": lazy("Simplified Chinese"), "en": lazy("English")}
CUSTODIANS: Final[Mapping[str, str | Promise]] = {"decoder": lazy("the decoder")}
OUTCOMES: Final[Mapping[str, str | Promise]] = {
    "stored": lazy("stored as received"),
    "ready": lazy("readable"),
    "renditions": lazy("copies made public"),
}
#: Fields that hold codes without being a choice of their model, and what the codes mean.
CODED: Final[Mapping[str, Mapping[str, str | Promise]]] = {
    "lang": LANGUAGES, "quote_lang": LANGUAGES, "narrative_lang": LANGUAGES, "agent": CUSTODIANS, "outcome": OUTCOMES,
}  # fmt: skip

ROLES: Final[Mapping[str, str | Promise]] = {
    **{str(role.value): role.label for role in Role},
    "system": lazy("the system"),
    "outside": lazy("nobody known"),
}


def kind_in_words(kind: str) -> str:
    """What happened, as a sentence; the technical word for a kind that the code no longer writes."""
    return str(KINDS.get(kind, kind))


def object_in_words(label: str) -> str:
    """What an object is; its technical name for one that the code no longer has."""
    return str(OBJECTS.get(label, label))


def field_in_words(name: str) -> str:
    """What a field is called; its technical name, spaced, for those that no page of a claim shows."""
    return str(FIELDS.get(name, name.replace("_", " ")))


def role_in_words(role: str) -> str:
    """The role of an actor."""
    return str(ROLES.get(role, role))


def who(role: str, name: str) -> str:
    """An actor: the role, and the pseudonym where there is a person behind it."""
    return role_in_words(role) if name in {"", role} else f"{role_in_words(role)} {name}"


@dataclass(frozen=True)
class Part:
    """One text of a field in one language, before and after. `lang` is empty where the text names none."""

    lang: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Field:
    """One changed field. Either `parts` (texts, as diffs) or `before` and `after` (values): `form` says whether these are words of
    ours, moments, or codes and ids as they are stored."""

    label: str
    name: str
    state: str
    parts: tuple[Part, ...] = ()
    before: str | datetime = ""
    after: str | datetime = ""
    form: str = "words"


@dataclass(frozen=True)
class Told:
    """One change, ready to be shown."""

    change: Change
    what: str
    thing: str
    actor: str
    fields: tuple[Field, ...]


def _is_written(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"lang", "text", "translations"}


def _texts(value: Any) -> dict[str, str]:
    """A written text as one string per language."""
    if not _is_written(value):
        return {}
    return {value["lang"]: value["text"], **{lang: one["text"] for lang, one in value["translations"].items()}}


def _plain(field: models.Field[Any, Any] | None, value: Any) -> tuple[str | datetime, str]:
    """A value as people read it, and its form: the label of a choice, yes or no, a moment; numbers, dates and ids as they stand."""
    if value is None or value == "" or value == {}:
        return "", "words"
    if isinstance(value, bool):
        return (_("yes") if value else _("no")), "words"
    choices = dict(field.flatchoices) if field is not None and field.flatchoices else {}
    if isinstance(value, str) and value in choices:
        return str(choices[value]), "words"
    if field is not None and isinstance(value, str) and value in CODED.get(field.name, {}):
        return str(CODED[field.name][value]), "words"
    if isinstance(field, models.DateTimeField) and isinstance(value, str):
        return datetime.fromisoformat(value), "moment"
    return (json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, (dict, list)) else str(value)), "code"


def _compare(before: str, after: str) -> tuple[Run, ...]:
    return diff(before[:LONGEST], after[:LONGEST]).runs


def compared(change: FieldChange) -> tuple[Part, ...]:
    """Before and after of an open field of texts as a diff, a part for each language; nothing for values that are no texts."""
    if change.state != "open":
        return ()
    if _is_written(change.before) or _is_written(change.after):
        old, new = _texts(change.before), _texts(change.after)
        parts = [Part(lang, _compare(old.get(lang, ""), new.get(lang, ""))) for lang in dict.fromkeys((*old, *new))]
        return tuple(part for part in parts if part.runs)
    if change.name in CODED and not CODED[change.name].keys().isdisjoint((change.before, change.after)):
        return ()
    if change.kind == "text" and all(value is None or isinstance(value, str) for value in (change.before, change.after)):
        return (Part("", _compare(change.before or "", change.after or "")),)
    return ()


def _field(model: type[models.Model] | None, change: FieldChange) -> Field:
    label = field_in_words(change.name)
    if change.state != "open":
        return Field(label, change.name, change.state)
    field = next((one for one in model._meta.concrete_fields if one.name == change.name), None) if model else None
    if parts := compared(change):
        return Field(label, change.name, change.state, parts=parts)
    (before, first), (after, second) = _plain(field, change.before), _plain(field, change.after)
    return Field(label, change.name, change.state, before=before, after=after, form=second if after != "" else first)


@dataclass(frozen=True)
class Held:
    """One field of a leaf: its name in words, its value as it stands there, what a code in it means, and a text by language."""

    label: str
    value: str
    meaning: str
    texts: Mapping[str, str]

    @classmethod
    def of(cls, label: str, name: str, value: Any) -> Held:
        """Read from a leaf, or from the opening of one of its commitments."""
        record = registry.recorded.get(label)
        field = next((one for one in record.model._meta.concrete_fields if one.name == name), None) if record else None
        choices = dict(field.flatchoices) if field is not None and field.flatchoices else {}
        code = isinstance(value, str) and value in choices
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        return cls(field_in_words(name), shown, str(choices[value]) if code else "", _texts(value))


def tell(changes: Iterable[Change]) -> list[Told]:
    """Changes of the record as people read them."""
    told = []
    for change in changes:
        model = apps.get_model(change.label)
        fields = tuple(_field(model, one) for one in change.fields)
        told.append(Told(change, kind_in_words(change.kind), object_in_words(change.label), who(change.role, change.name), fields))
    return told


@dataclass(frozen=True)
class Act:
    """One thing that somebody did: the changes of the log that belong to it, the newest first."""

    told: tuple[Told, ...]
    opens_day: bool  # whether it is the first of its day in the order given

    @property
    def first(self) -> Told:
        """The change that names the act."""
        return self.told[0]


def acts(told: Iterable[Told]) -> list[Act]:
    """Changes in the order given, grouped by act: the same kind, moment, actor and reason, one after the other."""
    found: list[Act] = []
    day = None
    for (_kind, at, _actor, _reason), changes in groupby(
        told, key=lambda one: (one.change.kind, one.change.at, one.actor, one.change.reason)
    ):
        found.append(Act(tuple(changes), opens_day=at.date() != day))
        day = at.date()
    return found


@dataclass(frozen=True)
class Line:
    """One entry in a list of the record."""

    index: int
    kind: str
    what: str
    object: str
    thing: str
    at: datetime
    actor: str
    outside: bool

    @classmethod
    def of(cls, entry: Entry) -> Line:
        """Read from the leaf itself, so that the page shows what was hashed."""
        leaf = json.loads(bytes(entry.leaf))
        return cls(
            index=entry.index,
            kind=leaf["kind"],
            what=kind_in_words(leaf["kind"]),
            object=leaf["object"],
            thing=object_in_words(leaf["object"].partition("/")[0]),
            at=datetime.fromisoformat(leaf["at"]),
            actor=who(leaf["actor"]["role"], leaf["actor"]["name"]),
            outside=leaf["kind"].startswith("outside."),
        )
