"""The API keeps the word of its own document: schemathesis asks every operation, in every role,
what fits the document and what does not.

Whatever is asked, nothing breaks (no 5xx) and every answer is one that the document has: its
status, its type, its members. The long form is tests/soak/test_schema.py.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import requests
import schemathesis
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.response import Response
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from accounts.actions import create_key
from accounts.expensive_reads import ComputeOnce
from claims.api.views import ProductViewSet
from tests.system.test_permission_table import World

CHECKED = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)  # fmt: skip
PEOPLE = ("owner", "moderator", "operator")
#: The parameter of a path, and under which name the world has one that is there. {id} and {number}
#: depend on the path.
KNOWN = {
    "companies": "company", "products": "product", "series": "series", "incidents": "incident",
    "claims": "claim", "sources": "source",
    "exhibits": "exhibit", "comparisons": "comparison", "verdicts": "verdict", "reports": "report",
    "submissions": "pending",
    "proposals": "proposed",
}  # fmt: skip


def told(found: BaseException) -> str:
    """What went wrong, and how."""
    return (
        "\n".join(map(told, found.exceptions))
        if isinstance(found, BaseExceptionGroup)
        else str(found)
    )


class Asking:
    """The document, the site, and someone in every role."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stranger = Client(raise_request_exception=False)
        document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # partly untyped
        self.schema = schemathesis.openapi.from_dict(document)
        load_all_checks()
        self.checks = CHECKS.get_by_names(list(CHECKED))
        now = timezone.now()
        self.headers = {
            "anonymous": {},
            **{key: {"Authorization": f"Bearer {secret}"} for key, secret in world.secrets.items()},
        }
        for role in ("moderator", "operator"):
            person = world.people[role]
            assert person is not None
            secret = create_key(by=person, label="all", scopes=["read", "submit"], now=now)[1]
            self.headers[f"key:{role}"] = {"Authorization": f"Bearer {secret}"}
        self.headers |= {role: {} for role in PEOPLE}
        self.roles = sorted(self.headers)
        self.got: Counter[int] = Counter()

    def operations(self) -> Iterator[Any]:
        """Every operation of the document."""
        for result in self.schema.get_all_operations():
            yield result.ok()

    def cases(self, operation: Any, roles: Sequence[str]) -> st.SearchStrategy[tuple[Any, str]]:
        """What fits the document and what does not, half of the time of something that is there."""
        fitting = st.sampled_from(
            [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        )
        case = fitting.flatmap(lambda mode: operation.as_strategy(generation_mode=mode))
        known = KNOWN.get(operation.path.split("/")[3], "")

        def there(case: Any, wanted: bool) -> Any:
            if wanted and case.path_parameters and known:
                for name in case.path_parameters:
                    case.path_parameters[name] = (
                        "1" if name == "number" else str(self.world.names[known])
                    )
            return case

        return st.tuples(st.builds(there, case, st.booleans()), st.sampled_from(roles))

    def ask(self, case: Any, role: str) -> None:
        """One request, its answer checked and its effects taken back. Raises what the checks
        raise."""
        sent = requests.Request(
            **case.as_transport_kwargs(base_url="http://testserver", headers=self.headers[role])
        ).prepare()
        client = self.world.client(role)[0] if role in PEOPLE else self.stranger
        client.raise_request_exception = False
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        given = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in sent.headers.items()
            if name != "Content-Type"
        }
        with transaction.atomic():
            got = client.generic(
                sent.method or "",
                sent.path_url,
                body,
                sent.headers.get("Content-Type", ""),
                **given,
            )
            content = got.getvalue() if got.streaming else got.content
            transaction.set_rollback(True)
        self.got[got.status_code] += 1
        if got.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        headers = {name: [value] for name, value in got.items()}
        response = schemathesis.Response(
            got.status_code, headers, content, sent, elapsed=0.1, verify=False
        )
        case.validate_response(response, checks=self.checks, headers=self.headers[role])

    def run(self, operation: Any, roles: Sequence[str], examples: int) -> None:
        """Ask one operation `examples` times. Derived from the operation's name, so that a run can
        be repeated."""

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(self.cases(operation, roles))
        def asked(found: tuple[Any, str]) -> None:
            self.ask(*found)

        asked()

    def broken(self, roles: Sequence[str], examples: int, only: str = "") -> list[str]:
        """What each operation was found to do that the document does not have."""
        found = []
        for operation in self.operations():
            if only in {"", operation.path}:
                try:
                    self.run(operation, roles, examples)
                except (
                    AssertionError,
                    BaseExceptionGroup,
                ) as wrong:  # every operation is to be asked
                    found.append(f"{operation.method.upper()} {operation.path}: {told(wrong)}")
        return found


@pytest.fixture
def asking() -> Asking:
    return Asking(World())


@pytest.mark.django_db
def test_every_answer_of_the_api_is_one_that_its_document_has(asking: Asking) -> None:
    broken = asking.broken(asking.roles, 8)
    assert not broken, "\n\n".join(broken)
    assert {200, 401, 403, 404} <= set(asking.got), asking.got


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["raises", "lies", "speaks HTML"])
def test_an_answer_that_the_document_does_not_have_is_found(
    asking: Asking, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: an operation that breaks, one that sends what it does not document, one
    that answers in another type."""

    def faulty(self: ProductViewSet, request: Any) -> Response | HttpResponse:
        if fault == "raises":
            raise ZeroDivisionError
        return (
            Response({"results": [{"id": 7}]})
            if fault == "lies"
            else HttpResponse("<p>Products</p>")
        )

    monkeypatch.setattr(ProductViewSet, "list", faulty)
    broken = asking.broken(["anonymous"], 2, only="/api/v1/products/")
    assert len(broken) == 1
    assert broken[0].startswith("GET /api/v1/products/")


@pytest.mark.django_db
def test_the_document_is_made_once_and_its_parameters_are_what_it_says(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config.api import router

    made: list[int] = []
    monkeypatch.setattr(router, "_schemas", ComputeOnce(8))
    monkeypatch.setattr(
        router.SchemaView, "generator_class",
        type("Counted", (SchemaGenerator,),
        {"get_schema": lambda self,
        **how: made.append(1) or SchemaGenerator.get_schema(self, **how)}),
    )  # fmt: skip
    for _ in range(3):
        for query in ({"format": "json"}, {}, {"lang": "zh-hans"}):
            assert client.get("/api/v1/schema/", query).status_code == 200
    assert len(made) == 3
    for query in (
        {"version": "x" * 65_536},
        {"lang": "x" * 65_536},
        {"lang": "de"},
        {"format": "xml"},
    ):
        assert client.get("/api/v1/schema/", query).status_code == 400, query
    assert len(made) == 3
