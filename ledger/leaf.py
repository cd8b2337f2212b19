"""Leaves: the entries of the log, as bytes that never change form.

A leaf is canonical JSON (`ledger.canonical`) with exactly these members, `document` only if there
is one:

    {"v":2,"kind":"verdict.published","object":"verdict/<uuid>","at":"2025-06-03T09:41:07.123456Z",
     "actor":{"role":"adjudicator","name":"heron"},"fields":{"rating":"not_delivered",…},
     "commits":{"rationale":"<hex HMAC-SHA256(key, canonical form of the
     value)>",…},"document":"<hex SHA-256 of the canonical document>"}

(shown in reading order; the bytes have their members sorted). `fields` are the plain fields as they
are, `commits` the fields which someone may have to take back one day: a commitment under a random
key says nothing once key and value are gone.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from ledger import merkle
from ledger.canonical import CanonicalError, canonical
from ledger.canonical import parse as parse_canonical

VERSION = 2
MAX_BYTES = 65_535
KEY_SIZE = 32

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62}){0,3}", re.ASCII)
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|0|[1-9][0-9]{0,18}"
_OBJECT = re.compile(rf"[a-z][a-z0-9_]{{0,62}}/({_ID})", re.ASCII)
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PSEUDONYM = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,98}[^\s\x00-\x1f\x7f-\x9f])?"
)

_NO_DOCUMENT = "The digest of the document is not 64 lowercase hexadecimal digits."
_MEMBERS = {"v", "kind", "object", "at", "actor", "fields", "commits"}
_ACTOR = {"role", "name"}


class LeafError(ValueError):
    """Something is not a leaf, or would not make one; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One entry of the log. Checked when made: a Leaf that exists can be written.

    kind      what happened: lowercase words joined by one to three dots, or one word
              (`verdict.published`, `erased`)
    object    to what: `name/<uuid or integer>`
    at        when, UTC: `timestamp(datetime)`
    role      in what role, lowercase; name: the actor's public pseudonym, 1 to 100 characters
    fields    plain fields, any canonical JSON values
    commits   committed fields, name → 64 hexadecimal digits: `commit(key, value)`. No name is in
              both
    document  SHA-256 of the canonical form of the document the entry publishes, hexadecimal, or
              None
    """

    kind: str
    object: str
    at: str
    role: str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    document: str | None = None
    v: int = VERSION

    def __post_init__(self) -> None:
        if type(self.v) is not int or self.v != VERSION:
            raise LeafError("The version of the leaf is not 2.")
        _match(_KIND, self.kind, "The kind of the leaf is not lowercase words joined by dots.")
        _match(_OBJECT, self.object, "The object of the leaf is not of the form name/id.")
        _match(_AT, self.at, "The time of the leaf is not of the form YYYY-MM-DDTHH:MM:SS.ffffffZ.")
        try:
            datetime.fromisoformat(self.at)
        except ValueError as error:
            raise LeafError("The time of the leaf is on no calendar or clock.") from error
        _match(NAME, self.role, "The actor's role is not a lowercase word.")
        _match(_PSEUDONYM, self.name, "The actor's name is not 1 to 100 printable characters.")
        if not isinstance(self.fields, dict) or not isinstance(self.commits, dict):
            raise LeafError("The fields and commitments of a leaf are objects.")
        for name in (*self.fields, *self.commits):
            _match(NAME, name, "The name of a field is not a lowercase word.")
        for text in self.commits.values():
            _match(_HEX, text, "A commitment is not 64 lowercase hexadecimal digits.")
        if not self.fields.keys().isdisjoint(self.commits):
            raise LeafError("A field is both plain and committed.")
        if self.document is not None:
            _match(_HEX, self.document, _NO_DOCUMENT)

    def to_bytes(self) -> bytes:
        """Return the entry. Raises LeafError if a field has no canonical form or the whole is
        longer than 65,535 bytes."""
        value: dict[str, Any] = {
            "v": self.v,
            "kind": self.kind,
            "object": self.object,
            "at": self.at,
            "actor": {"role": self.role, "name": self.name},
            "fields": self.fields,
            "commits": self.commits,
        }
        if self.document is not None:
            value["document"] = self.document
        try:
            data = canonical(value)
        except CanonicalError as error:
            raise LeafError(f"A field of the leaf cannot be written: {error}") from error
        if len(data) > MAX_BYTES:
            raise LeafError(f"The leaf has {len(data)} bytes; at most {MAX_BYTES} fit.")
        return data

    def hash(self) -> bytes:
        """Return the leaf hash of `to_bytes()`."""
        return merkle.leaf_hash(self.to_bytes())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the leaf of which `data` is the entry. Raises LeafError unless it is exactly what
        `to_bytes` writes."""
        if len(data) > MAX_BYTES:
            raise LeafError(f"The leaf has {len(data)} bytes; at most {MAX_BYTES} fit.")
        try:
            value = parse_canonical(data)
        except CanonicalError as error:
            raise LeafError(f"The leaf is not canonical JSON: {error}") from error
        if not isinstance(value, dict) or not _MEMBERS <= value.keys() <= _MEMBERS | {"document"}:
            raise LeafError("The leaf does not have exactly the members of a leaf.")
        actor = value.pop("actor")
        if not isinstance(actor, dict) or actor.keys() != _ACTOR:
            raise LeafError("The actor of the leaf is not a role and a name.")
        if value.get("document", "") is None:
            raise LeafError(_NO_DOCUMENT)
        return cls(role=actor["role"], name=actor["name"], **value)


