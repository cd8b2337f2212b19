"""Every door asked with what no one types: each parameter of each route and each field of each
form, one at a time.

Nothing is listed by hand: routes come from the permission table, parameters from what a view reads
of its request, fields from the forms of the pages and from the API's document. So a new route,
parameter or field is asked too.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import pytest
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import QueryDict
from django.test.client import BOUNDARY, MULTIPART_CONTENT

from tests.system.test_permission_table import KEYS, ROLES, TABLE, World

#: What a text may be. Lone surrogates go out as the bytes that would stand for them.
TEXTS: Final[dict[str, str]] = {
    "NUL": "a\0b",
    "only NUL": "\0",
    "surrogate": "a\ud800b",
    "64 kB": "字" * 21_846,
    "64 kB of words": "a b " * 16_384,
    "nested": "[" * 60_000,
    "nested object": '{"a":' * 12_000,
    "digits": "9" * 5000,
    "beyond 64 bits": "9223372036854775808",
    "below 64 bits": "-9223372036854775809",
    "beyond 31 bits": "4294967296",
    "exponent": "1e400000",
    "no number": "NaN",
    "infinite": "-Infinity",
    "other digits": "٣",
    "first moment": "0001-01-01T00:00:00+14:00",
    "last moment": "9999-12-31T23:59:59-14:00",
    "no offset": "9999-12-31T23:59:59",
    "offset too large": "2025-01-01T00:00:00+99:99",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "no day": "0000-13-45",
    "controls": "\x01\x1b[2J\x7f\u202e\ufeff\uffff",
    "address": "http://[::1",
    "id": "ffffffff-ffff-ffff-ffff-ffffffffffff",
}
#: How a place in a list is named: values as they stand in the cursors of pages (base64 of JSON) and
#: of the API (base64 of a query).
PLACES: Final[dict[str, str]] = {
    **{
        f"place {name}": base64.urlsafe_b64encode(text.encode("utf-8",
        "surrogatepass")).decode().rstrip("=")
        for name, text in {
            "not JSON": "x", "no list": "7", "null": "null", "object": '{"a": 1}',
            "nested": "[" * 60_000,
            "nested whole": "[" * 900 + "]" * 900,
            "too many": '["1", "2", "3", "4"]', "empty": "[]",
            "nested values": '[["a"], {"b": []}]', "long": json.dumps(["9" * 5000] * 2),
            "NUL": '["\\u0000", "\\u0000"]', "surrogate": '["\\ud800", "\\ud800"]',
            "ends": '["9999-12-31T23:59:59-14:00", "x"]',
            "start": '["0001-01-01T00:00:00+14:00", "ffffffff-ffff-ffff-ffff-ffffffffffff"]',
            "naive": '["2025-01-01", "x"]',
            "number": "[99999999999999999999999999]", "one NUL": '["\\u0000"]',
            "one long": json.dumps(["9" * 5000]), "one word": '["x"]',
        }.items()
    },
    **{
        f"cursor {name}": base64.b64encode(f"p={quote(text)}".encode()).decode()
        for name, text in {
            "word": "x", "NUL": "\0", "digits": "9" * 5000, "moment": "9999-12-31 23:59:59-14:00",
            "start": "0001-01-01 00:00:00+14:00",
            "naive": "2025-01-01", "id": "ffffffff-ffff-ffff-ffff-ffffffffffff", "number": "1e9",
            "infinite": "NaN", "list": "[" * 1000,
        }.items()
    },
    "cursor offset": base64.b64encode(b"o=99999999999999999999999999999&r=1").decode(),
    "cursor no ASCII": base64.b64encode("o=字&p=é".encode()).decode(),
}  # fmt: skip
_NAMED = re.compile(r"\{(\w+)\}")
#: Names that hold a place in a list.
CURSORS: Final = {"after", "cursor"}
HEADERS: Final = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "HX-Request",
    "Idempotency-Key", "If-Modified-Since",
    "If-None-Match", "Origin", "Range", "Referer", "X-File-Key", "X-File-Name", "X-Form-Key",
    "X-Forwarded-For", "X-Request-Id",
)  # fmt: skip
IGNORED: Final = {"csrfmiddlewaretoken"}


@dataclass
class Form:
    """A form as a page holds it: where it goes, and what a browser would send of it untouched."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What makes it another form than the others."""
        return self.action, self.fields.get("do", ""), tuple(sorted(self.fields))


#: What is typed into an empty field, by the type of its input.
TYPED: Final = {
    "number": "1", "date": "2025-05-01", "datetime-local": "2025-05-01T10:00",
    "url": "https://brand.example/x", "email": "x@example.org",
    "password": "correct horse battery",
}  # fmt: skip


