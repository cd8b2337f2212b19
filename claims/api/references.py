"""Finding one public thing by its id or by its citable reference."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers

from claims.reference_resolver import resolve_reference
from claims.references import read_reference

M = TypeVar("M", bound=Model)

#: Whatever may be meant for one, as a person typed it (`read_reference`); what is none is 404.
ID_OR_REFERENCE = r"[^/]{8,64}"


class ReferenceField(serializers.PrimaryKeyRelatedField[M]):
    """A row named by its id or by its citable reference."""

    def to_internal_value(self, data: Any) -> M:
        """The row. Raises ValidationError."""
        if isinstance(data, str) and (reference := read_reference(data)):
            rows = self.get_queryset()
            row = rows.filter(reference=reference).first() if rows is not None else None
            if row is None:
                self.fail("does_not_exist", pk_value=reference)
            return row
        return super().to_internal_value(data)


class ByIdOrReference:
    """A mixin for GenericViewSets: `{id}` is the UUID or the reference, in any case."""

    lookup_field = "id"
    lookup_value_regex = ID_OR_REFERENCE

    def get_object(self) -> Any:
        """The row, or Http404 for whatever is not there or not for this reader."""
        rows = self.filter_queryset(self.get_queryset())  # type: ignore[attr-defined]  # of the view
        row = resolve_reference(rows, self.kwargs["id"])  # type: ignore[attr-defined]  # set by the view
        self.check_object_permissions(self.request, row)  # type: ignore[attr-defined]  # of the view
        return row
