"""Nothing that is sent to the API is dropped without a word: what an address does not know, or is
told twice, is refused by its name.

A view names the parameters of its actions in `parameters`; those of its filters and its paging are
known from these. The OpenAPI document is made from the same (`Schema`), so that what it says and
what is taken can't differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django.http import Http404, QueryDict
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.api.permissions import PublicRead

#: The parameter that names a form of the answer, where there is more than one.
FORMAT: Final = "format"


class UnknownParameterError(ValidationError):
    """400: parameters that the address does not know, that stand twice or are empty; `detail` has a
    sentence for each."""

    sentence = "Some parameters are not valid. Nothing was done."
    problem_code = "parameters"


class Strict:
    """The base of every view of the API."""

    #: action (or method, for a view without actions) → its parameters besides filters and paging.
    parameters: ClassVar[Mapping[str, Sequence[OpenApiParameter]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After who asks is known to be allowed. OPTIONS asks about the address and uses no
        parameter. Raises UnknownParameterError."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # of APIView
        if request.method != "OPTIONS":
            check_query(request.query_params, query_names(self))

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """As DRF does it, but for a `format` that `initial` will refuse, or that is none of this
        address's."""
        given = request.query_params.getlist(FORMAT)
        if given and (FORMAT not in query_names(self) or len(given) > 1 or not given[0].strip()):
            return self.get_renderers()[0], self.get_renderers()[0].media_type  # type: ignore[attr-defined]  # of APIView
        try:
            return super().perform_content_negotiation(request, force)  # type: ignore[misc]  # of APIView
        except Http404:
            formats = ", ".join(sorted({renderer.format for renderer in self.get_renderers()}))  # type: ignore[attr-defined]  # of APIView
            raise UnknownParameterError(
                {FORMAT: [f"Unknown format. Available: {formats}."]}
            ) from None


def _action(view: Any) -> str:
    method = view.request.method.lower() if getattr(view, "request", None) else "get"
    return str(getattr(view, "action", None) or {"head": "get"}.get(method, method))


def own_parameters(view: Any) -> Sequence[OpenApiParameter]:
    """What the view names for the action that is asked for."""
    parameters: Sequence[OpenApiParameter] = view.parameters.get(_action(view), ())
    return parameters


def _is_paged(view: Any) -> bool:
    action = _action(view)
    return action == "list" or bool(
        getattr(getattr(view, action, None), "kwargs", {}).get("pagination_class")
    )


def query_names(view: Any) -> set[str]:
    """The names of the query parameters that a view takes for the action that is asked for."""
    names = {
        parameter.name
        for parameter in own_parameters(view)
        if parameter.location == OpenApiParameter.QUERY
    }
    if _action(view) == "list":
        filters = getattr(view, "filterset_class", None)
        names |= {
            *(filters.base_filters if filters else getattr(view, "filterset_fields", None) or ())
        }
    if _is_paged(view):
        names |= {
            parameter["name"] for parameter in view.paginator.get_schema_operation_parameters(view)
        }
    return names


def check_query(given: QueryDict, known: set[str]) -> None:
    """Raises UnknownParameterError for what is unknown, given more than once, or empty."""
    listed = ", ".join(sorted(known)) or "none"
    wrong: dict[str, list[str]] = {}
    for name, values in given.lists():
        if name not in known:
            wrong[name] = [f"Unknown parameter. Available: {listed}."]
        elif len(values) > 1:
            wrong[name] = ["Give it once."]
        elif not values[0].strip():
            wrong[name] = ["It is empty. Give a value, or leave it out."]
    if wrong:
        raise UnknownParameterError(wrong)


class StrictSerializer(serializers.Serializer[Any]):
    """The base of everything that is written: an unknown field, or one that is given twice, is
    refused by its name."""

    def to_internal_value(self, data: Any) -> Any:
        """The values. Raises ValidationError."""
        wrong: dict[str, list[str]] = {}
        known = {name for name, field in self.fields.items() if not field.read_only}
        for name in data if isinstance(data, Mapping) else ():
            if name not in known:
                wrong[str(name)] = [f"Unknown field. Available: {', '.join(sorted(known))}."]
            elif (
                isinstance(data, QueryDict)
                and len(data.getlist(name)) > 1
                and not isinstance(self.fields[name], serializers.ListField)
            ):
                wrong[name] = ["Give it once."]
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if not wrong or not isinstance(error.detail, dict):
                raise
            raise ValidationError({**error.detail, **wrong}) from error
        if wrong:
            raise ValidationError(wrong)
        return values


class Schema(AutoSchema):
    """The document of a strict view: its parameters are those that it takes."""

    def get_auth(self) -> list[Any]:
        """What is open to everyone says so: a key may be sent, and need not."""
        ways: list[Any] = super().get_auth()
        is_open = self.method == "GET" and all(
            isinstance(permission, PublicRead) for permission in self.view.get_permissions()
        )
        return [{}, *(way for way in ways if way)] if is_open else ways

    def get_override_parameters(self) -> list[Any]:
        return [
            *super().get_override_parameters(),
            *(own_parameters(self.view) if isinstance(self.view, Strict) else ()),
        ]
