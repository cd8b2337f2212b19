"""Cursor paging of the API: a page costs the same at any depth, and new rows never shift what a
reader has not yet read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from claims.paging import BadCursorError, page_of, read_key


class Paging(CursorPagination):
    """What every list of the API is cut by. A cursor that names no place in it is 404, whatever
    stands in it."""

    page_size = 50
    cursor_query_param = "cursor"
    _model: Any = None

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        self._model = queryset.model
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """DRF's, whose position is not yet read as a value of the field that the list is ordered
        by."""
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            key = self.ordering if isinstance(self.ordering, str) else self.ordering[0]
            try:
                read_key(self._model, key, cursor.position)
            except BadCursorError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


class KeysetPagination(CursorPagination):
    """In the order `by`, whose last key is unique, forwards only. DRF's own cursor keeps the first
    key alone and counts the rest (https://github.com/encode/django-rest-framework/issues/7887)."""

    by: Sequence[str] = ("-id",)
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of one page. Raises NotFound for a cursor that is none of ours."""
        self.request, self.address = request, request.build_absolute_uri()
        asked = request.query_params.get(self.cursor_query_param, "")
        self.keyset = page_of(
            queryset,
            {"after": asked},
            by=self.by,
            size=self.get_page_size(request) or self.page_size,
        )
        if self.keyset.after != asked:
            raise NotFound(self.invalid_cursor_message)
        return list(self.keyset.rows)

    def get_next_link(self) -> str | None:
        cursor = self.keyset.next_cursor
        return (
            replace_query_param(self.address, self.cursor_query_param, cursor) if cursor else None
        )

    def get_previous_link(self) -> None:
        """None: these lists are read forwards."""
