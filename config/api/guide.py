"""`/api/docs/`: the OpenAPI document as a page that needs no script and no other host."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from accounts.doors import everyone


@lru_cache(maxsize=1)
def operations() -> list[dict[str, Any]]:
    """Every operation of the API, as the page lists them: method, path, what it does, its parameters."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # partly untyped
    return [
        {
            "method": method.upper(),
            "path": path,
            "description": operation.get("description", ""),
            "parameters": [
                {
                    "name": one["name"],
                    "where": one["in"],
                    "required": one.get("required", False),
                    "description": one.get("description", ""),
                }
                for one in operation.get("parameters", [])
            ],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


@require_safe
@everyone
def guide(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "api_guide.html", {"operations": operations()})
