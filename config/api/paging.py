"""Cursor paging: a page costs the same at any depth, and new rows never shift what a reader has not yet read."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """By id, newest first (ids are UUIDv7). `limit` asks for at most 200."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"
    cursor_query_param = "cursor"