class LeafForm:
    """Writes leaves that differ in object, time and values alone: the bytes of `Leaf.to_bytes`, at
    a fifth of the cost.

    What they share is checked once, when the form is made (LeafError). What the caller gives is
    taken as it is, so it has to come from `timestamp`, `commit` and a UUID or an id that counts up;
    plain values are written canonically.
    """

    def __init__(
        self,
        *,
        kind: str,
        label: str,
        role: str,
        name: str,
        fields: Sequence[str],
        commits: Sequence[str],
        document: bool,
    ) -> None:
        digest = "0" * 64
        moment = "2000-01-01T00:00:00.000000Z"
        Leaf(
            kind=kind, object=f"{label}/0", at=moment, role=role, name=name,
            fields=dict.fromkeys(fields),
            commits=dict.fromkeys(commits, digest), document=digest if document else None,
        )  # fmt: skip
        self._fields, self._commits = sorted(fields), sorted(commits)
        actor = canonical({"role": role, "name": name}).decode().replace("%", "%%")
        parts = [
            f'"actor":{actor}',
            '"at":"%s"',
            '"commits":{' + ",".join(f'"{field}":"%s"' for field in self._commits) + "}",
            *(['"document":"%s"'] if document else []),
            '"fields":{' + ",".join(f'"{field}":%s' for field in self._fields) + "}",
            f'"kind":"{kind}"',
            f'"object":"{label}/%s"',
            f'"v":{VERSION}',
        ]
        self._text = "{" + ",".join(parts) + "}"

    def write(
        self,
        object_id: UUID | int,
        at: str,
        fields: Mapping[str, Any],
        commits: Mapping[str, str],
        document: str | None = None,
    ) -> bytes:
        """Return the entry. Raises LeafError if a field has no canonical form or the whole is
        longer than 65,535 bytes."""
        values = [at, *(commits[name] for name in self._commits)]
        if document is not None:
            values.append(_match(_HEX, document, _NO_DOCUMENT))
        for name in self._fields:
            value = fields[name]
            if (
                type(value) is str
                and value.isascii()
                and value.isprintable()
                and '"' not in value
                and "\\" not in value
            ):
                values.append(f'"{value}"')  # most are words, moments and ids
            elif value is None:
                values.append("null")
            else:
                try:
                    values.append(canonical(value).decode())
                except CanonicalError as error:
                    raise LeafError(f"A field of the leaf cannot be written: {error}") from error
        data = (self._text % (*values, object_id)).encode()
        if len(data) > MAX_BYTES:
            raise LeafError(f"The leaf has {len(data)} bytes; at most {MAX_BYTES} fit.")
        return data

    def write_columns(
        self,
        objects: Sequence[str],
        moments: Sequence[str],
        fields: Mapping[str, Sequence[str]],
        commits: Mapping[str, Sequence[str]],
        documents: Sequence[str] | None,
    ) -> list[bytes]:
        """Return many entries. Plain values come as the text of their canonical form; which entries
        are too long is for the caller to see. Raises LeafError for a document's digest."""
        columns = [moments, *(commits[name] for name in self._commits)]
        if documents is not None:
            for digest in documents:
                _match(_HEX, digest, _NO_DOCUMENT)
            columns.append(documents)
        columns += [*(fields[name] for name in self._fields), objects]
        text = self._text
        return [(text % row).encode() for row in zip(*columns, strict=True)]