class _Forms(HTMLParser):
    """The forms of a page that are sent by POST. A button with a name makes a form of its own."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here, self.select = here, ""
        self.found: list[Form] = []
        self.now: Form | None = None
        self.buttons: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            address = urljoin(self.here, given.get("action", "")).partition("#")[0]
            self.now, self.buttons = Form(address), []
        name, now = given.get("name", ""), self.now
        if now is None or (not name and tag != "option") or name in IGNORED:
            return
        kind = given.get("type", "text")
        if tag == "input" and kind == "file":
            now.files.add(name)
        elif tag == "input" and kind in {"radio", "checkbox"}:
            if name not in now.fields or "checked" in given:
                now.fields[name] = given.get("value", "on")
        elif tag == "input":
            now.fields[name] = given.get("value") or TYPED.get(kind, "x")
        elif tag == "textarea":
            now.fields[name] = "x"
        elif tag == "button":
            self.buttons.append((name, given.get("value", "")))
        elif tag == "select":
            now.fields[name], self.select = "", name
        elif tag == "option" and self.select and not now.fields[self.select]:
            now.fields[self.select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag == "form" and self.now is not None:
            self.found += [
                Form(self.now.action, {**self.now.fields, name: value}, self.now.files)
                for name, value in self.buttons
            ]
            self.found += [] if self.buttons else [self.now]
            self.now = None


def forms_of(page: str, here: str) -> list[Form]:
    """The forms of a page."""
    parser = _Forms(here)
    parser.feed(page)
    return parser.found


@contextmanager
def names_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names that views read of a query or a form meanwhile."""
    found: set[str] = set()
    with monkeypatch.context() as patch:
        for method in ("get", "getlist", "__getitem__", "__contains__"):
            real = getattr(QueryDict, method)

            def read(self: QueryDict, name: Any, *args: Any, _real: Any = real, **more: Any) -> Any:
                if isinstance(name, str):
                    found.add(name)
                return _real(self, name, *args, **more)

            patch.setattr(QueryDict, method, read, raising=False)
        yield found


def _encoded(given: Mapping[str, str]) -> str:
    return urlencode(given, errors="surrogatepass")


def multipart(given: Mapping[str, str]) -> bytes:
    """The body of a form in parts, lone surrogates as the bytes that would stand for them (Django's
    own encoder takes text alone)."""
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in given.items()
    )
    return f"{parts}--{BOUNDARY}--\r\n".encode("utf-8", "surrogatepass")


