"""How a list of the API is paged unless it says otherwise."""

from claims.api.paging import Paging


class NewestFirst(Paging):
    """By id, newest first (ids are UUIDv7). `limit` asks for at most 200."""

    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"
