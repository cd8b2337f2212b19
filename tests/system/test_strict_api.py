"""Whatever is sent to the API is taken or refused by its name: every route, every parameter, every
field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from accounts.api import strict
from accounts.api.strict import Strict, StrictSerializer, query_names
from claims.api.views import ProductViewSet
from tests.system.test_permission_table import TABLE, World, routes
from tests.system.test_serializer_fields import WRITE_ONLY, ours


def api() -> Iterator[tuple[str, Any, Any]]:
    """Every route of the API: as Django spells it, its callback, its view class."""
    for spelled, part in routes():
        if spelled.startswith("api/v1/"):
            yield spelled, part.callback, part.callback.cls


def methods(callback: Any) -> tuple[str, ...]:
    """How a route is asked: it is read, or only written to."""
    actions = getattr(callback, "actions", None)
    return ("GET", "HEAD") if actions is None or "get" in actions else ("POST",)


def documented() -> dict[str, set[str]]:
    """The query parameters of every read that the OpenAPI document has, or of the write where there
    is no read."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # partly untyped
    return {
        path: {
            one["name"]
            for one in operations.get("get", operations.get("post")).get("parameters", [])
            if one["in"] == "query"
        }
        for path, operations in document["paths"].items()
    }


def test_every_view_of_the_api_is_strict_and_so_is_all_that_is_written() -> None:
    assert [spelled for spelled, _callback, view in api() if not issubclass(view, Strict)] == []
    for name in WRITE_ONLY:
        assert issubclass(ours()[name], StrictSerializer), name
    assert not issubclass(serializers.Serializer, StrictSerializer)  # control


def taken(callback: Any) -> set[str]:
    """The names that a route takes when it is asked as `methods` says."""
    view = callback.cls(**callback.initkwargs)
    method = methods(callback)[0]
    actions = getattr(callback, "actions", None)
    if actions:
        view.action_map = actions
    view.request = view.initialize_request(APIRequestFactory().generic(method, "/"))
    if actions:
        view.action = actions[method.lower()]
    return query_names(view)


@pytest.mark.django_db
def test_every_route_refuses_by_its_name_what_it_does_not_know_and_takes_what_it_documents() -> (
    None
):
    world = World()
    client, headers = world.client("owner")
    wrong = []
    asked = 0
    for spelled, callback, _view in api():
        address = TABLE[spelled][0].format(**world.names)
        parts = urlsplit(address)
        for method in methods(callback):
            mark = "&" if parts.query else "?"
            answer = world.ask(client, method, f"{address}{mark}raiting=misleading", headers)
            ok = answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
            if not ok or (method != "HEAD" and "raiting" not in answer.json()["errors"]):
                wrong.append(f"{method} {address}: unknown: {answer.status_code}")
        given = QueryDict(parts.query)
        for name in sorted(taken(callback)):
            asked += 1
            value = given.get(name, "1")
            for query, what in (
                (f"{name}={value}&{name}={value}", "twice"),
                (f"{name}=", "empty"),
                (f"{name}=%20", "blank"),
            ):
                answer = world.ask(client, "GET", f"{parts.path}?{query}", headers)
                if answer.status_code != 400 or name not in answer.json()["errors"]:
                    wrong.append(f"GET {address}: {name} {what}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert asked > 40


@pytest.mark.django_db
def test_what_is_taken_is_what_is_documented() -> None:
    told = documented()
    for spelled, callback, _view in api():
        path = TABLE[spelled][0].split("?")[0]
        shaped = [one for one in told if one.count("/") == path.count("/") and _fits(one, path)]
        if spelled != "api/v1/schema/":
            assert told[shaped[0]] == taken(callback), spelled


def _fits(pattern: str, path: str) -> bool:
    return all(
        a == b or a.startswith("{")
        for a, b in zip(pattern.split("/"), path.split("/"), strict=True)
    )


@pytest.mark.django_db
def test_a_view_that_is_not_strict_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the guard is off, and the unknown parameter passes."""
    world = World()
    client, headers = world.client("owner")
    assert world.ask(client, "GET", "/api/v1/products/?raiting=1", headers).status_code == 400
    monkeypatch.setattr(strict, "check_query", lambda given, known: None)
    assert world.ask(client, "GET", "/api/v1/products/?raiting=1", headers).status_code == 200
    assert issubclass(ProductViewSet, Strict)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["measurements", "organisation", "photo", "contact2", "photos2"])
def test_a_field_that_a_filing_does_not_know_is_refused_and_nothing_is_stored(name: str) -> None:
    world = World()
    client, headers = world.client("key:submit")
    known = {
        "claim": world.names["claim"],
        "narrative": "x",
        "narrative_lang": "en",
        "licence": "show",
    }
    before = type(world.scene.submissions[0]).objects.count()
    answer = client.post("/api/v1/submissions/", {**known, name: "1"}, **headers)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])
    twice = client.post("/api/v1/submissions/", {**known, "narrative": ["x", "y"]}, **headers)
    assert (twice.status_code, list(twice.json()["errors"])) == (400, ["narrative"])
    with_query = client.post("/api/v1/submissions/?claim=1", known, **headers)
    assert (with_query.status_code, list(with_query.json()["errors"])) == (400, ["claim"])
    assert type(world.scene.submissions[0]).objects.count() == before
    assert (
        client.post("/api/v1/submissions/", known, **headers).status_code == 201
    )  # control; by reference