class LeafCheck:
    """`check(data)` raises LeafError exactly when `Leaf.parse(data)` does, ten times as fast over a
    whole log.

    Reading JSON and writing it again costs twenty times the hashing of an entry, and a log repeats
    few shapes: the same model, the same field names. From the first leaf of a shape a pattern is
    made that fits nothing but well-formed, canonical leaves of it; what fits no pattern known yet
    is parsed. A pattern leaves out what is rare and costly to decide (text beyond ASCII, escapes,
    integers of 16 digits).
    """

    # A log with more shapes than these is one in which patterns are no help, or one made to fill
    # the memory.
    _MODELS = 1_000
    _PATTERNS = 16

    def __init__(self) -> None:
        self._shapes: dict[bytes, dict[bytes, _Shape]] = {}
        # Entries come in runs of one shape: the one that fitted last is tried first.
        self._last: _Shape | None = None
        self._models: dict[_Shape, _Model] = {}

    def __call__(self, data: bytes) -> None:
        if self._last is not None and self._last.fits(data):
            return
        # The label of the object is the last thing before a slash, in every leaf: id and version
        # follow it, and have none.
        known = self._shapes.get(data[data.rfind(b'"object":"') + 10 : data.rfind(b"/")])
        if known is not None:
            for shape in known.values():
                if shape.fits(data):
                    self._last = shape
                    return
        leaf = Leaf.parse(data)
        label = leaf.object.partition("/")[0].encode()
        if known is None and len(self._shapes) < self._MODELS:
            known = self._shapes[label] = {}
        if (
            known is not None
            and len(known) < self._PATTERNS
            and (made := _shape(leaf, label)) is not None
        ):
            known[made.pattern] = self._last = made

    def full_bundle(self, data: bytes) -> int | None:
        """Return the length of each entry of a full bundle if all 256 are like the first: of its
        shape, length, kind and actor.

        None says nothing about them: they have to be looked at one by one. Here one part of all
        entries is looked at at once, which is four times as fast, and logs are full of such runs:
        the many rows of one act, a watch that looks at a thousand sources.
        """
        size, rest = divmod(len(data), BUNDLE)
        if (
            rest
            or size < 2
            or any(data[place::size] != data[place : place + 1] * BUNDLE for place in (0, 1))
        ):
            return None
        if int.from_bytes(data[:2], "big") != size - 2:
            return None
        first = data[2:size]
        self(first)
        shape = self._last
        if shape is None or not shape.fits(first):
            return None
        model = self._models.get(shape)
        if model is None or not model.fit(data):
            model = self._models[shape] = _Model(shape, data[:size])
            if not model.fit(data):
                return None
        return size - 2


BUNDLE = 256


class _Shape:
    """What leaves with the same members look like, and what stands in each group of the pattern
    that takes them apart."""

    def __init__(self, pattern: bytes, parts: bytes, kinds: Sequence[str]) -> None:
        self.pattern = pattern
        self.fits = re.compile(pattern).fullmatch
        self._parts = parts
        self._kinds = kinds

    def parts(self, data: bytes) -> list[tuple[str, int, int]]:
        """(kind, start, end) of what differs from leaf to leaf: `at`, `text`, and `digest`, the
        parts of an id included."""
        match = re.fullmatch(self._parts, data)
        assert match is not None
        return [
            (kind, *match.span(number))
            for number, kind in enumerate(self._kinds, start=1)
            if match.start(number) >= 0
        ]


class _Model:
    """An entry, its length before it, and what may stand in which of its places in other entries
    like it."""

    def __init__(self, shape: _Shape, entry: bytes) -> None:
        self._size = len(entry)
        self._free: dict[str, list[int]] = {"at": [], "digest": [], "text": []}
        for kind, start, end in shape.parts(entry[2:]):
            self._free[kind] += range(start + 2, end + 2)
        free = {place for places in self._free.values() for place in places}
        self._fixed = [
            (place, entry[place : place + 1] * BUNDLE)
            for place in range(self._size)
            if place not in free
        ]

    def fit(self, data: bytes) -> bool:
        """Whether all entries of a full bundle are leaves like this one."""
        size = self._size
        if len(data) != size * BUNDLE:
            return False
        for place, column in self._fixed:
            if data[place::size] != column:
                return False
        for kind, allowed in _ALLOWED.items():
            if b"".join([data[place::size] for place in self._free[kind]]).translate(None, allowed):
                return False
        at = self._free["at"][0]
        first = data[at : at + _MOMENT_LENGTH]
        if all(
            data[at + place :: size] == first[place : place + 1] * BUNDLE
            for place in range(_MOMENT_LENGTH)
        ):
            return _is_moment(first) is not None  # one act of many rows
        return all(
            _is_moment(data[start : start + _MOMENT_LENGTH]) for start in range(at, len(data), size)
        )


