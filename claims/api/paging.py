"""Lists of the API in an order of several keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from claims.paging import page_of


class KeysetPagination(CursorPagination):
    """In the order `by`, whose last key is unique, forwards only. DRF's own cursor keeps the first key alone and counts the rest."""

    by: Sequence[str] = ("-id",)
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of one page. Raises NotFound for a cursor that is none of ours."""
        self.request, self.address = request, request.build_absolute_uri()
        asked = request.query_params.get(self.cursor_query_param, "")
        self.keyset = page_of(queryset, {"after": asked}, by=self.by, size=self.get_page_size(request) or self.page_size)
        if self.keyset.after != asked:
            raise NotFound(self.invalid_cursor_message)
        return list(self.keyset.rows)

    def get_next_link(self) -> str | None:
        cursor = self.keyset.next_cursor
        return replace_query_param(self.address, self.cursor_query_param, cursor) if cursor else None

    def get_previous_link(self) -> None:
        """None: these lists are read forwards."""