class Asker:
    """Someone in every role, and what broke. `ask` gives the status and takes all effects back."""

    def __init__(self, world: World) -> None:
        self.world, self.asked, self.error = world, 0, ""
        self.broken: list[str] = []
        self.statuses: dict[int, int] = {}

    def note(self, sender: object, **kwargs: object) -> None:
        """What was raised on the way to a 500."""
        error = sys.exc_info()[1]
        frames = traceback.extract_tb(error.__traceback__) if error else []
        self.error = f"{type(error).__name__}: {str(error)[:150]!r} at " + " < ".join(
            f"{one.filename.rsplit('/', 2)[-2]}/{one.filename.rsplit('/', 1)[-1]}:{one.lineno}"
            for one in reversed(frames[-3:])
        )

    def ask(
        self,
        what: str,
        role: str,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = "",
        **headers: str,
    ) -> Any:
        """One request. What is not answered, or by a 5xx that the table does not have, is noted."""
        client, own = self.world.client(role)
        client.raise_request_exception = False
        cookies = copy.deepcopy(client.cookies)
        if "HTTP_COOKIE" in headers:
            client.cookies.clear()
        answer, self.error = None, ""
        got_request_exception.connect(self.note)
        try:
            with transaction.atomic():
                answer = client.generic(
                    method, path, body, kind or "application/octet-stream", **{**own, **headers}
                )
                if answer.streaming:
                    answer.getvalue()
                for close in answer._resource_closers:
                    close()
                transaction.set_rollback(True)
        except Exception as error:
            self.note(None)
            self.broken.append(
                f"{what} as {role}: {method} {path[:80]} raised {type(error).__name__}: "
                f"{self.error}"
            )
        finally:
            got_request_exception.disconnect(self.note)
            client.cookies = cookies
        self.asked += 1
        if answer is not None:
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            if answer.status_code >= 500 and not path.startswith("/readyz"):
                self.broken.append(
                    f"{what} as {role}: {method} {path[:80]}: {answer.status_code}: {self.error}"
                )
        return answer

    # --- what there is to ask ---------------------------------------------------------------------

    def query(self, what: str, role: str, template: str, name: str, text: str) -> None:
        """An address with one parameter as none is."""
        path = urlsplit(template.format(**self.world.names))
        rest = dict(part.partition("=")[::2] for part in path.query.split("&") if part)
        self.ask(what, role, "GET", f"{path.path}?{_encoded({**rest, name: text})}")

    def path(self, what: str, role: str, template: str, name: str, text: str) -> None:
        """An address with one part of its path as none is."""
        strange = quote(text, safe="", errors="surrogatepass")
        self.ask(what, role, "GET", template.format(**{**self.world.names, name: strange}))

    def header(self, what: str, role: str, template: str, name: str, text: str) -> None:
        """A header as none is."""
        spelled = name.upper().replace("-", "_")
        given = {
            spelled if name == "Content-Type" else f"HTTP_{spelled}": text.encode(
                "utf-8", "surrogatepass"
            ).decode("latin-1")
        }
        self.ask(what, role, "GET", template.format(**self.world.names), **given)

    def form(self, what: str, role: str, form: Form, name: str, text: str) -> None:
        """A form with one field as no one fills it in, as browsers send it: with files in parts,
        without them in one line."""
        given = {**form.fields, name: text}
        if form.files:
            body, kind = multipart(given), MULTIPART_CONTENT
        else:
            body, kind = _encoded(given).encode(), "application/x-www-form-urlencoded"
        self.ask(what, role, "POST", form.action, body, kind)

    def parameters(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
        """Each address with each name that its view reads of the query for the first role that may
        read it."""
        for template, methods in TABLE.values():
            with names_read(monkeypatch) as names:
                role = next(
                    (
                        role
                        for role in ("anonymous", "owner", *ROLES)
                        if methods["GET"].get(role) == 200
                    ),
                    "moderator",
                )
                self.ask("plain", role, "GET", template.format(**self.world.names))
            for name in sorted(names - IGNORED):
                yield template, name

    def forms(self) -> list[tuple[str, Form]]:
        """The forms of all pages, each with the first role that meets it."""
        found: dict[Any, tuple[str, Form]] = {}
        for role, (template, methods) in itertools.product(ROLES, TABLE.values()):
            public = methods["GET"].get("anonymous") == 200
            if methods["GET"].get(role) != 200 or (
                public and role not in {"anonymous", "owner", "moderator", "company"}
            ):
                continue  # on public pages others see no form that these do not
            path = template.format(**self.world.names)
            answer = self.ask("page", role, "GET", path)
            if answer is not None and answer.headers.get("Content-Type", "").startswith(
                "text/html"
            ):
                for form in forms_of(answer.content.decode(), urlsplit(path).path):
                    found.setdefault(form.key, (role, form))
        return list(found.values())

    # --- asking -----------------------------------------------------------------------------------

    def ask_queries(self, monkeypatch: pytest.MonkeyPatch, few: Few) -> None:
        """Each parameter of each query."""
        for template, name in list(self.parameters(monkeypatch)):
            for what, text in [*few.of(TEXTS), *(few.of(PLACES) if name in CURSORS else [])]:
                self.query(f"{name} {what}", few.role(), template, name, text)

    def ask_paths(self, few: Few) -> None:
        """Each part of each address."""
        for template, _methods in TABLE.values():
            for name in _NAMED.findall(template):
                for what, text in few.of(TEXTS):
                    self.path(f"{name} {what}", few.role(), template, name, text)

    def ask_headers(self, few: Few) -> None:
        """Each header that anything of ours reads."""
        for (template, _methods), name in zip(
            TABLE.values(), itertools.cycle(HEADERS), strict=False
        ):
            for what, text in few.of(TEXTS):
                self.header(f"{name} {what}", few.role(), template, name, text)

    def ask_forms(self, few: Few) -> int:
        """Each field of each form, as who meets it and now and then as someone who must not. Gives
        the number of fields."""
        asked = 0
        for role, form in self.forms():
            alike = {
                re.sub(r"\d+", "1", name): name for name in form.fields
            }  # the second step is the first one's like
            for name in alike.values() if few.most else form.fields:
                for what, text in few.of(TEXTS):
                    self.form(f"{name} {what}", role, form, name, text)
                asked += 1
            self.form("NUL", few.role(), form, min(form.fields, default="x"), TEXTS["NUL"])
        return asked


class Few:
    """So many values for each place where one can stand, others each time; all of them if `most` is
    0."""

    def __init__(self, most: int) -> None:
        self.most, self.at, self.roles = most, 0, itertools.cycle([*ROLES, *KEYS])

    def of(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """The next ones."""
        everything = list(values.items())
        if not self.most:
            return everything
        self.at += self.most
        return [everything[(self.at + number) % len(everything)] for number in range(self.most)]

    def role(self) -> str:
        """The next role."""
        return next(self.roles)