def _shape(leaf: Leaf, label: bytes) -> _Shape | None:
    """Return the shape of the canonical leaves with the members of `leaf`, None if its plain fields
    are not all simple values."""
    kinds = ["at", *["digest"] * (len(leaf.commits) + (leaf.document is not None))]
    fields = []
    for name in sorted(leaf.fields):
        value = _VALUES.get(type(leaf.fields[name]))
        if value is None:
            return None
        kinds += ["text"] * value.count(b"(%b")
        fields.append(b'"%b":%b' % (name.encode(), value))
    kinds += ["digest"] * _UUID.count(b"(%b")
    digest = b"(%b[0-9a-f]{64})"
    commits = [b'"%b":"%b"' % (name.encode(), digest) for name in sorted(leaf.commits)]
    word = rb"[a-z][a-z0-9_]{0,62}+"
    members = [
        rb'"actor":\{"name":"[!#-\[\]-~]{1,100}+","role":"WORD"\}'.replace(b"WORD", word),
        rb'"at":"(%b' + _MOMENT + rb')"',
        rb'"commits":\{' + b",".join(commits) + rb"\}",
        rb'"fields":\{' + b",".join(fields) + rb"\}",
        rb'"kind":"WORD(?:\.WORD){0,3}+"'.replace(b"WORD", word),
        rb'"object":"' + re.escape(label) + b"/(?:" + _UUID + rb'|0|[1-9][0-9]{0,18})"',
        rb'"v":%d' % VERSION,
    ]
    if leaf.document is not None:
        members.insert(3, rb'"document":"' + digest + rb'"')
    pattern = rb"\{" + b",".join(members) + rb"\}"
    return _Shape(pattern.replace(b"(%b", b"(?:"), pattern.replace(b"(%b", b"("), kinds)


# ASCII only, so that one byte is one character. A number of 15 digits is safely below 2^53.
_TEXT = rb'(?:"(%b[ !#-\[\]-\x7f]*+)"|null)'
_ALLOWED = {
    "digest": b"0123456789abcdef",
    "text": bytes(byte for byte in range(0x20, 0x80) if byte not in b'"\\'),
}
_VALUES = {
    str: _TEXT,
    type(None): _TEXT,
    int: rb"(?:-?[1-9][0-9]{0,14}+|0)",
    bool: rb"(?:true|false)",
}
_UUID = b"-".join(b"(%%b[0-9a-f]{%d})" % length for length in (8, 4, 4, 4, 12))
_MOMENT_LENGTH = 27
_MOMENT = (
    rb"(?!0000)[0-9]{4}-"
    rb"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    rb"|(?:0[13578]|1[02])-31)"
    rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)


_is_moment = re.compile(_MOMENT).fullmatch


def timestamp(moment: datetime, *, coarse: bool = False) -> str:
    """Return an aware datetime in the form of a leaf, UTC; `coarse` cuts it to the day, for what
    must not tell when someone filed."""
    if moment.tzinfo is UTC and not coarse:  # as the database gives it
        return moment.isoformat(timespec="microseconds")[:-6] + "Z"
    if moment.tzinfo is None:
        raise LeafError("A time without its zone is not a moment.")
    moment = moment.astimezone(UTC)
    if coarse:
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def new_key() -> bytes:
    """Return a random key for one commitment: one field of one event, never used again."""
    return secrets.token_bytes(KEY_SIZE)


def new_keys(names: Iterable[str]) -> dict[str, bytes]:
    """Return a new key for each name. The operating system is asked once."""
    wanted = list(names)
    random = secrets.token_bytes(KEY_SIZE * len(wanted))
    return {
        name: random[KEY_SIZE * number : KEY_SIZE * (number + 1)]
        for number, name in enumerate(wanted)
    }


def commit(key: bytes, value: Any) -> str:
    """Return the commitment to `value`: HMAC-SHA256 under `key` (32 bytes) of its canonical form,
    as 64 hexadecimal digits.

    HMAC pads shorter keys with zeros, so that two keys would open one commitment: any other length
    is refused (LeafError). Raises CanonicalError for a value without canonical form.
    """
    if len(key) != KEY_SIZE:
        raise LeafError("The key of a commitment is 32 bytes.")
    return hmac.digest(key, canonical(value), "sha256").hex()


def opens(commitment: str, key: bytes, value: Any) -> bool:
    """Whether key and value are the opening of `commitment`."""
    return hmac.compare_digest(commitment, commit(key, value))


def _match(pattern: re.Pattern[str], text: object, sentence: str) -> str:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise LeafError(sentence)
    return text
